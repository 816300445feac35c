"""Which hours a KPI's value rests on, where they are not simply those of its period: what `window` in its file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bypuls.errors import CatalogueError
from bypuls.periods import Period


@dataclass(frozen=True, slots=True)
class KpiWindow:
    """The hours of a period that count, and those before it.

    Attributes:
        last_hours: an hour's value rests on so many hours, itself the last (the EU stamps running means by their end).
        last_months: a month's value rests on so many months, itself the last: 12 make a rolling year.
        hours: spans of the calendar's clock, [from, to); over midnight where `to` is the smaller.
        weekdays: ISO weekdays, 1 is Monday; all where empty.
        months: 1 to 12; all where empty.
        holidays: whether public holidays count.
    """

    last_hours: int = 1
    last_months: int = 1
    hours: tuple[tuple[int, int], ...] = ()
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    holidays: bool = True

    @property
    def selects(self) -> bool:
        """Whether hours of the period are left out."""
        return bool(self.hours or self.weekdays or self.months) or not self.holidays

    @property
    def clock_hours(self) -> frozenset[int]:
        """The hours of a day that count."""
        if not self.hours:
            return frozenset(range(24))
        return frozenset(
            hour % 24 for begin, end in self.hours for hour in range(begin, end if end > begin else end + 24)
        )

    def said(self) -> dict[str, Any]:
        """The selection as evidence shows it; empty where every hour counts."""
        found: dict[str, Any] = {}
        if self.hours:
            found["hours"] = [list(span) for span in self.hours]
        if self.weekdays:
            found["weekdays"] = list(self.weekdays)
        if self.months:
            found["months"] = list(self.months)
        if not self.holidays:
            found["holidays"] = False
        return found


EVERY_HOUR = KpiWindow()
ROLLING_YEAR = 12
_KEYS = frozenset({"last_hours", "last_months", "hours", "weekdays", "months", "holidays"})
_LONGEST_RUN = 24 * 31


def parse_window(spec: Mapping[str, Any] | None, periods: tuple[Period, ...]) -> KpiWindow:
    """Read `window` of a KPI's file.

    Raises:
        CatalogueError: a key or number that it cannot have, or that does not go with the periods.
    """
    if spec is None:
        return EVERY_HOUR
    unknown = spec.keys() - _KEYS
    if unknown:
        raise CatalogueError(f"window has unknown {', '.join(sorted(unknown))}")
    window = KpiWindow(
        last_hours=_whole(spec.get("last_hours", 1), 1, _LONGEST_RUN, "last_hours"),
        last_months=_whole(spec.get("last_months", 1), 1, ROLLING_YEAR, "last_months"),
        hours=tuple(_span(span) for span in spec.get("hours", ())),
        weekdays=tuple(_whole(day, 1, 7, "weekdays") for day in spec.get("weekdays", ())),
        months=tuple(_whole(month, 1, 12, "months") for month in spec.get("months", ())),
        holidays=bool(spec.get("holidays", True)),
    )
    if window.last_hours > 1 and (periods != ("PT1H",) or window.selects):
        raise CatalogueError("window last_hours goes with periods [PT1H] and no selection of hours")
    if window.last_months not in {1, ROLLING_YEAR} or (window.last_months > 1 and periods != ("P1M",)):
        raise CatalogueError("window last_months is 12 and goes with periods [P1M]")
    return window


def _span(span: Any) -> tuple[int, int]:
    try:
        first, last = span
    except (TypeError, ValueError):
        raise CatalogueError(f"window hours {span!r} is no [from, to]") from None
    begin, end = _whole(first, 0, 23, "hours"), _whole(last, 0, 24, "hours")
    if begin == end:
        raise CatalogueError(f"window hours {span!r} is empty")
    return begin, end


def _whole(number: object, least: int, most: int, name: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise CatalogueError(f"window {name} {number!r} is no whole number from {least} to {most}")
    return number
