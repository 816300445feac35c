"""A city's plans in one answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.context import Using
from api.given import known_city, one
from api.listing import CitySlug
from api.resources.plans.schemas import Plans
from bypuls.storage.standing import plans

router = APIRouter(tags=["Plans"])


@router.get("/plans", response_model=Plans, summary="A city's plans in one answer")
def get_plans(
    context: Using,
    city: CitySlug,
    include: Annotated[Literal["withdrawn"] | None, Query(description="Give what was withdrawn, too.")] = None,
) -> Response:
    """Goals with their targets and measures, indicators and owners, and how each stands."""
    known_city(context, city)
    with context.reading() as connection:
        return one([plans(connection, city, context.clock(), withdrawn=include == "withdrawn")])
