"""The city snapshot: what a report says, as data that another installation can read and compare.

`Snapshot.content` holds no clock, no run and no machine, so the same inputs give the same sha256; `made_at` stands
beside it. `bypuls.snapshot_file` seals, writes and reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec

from bypuls.snapshot_effects import EffectResult, Texts

# Every part is read strictly (forbid_unknown_fields): an unknown member is another format, not a detail.
FORMAT: Final = "bypuls-city-snapshot"
FORMAT_VERSION: Final = 3
"""2 says of every KPI how it was computed (`method`), 3 what changed after measures; earlier files are read, too, and
do not say it."""

DataState = Literal["measured", "register", "reported", "missing", "definition_unverified"]
BandName = Literal["lt_33", "33_66", "66_95", "gte_95"]
"""Of the target, in percent; from 95 on the best."""
Sha256 = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]

STATES: tuple[DataState, ...] = ("measured", "register", "reported", "missing", "definition_unverified")
BANDS: tuple[BandName, ...] = ("lt_33", "33_66", "66_95", "gte_95")


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number about the city that results rest on (population, households)."""

    name: str
    value: float
    unit: str
    valid_from: date
    source: str
    status: str | None = None


class CityHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which city."""

    slug: str
    name: Texts
    time_zone: str
    country: str | None = None
    county: str | None = None
    licence: str | None = None
    facts: list[Fact] = []


class Versions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the numbers were made with.

    Attributes:
        definitions: version of every KPI definition that a value here rests on, by KPI.
        standards: version or edition of limits and scales, by id.
        method: fingerprint of all of it but the program: how each KPI was computed, the numbers of each standard and
            the catalogue of U4SSC. Reports with another one were not made by the same rules.
        numbers: fingerprint of the numbers of every standard used, by id.
    """

    program: str
    u4ssc_catalogue: str | None = None
    definitions: dict[str, str] = {}
    standards: dict[str, str] = {}
    method: Sha256 | None = None
    numbers: dict[str, Sha256] = {}


class Benchmark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a data point is scored against: configured with a source; U4SSC publishes no target values."""

    target: float
    start: float | None = None
    source: str
    valid_from: date | None = None


class DataPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One data point of a U4SSC KPI.

    Attributes:
        id: "" where the KPI has one only.
        value: of numbers; `text` of answers that are none (yes, no).
        percent: of the way from the benchmark's start to its target: may lie below 0 or above 100; None without a
            value or a benchmark.
        points: 1 to 4, with `band`.
        quality: one of U4SSC's six levels of data quality.
        unverified: the definition's unit or terms were not read in an ITU document.
        provisional: the year is not over or not complete.
        reason: why there is no value.
        kpi, evidence: of a computed value our KPI's id and the hash of its inputs.
    """

    id: str = ""
    name: Texts
    state: DataState
    value: float | None = None
    text: str | None = None
    unit: str
    direction: str | None = None
    percent: float | None = None
    points: Annotated[int, msgspec.Meta(ge=1, le=4)] | None = None
    band: BandName | None = None
    benchmark: Benchmark | None = None
    quality: str | None = None
    origin: str | None = None
    source: str | None = None
    unverified: bool = False
    provisional: bool = False
    simulated: bool = False
    reason: str | None = None
    coverage: Share | None = None
    kpi: str | None = None
    evidence: str | None = None
    notes: list[Texts] = []


