"""Collects a city's year from the database: everything a snapshot holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Protocol

import yaml
from psycopg.rows import dict_row

from bypuls.effect_words import METHOD
from bypuls.errors import NotAllowed, NotFound
from bypuls.method import fingerprint, full_method_of, standards_of
from bypuls.snapshot import (
    CityHead,
    Content,
    DataNote,
    Fact,
    KpiResult,
    TargetResult,
    TrendResult,
    Versions,
)
from bypuls.snapshot_effects import EffectResult
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.standard_numbers import NumbersInTime, numbers_in_time
from processors.reports.assessed import Assessed
from processors.reports.notes import notes_of

_SQL = queries("processors.reports", "collection.sql")


class Sources(Protocol):
    """Where the parts come from that other rooms of the kernel compute."""

    def assessed(self, connection: Connection, city: str, year: int) -> Assessed | None:
        """The year by the KPIs of U4SSC."""

    def trends(self, connection: Connection, city: str, year: int) -> list[TrendResult]:
        """Series of years up to this one."""

    def targets(self, connection: Connection, city: str, year: int) -> list[TargetResult]:
        """Targets and where the city stands."""

    def effects(self, connection: Connection, city: str, year: int) -> list[EffectResult]:
        """What changed after measures, by the months up to the year's end."""


def collect(
    connection: Connection,
    city: str,
    year: int,
    sources: Sources,
    *,
    notes: Sequence[DataNote] = (),
    demonstration: bool = False,
) -> Content:
    """A city's year, in one transaction of one moment.

    Args:
        connection: in a transaction that sees one moment (repeatable read).
        city: slug.
        year: of the values.
        sources: what assesses, tests for trends, judges targets and compares the months after measures.
        notes: what people know of the data beside what the evidence says.
        demonstration: take simulated data too, and say so.

    Raises:
        NotFound: there is no such city.
        NotAllowed: some of it is simulated and this is no demonstration.
    """
    head = _city(connection, city, year)
    connection.execute(_SQL["see_open_data_only"])
    rows = _rows(connection, "values", city, year)
    then = numbers_in_time(connection)
    results = [_result(row, head, then) for row in rows]
    assessed = sources.assessed(connection, city, year)
    effects = sources.effects(connection, city, year)
    any_of_it = (*(one.simulated for one in effects), bool(assessed and assessed.simulated))
    simulated = _check_simulated(connection, city, year, results, any_of_it, demonstration=demonstration)
    assessment, catalogue = (assessed.assessment, assessed.catalogue) if assessed else (None, None)
    numbers = _numbers(rows, then)
    return Content(
        city=head,
        year=year,
        demonstration=simulated,
        versions=Versions(
            program=version("bypuls"),
            u4ssc_catalogue=catalogue,
            definitions={result.kpi: result.version for result in results},
            standards=_standards(rows),
            method=_method(results, numbers, catalogue),
            numbers=numbers,
        ),
        u4ssc=assessment,
        kpis=results,
        targets=sources.targets(connection, city, year),
        trends=sources.trends(connection, city, year),
        effects=effects,
        missing=assessed.missing if assessed else [],
        notes=[*notes, *notes_of(rows, results, assessment), *(assessed.notes if assessed else [])],
        method=_method_texts() + ([dict(METHOD)] if effects else []),
    )


def _method_texts() -> list[dict[str, str]]:
    text = files("processors.reports").joinpath("method.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


def _rows(connection: Connection, name: str, city: str, year: int) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_SQL[name], {"city": city, "year": year}).fetchall()


def _city(connection: Connection, city: str, year: int) -> CityHead:
    found = _rows(connection, "city", city, year)
    if not found:
        message = f"no city {city!r}: 'bypuls city add FILE' adds one"
        raise NotFound(message)
    row = found[0]
    facts = [Fact(**fact) for fact in _rows(connection, "facts", city, year)]
    return CityHead(**row, facts=facts)


def _check_simulated(
    connection: Connection,
    city: str,
    year: int,
    results: Iterable[KpiResult],
    others: Iterable[bool],
    *,
    demonstration: bool,
) -> bool:
    simulated, datastreams = connection.execute(_SQL["simulated"], {"city": city, "year": year}).fetchall()[0]
    any_simulated = simulated > 0 or any("simulated" in result.origins for result in results) or any(others)
    if any_simulated and not demonstration:
        message = (
            f"{city} {year} holds simulated data ({simulated} of {datastreams} datastreams) and a report is about a "
            "real city: --demonstration makes one that says so on every page"
        )
        raise NotAllowed(message)
    return any_simulated


def _result(row: Mapping[str, Any], head: CityHead, numbers: NumbersInTime) -> KpiResult:
    definition, evidence, detail = row["document"], row["evidence"], row["detail"] or {}
    name = head.name.get("en", head.slug) if row["scope_kind"] == "city" else row["scope_name"]
    return KpiResult(
        kpi=row["kpi"],
        title=definition["title"],
        domain=definition["domain"],
        scope_kind=row["scope_kind"],
        scope=row["scope"],
        scope_name=name,
        period=row["period"],
        start=row["start"].astimezone(UTC),
        ends=row["ends"].astimezone(UTC),
        value=row["value"],
        unit=row["unit"],
        band=row["band"],
        limit=_number(detail.get("limit")),
        allowed=_number(detail.get("allowed")),
        decided_by=row["decided_by"],
        direction=definition["direction"],
        status=row["status"],
        quality=row["quality"],
        reason=row["reason"],
        coverage=row["coverage"],
        classes=sorted(evidence.get("class", [])),
        origins=sorted(evidence.get("origin", [])),
        judges_law=bool(definition.get("judges_law")),
        indicative=bool(evidence.get("indicative")),
        standard=evidence.get("standard"),
        standard_status=evidence.get("standard_status"),
        version=row["version"],
        method=full_method_of(definition, numbers.at(row["computed_at"]), evidence.get("standard")),
        evidence=evidence.get("inputs_hash"),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numbers(rows: Iterable[Mapping[str, Any]], numbers: NumbersInTime) -> dict[str, str]:
    """Fingerprints of the numbers of the standards that any value rests on, by id: the newest of them."""
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row["computed_at"]):
        found |= standards_of(row["document"], numbers.at(row["computed_at"]), row["evidence"].get("standard"))
    return found


def _method(results: Iterable[KpiResult], numbers: Mapping[str, str], catalogue: str | None) -> str:
    """One fingerprint of how everything here was computed; a KPI may have values of more than one version."""
    return fingerprint([sorted({(one.kpi, one.method) for one in results}), numbers, catalogue])


def _standards(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for row in rows:
        evidence = row["evidence"]
        if evidence.get("standard"):
            status = evidence.get("standard_status") or "verified"
            found[evidence["standard"]] = f"{evidence.get('edition') or '-'} ({status})"
    return found
