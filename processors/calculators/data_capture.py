"""Share of a month's or year's hours that are valid."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome


def compute(inputs: Inputs) -> Outcome:
    """Valid hours over hours of the period that are over, in percent (2008/50/EC, Annex I)."""
    cells = inputs.cells
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    valid = np.bincount(own["cell"].to_numpy(np.int64), minlength=len(cells))
    over = np.minimum(cells.elapsed, cells.hours)
    return Outcome(np.where(over > 0, 100 * valid / np.maximum(over, 1), np.nan))


calculator = Calculator(compute, units=frozenset({"%"}))
