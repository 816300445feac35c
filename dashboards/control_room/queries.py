"""Runs the boards' queries: read-only, in the role that sees views only, with a time limit and a limit of rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg
from psycopg import capabilities
from psycopg import errors as pg
from psycopg.pq import Format
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from bypuls.errors import BypulsError
from bypuls.storage.database import Connection, translated
from dashboards.control_room.frames import Field, FieldType
from dashboards.control_room.problems import Problem, not_found
from dashboards.times import microseconds

log = logging.getLogger("bypuls.control_room")

Pool = ConnectionPool[Connection]

_TYPES: dict[str, FieldType] = {
    **dict.fromkeys(("int2", "int4", "int8", "float4", "float8", "numeric"), "number"),
    **dict.fromkeys(("timestamptz", "timestamp", "date"), "time"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "bool": "boolean",
}
_OIDS: dict[int, FieldType] = {info.oid: _TYPES[info.name] for info in psycopg.adapters.types if info.name in _TYPES}
_NUMERIC = psycopg.adapters.types["numeric"].oid
_WAIT_SECONDS = 3.0
_CHUNK = 500 if capabilities.has_stream_chunked() else 1

# One round trip: which city, and the settings of the transaction that is about it.
_PLACE = """
WITH place AS (
    SELECT c.city, c.time_zone FROM board_city c WHERE c.city = coalesce(%(city)s, bypuls_board_city())
)
SELECT p.city, p.time_zone, bypuls_edition() <> 'plain', set_config('bypuls.city', coalesce(p.city, ''), true),
       set_config('statement_timeout', %(timeout)s, true), set_config('lock_timeout', '1s', true)
FROM (SELECT 1) AS always LEFT JOIN place p ON true
"""
_CITIES = """
SELECT city, names, languages, time_zone, simulated, newest, city = bypuls_board_city() FROM board_city ORDER BY city
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take.

    Attributes:
        seconds: until it is ended.
        rows: past them the answer is cut, and says so.
    """

    seconds: float = 10.0
    rows: int = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """The city a board is about (None: there is none yet), its zone, and whether the database groups by time_bucket."""

    city: str | None
    zone: ZoneInfo
    timescaledb: bool


class Reader:
    """One read-only transaction about one city."""

    def __init__(self, connection: Connection, limits: Limits, place: Place) -> None:
        self.place = place
        self._connection = connection
        self._limits = limits

    def columns(self, sql: str, what: str) -> tuple[list[Field], bool]:
        """The answer of `sql` by columns, and whether it was cut; `what` names it in problems.

        Raises:
            Problem: it took too long, wants more than reading, or does not fit the database.
        """
        try:
            with self._connection.cursor() as cursor:
                rows: list[tuple[Any, ...]] = []
                # Streamed, so that what is past the limit never arrives; and one statement only, by the protocol.
                for row in cursor.stream(cast("Any", sql), size=_CHUNK):
                    if len(rows) == self._limits.rows:
                        return _columns(cursor.description or (), rows), True
                    rows.append(row)
                return _columns(cursor.description or (), rows), False
        except psycopg.Error as error:
            raise _problem(error, what, self._limits) from error


@contextmanager
def reading(pool: Pool, limits: Limits, city: str | None) -> Iterator[Reader]:
    """A read-only transaction about `city`, or about the city a board without variables shows.

    Raises:
        Problem: there is no such city.
        DatabaseUnreachable: nobody answers.
        SchemaError: the views of boards are not there.
    """
    with translated(), _fresh(pool) as connection:
        _take_plain_values(connection)
        row = connection.execute(_PLACE, {"city": city, "timeout": f"{round(limits.seconds * 1000)}ms"}).fetchone()
        found, zone, timescaledb = row[:3] if row else (None, None, False)
        if found is None and city is not None:
            raise not_found(f"no city {city!r}", "GET /control-room/cities lists them")
        place = Place(found, ZoneInfo(zone or "UTC"), timescaledb)
        yield Reader(connection, limits, place)


def cities(pool: Pool, limits: Limits) -> list[dict[str, Any]]:
    """Every city as the page's header shows it."""
    with reading(pool, limits, None) as reader:
        columns, _ = reader.columns(_CITIES, "the list of cities")
    return [
        {
            "slug": slug,
            "name": name,
            "languages": languages.strip("{}").split(",") if languages != "{}" else [],
            "time_zone": zone,
            "simulated": simulated,
            "newest": newest // 1000 if newest is not None else None,
            "default": default,
        }
        for slug, name, languages, zone, simulated, newest, default in zip(*(c.values for c in columns), strict=True)
    ]


