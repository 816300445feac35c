"""QARTOD quality tests as pure functions, and the same tests one value at a time for data that is still arriving.

Flags and tests: IOOS QARTOD manuals (flags 2020; the four tests are common to all of them), in the reading of ioos_qc.
Thresholds come with the observed property. No clock, no database, no settings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bypuls.observation import Quality
from bypuls.properties import Span, Thresholds

Value = float | None
"""None: the value is missing at its time."""

GOOD, NOT_EVALUATED = Quality.GOOD, Quality.NOT_EVALUATED
SUSPECT, FAIL, MISSING = Quality.SUSPECT, Quality.FAIL, Quality.MISSING

_WORST_FIRST = (FAIL, SUSPECT, GOOD, NOT_EVALUATED, MISSING)
_RANK = {flag: rank for rank, flag in enumerate(_WORST_FIRST)}
_HELD = 20_000


def compare(*flags: Quality) -> Quality:
    """The roll-up of several tests' flags for one value: the worst in the order 4, 3, 1, 2, 9; none: 2.

    >>> compare(Quality.GOOD, Quality.NOT_EVALUATED)
    <Quality.GOOD: 1>
    """
    return min(flags, key=_RANK.__getitem__, default=NOT_EVALUATED)


def _worse(one: Quality, other: Quality) -> Quality:
    """`compare` of two, without its generality: it runs for every value that arrives."""
    return one if one is other or _RANK[one] < _RANK[other] else other


def gross_range(values: Sequence[Value], fail: Span | None, suspect: Span | None = None) -> list[Quality]:
    """Outside `fail` 4, outside `suspect` 3; the edges are good. Values and spans in the same unit."""
    return [MISSING if value is None else gross_flag(value, fail, suspect) for value in values]


def gross_flag(value: float, fail: Span | None, suspect: Span | None = None) -> Quality:
    """The gross range test for one value; 2 without a span. NaN is outside of every span."""
    if fail is not None and not fail[0] <= value <= fail[1]:
        return FAIL
    if suspect is not None and not suspect[0] <= value <= suspect[1]:
        return SUSPECT
    return NOT_EVALUATED if fail is None and suspect is None else GOOD


def spike(
    values: Sequence[Value],
    suspect: float | None,
    fail: float | None,
    method: str = "average",
    times: Sequence[float] | None = None,
    max_gap: float | None = None,
) -> list[Quality]:
    """How far a value stands out from its two neighbours.

    "average": distance from the neighbours' mean. "differential": the smaller of the two steps where the value is a
    local extreme, else 0. First, last, neighbours of a missing value, and neighbours more than `max_gap` seconds apart
    are not evaluated (2).
    """
    flags = []
    for position, value in enumerate(values):
        if value is None:
            flags.append(MISSING)
            continue
        before = values[position - 1] if position > 0 else None
        after = values[position + 1] if position + 1 < len(values) else None
        if before is None or after is None or _apart(times, max_gap, position) or _apart(times, max_gap, position + 1):
            flags.append(NOT_EVALUATED)
        else:
            flags.append(_over(_prominence(before, value, after, method), suspect, fail))
    return flags


def rate_of_change(
    times: Sequence[float],
    values: Sequence[Value],
    suspect: float | None,
    fail: float | None = None,
    max_gap: float | None = None,
) -> list[Quality]:
    """Change per second since the value before, strictly over a threshold.

    The first value, and one after a missing value or more than `max_gap` seconds later, is good. Times in seconds,
    increasing.
    """
    flags = []
    for position, value in enumerate(values):
        if value is None:
            flags.append(MISSING)
            continue
        before = values[position - 1] if position > 0 else None
        if before is None or _apart(times, max_gap, position):
            flags.append(GOOD)
        else:
            flags.append(_over(abs(value - before) / (times[position] - times[position - 1]), suspect, fail))
    return flags


def flat_line(
    times: Sequence[float],
    values: Sequence[Value],
    tolerance: float,
    suspect: float | None,
    fail: float | None = None,
    max_gap: float | None = None,
) -> list[Quality]:
    """Range over the trailing window smaller than `tolerance`, for `suspect` seconds 3, for `fail` seconds 4.

    A window counts when it is full: one sample more would reach beyond it. Missing values take up time in it and have
    no value. A gap of more than `max_gap` seconds begins anew. Times in seconds, increasing.
    """
    flags = []
    start = 0
    for position, value in enumerate(values):
        if _apart(times, max_gap, position):
            start = position
        if value is None:
            flags.append(MISSING)
        elif _is_flat(times, values, (start, position), tolerance, fail):
            flags.append(FAIL)
        elif _is_flat(times, values, (start, position), tolerance, suspect):
            flags.append(SUSPECT)
        else:
            flags.append(GOOD)
    return flags


@dataclass(frozen=True, slots=True)
class Climate:
    """The span of values that a period of the calendar has.

    Attributes:
        period: None: `begin` and `end` are instants; else one of `PERIODS`, of which they are numbers. Both ends belong
            to it.
        suspect, fail: inclusive spans of values; outside the first 3, outside the second 4.
    """

    begin: datetime | float
    end: datetime | float
    suspect: Span
    fail: Span | None = None
    period: str | None = None


PERIODS: Mapping[str, Callable[[datetime], float]] = {
    "year": lambda time: time.year,
    "month": lambda time: time.month,
    "day": lambda time: time.day,
    "dayofyear": lambda time: time.timetuple().tm_yday,
    "week": lambda time: time.isocalendar().week,
    "weekofyear": lambda time: time.isocalendar().week,
    "quarter": lambda time: (time.month + 2) // 3,
    "weekday": lambda time: time.weekday(),
    "dayofweek": lambda time: time.weekday(),
    "hour": lambda time: time.hour,
}
"""What a climate may be numbered by, under the names that ioos_qc takes, too; weeks as ISO 8601 counts them."""


def climatology(times: Sequence[datetime], values: Sequence[Value], climates: Sequence[Climate]) -> list[Quality]:
    """The span of the last climate whose period a value lies in; in none it is not evaluated (2)."""
    flags = []
    for time, value in zip(times, values, strict=True):
        flag = NOT_EVALUATED
        for climate in climates:
            place = time if climate.period is None else PERIODS[climate.period](time)
            if value is not None and climate.begin <= place <= climate.end:  # type: ignore[operator]
                flag = gross_flag(value, climate.fail, climate.suspect)
        flags.append(MISSING if value is None else flag)
    return flags


def judge(times: Sequence[float], values: Sequence[Value], thresholds: Thresholds) -> list[Quality]:
    """Every test that the thresholds ask for, rolled up. Times in seconds, strictly increasing."""
    t = thresholds
    tests = [gross_range(values, t.gross_fail, t.gross_suspect)]
    if t.spike_suspect is not None or t.spike_fail is not None:
        tests.append(spike(values, t.spike_suspect, t.spike_fail, t.spike_method, times, t.max_gap))
    if t.rate_suspect is not None or t.rate_fail is not None:
        tests.append(rate_of_change(times, values, t.rate_suspect, t.rate_fail, t.max_gap))
    if t.flat_tolerance is not None and (t.flat_suspect or t.flat_fail):
        tests.append(flat_line(times, values, t.flat_tolerance, t.flat_suspect, t.flat_fail, t.max_gap))
    return [compare(*flags) for flags in zip(*tests, strict=True)]


def _apart(times: Sequence[float] | None, max_gap: float | None, position: int) -> bool:
    """Whether the sample at `position` is too long after the one before to be compared with it."""
    if times is None or max_gap is None or not 0 < position < len(times):
        return False
    return times[position] - times[position - 1] > max_gap


def _over(amount: float, suspect: float | None, fail: float | None) -> Quality:
    if fail is not None and amount > fail:
        return FAIL
    return SUSPECT if suspect is not None and amount > suspect else GOOD


def _prominence(before: float, value: float, after: float, method: str) -> float:
    if method == "average":
        return abs(value - (before + after) / 2)
    if (before < value) == (value < after):
        return 0.0
    return min(abs(value - before), abs(after - value))


def _is_flat(
    times: Sequence[float], values: Sequence[Value], window: tuple[int, int], tolerance: float, seconds: float | None
) -> bool:
    start, position = window
    if seconds is None or position == start:
        return False
    now = times[position]
    if now - times[start] + (now - times[position - 1]) <= seconds:
        return False
    held = [
        value
        for time, value in zip(times[start : position + 1], values[start : position + 1], strict=True)
        if value is not None and now - time <= seconds
    ]
    return max(held) - min(held) < tolerance


class Correction(NamedTuple):
    """The value before the newest got its final flag, and it is another than the one given first."""

    time: float
    value: float
    flag: Quality


class Stream:
    """The tests on the values of one datastream as they arrive: what `judge` says of the whole series, in time.

    A spike shows only when the next value is there: the newest value is flagged by its other tests, and `push` hands
    back a `Correction` when the value before it turns out to be one. The state is what the last `history_seconds`
    (`history_values` at most, None: all of that time) of stored values say, so it is rebuilt from them with `restore`.

    Attributes:
        history_seconds: how far back stored values are needed to rebuild the state; 0: none are.
        history_values: how many of the newest are enough; None: all within `history_seconds`.
    """

    __slots__ = (
        "_excluded",
        "_flag",
        "_flat_seconds",
        "_high",
        "_highs",
        "_low",
        "_lows",
        "_rated",
        "_spiky",
        "_start",
        "_timed",
        "_times",
        "_values",
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
        self._rated = t.rate_suspect is not None or t.rate_fail is not None
        self._flat_seconds = max(t.flat_suspect or 0.0, t.flat_fail or 0.0) if t.flat_tolerance is not None else 0.0
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
        # it; and when sampling without a gap began.
        self._lows: deque[tuple[float, float]] = deque()
        self._highs: deque[tuple[float, float]] = deque()
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
        t = self.thresholds
        earlier, newest = self._times
        step = time - newest
        near = step <= t.max_gap and step < float("inf")
        correction, flag = None, gross
        if value is not None:
            before = self._values[1]
            if near and before is not None:
                if self._spiky and newest - earlier <= t.max_gap:
                    correction = self._settle(before, value)
                if self._rated:
                    flag = _worse(flag, _over(abs(value - before) / step, t.rate_suspect, t.rate_fail))
            elif self._rated:
                flag = _worse(flag, GOOD)
        if self._flat_seconds:
            flag = _worse(flag, self._flat(time, value, step, near=near))
        self._times = (newest, time)
        self._values = (self._values[1], value)
        self._flag = flag
        return flag, correction

    def _settle(self, value: float, after: float) -> Correction | None:
        """The spike test of the newest value so far, now that the one after it is here."""
        t = self.thresholds
        before = self._values[0]
        if before is None:
            return None
        flag = _worse(
            self._flag, _over(_prominence(before, value, after, t.spike_method), t.spike_suspect, t.spike_fail)
        )
        return None if flag is self._flag else Correction(self._times[1], value, flag)

    def _flat(self, time: float, value: Value, step: float, *, near: bool) -> Quality:
        t = self.thresholds
        if not near or len(self._lows) + len(self._highs) > _HELD:
            # A gap, or so many samples that the memory would not be bounded: the window fills anew.
            self._lows.clear()
            self._highs.clear()
            self._start, self._excluded = time, float("-inf")
        if value is None:
            return MISSING
        self._extend(time, value, t.flat_tolerance or 0.0)
        if near:
            filled, level = time - self._start + step, time - self._excluded
            for seconds, flag in ((t.flat_fail, FAIL), (t.flat_suspect, SUSPECT)):
                if seconds is not None and filled > seconds and level > seconds:
                    return flag
        return GOOD

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
