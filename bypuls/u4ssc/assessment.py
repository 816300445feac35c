"""What an assessment of a city's year says: every KPI and data point of U4SSC with its state. Made by `judging`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from bypuls.u4ssc.plausibility import Finding
from bypuls.u4ssc.scoring import Band, Score

State = Literal["measured", "register", "reported", "missing"]
DataQuality = Literal[
    "accurate_measurement",
    "survey_extrapolation",
    "higher_level_extrapolation",
    "assumption_estimate",
    "personal_estimate",
    "unknown_method",
]
"""The six levels of the Verification Manual (2022) p.163, best first."""

STATES: tuple[State, ...] = ("measured", "register", "reported", "missing")
Both = dict[str, str]
"""A text in both languages: en, nb."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A number about the city as it stood at the end of the year."""

    name: str
    value: float
    unit: str
    valid_from: date
    source: str
    status: str | None = None


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What is 0 and 100 percent of target: configured, because U4SSC does not publish its numbers."""

    start: float
    target: float
    source: str
    valid_from: date


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One value that the data point could have; the one that is `used` is its value.

    Attributes:
        value: in the data point's unit; None where there is none, with its `reason`.
        usable: it is a value of the whole city and year.
        provisional: part of a year.
        simulated: not all of it was measured.
        evidence: of a measured value: kpi, version, status, start, hours, inputs (the link), inputs_hash; of a
            register's: table, cells and the file's hash.
    """

    origin: Literal["measured", "register", "reported"]
    value: float | None
    unit: str
    usable: bool
    used: bool = False
    numerator: float | None = None
    denominator: float | None = None
    data_quality: DataQuality | None = None
    data_origin: str | None = None
    source: str | None = None
    comment: str | None = None
    verified: Literal["yes", "no", "unknown"] | None = None
    provisional: bool = False
    simulated: bool = False
    origins: list[str] = []
    classes: list[str] = []
    coverage: float | None = None
    reason: str | None = None
    reason_text: Both | None = None
    evidence: dict[str, Any] | None = None
    changed_at: datetime | None = None


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A KPI of ours that tells of the same matter and is not the data point's value; `estimate`: it says so itself."""

    kpi: str
    value: float | None
    unit: str
    quality: str
    estimate: bool
    provisional: bool
    origins: list[str]
    inputs: str | None


class PointResult(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 112 data points.

    Attributes:
        data_point: "" where the KPI has one value only.
        value: None where it is missing; yes and no are 1 and 0.
        unverified: the definition was not fully read in ITU documents.
        percent: of target; may lie below 0 or above 100.
        points: 1 to 4; None without a value or a benchmark.
        won: why this candidate is the value.
        reason: why there is none.
    """

    code: str
    data_point: str
    name: Both
    unit: str
    state: State
    unverified: bool
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    data_quality: DataQuality | None = None
    source: str | None = None
    provisional: bool = False
    simulated: bool = False
    benchmark: Benchmark | None = None
    percent: float | None = None
    points: int | None = None
    band: Band | None = None
    evidence: dict[str, Any] | None = None
    won: Both | None = None
    reason: str | None = None
    reason_text: Both | None = None
    candidates: list[Candidate] = []
    notes: list[Both] = []


class KpiResult(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 91 KPIs.

    Attributes:
        state: of its data points; where they differ the first of measured, register, reported that one of them is.
        complete: every data point has a value.
        formula: numerator, denominator and multiplier in words.
        verification: how much of the definition was read where.
    """

    code: str
    name: Both
    definition: Both
    dimension: Both
    sub_dimension: Both
    category: Both
    level: Literal["core", "advanced"]
    kind: str | None
    sdg: list[str]
    direction: str
    formula: str
    state: State
    complete: bool
    unverified: bool
    unverified_fields: list[str]
    verification: str
    sensor_computable: str
    target_images: list[str]
    principles: list[int]
    data_points: list[PointResult]
    beside: list[Beside] = []


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension, sub-dimension or category with its score, and how much of it has a value and is scored."""

    level: Literal["dimension", "sub_dimension", "category"]
    dimension: Both
    sub_dimension: Both | None = None
    category: Both | None = None
    score: Score
    total: int
    with_value: int
    scored: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many are in which state; the last five are flags beside it."""

    total: int
    measured: int
    register: int
    reported: int
    missing: int
    unverified: int
    incomplete: int
    provisional: int
    simulated: int
    scored: int


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A city's year by U4SSC, as far as it is known.

    Attributes:
        label: "computed by Bypuls, not U4SSC-verified"; part of every output.
        kpis: all 91, in the catalogue's order, each with all its data points.
        findings: what a verifier would ask about the reported and register values.
    """

    city: str
    year: int
    label: Both
    catalogue_version: str
    percent_rule: Both
    choice_rule: Both
    kpi_counts: Counts
    point_counts: Counts
    groups: list[Group]
    kpis: list[KpiResult]
    facts: list[Fact] = []
    findings: list[Finding] = []
    notes: list[Both] = []

    @property
    def points(self) -> list[PointResult]:
        """All data points, in the catalogue's order."""
        return [point for kpi in self.kpis for point in kpi.data_points]

    @property
    def missing(self) -> list[PointResult]:
        """The data points without a value, each with its reason."""
        return [point for point in self.points if point.state == "missing"]
