"""Several instruments of one property at one site: which class of them counts, and their mean. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processors.calculation import Floats, Integers
from processors.windows import distinct

Booleans = npt.NDArray[np.bool_]

_RANKS = 1 << 12  # ranks are smaller
_BUCKET = 40  # seconds since 1970 need fewer bits
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Readings:
    """One entry per rollup row: site, property (a number), bucket (seconds since 1970), whether the hour is valid."""

    site: Integers
    name: Integers
    bucket: Integers
    valid: Booleans


def best_class(readings: Readings, start: Integers, rank: Integers, needed: float) -> Booleans:
    """Rows of the best class of instruments with `needed` hours in each window; else of the best that is there.

    One class per window: a mean that is half reference and half indicative would be neither. `start` of each row's
    window, `rank` of its class (0 best).
    """
    starts, start_of = np.unique(start, return_inverse=True)
    names = int(readings.name.max(initial=0)) + 1
    window = (readings.site * len(starts) + start_of) * names + readings.name
    present, group = np.unique(window * _RANKS + rank, return_inverse=True)
    covered = readings.valid
    of_hours = distinct((group[covered] << _BUCKET) + readings.bucket[covered]) >> _BUCKET
    hours = np.bincount(of_hours, minlength=len(present))
    window, rank = present // _RANKS, present % _RANKS
    choice = np.where(hours >= needed - _EPSILON, 0, np.where(hours > 0, 10_000, 20_000)) + rank
    order = np.lexsort((choice, window))
    first = np.append(True, window[order[1:]] != window[order[:-1]]) if len(order) else np.empty(0, dtype=bool)
    best = np.zeros(len(present), dtype=bool)
    best[order[first]] = True
    return np.asarray(best[group], dtype=bool)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows of the same site, property and hour: those with a valid hour, or all where there is none.

    Attributes:
        rows: which of the readings count, those of an hour behind each other, as they lay.
        first: where in `rows` each hour begins; hours are sorted by site, property and time.
        turn: which of its hour each of `rows` is.
    """

    rows: Integers
    first: Integers
    turn: Integers

    @classmethod
    def of(cls, readings: Readings) -> Duplicates:
        """Sort them together."""
        names = int(readings.name.max(initial=0)) + 1
        key = ((readings.site * names + readings.name) << _BUCKET) + readings.bucket
        order = np.argsort(key, kind="stable")
        hour = np.cumsum(np.append(False, np.diff(key[order]) != 0)) if len(order) else order
        valid = readings.valid[order]
        any_valid = np.bincount(hour, valid) > 0
        counts = valid | ~any_valid[hour]
        rows, hour = order[counts], hour[counts]
        first = np.searchsorted(hour, np.arange(len(any_valid)))
        return cls(rows, first, np.arange(len(rows)) - first[hour])

    def mean(self, numbers: Floats) -> Floats:
        """The mean of each hour's numbers (of `rows`) but NaNs, added up in their order without loss (Kahan's sum)."""
        total, lost = np.zeros((2, len(self.first)))
        count = np.zeros(len(self.first))
        hour = np.cumsum(self.turn == 0) - 1
        by_turn = np.argsort(self.turn, kind="stable")
        by_turn = by_turn[~np.isnan(numbers[by_turn])]
        turns = np.flatnonzero(np.diff(self.turn[by_turn])) + 1
        for here in np.split(by_turn, turns):
            of, number = hour[here], numbers[here]
            more = number - lost[of]
            grown = total[of] + more
            missed = grown - total[of] - more
            lost[of] = np.where(np.isnan(missed), 0.0, missed)
            total[of] = grown
            count[of] += 1
        with np.errstate(invalid="ignore"):
            return total / np.where(count, count, np.nan)
