"""Targets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Context, Using
from api.given import columns_of, entry_of, known_city, listed, one
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.resources.targets.schemas import Target, TargetSent, TargetsWanted
from api.writing import authored
from bypuls.plan import TargetEntry
from bypuls.storage.plans import put_target, withdraw
from bypuls.storage.standing import targets

router = APIRouter(tags=["Plans"])


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
    rows = [row for row in found if all(value is None or row[name] == value for name, value in chosen.items())]
    return listed(request, wanted.format, rows, columns_of(Target))


@router.put("/targets/{target}", response_model=Target, summary="Set a target")
def put(context: Using, holder: Admin, target: str, city: CitySlug, sent: TargetSent) -> Response:
    """Make a target, or change it as a whole. Needs an admin token; leaves an audit row."""
    check_city(holder, city)
    known_city(context, city)
    entry = entry_of(sent, target, TargetEntry)
    with authored(context, holder, city) as (connection, author):
        put_target(connection, author, sent.goal, entry)
    return one(_rows(context, city, target))


@router.delete("/targets/{target}", response_model=Target, summary="Withdraw a target")
def delete(context: Using, holder: Admin, target: str, city: CitySlug) -> Response:
    """Mark a target as withdrawn; it stays readable with `include=withdrawn`.

    Needs an admin token; leaves an audit row.
    """
    check_city(holder, city)
    known_city(context, city)
    with authored(context, holder, city) as (connection, author):
        withdraw(connection, author, "target", target)
    return one(_rows(context, city, target))


def _rows(context: Context, city: str, target: str) -> list[dict[str, Any]]:
    with context.reading() as connection:
        found = targets(connection, city, context.clock(), withdrawn=True)
    return [row for row in found if row["target"] == target]
