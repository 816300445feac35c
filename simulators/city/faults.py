"""What is wrong with devices: faults as data, applied to the values that the model gives. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

from simulators.city.model import Model
from simulators.city.randomness import Floats, Integers, uniform
from simulators.city.scenario import Fault, strength
from simulators.city.town import QUARTER, REGISTERS, Stream

_DAY = 86_400


def usual_faults(begun: datetime) -> list[Fault]:
    """What is wrong in the town when somebody first looks at it: enough to see, not too much to live with."""
    hour = begun.replace(minute=0, second=0, microsecond=0)

    def ago(**span: float) -> datetime:
        return hour - timedelta(**span)

    return [
        Fault("lcs-fjellveien", "silent", ago(hours=26)),
        Fault("lcs-ringveien-midt", "stuck", ago(hours=40), properties=["pm10", "pm25"]),
        Fault("lcs-sjoegata", "drifting", ago(days=15), amount=0.5, properties=["no2"]),
        Fault("lcs-barnehagen", "spiking", ago(days=20), amount=2000.0, every=700, properties=["pm10"]),
        Fault("el-kulturhuset", "late", ago(days=12), amount=3.0),
        Fault("loop-havnevegen", "duplicated", ago(days=10)),
        Fault(
            "snd-havna-kai", "wrong_unit", ago(hours=3), ago(hours=-1), unit="dB(C)", properties=["sound_level_laeq"]
        ),
        Fault("el-biblioteket", "swapped_meter", ago(days=9, hours=2), amount=0.0, properties=["active_energy_import"]),
    ]


def of_stream(faults: Iterable[Fault], stream: Stream) -> list[Fault]:
    """The faults that touch a stream."""
    return [
        fault
        for fault in faults
        if fault.device == stream.device
        and (stream.property in fault.properties or (not fault.properties and stream.property != "battery_level"))
    ]


def active(faults: Iterable[Fault], kind: str, times: Integers) -> Floats:
    """1 where a fault of this kind is on, else 0."""
    found = np.zeros(len(times))
    for fault in faults:
        if fault.kind == kind:
            found = np.maximum(found, strength(fault, times))
    return found


def lateness(faults: Iterable[Fault], times: Integers) -> Integers:
    """Seconds that values of these times are held back."""
    found = np.zeros(len(times), dtype=np.int64)
    for fault in faults:
        if fault.kind == "late":
            found = np.maximum(found, (strength(fault, times) * fault.amount * 3600).astype(np.int64))
    return found


def most_late(faults: Iterable[Fault]) -> int:
    """The longest that a value is held back (s)."""
    return max((int(fault.amount * 3600) for fault in faults if fault.kind == "late"), default=0)


def measured(model: Model, stream: Stream, faults: Sequence[Fault], times: Integers, start: int) -> Floats:
    """What the device gives at these times, faults included. A register counts from `start`."""
    if stream.property in REGISTERS:
        values = register(model, stream, times, start, [fault for fault in faults if fault.kind == "swapped_meter"])
    else:
        values = model.values(stream, times)
    for fault in faults:
        on = strength(fault, times) > 0
        if not on.any():
            continue
        if fault.kind == "moved" and stream.property not in REGISTERS:
            values = np.where(on, model.values(stream, times, fault.to), values)
        elif fault.kind == "drifting":
            days = (times - fault.since.timestamp()) / _DAY
            values = np.where(on, np.round(values + fault.amount * days, 1), values)
        elif fault.kind == "spiking":
            hit = uniform(model.chance(stream, "spikes"), times) < 1.0 / fault.every
            values = np.where(on & hit, values + fault.amount, values)
        elif fault.kind == "stuck":
            held = np.array([int(fault.since.timestamp()) // stream.spacing * stream.spacing], dtype=np.int64)
            values = np.where(on, measured(model, stream, [], held, start)[0], values)
    return np.where(active(faults, "silent", times) > 0, np.nan, values)


def register(model: Model, stream: Stream, times: Integers, start: int, swaps: Iterable[Fault] = ()) -> Floats:
    """A register (kWh) at these quarter hours: what it showed at `start`, and every quarter hour since, in whole Wh.

    A swapped meter counts from its opening reading on.
    """
    first = start // QUARTER * QUARTER
    last = int(times.max(initial=first))
    counted = np.concatenate([[0.0], np.cumsum(_energies(model, stream, first, last))])

    def since_start(at: Integers) -> Floats:
        found: Floats = counted[np.clip((at - first) // QUARTER, 0, len(counted) - 1)]
        return found

    chance = float(uniform(model.chance(stream, "opening"), np.zeros(1, dtype=np.int64))[0])
    shown = np.floor(20_000.0 + 400_000.0 * chance) * 1000.0 + since_start(times)
    for swap in sorted(swaps, key=lambda fault: fault.since):
        at = np.array([int(swap.since.timestamp())], dtype=np.int64)
        after = times >= at[0]
        shown = np.where(after, swap.amount * 1000.0 + since_start(times) - since_start(at)[0], shown)
    rounded: Floats = np.round(shown / 1000.0, 3)
    return rounded


def _energies(model: Model, stream: Stream, first: int, last: int) -> Floats:
    """Wh of each quarter hour from `first` to at least `last`.

    They are kept, and worked out to the end of a day: a register is read again and again, and meters share the weather.
    """
    key = (stream.device, stream.property, first)
    known = model.energies.get(key, np.zeros(0))
    fresh = np.arange(first + len(known) * QUARTER, (last // _DAY + 1) * _DAY, QUARTER, dtype=np.int64)
    if len(fresh):
        known = model.energies[key] = np.concatenate([known, model.values(stream, fresh)])
    return known
