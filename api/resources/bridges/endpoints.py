"""Bridges."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.bridges.queries import BRIDGES, NAMED
from api.resources.bridges.schemas import BridgeStation, BridgesWanted

router = APIRouter(tags=["Operations"])


@router.get("/bridges", response_model=Listed[BridgeStation], responses=CSV_RESPONSES, summary="What is pulled")
def list_bridges(request: Request, context: Using, wanted: Annotated[BridgesWanted, Query()]) -> Response:
    """Stations of other services that are asked for their data: last run, last error, how far behind."""
    parameters = wanted.filters()
    if wanted.city is not None:
        in_city(context, wanted.city, {})
    where = conditions(parameters, NAMED)
    return answer(request, context, wanted, Question(BRIDGES, where, parameters | {"now": context.clock()}))
