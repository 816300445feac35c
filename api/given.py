"""Answers a list whose rows were worked out, not selected: JSON or CSV with the same columns. It knows no noun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context
from api.listing import in_city, wants_csv
from api.problems import InvalidParameter
from api.tables import CSV_TYPE, Table, csv_chunks, csv_head, json_bytes
from bypuls.storage.standing import plain
from bypuls.typed import convert

T = TypeVar("T")


class OfCity(BaseModel):
    """Parameters of a list of one city that is short enough for one page. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])
    format: Literal["json", "csv"] | None = Field(None, description="Goes before the Accept header.")


class OfPlans(OfCity):
    """The same for what plans hold."""

    include: Literal["withdrawn"] | None = Field(None, description="Give what was withdrawn, too.")


def listed(
    request: Request, format_: str | None, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> Response:
    """The rows with these columns, in this order; a column that a row does not have is null."""
    found = [[plain(row.get(name)) for name in columns] for row in rows]
    table = Table(tuple(columns), frozenset(), {})
    headers = {"Vary": "Accept"}
    if wants_csv(request, format_):
        body = csv_head(table) + b"".join(csv_chunks(table, found))
        return Response(body, headers=headers, media_type=CSV_TYPE)
    answer = json_bytes({"data": table.objects(found), "next": None})
    return Response(answer, headers=headers, media_type="application/json")


def columns_of(model: type[BaseModel]) -> list[str]:
    """The names of a model's fields as answers have them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def one(rows: Iterable[Mapping[str, Any]]) -> Response:
    """The single row as JSON."""
    return Response(json_bytes(plain(dict(next(iter(rows))))), media_type="application/json")


def known_city(context: Context, city: str, **wanted: Any) -> None:
    """The city is there, with what else is named (site, area, kpi).

    Raises:
        NotFound: it is not.
    """
    in_city(context, city, wanted)


def entry_of(body: BaseModel, slug: str, kind: type[T]) -> T:
    """A body as the entry that a plan's file would hold under this slug.

    Raises:
        InvalidParameter: it cannot be one.
    """
    given = body.model_dump(by_alias=True, exclude_none=True, exclude={"goal"}) | {"slug": slug}
    try:
        return convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"body: {error}") from None
