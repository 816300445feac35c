"""Durations and numbers as Grafana's Go code reads and writes them (grafana-plugin-sdk-go, backend/gtime; Go, time)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DAY = 24 * _UNITS["h"]
_DAYS = re.compile(r"([0-9]+)([dwMy])")
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
_MOST = 2**63 - 1
_TOO_LONG = "it is longer than 292 years"
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -4, 5
_UNITS_TEXT = "write a number with ms, s, m, h, d or w, such as 30s, 5m or 1d"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in whole nanoseconds."""

    nanoseconds: int

    @classmethod
    def of(cls, delta: timedelta) -> Duration:
        """The same, from Python's."""
        return cls(delta // timedelta(microseconds=1) * 1000)

    @property
    def milliseconds(self) -> int:
        """Whole milliseconds, towards zero."""
        return int(Fraction(self.nanoseconds, _UNITS["ms"]))

    @property
    def seconds(self) -> float:
        """Seconds."""
        return self.nanoseconds / _UNITS["s"]

    @property
    def timedelta(self) -> timedelta:
        """The same as Python has it, to the microsecond."""
        return timedelta(microseconds=self.nanoseconds // 1000)


def parse_interval(text: str, today: date | None = None) -> Duration:
    """Read an interval: a whole number of d, w, M or y, or a sequence of numbers with ns, us, ms, s, m or h.

    Months and years are as long as those from `today` (UTC) on, as in Grafana; without it they are refused.

    >>> parse_interval("1h30m").seconds
    5400.0

    Raises:
        ValueError: it cannot be read; the message says what is wrong.
    """
    days = _DAYS.fullmatch(text)
    if days is not None:
        if days[2] in "My":
            if today is None:
                raise ValueError("how long a month (M) or a year (y) is depends on today: group by them in a view")
            return _bounded(_calendar_days(int(days[1]) * (12 if days[2] == "y" else 1), today) * _DAY)
        return _bounded(int(days[1]) * _DAY * (7 if days[2] == "w" else 1))
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return Duration(0)
    parts = list(_PART.finditer(body))
    if not body or "".join(part[0] for part in parts) != body:
        raise ValueError(_UNITS_TEXT)
    total = sum(int(Fraction(part[1].rstrip(".") if part[1] != "." else "0") * _UNITS[part[2]]) for part in parts)
    return _bounded(-total if text.startswith("-") else total)


def _calendar_days(months: int, today: date) -> int:
    """As Go counts (time.AddDate): a day that its month has not runs over into the next."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    if year > date.max.year:
        raise ValueError(_TOO_LONG)
    return (date(year, month + 1, 1) - today).days + today.day - 1


def _bounded(nanoseconds: int) -> Duration:
    if abs(nanoseconds) > _MOST:
        raise ValueError(_TOO_LONG)
    return Duration(nanoseconds)


def interval_text(interval: Duration) -> str:
    """The largest unit that fits, cut to a whole number of it.

    >>> interval_text(Duration(90_000_000_000))
    '1m'
    """
    for unit, size in (("y", 365 * _DAY), ("d", _DAY), *((unit, _UNITS[unit]) for unit in ("h", "m", "s", "ms"))):
        if interval.nanoseconds >= size:
            return f"{interval.nanoseconds // size}{unit}"
    return "1ms"


def go_float(number: float) -> str:
    """A number as Go's %v writes it: the shortest digits, with an exponent from 1e+06 on and below 1e-04.

    >>> go_float(0.02), go_float(300.0), go_float(1036800.0)
    ('0.02', '300', '1.0368e+06')
    """
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - a finite number
    power = len(digits) + exponent - 1
    if number and not _SMALLEST_EXPONENT <= power <= _LARGEST_EXPONENT:
        text = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
        return f"{'-' if sign else ''}{text}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{Decimal(repr(number)).normalize():f}"
