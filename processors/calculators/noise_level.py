"""Day-evening-night level and night level of a day, month or year (Environmental Noise Directive)."""

from __future__ import annotations

from datetime import date
from math import isnan

import numpy as np

from bypuls.errors import CatalogueError
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome
from processors.calculators._levels import level, weighted_energy
from processors.windows import DAY, HOUR, day_start, local_seconds, starts_of

PARTS = ("day", "evening", "night")
_BEGIN = (7, 19, 23)
_HOURS = np.array([12, 4, 8])
_PENALTY = np.array([0, 5, 10])
_NIGHT = 2
_HOURS_AFTER = 8  # the night after the window's last midnight, on the day the clock is put back


def compute(inputs: Inputs) -> Outcome:
    """Lden = 10 lg ((12 x 10^(Lday/10) + 4 x 10^((Levening+5)/10) + 8 x 10^((Lnight+10)/10)) / 24), or Lnight alone.

    Parameters: `indicator` (lden, lnight), `source` of the noise (road …), `guideline`, and `zones`, whose class is the
    band; without zones it is `above` or `within` the guideline. Day 7 to 19, evening 19 to 23, night 23 to 7 by the
    city's clock. A day begins at 7: the night belongs to the day on which it begins, and a value is complete at 7 on
    the next. Each part is the energy mean of its valid hours in all days of the period; the weights stay 12, 4 and 8
    where the clock changes. Without any valid hour of a part there is no Lden. The coverage is that of the part with
    the least. Limits and guidelines speak of a year: the band of a day or month is where such a year would stand.

    Source: Directive 2002/49/EC, Annex I.
    """
    energy, time, count = _parts(inputs)
    levels = level(energy, time)
    night_only = inputs.definition.parameters["indicator"] == "lnight"
    if night_only:
        value = levels[:, _NIGHT]
    else:
        value = 10 * np.log10((_HOURS * 10 ** ((levels + _PENALTY) / 10)).sum(axis=1) / _HOURS.sum())
    expected = _expected(inputs)
    used = [_NIGHT] if night_only else [0, 1, 2]
    least = np.array(used)[np.argmin(count[:, used] / np.maximum(expected[:, used], 1), axis=1)]
    rows = np.arange(len(least))
    bands, details = _judged(inputs, value, levels)
    return Outcome(
        value,
        band=bands,
        detail=details,
        covered=count[rows, least],
        expected=expected[rows, least],
        evidence=_evidence(inputs, expected[:, used].sum(axis=1), count[:, used].sum(axis=1)),
    )


def _noise_days(inputs: Inputs, buckets: Integers) -> tuple[Integers, Integers]:
    """The noise day (since 1970) that each hour belongs to, and which part of it."""
    clock = local_seconds(buckets, inputs.calendar)
    hour = clock % DAY // HOUR
    part = np.select(
        [(hour >= _BEGIN[0]) & (hour < _BEGIN[1]), (hour >= _BEGIN[1]) & (hour < _BEGIN[2])], [0, 1], _NIGHT
    )
    return (clock - _BEGIN[0] * HOUR) // DAY, part


def _period_starts(inputs: Inputs, days: Integers) -> Integers:
    """The start of the period that each noise day belongs to."""
    unique, back = np.unique(days, return_inverse=True)
    midnights = np.array([day_start(day, inputs.calendar) for day in unique.tolist()], dtype=np.int64)
    return starts_of(midnights, inputs.cells.period, inputs.calendar)[back] if len(unique) else days


def _parts(inputs: Inputs) -> tuple[Floats, Floats, Integers]:
    """Per cell and part: energy, measured time and number of its valid hours."""
    cells, hours = inputs.cells, inputs.hours[inputs.hours["valid"]]
    days, part = _noise_days(inputs, hours["bucket"].to_numpy(np.int64))
    cell = cells.find(hours["site"].to_numpy(np.int64), _period_starts(inputs, days))
    mine, shape = cell >= 0, (len(cells), len(PARTS))
    slot, length = (cell * len(PARTS) + part)[mine], len(cells) * len(PARTS)
    energy = np.bincount(slot, weighted_energy(hours)[mine], minlength=length).reshape(shape).astype(float)
    time = np.bincount(slot, hours["share"].to_numpy(float)[mine], minlength=length).reshape(shape).astype(float)
    return energy, time, np.bincount(slot, minlength=length).reshape(shape)


def _expected(inputs: Inputs) -> Integers:
    """Per cell and part: how many hours it has; of a running month or year, how many are over."""
    cells = inputs.cells
    running = (cells.elapsed < cells.hours) & (cells.period != "P1D")
    until = np.where(running, cells.start + cells.elapsed * HOUR, cells.end + _HOURS_AFTER * HOUR)
    # Sites share their windows: each is counted once.
    windows, back = np.unique(np.stack([cells.start, cells.end, until]), axis=1, return_inverse=True)
    numbers = np.zeros((windows.shape[1], len(PARTS)), dtype=np.int64)
    for row, (start, end, last) in enumerate(windows.T.tolist()):
        buckets = np.arange(start, min(last, end + _HOURS_AFTER * HOUR), HOUR)
        days, part = _noise_days(inputs, buckets)
        numbers[row] = np.bincount(part[_period_starts(inputs, days) == start], minlength=len(PARTS))
    return numbers[back.reshape(-1)]


def _judged(inputs: Inputs, value: Floats, levels: Floats) -> tuple[list[str | None], list[Detail | None]]:
    parameters = inputs.definition.parameters
    zones = inputs.standards.scale(parameters["zones"]) if "zones" in parameters else None
    guideline = _guideline(inputs)
    bands: list[str | None] = []
    details: list[Detail | None] = []
    for number, parts in zip(value.tolist(), levels.tolist(), strict=True):
        known = {name: one for name, one in zip(PARTS, parts, strict=True) if not isnan(one)}
        details.append({**known, "guideline": guideline} if known else None)
        if isnan(number):
            bands.append(None)
        elif zones:
            bands.append(zones.name(zones.class_of(parameters["source"], number)))
        else:
            bands.append("above" if number > guideline else "within")
    return bands, details


def _guideline(inputs: Inputs) -> float:
    parameters = inputs.definition.parameters
    standard = inputs.standards.limit_standard(parameters["guideline"])
    limit = standard.limit(parameters["source"], parameters["indicator"], date.max)
    if limit is None:
        raise CatalogueError(f"standard {standard.id} has no {parameters['indicator']} for {parameters['source']}")
    return limit.value


def _evidence(inputs: Inputs, expected: Integers, valid: Integers) -> list[Detail | None]:
    """The standard, and the hours of the noise days themselves: they are not those of the window."""
    parameters = inputs.definition.parameters
    said: Detail = {"standard": parameters["guideline"]}
    if "zones" in parameters:
        zones = inputs.standards.scale(parameters["zones"])
        said = {"standard": zones.id} | ({} if zones.status == "verified" else {"standard_status": zones.status})
    hours = zip(expected.tolist(), valid.tolist(), strict=True)
    return [{**said, "hours": {"expected": expects, "valid": counts}} for expects, counts in hours]


calculator = Calculator(
    compute,
    hours_after=_HOURS_AFTER,
    parameters=frozenset({"indicator", "source", "guideline"}),
    optional=frozenset({"zones"}),
)
