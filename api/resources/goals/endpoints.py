"""Goals."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Context, Using
from api.given import OfPlans, columns_of, entry_of, known_city, listed, one
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.resources.goals.schemas import Goal, GoalSent
from api.writing import authored
from bypuls.plan import GoalEntry
from bypuls.storage.plans import put_goal, withdraw
from bypuls.storage.standing import goals

router = APIRouter(tags=["Plans"])


@router.get("/goals", response_model=Listed[Goal], responses=CSV_RESPONSES, summary="Goals and how they stand")
def list_goals(request: Request, context: Using, wanted: Annotated[OfPlans, Query()]) -> Response:
    """What a city wants, and how each goal stands by its targets and measures."""
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = goals(connection, wanted.city, context.clock(), withdrawn=wanted.include == "withdrawn")
    return listed(request, wanted.format, found, columns_of(Goal))


@router.put("/goals/{goal}", response_model=Goal, summary="Set a goal")
def put(context: Using, holder: Admin, goal: str, city: CitySlug, sent: GoalSent) -> Response:
    """Make a goal, or change it as a whole. Needs an admin token; leaves an audit row."""
    check_city(holder, city)
    known_city(context, city)
    entry = entry_of(sent, goal, GoalEntry)
    with authored(context, holder, city) as (connection, author):
        put_goal(connection, author, entry)
    return one(_rows(context, city, goal))


@router.delete("/goals/{goal}", response_model=Goal, summary="Withdraw a goal")
def delete(context: Using, holder: Admin, goal: str, city: CitySlug) -> Response:
    """Mark a goal, its targets and its measures as withdrawn; they stay readable with `include=withdrawn`.

    Needs an admin token; leaves audit rows.
    """
    check_city(holder, city)
    known_city(context, city)
    with authored(context, holder, city) as (connection, author):
        withdraw(connection, author, "goal", goal)
    return one(_rows(context, city, goal))


def _rows(context: Context, city: str, goal: str) -> list[dict[str, Any]]:
    with context.reading() as connection:
        found = goals(connection, city, context.clock(), withdrawn=True)
    return [row for row in found if row["goal"] == goal]
