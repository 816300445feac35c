"""Mean daily volume of a month or year, over its complete days."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.road_coverage import daily_traffic_coverage
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._days import per_cell, valid_days

_RULES = "vegvesen_lengths"


def compute(inputs: Inputs) -> Outcome:
    """Mean of the daily sums over days with `coverage.day` of their hours; `detail.days` says over how many.

    `detail.adt_coverage` is the coverage as Statens vegvesen states it of a mean day: the mean coverage of the days
    that are covered to more than 95 %, times the share of the period's days that they are (single source).
    """
    days = valid_days(inputs)
    days = days[days["cell"] >= 0]
    total, valid, expected = per_cell(inputs, days, days["sum"].to_numpy(float))
    value = np.where(valid > 0, total / np.maximum(valid, 1), np.nan)
    rules = inputs.standards.rule(_RULES)
    above = float(rules.values["day_counts_from_coverage_percent"]) / 100
    days = days.sort_values("cell", kind="stable")
    shares = np.minimum(1.0, days["hours"].to_numpy(float) / days["length"].to_numpy(float))
    edges = np.searchsorted(days["cell"].to_numpy(np.int64), np.arange(len(inputs.cells) + 1)).tolist()
    detail: list[Detail | None] = [None] * len(inputs.cells)
    for at, number in enumerate(valid.tolist()):
        if number:
            covered = daily_traffic_coverage(shares[edges[at] : edges[at + 1]], int(expected[at]), above)
            detail[at] = {"days": number, "adt_coverage": None if covered is None else round(covered, 6)}
    return Outcome(value, detail=detail, covered=valid, expected=expected, counted="days")


calculator = Calculator(compute)
