"""Answers a list question: filters composed from named fragments, keyset pages, JSON or CSV. It knows no noun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, LiteralString, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context
from api.cursors import KeyValue, decode, encode, fingerprint
from api.scope import city_zones, require, zone_of
from api.tables import CSV_TYPE, Row, Table, csv_chunks, csv_head, json_bytes
from bypuls.errors import NotFound
from bypuls.storage.database import Connection

DEFAULT_ROWS = 1000
MOST_ROWS = 10_000

R = TypeVar("R")


class Page(BaseModel):
    """The parameters that every list takes. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(
        None,
        ge=1,
        le=MOST_ROWS,
        description=f"Rows on a page. JSON: {DEFAULT_ROWS} unless given. CSV: everything, streamed, unless given.",
        examples=[100],
    )
    cursor: str | None = Field(
        None, max_length=2000, description="Where the page begins: take it from `next`, never make one."
    )
    format: Literal["json", "csv"] | None = Field(None, description="Goes before the Accept header.")

    def filters(self) -> dict[str, Any]:
        """The parameters that choose rows, by field name."""
        return self.model_dump(exclude={"limit", "cursor", "format"})


CitySlug = Annotated[str, Query(description="Slug of the city.", max_length=63, examples=["trondheim"])]
"""The query parameter `city` of an endpoint that answers with one thing."""


class InCity(Page):
    """The parameters of a list of one city's things."""

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])


class Listed(BaseModel, Generic[R]):
    """One page of a list."""

    data: list[R]
    next: str | None = Field(
        description="Address of the next page, relative to this one's host; null on the last.",
        examples=["/v1/sites?city=trondheim&limit=2&cursor=WyI1ZjE3Il0"],
    )


@dataclass(frozen=True, slots=True)
class Key:
    """One column by which rows are ordered and pages continue."""

    name: str
    column: tuple[str, ...]
    type: type[KeyValue]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that can be asked for.

    Attributes:
        query: SQL with `{where}` (further conditions) and `{page}` (where it continues, order and limit).
        keys: unique together; ordered by them.
        local: times that are also given in the city's own time.
        newest_first: descending keys.
    """

    query: LiteralString
    keys: tuple[Key, ...]
    local: frozenset[str] = frozenset()
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A listing with the conditions of one request."""

    listing: Listing
    where: Sequence[LiteralString] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def conditions(wanted: Mapping[str, Any], named: Mapping[str, LiteralString]) -> list[LiteralString]:
    """The fragments `where_<field>` of the fields that have a value."""
    return [
        named[f"where_{name}"]
        for name, value in wanted.items()
        if value is not None and value != [] and f"where_{name}" in named
    ]


def in_city(context: Context, city: str, wanted: Mapping[str, Any]) -> ZoneInfo:
    """The zone of a city, once it is sure that the city exists and holds everything that `wanted` names.

    Raises:
        NotFound: the city, or something named, does not exist.
    """
    with context.reading() as connection:
        zone = zone_of(city_zones(connection), city)
        require(connection, city, wanted)
    return zone


_GONE = "it is gone: ask for the list again"


def single(context: Context, question: Question, missing: str = _GONE, *, status: int = 200) -> Response:
    """The one row of a question, as JSON.

    Raises:
        NotFound: there is none; `missing` says so.
    """
    return Response(json_bytes(the_row(context, question, missing)), status, media_type="application/json")


def the_row(context: Context, question: Question, missing: str = _GONE) -> dict[str, Any]:
    """The one row of a question, as an object.

    Raises:
        NotFound: there is none; `missing` says so.
    """
    found = several(context, question, 1)
    if not found:
        raise NotFound(missing)
    return found[0]


def several(context: Context, question: Question, most: int) -> list[dict[str, Any]]:
    """The first rows of a question, as objects."""
    with context.reading() as connection:
        table, rows = fetch(connection, question, city_zones(connection), None, most)
    return table.objects(rows)


