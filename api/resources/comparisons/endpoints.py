"""Comparisons of cities."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.context import Using
from api.given import known_city
from api.problems import InvalidParameter
from api.resources.comparisons.schemas import ComparisonAnswer, ComparisonWanted
from api.tables import json_bytes
from bypuls.errors import NotFound
from bypuls.storage.comparisons import of_month, of_year, over_time
from bypuls.storage.database import Connection
from bypuls.storage.values import cities_of, city_head

router = APIRouter(tags=["Plans"])

_MOST_CITIES = 200


@router.get("/comparisons", response_model=ComparisonAnswer, summary="Compare cities, or a city with itself")
def get_comparison(context: Using, wanted: Annotated[ComparisonWanted, Query()]) -> Response:
    """Cities by one KPI and year, or one city year by year: ranked only among values that are comparable.

    Values are comparable where definition, unit, period, instruments, origin and coverage are alike; every pair that is
    not says why. Simulated values are never compared with measured ones.
    """
    if wanted.city is not None:
        known_city(context, wanted.city, site=wanted.site)
    with context.reading() as connection:
        answer = _answer(connection, wanted)
    return Response(json_bytes(answer), media_type="application/json")


def _answer(connection: Connection, wanted: ComparisonWanted) -> dict[str, Any]:
    if wanted.period == "P1M":
        if wanted.start is None:
            raise InvalidParameter("period=P1M needs start: a day of the month, like 2025-03-01")
        return of_month(connection, wanted.kpi, (wanted.start.year, wanted.start.month), _cities(connection, wanted))
    year = wanted.year if wanted.start is None else wanted.start.year
    if year is None:
        return over_time(connection, wanted.kpi, *_place(wanted))
    return of_year(connection, wanted.kpi, year, _cities(connection, wanted))


def _place(wanted: ComparisonWanted) -> tuple[str, tuple[str, str]]:
    if wanted.city is None or wanted.cities or wanted.network or wanted.county:
        raise InvalidParameter("without year one city is compared with itself: give city alone, or give year")
    scope = ("city", wanted.city) if wanted.site is None else ("site", wanted.site)
    return wanted.city, scope


def _cities(connection: Connection, wanted: ComparisonWanted) -> list[str]:
    if wanted.site is not None:
        raise InvalidParameter("site belongs to a comparison of one city with itself: leave year out")
    network, county = wanted.network, wanted.county
    if "own" in (network, county):
        if wanted.city is None:
            raise InvalidParameter("network=own and county=own need city: whose own?")
        head = city_head(connection, wanted.city)
        network = head["network"] if network == "own" else network
        county = head["county"] if county == "own" else county
        if network is None and county is None:
            raise NotFound(f"city {wanted.city!r} names no network or county in its file")
    named = [*wanted.cities, *([wanted.city] if wanted.city else [])]
    found = cities_of(connection, named, network, county)
    if len(found) < 2:  # noqa: PLR2004 - one has nobody to be compared with
        raise InvalidParameter("a comparison needs two cities: give cities, network or county")
    if len(found) > _MOST_CITIES:
        raise InvalidParameter(f"{len(found)} cities at once: at most {_MOST_CITIES}, name fewer")
    return found
