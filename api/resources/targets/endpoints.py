"""Targets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin
from api.context import Using
from api.given import columns_of, entry_of, known_city, listed
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.plan_parts import Part, matching
from api.resources.targets.schemas import Target, TargetSent, TargetsWanted
from bypuls.plan import TargetEntry
from bypuls.storage.database import Connection
from bypuls.storage.plans import Author, put_target
from bypuls.storage.standing import targets

router = APIRouter(tags=["Plans"])
_PART = Part("target", targets)


@router.get("/targets", response_model=Listed[Target], responses=CSV_RESPONSES, summary="Targets and how they stand")
def list_targets(request: Request, context: Using, wanted: Annotated[TargetsWanted, Query()]) -> Response:
    """Each target with its newest value, what is required by now, and whether it is on track.

    What may not be judged says why: too little measured, part of a year, instruments that may not judge, a definition
    that changed since the base.
    """
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = targets(
            connection,
            wanted.city,
            context.clock(),
            withdrawn=wanted.include == "withdrawn",
            forecast=wanted.forecast,
        )
    chosen = {"goal": wanted.goal, "kpi": wanted.kpi, "status": wanted.status}
    return listed(request, wanted.format, matching(found, chosen), columns_of(Target))


@router.put("/targets/{target}", response_model=Target, summary="Set a target")
def put(context: Using, holder: Admin, target: str, city: CitySlug, sent: TargetSent) -> Response:
    """Make a target, or change it as a whole. Needs an admin token; leaves an audit row."""

    def write(connection: Connection, author: Author) -> None:
        put_target(connection, author, sent.goal, entry_of(sent, target, TargetEntry))

    return _PART.change(context, holder, city, target, write)


@router.delete("/targets/{target}", response_model=Target, summary="Withdraw a target")
def delete(context: Using, holder: Admin, target: str, city: CitySlug) -> Response:
    """Mark a target as withdrawn; it stays readable with `include=withdrawn`.

    Needs an admin token; leaves an audit row.
    """
    return _PART.withdraw(context, holder, city, target)
