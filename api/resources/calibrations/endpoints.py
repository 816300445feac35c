"""Calibrations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.audit import Why
from api.context import Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, single
from api.resources.calibrations.changes import add, remove
from api.resources.calibrations.queries import CALIBRATIONS, NAMED
from api.resources.calibrations.schemas import Calibration, CalibrationsWanted, NewCalibration
from api.times import instant

router = APIRouter(tags=["Measurements"])


@router.get(
    "/calibrations", response_model=Listed[Calibration], responses=CSV_RESPONSES, summary="Calibrations of datastreams"
)
def list_calibrations(request: Request, context: Using, wanted: Annotated[CalibrationsWanted, Query()]) -> Response:
    """How values are to be read, from when on, who said so and why."""
    parameters = wanted.filters()
    in_city(context, wanted.city, {"site": wanted.site, "datastream": wanted.datastream})
    where = conditions(parameters, NAMED)
    if wanted.include is None:
        where.append(NAMED["where_in_force"])
    return answer(request, context, wanted, Question(CALIBRATIONS, where, parameters))


@router.post("/calibrations", status_code=201, response_model=Calibration, summary="Calibrate a datastream")
def post_calibration(context: Using, holder: Admin, city: CitySlug, calibration: NewCalibration) -> Response:
    """From then on values count as slope * value as sent + intercept. Needs an admin token; leaves an audit row.

    Observations stay as they were sent, with their flags; hours and KPIs of the time are computed again. Registers are
    refused, levels in dB and directions take an intercept only, amounts that are added up a slope only. One with slope
    1 and intercept 0 ends the one before it.
    """
    check_city(holder, city)
    zone = in_city(context, city, {"datastream": calibration.datastream})
    wanted = calibration.model_dump() | {"valid_from": instant(calibration.valid_from, zone)}
    with context.writing() as connection:
        number = add(connection, city, wanted, who=holder.name, now=context.clock())
    return single(context, Question(CALIBRATIONS, [NAMED["where_id"]], {"city": city, "id": number}), status=201)


@router.delete("/calibrations/{id}", response_model=Calibration, summary="Take a calibration back")
def delete_calibration(
    context: Using,
    holder: Admin,
    id: int,  # noqa: A002 -- the column's name
    city: CitySlug,
    why: Annotated[Why, Query()],
) -> Response:
    """As if it had never been: what it changed is computed again.

    Needs an admin token; it stays in the list of those that were removed, and leaves an audit row.
    """
    check_city(holder, city)
    with context.writing() as connection:
        remove(connection, id, city=city, who=holder.name, why=why, now=context.clock())
    return single(context, Question(CALIBRATIONS, [NAMED["where_id"]], {"city": city, "id": id}))
