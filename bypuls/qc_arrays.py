"""`bypuls.qc_stream.Stream` for many values at once: the same flags as pushing them one by one, by arrays.

It works on a `Stream`'s own state, so that one may go on where the other stopped.
"""
# ruff: noqa: SLF001 - one state in two forms

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bypuls.observation import Quality
from bypuls.properties import Thresholds
from bypuls.qc import RANK, WORST_FIRST
from bypuls.qc_stream import HELD, Correction, Stream

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
_Ranks = NDArray[np.uint8]  # places in `WORST_FIRST`: the smaller is the worse
_Rows = NDArray[np.int64]

_FLAGS = np.array([int(flag) for flag in WORST_FIRST], np.uint8)
_FAIL, _SUSPECT, _GOOD, _NOT_EVALUATED = (
    np.uint8(RANK[flag]) for flag in (Quality.FAIL, Quality.SUSPECT, Quality.GOOD, Quality.NOT_EVALUATED)
)
_FEW = 48  # below, one by one is quicker


def push_many(stream: Stream, times: Floats, values: Floats) -> tuple[Flags, Correction | None]:
    """Push values in their order.

    Args:
        stream: what was pushed before; brought up to the last of these.
        times: seconds.
        values: in the canonical unit, none missing.

    Returns:
        The flags they end up with (the last one's successor is not known yet), and what became of the value before.
    """
    ranks = _gross(stream.thresholds, values)
    if not stream._timed or not len(times):
        return _FLAGS[ranks], None
    newest = np.maximum.accumulate(np.concatenate(([stream._times[1]], times)))
    rows = np.flatnonzero(times > newest[:-1])
    if len(rows) == len(times):
        judged, correction = _push_newer(stream, times, values, ranks)
        return _FLAGS[judged], correction
    ranks[rows], correction = _push_newer(stream, times[rows], values[rows], ranks[rows])
    return _FLAGS[ranks], correction


def _push_newer(stream: Stream, times: Floats, values: Floats, gross: _Ranks) -> tuple[_Ranks, Correction | None]:
    if len(times) < _FEW or (None in stream._values and np.isfinite(stream._times).any()):
        return _one_by_one(stream, times, values)
    if stream._flat_seconds:
        first = np.searchsorted(times, times - stream._flat_seconds)
        stream.take_waiting()
        held = int((np.arange(len(times)) - first).max()) + len(stream._lows) + len(stream._highs)
        if held >= HELD // 2:  # the stream would forget some of it
            return _one_by_one(stream, times, values)
    return _by_arrays(stream, times, values, gross)


def _one_by_one(stream: Stream, times: Floats, values: Floats) -> tuple[_Ranks, Correction | None]:
    flags: list[int] = []
    before: Correction | None = None
    push = stream.push
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        flag, correction = push(time, value)
        if correction is not None:
            if flags:
                flags[-1] = RANK[correction.flag]
            else:
                before = correction
        flags.append(RANK[flag])
    return np.array(flags, np.uint8), before


def _by_arrays(stream: Stream, times: Floats, values: Floats, ranks: _Ranks) -> tuple[_Ranks, Correction | None]:
    t = stream.thresholds
    all_times = np.concatenate((stream._times, times))
    all_values = np.concatenate(([np.nan if value is None else value for value in stream._values], values))
    with np.errstate(invalid="ignore", over="ignore"):
        step = np.diff(all_times)
        before, after = step[:-1], step[1:]  # from the sample before the last to the last, from the last to this one
        near = (after <= t.max_gap) & (after < np.inf)
        if stream._rated:
            change = np.abs(values - all_values[1:-1]) / after
            ranks = np.minimum(ranks, np.where(near, _over(change, t.rate_suspect, t.rate_fail), _GOOD))
        if stream._flat_seconds:
            ranks = np.minimum(ranks, _flat(stream, times, values, after, near))
        final = ranks.copy()
        correction = None
        if stream._spiky:
            settled = near & (before <= t.max_gap)
            spike = np.where(
                settled, _over(_prominence(all_values, t.spike_method), t.spike_suspect, t.spike_fail), 255
            )
            final[:-1] = np.minimum(ranks[:-1], spike[1:])
            first = min(RANK[stream._flag], int(spike[0]))
            if first != RANK[stream._flag]:
                correction = Correction(stream._times[1], float(all_values[1]), WORST_FIRST[first])
    stream._times = (float(all_times[-2]), float(all_times[-1]))
    stream._values = (float(all_values[-2]), float(all_values[-1]))
    stream._flag = WORST_FIRST[int(ranks[-1])]
    return final, correction


def _gross(t: Thresholds, values: Floats) -> _Ranks:
    unlimited = t.gross_fail is None and t.gross_suspect is None
    ranks = np.full(len(values), _NOT_EVALUATED if unlimited else _GOOD, np.uint8)
    for span, rank in ((t.gross_suspect, _SUSPECT), (t.gross_fail, _FAIL)):
        if span is not None:
            ranks[~((span[0] <= values) & (values <= span[1]))] = rank
    return ranks


