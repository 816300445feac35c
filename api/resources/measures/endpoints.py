"""Measures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin
from api.context import Using
from api.given import columns_of, entry_of, known_city, listed
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.plan_parts import Part, matching
from api.resources.measures.schemas import EffectsWanted, Measure, MeasureEffect, MeasureSent, MeasuresWanted
from bypuls.plan import MeasureEntry
from bypuls.storage.database import Connection
from bypuls.storage.effects import effects
from bypuls.storage.plans import Author, lock_measure, put_measure
from bypuls.storage.standing import measures

router = APIRouter(tags=["Plans"])
_PART = Part("measure", measures)


@router.get("/measures", response_model=Listed[Measure], responses=CSV_RESPONSES, summary="Measures")
def list_measures(request: Request, context: Using, wanted: Annotated[MeasuresWanted, Query()]) -> Response:
    """What a city does for its goals: where, when, whose, and by which indicator it is to be judged.

    Measures that were locked are always in the list, withdrawn or not.
    """
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = measures(connection, wanted.city, context.clock(), withdrawn=wanted.include == "withdrawn")
    chosen = {"goal": wanted.goal, "status": wanted.status}
    return listed(request, wanted.format, matching(found, chosen), columns_of(Measure))


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
    return listed(request, wanted.format, matching(found, {"goal": wanted.goal}), columns_of(MeasureEffect))


@router.put("/measures/{measure}", response_model=Measure, summary="Set a measure")
def put(context: Using, holder: Admin, measure: str, city: CitySlug, sent: MeasureSent) -> Response:
    """Make a measure, or change it as a whole; of a locked one only status and owner.

    Needs an admin token; leaves an audit row.
    """

    def write(connection: Connection, author: Author) -> None:
        put_measure(connection, author, sent.goal, entry_of(sent, measure, MeasureEntry))

    return _PART.change(context, holder, city, measure, write)


@router.post("/measures/{measure}/lock", response_model=Measure, summary="Lock a measure")
def lock(context: Using, holder: Admin, measure: str, city: CitySlug) -> Response:
    """Fix what is measured where and against what, before a result is shown. There is no way back.

    Needs an admin token; leaves an audit row.
    """
    return _PART.change(
        context, holder, city, measure, lambda connection, author: lock_measure(connection, author, measure)
    )


@router.delete("/measures/{measure}", response_model=Measure, summary="Withdraw a measure")
def delete(context: Using, holder: Admin, measure: str, city: CitySlug) -> Response:
    """Mark a measure as withdrawn; one that was locked stays in the list. Needs an admin token; leaves an audit row."""
    return _PART.withdraw(context, holder, city, measure)
