"""Decibels and energies, which several formulas of noise share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Floats


def weighted_energy(hours: pd.DataFrame) -> Floats:
    """The sound energy of each hour, by how much of it was measured."""
    energy: Floats = hours["share"].to_numpy(float) * 10 ** (hours["value"].to_numpy(float) / 10)
    return energy


def level(energy: Floats, time: Floats) -> Floats:
    """Decibels of an energy over a time; NaN where there is no time."""
    some = time > 0
    decibels: Floats = 10 * np.log10(np.where(some, energy, 1.0) / np.where(some, time, 1.0))
    return np.where(some, decibels, np.nan)
