"""Average annual daily traffic by month and weekday, which a lack of days in one season does not bend."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bypuls.formulas.volume import average_annual_daily_traffic
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._days import valid_days

_CELLS = 84  # 12 months x 7 weekdays


def compute(inputs: Inputs) -> Outcome:
    """Mean over the weekdays of the mean over the months of the mean of that month's complete days of that weekday.

    A complete day has `coverage.day` of its hours. The coverage is how many of the 84 cells (12 months by 7 weekdays)
    hold a complete day, also while the year runs: part of a year is no AADT. `detail`: complete days and cells.

    Source: AASHTO, Guidelines for Traffic Data Programs; FHWA Traffic Monitoring Guide. Detail of the method
    unverified.
    """
    days = valid_days(inputs)
    days = days[days["cell"] >= 0].sort_values("cell", kind="stable")
    cells = inputs.cells
    dates = pd.DatetimeIndex(days["day"].to_numpy(np.int64).astype("datetime64[D]"))
    months, weekdays = dates.month.to_numpy(np.int64), dates.day_of_week.to_numpy(np.int64)
    volumes = days["sum"].to_numpy(float)
    edges = np.searchsorted(days["cell"].to_numpy(np.int64), np.arange(len(cells) + 1)).tolist()
    value, filled = np.full(len(cells), np.nan), np.zeros(len(cells), dtype=np.int64)
    detail: list[Detail | None] = [None] * len(cells)
    for at in range(len(cells)):
        here = slice(edges[at], edges[at + 1])
        if edges[at] == edges[at + 1]:
            continue
        filled[at] = len(np.unique(weekdays[here] * 12 + months[here]))
        found = average_annual_daily_traffic(months[here], weekdays[here], volumes[here])
        value[at] = np.nan if found is None else found
        detail[at] = {"days": edges[at + 1] - edges[at], "cells": int(filled[at])}
    standard = inputs.standards.rule("aadt")
    said: Detail = {"standard": standard.id, "standard_status": standard.status}
    return Outcome(
        value,
        detail=detail,
        covered=filled,
        expected=np.full(len(cells), _CELLS, dtype=np.int64),
        counted="cells",
        evidence=[said if one else None for one in detail],
    )


calculator = Calculator(compute)
