"""Whether a series rises or falls, and how steeply: Mann-Kendall and Theil-Sen. Pure; knows no database and no clock.

Sources: Mann (1945); Kendall (1975); Sen (1968), J. Am. Stat. Assoc. 63, 1379; Hirsch, Slack and Smith (1982), Water
Resour. Res. 18, 107 (seasons); Gilbert (1987), Statistical Methods for Environmental Pollution Monitoring, chapters 16
and 17. p assumes that the values are independent of each other: years mostly are, days are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial, isfinite, sqrt
from statistics import NormalDist, median

LEAST = 5
"""Of four values not even an unbroken rise has p < 0.05 (2/4! = 0.083)."""

EXACT_UP_TO = 10
"""As many values have their exact distribution (Gilbert 1987, table A18); more are judged by the normal one."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class MannKendall:
    """The test for a monotonic trend.

    Attributes:
        s: rising pairs less falling pairs.
        variance: of `s` without a trend, less for ties.
        tau: Kendall's tau-b, -1 to 1; None where all values are equal.
        z: with continuity correction.
        p: two-sided.
        exact: p is of the exact distribution of `s`, not of the normal one.
    """

    n: int
    s: int
    variance: float
    tau: float | None
    z: float
    p: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Slope:
    """The Theil-Sen line: value = intercept + slope * time; `low` and `high` hold the slope's confidence interval."""

    slope: float
    intercept: float
    low: float
    high: float
    confidence: float

    def at(self, time: float) -> float:
        """Where the line stands at a time."""
        return self.intercept + self.slope * time


@dataclass(frozen=True, slots=True)
class Trend:
    """What a series says: the test and the line; `seasonal` where months were compared with their like only."""

    test: MannKendall
    line: Slope
    seasonal: bool


def mann_kendall(values: Sequence[float]) -> MannKendall:
    """Test values in the order of their times.

    >>> mann_kendall([1, 2, 3, 4, 5]).p
    0.016666666666666666
    """
    n, s, ties = len(values), _score(values), _ties(values)
    variance = _variance(n, ties)
    pairs = n * (n - 1) / 2
    tied = sum(count * (count - 1) / 2 for count in ties)
    tau = s / sqrt(pairs * (pairs - tied)) if pairs > tied else None
    z = _z(s, variance)
    exact = n <= EXACT_UP_TO and not ties
    return MannKendall(n, s, variance, tau, z, _exact_p(n, s) if exact else _normal_p(z), exact)


def seasonal_mann_kendall(seasons: Iterable[Sequence[float]]) -> MannKendall:
    """Test every season's values by themselves and add up (Hirsch et al. 1982): January is compared with January."""
    tests = [mann_kendall(values) for values in seasons if len(values) > 1]
    s, variance = sum(test.s for test in tests), sum(test.variance for test in tests)
    pairs = sum(test.n * (test.n - 1) / 2 for test in tests)
    z = _z(s, variance)
    tau = s / pairs if pairs else None
    return MannKendall(sum(test.n for test in tests), s, variance, tau, z, _normal_p(z), exact=False)


def theil_sen(points: Sequence[tuple[float, float]], confidence: float = 0.95) -> Slope:
    """The median of the slopes of all pairs, with Sen's interval.

    Ranks of the interval are rounded outwards: with few values it is rather too wide than too narrow.

    Args:
        points: (time, value), times all different.
        confidence: of the interval.
    """
    slopes = sorted((late[1] - early[1]) / (late[0] - early[0]) for early, late in combinations(sorted(points), 2))
    return _line(points, slopes, _variance(len(points), _ties([value for _, value in points])), confidence)


def seasonal_theil_sen(seasons: Iterable[Sequence[tuple[float, float]]], confidence: float = 0.95) -> Slope:
    """The median of the slopes within seasons (Hirsch et al. 1982; Gilbert 1987, section 17.3)."""
    groups = [sorted(points) for points in seasons if len(points) > 1]
    slopes = sorted(
        (late[1] - early[1]) / (late[0] - early[0]) for one in groups for early, late in combinations(one, 2)
    )
    variance = sum(_variance(len(one), _ties([value for _, value in one])) for one in groups)
    return _line([point for one in groups for point in one], slopes, variance, confidence)


def trend(points: Sequence[tuple[float, float]], confidence: float = 0.95) -> Trend | None:
    """The trend of (time, value) with times all different; None for fewer than `LEAST` values."""
    points = sorted(point for point in points if isfinite(point[1]))
    if len(points) < LEAST:
        return None
    return Trend(mann_kendall([value for _, value in points]), theil_sen(points, confidence), seasonal=False)


def seasonal_trend(seasons: Iterable[Sequence[tuple[float, float]]], confidence: float = 0.95) -> Trend | None:
    """The trend of seasons, each (time in years, value); None where no season has `LEAST` values."""
    groups = [sorted(point for point in one if isfinite(point[1])) for one in seasons]
    if max((len(one) for one in groups), default=0) < LEAST:
        return None
    test = seasonal_mann_kendall([[value for _, value in one] for one in groups])
    return Trend(test, seasonal_theil_sen(groups, confidence), seasonal=True)


def _score(values: Sequence[float]) -> int:
    return sum((late > early) - (late < early) for early, late in combinations(values, 2))


def _ties(values: Iterable[float]) -> list[int]:
    return [count for count in Counter(values).values() if count > 1]


def _variance(n: int, ties: Sequence[int]) -> float:
    return (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18


def _z(s: float, variance: float) -> float:
    if s == 0 or variance <= 0:
        return 0.0
    return (s - 1 if s > 0 else s + 1) / sqrt(variance)


def _normal_p(z: float) -> float:
    return 2 * _NORMAL.cdf(-abs(z))


def _exact_p(n: int, s: int) -> float:
    """Twice the share of all orders of n different values whose score is at least |s|."""
    pairs = n * (n - 1) // 2
    falling = (pairs - abs(s)) // 2
    return min(1.0, 2 * sum(_orders_by_falling_pairs(n)[: falling + 1]) / factorial(n))


@lru_cache(maxsize=EXACT_UP_TO + 1)
def _orders_by_falling_pairs(n: int) -> tuple[int, ...]:
    """How many orders of n different values have 0, 1, 2 … falling pairs."""
    counts: tuple[int, ...] = (1,)
    for size in range(2, n + 1):
        longer = [0] * (len(counts) + size - 1)
        for falling, orders in enumerate(counts):
            for more in range(size):
                longer[falling + more] += orders
        counts = tuple(longer)
    return counts


def _line(points: Sequence[tuple[float, float]], slopes: Sequence[float], variance: float, confidence: float) -> Slope:
    slope, n = median(slopes), len(slopes)
    width = _NORMAL.inv_cdf((1 + confidence) / 2) * sqrt(variance)
    low = max(int((n - width) // 2), 1)
    high = min(-int(-(n + width) // 2) + 1, n)
    intercept = median(value - slope * time for time, value in points)
    return Slope(slope, intercept, slopes[low - 1], slopes[high - 1], confidence)
