"""What was pulled as messages: SenML packs (RFC 8428) on our own topics, a bounded number of values in each.

SenML has no word for a channel or an interval. Both are labels of our own, `channel` and `interval` (seconds), which
the standard lets others ignore (section 4.4); times are starts of intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from ingest import topics
from ingest.bridges.answers import Value

_VALUES = 500
_LIVE = timedelta(days=30)
"""Older than this a value is history: the source of what is measured now refuses what is a year old."""


class Pack(NamedTuple):
    """One message for the outbox."""

    source: str
    topic: str
    payload: bytes


def packs(city: str, device: str, values: Sequence[Value], now: datetime) -> Iterator[Pack]:
    """The messages that carry the values of one device, oldest first."""
    ordered = sorted(values, key=lambda value: value.key)
    old = [value for value in ordered if value.key.time < now - _LIVE]
    for source, topic, part in (
        ("history", topics.history(city, device), old),
        ("live", topics.observations(city, device), ordered[len(old) :]),
    ):
        for start in range(0, len(part), _VALUES):
            yield Pack(source, topic, _senml(part[start : start + _VALUES]))


def _senml(values: Sequence[Value]) -> bytes:
    base = values[0].key.time.timestamp()
    records: list[dict[str, Any]] = []
    for value in values:
        record: dict[str, Any] = {"n": value.key.property, "v": value.value}
        if not records:
            record = {"bt": base, **record}
        if value.unit is not None:
            record["u"] = value.unit
        if (after := value.key.time.timestamp() - base) != 0:
            record["t"] = after
        if value.key.channel:
            record["channel"] = value.key.channel
        if value.interval is not None:
            record["interval"] = value.interval.total_seconds()
        records.append(record)
    return msgspec.json.encode(records)
