"""A day's use of energy against the same weekday of the weeks before."""

from __future__ import annotations

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators import against_normal
from processors.calculators._energy import with_used_hours


def compute(inputs: Inputs) -> Outcome:
    """As `against_normal`, of the energy used at a site: register or intervals, all its meters."""
    return against_normal.compute(with_used_hours(inputs))


calculator = Calculator(
    compute, units=frozenset({"%"}), merge=against_normal.merge, days_before=against_normal.calculator.days_before
)
