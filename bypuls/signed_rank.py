"""By how much paired values shifted: Hodges-Lehmann and Wilcoxon's signed ranks. Pure; knows no database and no clock.

Sources: Wilcoxon (1945), Biometrics Bulletin 1, 80; Hodges and Lehmann (1963), Ann. Math. Stat. 34, 598; Hollander and
Wolfe (1973), Nonparametric Statistical Methods, chapter 3; Helsel, Hirsch, Ryberg, Archfield and Gilroy (2020),
Statistical Methods in Water Resources, USGS Techniques and Methods 4-A3 (matched pairs; step trends). Where neighbours
depend on each other the variance is that of as many independent values as they are worth: Bayley and Hammersley
(1946), J. R. Stat. Soc. Suppl. 8, 184; the estimate of r1 is freed of its bias: Kendall (1954), Biometrika 41, 403.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, sqrt
from statistics import NormalDist, mean, median

LEAST_PAIRS = 6
"""Of five pairs not even five falls have p < 0.05 (2/2^5 = 0.0625)."""

EXACT_UP_TO = 50
"""As many pairs have their exact distribution; more are judged by the normal one."""

WHOLE_YEAR = 12
"""As many pairs have an interval however much they depend: from the least to the greatest where ranks run out."""

MOST_DEPENDENCE = 0.9
"""Above it a year of months is worth less than one value."""

ROUNDING = 1e-12
"""What lies no further from nothing is nothing: the last digits of a ratio say nothing."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much values lie above zero.

    Attributes:
        value: the Hodges-Lehmann estimate, the median of all means of two.
        low, high: of the interval; None where so few values, depending so much on each other, allow none.
        positive: sum of the ranks of what is above zero.
        p: two-sided, of Wilcoxon's signed rank test; None where neighbours depend on each other, which it knows not of.
        exact: p is of the exact distribution.
        dependence: of neighbours, which the interval reckons with.
    """

    n: int
    value: float
    low: float | None
    high: float | None
    confidence: float
    positive: float
    p: float | None
    exact: bool
    dependence: float = 0.0


def shift(
    values: Sequence[float], confidence: float = 0.95, dependence: float = 0.0, rounding: float = ROUNDING
) -> Shift:
    """The shift of differences (one at least).

    Ranks of the interval are rounded outwards. With `dependence` it is never narrower than without. In 1,500 drawn
    years of twelve months without any change 3, 7 and 11 of a hundred looked changed at a true dependence of 0, 0.4
    and 0.6 (without it 4, 17 and 31).

    Args:
        values: after less before, pair by pair.
        confidence: of the interval.
        dependence: lag-one correlation of neighbours, 0 to `MOST_DEPENDENCE`.
        rounding: values and means of two that lie no further from zero are zero.

    >>> shift([-4, -2, -3, -5, -1, -6]).high
    -1.0
    """
    n = len(values)
    values = [0.0 if abs(one) <= rounding else one for one in values]
    means = sorted((one + other) / 2 for at, one in enumerate(values) for other in values[at:])
    means = [0.0 if abs(one) <= rounding else one for one in means]
    rank = _rank(n, confidence, dependence)
    low, high = (means[rank - 1], means[-rank]) if rank >= 1 else (None, None)
    positive, p, exact = _test([one for one in values if one != 0], n)
    known = dependence == 0
    return Shift(n, median(means), low, high, confidence, positive, p if known else None, exact and known, dependence)


def estimate(values: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate alone: the median of all means of two."""
    return median((one + other) / 2 for at, one in enumerate(values) for other in values[at:])


def dependence(points: Sequence[tuple[int, float]]) -> float:
    """How much neighbours depend on each other: r1 without its bias, from 0 to `MOST_DEPENDENCE`.

    Args:
        points: (number of the month, value); what lies between two months that are not neighbours is not known.
    """
    found, n = dict(points), len(points)
    middle = mean(found.values())
    spread = sum((value - middle) ** 2 for value in found.values())
    products = [(found[at] - middle) * (found[at + 1] - middle) for at in found if at + 1 in found]
    if spread <= n * (ROUNDING * middle) ** 2 or not products:
        return 0.0
    r1 = sum(products) / len(products) * (n - 1) / spread
    return min(max(r1 + (1 + 3 * r1) / n, 0.0), MOST_DEPENDENCE)


def _rank(n: int, confidence: float, dependence: float) -> int:
    """Which of the ordered means ends the interval, counted from both ends; below 1: none does."""
    below, tail, total = 0, (1 - confidence) / 2, 2**n
    rank = 0
    for ranks, ways in enumerate(_ways(n)):
        below += ways
        if below > tail * total * (1 + 1e-12):
            rank = ranks
            break
    if dependence > 0:
        worth = (1 + dependence) / (1 - dependence)  # months that make one independent month
        width = _NORMAL.inv_cdf((1 + confidence) / 2) * sqrt(n * (n + 1) * (2 * n + 1) / 24 * worth)
        rank = min(rank, max(floor(n * (n + 1) / 4 - width), 1 if n >= WHOLE_YEAR else 0))
    return rank


def _test(values: Sequence[float], all_: int) -> tuple[float, float, bool]:
    """Sum of the positive ranks, p, and whether that is exact."""
    n = len(values)
    if n == 0:
        return 0.0, 1.0, True
    ordered = sorted(abs(value) for value in values)
    places = Counter(ordered)
    rank_of = {size: ordered.index(size) + (count + 1) / 2 for size, count in places.items()}
    positive = sum(rank_of[abs(value)] for value in values if value > 0)
    tied = sum(count**3 - count for count in places.values())
    if n == all_ and tied == 0 and n <= EXACT_UP_TO:
        least = round(min(positive, n * (n + 1) / 2 - positive))
        return positive, min(1.0, 2 * sum(_ways(n)[: least + 1]) / 2**n), True
    variance = n * (n + 1) * (2 * n + 1) / 24 - tied / 48
    off = abs(positive - n * (n + 1) / 4)
    return positive, min(1.0, 2 * _NORMAL.cdf(-max(off - 0.5, 0.0) / sqrt(variance))), False


@lru_cache(maxsize=EXACT_UP_TO + 1)
def _ways(n: int) -> tuple[int, ...]:
    """In how many of all 2^n choices of signs the positive ranks sum to 0, to 1, and so on."""
    ways = [1]
    for rank in range(1, n + 1):
        more = [*ways, *([0] * rank)]
        for total, count in enumerate(ways):
            more[total + rank] += count
        ways = more
    return tuple(ways)
