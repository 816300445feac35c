"""The assessment by U4SSC's KPIs as a snapshot holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bypuls.snapshot import (
    Benchmark,
    Category,
    DataNote,
    DataPoint,
    DataState,
    Dimension,
    Missing,
    Score,
    SubDimension,
    U4sscAssessment,
    U4sscKpi,
)
from bypuls.snapshot_effects import Texts
from bypuls.u4ssc import assessment as u4ssc
from processors.reports.wording import LANGUAGES, both


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for a KPI, and until when."""

    unit: str
    deadline: date | None


@dataclass(frozen=True, slots=True)
class Assessed:
    """What is known of the year by the KPIs of U4SSC, and with which catalogue."""

    assessment: U4sscAssessment
    missing: list[Missing]
    catalogue: str
    simulated: bool = False
    notes: Sequence[DataNote] = ()


def as_assessed(found: u4ssc.Assessment, asked: Mapping[str, Asked]) -> Assessed:
    """Everything of an assessment; `asked` has who holds which KPI's data, by code."""
    assessment = U4sscAssessment(
        label=found.label,
        kpi_states=_states(found.kpi_counts),
        data_point_states=_states(found.point_counts),
        unverified_kpis=found.kpi_counts.unverified,
        unverified_data_points=found.point_counts.unverified,
        dimensions=_dimensions(found),
    )
    return Assessed(
        assessment,
        [_missing(kpi, point, asked.get(kpi.code)) for kpi, point in _points(found) if point.state == "missing"],
        found.catalogue_version,
        simulated=found.point_counts.simulated > 0,
        notes=[*_findings(found)],
    )


def _points(found: u4ssc.Assessment) -> Iterable[tuple[u4ssc.KpiResult, u4ssc.PointResult]]:
    return ((kpi, point) for kpi in found.kpis for point in kpi.data_points)


def _states(counts: u4ssc.Counts) -> dict[DataState, int]:
    return {
        "measured": counts.measured,
        "register": counts.register,
        "reported": counts.reported,
        "missing": counts.missing,
    }


def _dimensions(found: u4ssc.Assessment) -> list[Dimension]:
    scores = {(group.level, *_path(group)): _score(group) for group in found.groups}
    dimensions: list[Dimension] = []
    for kpi in found.kpis:
        names = kpi.dimension["en"], kpi.sub_dimension["en"], kpi.category["en"]
        if not dimensions or dimensions[-1].name != kpi.dimension:
            score = scores["dimension", names[0], "", ""]
            dimensions.append(Dimension(name=kpi.dimension, score=score, sub_dimensions=[]))
        parts = dimensions[-1].sub_dimensions
        if not parts or parts[-1].name != kpi.sub_dimension:
            score = scores["sub_dimension", names[0], names[1], ""]
            parts.append(SubDimension(name=kpi.sub_dimension, score=score, categories=[]))
        categories = parts[-1].categories
        same = next((one for one in categories if one.name == kpi.category), None)
        if same is None:
            same = Category(name=kpi.category, score=scores["category", *names], kpis=[])
            categories.append(same)
        same.kpis.append(_kpi(kpi))
    return dimensions


def _path(group: u4ssc.Group) -> tuple[str, str, str]:
    parts = (group.dimension, group.sub_dimension, group.category)
    dimension, sub_dimension, category = (part["en"] if part else "" for part in parts)
    return dimension, sub_dimension, category


def _score(group: u4ssc.Group) -> Score:
    score = group.score
    return Score(points=score.points, possible=score.possible, percent=score.percent, band=score.band)


def _kpi(kpi: u4ssc.KpiResult) -> U4sscKpi:
    return U4sscKpi(
        code=kpi.code,
        name=kpi.name,
        level=kpi.level,
        kind=kpi.kind,
        state=kpi.state,
        unverified=kpi.unverified,
        sdg=kpi.sdg,
        data_points=[_point(kpi, point) for point in kpi.data_points],
    )


def _point(kpi: u4ssc.KpiResult, point: u4ssc.PointResult) -> DataPoint:
    used = next((candidate for candidate in point.candidates if candidate.used), None)
    evidence = point.evidence or {}
    return DataPoint(
        id=point.data_point,
        name=point.name,
        state=point.state,
        value=point.value,
        unit=point.unit,
        direction=kpi.direction,
        percent=point.percent,
        points=point.points,
        band=point.band,
        benchmark=_benchmark(point.benchmark),
        quality=point.data_quality,
        origin=used.origin if used else None,
        source=point.source,
        unverified=point.unverified,
        provisional=point.provisional,
        simulated=point.simulated,
        reason=point.reason,
        coverage=used.coverage if used else None,
        kpi=evidence.get("kpi"),
        evidence=evidence.get("inputs_hash") or evidence.get("hash"),
        notes=point.notes,
    )


def _benchmark(found: u4ssc.Benchmark | None) -> Benchmark | None:
    if found is None:
        return None
    return Benchmark(target=found.target, start=found.start, source=found.source, valid_from=found.valid_from)


def _missing(kpi: u4ssc.KpiResult, point: u4ssc.PointResult, asked: Asked | None) -> Missing:
    several = len(kpi.data_points) > 1
    name: Texts = {
        language: f"{kpi.name[language]}: {point.name[language]}" if several else kpi.name[language]
        for language in LANGUAGES
    }
    how: Texts = both(f"fill.{kpi.sensor_computable}")
    if point.reason_text and point.reason not in {"not_reported", "stated_not_reported"}:
        # Computed, and why not: that is what is to be mended.
        how = {language: f"{point.reason_text[language].rstrip('.')}. {how[language]}" for language in LANGUAGES}
    return Missing(
        code=kpi.code,
        data_point=point.data_point,
        name=name,
        who=asked.unit if asked else None,
        deadline=asked.deadline if asked else None,
        sensors=kpi.sensor_computable != "no",
        how=how,
    )


def _findings(found: u4ssc.Assessment) -> Iterable[DataNote]:
    for finding in found.findings:
        subject = f"{finding.code.replace(' ', '')} {finding.data_point}".strip() or "U4SSC"
        yield DataNote(kind="other", subject=subject, text=finding.text, source=finding.source)
    for text in found.notes:
        yield DataNote(kind="other", subject="U4SSC", text=text)
