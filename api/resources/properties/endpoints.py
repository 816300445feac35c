"""Observed properties."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, single
from api.resources.properties.queries import NAMED, PROPERTIES
from api.resources.properties.schemas import PropertiesWanted, Property

router = APIRouter(tags=["Measurements"])


@router.get("/properties", response_model=Listed[Property], responses=CSV_RESPONSES, summary="Observed properties")
def list_properties(request: Request, context: Using, wanted: Annotated[PropertiesWanted, Query()]) -> Response:
    """The catalogue of what can be measured; the same in every city."""
    parameters = wanted.filters()
    return answer(request, context, wanted, Question(PROPERTIES, conditions(parameters, NAMED), parameters))


@router.get("/properties/{property}", response_model=Property, summary="One observed property")
def get_property(context: Using, property: str) -> Response:  # noqa: A002 -- the word of the domain
    """One property by its id."""
    question = Question(PROPERTIES, [NAMED["where_property"]], {"property": property})
    return single(context, question, f"no property {property!r}: GET /v1/properties lists them")
