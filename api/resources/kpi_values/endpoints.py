"""KPI values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.kpi_values.queries import NAMED, listing
from api.resources.kpi_values.schemas import KpiValue, KpiValuesWanted
from api.series import check_range
from api.times import instant

router = APIRouter(tags=["Indicators"])

_PLACE_OF = {"site": "site", "district": "area"}
"""What a scope is the slug of."""


@router.get("/kpi-values", response_model=Listed[KpiValue], responses=CSV_RESPONSES, summary="KPI values with evidence")
def list_kpi_values(request: Request, context: Using, wanted: Annotated[KpiValuesWanted, Query()]) -> Response:
    """Values of one city, each with coverage, evidence and the version of its definition.

    Values that rest on too little are left out unless `include=insufficient`. `latest=true` gives the newest of each
    KPI, scope and period: what a tile shows. `as_of` gives what was said at a time.
    """
    parameters = wanted.filters()
    places = {_PLACE_OF[wanted.scope_kind]: wanted.scope} if wanted.scope_kind in _PLACE_OF else {}
    zone = in_city(context, wanted.city, {"kpi": wanted.kpi} | places)
    for name in ("from_", "to", "as_of"):
        if parameters[name] is not None:
            parameters[name] = instant(parameters[name], zone)
    check_range(parameters["from_"], parameters["to"])
    where = conditions(parameters, NAMED)
    if wanted.include is None:
        where.append(NAMED["where_ok"])
    chosen = listing(latest=wanted.latest, then=wanted.as_of is not None, kpis=bool(wanted.kpi))
    return answer(request, context, wanted, Question(chosen, where, parameters))
