"""Pairs the months after a measure with the same months before it: which of them may be compared. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bypuls.comparison import Code, obstacles
from bypuls.kpi_value import KpiValue
from bypuls.signed_rank import LEAST_PAIRS

Direction = Literal["increase", "decrease"]

_OF_KIND: frozenset[Code] = frozenset(
    {"unit_differs", "simulated", "origin_differs", "class_differs", "definition_differs"}
)

Months = Mapping[int, KpiValue]
"""Values by the number of their month."""

Place = tuple[str, str]
"""Kind of scope and slug."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A measure as its effect is judged.

    Attributes:
        starts, ends: first and last day; None: for good.
        transition: months after the start that count neither before nor after.
        locked_at: when it was fixed how it is judged.
    """

    starts: date
    ends: date | None
    direction: Direction
    transition: int = 0
    status: str = "running"
    locked_at: datetime | None = None

    @property
    def before_ends(self) -> int:
        """The first month that is not wholly before."""
        return month_of(self.starts)

    @property
    def after_begins(self) -> int:
        """The first month that is wholly after, and after the transition."""
        return month_of(self.starts) + (self.starts.day > 1) + self.transition

    @property
    def after_ends(self) -> int | None:
        """The first month that is not wholly within; None: for good."""
        if self.ends is None:
            return None
        return month_of(self.ends) + (self.ends.day == monthrange(self.ends.year, self.ends.month)[1])


@dataclass(frozen=True, slots=True)
class Pair:
    """A month after and its like before, at one place."""

    month: int
    before: KpiValue
    after: KpiValue


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A month of a place that does not count."""

    place: Place
    month: int
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Pairs by place and month, and the months that may not be compared."""

    pairs: Mapping[Place, Mapping[int, Pair]]
    left_out: tuple[LeftOut, ...]

    @property
    def size(self) -> tuple[int, int]:
        """How many months enough places have in common, and how many places these are."""
        kept, months = together(self.pairs)
        return len(months), len(kept)


def month_of(day: date) -> int:
    """The number of a day's month.

    >>> month_of(date(2026, 1, 1)) - month_of(date(2025, 12, 31))
    1
    """
    return day.year * 12 + day.month - 1


def month_name(month: int) -> str:
    """2026-01."""
    return f"{month // 12}-{month % 12 + 1:02}"


def by_month(values: Iterable[KpiValue], now: datetime) -> dict[int, KpiValue]:
    """The values of months that are over."""
    return {one.year * 12 + one.month - 1: one for one in values if one.ends <= now}


def is_after(measure: Judged, month: int) -> bool:
    """Whether a month lies wholly after the measure's transition, and not beyond its end."""
    return month >= measure.after_begins and (measure.after_ends is None or month < measure.after_ends)


def newest_after(series: Iterable[Months], measure: Judged) -> KpiValue | None:
    """The newest value after: all that count must have been made like it."""
    after = [
        (month, one) for months in series for month, one in months.items() if one.value is not None
        and one.quality == "ok" and one.status != "provisional" and is_after(measure, month)
    ]  # fmt: skip
    return max(after, key=lambda one: one[0], default=(0, None))[1]


def paired(series: Mapping[Place, Months], measure: Judged, years: int, like: KpiValue | None, back: int = 0) -> Series:
    """Every month after with its like; `back`: both so many years earlier, when nothing was done."""
    pairs: dict[Place, dict[int, Pair]] = {}
    left_out: list[LeftOut] = []
    for place, months in series.items():
        pairs[place] = {}
        for month in range(measure.after_begins, measure.before_ends + 12 * years):
            late, early = month - 12 * back, month - 12 * (back + years)
            if not is_after(measure, month) or late not in months or early not in months:
                continue
            after, before = months[late], months[early]
            codes = {one.code for one in obstacles(before, after, over_time=True)}
            if like is not None:
                codes |= {one.code for one in obstacles(after, like, over_time=True)} & _OF_KIND
            if codes:
                left_out.append(LeftOut(place, month, tuple(sorted(codes))))
            else:
                pairs[place][month] = Pair(month, before, after)
    return Series(pairs, tuple(left_out))


def together(
    pairs: Mapping[Place, Mapping[int, Pair]], within: frozenset[int] | None = None
) -> tuple[dict[Place, Mapping[int, Pair]], tuple[int, ...]]:
    """The places, less those with the fewest pairs, until enough months are common to all that are left."""
    kept = {
        place: {month: pair for month, pair in found.items() if within is None or month in within}
        for place, found in pairs.items()
    }
    while kept:
        months = frozenset.intersection(*(frozenset(found) for found in kept.values()))
        if len(months) >= LEAST_PAIRS:
            return dict(kept), tuple(sorted(months))
        del kept[min(kept, key=lambda place: (len(kept[place]), place))]
    return {}, ()
