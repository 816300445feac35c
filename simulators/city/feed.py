"""Which message is due when: from values to SenML packs on topics. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from simulators.city import faults as wrong
from simulators.city.model import Model
from simulators.city.randomness import Floats, Integers
from simulators.city.scenario import Fault
from simulators.city.town import CITY, REGISTERS, UNITS, Stream, streams

LIVELY = 60
"""Seconds between live values of an instantaneous stream."""
_PACK = 2000
_LONGEST_UPLOAD = 240


class Parcel(NamedTuple):
    """One message.

    Attributes:
        due: when it is sent (s).
        refused: how many of its readings no ingest should take.
        again: how many a message before had already.
    """

    due: int
    topic: str
    payload: bytes
    readings: int
    refused: int
    again: int = 0


class _Row(NamedTuple):
    due: int
    time: int
    name: str
    unit: str
    value: float
    bad: bool


@dataclass(frozen=True)
class Feed:
    """What the town sends.

    Attributes:
        start: the first instant that is measured at all; registers count from it (s).
        live_since: from then on instantaneous streams are `lively`; None: never.
    """

    model: Model
    faults: Sequence[Fault]
    start: int
    live_since: int | None = None

    def history(self, after: int, upto: int) -> Iterator[Parcel]:
        """What is due in (after, upto], as one pack per device, oldest first."""
        for device, of_device in _devices():
            rows = self._rows(device, of_device, after, upto)
            good = sorted((row for row in rows if not row.bad), key=itemgetter(1))
            topic = f"bypuls/v1/{CITY}/{device}/history"
            for begin in range(0, len(good), _PACK):
                yield from self._parcels(device, topic, good[begin : begin + _PACK], upto)
            for _, at_once in groupby(sorted(row for row in rows if row.bad), key=itemgetter(0)):
                yield from self._parcels(device, topic, list(at_once), upto)
        yield from self._events(after, upto)

    def live(self, after: int, upto: int) -> list[Parcel]:
        """What is due in (after, upto], each at its time."""
        found = list(self._events(after, upto))
        for device, of_device in _devices():
            rows = sorted(self._rows(device, of_device, after, upto))
            for due, at_once in groupby(rows, key=itemgetter(0)):
                found += self._parcels(device, f"bypuls/v1/{CITY}/{device}/observations", list(at_once), due)
        return sorted(found)

    def _rows(self, device: str, of_device: Sequence[Stream], after: int, upto: int) -> list[_Row]:
        rows: list[_Row] = []
        for stream in of_device:
            mine = wrong.of_stream(self.faults, stream)
            wait = stream.interval + upload_delay(device, lively=stream.lively)
            earliest = max(after - wait - wrong.most_late(mine), self.start - 1)
            times = self._times(stream, earliest, upto - wait)
            due = times + wait + wrong.lateness(mine, times)
            times, due = times[(due > after) & (due <= upto)], due[(due > after) & (due <= upto)]
            if not len(times):
                continue
            values = wrong.measured(self.model, stream, mine, times, self.start)
            rows += _rows_of(stream, mine, times, due, values)
        return rows

    def _times(self, stream: Stream, after: int, upto: int) -> Integers:
        """When the stream has a value: (after, upto]."""
        lively = self.live_since if stream.lively else None
        told = _grid(after, upto if lively is None else min(upto, lively), stream.spacing)
        if lively is None:
            return told
        return np.concatenate([told, _grid(max(after, lively), upto, LIVELY, _phase(stream.device))])

    def _parcels(self, device: str, topic: str, rows: list[_Row], due: int) -> Iterator[Parcel]:
        times = np.array([row.time for row in rows], dtype=np.int64)
        twice = [fault for fault in self.faults if fault.device == device]
        parcel = Parcel(due, topic, senml(rows), len(rows), sum(row.bad for row in rows))
        yield parcel
        if wrong.active(twice, "duplicated", times).any():
            yield parcel._replace(again=parcel.readings)

    def _events(self, after: int, upto: int) -> Iterator[Parcel]:
        """What people tell of a device: swapped meters with both readings, and moves."""
        for fault in self.faults:
            time = int(fault.since.timestamp())
            if not after < time <= upto or time < self.start:
                continue
            stamp = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            topic = f"bypuls/v1/{CITY}/{fault.device}/events"
            if fault.kind == "moved":
                site = next(stream.site for stream in streams() if stream.device == fault.device)
                yield _event(time, topic, {"kind": "moved", "time": stamp, "from": site, "to": fault.to})
            if fault.kind != "swapped_meter":
                continue
            for stream in streams():
                if stream.property in REGISTERS and fault in wrong.of_stream(self.faults, stream):
                    at = np.array([time], dtype=np.int64)
                    before = [one for one in self.faults if one.since < fault.since and one.kind == fault.kind]
                    before = wrong.of_stream(before, stream)
                    closing = wrong.register(self.model, stream, at, self.start, before)[0]
                    told: dict[str, str | float | None] = {"kind": "swapped_meter", "time": stamp}
                    told |= {"property": stream.property, "closing": float(closing), "opening": fault.amount}
                    yield _event(time, topic, told)


def upload_delay(device: str, *, lively: bool) -> int:
    """Seconds from a value's end to its sending: at once when lively, else spread over the devices."""
    if lively:
        return 1
    names = [name for name, _ in _devices()]
    return 5 + names.index(device) * (_LONGEST_UPLOAD - 5) // len(names)


def senml(rows: Sequence[_Row]) -> bytes:
    """A SenML pack (RFC 8428) with one base time."""
    base = rows[0].time
    records: list[dict[str, str | float]] = []
    for row in rows:
        record: dict[str, str | float] = {"n": row.name, "u": row.unit, "v": row.value}
        if row.time != base:
            record["t"] = row.time - base
        records.append(record)
    records[0] = {"bt": base, **records[0]}
    return json.dumps(records, separators=(",", ":")).encode()


def _rows_of(stream: Stream, mine: Sequence[Fault], times: Integers, due: Integers, values: Floats) -> list[_Row]:
    unit = UNITS[stream.property]
    odd = next((fault.unit for fault in mine if fault.kind == "wrong_unit"), None)
    bad = wrong.active(mine, "wrong_unit", times) > 0
    there = ~np.isnan(values)
    return [
        _Row(at, time, stream.property, odd or unit if is_bad else unit, value, is_bad)
        for at, time, value, is_bad in zip(
            due[there].tolist(), times[there].tolist(), values[there].tolist(), bad[there].tolist(), strict=True
        )
    ]


def _event(due: int, topic: str, told: dict[str, str | float | None]) -> Parcel:
    return Parcel(due, topic, json.dumps(told, separators=(",", ":")).encode(), 0, 0)


def _grid(after: int, upto: int, step: int, phase: int = 0) -> Integers:
    first = ((after - phase) // step + 1) * step + phase
    return np.arange(first, upto + 1, step, dtype=np.int64)


def _phase(device: str) -> int:
    """Lively devices speak one after the other, evenly over the minute."""
    names = [name for name, of_device in _devices() if any(stream.lively for stream in of_device)]
    return names.index(device) * LIVELY // len(names)


@lru_cache(maxsize=1)
def _devices() -> list[tuple[str, list[Stream]]]:
    by_device: dict[str, list[Stream]] = {}
    for stream in streams():
        by_device.setdefault(stream.device, []).append(stream)
    return list(by_device.items())
