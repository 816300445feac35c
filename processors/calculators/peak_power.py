"""The largest power over an hour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome
from processors.calculators._energy import used_hours
from processors.evidence import iso


def compute(inputs: Inputs) -> Outcome:
    """Largest energy of a measured hour, in kW: the mean power of that hour; `detail.at` is when it began.

    Hours in a gap are averages that hide their peak and do not count. Of a scope: the site with the largest.
    """
    size = len(inputs.cells)
    measured = measured_hours(inputs)
    value, at = peaks(measured, size)
    began = iso(np.maximum(at, 0))
    detail: list[Detail | None] = [{"at": began[n]} if at[n] >= 0 else None for n in range(size)]
    return Outcome(value, detail=detail, covered=np.bincount(measured["cell"].to_numpy(np.int64), minlength=size))


def measured_hours(inputs: Inputs) -> pd.DataFrame:
    """Valid hours of the cells that are not estimated."""
    hours = used_hours(inputs)
    return hours[(hours["cell"] >= 0) & hours["valid"] & hours["estimated"].isna()]


def peaks(measured: pd.DataFrame, size: int) -> tuple[Floats, Integers]:
    """Per cell the largest value (NaN without any) and the first hour that has it (-1)."""
    value, at = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
    order = measured.sort_values(["cell", "value", "bucket"], ascending=[True, False, True]).drop_duplicates("cell")
    cell = order["cell"].to_numpy(np.int64)
    value[cell], at[cell] = order["value"].to_numpy(float), order["bucket"].to_numpy(np.int64)
    return value, at


calculator = Calculator(compute, units=frozenset({"kW"}))