def check_role(pool: Pool) -> bool:
    """Whether connections work in the role that sees views only; says so in the log when they do not."""
    with translated(), pool.connection() as connection:
        row = connection.execute("SELECT current_user").fetchone()
    if row is not None and row[0] == "grafana_ro":
        return True
    who = row[0] if row else "nobody"
    log.warning(
        "role grafana_ro is not there or not ours: boards are read as %s, in read-only transactions; "
        "let the role that runs 'bypuls db migrate' create roles",
        who,
    )
    return False


@contextmanager
def _fresh(pool: Pool) -> Iterator[Connection]:
    """A read-only transaction; connections that a restart of the server cut are passed over, each once."""
    for attempt in range(pool.max_size + 1):
        with pool.connection(timeout=_WAIT_SECONDS) as connection:
            try:
                # Before anything else: afterwards no statement can take it back.
                connection.execute("SET TRANSACTION READ ONLY")
            except psycopg.OperationalError:
                if attempt == pool.max_size:
                    raise
                continue
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.rollback()  # nothing was to be kept, settings of the session neither
            return


def _take_plain_values(connection: Connection) -> None:
    """Numbers, times, truth and JSON as Python has them; everything else as PostgreSQL writes it. Once a connection."""
    adapters = connection.adapters
    if adapters.get_loader(_NUMERIC, Format.TEXT) is FloatLoader:
        return
    for info in psycopg.adapters.types:
        if info.oid not in _OIDS:
            adapters.register_loader(info.oid, TextLoader)
        if info.array_oid:
            adapters.register_loader(info.array_oid, TextLoader)
    adapters.register_loader(_NUMERIC, FloatLoader)


def _columns(description: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> list[Field]:
    made = []
    for i, column in enumerate(description):
        kind = _OIDS.get(column.type_code, "string")
        values = [row[i] for row in rows]
        made.append(Field(column.name, kind, [_time(value) for value in values] if kind == "time" else values))
    return made


def _time(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime):  # a day
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC is set below
    return microseconds(value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC")))


def _problem(error: psycopg.Error, what: str, limits: Limits) -> BypulsError:
    if isinstance(error, pg.QueryCanceled):
        detail = f"{what} took longer than {limits.seconds:g} s and was ended"
        return Problem(504, "The answer took too long", detail, "choose a shorter time range, or one site")
    if isinstance(error, pg.ReadOnlySqlTransaction | pg.InsufficientPrivilege):
        log.error("%s: %s", what, error)
        hint = "a board reads views named board_*, and nothing else"
        return Problem(500, "The panel's query is refused", f"{what} wants more than reading", hint)
    if isinstance(error, pg.UndefinedTable | pg.UndefinedColumn | pg.UndefinedFunction | pg.UndefinedObject):
        log.error("%s: %s", what, error)
        detail = f"{what} asks for something this database does not have"
        return Problem(503, "The database has another version's schema", detail, "run 'bypuls db migrate'")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        return Problem(503, "The database does not answer", f"{what} got no answer", "wait a little, then ask again")
    log.error("%s: %s", what, error)
    detail = f"{what} failed in the database (SQLSTATE {error.sqlstate})"
    return Problem(500, "The panel's query is wrong", detail, "the server's log says why")
