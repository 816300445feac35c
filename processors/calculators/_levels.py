"""Decibels and energies, which several formulas of noise share."""

from __future__ import annotations

import pandas as pd

from bypuls.formulas.noise import level, sound_energy
from processors.calculation import Floats

__all__ = ["level", "weighted_energy"]


def weighted_energy(hours: pd.DataFrame) -> Floats:
    """The sound energy of each hour, by how much of it was measured."""
    return sound_energy(hours["value"].to_numpy(float), hours["share"].to_numpy(float))