class U4sscKpi(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the 91 KPIs."""

    code: str
    name: Texts
    level: Literal["core", "advanced"]
    kind: str | None = None
    state: DataState
    unverified: bool = False
    sdg: list[str] = []
    data_points: list[DataPoint]


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Points obtained of those to be had (4 per scored data point); None where nothing is scored."""

    points: int = 0
    possible: int = 0
    percent: Percent | None = None
    band: BandName | None = None


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A category within its sub-dimension."""

    name: Texts
    score: Score
    kpis: list[U4sscKpi]


class SubDimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sub-dimension."""

    name: Texts
    score: Score
    categories: list[Category]


class Dimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Economy, Environment, or Society and Culture."""

    name: Texts
    score: Score
    sub_dimensions: list[SubDimension]


class U4sscAssessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All KPIs of U4SSC with their state.

    Attributes:
        label: says that no verifier of U4SSC has seen this.
        kpi_states, data_point_states: how many are in which state.
        unverified_kpis, unverified_data_points: flagged beside their state.
    """

    label: Texts
    kpi_states: dict[DataState, int]
    data_point_states: dict[DataState, int]
    unverified_kpis: int = 0
    unverified_data_points: int = 0
    dimensions: list[Dimension]

    def kpis(self) -> Iterator[U4sscKpi]:
        """All KPIs, in the catalogue's order."""
        for dimension in self.dimensions:
            for sub_dimension in dimension.sub_dimensions:
                for category in sub_dimension.categories:
                    yield from category.kpis


class KpiResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of our own KPI values of the year.

    Attributes:
        start, ends: the period in UTC.
        coverage: share of what the period should hold.
        classes, origins: of the instruments and the data it rests on.
        standard, standard_status: edition judged by, and whether its numbers are verified.
        version: of the definition.
        method: fingerprint of how it was computed: definition without its texts, numbers of the standards. Values of
            one method are alike.
        limit, allowed: the limit that is judged by, and how much above it is allowed, in the value's unit.
        decided_by: the site that gave the value, where a scope takes one of its sites'.
        evidence: hash of the inputs.
    """

    kpi: str
    title: Texts
    domain: str
    scope_kind: Literal["site", "district", "city", "group"]
    scope: str
    scope_name: str
    period: str
    start: datetime
    ends: datetime
    value: float | None = None
    unit: str
    band: str | None = None
    limit: float | None = None
    allowed: float | None = None
    decided_by: str | None = None
    direction: str
    status: Literal["provisional", "final", "revised"]
    quality: Literal["ok", "insufficient", "undefined"]
    reason: str | None = None
    coverage: float | None = None
    classes: list[str] = []
    origins: list[str] = []
    judges_law: bool = False
    indicative: bool = False
    standard: str | None = None
    standard_status: str | None = None
    version: str
    method: Sha256 | None = None
    evidence: str | None = None


class YearValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A year in a series."""

    year: int
    value: float
    coverage: float | None = None


class TrendResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a KPI went over the years.

    Attributes:
        verdict: rising, falling, none (no significant trend), too_short, or refused for `reason`.
        slope: per year (Theil-Sen), in `unit`.
        p: of the Mann-Kendall test, two-sided.
    """

    kpi: str
    title: Texts
    scope_kind: str
    scope: str
    unit: str
    years: list[YearValue]
    verdict: Literal["rising", "falling", "none", "too_short", "refused"]
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    p: float | None = None
    reason: str | None = None


class TargetResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A target and where the city stands on its way there."""

    kpi: str
    title: Texts
    scope_kind: str
    scope: str
    unit: str
    start_year: int | None = None
    start_value: float | None = None
    target_year: int
    target_value: float
    required: float | None = None
    actual: float | None = None
    verdict: Literal["on_track", "off_track", "reached", "unknown"]
    source: str
    reason: str | None = None


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A data point without a value, and who could fill it: a unit of the organisation, never a person.

    Attributes:
        sensors: they could measure it, at least in part.
    """

    code: str
    data_point: str = ""
    name: Texts
    who: str | None = None
    deadline: date | None = None
    sensors: bool = False
    how: Texts


class DataNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something a reader must know of the data before trusting a number."""

    kind: Literal[
        "clipped", "filled", "estimated", "unverified", "left_out", "simulated", "corrected", "indicative", "other"
    ]
    subject: str
    text: Texts
    source: str | None = None


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is hashed.

    Attributes:
        demonstration: some of it is simulated; never to be taken for the city's own.
    """

    city: CityHead
    year: Annotated[int, msgspec.Meta(ge=1900, le=2200)]
    demonstration: bool = False
    made_by: Literal["Bypuls"] = "Bypuls"
    versions: Versions
    u4ssc: U4sscAssessment | None = None
    kpis: list[KpiResult] = []
    targets: list[TargetResult] = []
    trends: list[TrendResult] = []
    effects: list[EffectResult] = []
    missing: list[Missing] = []
    notes: list[DataNote] = []
    method: list[Texts] = []


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: the content, its hash, and when this copy was made."""

    format: Literal["bypuls-city-snapshot"] = FORMAT
    format_version: Literal[1, 2, 3] = FORMAT_VERSION
    hash: Sha256
    made_at: datetime
    content: Content
