"""Measures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Context, Using
from api.given import columns_of, entry_of, known_city, listed, one
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.resources.measures.schemas import EffectsWanted, Measure, MeasureEffect, MeasureSent, MeasuresWanted
from api.writing import authored
from bypuls.plan import MeasureEntry
from bypuls.storage.effects import effects
from bypuls.storage.plans import lock_measure, put_measure, withdraw
from bypuls.storage.standing import measures

router = APIRouter(tags=["Plans"])


@router.get("/measures", response_model=Listed[Measure], responses=CSV_RESPONSES, summary="Measures")
def list_measures(request: Request, context: Using, wanted: Annotated[MeasuresWanted, Query()]) -> Response:
    """What a city does for its goals: where, when, whose, and by which indicator it is to be judged.

    Measures that were locked are always in the list, withdrawn or not.
    """
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = measures(connection, wanted.city, context.clock(), withdrawn=wanted.include == "withdrawn")
    chosen = {"goal": wanted.goal, "status": wanted.status}
    rows = [row for row in found if all(value is None or row[name] == value for name, value in chosen.items())]
    return listed(request, wanted.format, rows, columns_of(Measure))


@router.get(
    "/measures/effects",
    response_model=Listed[MeasureEffect],
    responses=CSV_RESPONSES,
    summary="What changed after measures",
)
def list_effects(request: Request, context: Using, wanted: Annotated[EffectsWanted, Query()]) -> Response:
    """Each measure by each of its indicators: the same months before and after, beside places where nothing was done.

    Nothing is said, and the reason is, where a measure is not locked, where fewer than six months are over, or where
    before and after were not made alike. What changed after a measure was not necessarily changed by it: see `cautions`
    and `changed_too`.
    """
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = effects(connection, wanted.city, context.clock(), measure=wanted.measure, kpi=wanted.kpi)
    rows = [row for row in found if wanted.goal in (None, row["goal"])]
    return listed(request, wanted.format, rows, columns_of(MeasureEffect))


@router.put("/measures/{measure}", response_model=Measure, summary="Set a measure")
def put(context: Using, holder: Admin, measure: str, city: CitySlug, sent: MeasureSent) -> Response:
    """Make a measure, or change it as a whole; of a locked one only status and owner.

    Needs an admin token; leaves an audit row.
    """
    check_city(holder, city)
    known_city(context, city)
    entry = entry_of(sent, measure, MeasureEntry)
    with authored(context, holder, city) as (connection, author):
        put_measure(connection, author, sent.goal, entry)
    return one(_rows(context, city, measure))


@router.post("/measures/{measure}/lock", response_model=Measure, summary="Lock a measure")
def lock(context: Using, holder: Admin, measure: str, city: CitySlug) -> Response:
    """Fix what is measured where and against what, before a result is shown. There is no way back.

    Needs an admin token; leaves an audit row.
    """
    check_city(holder, city)
    known_city(context, city)
    with authored(context, holder, city) as (connection, author):
        lock_measure(connection, author, measure)
    return one(_rows(context, city, measure))


@router.delete("/measures/{measure}", response_model=Measure, summary="Withdraw a measure")
def delete(context: Using, holder: Admin, measure: str, city: CitySlug) -> Response:
    """Mark a measure as withdrawn; one that was locked stays in the list. Needs an admin token; leaves an audit row."""
    check_city(holder, city)
    known_city(context, city)
    with authored(context, holder, city) as (connection, author):
        withdraw(connection, author, "measure", measure)
    return one(_rows(context, city, measure))


def _rows(context: Context, city: str, measure: str) -> list[dict[str, Any]]:
    with context.reading() as connection:
        found = measures(connection, city, context.clock(), withdrawn=True)
    return [row for row in found if row["measure"] == measure]
