"""The city snapshot: what a report says, as data that another installation can read and compare.

`Snapshot.content` holds no clock, no run and no machine, so the same inputs give the same sha256; `made_at` stands
beside it. docs/schemas/city-snapshot.schema.json describes the file (`json_schema`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from bypuls.errors import SettingsError

# Every part is read strictly (forbid_unknown_fields): an unknown member is another format, not a detail.
FORMAT: Final = "bypuls-city-snapshot"
FORMAT_VERSION: Final = 1

Texts = dict[str, str]
"""Language -> text, `nb` and `en` at least."""
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
    """

    program: str
    u4ssc_catalogue: str | None = None
    definitions: dict[str, str] = {}
    standards: dict[str, str] = {}


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
        version: of the definition; only values of one version are alike.
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
    missing: list[Missing] = []
    notes: list[DataNote] = []
    method: list[Texts] = []


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: the content, its hash, and when this copy was made."""

    format: Literal["bypuls-city-snapshot"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    hash: Sha256
    made_at: datetime
    content: Content


def seal(content: Content, made_at: datetime) -> Snapshot:
    """Put the hash and the time beside the content.

    Raises:
        ValueError: a number is not finite (JSON has no such), or `made_at` or a period has no time zone.
    """
    if made_at.tzinfo is None or any(one.start.tzinfo is None or one.ends.tzinfo is None for one in content.kpis):
        raise ValueError("times of a snapshot need a time zone")
    return Snapshot(hash=content_hash(content), made_at=made_at, content=content)


def content_hash(content: Content) -> str:
    """`sha256:` and the hash of the canonical JSON.

    Raises:
        ValueError: a number is not finite.
    """
    return "sha256:" + hashlib.sha256(canonical_json(content)).hexdigest()


def canonical_json(content: Content) -> bytes:
    """UTF-8 with members sorted by name, no white space, numbers in their shortest form.

    Raises:
        ValueError: a number is not finite: JSON would say null and mean something else.
    """
    _check_finite(content)
    return msgspec.json.encode(content, order="sorted")


def write_snapshot(snapshot: Snapshot) -> bytes:
    """The file's bytes: indented, members sorted, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(snapshot, order="sorted"), indent=1) + b"\n"


def read_snapshot(file: Path) -> Snapshot:
    """Read and check a snapshot file.

    Raises:
        SettingsError: not readable, not of this format and version, or changed after it was made: one line each.
    """
    try:
        return parse_snapshot(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"snapshot {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"snapshot {file}: {error}") from None


def parse_snapshot(data: bytes) -> Snapshot:
    """Read and check the bytes of a snapshot.

    Raises:
        ValueError: in one line, what is wrong and where.
    """
    try:
        head = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"is no JSON: {error}") from None
    found = head.get("format") if isinstance(head, dict) else None
    if found != FORMAT:
        raise ValueError(f"is no city snapshot: its member format is {found!r}, not {FORMAT!r}")
    if head.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"has format version {head.get('format_version')!r}; this Bypuls reads {FORMAT_VERSION}: "
            "have it made again, or use the version that made it"
        )
    try:
        snapshot = msgspec.json.decode(data, type=Snapshot)
    except msgspec.ValidationError as error:
        raise ValueError(f"is not as its format says: {error}") from None
    computed = content_hash(snapshot.content)
    if computed != snapshot.hash:
        raise ValueError(f"was changed after it was made: it says {snapshot.hash[:19]}…, its content {computed[:19]}…")
    return snapshot


def json_schema() -> dict[str, Any]:
    """The format as JSON Schema (2020-12)."""
    schema = msgspec.json.schema(Snapshot)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"City snapshot of Bypuls, version {FORMAT_VERSION}",
        **schema,
    }


def _check_finite(value: Any, path: str = "content") -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}: a snapshot holds finite numbers or none")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _check_finite(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_finite(one, f"{path}.{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _check_finite(one, f"{path}[{number}]")
