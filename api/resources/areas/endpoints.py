"""Areas."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, single
from api.resources.areas.queries import AREAS, NAMED
from api.resources.areas.schemas import Area, AreasWanted

router = APIRouter(tags=["Cities and places"])


@router.get("/areas", response_model=Listed[Area], responses=CSV_RESPONSES, summary="Areas of a city")
def list_areas(request: Request, context: Using, wanted: Annotated[AreasWanted, Query()]) -> Response:
    """Districts, streets and zones of one city."""
    parameters = wanted.filters()
    in_city(context, wanted.city, {"area": wanted.parent})
    return answer(request, context, wanted, Question(AREAS, conditions(parameters, NAMED), parameters))


@router.get("/areas/{area}", response_model=Area, summary="One area")
def get_area(context: Using, area: str, city: CitySlug) -> Response:
    """One area of one city."""
    in_city(context, city, {"area": area})
    return single(context, Question(AREAS, [NAMED["where_area"]], {"city": city, "area": area}))
