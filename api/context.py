"""What every endpoint receives: settings, pools, the clock and what other rooms lend. Built once, by `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

import psycopg
from fastapi import Depends, Request
from psycopg import errors as pg
from psycopg_pool import ConnectionPool

from api.audit import Deed, record
from api.changes import Changes
from api.problems import InvalidParameter, TooSlow
from api.tokens import holder_of
from bypuls.clock import Clock
from bypuls.errors import NotAllowed
from bypuls.settings import ApiSettings
from bypuls.storage.database import Connection, translated

Pool = ConnectionPool[Connection]
_MOST_OF_ADDRESS = 500

CheckDecode = Callable[[str, bytes], Sequence[Mapping[str, Any]]]
"""`(topic, payload) -> what would be stored, or why not`: ingest's dry run, lent by the command."""

DraftProfile = Callable[[str, bytes], Mapping[str, Any]]
"""`(topic, payload) -> id, profile, guesses, readings`: ingest's draft of a maker profile, lent by the command."""


@dataclass(frozen=True, slots=True)
class Context:
    """The things an endpoint works with.

    Attributes:
        personal: city whose personal values this request may read, `*` for those of every city.
    """

    settings: ApiSettings
    pool: Pool
    write_pool: Pool | None
    clock: Clock
    check_decode: CheckDecode | None
    draft_profile: DraftProfile | None
    changes: Changes
    read_seconds: float
    personal: str = ""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only transaction that ends after `read_seconds`; personal rows are not in it unless they were opened.

        Raises:
            TooSlow: it did not get ready in time.
            DatabaseUnreachable: nobody answers.
        """
        with translated(), _whole_characters():
            try:
                with _fresh(self.pool, _read_only(self.read_seconds)) as connection:
                    if self.personal:
                        connection.execute("SELECT set_config('bypuls.personal', %s, true)", (self.personal,))
                    yield connection
            except pg.QueryCanceled:
                message = (
                    f"no answer within {self.read_seconds:g} s: narrow the time range or name a site or datastream"
                )
                raise TooSlow(message) from None

    def of_persons(self) -> Context:
        """The same, reading as who may see persons' names: for answers that only a token opens."""
        return replace(self, pool=self.write_pool or self.pool)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change what people manage; committed at its end.

        Raises:
            NotAllowed: this process serves reads only.
        """
        if self.write_pool is None:
            raise NotAllowed("this process serves reads only: ask the one that 'bypuls serve' runs beside the database")
        with translated(), _whole_characters(), _fresh(self.write_pool, "SET LOCAL lock_timeout = '10s'") as connection:
            yield connection


def _read_only(seconds: float) -> str:
    return f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"


@contextmanager
def _whole_characters() -> Iterator[None]:
    """JSON can spell half a character (a lone surrogate); nothing else can hold it."""
    try:
        yield
    except UnicodeEncodeError:
        raise InvalidParameter("a text holds half a character (\\ud800 to \\udfff alone): leave it out") from None


@contextmanager
def _fresh(pool: Pool, setup: str) -> Iterator[Connection]:
    """A connection that answers: those that a restart of the server cut are passed over, each once."""
    for attempt in range(pool.max_size + 1):
        with pool.connection() as connection:
            try:
                connection.execute(cast("Any", setup))
            except psycopg.OperationalError:
                if attempt == pool.max_size:
                    raise
                continue
            yield connection
            return


def context_of(request: Request) -> Context:
    """The context of the application that got the request.

    A token with the scope `personal` opens what its city measures in households; that it was used is written down.
    """
    context = cast("Context", request.app.state.context)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or context.write_pool is None:
        return context
    with context.writing() as connection:
        holder = holder_of(connection, token)
        if holder is None or "personal" not in holder.scopes:
            return context
        asked = f"{request.method} {request.url.path}?{request.url.query}"[:_MOST_OF_ADDRESS]
        record(connection, Deed(holder.name, "personal.read", asked, holder.city))
    return replace(context, personal=holder.city or "*")


Using = Annotated[Context, Depends(context_of)]
