"""Day-evening-night level and the levels of day, evening and night (Environmental Noise Directive)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import isnan

import numpy as np

from bypuls.formulas import noise
from bypuls.formulas.noise_bands import end_band
from bypuls.standards import LimitStandard, Scale
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome
from processors.calculators._levels import level, weighted_energy
from processors.windows import DAY, HOUR, day_start, local_seconds, starts_of

PARTS = noise.PARTS
_BEGIN = noise.BEGIN
_NIGHT = 2
_USED = {"lden": [0, 1, 2], "lday": [0], "levening": [1], "lnight": [2]}
_FACADE, _SOURCE = "facade", "noise_source"
_HOURS_AFTER = 8  # the night after the window's last midnight, on the day the clock is put back


def compute(inputs: Inputs) -> Outcome:
    """Lden = 10 lg ((12 x 10^(Lday/10) + 4 x 10^((Levening+5)/10) + 8 x 10^((Lnight+10)/10)) / 24), or one part alone.

    Parameters: `indicator` (lden, lday, levening, lnight), and where a value is compared: `source` of the noise (road
    …; the site's attribute `noise_source` wins), `guideline`, and `zones`, whose class is the band; where they have
    none for the source it is `above` or `within` the guideline. Day 7 to 19, evening 19 to 23, night 23 to 7 by the
    city's clock. A day begins at 7: the night belongs to the day on which it begins, and a value is complete at 7 on
    the next. Each part is the energy mean of its valid hours in all days of the period; the weights stay 12, 4 and 8
    where the clock changes. Without any valid hour of a part there is no Lden. The coverage is that of the part with
    the least. A microphone at a facade (the site's attribute `facade: true`) hears its reflection: 3 dB are taken off,
    and said in the evidence. Limits and guidelines speak of a year: the band of a day or month is where such a year
    would stand. `detail`: the parts' levels, the guideline of that source, and of Lden and Lnight the Directive's
    reporting band.

    Source: Directive 2002/49/EC, Annex I.
    """
    energy, time, count = _parts(inputs)
    facade = np.array([given.get(_FACADE) is True for given in inputs.cells.attributes], dtype=bool)[inputs.cells.site]
    levels = level(energy, time)
    levels[facade] = noise.free_field(levels[facade])
    indicator = inputs.definition.parameters["indicator"]
    used = _USED[indicator]
    value = levels[:, used[0]] if len(used) == 1 else noise.lden(levels)
    expected = _expected(inputs)
    least = np.array(used)[np.argmin(count[:, used] / np.maximum(expected[:, used], 1), axis=1)]
    rows = np.arange(len(least))
    bands, details, evidence = _judged(inputs, value, levels)
    hours = zip(expected[:, used].sum(axis=1).tolist(), count[:, used].sum(axis=1).tolist(), strict=True)
    for said, at_facade, (expects, counts) in zip(evidence, facade.tolist(), hours, strict=True):
        # The hours of the noise days themselves: they are not those of the window.
        said["hours"] = {"expected": expects, "valid": counts}
        if at_facade:
            said["facade_correction"] = noise.free_field(0.0)
    return Outcome(
        value,
        band=bands,
        detail=details,
        covered=count[rows, least],
        expected=expected[rows, least],
        evidence=list(evidence),
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
    hours = [
        np.arange(start, min(last, end + _HOURS_AFTER * HOUR), HOUR, dtype=np.int64)
        for start, end, last in windows.T.tolist()
    ]
    window = np.repeat(np.arange(len(hours)), [len(buckets) for buckets in hours])
    days, part = _noise_days(inputs, np.concatenate(hours))
    mine = _period_starts(inputs, days) == windows[0][window]
    slot, length = (window * len(PARTS) + part)[mine], len(hours) * len(PARTS)
    return np.bincount(slot, minlength=length).reshape(-1, len(PARTS))[back.reshape(-1)]


def _judged(
    inputs: Inputs, value: Floats, levels: Floats
) -> tuple[list[str | None], list[Detail | None], list[Detail]]:
    """Band, detail and what the evidence says of the standard, of each cell."""
    indicator = inputs.definition.parameters["indicator"]
    end = inputs.standards.rule("end_noise").values["reported_bands"]
    judges = _judges(inputs)
    bands: list[str | None] = []
    details: list[Detail | None] = []
    evidence: list[Detail] = []
    for site, number, parts in zip(inputs.cells.site.tolist(), value.tolist(), levels.tolist(), strict=True):
        judge = judges[site]
        known: Detail = {name: one for name, one in zip(PARTS, parts, strict=True) if not isnan(one)}
        if known and judge.guideline is not None:
            known["guideline"] = judge.guideline
        if not isnan(number) and f"{indicator}_from" in end:
            known["end_band"] = end_band(number, end[f"{indicator}_from"], end["width"])
        details.append(known or None)
        bands.append(None if isnan(number) else judge.band(number))
        evidence.append(dict(judge.said))
    return bands, details, evidence


class _Judge:
    """What a level at one site is compared with: guideline and zones for the source of its noise."""

    def __init__(self, inputs: Inputs, source: str) -> None:
        parameters = inputs.definition.parameters
        self.source = source
        self.zones: Scale | None = None
        self.guideline: float | None = None
        self.said: Detail = {}
        if "guideline" not in parameters:
            return
        standard: LimitStandard = inputs.standards.limit_standard(parameters["guideline"])
        limit = standard.limit(source, parameters["indicator"], date.max)
        self.guideline = None if limit is None else limit.value
        zones = inputs.standards.scale(parameters["zones"]) if "zones" in parameters else None
        self.zones = zones if zones is not None and source in zones.edges else None
        self.said = {"noise_source": source}
        if self.zones is None and self.guideline is None:
            return
        judged_by = self.zones or standard
        self.said["standard"] = judged_by.id
        if judged_by.status != "verified":
            self.said["standard_status"] = judged_by.status

    def band(self, number: float) -> str | None:
        """The zone of a level, else whether it is above the guideline."""
        if self.zones is not None:
            return self.zones.name(self.zones.class_of(self.source, number))
        if self.guideline is None:
            return None
        return "above" if number > self.guideline else "within"


def _judges(inputs: Inputs) -> Sequence[_Judge]:
    """Per site; what has neither zones nor a guideline (industry, neighbours) is not judged."""
    usual = str(inputs.definition.parameters.get("source", ""))
    named = [str(given.get(_SOURCE, usual)) for given in inputs.cells.attributes]
    made = {source: _Judge(inputs, source) for source in set(named)}
    return [made[source] for source in named]


calculator = Calculator(
    compute,
    hours_after=_HOURS_AFTER,
    parameters=frozenset({"indicator"}),
    optional=frozenset({"source", "guideline", "zones"}),
)
