"""The eight-hour mean that decides where a limit may be exceeded a number of times, by rank."""

from __future__ import annotations

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators import nth_highest
from processors.calculators._eight_hours import HOURS_BEFORE


def compute(inputs: Inputs) -> Outcome:
    """With n exceedances allowed, the (n+1)-th highest of the days' largest eight-hour means, by rank.

    Parameters: `standard`, `pollutant`, `statistic` (max_8h). As `nth_highest`, of hours that begin before the year.

    Source: WHO global air quality guidelines 2021, Table 0.1 (99th percentile).
    """
    return nth_highest.compute(inputs)


calculator = Calculator(
    compute, hours_before=HOURS_BEFORE, parameters=frozenset({"standard", "pollutant", "statistic"})
)
