"""A scenario: measures with a known true effect, and faults, from a YAML file. Pure effects, one-line errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import yaml

from bypuls.errors import SettingsError
from bypuls.typed import convert
from simulators.city.holidays import Civil
from simulators.city.places import PLACE, STREETS
from simulators.city.randomness import Floats, Integers
from simulators.city.town import CITY, HEATED, streams
from simulators.city.traffic import rush

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Days = Annotated[float, msgspec.Meta(ge=0, le=366)]
_DAY = 86_400.0
_LATEST_HOURS = 31 * 24.0


class Measure(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True, forbid_unknown_fields=True):
    """What every measure has: a name, from when, until when (none: for good)."""

    name: str
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class CongestionFee(Measure, frozen=True, tag="congestion_fee", kw_only=True, forbid_unknown_fields=True):
    """Traffic falls by `reduction` on these streets (none: all) in the hours charged, in full after `lag_days`."""

    reduction: Share
    streets: list[str] = []
    hours: Literal["rush", "all"] = "rush"
    lag_days: Days = 0


class StreetClosed(Measure, frozen=True, tag="street_closed", kw_only=True, forbid_unknown_fields=True):
    """No traffic on `street`; `diverted` says which share of it drives where instead."""

    street: str
    diverted: dict[str, Share] = {}


class SpeedLimit(Measure, frozen=True, tag="speed_limit", kw_only=True, forbid_unknown_fields=True):
    """Free-flow speed on these streets is at most `speed` (km/h)."""

    streets: Annotated[list[str], msgspec.Meta(min_length=1)]
    speed: Annotated[float, msgspec.Meta(ge=5, le=110)]


class Retrofit(Measure, frozen=True, tag="retrofit", kw_only=True, forbid_unknown_fields=True):
    """Heat of these buildings falls by `reduction`, in full after `lag_days`."""

    buildings: Annotated[list[str], msgspec.Meta(min_length=1)]
    reduction: Share
    lag_days: Days = 0


AnyMeasure = CongestionFee | StreetClosed | SpeedLimit | Retrofit

FaultKind = Literal[
    "silent", "stuck", "drifting", "spiking", "late", "duplicated", "wrong_unit", "moved", "swapped_meter"
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with a device.

    Attributes:
        amount: drifting: units a day; spiking: how far the spike leaps; late: hours; swapped_meter: opening register.
        every: spiking: one value in so many leaps.
        unit: wrong_unit: what the device says instead.
        to: moved: the site it hangs at now.
        properties: of the device; none named: all but its battery.
    """

    device: str
    kind: FaultKind
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    amount: Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] = 0.0
    every: Annotated[int, msgspec.Meta(ge=1)] = 100
    unit: str | None = None
    to: str | None = None
    properties: list[str] = []


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario file. `faults`: instead of the usual ones; none written: the usual ones."""

    title: str = ""
    measures: list[AnyMeasure] = []
    faults: list[Fault] | None = None


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        SettingsError: unreadable, no YAML, or something in it that cannot be, with its place.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"scenario {path} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"scenario {path} is not YAML: {' '.join(str(error).split())}") from None
    try:
        scenario = convert(document if document is not None else {}, Scenario)
    except msgspec.ValidationError as error:
        raise SettingsError(f"scenario {path}: {_place(str(error))}; docs/simulated-city.md lists the keys") from None
    problem = next(_problems(scenario), None)
    if problem is not None:
        raise SettingsError(f"scenario {path}: {problem}")
    return scenario


def _place(text: str) -> str:
    return text.replace(" - at `$.", " - at `").replace("`$`", "the top")


def _problems(scenario: Scenario) -> Iterator[str]:
    for measure in scenario.measures:
        for problem in (*_span(measure), *_measure_problems(measure)):
            yield f"measure {measure.name!r}: {problem}"
    devices: dict[str, set[str]] = {}
    for stream in streams():
        devices.setdefault(stream.device, set()).add(stream.property)
    for fault in scenario.faults or []:
        for problem in (*_span(fault), *_fault_problems(fault, devices)):
            yield f"fault {fault.kind!r} of {fault.device!r}: {problem}"


def _measure_problems(measure: AnyMeasure) -> Iterator[str]:
    for street in _streets_of(measure):
        if street not in STREETS:
            yield f"there is no street {street!r}; there are {', '.join(STREETS)}"
    if isinstance(measure, StreetClosed):
        diverted = sum(measure.diverted.values())
        if diverted > 1 + 1e-9:
            yield f"more than all of the traffic is diverted ({diverted:g})"
        if measure.street in measure.diverted:
            yield f"{measure.street} is closed, so nothing can be diverted to it"
    for building in measure.buildings if isinstance(measure, Retrofit) else []:
        if building not in HEATED:
            yield f"no heat meter at {building!r}; there are {', '.join(HEATED)}"


def _fault_problems(fault: Fault, devices: dict[str, set[str]]) -> Iterator[str]:
    if fault.device not in devices:
        yield f"there is no such device in {CITY}; 'bypuls simulate city --print-city' lists them"
    elif not devices[fault.device].issuperset(fault.properties):
        yield f"it has {', '.join(sorted(devices[fault.device]))}, not all of {', '.join(fault.properties)}"
    if fault.kind == "moved" and fault.to not in PLACE:
        yield f"'to' must name the site it hangs at now, not {fault.to!r}"
    if fault.kind == "wrong_unit" and not fault.unit:
        yield "'unit' must say what the device says instead"
    if fault.kind in {"drifting", "spiking", "late"} and not fault.amount:
        yield "'amount' is missing"
    if fault.kind == "late" and not 0 <= fault.amount <= _LATEST_HOURS:
        yield f"'amount' must be hours from 0 to {_LATEST_HOURS:g}, not {fault.amount:g}"
    if fault.kind == "swapped_meter" and fault.amount < 0:
        yield f"'amount' must be what the new register shows first, not {fault.amount:g}"


def _span(of: Measure | Fault) -> Iterator[str]:
    if of.until is not None and of.until <= of.since:
        yield f"until ({of.until.isoformat()}) is not after since ({of.since.isoformat()})"


def _streets_of(measure: AnyMeasure) -> list[str]:
    if isinstance(measure, StreetClosed):
        return [measure.street, *measure.diverted]
    return measure.streets if isinstance(measure, CongestionFee | SpeedLimit) else []


def strength(of: Measure | Fault, times: Integers, lag_days: float = 0.0) -> Floats:
    """How much a measure works, 0 to 1: from nothing at `since` to all after the lag, and nothing from `until` on."""
    since = times - of.since.timestamp()
    risen = np.clip(since / (lag_days * _DAY), 0.0, 1.0) if lag_days > 0 else np.ones(len(times))
    on = since >= 0
    if of.until is not None:
        on &= times < of.until.timestamp()
    return np.where(on, risen, 0.0)


def volumes(
    plain: dict[str, Floats], measures: Iterable[AnyMeasure], times: Integers, when: Civil
) -> dict[str, Floats]:
    """The streets' volumes (vehicles/h) with the measures, from those without; fees first, then closures."""
    found = dict(plain)
    known = list(measures)
    for fee in (one for one in known if isinstance(one, CongestionFee)):
        charged = rush(when.hour) * (when.kind == 0) if fee.hours == "rush" else np.ones(len(times))
        for street in fee.streets or STREETS:
            found[street] = found[street] * (1.0 - fee.reduction * strength(fee, times, fee.lag_days) * charged)
    for closed in (one for one in known if isinstance(one, StreetClosed)):
        away = found[closed.street] * strength(closed, times)
        found[closed.street] = found[closed.street] - away
        for street, share in closed.diverted.items():
            found[street] = found[street] + share * away
    return found


def speed_cap(street: str, measures: Iterable[AnyMeasure], times: Integers) -> Floats:
    """Free-flow speed (km/h) of a street with the speed limits that hold."""
    found = np.full(len(times), STREETS[street].free_flow_speed)
    for limit in measures:
        if isinstance(limit, SpeedLimit) and street in limit.streets:
            found = np.where(strength(limit, times) > 0, np.minimum(found, limit.speed), found)
    return found


def heat_factor(building: str, measures: Iterable[AnyMeasure], times: Integers) -> Floats:
    """What is left of a building's heat."""
    found = np.ones(len(times))
    for one in measures:
        if isinstance(one, Retrofit) and building in one.buildings:
            found = found * (1.0 - one.reduction * strength(one, times, one.lag_days))
    return found
