"""How evenly power is used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.formulas.energy import load_factor
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators.peak_power import measured_hours, peaks


def compute(inputs: Inputs) -> Outcome:
    """Energy / (peak power x hours), over the measured hours; the peak is an hour's mean power.

    Without use there is no peak and no load factor. A scope has all its sites' energy by all their own peaks x hours.
    """
    size = len(inputs.cells)
    measured = measured_hours(inputs)
    cell = measured["cell"].to_numpy(np.int64)
    hours = np.bincount(cell, minlength=size)
    energy = np.bincount(cell, measured["value"].to_numpy(float), minlength=size)
    peak, _ = peaks(measured, size)
    value = np.full(size, np.nan)
    undefined: list[str | None] = [None] * size
    detail: list[Detail | None] = [None] * size
    for at in np.flatnonzero(hours).tolist():
        detail[at] = {"energy": float(energy[at]), "peak": float(peak[at]), "hours": int(hours[at])}
        found = load_factor(float(energy[at]), float(peak[at]), int(hours[at]))
        if found is None:
            undefined[at] = "nothing was used: there is no peak"
        else:
            value[at] = found
    return Outcome(value, detail=detail, covered=hours, undefined=undefined)


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All energy by all sites' own peaks times their hours."""
    known = [part.detail for part in parts if part.detail]
    energy = sum(one["energy"] for one in known)
    most = sum(one["peak"] * one["hours"] for one in known)
    if not most:
        return None, None, {"why": "nothing was used: there is no peak"}
    return energy / most, None, {"energy": energy, "peak": sum(one["peak"] for one in known)}


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge)
