"""Traffic: how much, how fast, and what it gives off. Pure; formulas and sources: docs/simulated-city.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.city.holidays import Civil
from simulators.city.randomness import Floats, Integers

HOURS = 24
_SHAPES: dict[str, tuple[str, str, str, tuple[float, float, float]]] = {
    # Share of the day per hour, of workdays, Saturdays and Sundays; and the three days' volume against the mean day.
    # Recorded in Trondheim in 2019: Moholtlia (ring), Elgeseter gate (city) and Jernbanebrua (harbour).
    # Inneholder data under norsk lisens for offentlige data (NLOD) tilgjengeliggjort av Statens vegvesen.
    "ring": (
        "41 26 18 20 42 121 513 916 744 505 511 534 567 606 749 946 791 580 490 421 331 254 177 95",
        "124 82 54 57 48 60 92 178 251 422 617 808 889 921 942 903 802 723 626 455 334 247 207 159",
        "143 106 75 64 50 37 53 125 142 225 361 499 637 744 862 942 930 909 838 773 598 423 313 151",
        (1.141, 0.675, 0.625),
    ),
    "city": (
        "69 42 35 28 31 62 291 668 677 598 623 649 680 692 767 841 697 547 478 406 367 330 258 164",
        "255 223 218 133 62 54 101 221 217 338 473 628 712 724 810 796 691 688 604 481 456 400 365 352",
        "333 324 330 238 101 60 111 227 155 227 388 481 643 651 780 812 693 733 616 567 550 442 338 200",
        (1.104, 0.784, 0.702),
    ),
    "harbour": (
        "100 49 31 31 43 86 230 588 694 546 556 593 627 648 720 886 774 586 506 418 385 288 365 248",
        "247 167 142 95 56 54 128 222 227 337 468 641 748 808 888 859 699 663 583 464 435 350 350 371",
        "345 256 231 142 79 58 96 223 166 243 369 511 613 680 764 841 722 704 606 563 592 435 455 306",
        (1.099, 0.826, 0.681),
    ),
}
SHAPES = tuple(_SHAPES)
_LEAVE = 0.78  # of the volume when many are on leave (own choice)
_MORNING = (6.0, 9.0)
_AFTERNOON = (14.5, 17.0)


@dataclass(frozen=True, slots=True)
class Street:
    """A street.

    Attributes:
        daily: vehicles on a mean day, both directions. lanes: of both directions. free_flow_speed: km/h.
        heavy: share of heavy vehicles. shape: one of `SHAPES`.
        capacity: vehicles per lane and hour. delay: BPR's coefficient; published: 0.15.
    """

    name: str
    daily: float
    lanes: int
    free_flow_speed: float
    heavy: float = 0.08
    shape: str = "city"
    capacity: float = 800.0
    delay: float = 0.55


def share_of_day(shape: str, when: Civil) -> Floats:
    """Hourly volume as a share of the mean day's, by civil hour and kind of day, without steps between hours."""
    workday, saturday, sunday, level = _SHAPES[shape]
    rows = [line.split() for line in (workday, saturday, sunday)]
    table: Floats = np.array(rows, dtype=np.float64)
    table = table / table.sum(axis=1, keepdims=True) * np.array(level)[:, None]
    middle = when.hour - 0.5  # an hour's share holds in its middle
    before = np.floor(middle).astype(np.int64)
    part = middle - before
    share = (1.0 - part) * table[when.kind, before % HOURS] + part * table[when.kind, (before + 1) % HOURS]
    return np.where(when.leave > 0, _LEAVE * share, share)


def season(year_day: Floats) -> Floats:
    """Volume of the time of year against the mean: a little less in winter (own choice, of the order recorded)."""
    return 1.0 - 0.05 * np.cos(2.0 * np.pi * (year_day - 15.0) / 365.25)


def speed(volume: Floats, street: Street) -> Floats:
    """Mean speed (km/h) at a volume (vehicles/h): t = t0 (1 + a (v/c)^4), Bureau of Public Roads 1964."""
    return street.free_flow_speed / delay_factor(volume / (street.capacity * street.lanes), street.delay)


def delay_factor(load: Floats, coefficient: float = 0.15) -> Floats:
    """Travel time against free flow at a load (volume/capacity).

    >>> delay_factor(np.array([1.0])).tolist()
    [1.15]
    """
    return 1.0 + coefficient * load**4


def counted(expected: Floats, baseline: Floats, chance: Floats) -> Integers:
    """Vehicles counted: the expectation with a Poisson count's scatter (standard normal `chance`).

    The relative scatter is that of `baseline`, the expectation without measures: so what a measure does is exactly its
    factor, and the chance is the same with and without it.
    """
    scatter = 1.0 + chance / np.sqrt(np.maximum(baseline, 1.0))
    return np.rint(np.maximum(0.0, expected * scatter)).astype(np.int64)


def rush(hour: Floats) -> Floats:
    """1 in the hours of rush, else 0: when a congestion fee is charged, unless its scenario says otherwise."""
    morning = (hour >= _MORNING[0]) & (hour < _MORNING[1])
    afternoon = (hour >= _AFTERNOON[0]) & (hour < _AFTERNOON[1])
    return (morning | afternoon).astype(np.float64)
