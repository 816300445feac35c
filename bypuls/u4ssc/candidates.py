"""What a data point's value could be: our measured year, a register's number, what the city reports; and which wins.

The order is ours, and every assessment carries it as `choice_rule`: a reported value that an approved verifier has
verified; then a complete measured year; then a register; then what is reported; last part of a year and simulated or
modelled data. All of them stay visible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bypuls.u4ssc.assessment import Benchmark, Candidate, DataQuality, Fact
from bypuls.u4ssc.catalogue import ComputedBy, Key, Point
from bypuls.u4ssc.plausibility import is_air, is_ug_m3
from bypuls.u4ssc.scoring import value_of
from bypuls.u4ssc.sentences import REASONS, sentence

RANKS = ("verified", "measured", "register", "reported", "part_year")


@dataclass(frozen=True, slots=True)
class KpiYear:
    """The value of one of our KPIs for the whole city and the year, as `kpi_value` has it."""

    kpi: str
    value: float | None
    unit: str
    quality: str
    reason: str | None
    status: str
    coverage: float | None
    evidence: Mapping[str, Any]
    version: str
    start: datetime
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class Stated:
    """A value that is reported or read from a register, as `reported_value` has it; without a value: stated as NR."""

    code: str
    data_point: str
    origin: Literal["reported", "register"]
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    unit: str = ""
    data_quality: DataQuality = "unknown_method"
    data_origin: str | None = None
    source: str | None = None
    comment: str | None = None
    evidence: Mapping[str, Any] | None = None
    verified: Literal["yes", "no", "unknown"] = "unknown"
    changed_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Code and data point."""
        return self.code, self.data_point


@dataclass(frozen=True, slots=True)
class CityYear:
    """What is known of a city's year.

    Attributes:
        measured: our KPIs' values of the whole city and the year, by KPI.
        last_year: reported and register values of the year before.
    """

    city: str
    year: int
    facts: Mapping[str, Fact] = field(default_factory=dict)
    measured: Mapping[str, KpiYear] = field(default_factory=dict)
    stated: Sequence[Stated] = ()
    last_year: Sequence[Stated] = ()
    benchmarks: Mapping[Key, Benchmark] = field(default_factory=dict)


def candidates_of(point: Point, known: CityYear) -> Iterator[Candidate]:
    """Every value the data point could have, and those it cannot, each with its reason."""
    if point.computed_by:
        yield _measured(point, point.computed_by, known)
    for stated in known.stated:
        if stated.key == point.key:
            yield _stated(point, stated)


def rank(candidate: Candidate) -> int:
    """The place of a candidate in `RANKS`: the lowest is the value."""
    if candidate.origin == "measured":
        return RANKS.index("part_year" if candidate.provisional or candidate.simulated else "measured")
    if candidate.origin == "reported" and candidate.verified == "yes":
        return RANKS.index("verified")
    return RANKS.index(candidate.origin)


def _stated(point: Point, row: Stated) -> Candidate:
    value = row.value if row.value is not None else value_of(row.numerator, row.denominator, point.multiplier)
    reason: str | None = None
    text: dict[str, str] | None = None
    if value is None:
        comment = f": {row.comment}" if row.comment else ""
        reason, text = "stated_not_reported", sentence(REASONS["stated_not_reported"], comment=comment)
    elif row.unit and is_air(point) and not is_ug_m3(row.unit):  # elsewhere units are words: plausibility asks
        reason, text = "stated_in_other_unit", sentence(REASONS["stated_in_other_unit"], unit=row.unit)
    return Candidate(
        origin=row.origin,
        value=value,
        unit=row.unit or point.unit,
        usable=reason is None,
        numerator=row.numerator,
        denominator=row.denominator,
        data_quality=row.data_quality,
        data_origin=row.data_origin,
        source=row.source,
        comment=row.comment,
        verified=row.verified,
        reason=reason,
        reason_text=text,
        evidence=dict(row.evidence) if row.evidence else None,
        changed_at=row.changed_at,
    )


def _measured(point: Point, by: ComputedBy, known: CityYear) -> Candidate:
    """Our KPI's year as the data point's value, or why it is none."""
    row = known.measured.get(by.kpi)
    if row is None:
        return _no_measured(point, "not_computed", kpi=by.kpi)
    origins, classes = [*row.evidence.get("origin", [])], [*row.evidence.get("class", [])]
    reason, numbers = _unusable(by, row, known)
    numerator: float | None = None
    denominator = _denominator(by, known)
    value = None if row.value is None else row.value * by.factor
    if value is not None and by.denominator_fact and denominator:
        numerator, value = value, value / denominator
    simulated = any(origin != "measured" for origin in origins)
    accurate = not simulated and (not by.classes or {*classes} <= {*by.classes})
    return Candidate(
        origin="measured",
        value=None if reason in {"other_unit", "fact_unknown", "undefined"} else value,
        unit=point.unit,
        usable=reason is None,
        numerator=numerator,
        denominator=denominator if numerator is not None else None,
        data_quality="accurate_measurement" if accurate else "assumption_estimate",
        source=f"Bypuls {by.kpi} {row.version[:19]}",
        provisional=row.status == "provisional",
        simulated=simulated,
        origins=origins,
        classes=classes,
        coverage=row.coverage,
        reason=reason,
        reason_text=None if reason is None else sentence(REASONS[reason], **numbers),
        evidence=_evidence(row),
        changed_at=row.computed_at,
    )


def _no_measured(point: Point, reason: str, **numbers: str) -> Candidate:
    text = sentence(REASONS[reason], **numbers)
    return Candidate(origin="measured", value=None, unit=point.unit, usable=False, reason=reason, reason_text=text)


def _evidence(row: KpiYear) -> dict[str, Any]:
    kept = ("hours", "days", "sites", "sites_expected", "inputs", "inputs_hash", "estimate", "standard_status")
    return {
        "kpi": row.kpi,
        "version": row.version,
        "status": row.status,
        "start": row.start.isoformat().replace("+00:00", "Z"),
    } | {name: row.evidence[name] for name in kept if name in row.evidence}


def _denominator(by: ComputedBy, known: CityYear) -> float | None:
    fact = known.facts.get(by.denominator_fact) if by.denominator_fact else None
    return fact.value if fact else None


def _unusable(by: ComputedBy, row: KpiYear, known: CityYear) -> tuple[str | None, dict[str, float | str]]:
    if row.value is None or row.quality == "undefined":
        return "undefined", {"kpi": by.kpi, "reason": row.reason or "-"}
    if row.quality != "ok":
        return "insufficient", {"kpi": by.kpi, "reason": row.reason or "-", "coverage": 100 * (row.coverage or 0.0)}
    if row.unit != by.unit:
        return "other_unit", {"kpi": by.kpi, "unit": row.unit, "expected": by.unit}
    return _lacking(by, known)


def _lacking(by: ComputedBy, known: CityYear) -> tuple[str | None, dict[str, float | str]]:
    """Which fact of the city a sum over meters lacks to be the city's."""
    if by.share_fact:
        share = known.facts.get(by.share_fact)
        if share is None:
            return "share_unknown", {"fact": by.share_fact}
        if share.value < by.share_at_least:
            return "share_too_low", {"share": 100 * share.value, "needed": 100 * by.share_at_least}
    if by.denominator_fact and not _denominator(by, known):
        return "fact_unknown", {"fact": by.denominator_fact}
    return None, {}
