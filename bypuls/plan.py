"""Reads a plan's file: one YAML is one plan with its goals, targets and measures. It knows no database."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Annotated, Literal

import msgspec
import yaml

from bypuls.city import Slug
from bypuls.errors import SettingsError
from bypuls.targets import Direction, Path
from bypuls.typed import convert

Text = Annotated[str, msgspec.Meta(pattern=r"\S", max_length=4000)]
Titles = Annotated[dict[str, Text], msgspec.Meta(min_length=1)]
"""Language -> text, one language at least."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
Year = Annotated[int, msgspec.Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
SdgNumber = Annotated[str, msgspec.Meta(pattern=r"^(1[0-7]|[1-9])(\.([0-9]{1,2}|[a-d])(\.[0-9]{1,2})?)?$")]
DecisionStatus = Literal["draft", "adopted", "replaced"]
MeasureStatus = Literal["planned", "running", "done", "stopped"]
BaseOrigin = Literal["measured", "simulated", "modelled", "register", "reported"]


_CODE_PARTS = 4
"""Of a U4SSC code: dimension, sub-dimension, category, number."""


class ScopeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where: the whole city unless a site or district is named."""

    kind: Literal["site", "district", "city"] = "city"
    slug: Slug | None = None


class PointEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A year's value on the way."""

    year: Year
    value: float


class BaseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the path begins: a year's value, and where that came from."""

    year: Year
    value: float
    origin: BaseOrigin = "measured"


class AimEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value to be reached, and the day by which."""

    value: float
    by: date


class TargetEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A target of one of our KPIs, or of a U4SSC data point.

    Attributes:
        kpi, u4ssc: one of the two; `data_point` where the U4SSC KPI has several.
        direction: the KPI's own unless given.
        unit: the value's, as the KPI's definition has it.
        source: where the target was decided, with page or address.
    """

    slug: Slug
    kpi: Text | None = None
    u4ssc: Text | None = None
    data_point: str = ""
    title: dict[str, Text] = {}
    scope: ScopeEntry = ScopeEntry()
    period: Literal["P1M", "P1Y"] = "P1Y"
    direction: Direction | None = None
    unit: Text
    base: BaseEntry
    points: list[PointEntry] = []
    target: AimEntry
    source: Text
    note: Text | None = None

    @property
    def indicator(self) -> str:
        """The KPI's id, or the U4SSC code with its data point."""
        return self.kpi if self.kpi is not None else u4ssc_name(self.u4ssc or "", self.data_point)

    def path(self, direction: Direction) -> Path:
        """What it requires when."""
        return Path(
            direction,
            (self.base.year, self.base.value),
            tuple((point.year, point.value) for point in self.points),
            self.target.value,
            self.target.by,
        )


class NearbyEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"starts": "from", "ends": "to"}
):
    """Something else that may move the number: another measure, a changed instrument, roadworks."""

    what: Text
    kind: Literal["measure", "instrument", "other"] = "other"
    starts: date | None = None
    ends: date | None = None
    sites: list[Slug] = []


class ExpectedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the primary indicator is expected to move: in percent of what it was, or in its unit."""

    percent: Annotated[float, msgspec.Meta(gt=-100)] | None = None
    difference: float | None = None
    source: Text | None = None


class MeasureEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"starts": "from", "ends": "to"}
):
    """What the city does, and how its effect is to be judged: decided before anybody has seen a result.

    Attributes:
        sites, areas: where; neither: the whole city.
        kpi: the primary indicator; `direction` which way it is expected to go, `expected` how far.
        kpis: others that its effect is shown in.
        transition_months: after it began, which count neither before nor after.
        control_sites: where nothing is done, for comparison.
    """

    slug: Slug
    title: Titles
    text: dict[str, Text] = {}
    sites: list[Slug] = []
    areas: list[Slug] = []
    starts: date
    ends: date | None = None
    kpi: Text
    direction: Literal["increase", "decrease"]
    kpis: list[Text] = []
    expected: ExpectedEntry | None = None
    transition_months: Annotated[int, msgspec.Meta(ge=0, le=24)] = 0
    control_sites: list[Slug] = []
    nearby: list[NearbyEntry] = []
    owner: Text
    source: Text
    status: MeasureStatus = "planned"


class GoalEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the city wants."""

    slug: Slug
    title: Titles
    text: dict[str, Text] = {}
    sdg: list[SdgNumber] = []
    owner: Text
    source: Text | None = None
    status: DecisionStatus | None = None
    targets: list[TargetEntry] = []
    measures: list[MeasureEntry] = []


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One plan as its file describes it; goals have its source and status unless they have their own."""

    plan: Slug
    city: Slug
    title: Titles
    source: Text
    status: DecisionStatus = "adopted"
    goals: Annotated[list[GoalEntry], msgspec.Meta(min_length=1)]


def u4ssc_name(code: str, data_point: str) -> str:
    """A U4SSC data point in one word, as targets and comparisons name it.

    >>> u4ssc_name("EN: EN: AQ: 1C", "pm_10")
    'EN: EN: AQ: 1C: pm_10'
    """
    return f"{code}: {data_point}" if data_point else code


def u4ssc_key(name: str) -> tuple[str, str] | None:
    """Code and data point of such a name; None where it is none.

    >>> u4ssc_key("EN: EN: AQ: 1C: pm_10"), u4ssc_key("air.no2.mean")
    (('EN: EN: AQ: 1C', 'pm_10'), None)
    """
    parts = [part.strip() for part in name.split(":")]
    if len(parts) not in (_CODE_PARTS, _CODE_PARTS + 1):
        return None
    return ": ".join(parts[:_CODE_PARTS]), "".join(parts[_CODE_PARTS:])


def read_plan(file: FilePath) -> Plan:
    """Read a plan's file.

    Raises:
        SettingsError: unreadable, not YAML, or something in it that cannot be, with its place in the file.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"plan file {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"plan file {file} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"plan file {file} must be a mapping with plan, city, title, source, goals")
    try:
        plan = convert(document, Plan)
        _check_slugs(plan)
        for goal in plan.goals:
            for target in goal.targets:
                check_target(target)
            for measure in goal.measures:
                check_measure(measure)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"plan file {file}: {error}") from None
    return plan


