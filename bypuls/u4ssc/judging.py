"""Makes an assessment of what is known of a city's year: states, scores, what is missing and what to ask. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, cast

import msgspec

from bypuls.u4ssc.assessment import (
    STATES,
    Assessment,
    Beside,
    Candidate,
    Counts,
    Group,
    KpiResult,
    PointResult,
    State,
)
from bypuls.u4ssc.candidates import RANKS, CityYear, KpiYear, candidates_of, rank
from bypuls.u4ssc.catalogue import Key, Kpi, Point, U4sscCatalogue
from bypuls.u4ssc.plausibility import Entry, Finding, Known, check_reporting, check_values
from bypuls.u4ssc.scoring import PERCENT_RULE, band_of, percent_of_target, points_of, score_of
from bypuls.u4ssc.sentences import NOTES, REASONS, WON, sentence

LEVELS: tuple[Literal["dimension", "sub_dimension", "category"], ...] = ("dimension", "sub_dimension", "category")
CHOICE_RULE = {
    "en": "of several values: reported and verified by an approved verifier, a complete measured year, register, "
    "reported, part of a year or simulated (Bypuls' rule)",
    "nb": "av flere verdier: rapportert og verifisert av godkjent verifikatør, fullstendig målt år, register, "
    "rapportert, del av et år eller simulert (regelen er Bypuls' egen)",
}


def judge(catalogue: U4sscCatalogue, known: CityYear) -> Assessment:
    """The assessment of a city's year: all 91 KPIs and 112 data points are in it, whatever is known."""
    kpis = [_kpi(catalogue, kpi, known) for kpi in catalogue.kpis.values()]
    points = [point for kpi in kpis for point in kpi.data_points]
    return Assessment(
        city=known.city,
        year=known.year,
        label=msgspec.to_builtins(catalogue.meta.label),
        catalogue_version=catalogue.version,
        percent_rule=PERCENT_RULE,
        choice_rule=CHOICE_RULE,
        kpi_counts=_counts(kpis),
        point_counts=_counts(points),
        groups=list(_groups(kpis)),
        kpis=kpis,
        facts=sorted(known.facts.values(), key=lambda fact: fact.name),
        findings=_findings(catalogue, known, points),
    )


def _kpi(catalogue: U4sscCatalogue, kpi: Kpi, known: CityYear) -> KpiResult:
    points = [_point(point, known) for point in catalogue.of(kpi.code)]
    return KpiResult(
        code=kpi.code,
        name=msgspec.to_builtins(kpi.name),
        definition=msgspec.to_builtins(kpi.definition),
        dimension=catalogue.group(kpi.dimension),
        sub_dimension=catalogue.group(kpi.sub_dimension),
        category=catalogue.group(kpi.category),
        level=kpi.level,
        kind=kpi.kind,
        sdg=kpi.sdg,
        direction=kpi.direction,
        formula=kpi.formula,
        state=min((point.state for point in points), key=STATES.index),
        complete=all(point.state != "missing" for point in points),
        unverified=kpi.unverified,
        unverified_fields=kpi.unverified_fields,
        verification=kpi.verification,
        sensor_computable=kpi.sensor_computable,
        target_images=kpi.themes.target_images,
        principles=kpi.themes.principles,
        data_points=points,
        beside=[_beside(known.measured[name]) for name in kpi.beside if name in known.measured],
    )


def _beside(row: KpiYear) -> Beside:
    return Beside(
        kpi=row.kpi,
        value=row.value,
        unit=row.unit,
        quality=row.quality,
        estimate=bool(row.evidence.get("estimate")),
        provisional=row.status == "provisional",
        origins=list(row.evidence.get("origin", [])),
        inputs=row.evidence.get("inputs"),
    )


# --- one data point --------------------------------------------------------------------------------------------------


def _point(point: Point, known: CityYear) -> PointResult:
    candidates = list(candidates_of(point, known))
    usable = [one for one in candidates if one.usable]
    best = min(usable, key=rank, default=None)
    shown = [msgspec.structs.replace(one, used=True) if one is best else one for one in candidates]
    base = PointResult(
        code=point.kpi.code,
        data_point=point.data_point,
        name=msgspec.to_builtins(point.name),
        unit=point.unit,
        state="missing",
        unverified=point.kpi.unverified,
        benchmark=known.benchmarks.get(point.key),
        candidates=shown,
    )
    if best is None or best.value is None:
        reason, text = _why_missing(candidates)
        return msgspec.structs.replace(base, reason=reason, reason_text=text, notes=list(_notes(point, base, None)))
    percent = points = band = None
    if base.benchmark is not None:
        percent = percent_of_target(best.value, base.benchmark.start, base.benchmark.target)
        band = band_of(percent)
        points = points_of(band)
    return msgspec.structs.replace(
        base,
        state=cast("State", best.origin),
        value=best.value,
        numerator=best.numerator,
        denominator=best.denominator,
        data_quality=best.data_quality,
        source=best.source,
        provisional=best.provisional,
        simulated=best.simulated,
        percent=percent,
        points=points,
        band=band,
        evidence=best.evidence,
        won=dict(WON["only" if len(usable) == 1 else RANKS[rank(best)]]),
        notes=list(_notes(point, base, best)),
    )


