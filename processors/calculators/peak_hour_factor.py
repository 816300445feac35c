"""How evenly the busiest hour of a day is used: its volume over four times its busiest quarter."""

from __future__ import annotations

import numpy as np

from bypuls.clock import isoformat
from bypuls.formulas.volume import peak_hour_factor_of
from processors.calculation import Calculator, Detail, Inputs, Integers, Outcome
from processors.windows import instant

_QUARTER = 900
_BUCKET = 300
_IN_HOUR = 4
_COARSE = "counts come in intervals longer than 15 minutes: they have no busiest quarter"
_INCOMPLETE = "no hour has all four of its quarters"
_NO_FLOW = "nothing was counted in the busiest hour"


def compute(inputs: Inputs) -> Outcome:
    """PHF of the hour with the largest volume among all four consecutive quarters of the day (HCM): 0.25 to 1.

    A quarter is the sum of its 5-minute buckets; it exists when all of them were counted, in every channel. Undefined
    (never 0) without flow, and where counts are hourly. `detail`: the hour's start, volume and quarters.
    """
    cells, hours = inputs.cells, inputs.hours
    coarse = _coarse_sites(inputs)
    own = hours[(hours["cell"] >= 0) & hours["valid"]]
    grouped = own.assign(quarter=own["bucket"] // _QUARTER).groupby(["cell", "quarter"], sort=True)["value"]
    quarters = grouped.sum()
    buckets = _buckets_of_quarter(inputs)[cells.site[quarters.index.get_level_values("cell").to_numpy(np.int64)]]
    quarters = quarters[grouped.size().to_numpy() >= buckets]
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    by_cell = {cell: found.droplevel("cell") for cell, found in quarters.groupby(level="cell")}
    for at, site in enumerate(cells.site.tolist()):
        if at not in by_cell:
            undefined[at] = _COARSE if site in coarse else None
            continue
        if site in coarse:
            undefined[at] = _COARSE
            continue
        found = by_cell[at]
        at_quarter, volumes = found.index.to_numpy(np.int64), found.to_numpy(float)
        whole = np.flatnonzero(at_quarter[_IN_HOUR - 1 :] - at_quarter[: 1 - _IN_HOUR] == _IN_HOUR - 1)
        if not len(whole):
            undefined[at] = _INCOMPLETE
            continue
        sums = np.array([volumes[first : first + _IN_HOUR].sum() for first in whole])
        first = whole[int(sums.argmax())]
        peak = volumes[first : first + _IN_HOUR].tolist()
        factor = peak_hour_factor_of(peak)
        if factor is None:
            undefined[at] = _NO_FLOW
            continue
        value[at] = factor
        detail[at] = {
            "hour": isoformat(instant(int(at_quarter[first]) * _QUARTER)),
            "volume": sum(peak),
            "quarters": peak,
        }
    return Outcome(value, detail=detail, undefined=undefined)


def _buckets_of_quarter(inputs: Inputs) -> Integers:
    """Per site: 5-minute buckets that a counted quarter has; 1 where nobody knows how often it counts."""
    series = inputs.series
    step = series["interval"].fillna(series["spacing"]).clip(lower=_BUCKET)
    needed = np.ones(len(inputs.cells.sites), dtype=np.int64)
    for site, seconds in zip(series["site_index"], step, strict=True):
        if seconds <= _QUARTER:
            needed[site] = max(needed[site], round(_QUARTER / seconds))
    return needed


def _coarse_sites(inputs: Inputs) -> set[int]:
    series = inputs.series
    step = series["interval"].fillna(series["spacing"])
    return set(series["site_index"][step > _QUARTER].tolist())


calculator = Calculator(compute, units=frozenset({"1"}))
