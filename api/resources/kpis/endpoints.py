"""KPI definitions, and the hours a value rests on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.context import Context, Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.kpis.queries import KPIS, NAMED
from api.resources.kpis.schemas import InputsWanted, Kpi, KpiDetail, KpisWanted
from api.resources.rollups.queries import NAMED as ROLLUP_QUERIES
from api.resources.rollups.queries import ROLLUPS
from api.resources.rollups.schemas import Rollup
from api.tables import json_bytes
from api.times import instant, parse
from bypuls.clock import isoformat
from bypuls.errors import NotFound

router = APIRouter(tags=["Indicators"])


@router.get("/kpis", response_model=Listed[Kpi], responses=CSV_RESPONSES, summary="KPI definitions")
def list_kpis(request: Request, context: Using, wanted: Annotated[KpisWanted, Query()]) -> Response:
    """The definitions that hold now: title, question, unit, periods, source. The same in every city."""
    parameters = wanted.filters()
    return answer(request, context, wanted, Question(KPIS, conditions(parameters, NAMED), parameters))


@router.get("/kpis/{kpi}", response_model=KpiDetail, summary="One KPI definition, whole")
def get_kpi(
    context: Using,
    kpi: str,
    version: Annotated[str | None, Query(description="An older one; the current one unless given.")] = None,
) -> Response:
    """The definition as the catalogue holds it: formula, coverage, scopes, standard. Old versions stay readable."""
    with context.reading() as connection:
        row = connection.execute(NAMED["definition"], {"kpi": kpi, "version": version}).fetchone()
        versions = connection.execute(NAMED["versions"], {"kpi": kpi}).fetchall()
    if row is None:
        which = f" in version {version!r}" if version and versions else ""
        message = f"no kpi {kpi!r}{which}: GET /v1/kpis{f'/{kpi}' if which else ''} lists them"
        raise NotFound(message)
    found = {
        "kpi": row[0],
        "version": row[1],
        "current": row[3],
        "loaded_at": isoformat(row[4]),
        "definition": row[2],
        "versions": [{"version": v, "loaded_at": isoformat(at), "current": current} for v, at, current in versions],
    }
    return Response(json_bytes(found), media_type="application/json")


@router.get(
    "/kpis/{kpi}/inputs",
    response_model=Listed[Rollup],
    responses=CSV_RESPONSES,
    summary="The hours a KPI value rests on",
)
def list_inputs(request: Request, context: Using, kpi: str, wanted: Annotated[InputsWanted, Query()]) -> Response:
    """The hours behind one value, with datastream, site, class and origin: where the link in its evidence leads."""
    zone = in_city(context, wanted.city, {"kpi": kpi})
    key = wanted.filters() | {"kpi": kpi, "start": instant(wanted.start, zone)}
    return answer(request, context, wanted, _inputs(context, key))


def _inputs(context: Context, key: dict[str, Any]) -> Question:
    """What the value with this key was computed from, as its evidence and its definition say.

    Raises:
        NotFound: nothing was computed for this key.
    """
    with context.reading() as connection:
        row = connection.execute(NAMED["value"], key).fetchone()
        if row is None:
            message = (
                f"no value of {key['kpi']!r} for {key['scope_kind']} {key['scope']!r}, {key['period']} from "
                f"{isoformat(key['start'])}: GET /v1/kpi-values?city={key['city']}&kpi={key['kpi']} lists them"
            )
            raise NotFound(message)
        start, ends, evidence, inputs = row
        specs = inputs or {}
        of_weather = [name for name, spec in specs.items() if spec.get("from_site") == "weather"]
        choice = {
            "properties": None if not specs or "*" in specs else [name for name in specs if name not in of_weather],
            "of_weather": of_weather,
            "classes": evidence.get("class") or None,
            "origins": evidence.get("origin") or None,
        }
        series = [found for (found,) in connection.execute(NAMED["value_series"], key | choice)]
    window = evidence.get("window") or [isoformat(start), isoformat(ends)]
    spans = evidence.get("rests_on") or [window]
    since, until = [parse(span[0]) for span in spans], [parse(span[1]) for span in spans]
    parameters = {"series": series, "since": since, "until": until, "from_": min(since), "to": max(until)}
    five_minutes = any(one.get("from") == "rollup_5m" for one in specs.values())
    listing = ROLLUPS["5m" if five_minutes else "1h"]
    return Question(listing, [*conditions(parameters, ROLLUP_QUERIES), NAMED["where_spans"]], parameters)
