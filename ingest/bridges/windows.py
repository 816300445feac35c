"""How far back a bridge asks, and when it asks again. Pure: times in, times out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.bridges.definition import Definition

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SPREAD = 0.1
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)


class Window(NamedTuple):
    """A stretch of time to ask for: `start` included, `end` not."""

    start: datetime
    end: datetime


def windows(start: datetime, now: datetime, most: timedelta) -> Iterator[Window]:
    """What lies between a start and now, in questions of a bounded span."""
    while start < now:
        end = min(start + most, now)
        yield Window(start, end)
        start = end


def advanced(
    complete_to: datetime, asked_to: datetime, newest: datetime | None, now: datetime, definition: Definition
) -> datetime:
    """Up to where nothing is asked for again, once everything before `asked_to` was answered.

    It stays `look_back` behind the present, because values still change; it waits at the newest value of a station
    that has fallen silent, because it may deliver later what it measured meanwhile; but not longer than `silence`.
    """
    edge = now - definition.look_back
    if newest is not None:
        edge = min(edge, newest)
    edge = max(edge, now - definition.silence)
    return max(complete_to, min(asked_to, edge))


def next_run(name: str, now: datetime, definition: Definition, interval: timedelta | None = None) -> datetime:
    """When to ask again: after the offset in the next interval, spread so that not everybody asks at once."""
    step = interval or definition.interval
    begun = _EPOCH + (now - _EPOCH) // step * step
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    due: datetime = begun + definition.offset % step + step * (_SPREAD * share)
    while due <= now:
        due += step
    return due


def after_failure(failures: int, now: datetime, wanted: timedelta | None) -> datetime:
    """When to try again after so many failures in a row: doubling pauses, or as long as the service wants."""
    pause: timedelta = min(_FIRST_PAUSE * (1 << min(failures - 1, 10)), _LONGEST_PAUSE)
    return now + max(pause, min(wanted or timedelta(), _LONGEST_PAUSE * 4))
