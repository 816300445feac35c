"""Levels that are exceeded for a part of the time: L10 is what is loud, L90 the background."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.noise import exceedance_level
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._estimates import marked

_WHY = {
    "en": "of levels of 5 minutes or of the instrument's longer interval: of 1 s levels L10 is higher and L90 lower",
    "nb": "av nivåer over 5 minutter eller instrumentets lengre intervall: av 1 s-nivåer er L10 høyere og L90 lavere",
}


def compute(inputs: Inputs) -> Outcome:
    """The level exceeded for `percent` of the time: percentile 100 - N (interpolated) of the levels of 5 minutes.

    The definition means fast or 1 s levels. Of means over 5 minutes L10 comes out lower and L90 higher, so the value is
    marked as an estimate. `detail`: over how many levels.
    """
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]].sort_values("cell", kind="stable")
    size = len(inputs.cells)
    edges = np.searchsorted(own["cell"].to_numpy(np.int64), np.arange(size + 1)).tolist()
    levels = own["value"].to_numpy(float)
    percent = float(inputs.definition.parameters["percent"])
    value = np.full(size, np.nan)
    detail: list[Detail | None] = [None] * size
    for at in range(size):
        found = exceedance_level(levels[edges[at] : edges[at + 1]], percent)
        if found is not None:
            value[at], detail[at] = found, {"levels": edges[at + 1] - edges[at]}
    said = marked(_WHY)
    return Outcome(value, detail=detail, evidence=[said if one else None for one in detail])


calculator = Calculator(compute, units=frozenset({"dB[A]"}), parameters=frozenset({"percent"}))
