"""Ozone of the worst half-year: the largest mean of six consecutive months of the days' largest eight-hour means."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._days import elapsed_days
from processors.calculators._eight_hours import HOURS_BEFORE, MEANS_OF_DAY, day_maxima
from processors.calculators._limits import judged
from processors.calculators._seasons import months_of
from processors.windows import DAY

_MONTHS = 6
_OF_A_MONTH = 0.75


def compute(inputs: Inputs) -> Outcome:
    """Mean of the days' largest eight-hour means over the six consecutive months of the year where it is highest.

    Parameters: `standard`, `pollutant`. A day needs `coverage.day` of its 24 means, a month three quarters of its days,
    or a season that holds it has none. Months of one calendar year: seasons that run over New Year are not looked at.
    `detail`: the limit, the season's first month and which interim target the value meets.

    Source: WHO global air quality guidelines 2021, Table 0.1, note on the peak season; the months' coverage is ours.
    """
    cells = inputs.cells
    days = day_maxima(inputs)
    days = days[days["means"] >= inputs.definition.coverage["day"] * MEANS_OF_DAY - 1e-9]
    cell, day = days["cell"].to_numpy(np.int64), days["day"].to_numpy(np.int64)
    slot = cell * 12 + months_of(day) - 1
    shape = (len(cells), 12)
    count = np.bincount(slot, minlength=12 * len(cells)).reshape(shape)
    total = np.bincount(slot, days["value"].to_numpy(float), minlength=12 * len(cells)).reshape(shape)
    usable = count >= _OF_A_MONTH * _lengths(inputs) - 1e-9
    seasons = np.full((len(cells), 12 - _MONTHS + 1), np.nan)
    for first in range(seasons.shape[1]):
        of = slice(first, first + _MONTHS)
        number = count[:, of].sum(axis=1)
        mean = total[:, of].sum(axis=1) / np.maximum(number, 1)
        seasons[:, first] = np.where(usable[:, of].all(axis=1), mean, np.nan)
    some = ~np.isnan(seasons).all(axis=1)
    value = np.where(some, np.nan_to_num(seasons, nan=-np.inf).max(axis=1), np.nan)
    valid = count.sum(axis=1)
    outcome = judged(inputs, value, "peak_season", valid / np.maximum(cells.hours // 24, 1), certain=False)
    begins = np.nan_to_num(seasons, nan=-np.inf).argmax(axis=1) + 1
    for detail, month in zip(outcome.detail or [], begins.tolist(), strict=True):
        if detail is not None:
            detail["months"] = [month, month + _MONTHS - 1]
    outcome.covered, outcome.expected, outcome.counted = valid, elapsed_days(inputs), "days"
    return outcome


def _lengths(inputs: Inputs) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Days of each month of each cell's year."""
    middle = ((inputs.cells.start + inputs.cells.end) // 2).astype("datetime64[s]").astype("datetime64[Y]")
    months = middle.astype("datetime64[M]")[:, None] + np.arange(13)
    edges = months.astype("datetime64[s]").astype(np.int64) // DAY
    return np.diff(edges, axis=1)


calculator = Calculator(compute, hours_before=HOURS_BEFORE, parameters=frozenset({"standard", "pollutant"}))
