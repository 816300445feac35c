"""Goals, targets and measures change alike: a token that may, one transaction, and the answer is how it then stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fastapi.responses import Response

from api.access import check_city
from api.context import Context
from api.given import known_city, one
from api.tokens import Holder
from api.writing import authored
from bypuls.storage.database import Connection
from bypuls.storage.plans import Author, Noun, withdraw

Row = dict[str, Any]


class _Rows(Protocol):
    """What reads all of a city's rows of a noun."""

    def __call__(self, connection: Connection, city: str, now: datetime, *, withdrawn: bool = False) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One noun of plans, and what reads its rows."""

    noun: Noun
    rows: _Rows

    def change(
        self, context: Context, holder: Holder, city: str, slug: str, write: Callable[[Connection, Author], object]
    ) -> Response:
        """Write, and answer with the row that is changed.

        Raises:
            Forbidden: the token is another city's.
            NotFound: no such city, or nothing there that could change.
            InvalidParameter, Conflict: see `api.writing.authored`.
        """
        check_city(holder, city)
        known_city(context, city)
        with authored(context, holder, city) as (connection, author):
            write(connection, author)
        with context.reading() as connection:
            found = self.rows(connection, city, context.clock(), withdrawn=True)
        return one(matching(found, {self.noun: slug}))

    def withdraw(self, context: Context, holder: Holder, city: str, slug: str) -> Response:
        """Mark as withdrawn, and answer with it."""
        return self.change(
            context, holder, city, slug, lambda connection, author: withdraw(connection, author, self.noun, slug)
        )


def matching(rows: Iterable[Row], wanted: Mapping[str, Any]) -> list[Row]:
    """The rows that have every value that is wanted; None: any."""
    return [row for row in rows if all(value is None or row[name] == value for name, value in wanted.items())]
