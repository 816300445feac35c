"""Times as devices write them: Unix time in any of four units, or ISO 8601. Whether one is plausible is not asked."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bypuls.errors import Refusal
from ingest.reasons import refusal, shortened

# Which unit a Unix time is in shows in its size: 1e9 s is 2001, 1e11 ms is 1973 and 1e11 s the year 5138.
_SECONDS, _MILLISECONDS, _MICROSECONDS = 1e11, 1e14, 1e17
_NUMERIC = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_LONGEST = 64

if TYPE_CHECKING:
    from ingest.decoding import Context, Source

PRECISIONS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""Unit of a Unix time -> how many of it are a second."""


def device_time(value: object, device: str, source: Source, context: Context, field: str | None = None) -> datetime:
    """The instant that a device means, in UTC; a time without a zone is of the device's (registry), else the source's.

    Raises:
        Refusal: `time_unreadable`, or `time_without_zone`.
    """
    try:
        return read_time(value, None, field, source.precision)
    except Refusal as refused:
        if refused.code != "time_without_zone":
            raise
    known = context.registered(device)
    return read_time(value, (None if known is None else known.zone) or source.zone, field)


def read_time(
    value: object, zone: str | None = None, field: str | None = None, precision: str | None = None
) -> datetime:
    """The instant that a device means, in UTC.

    Numbers and numeric strings are Unix time in s, ms, µs or ns, by their size; other strings are ISO 8601.

    Args:
        value: as it stands in the message.
        zone: IANA name for times without a zone; of two possible instants (autumn) the first is meant.
        field: where it stands, for the error.
        precision: the unit of Unix times, one of `PRECISIONS`; None: by their size.

    Raises:
        Refusal: `time_unreadable`, or `time_without_zone`.
    """
    kind = type(value)
    if kind is int or kind is float:
        return _from_number(value, field, precision)  # type: ignore[arg-type]
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise refusal("time_unreadable", f"{shortened(value)} is no time", field=field)
    # Four digits and a dash begin no number: the common case needs no look at the whole text.
    if value[4:5] != "-" and _NUMERIC.fullmatch(value.strip()):
        return _from_number(float(value), field, precision)
    return _from_iso(value, zone, field)


def _from_number(number: float, field: str | None, precision: str | None) -> datetime:
    if precision is None:
        size = abs(number)
        scale = 1.0 if size < _SECONDS else 1e3 if size < _MILLISECONDS else 1e6 if size < _MICROSECONDS else 1e9
    else:
        scale = PRECISIONS[precision]
    try:
        return datetime.fromtimestamp(number / scale, UTC)
    except (OverflowError, ValueError, OSError):
        raise refusal("time_unreadable", f"{shortened(number)} is no Unix time", field=field) from None


def _from_iso(text: str, zone: str | None, field: str | None) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
        if time.tzinfo is UTC:
            return time
        if time.tzinfo is None and zone is not None:
            time = time.replace(tzinfo=_zone(zone))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusal("time_unreadable", f"{shortened(text)} is no time", field=field) from None
    raise refusal("time_without_zone", f"{shortened(text)} has no zone", field=field)


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def shifted(time: datetime, seconds: float, field: str | None = None) -> datetime:
    """A time moved by seconds.

    Raises:
        Refusal: `time_unreadable`, beyond the years 1 to 9999.
    """
    try:
        if math.isfinite(seconds):
            return time + timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise refusal("time_unreadable", f"{shortened(seconds)} seconds from {time:%Y-%m-%d} is no time", field=field)
