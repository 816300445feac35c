"""Hours without a hole in time, which running means and NowCasts are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bypuls.formulas.running_means import running_means
from processors.calculation import Floats, Inputs, Integers
from processors.windows import HOUR, distinct


def hours_of(inputs: Inputs, name: str, before: int) -> Iterator[tuple[Integers, Integers, Floats]]:
    """Per site that has valid hours of a property: its cells (of hours), where each lies among the hours, the hours.

    The hours begin `before` the first cell and are NaN where there is no valid value.
    """
    cells, frame = inputs.cells, inputs.hours
    own = np.flatnonzero(frame["valid"].to_numpy(bool) & (frame["property"] == name).to_numpy(bool))
    site = frame["site"].to_numpy(np.int64)[own]
    order = np.argsort(site, kind="stable")
    site, own = site[order], own[order]
    bucket, value = frame["bucket"].to_numpy(np.int64)[own], frame["value"].to_numpy(float)[own]
    for one in distinct(site).tolist():
        first, behind = np.searchsorted(cells.site, [one, one + 1]).tolist()
        if first == behind:
            continue
        rows = np.arange(first, behind)
        mine = slice(*np.searchsorted(site, [one, one + 1]).tolist())
        begin = int(cells.start[first]) - before * HOUR
        grid = np.full((int(cells.start[behind - 1]) - begin) // HOUR + 1, np.nan)
        at = (bucket[mine] - begin) // HOUR
        inside = (at >= 0) & (at < len(grid))
        grid[at[inside]] = value[mine][inside]
        yield rows, (cells.start[rows] - begin) // HOUR, grid


def at_cells(inputs: Inputs, name: str, before: int, formula: Callable[[Floats], Floats]) -> Floats:
    """What a formula makes of the hours of a property, at each cell; NaN where there is none."""
    found = np.full(len(inputs.cells), np.nan)
    for rows, at, grid in hours_of(inputs, name, before):
        found[rows] = formula(grid)[at]
    return found


def means_at_cells(inputs: Inputs, name: str, window: int, needed: int) -> Floats:
    """The running mean that ends with each cell; NaN where fewer hours than needed are valid."""
    return at_cells(inputs, name, window - 1, lambda grid: running_means(grid, window, needed))