def fetch(
    connection: Connection,
    question: Question,
    zones: Mapping[str, ZoneInfo],
    after: Sequence[KeyValue] | None,
    limit: int,
) -> tuple[Table, list[Row]]:
    """Rows behind `after`, at most `limit`, and their columns."""
    listing = question.listing
    columns = [sql.Identifier(*key.column) for key in listing.keys]
    continued: list[sql.Composable] = []
    parameters = dict(question.parameters) | {"limit": limit}
    if after is not None:
        places = [sql.Placeholder(f"after_{index}") for index in range(len(after))]
        parameters |= {f"after_{index}": value for index, value in enumerate(after)}
        compare = sql.SQL("AND ({}) < ({})" if listing.newest_first else "AND ({}) > ({})")
        continued = [compare.format(sql.SQL(", ").join(columns), sql.SQL(", ").join(places))]
    direction = sql.SQL(" DESC" if listing.newest_first else "")
    order = sql.SQL("ORDER BY {} LIMIT %(limit)s").format(sql.SQL(", ").join(one + direction for one in columns))
    where = sql.SQL(" ").join(sql.SQL("AND ") + sql.SQL(fragment) for fragment in question.where)
    query = sql.SQL(listing.query).format(where=where, page=sql.SQL(" ").join([*continued, order]))
    cursor = connection.execute(query, parameters)
    names = tuple(column.name for column in cursor.description or ())
    return Table(names, listing.local, zones), list(cursor)


def answer(
    request: Request,
    context: Context,
    page: Page,
    question: Question,
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """One page as JSON or CSV; or, as CSV without a limit, every page one after the other.

    `more` is said beside the rows of JSON.
    """
    path = request.url.path
    filters = page.model_dump(by_alias=True, exclude={"limit", "cursor", "format"}, exclude_none=True, mode="json")
    bound_to = fingerprint(path, filters)
    keys = question.listing.keys
    after = decode(page.cursor, bound_to, [key.type for key in keys]) if page.cursor else None
    as_csv = wants_csv(request, page.format)
    size = page.limit or (MOST_ROWS if as_csv else DEFAULT_ROWS)
    with context.reading() as connection:
        zones = city_zones(connection)
        table, rows = fetch(connection, question, zones, after, size + 1)
    follows, rows = len(rows) > size, rows[:size]
    extra = {"Vary": "Accept"} | dict(headers or {})
    if as_csv and page.limit is None:
        chunks = _everything(context, question, table, rows, more=follows)
        return StreamingResponse(chunks, headers=extra, media_type=CSV_TYPE)
    next_page = None
    if follows:
        cursor = encode(bound_to, key_values(table, rows[-1], keys))
        following = filters | {"limit": size, "cursor": cursor} | ({"format": page.format} if page.format else {})
        next_page = f"{path}?{urlencode(following, doseq=True)}"
        extra["Link"] = f'<{next_page}>; rel="next"'
    if as_csv:
        body = csv_head(table) + b"".join(csv_chunks(table, rows))
        return Response(body, headers=extra, media_type=CSV_TYPE)
    body = json_bytes({"data": table.objects(rows), "next": next_page} | dict(more or {}))
    return Response(body, headers=extra, media_type="application/json")


def wants_csv(request: Request, format_: str | None) -> bool:
    """Whether the answer is to be CSV: by `format`, else by the Accept header."""
    if format_ is not None:
        return format_ == "csv"
    weights: dict[str, float] = {}
    for part in request.headers.get("accept", "").split(","):
        kind, _, rest = part.partition(";")
        weight = rest.strip().removeprefix("q=") if rest.strip().startswith("q=") else "1"
        try:
            weights[kind.strip().lower()] = float(weight)
        except ValueError:
            continue
    return weights.get("text/csv", 0) > max(weights.get("application/json", 0), 0)


def key_values(table: Table, row: Row, keys: Sequence[Key]) -> list[KeyValue]:
    """Where a row stands in its list."""
    return [_plain(row[table.names.index(key.name)]) for key in keys]


def _plain(value: Any) -> KeyValue:
    return value if isinstance(value, int | str | datetime) else str(value)


def _everything(
    context: Context, question: Question, table: Table, rows: Sequence[Row], *, more: bool
) -> Iterator[bytes]:
    """Every page from the given one on; no connection is held while a slow reader takes its time."""
    yield csv_head(table)
    while True:
        yield from csv_chunks(table, rows)
        if not more:
            return
        after = key_values(table, rows[-1], question.listing.keys)
        with context.reading() as connection:
            _, rows = fetch(connection, question, table.zones, after, MOST_ROWS + 1)
        more, rows = len(rows) > MOST_ROWS, rows[:MOST_ROWS]


CSV_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One page; as CSV with the same columns.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {"Link": {"description": 'rel="next", when there is a further page', "schema": {"type": "string"}}},
    }
}
"""What a list's OpenAPI entry says besides its JSON."""

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, title in (
        (404, "There is no such thing"),
        (422, "A parameter cannot be used"),
        (503, "The database does not answer"),
    )
}
"""What every endpoint may answer instead."""
