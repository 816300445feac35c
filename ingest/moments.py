"""When something was measured and over how long, as a mapping says where it stands and how it is written."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.paths import Captures, Path, PatternError, path, printed
from ingest.profile_schema import IntervalAt, TimeAt
from ingest.reasons import refusal, shortened
from ingest.strict_json import number
from ingest.timestamps import read_time, shifted
from ingest.written_times import read_any_time

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_INTERVAL = 32 * 86_400.0
_LONGEST_TEXT = 64


@lru_cache(maxsize=4096)
def seconds(text: str) -> float:
    """An ISO 8601 duration of days and less.

    Raises:
        PatternError: it is none.
    """
    match = _DURATION.fullmatch(text) if len(text) <= 32 else None  # noqa: PLR2004
    if match is None or not any(match.groups()):
        raise PatternError(f"{text!r} is no duration such as PT1H")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + rest


class Interval(NamedTuple):
    """A length of time: fixed, or in the message."""

    fixed: float | None
    at: Path | None = None
    factor: float = 1.0
    words: Mapping[str, float] = {}


class TimeFrom(NamedTuple):
    """Where a time stands and how it is written."""

    at: Path
    format: str | None = None
    zone: str | None = None
    factor: float | None = None
    day_first: bool = False


def interval(given: str | IntervalAt | None) -> Interval | None:
    """Compile an interval.

    Raises:
        PatternError: it is neither a duration nor a path.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return Interval(seconds(given)) if _DURATION.fullmatch(given) else Interval(None, path(given))
    words = {word: seconds(text) for word, text in given.words.items()}
    default = None if given.default is None else seconds(given.default)
    return Interval(default, path(given.at), _SECONDS[given.unit], words)


_UNIX = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def time_from(given: str | TimeAt) -> TimeFrom:
    """Compile a place of a time.

    Raises:
        PatternError: no path.
    """
    if isinstance(given, str):
        return TimeFrom(path(given))
    factor = None if given.unit is None else _UNIX[given.unit]
    return TimeFrom(path(given.at), given.format, given.zone, factor, given.day_first)


def time_of(place: TimeFrom, found: Any, zone: str | None, precision: str | None = None) -> datetime:
    """The instant that stands at a place.

    Args:
        place: where it stands.
        found: what stands there.
        zone: of times without one.
        precision: of Unix times whose unit the profile does not give (s, ms, us, ns); None: by their size.

    Raises:
        Refusal: `time_unreadable` or `time_without_zone`.
    """
    field = printed(place.at.place())
    if place.factor is not None:
        return shifted(_EPOCH, (number(found, field) or 0.0) * place.factor, field)
    if precision is not None and type(found) in {int, float}:
        return read_time(found, None, field, precision)
    if place.format is None:
        return read_any_time(found, place.zone or zone, field, day_first=place.day_first)
    if type(found) is not str or len(found) > _LONGEST_TEXT:
        raise refusal("time_unreadable", f"{shortened(found)} is no time", field=field)
    # Another form may still be a time.
    with contextlib.suppress(ValueError):
        found = datetime.strptime(found, place.format).isoformat()  # noqa: DTZ007 - the zone comes next
    return read_any_time(found, place.zone or zone, field, day_first=place.day_first)


def length_of(given: Interval, here: Any, root: Any, captures: Captures) -> float | None:
    """Seconds of an interval; None where the message does not say."""
    if given.at is None:
        return given.fixed
    found = given.at.find(here, root, captures)
    if type(found) is str:
        if found in given.words:
            return given.words[found]
        try:
            return seconds(found)
        except PatternError:
            pass
    try:
        amount = number(found, "interval")
    except Refusal:
        amount = None
    return given.fixed if amount is None or not 0 < amount < _LONGEST_INTERVAL else amount * given.factor


def until(start: datetime, end: datetime) -> float | None:
    """Seconds from start to end; None where that is no interval."""
    length = (end - start).total_seconds()
    return length if 0 < length < _LONGEST_INTERVAL else None


def earlier(time: datetime | None, length: float) -> tuple[datetime | None, float]:
    """A time, or an offset in seconds from the arrival, that lies a length before."""
    return (None, -length) if time is None else (shifted(time, -length), 0.0)
