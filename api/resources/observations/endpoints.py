"""Observations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.dropped import HEADER, raw_dropped
from api.listing import CSV_RESPONSES, Question, answer, conditions
from api.resources.observations.queries import NAMED, NEWEST_OBSERVATIONS, OBSERVATIONS
from api.resources.observations.schemas import Observations, ObservationsWanted
from api.scope import city_zones, zone_of
from api.series import series_of

router = APIRouter(tags=["Measurements"])


@router.get("/observations", response_model=Observations, responses=CSV_RESPONSES, summary="Observations")
def list_observations(request: Request, context: Using, wanted: Annotated[ObservationsWanted, Query()]) -> Response:
    """Single values, by datastream or by property, site, area or device.

    Ordered by datastream, then time. Suspect and failed values are given too, with their flag: `flag=1&flag=2` leaves
    them out, as rollups and KPIs do. `raw_dropped` says what of the time the city does not keep any more; CSV says it
    in the header `Bypuls-Raw-Dropped-Before`.
    """
    parameters = series_of(context, wanted)
    listing = NEWEST_OBSERVATIONS if wanted.order == "desc" else OBSERVATIONS
    with context.reading() as connection:
        zone = zone_of(city_zones(connection), wanted.city)
        dropped = raw_dropped(connection, wanted.city, parameters["from_"], zone)
    question = Question(listing, conditions(parameters, NAMED), parameters)
    headers = {HEADER: dropped["before"]} if dropped else None
    return answer(request, context, wanted, question, headers=headers, more={"raw_dropped": dropped})
