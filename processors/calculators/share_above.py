"""For how much of the time a level is above a threshold."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Detail, Inputs, Outcome


def compute(inputs: Inputs) -> Outcome:
    """Share, in percent, of the measured levels of 5 minutes that are above `threshold` (strictly).

    An instrument with a longer interval gives one level per interval. As measured: nothing is taken off at a facade.
    What was not measured is neither above nor below; the coverage says how much it is. `detail`: how many levels.
    """
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    cell, size = own["cell"].to_numpy(np.int64), len(inputs.cells)
    above = own["value"].to_numpy(float) > float(inputs.definition.parameters["threshold"])
    count, loud = np.bincount(cell, minlength=size), np.bincount(cell, above, size)
    detail: list[Detail | None] = [{"levels": number} if number else None for number in count.tolist()]
    return Outcome(np.where(count > 0, 100 * loud / np.maximum(count, 1), np.nan), detail=detail)


calculator = Calculator(compute, units=frozenset({"%"}), parameters=frozenset({"threshold"}))
