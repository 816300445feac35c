"""Rollups."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions
from api.resources.rollups.queries import NAMED, ROLLUPS
from api.resources.rollups.schemas import Rollup, RollupsWanted
from api.series import series_of

router = APIRouter(tags=["Measurements"])


@router.get("/rollups", response_model=Listed[Rollup], responses=CSV_RESPONSES, summary="Hours and five minutes")
def list_rollups(request: Request, context: Using, wanted: Annotated[RollupsWanted, Query()]) -> Response:
    """Observations by the hour or by five minutes: counts per flag, mean, smallest, largest, coverage.

    Buckets are in UTC; each carries the city's own time beside it. A bucket without any value has no row.
    """
    parameters = series_of(context, wanted)
    question = Question(ROLLUPS[wanted.resolution], conditions(parameters, NAMED), parameters)
    return answer(request, context, wanted, question)
