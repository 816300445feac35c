"""Goals."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin
from api.context import Using
from api.given import OfPlans, columns_of, entry_of, known_city, listed
from api.listing import CSV_RESPONSES, CitySlug, Listed
from api.plan_parts import Part
from api.resources.goals.schemas import Goal, GoalSent
from bypuls.plan import GoalEntry
from bypuls.storage.database import Connection
from bypuls.storage.plans import Author, put_goal
from bypuls.storage.standing import goals

router = APIRouter(tags=["Plans"])
_PART = Part("goal", goals)


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

    def write(connection: Connection, author: Author) -> None:
        put_goal(connection, author, entry_of(sent, goal, GoalEntry))

    return _PART.change(context, holder, city, goal, write)


@router.delete("/goals/{goal}", response_model=Goal, summary="Withdraw a goal")
def delete(context: Using, holder: Admin, goal: str, city: CitySlug) -> Response:
    """Mark a goal, its targets and its measures as withdrawn; they stay readable with `include=withdrawn`.

    Needs an admin token; leaves audit rows.
    """
    return _PART.withdraw(context, holder, city, goal)
