"""How much of a period's traffic a mean day speaks for, as the Norwegian roads authority counts it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def daily_traffic_coverage(day_shares: npt.NDArray[np.float64], days: int, above: float) -> float | None:
    """Mean coverage of the days that are covered well enough, times the share of the period that such days are.

    Args:
        day_shares: of each day with data, the share of it that was measured (0 to 1).
        days: of the period, those without data as well.
        above: only days with more than this share count.

    Returns:
        0 to 1; None of a period without days.

    Source: Statens vegvesen's traffic data API, coverage of ADT (standard vegvesen_lengths, single source).

    >>> daily_traffic_coverage(np.array([1.0, 0.96, 0.5]), 4, 0.95)
    0.49
    """
    if days <= 0:
        return None
    good = day_shares[day_shares > above]
    return float(good.mean()) * len(good) / days if len(good) else 0.0
