"""Cities."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, single
from api.resources.cities.queries import CITIES, NAMED
from api.resources.cities.schemas import CitiesWanted, City

router = APIRouter(tags=["Cities and places"])


@router.get("/cities", response_model=Listed[City], responses=CSV_RESPONSES, summary="Cities")
def list_cities(request: Request, context: Using, wanted: Annotated[CitiesWanted, Query()]) -> Response:
    """Every city this installation watches."""
    return answer(request, context, wanted, Question(CITIES))


@router.get("/cities/{city}", response_model=City, summary="One city")
def get_city(context: Using, city: str) -> Response:
    """One city by its slug."""
    question = Question(CITIES, [NAMED["where_city"]], {"city": city})
    return single(context, question, f"no city {city!r}: GET /v1/cities lists them")