def _why_missing(candidates: Sequence[Candidate]) -> tuple[str, dict[str, str]]:
    """What the city says first, then why nothing was measured."""
    for one in sorted(candidates, key=lambda one: one.origin == "measured"):
        if one.reason and one.reason_text:
            return one.reason, one.reason_text
    return "not_reported", dict(REASONS["not_reported"])


def _notes(point: Point, base: PointResult, best: Candidate | None) -> Iterator[dict[str, str]]:
    if point.kpi.unverified:
        yield sentence(NOTES["unverified"], fields=", ".join(point.kpi.unverified_fields))
    if best is not None and best.provisional:
        yield dict(NOTES["provisional"])
    if best is not None and best.simulated:
        yield sentence(NOTES["simulated"], origins=", ".join(best.origins))
    if best is not None and _is_estimate(point, best):
        yield sentence(NOTES["indicative"], classes=", ".join(best.classes))
    mark = base.benchmark
    if mark is None:
        return
    if not point.scored:
        yield dict(NOTES["no_benchmark_in_u4ssc"])
    if point.kpi.direction == "none_stated":
        yield dict(NOTES["direction_not_stated"])
    elif (point.kpi.direction == "higher_better") != (mark.target > mark.start):
        yield sentence(NOTES["against_direction"], direction=point.kpi.direction)


def _is_estimate(point: Point, best: Candidate) -> bool:
    by = point.computed_by
    return best.origin == "measured" and by is not None and bool(by.classes) and not {*best.classes} <= {*by.classes}


# --- the whole -------------------------------------------------------------------------------------------------------


def _counts(results: Sequence[KpiResult] | Sequence[PointResult]) -> Counts:
    states = [one.state for one in results]
    parts = [one.data_points if isinstance(one, KpiResult) else [one] for one in results]
    return Counts(
        total=len(states),
        measured=states.count("measured"),
        register=states.count("register"),
        reported=states.count("reported"),
        missing=states.count("missing"),
        unverified=sum(one.unverified for one in results),
        incomplete=sum(isinstance(one, KpiResult) and not one.complete and one.state != "missing" for one in results),
        provisional=sum(any(part.provisional for part in points) for points in parts),
        simulated=sum(any(part.simulated for part in points) for points in parts),
        scored=sum(any(part.points is not None for part in points) for points in parts),
    )


def _groups(kpis: Iterable[KpiResult]) -> Iterator[Group]:
    """Every dimension, each followed by its sub-dimensions and their categories; points are summed at each level."""
    members: dict[tuple[str, ...], list[KpiResult]] = {}
    for kpi in kpis:
        path: tuple[str, ...] = (kpi.dimension["en"], kpi.sub_dimension["en"], kpi.category["en"])
        for depth in range(len(path)):
            members.setdefault(path[: depth + 1], []).append(kpi)
    order = list(members)
    for path in sorted(order, key=lambda path: [order.index(path[: depth + 1]) for depth in range(len(path))]):
        first, level = members[path][0], LEVELS[len(path) - 1]
        points = [point for kpi in members[path] for point in kpi.data_points]
        yield Group(
            level=level,
            dimension=first.dimension,
            sub_dimension=first.sub_dimension if level != "dimension" else None,
            category=first.category if level == "category" else None,
            score=score_of(point.points for point in points),
            total=len(points),
            with_value=sum(point.state != "missing" for point in points),
            scored=sum(point.points is not None for point in points),
        )


def _findings(catalogue: U4sscCatalogue, known: CityYear, points: Iterable[PointResult]) -> list[Finding]:
    """Of what was reported, and of registers where nothing was."""
    entries: dict[Key, Entry] = {}
    before: dict[Key, float] = {}
    for origin in ("register", "reported"):
        for row in known.stated:
            if row.origin == origin and (row.value is not None or row.numerator is not None):
                entries[row.key] = Entry(
                    value=row.value, numerator=row.numerator, denominator=row.denominator, unit=row.unit or None
                )
        before |= {row.key: row.value for row in known.last_year if row.origin == origin and row.value is not None}
    facts = {fact.name: fact.value for fact in known.facts.values()}
    return [
        *check_reporting(catalogue, {(point.code, point.data_point) for point in points if point.state != "missing"}),
        *check_values(catalogue, entries, Known(facts=facts, last_year=before)),
    ]
