"""The speed that 85 % of the vehicles do not exceed, by the two methods in use; they differ by up to a bin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bypuls.formulas.rounding import round_half_up

SHARE = 0.85


def rank_85(vehicles: int) -> int | None:
    """Which vehicle's speed, counted from the slowest, is v85 by rank; None without any.

    Source: TxDOT, Procedures for Establishing Speed Zones: of 125 vehicles the 106th.

    >>> rank_85(125)
    106
    """
    return max(1, int(round_half_up(SHARE * vehicles, 0))) if vehicles > 0 else None


def v85_by_rank(speeds: Sequence[float] | npt.NDArray[np.float64]) -> float | None:
    """The speed of the vehicle of that rank; None without any."""
    known = np.sort(np.asarray(speeds, dtype=np.float64))
    rank = rank_85(len(known))
    return None if rank is None else float(known[rank - 1])


def v85_interpolated(curve: Sequence[Sequence[float]], percent: float = 100 * SHARE) -> float | None:
    """v85 on the cumulative curve, straight between its points.

    Args:
        curve: pairs of a speed and how many percent of the vehicles do not exceed it.
        percent: 85, or another.

    Returns:
        The lowest speed at which the curve reaches it; None where it does not.
    """
    points = sorted((float(speed), float(share)) for speed, share in curve)
    for position, (speed, share) in enumerate(points):
        if share < percent:
            continue
        if position == 0:
            return speed if share == percent else None
        before, below = points[position - 1]
        return before + (speed - before) * (percent - below) / (share - below)
    return None
