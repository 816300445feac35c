"""Times by columns: what `ingest.timestamps.read_time` reads, in µs since 1970, many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bypuls.errors import Refusal
from ingest.importing.block import FINE, Bytes, Int64, fault
from ingest.timestamps import read_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)
_ZONED, _NAIVE = pa.timestamp("us", "UTC"), pa.timestamp("us")


def to_microseconds(time: datetime) -> int:
    """µs since 1970 of an instant, exactly."""
    return (time - _EPOCH) // _MICROSECOND


def to_datetime(microseconds: int) -> datetime:
    """The instant of µs since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def read_times(texts: pa.Array, zone: str | None) -> tuple[Int64, Bytes]:
    """µs since 1970 and faults of times as written.

    Args:
        texts: strings; empty ones are `time_missing`.
        zone: IANA name for times without a zone.
    """
    fine = np.zeros(len(texts), np.uint8)
    for kind in (_ZONED, _NAIVE) if zone is not None else (_ZONED,):
        try:
            times = pc.cast(texts, kind).cast(pa.int64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            continue
        return (times if kind is _ZONED else from_local(times, zone or "UTC")), fine
    return _one_by_one(texts, zone)


def _one_by_one(texts: pa.Array, zone: str | None) -> tuple[Int64, Bytes]:
    """Each spelling once, by the rules for messages."""
    encoded = texts.dictionary_encode()
    times, faults = [], []
    for text in encoded.dictionary.to_pylist():
        time, problem = 0, FINE
        if not text or text.isspace():
            problem = fault("time_missing")
        else:
            try:
                time = to_microseconds(read_time(text, zone))
            except Refusal as refused:
                problem = fault(refused.code)
        times.append(time)
        faults.append(problem)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    return np.array(times, np.int64)[indices], np.array(faults, np.uint8)[indices]


def from_local(times: Int64, zone: str) -> Int64:
    """Instants of wall-clock times in a zone; of two possible ones (autumn) the first, as for messages.

    Args:
        times: µs since 1970 as a clock in the zone shows them.
        zone: IANA name.
    """
    place = ZoneInfo(zone)

    def offset(local: int) -> int:
        return (datetime(1970, 1, 1, tzinfo=place) + timedelta(microseconds=local)).utcoffset() // _MICROSECOND  # type: ignore[operator]

    days, of_day = np.unique(times // _DAY, return_inverse=True)
    starts = np.array([offset(day * _DAY) for day in days.tolist()], np.int64)
    ends = np.array([offset((day + 1) * _DAY) for day in days.tolist()], np.int64)
    shifted: Int64 = times - starts[of_day]
    for row in np.flatnonzero((starts != ends)[of_day]).tolist():  # days on which the clock is changed
        shifted[row] = times[row] - offset(int(times[row]))
    return shifted
