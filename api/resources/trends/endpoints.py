"""Trends of KPI values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.context import Using
from api.given import known_city
from api.problems import InvalidParameter
from api.resources.trends.schemas import TrendAnswer, TrendWanted
from api.tables import json_bytes
from bypuls.storage.kpi_trends import Asked, trend_answer

router = APIRouter(tags=["Plans"])


@router.get("/trends", response_model=TrendAnswer, summary="The trend of a KPI")
def get_trend(context: Using, wanted: Annotated[TrendWanted, Query()]) -> Response:
    """Whether a KPI rose or fell over the years, and how fast: Mann-Kendall and Theil-Sen.

    Values that rest on too little and periods that are not over are left out, and named. There is no trend, and the
    reason is said, where values are too few, or where definition, instruments or origin changed within the series.
    """
    kind = wanted.scope_kind or ("city" if wanted.scope is None else "site")
    if kind != "city" and wanted.scope is None:
        raise InvalidParameter(f"scope_kind={kind} needs scope: the slug of the {kind}")
    scope = wanted.scope if kind != "city" and wanted.scope is not None else wanted.city
    places = {} if kind == "city" else {"site" if kind == "site" else "area": scope}
    known_city(context, wanted.city, kpi=wanted.kpi, **places)
    asked = Asked(wanted.city, wanted.kpi, (kind, scope), wanted.period, wanted.since, wanted.until)
    with context.reading() as connection:
        return Response(json_bytes(trend_answer(connection, asked, context.clock())), media_type="application/json")
