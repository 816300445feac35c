"""Reported values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Reporter, check_city
from api.context import Context, Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, the_row
from api.problems import INVALID, InvalidParameter, instance_of, problem
from api.resources.reported_values.files import file_of, take_file
from api.resources.reported_values.queries import HISTORY, NAMED, REPORTED_VALUES
from api.resources.reported_values.saying import said_of
from api.resources.reported_values.schemas import (
    Change,
    EarlierValue,
    FileReceipt,
    HistoryWanted,
    ReportedValue,
    ReportedValuesWanted,
    ValueSaid,
    ValueTaken,
    WrongStatement,
    Year,
)
from api.tables import json_bytes
from api.times import instant
from bypuls.collection.entering import Refused, enter, take_away
from bypuls.collection.said import Complaint
from bypuls.storage.reported_values import Seen
from bypuls.u4ssc.catalogue import Key, load_catalogue

router = APIRouter(tags=["U4SSC"])

_SCOPE = "report"
_FILES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
            "text/csv": {"schema": {"type": "string"}},
        }
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A filled template, .xlsx or CSV; which of the two is seen from what it holds.",
        "content": {"application/octet-stream": {"schema": {"format": "binary"}}},
    }
}


@router.get(
    "/reported-values",
    response_model=Listed[ReportedValue],
    responses=CSV_RESPONSES,
    summary="What a city and its registers say",
)
def list_reported_values(
    request: Request, context: Using, wanted: Annotated[ReportedValuesWanted, Query()]
) -> Response:
    """Values of U4SSC data points by year; `as_of` gives what was said at a time. Not verified by U4SSC."""
    parameters = wanted.filters()
    zone = in_city(context, wanted.city, {})
    if wanted.code is not None:
        parameters["code"] = load_catalogue().code(wanted.code)
    if wanted.as_of is not None:
        parameters["as_of"] = instant(wanted.as_of, zone)
    return answer(request, context, wanted, Question(REPORTED_VALUES, conditions(parameters, NAMED), parameters))


@router.get(
    "/reported-values/history",
    response_model=Listed[EarlierValue],
    responses=CSV_RESPONSES,
    summary="What was said of a data point before",
)
def list_history(request: Request, context: Using, wanted: Annotated[HistoryWanted, Query()]) -> Response:
    """Earlier values of one data point, oldest first; the last of them may have been taken away, not replaced."""
    in_city(context, wanted.city, {})
    point = load_catalogue().point(wanted.code, wanted.data_point)
    parameters = wanted.filters() | {"code": point.kpi.code, "data_point": point.data_point}
    return answer(request, context, wanted, Question(HISTORY, [NAMED["where_history"]], parameters))


@router.put("/reported-values", response_model=ValueTaken, summary="Enter a value")
def put_reported_value(
    request: Request, context: Using, holder: Reporter, place: Annotated[Change, Query()], said: ValueSaid
) -> Response:
    """State a value, its numerator and denominator, or that there is none. Needs a token with scope `report`.

    What contradicts itself is refused, each reason in a line; what a verifier would ask comes back as `warnings`. A KPI
    that was checked is entered again; one that is signed must be reopened first. With `seen` no other's number is
    replaced unseen.
    """
    check_city(holder, place.city, _SCOPE)
    in_city(context, place.city, {})
    point = load_catalogue().point(place.code, place.data_point)
    try:
        with context.writing() as connection:
            entered = enter(connection, place.city, place.year, said_of(point, said), holder.name, _seen(place))
    except Refused as refused:
        return _refused(request, refused.complaints)
    value = _stands(context, place.city, place.year, point.key)
    warnings = [_remark(one) for one in entered.warnings]
    body = {"changed": entered.changed, "value": value, "warnings": warnings}
    return Response(json_bytes(body), media_type="application/json")


@router.delete("/reported-values", status_code=204, response_model=None, summary="Take a value away")
def delete_reported_value(context: Using, holder: Reporter, place: Annotated[Change, Query()]) -> Response:
    """Take back what was stated; its history stays. Needs a token with scope `report`."""
    check_city(holder, place.city, _SCOPE)
    in_city(context, place.city, {})
    point = load_catalogue().point(place.code, place.data_point)
    with context.writing() as connection:
        take_away(connection, place.city, place.year, point.key, holder.name, _seen(place))
    return Response(status_code=204)


@router.get(
    "/reported-values/file", responses=_FILES, response_class=Response, summary="Template, or values, as a file"
)
def get_file(
    context: Using,
    city: CitySlug,
    year: Annotated[Year, Query()],
    kind: Annotated[Literal["xlsx", "csv"], Query()] = "xlsx",
    language: Annotated[Literal["nb", "en"], Query()] = "nb",
    *,
    filled: Annotated[bool, Query(description="false: the empty template.")] = True,
) -> Response:
    """The template's columns with what the city reports, or empty with its population and households prefilled."""
    in_city(context, city, {})
    return file_of(context, city, year, (kind, language), filled=filled)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/reported-values/file", response_model=FileReceipt, openapi_extra=_BODY, summary="Enter values from a file"
)
def post_file(
    request: Request,
    context: Using,
    holder: Reporter,
    city: CitySlug,
    year: Annotated[Year, Query()],
    body: Annotated[bytes, Depends(_body)],
    *,
    dry_run: Annotated[bool, Query(description="true: say what would be stored, and store nothing.")] = False,
) -> Response:
    """Store what a filled template says: all of it, or nothing. Needs a token with scope `report`.

    422 names every cell that must be mended; with `dry_run=true` the receipt does, and nothing is stored.
    """
    check_city(holder, city, _SCOPE)
    in_city(context, city, {})
    receipt = take_file(context, city, year, body, holder.name, dry_run=dry_run)
    if not receipt.taken and not dry_run:
        return _refused(request, receipt.refused)
    shown = {
        "rows": receipt.rows,
        "empty": receipt.empty,
        "stored": len(receipt.stored),
        "unchanged": receipt.unchanged,
        "refused": [_remark(one) for one in receipt.refused],
        "warnings": [_remark(one) for one in receipt.warnings],
        "notes": receipt.notes,
        "dry_run": dry_run,
    }
    return Response(json_bytes(shown), media_type="application/json")


def _seen(place: Change) -> Seen:
    if place.seen is None or isinstance(place.seen, datetime):
        return place.seen
    if place.seen == "none":
        return "none"
    raise InvalidParameter("query seen: a day is no time; give the value's changed_at as it came")


def _stands(context: Context, city: str, year: int, key: Key) -> dict[str, object]:
    parameters = {"city": city, "year": year, "code": key[0], "data_point": key[1], "origin": "reported", "as_of": None}
    return the_row(context, Question(REPORTED_VALUES, conditions(parameters, NAMED), parameters))


def _remark(complaint: Complaint) -> dict[str, object]:
    return {
        "where": complaint.where,
        "message": complaint.what,
        "text": _in_both(complaint),
        "code": complaint.code,
        "data_point": complaint.data_point,
    }


def _in_both(complaint: Complaint) -> dict[str, str] | None:
    return {"en": complaint.what, "nb": complaint.nb} if complaint.nb else None


def _refused(request: Request, complaints: list[Complaint] | tuple[Complaint, ...]) -> Response:
    wrong = [WrongStatement(where=one.where or "the file", message=one.what, text=_in_both(one)) for one in complaints]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    detail = f"nothing is stored: {complaints[0]}{more}"
    return problem(INVALID, detail, instance_of(request), errors=wrong)
