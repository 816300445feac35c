"""How U4SSC scores: percent of target, bands with points, sums of points per group.

Bands, points and sums: Verification Report Kristiansund (2020) p.12. Two things U4SSC does not say, and we take from
the tool of NTNU and Trondheim kommune (facts only): how percent of target is computed where less is better, and which
band an edge belongs to. Results that rest on them carry `PERCENT_RULE`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

Band = Literal["lt_33", "33_66", "66_95", "gte_95"]

BANDS: tuple[Band, ...] = ("lt_33", "33_66", "66_95", "gte_95")
EDGES = (33, 66, 95)
"""Percent of target at which the next band begins."""
MOST_POINTS = 4
NOT_REPORTED = "NR"
"""What U4SSC's template prints where a city has given no value."""

PERCENT_RULE = {
    "en": "percent of target = 100 x (value - start) / (target - start): "
    "the NTNU tool's choice, not a documented U4SSC rule",
    "nb": "prosent av målet = 100 x (verdi - start) / (mål - start): "
    "valgt av NTNUs verktøy, ikke en dokumentert U4SSC-regel",
}
BAND_NAMES = {
    "lt_33": {"en": "under 33 %", "nb": "under 33 %"},
    "33_66": {"en": "33-66 %", "nb": "33-66 %"},
    "66_95": {"en": "66-95 %", "nb": "66-95 %"},
    "gte_95": {"en": "95 % and over", "nb": "95 % og over"},
}


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of data points obtained.

    Attributes:
        points: sum of the points of the scored data points.
        possible: 4 for each of them.
        percent: points of possible; None where nothing is scored. Never under 25: a scored point has at least one.
    """

    points: int
    possible: int
    percent: float | None
    band: Band | None


def value_of(numerator: float | None, denominator: float | None, multiplier: float) -> float | None:
    """The quotient times the multiplier; None where one is missing or the denominator is 0.

    >>> value_of(485, 500, 100)
    97.0
    """
    if numerator is None or denominator is None or denominator == 0:
        return None
    value = numerator / denominator * multiplier
    return value if math.isfinite(value) else None


def percent_of_target(value: float, start: float, target: float) -> float:
    """How far the way from `start` (0 %) to `target` (100 %) is gone, in either direction; may lie beyond both.

    >>> percent_of_target(15, 25, 5)
    50.0
    """
    return 100 * (value - start) / (target - start)


def band_of(percent: float) -> Band:
    """The band of a percentage; an edge belongs to the upper one (the NTNU tool: >= 95, >= 66, >= 33).

    >>> band_of(56.25), band_of(75), band_of(66)
    ('33_66', '66_95', '66_95')
    """
    # Rounded, so that 65.99999999999999 of a subtraction is the 66 that it means.
    return BANDS[sum(round(percent, 9) >= edge for edge in EDGES)]


def points_of(band: Band) -> int:
    """1 for the lowest band to 4 for the highest."""
    return BANDS.index(band) + 1


def score_of(points: Iterable[int | None]) -> Score:
    """The score of a group: None is a data point that is not reported or has no benchmark, and counts in neither sum.

    >>> score_of([1, 3, 4, 1]).percent
    56.25
    """
    scored = [one for one in points if one is not None]
    total, possible = sum(scored), MOST_POINTS * len(scored)
    percent = 100 * total / possible if possible else None
    return Score(points=total, possible=possible, percent=percent, band=None if percent is None else band_of(percent))
