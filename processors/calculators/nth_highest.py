"""The value that decides where a limit may be exceeded a number of times: its percentile form, by rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bypuls.formulas.exceedance import equivalent_percentile, highest, rank_from_top
from processors.calculation import Calculator, Floats, Inputs, Integers, Outcome
from processors.calculators._days import elapsed_days, valid_days
from processors.calculators._eight_hours import MEANS_OF_DAY, day_maxima
from processors.calculators._limits import judged, limits_of


def compute(inputs: Inputs) -> Outcome:
    """With n exceedances allowed, the (n+1)-th highest value of the year: above the limit exactly when too many are.

    Parameters: `standard`, `pollutant`, `statistic` (hour, day_mean, max_8h). By rank, never interpolated. `detail`:
    limit, rank, the percentile it stands for in a whole year, and which guideline level or interim target it meets.
    Undefined as long as there are fewer values than the rank.

    Source: 2008/50/EC, Annex I (90.4 percentile of PM10); EEA, thresholds; WHO 2021, Table 0.1 (99th percentile).
    """
    cells = inputs.cells
    averaging, found = STATISTICS[inputs.definition.parameters["statistic"]]
    cell, values, covered, expected, whole = found(inputs)
    _, limits = limits_of(inputs, averaging)
    order = np.argsort(cell, kind="stable")
    edges = np.searchsorted(cell[order], np.arange(len(cells) + 1))
    ranked = np.full(len(cells), np.nan)
    for at, limit in enumerate(limits):
        if limit is not None:
            number = highest(values[order[edges[at] : edges[at + 1]]], rank_from_top(limit.allowed or 0))
            ranked[at] = np.nan if number is None else number
    outcome = judged(inputs, ranked, averaging, covered / np.maximum(whole, 1), certain=True)
    for limit, detail, length in zip(limits, outcome.detail or [], whole.tolist(), strict=True):
        if detail is not None and limit is not None:
            allowed = limit.allowed or 0
            percentile = equivalent_percentile(int(length), allowed)
            detail |= {
                "rank": rank_from_top(allowed),
                "percentile": None if percentile is None else round(percentile, 3),
            }
    outcome.covered, outcome.expected = covered, expected
    outcome.counted = "hours" if averaging == "1h" else "days"
    return outcome


Found = tuple[Integers, Floats, Integers, Integers, Integers]
"""Cell and value of each valid hour or day; per cell how many are valid, are over, and a whole one has."""


def _hours(inputs: Inputs) -> Found:
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    cell = own["cell"].to_numpy(np.int64)
    count = np.bincount(cell, minlength=len(inputs.cells))
    return cell, own["value"].to_numpy(float), count, inputs.cells.expected_over, inputs.cells.expected


def _days(inputs: Inputs) -> Found:
    days = valid_days(inputs)
    days = days[days["cell"] >= 0]
    return _of_days(inputs, days["cell"].to_numpy(np.int64), (days["sum"] / days["hours"]).to_numpy(float))


def _maxima(inputs: Inputs) -> Found:
    days = day_maxima(inputs)
    days = days[days["means"] >= inputs.definition.coverage["day"] * MEANS_OF_DAY - 1e-9]
    return _of_days(inputs, days["cell"].to_numpy(np.int64), days["value"].to_numpy(float))


def _of_days(inputs: Inputs, cell: Integers, values: Floats) -> Found:
    count = np.bincount(cell, minlength=len(inputs.cells))
    return cell, values, count, elapsed_days(inputs), inputs.cells.hours // 24


STATISTICS: dict[str, tuple[str, Callable[[Inputs], Found]]] = {
    "hour": ("1h", _hours),
    "day_mean": ("24h", _days),
    "max_8h": ("max_8h", _maxima),
}

calculator = Calculator(compute, parameters=frozenset({"standard", "pollutant", "statistic"}))