def _over(amount: Floats, suspect: float | None, fail: float | None) -> _Ranks:
    ranks = np.full(len(amount), _GOOD, np.uint8)
    for threshold, rank in ((suspect, _SUSPECT), (fail, _FAIL)):
        if threshold is not None:
            ranks[amount > threshold] = rank
    return ranks


def _prominence(values: Floats, method: str) -> Floats:
    """Of each value but the first and the last."""
    before, value, after = values[:-2], values[1:-1], values[2:]
    if method == "average":
        return np.abs(value - (before + after) / 2)
    extreme = (before < value) != (value < after)
    return np.where(extreme, np.minimum(np.abs(value - before), np.abs(after - value)), 0.0)


def _flat(stream: Stream, times: Floats, values: Floats, step: Floats, near: NDArray[np.bool_]) -> _Ranks:
    """The flat line test, and the stream's memory of it brought up to the last value."""
    t = stream.thresholds
    # What the memory holds stands for all that was in its window: extremes over any window that ends now are the same.
    remembered = sorted({*stream._lows, *stream._highs})
    kept = len(remembered)
    all_times = np.concatenate(([time for time, _ in remembered], times))
    all_values = np.concatenate(([value for _, value in remembered], values))
    places = np.arange(len(times))
    begun = np.maximum.accumulate(np.where(near, -1, places))  # where sampling without a gap began; -1: before these
    start = np.where(begun < 0, stream._start, times[np.maximum(begun, 0)])
    excluded = np.where(begun < 0, stream._excluded, -np.inf)
    first = np.where(begun < 0, 0, begun + kept)
    ranks = np.full(len(times), _GOOD, np.uint8)
    tolerance = t.flat_tolerance or 0.0
    longest = int((places + kept - np.searchsorted(all_times, times - stream._flat_seconds)).max()) + 1
    extremes: _Extremes | None = None
    for seconds, rank in ((t.flat_suspect, _SUSPECT), (t.flat_fail, _FAIL)):
        if seconds is None:
            continue
        rows = np.flatnonzero(near & (times - start + step > seconds) & (times - excluded > seconds))
        since = np.maximum(first[rows], np.searchsorted(all_times, times[rows] - seconds))
        alone = since >= rows + kept
        level = alone | (np.abs(all_values[rows + kept] - all_values[np.maximum(rows + kept - 1, 0)]) < tolerance)
        rows, since = rows[level], since[level]
        if len(rows):
            extremes = extremes or _Extremes(all_values, longest)
            ranks[rows[extremes.range(since, rows + kept) < tolerance]] = rank
    _remember(stream, all_times, all_values, int(first[-1]), (float(start[-1]), float(excluded[-1])))
    return ranks


def _remember(stream: Stream, times: Floats, values: Floats, first: int, begun: tuple[float, float]) -> None:
    """Fill the memory with what lies in its window; what was left out before that matters no more."""
    stream._lows.clear()
    stream._highs.clear()
    stream._start, stream._excluded = begun
    first = max(first, int(np.searchsorted(times, times[-1] - stream._flat_seconds)))
    times, values = times[first:], values[first:]
    lowest = np.minimum.accumulate(values[::-1])[::-1]
    highest = np.maximum.accumulate(values[::-1])[::-1]
    fits = highest - lowest < (stream.thresholds.flat_tolerance or 0.0)
    fits[-1] = True
    level = int(np.argmax(fits))  # the longest run up to now whose range is below the tolerance
    if level:
        stream._excluded = float(times[level - 1])
    run = slice(level, None)
    times, values, lowest, highest = times[run], values[run], lowest[run], highest[run]
    low, high = np.ones(len(times), np.bool_), np.ones(len(times), np.bool_)
    low[:-1], high[:-1] = values[:-1] < lowest[1:], values[:-1] > highest[1:]
    stream._lows.extend(zip(times[low].tolist(), values[low].tolist(), strict=True))
    stream._highs.extend(zip(times[high].tolist(), values[high].tolist(), strict=True))


class _Extremes:
    """Smallest and largest value between any two places, by tables of runs of 1, 2, 4 … values."""

    def __init__(self, values: Floats, longest: int) -> None:
        self._lows, self._highs = [values], [values]
        run = 1
        while run * 2 <= longest:
            self._lows.append(np.minimum(self._lows[-1][:-run], self._lows[-1][run:]))
            self._highs.append(np.maximum(self._highs[-1][:-run], self._highs[-1][run:]))
            run *= 2

    def range(self, first: _Rows, last: _Rows) -> Floats:
        """Largest minus smallest from `first` to `last`, both included."""
        found = np.empty(len(first))
        powers = np.frexp((last - first + 1).astype(np.float64))[1] - 1
        for power in np.unique(powers).tolist():
            rows = np.flatnonzero(powers == power)
            one, other = first[rows], last[rows] + 1 - (1 << power)
            lows, highs = self._lows[power], self._highs[power]
            found[rows] = np.maximum(highs[one], highs[other]) - np.minimum(lows[one], lows[other])
        return found
