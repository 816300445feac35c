"""U4SSC: its KPIs, a city's year by them, its benchmarks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Context, Using
from api.given import OfCity, columns_of, known_city, listed
from api.listing import CSV_RESPONSES, Listed, in_city, wants_csv
from api.resources.u4ssc.rows import ASSESSMENT_COLUMNS, of_assessment, of_catalogue
from api.resources.u4ssc.schemas import (
    Assessment,
    Benchmark,
    BenchmarkPlace,
    BenchmarkSent,
    CatalogueWanted,
    DataPoint,
    Entity,
    ExportWanted,
    YearWanted,
)
from api.times import instant
from bypuls.storage.u4ssc import assess, benchmarks_of, remove_benchmark, set_benchmarks
from bypuls.u4ssc.assessment import Assessment as Assessed
from bypuls.u4ssc.benchmarks import BenchmarkSetting
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.fiware import entities

router = APIRouter(tags=["U4SSC"])


@router.get("/u4ssc", response_model=Listed[DataPoint], responses=CSV_RESPONSES, summary="The KPIs of U4SSC")
def list_data_points(request: Request, wanted: Annotated[CatalogueWanted, Query()]) -> Response:
    """The 91 KPIs with their 112 data points, and how much of each definition was read in ITU's documents."""
    return listed(request, wanted.format, of_catalogue(load_catalogue()), columns_of(DataPoint))


@router.get("/u4ssc/assessment", response_model=Assessment, responses=CSV_RESPONSES, summary="A city's year by U4SSC")
def get_assessment(request: Request, context: Using, wanted: Annotated[YearWanted, Query()]) -> Response:
    """Every KPI and data point with its state: measured, register, reported or missing, and why.

    With candidates that were not used, scores by group, and what a verifier would ask. As CSV: a row per data point.
    Computed by Bypuls, not U4SSC-verified. `as_of`: of what was known at a time, by the catalogue of today.
    """
    as_of = None if wanted.as_of is None else instant(wanted.as_of, in_city(context, wanted.city, {}))
    found = _assessed(context, wanted.city, wanted.year, as_of)
    if wants_csv(request, wanted.format):
        return listed(request, "csv", of_assessment(found), ASSESSMENT_COLUMNS)
    return Response(msgspec.json.encode(found), headers={"Vary": "Accept"}, media_type="application/json")


@router.get("/u4ssc/fiware", response_model=list[Entity], summary="A city's year for a FIWARE context broker")
def get_entities(context: Using, wanted: Annotated[ExportWanted, Query()]) -> Response:
    """The data points with a value as KeyPerformanceIndicator entities (Smart Data Models 0.2.1).

    As NGSI-LD or normalized NGSI-v2. Computed by Bypuls, not U4SSC-verified: each entity says so.
    """
    found = entities(_assessed(context, wanted.city, wanted.year), wanted.form, wanted.language)
    kind = "application/ld+json" if wanted.form == "ngsi-ld" else "application/json"
    return Response(msgspec.json.encode(found), media_type=kind)


@router.get(
    "/u4ssc/benchmarks", response_model=Listed[Benchmark], responses=CSV_RESPONSES, summary="Benchmarks of a city"
)
def list_benchmarks(request: Request, context: Using, wanted: Annotated[OfCity, Query()]) -> Response:
    """What 0 and 100 percent of target are. U4SSC publishes no numbers: these are the city's, each with its source."""
    known_city(context, wanted.city)
    with context.reading() as connection:
        found = benchmarks_of(connection, wanted.city)
    rows = [_row(wanted.city, one) for one in found]
    return listed(request, wanted.format, rows, columns_of(Benchmark))


@router.put("/u4ssc/benchmarks", response_model=Benchmark, summary="Set a benchmark")
def put_benchmark(
    context: Using, holder: Admin, place: Annotated[BenchmarkPlace, Query()], sent: BenchmarkSent
) -> Response:
    """Set what 0 and 100 percent of target are, from a day on. Needs an admin token; leaves an audit row."""
    check_city(holder, place.city)
    known_city(context, place.city)
    code, data_point = load_catalogue().point(place.code, place.data_point).key
    one = BenchmarkSetting(code, data_point, place.valid_from, sent.start, sent.target, sent.source)
    with context.writing() as connection:
        set_benchmarks(connection, place.city, [one], holder.name)
    return Response(msgspec.json.encode(_row(place.city, one)), media_type="application/json")


@router.delete("/u4ssc/benchmarks", status_code=204, summary="Take a benchmark away")
def delete_benchmark(context: Using, holder: Admin, place: Annotated[BenchmarkPlace, Query()]) -> Response:
    """Take a benchmark away that was set by mistake. Needs an admin token; leaves an audit row with what it was."""
    check_city(holder, place.city)
    known_city(context, place.city)
    with context.writing() as connection:
        remove_benchmark(connection, place.city, place.code, place.data_point, place.valid_from, holder.name)
    return Response(status_code=204)


def _assessed(context: Context, city: str, year: int, as_of: datetime | None = None) -> Assessed:
    known_city(context, city)
    with context.reading() as connection:
        return assess(connection, city, year, as_of=as_of)


def _row(city: str, one: BenchmarkSetting) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(one)
    return {"city": city} | row | {"label": msgspec.to_builtins(load_catalogue().meta.label)}
