"""Invalidations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, single
from api.resources.invalidations.changes import add, lift
from api.resources.invalidations.queries import INVALIDATIONS, NAMED
from api.resources.invalidations.schemas import Invalidation, InvalidationsWanted, Lifting, NewInvalidation
from api.series import check_range
from api.times import instant

router = APIRouter(tags=["Measurements"])


@router.get(
    "/invalidations", response_model=Listed[Invalidation], responses=CSV_RESPONSES, summary="Periods that do not count"
)
def list_invalidations(request: Request, context: Using, wanted: Annotated[InvalidationsWanted, Query()]) -> Response:
    """What people left out, from when to when, who said so and why; newest first."""
    parameters = wanted.filters()
    zone = in_city(
        context, wanted.city, {"site": wanted.site, "device": wanted.device, "datastream": wanted.datastream}
    )
    for name in ("from_", "to"):
        if parameters[name] is not None:
            parameters[name] = instant(parameters[name], zone)
    where = conditions(parameters, NAMED)
    if wanted.include is None:
        where.append(NAMED["where_in_force"])
    return answer(request, context, wanted, Question(INVALIDATIONS, where, parameters))


@router.post("/invalidations", status_code=201, response_model=Invalidation, summary="Leave a period out")
def post_invalidation(context: Using, holder: Admin, city: CitySlug, invalidation: NewInvalidation) -> Response:
    """Values of this period do not count, whatever their flags; also those that come later.

    Needs an admin token; leaves an audit row. Observations stay. Hours and KPIs of the period are computed again and
    say how many values people left out. A register is read across the period: what it rose is known, and marked as
    estimated.
    """
    check_city(holder, city)
    named = {"site": invalidation.site, "device": invalidation.device, "datastream": invalidation.datastream}
    zone = in_city(context, city, named)
    since, until = instant(invalidation.from_, zone), instant(invalidation.to, zone)
    check_range(since, until)
    wanted = named | {"city": city, "since": since, "until": until, "why": invalidation.why}
    with context.writing() as connection:
        number = add(connection, wanted, who=holder.name, now=context.clock())
    return single(context, Question(INVALIDATIONS, [NAMED["where_id"]], {"city": city, "id": number}), status=201)


@router.post("/invalidations/{id}/lift", response_model=Invalidation, summary="Let a period count again")
def lift_invalidation(
    context: Using,
    holder: Admin,
    id: int,  # noqa: A002 -- the column's name
    city: CitySlug,
    lifting: Lifting,
) -> Response:
    """What it left out counts again and is computed again.

    Needs an admin token; it stays in the list of those that were lifted, and leaves an audit row.
    """
    check_city(holder, city)
    with context.writing() as connection:
        lift(connection, id, city=city, who=holder.name, why=lifting.why, now=context.clock())
    return single(context, Question(INVALIDATIONS, [NAMED["where_id"]], {"city": city, "id": id}))
