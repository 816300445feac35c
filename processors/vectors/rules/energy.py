"""Energy, reliability of supply, registers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bypuls.formulas import energy, registers, reliability
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, InputError, rule

_ONE_HOUR = registers.HOUR


@rule("kwh", "peak_kw", "hours")
def load_factor(_standards: Standards, given: Given) -> Answer:
    """Energy by what the peak would have been."""
    used, peak, hours = given.number("kwh"), given.number("peak_kw"), given.number("hours")
    known = used is not None and peak is not None and hours is not None
    return {"load_factor": energy.load_factor(used, peak, hours) if known else None}  # type: ignore[arg-type]


@rule("t_mean")
def hdd_base17(standards: Standards, given: Given) -> Answer:
    """Heating degrees of a day."""
    mean, base = given.number("t_mean"), float(standards.rule("degree_days").values["base_temperature"])
    return {"hdd": None if mean is None else float(energy.heating_degrees(np.array([mean], dtype=np.float64), base)[0])}


@rule("production", "export")
def self_consumption(_standards: Standards, given: Given) -> Answer:
    """Of one's own production."""
    production, exported = given.number("production"), given.number("export")
    return {"share": None if production is None or exported is None else energy.self_consumption(production, exported)}


@rule("consumption", "import")
def self_sufficiency(_standards: Standards, given: Given) -> Answer:
    """Of one's use."""
    used, bought = given.number("consumption"), given.number("import")
    return {"share": None if used is None or bought is None else energy.self_sufficiency(used, bought)}


@rule("events", "customer_minutes", "interruptions", "served", "sustained_over_minutes")
def ieee1366(standards: Standards, given: Given) -> Answer:
    """SAIDI, SAIFI, CAIDI of events or of their sums."""
    served = given.number("served") or 0
    usual = standards.rule("ieee_1366").values["sustained_over_minutes"]
    if "events" in given:
        events = [_interruption(event) for event in given.rows("events")]
        minutes = given.number("sustained_over_minutes")
        found = reliability.indices(events, served, usual if minutes is None else minutes)
    else:
        lost, interrupted = given.number("customer_minutes"), given.number("interruptions")
        if lost is None or interrupted is None:
            return {"SAIDI": None, "SAIFI": None, "CAIDI": None}
        found = reliability.indices_of_totals(lost, interrupted, served)
    return {"SAIDI": found.saidi, "SAIFI": found.saifi, "CAIDI": found.caidi}


@rule("v0", "v1")
def register_delta(_standards: Standards, given: Given) -> Answer:
    """From one reading to the next; of a fall nothing is known."""
    rise, _ = _rise(given.number("v0"), given.number("v1"), registers.Register(gap=_ONE_HOUR), restarts=False)
    return {"delta": rise}


@rule("v0", "v1", "modulus", "max_plausible_delta")
def register_rollover(_standards: Standards, given: Given) -> Answer:
    """A register that wraps at its modulus; a fall that cannot be one is a reset, whose use nobody knows.

    Without a modulus a fall is a reset, and the new reading is what was used.
    """
    before, after = given.number("v0"), given.number("v1")
    if before is None or after is None:
        return {"delta": None, "event": None}
    modulus = given.number("modulus")
    register = registers.Register(
        gap=_ONE_HOUR,
        capacity=modulus,
        most_per_hour=given.number("max_plausible_delta"),
        wrap_within=1,
        restart_within=1,
    )
    rise, fell = _rise(before, after, register, restarts=modulus is None)
    event = "none"
    if after < before:
        event = "reset" if fell else "rollover"
    return {"delta": rise, "event": event}


@rule("before", "after", "event")
def register_reset(_standards: Standards, given: Given) -> Answer:
    """The plain difference, and whether it is a fall that no known event explains."""
    before, after = given.number("before"), given.number("after")
    if before is None or after is None:
        return {"naive_delta": None, "flag": None}
    explained = given.text("event", "none") != "none"
    rise, _ = _rise(before, after, registers.Register(gap=_ONE_HOUR), restarts=False)
    return {"naive_delta": after - before, "flag": rise is None and not explained}


@rule("previous", "closing", "opening", "after")
def register_reset_known(_standards: Standards, given: Given) -> Answer:
    """A meter was swapped, and its last and the new one's first reading are known."""
    readings = [given.number(key) for key in ("previous", "closing", "opening", "after")]
    if any(reading is None for reading in readings):
        return {"delta": None}
    previous, closing, opening, after = (float(reading) for reading in readings if reading is not None)
    swap = registers.Swap(_ONE_HOUR, closing, opening)
    times = np.array([0, 2 * _ONE_HOUR], dtype=np.int64)
    steps = registers.steps_of(times, np.array([previous, after]), [swap], registers.Register(gap=_ONE_HOUR))
    return {"delta": float(steps.rise.sum()) if steps.explained.all() else None}


@rule("values", "t")
def counter_reset(_standards: Standards, given: Given) -> Answer:
    """A counter of which every fall is a reset, as TimescaleDB's counter_agg has it; `t` in seconds."""
    values = given.known("values")
    times = given.known("t") if "t" in given else list(range(len(values or ())))
    undefined = dict.fromkeys(("delta", "resets", "changes", "rate"))
    if not values or times is None:
        return undefined
    if len(times) != len(values):
        raise InputError(f"input t has {len(times)} entries, values has {len(values)}")
    if any(later < earlier for earlier, later in pairwise(times)):
        return undefined
    first = [place for place in range(len(times)) if place == 0 or times[place] != times[place - 1]]
    at, value = np.array([times[place] for place in first]), np.array([values[place] for place in first], dtype=float)
    register = registers.Register(gap=_ONE_HOUR, restart_within=1)
    rise, _, fell = registers.rises(value[:-1], value[1:], np.diff(at) / 3600, register)
    span = float(at[-1] - at[0])
    return {
        "delta": float(rise.sum()),
        "resets": int(fell.sum()),
        "changes": int((np.diff(value) != 0).sum()),
        "rate": float(rise.sum()) / span if span > 0 and "t" in given else None,
    }


def _interruption(event: Given) -> reliability.Interruption:
    customers, minutes = event.number("customers"), event.number("minutes")
    if customers is None or minutes is None:
        raise InputError("input events: each needs customers and minutes")
    return reliability.Interruption(customers, minutes)


def _rise(
    before: float | None, after: float | None, register: registers.Register, *, restarts: bool
) -> tuple[float | None, bool]:
    """What was used between two readings an hour apart, and whether the register fell; None where nobody knows."""
    if before is None or after is None:
        return None, False
    ends, may = (np.array([float(before)]), np.array([float(after)])), np.array([restarts])
    rise, explained, fell = registers.rises(*ends, np.ones(1), register, restarts=may)
    return (float(rise[0]) if explained[0] else None), bool(fell[0])
