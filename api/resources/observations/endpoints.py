"""Observations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions
from api.resources.observations.queries import NAMED, NEWEST_OBSERVATIONS, OBSERVATIONS
from api.resources.observations.schemas import Observation, ObservationsWanted
from api.series import series_of

router = APIRouter(tags=["Measurements"])


@router.get("/observations", response_model=Listed[Observation], responses=CSV_RESPONSES, summary="Observations")
def list_observations(request: Request, context: Using, wanted: Annotated[ObservationsWanted, Query()]) -> Response:
    """Single values, by datastream or by property, site, area or device.

    Ordered by datastream, then time. Suspect and failed values are given too, with their flag: `flag=1&flag=2` leaves
    them out, as rollups and KPIs do.
    """
    parameters = series_of(context, wanted)
    listing = NEWEST_OBSERVATIONS if wanted.order == "desc" else OBSERVATIONS
    return answer(request, context, wanted, Question(listing, conditions(parameters, NAMED), parameters))
