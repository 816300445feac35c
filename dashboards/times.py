"""Times as Grafana takes them: epoch milliseconds, ISO 8601, and relative (now-24h, now/d, now-1d/d) in a zone.

Relative times follow Grafana (packages/grafana-data, datetime/datemath): operations run from left to right; days,
weeks, months, quarters and years are steps of the local calendar, hours and less are lengths; rounding (`/`) goes to
the start of the unit, for the end of a range to its last millisecond. Weeks begin on Monday. Fiscal units are not
taken.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bypuls.errors import BypulsError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}")
_STEP = re.compile(r"([-+/])([0-9]{0,9})([A-Za-z]?)")
_LENGTHS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_MONTHS = {"M": 1, "Q": 3, "y": 12}
_DAYS = {"d": 1, "w": 7}
_UNITS = "s m h d w M Q y"
_WANTED = "write epoch milliseconds, ISO 8601 (2026-01-31T12:00:00Z, 2026-01-31) or Grafana's now-24h, now/d, now-1d/d"

Side = Literal["from", "to"]


class TimeError(BypulsError):
    """A time that cannot be read."""

    exit_code = 2


def parse_time(text: str, now: datetime, zone: ZoneInfo, side: Side = "from") -> datetime:
    """The instant `text` means, in UTC.

    A time without an offset is local time in `zone`; a day alone is its midnight. As the end of a range (`side` "to")
    rounding goes up.

    >>> parse_time("now/d", datetime(2026, 7, 1, 12, tzinfo=UTC), ZoneInfo("Europe/Oslo")).isoformat()
    '2026-06-30T22:00:00+00:00'

    Raises:
        TimeError: it cannot be read; the message says what is wrong.
    """
    text = text.strip()
    try:
        if text.startswith("now"):
            return _moved(now, text.removeprefix("now"), zone, side)
        anchor, anchored, steps = text.partition("||")
        return _moved(_absolute(anchor, zone), steps, zone, side) if anchored else _absolute(text, zone)
    except ValueError as error:
        message = f"time {text[:80]!r} cannot be read: {error}"
        raise TimeError(message) from None
    except OverflowError:
        message = f"time {text[:80]!r} lies outside the years 1 to 9999"
        raise TimeError(message) from None


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _absolute(text: str, zone: ZoneInfo) -> datetime:
    if _MILLISECONDS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(text))
    try:
        found = datetime.fromisoformat(text.upper())  # RFC 3339 allows t and z
    except ValueError:
        raise ValueError(_WANTED) from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _moved(moment: datetime, steps: str, zone: ZoneInfo, side: Side) -> datetime:
    steps = "".join(steps.split())
    place = 0
    moment = _EPOCH + timedelta(milliseconds=milliseconds(moment))  # as precise as Grafana's page is
    while place < len(steps):
        step = _STEP.match(steps, place)
        if step is None:
            raise ValueError(_WANTED)
        sign, number, unit = step.groups()
        if unit not in _LENGTHS and unit not in _DAYS and unit not in _MONTHS:
            message = f"{step[0]!r} needs one of the units {_UNITS}"
            raise ValueError(message)
        count = int(number) if number else 1
        if sign == "/":
            if count != 1:
                message = f"{step[0]!r}: only whole single units are rounded to, such as /{unit}"
                raise ValueError(message)
            moment = _rounded(moment, unit, zone, side)
        else:
            moment = _added(moment, count if sign == "+" else -count, unit, zone)
        place = step.end()
    return moment


def _added(moment: datetime, count: int, unit: str, zone: ZoneInfo) -> datetime:
    if unit in _LENGTHS:
        return moment + count * _LENGTHS[unit]
    local = moment.astimezone(zone)
    if unit in _DAYS:
        moved = local.replace(tzinfo=None) + timedelta(days=count * _DAYS[unit])
    else:
        months = local.year * 12 + local.month - 1 + count * _MONTHS[unit]
        year, month = divmod(months, 12)
        if not 1 <= year <= 9999:  # noqa: PLR2004 - what a datetime holds
            raise OverflowError
        last = calendar.monthrange(year, month + 1)[1]
        moved = local.replace(year=year, month=month + 1, day=min(local.day, last), tzinfo=None)
    return moved.replace(tzinfo=zone).astimezone(UTC)


def _rounded(moment: datetime, unit: str, zone: ZoneInfo, side: Side) -> datetime:
    start = _start(moment, unit, zone)
    if side == "from":
        return start
    return _added(start, 1, unit, zone) - timedelta(milliseconds=1)


def _start(moment: datetime, unit: str, zone: ZoneInfo) -> datetime:
    if unit in _LENGTHS:
        # On the local clock, by the offset in force: a half-hour zone has its hours at :30 of UTC.
        offset = moment.astimezone(zone).utcoffset() or timedelta()
        return moment - (moment + offset - _EPOCH) % _LENGTHS[unit]
    day = moment.astimezone(zone).date()
    if unit == "w":
        day -= timedelta(days=day.weekday())
    elif unit in _MONTHS:
        day = day.replace(month=(day.month - 1) // _MONTHS[unit] * _MONTHS[unit] + 1, day=1)
    return datetime.combine(day, time(), zone).astimezone(UTC)
