"""The QARTOD tests of `bypuls.qc` on one datastream's values as they arrive. No clock, no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from bypuls.observation import Quality
from bypuls.properties import Thresholds
from bypuls.qc import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT, Value, gross_flag, over, prominence, worse

HELD = 20_000
"""Extremes of a level run that are kept at the most."""

_WAITING = 64


class Correction(NamedTuple):
    """The value before the newest got its final flag, and it is another than the one given first."""

    time: float
    value: float
    flag: Quality


class Stream:
    """The tests on the values of one datastream as they arrive: what `bypuls.qc.judge` says of all of them, in time.

    A spike shows only when the next value is there: the newest value is flagged by its other tests, and `push` hands
    back a `Correction` when the value before it turns out to be one. The state is what the last `history_seconds`
    (`history_values` at most, None: all of that time) of stored values say, so it is rebuilt from them with `restore`.

    Attributes:
        history_seconds: how far back stored values are needed to rebuild the state; 0: none are.
        history_values: how many of the newest are enough; None: all within `history_seconds`.
    """

    __slots__ = (
        "_average",
        "_excluded",
        "_flag",
        "_flat_seconds",
        "_high",
        "_highs",
        "_least_flat",
        "_least_rate",
        "_least_spike",
        "_longest_step",
        "_low",
        "_lows",
        "_max_gap",
        "_moves",
        "_rated",
        "_spiky",
        "_start",
        "_timed",
        "_times",
        "_tolerance",
        "_values",
        "_waiting",
        "history_seconds",
        "history_values",
        "thresholds",
    )

    def __init__(self, thresholds: Thresholds) -> None:
        t = self.thresholds = thresholds
        spans = [span for span in (t.gross_fail, t.gross_suspect) if span is not None]
        # Inside both spans a value is good at the first look; without spans no value is.
        self._low = max((low for low, _ in spans), default=float("inf"))
        self._high = min((high for _, high in spans), default=float("-inf"))
        self._spiky = t.spike_suspect is not None or t.spike_fail is not None
        self._average, self._max_gap, self._tolerance = t.spike_method == "average", t.max_gap, t.flat_tolerance or 0.0
        self._least_spike = _least(t.spike_suspect, t.spike_fail)
        self._least_rate = _least(t.rate_suspect, t.rate_fail)
        self._least_flat = _least(t.flat_suspect, t.flat_fail)
        self._rated = t.rate_suspect is not None or t.rate_fail is not None
        self._flat_seconds = max(t.flat_suspect or 0.0, t.flat_fail or 0.0) if t.flat_tolerance is not None else 0.0
        # A level run is looked at after its least length; values that follow one another sooner cannot end one.
        self._longest_step = min(self._max_gap, self._least_flat)
        self._moves = self._flat_seconds > 0 and (self._average or not self._spiky)
        self._timed = self._spiky or self._rated or self._flat_seconds > 0
        self.history_seconds = self._flat_seconds + 2 * t.max_gap if self._timed else 0.0
        self.history_values = None if self._flat_seconds > 0 else (2 if self._timed else 0)
        self._clear()

    def _clear(self) -> None:
        # The two newest samples in order of time, the newest last, and the newest's flag so far.
        self._times: tuple[float, float] = (float("-inf"), float("-inf"))
        self._values: tuple[Value, Value] = (None, None)
        self._flag: Quality = NOT_EVALUATED
        # Flat line: extremes of the longest run, back from now, whose range is below the tolerance; what came before
        # it; what is still to be taken into it; and when sampling without a gap began.
        self._lows: deque[tuple[float, float]] = deque()
        self._highs: deque[tuple[float, float]] = deque()
        self._waiting: list[tuple[float, float]] = []
        self._excluded = float("-inf")
        self._start = float("-inf")

    def push(self, time: float, value: Value) -> tuple[Quality, Correction | None]:
        """Take the next value.

        Args:
            time: in seconds.
            value: in the canonical unit; None: known to be missing.

        Returns:
            Its flag, and what became of the value before it. A value that is not newer than the newest is judged by
            its range alone and leaves the state as it was.
        """
        if value is None:
            gross = MISSING
        elif self._low <= value <= self._high:
            gross = GOOD
        else:
            gross = gross_flag(value, self.thresholds.gross_fail, self.thresholds.gross_suspect)
        if not self._timed or not time > self._times[1]:
            return gross, None
        return self._timed_tests(time, value, gross)

    def _timed_tests(self, time: float, value: Value, gross: Quality) -> tuple[Quality, Correction | None]:
        earlier, newest = self._times
        before, last = self._values
        step = time - newest
        # What is nearly always so in one look: beside two good values a good one that moved, and neither too far.
        if (
            self._moves
            and gross is GOOD is self._flag
            and value is not None
            and last is not None
            and before is not None
            and step <= self._longest_step
            and newest - earlier <= self._max_gap
            and abs(last - (before + value) / 2) <= self._least_spike
            and (moved := abs(value - last)) / step <= self._least_rate
            and moved >= self._tolerance
            and value != last
        ):
            if self._lows:
                self._lows.clear()
                self._highs.clear()
            self._waiting = [(time, value)]
            self._excluded = newest
            self._times = (newest, time)
            self._values = (last, value)
            return GOOD, None
        near = step <= self._max_gap and step < float("inf")
        correction, flag = None, gross
        # Else a good value beside good values is told by comparisons alone.
        if value is not None:
            if near and last is not None:
                if before is not None and self._spiky and newest - earlier <= self._max_gap:
                    correction = self._settle(before, last, value)
                if self._rated and (flag is not GOOD or abs(value - last) / step > self._least_rate):
                    t = self.thresholds
                    flag = worse(flag, over(abs(value - last) / step, t.rate_suspect, t.rate_fail))
            elif self._rated and flag is not GOOD:
                flag = worse(flag, GOOD)
        if self._flat_seconds:
            flat = self._flat(time, value, step, near=near)
            if flat is not flag:
                flag = worse(flag, flat)
        self._times = (newest, time)
        self._values = (last, value)
        self._flag = flag
        return flag, correction

    def _settle(self, before: float, value: float, after: float) -> Correction | None:
        """The spike test of the newest value so far, now that the one after it is here."""
        if self._average:
            amount = abs(value - (before + after) / 2)
        else:
            amount = prominence(before, value, after, self.thresholds.spike_method)
        if self._flag is GOOD and amount <= self._least_spike:
            return None
        flag = worse(self._flag, over(amount, self.thresholds.spike_suspect, self.thresholds.spike_fail))
        return None if flag is self._flag else Correction(self._times[1], value, flag)

    def _flat(self, time: float, value: Value, step: float, *, near: bool) -> Quality:
        """A value that moved by the tolerance since the one before begins the level run anew: nothing is looked up.

        What did not move waits, and is taken into the run where its length can matter.
        """
        if not near:  # a gap: the window fills anew
            self._empty(time)
        if value is None:
            return MISSING
        last, waiting = self._values[1], self._waiting
        if near and last is not None and value != last and abs(value - last) >= self._tolerance:
            if self._lows:
                self._lows.clear()
                self._highs.clear()
            waiting.clear()
            self._excluded = self._times[1]
        waiting.append((time, value))
        least = self._least_flat
        if near and time - self._start + step > least and time - self._excluded > least:
            self.take_waiting()
            t, filled, level = self.thresholds, time - self._start + step, time - self._excluded
            for seconds, flag in ((t.flat_fail, FAIL), (t.flat_suspect, SUSPECT)):
                if seconds is not None and filled > seconds and level > seconds:
                    return flag
        elif len(waiting) >= _WAITING:
            self.take_waiting()
        return GOOD

    def _empty(self, time: float) -> None:
        """The window fills anew from this time."""
        self._lows.clear()
        self._highs.clear()
        self._waiting.clear()
        self._start, self._excluded = time, float("-inf")

    def take_waiting(self) -> None:
        """Take what waits into the level run, in its order: the state is that of a stream that lets nothing wait."""
        waiting, self._waiting = self._waiting, []
        for time, value in waiting:
            if len(self._lows) + len(self._highs) > HELD:  # the memory would not be bounded
                self._empty(time)
            self._extend(time, value, self._tolerance)

    def _extend(self, time: float, value: float, tolerance: float) -> None:
        """Take a value into the level run, and leave out what no longer fits beside it or is too old to matter."""
        lows, highs = self._lows, self._highs
        while lows and lows[-1][1] >= value:
            lows.pop()
        while highs and highs[-1][1] <= value:
            highs.pop()
        sample = (time, value)
        lows.append(sample)
        highs.append(sample)
        # Lows rise and highs fall towards now, so the older of the two extremes is what the run has to give up.
        low, high = lows[0], highs[0]
        while high[1] - low[1] >= tolerance and low is not high:
            if low[0] < high[0]:
                self._excluded = low[0]
                lows.popleft()
                low = lows[0]
            else:
                self._excluded = high[0]
                highs.popleft()
                high = highs[0]
        oldest = time - self._flat_seconds
        while lows[0][0] < oldest:
            lows.popleft()
        while highs[0][0] < oldest:
            highs.popleft()

    def restore(self, recent: Iterable[tuple[float, Value]]) -> None:
        """Rebuild the state from stored values, in any order: what it was when the newest of them was pushed."""
        self._clear()
        if self._timed:
            for time, value in sorted(recent, key=lambda sample: sample[0]):
                self.push(time, value)


def _least(*thresholds: float | None) -> float:
    """The smallest of those that there are; without one nothing is over it."""
    return min((threshold for threshold in thresholds if threshold is not None), default=float("inf"))