def check_target(entry: TargetEntry) -> None:
    """What a target says of itself makes sense.

    Raises:
        ValueError: it does not; in one line, with its name.
    """
    if (entry.kpi is None) == (entry.u4ssc is None):
        raise ValueError(f"target {entry.slug}: give kpi (an id of ours) or u4ssc (a code), one of the two")
    if (entry.scope.slug is None) != (entry.scope.kind == "city"):
        raise ValueError(f"target {entry.slug}: a scope of kind site or district needs its slug, one of kind city none")
    if _last_whole_year(entry.target.by) <= entry.base.year and entry.period == "P1Y":
        raise ValueError(
            f"target {entry.slug}: no whole year lies between the base year {entry.base.year} and {entry.target.by}: "
            "the base's year must end at least a year before"
        )
    if entry.target.by.year <= entry.base.year:
        raise ValueError(f"target {entry.slug}: {entry.target.by} does not lie after the base year {entry.base.year}")
    years = [entry.base.year, *(point.year for point in entry.points), entry.target.by.year]
    if any(late <= early for early, late in pairwise(years)) and entry.points:
        raise ValueError(f"target {entry.slug}: points must lie in order between the base year and {entry.target.by}")
    direction = entry.direction
    if direction is not None and not entry.path(direction).fulfils(entry.target.value, entry.base.value):
        raise ValueError(
            f"target {entry.slug}: {direction}, but {entry.target.value:g} is worse than the base {entry.base.value:g}"
        )


def check_measure(entry: MeasureEntry) -> None:
    """What a measure says of itself makes sense.

    Raises:
        ValueError: it does not; in one line, with its name.
    """
    days = [entry.starts, entry.ends, *(day for one in entry.nearby for day in (one.starts, one.ends))]
    strange = [day for day in days if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR]
    if strange:
        raise ValueError(f"measure {entry.slug}: {strange[0]} lies outside of the years {FIRST_YEAR} to {LAST_YEAR}")
    if entry.ends is not None and entry.ends < entry.starts:
        raise ValueError(f"measure {entry.slug}: it ends ({entry.ends}) before it begins ({entry.starts})")
    both = sorted(set(entry.sites) & set(entry.control_sites))
    if both:
        raise ValueError(f"measure {entry.slug}: {both[0]} cannot be both a site of the measure and a control site")
    if len({entry.kpi, *entry.kpis}) < 1 + len(entry.kpis):
        raise ValueError(f"measure {entry.slug}: kpis names others than kpi, each once")
    if entry.expected is not None:
        given = [one for one in (entry.expected.percent, entry.expected.difference) if one is not None]
        if len(given) != 1:
            raise ValueError(f"measure {entry.slug}: expected has percent or difference, one of the two")
        if given[0] == 0 or (given[0] > 0) != (entry.direction == "increase"):
            raise ValueError(
                f"measure {entry.slug}: expected {given[0]:g} does not go with direction {entry.direction}"
            )


def _last_whole_year(day: date) -> int:
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def _check_slugs(plan: Plan) -> None:
    for what, slugs in (
        ("goal", [goal.slug for goal in plan.goals]),
        ("target", [target.slug for goal in plan.goals for target in goal.targets]),
        ("measure", [measure.slug for goal in plan.goals for measure in goal.measures]),
    ):
        doubled = sorted({one for one in slugs if slugs.count(one) > 1})
        if doubled:
            raise ValueError(f"{what} {doubled[0]} stands twice")
