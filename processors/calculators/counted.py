"""How many passed in a period, from counts of intervals or from a counter's register."""

from __future__ import annotations

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators import energy_used


def compute(inputs: Inputs) -> Outcome:
    """Sum of the counted hours over all channels. A counter that gives intervals and a register counts once.

    Nothing is scaled up: hours that lack show in the coverage. Of a register what passed while it was silent is known,
    only not when: those hours are estimated and say so.
    """
    return energy_used.compute(inputs)


calculator = Calculator(compute)
