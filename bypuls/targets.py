"""Where a target's path requires a value to be, and whether a value is there. Pure; knows no database and no clock.

The path is a straight line from the base to each intermediate point and on to the target. A year's value stands at the
year's end: the base at the end of the base year, the target at its own date. So the value required for a year (or a
month) is that of the day on which it ends.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, get_args

from bypuls.kpi_value import KpiValue, Texts

Direction = Literal["lower_is_better", "higher_is_better"]
Status = Literal["reached", "on_track", "off_track", "not_judged"]
Reason = Literal[
    "no_value",
    "no_value_since_base",
    "provisional",
    "insufficient_coverage",
    "undefined",
    "class_may_not_judge",
    "origin_differs",
    "definition_changed",
    "unit_differs",
]
GoalStatus = Literal["reached", "on_track", "off_track", "partly_judged", "not_judged"]

STATUSES: tuple[Status, ...] = get_args(Status)
MAY_JUDGE_LAW = frozenset({"reference", "equivalent"})

REASONS: Mapping[Reason, Texts] = MappingProxyType(
    {
        "no_value": {"en": "there is no value yet", "nb": "det finnes ingen verdi ennå"},
        "no_value_since_base": {
            "en": "there is no value of a time after the base year",
            "nb": "det finnes ingen verdi fra tiden etter basisåret",
        },
        "provisional": {
            "en": "the period is not over, or its data are still coming: part of a year is not judged",
            "nb": "perioden er ikke over, eller data kommer fortsatt inn: en del av et år vurderes ikke",
        },
        "insufficient_coverage": {
            "en": "too little of the period was measured",
            "nb": "for lite av perioden er målt",
        },
        "undefined": {
            "en": "the value is not defined for this period",
            "nb": "verdien er ikke definert for denne perioden",
        },
        "class_may_not_judge": {
            "en": "only reference or equivalent instruments may judge this KPI, and others measured here",
            "nb": "bare referanse- eller likeverdige instrumenter kan avgjøre dette, og her er det målt med andre",
        },
        "origin_differs": {
            "en": "one of base and value is simulated, the other is not",
            "nb": "en av basis og verdi er simulert, den andre er det ikke",
        },
        "definition_changed": {
            "en": "the KPI is computed in another way since the base was set: set the base anew",
            "nb": "indikatoren beregnes på en annen måte enn da basisen ble satt: sett basisen på nytt",
        },
        "unit_differs": {
            "en": "value and target have different units",
            "nb": "verdi og mål har ulike enheter",
        },
    }
)

FORECAST_LABEL: Texts = MappingProxyType(
    {
        "en": "forecast: where the line through past years would lead if nothing changed; not a measured value",
        "nb": "framskriving: dit linjen gjennom tidligere år ville føre om ingenting endret seg; ikke en målt verdi",
    }
)
"""Stands beside every number that is continued from a trend."""


@dataclass(frozen=True, slots=True)
class Path:
    """What is required when.

    Attributes:
        base: year and value it starts from.
        points: years and values between.
        value, due: to be reached, on which day at the latest.
    """

    direction: Direction
    base: tuple[int, float]
    points: tuple[tuple[int, float], ...]
    value: float
    due: date

    def required(self, day: date) -> float:
        """The value required at the end of a day; before the base its value, after the due date the target's.

        >>> Path("lower_is_better", (2020, 20.0), (), 10.0, date(2030, 12, 31)).required(date(2025, 12, 31))
        15.0
        """
        corners = [(float(year + 1), value) for year, value in (self.base, *self.points)]
        corners.append((place(self.due), self.value))
        at = place(day)
        if at <= corners[0][0]:
            return corners[0][1]
        for (left, start), (right, end) in pairwise(corners):
            if at <= right:
                return start + (end - start) * (at - left) / (right - left)
        return self.value

    def required_for_year(self, year: int) -> float:
        """The value required of a whole year."""
        return self.required(date(year, 12, 31))

    def fulfils(self, value: float, required: float) -> bool:
        """Whether a value is as good as required."""
        return value <= required if self.direction == "lower_is_better" else value >= required

    def lacking(self, value: float, required: float) -> float:
        """By how much a value misses what is required; negative where it is better."""
        return value - required if self.direction == "lower_is_better" else required - value


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it is judged.

    Attributes:
        method: fingerprint of how the KPI was computed when the base was set; None: not known or not computed.
        version: of the definition then.
    """

    path: Path
    unit: str
    base_origin: str
    version: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a target stands.

    Attributes:
        value: the newest value of a finished period, which was judged or could not be; `running` that of the period
            that is not over.
        required: at the end of the value's period.
        distance: by how much the value misses the required one (unit); negative where it is better.
        progress: share of the way from base to target, 1 at the target; None where they are the same.
        overdue: the date has passed and the target is not known to be reached.
        stale: a whole period has ended since the value's, without a value of its own.
    """

    status: Status
    reason: Reason | None = None
    value: KpiValue | None = None
    running: KpiValue | None = None
    required: float | None = None
    distance: float | None = None
    progress: float | None = None
    overdue: bool = False
    stale: bool = False

    @property
    def sentence(self) -> Texts | None:
        """Why it is not judged."""
        return None if self.reason is None else REASONS[self.reason]


def judge(target: Target, values: Sequence[KpiValue], now: datetime) -> Judgement:
    """Judge a target by the newest finished value after its base year.

    Nothing older is taken where the newest may not be judged: that would hide that it may not.

    Args:
        target: the target.
        values: of its KPI, scope and period, in any order.
        now: what counts as finished.
    """
    since = sorted((one for one in values if one.year > target.path.base[0]), key=lambda one: one.start)
    finished = [one for one in since if one.status != "provisional" and one.ends <= now]
    running = next((one for one in reversed(since) if one not in finished), None)
    overdue = now.date() > target.path.due
    if not finished:
        reason: Reason = "provisional" if running else "no_value_since_base" if values else "no_value"
        return Judgement("not_judged", reason, running=running, overdue=overdue)
    newest = finished[-1]
    required = target.path.required(_last_day(newest))
    stale = newest.ends + (newest.ends - newest.start) + timedelta(days=1) < now
    obstacle = _obstacle(target, newest)
    if obstacle is not None or newest.value is None:
        return Judgement("not_judged", obstacle or "no_value", newest, running, required, overdue=overdue, stale=stale)
    path, value = target.path, newest.value
    reached = path.fulfils(value, path.value)
    return Judgement(
        "reached" if reached else "on_track" if path.fulfils(value, required) and not overdue else "off_track",
        None,
        newest,
        running,
        required,
        path.lacking(value, required),
        (path.base[1] - value) / (path.base[1] - path.value) if path.base[1] != path.value else None,
        overdue and not reached,
        stale,
    )


def goal_status(targets: Sequence[Status]) -> GoalStatus:
    """How a goal stands, by its targets: the worst of them counts, and what is not judged is not on track.

    >>> goal_status(["reached", "on_track"]), goal_status(["on_track", "not_judged"])
    ('on_track', 'partly_judged')
    """
    found = set(targets)
    if "off_track" in found:
        return "off_track"
    if not found - {"not_judged"}:
        return "not_judged"
    if "not_judged" in found:
        return "partly_judged"
    return "on_track" if "on_track" in found else "reached"


def _obstacle(target: Target, value: KpiValue) -> Reason | None:
    """Why a finished value cannot be held against the target."""
    checks: tuple[tuple[bool, Reason], ...] = (
        (value.quality == "insufficient", "insufficient_coverage"),
        (value.quality == "undefined", "undefined"),
        (value.unit != target.unit, "unit_differs"),
        (value.simulated != (target.base_origin == "simulated"), "origin_differs"),
        (value.judges_law and not (value.classes and value.classes <= MAY_JUDGE_LAW), "class_may_not_judge"),
        (_changed(target, value), "definition_changed"),
    )
    return next((reason for applies, reason in checks if applies), None)


def _changed(target: Target, value: KpiValue) -> bool:
    if target.version is None or target.version == value.version:
        return False
    return target.method is None or target.method != value.method


def place(day: date) -> float:
    """Where the end of a day lies on the axis of years: 31 December 2024 is 2025."""
    return day.year + day.timetuple().tm_yday / (366 if isleap(day.year) else 365)


def _last_day(value: KpiValue) -> date:
    month = 12 if value.period == "P1Y" else value.month
    return date(value.year, month, monthrange(value.year, month)[1])
