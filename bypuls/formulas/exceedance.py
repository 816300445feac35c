"""Above a limit or not, how often that is allowed, and which value of a year decides."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from bypuls.formulas.rounding import round_half_up
from bypuls.standards import Limit

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


def exceeds(value: float, limit: float, decimals: int = 0) -> bool:
    """Whether a statistic is above a limit: rounded half up to the limit's decimals, then strictly greater.

    Source: e-Reporting guidance, clarification V4.1; 50.49 is not above 50, 50.5 is.
    """
    return round_half_up(value, decimals) > Decimal(str(limit))


def exceeding(values: Floats, limits: Floats, decimals: npt.NDArray[np.int64]) -> Booleans:
    """`exceeds` of many values, each with its limit; NaN is not above anything, and nothing is above a limit of inf."""
    above = values > limits + 1
    # Exact rounding is slow, and few values come near.
    for at in np.flatnonzero(np.abs(values - limits) <= 1).tolist():
        above[at] = exceeds(float(values[at]), float(limits[at]), int(decimals[at]))
    return above


def rank_from_top(allowed: int) -> int:
    """Which of the highest values decides: with n exceedances allowed the (n+1)-th highest must not be above."""
    return allowed + 1


def equivalent_percentile(count: int, allowed: int) -> float | None:
    """The percentile that so many allowed exceedances of so many values are; None where none of them must hold.

    It is a name for the rank, not a way to compute it: percentile functions interpolate and move a site across a limit.

    >>> round(equivalent_percentile(365, 35), 2)
    90.41
    """
    return 100 * (count - allowed) / count if 0 <= allowed <= count and count > 0 else None


def highest(values: Sequence[float] | Floats, rank: int) -> float | None:
    """The rank-th highest value (1: the highest), NaN left out; None where there are fewer."""
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not 1 <= rank <= len(known):
        return None
    return float(np.partition(known, len(known) - rank)[len(known) - rank])


def meets(value: float, limit: Limit) -> str | None:
    """What of a guideline a value meets: "AQG", the hardest interim target ("IT-1" is the easiest), or None."""
    if value <= limit.value:
        return "AQG"
    met = [number for number, target in enumerate(limit.interim, start=1) if value <= target]
    return f"IT-{met[-1]}" if met else None
