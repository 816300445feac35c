"""Datastreams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, single
from api.resources.datastreams.queries import DATASTREAMS, NAMED
from api.resources.datastreams.schemas import Datastream, DatastreamsWanted

router = APIRouter(tags=["Devices"])


@router.get("/datastreams", response_model=Listed[Datastream], responses=CSV_RESPONSES, summary="Datastreams of a city")
def list_datastreams(request: Request, context: Using, wanted: Annotated[DatastreamsWanted, Query()]) -> Response:
    """The series of one city, with the unit, class and origin of their values."""
    parameters = wanted.filters()
    in_city(context, wanted.city, parameters)
    return answer(request, context, wanted, Question(DATASTREAMS, conditions(parameters, NAMED), parameters))


@router.get("/datastreams/{datastream}", response_model=Datastream, summary="One datastream")
def get_datastream(context: Using, datastream: Annotated[int, Path(ge=1, le=2**31 - 1)], city: CitySlug) -> Response:
    """One series of one city."""
    in_city(context, city, {"datastream": datastream})
    parameters = {"city": city, "datastream": datastream}
    return single(context, Question(DATASTREAMS, [NAMED["where_datastream"]], parameters))
