"""Days whose largest eight-hour mean is above a limit: of one day yes or no, of a month or year how many so far."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._days import elapsed_days
from processors.calculators._eight_hours import HOURS_BEFORE, MEANS_OF_DAY, day_maxima
from processors.calculators._exceedance import Counted, count_exceedances
from processors.calculators._seasons import summer_days


def compute(inputs: Inputs) -> Outcome:
    """Count days whose largest eight-hour mean, rounded half up to the limit's decimals, is strictly above it.

    Parameters: `standard` (an id, or `national`: the city's own), `pollutant` (its name there), `statistic` (max_8h).
    A day is valid with `coverage.day` of its 24 means. Where the limit counts on the average of several years, no
    verdict is given: the count is that of one. With the parameter `summer_months` a year's coverage is that of its
    summer: five of the six months from April to September must have 90 % of their days.

    Source: 2008/50/EC, Annex VII, and 2024/2881, Annex I; e-Reporting clarification V4.1 on rounding.
    """
    cells, days = inputs.cells, day_maxima(inputs)
    one_day = cells.period == "P1D"
    if not one_day:
        days = days[days["means"] >= inputs.definition.coverage["day"] * MEANS_OF_DAY - 1e-9]
    cell, value, whole = days["cell"].to_numpy(np.int64), days["value"].to_numpy(float), cells.hours / 24
    if one_day:
        means = np.bincount(cell, days["means"].to_numpy(np.int64), minlength=len(cells)).astype(np.int64)
        expected = np.full(len(cells), MEANS_OF_DAY, dtype=np.int64)
        return count_exceedances(inputs, "max_8h", Counted(cell, value, whole, means, expected, "means"))
    valid, elapsed = np.bincount(cell, minlength=len(cells)), elapsed_days(inputs)
    outcome = count_exceedances(inputs, "max_8h", Counted(cell, value, whole, valid, elapsed, "days"))
    if cells.period == "P1Y" and inputs.definition.parameters.get("summer_months") and outcome.evidence:
        outcome.covered, outcome.expected = summer_days(inputs, days, elapsed)
        outcome.counted = "summer_days"
        outcome.evidence = [
            said and {**said, "days": {"expected": expects, "valid": counts}}
            for said, expects, counts in zip(outcome.evidence, elapsed.tolist(), valid.tolist(), strict=True)
        ]
    return outcome


calculator = Calculator(
    compute,
    units=frozenset({"days"}),
    hours_before=HOURS_BEFORE,
    parameters=frozenset({"standard", "pollutant", "statistic", "rounding"}),
    optional=frozenset({"summer_months"}),
)
