"""KPI definitions, and the hours a value rests on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.kpis.inputs import inputs_of
from api.resources.kpis.queries import KPIS, NAMED
from api.resources.kpis.schemas import Input, InputsWanted, Kpi, KpiDetail, KpisWanted
from api.tables import json_bytes
from api.times import instant
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
    response_model=Listed[Input],
    responses=CSV_RESPONSES,
    summary="The hours a KPI value rests on",
)
def list_inputs(request: Request, context: Using, kpi: str, wanted: Annotated[InputsWanted, Query()]) -> Response:
    """The hours behind one value: where the link in its evidence leads.

    Each with its datastream, device, class and origin, what was counted and left out, and the calibration its values
    went through. They hold all that `inputs_hash` covers: docs/evidence.md shows how to check it. `as_of` gives the
    hours of what was said then, as they stood when it was computed; hours that were still being filled are not kept
    (an hour is kept as it stood once it had stood for ten minutes after its end).
    """
    zone = in_city(context, wanted.city, {"kpi": kpi})
    as_of = None if wanted.as_of is None else instant(wanted.as_of, zone)
    key = wanted.filters() | {"kpi": kpi, "start": instant(wanted.start, zone), "as_of": as_of}
    return answer(request, context, wanted, inputs_of(context, key))
