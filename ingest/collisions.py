"""Keeps the readings of one message apart: two for one device, quantity, channel and time would correct each other."""

from __future__ import annotations

from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Reading, Refused
from ingest.reasons import REASONS


def apart(readings: list[Reading], refusals: list[Refusal], *, naive: bool) -> list[Reading]:
    """No two readings of one device, quantity, channel and time: the second would correct the first."""
    seen: dict[tuple[Any, ...], list[int]] = {}
    for position, reading in enumerate(readings):
        key = (reading.device, reading.quantity, reading.channel, reading.time)
        seen.setdefault(key, []).append(position)
    if len(seen) == len(readings):
        return readings
    dropped: set[int] = set()
    kept = list(readings)
    for (_, _, channel, time), positions in seen.items():
        if len(positions) == 1:
            continue
        for nth, position in enumerate(positions, 1):
            reading = readings[position]
            if time is None and naive:
                dropped.add(position)
                hint = REASONS["time_without_zone"].hint
                detail = "several values whose times have no zone would all get the time of arrival"
                refusals.append(Refused("time_without_zone", detail, hint=hint, reading=reading))
            else:
                kept[position] = _with_channel(reading, joined(channel, str(nth)))
    return [reading for position, reading in enumerate(kept) if position not in dropped]


def _with_channel(reading: Reading, channel: str) -> Reading:
    return Reading(reading.device, reading.field, reading.quantity, channel, reading.value, reading.unit, reading.time)


def joined(outer: str, inner: str) -> str:
    """A channel within a channel; bounded as channels are."""
    return f"{outer}.{inner}"[:32].rstrip(".-_") if outer and inner else outer or inner
