"""What a building uses when nobody does: the low end of its load."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.energy import base_load
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators.peak_power import measured_hours


def compute(inputs: Inputs) -> Outcome:
    """The near-base load: the 2.5th percentile (interpolated) of the mean power of the measured hours, in kW.

    Not the smallest: one dropout would set it. Hours in a gap are averages and do not count. `detail`: the near-peak
    load (97.5th percentile) and over how many hours. The percentiles stand in standard `base_load`.

    Source: Price, Methods for Analyzing Electric Load Shape and its Variability, LBNL-3713E; percentiles unverified.
    """
    size = len(inputs.cells)
    standard = inputs.standards.rule("base_load")
    measured = measured_hours(inputs).sort_values("cell", kind="stable")
    cell, loads = measured["cell"].to_numpy(np.int64), measured["value"].to_numpy(float)
    edges = np.searchsorted(cell, np.arange(size + 1)).tolist()
    value = np.full(size, np.nan)
    detail: list[Detail | None] = [None] * size
    for at in range(size):
        here = loads[edges[at] : edges[at + 1]]
        low = base_load(here, standard.values["near_base_percentile"])
        if low is None:
            continue
        value[at] = low
        detail[at] = {"near_peak": base_load(here, standard.values["near_peak_percentile"]), "hours": len(here)}
    said: Detail = {"standard": standard.id, "standard_status": standard.status}
    return Outcome(
        value,
        detail=detail,
        covered=np.diff(edges).astype(np.int64),
        evidence=[said if one else None for one in detail],
    )


calculator = Calculator(compute, units=frozenset({"kW"}))
