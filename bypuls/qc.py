"""QARTOD quality tests as pure functions over whole series; `bypuls.qc_stream` is the same for values that arrive.

Flags and tests: IOOS QARTOD manuals (flags 2020; the four tests are common to all of them), in the reading of ioos_qc.
Thresholds come with the observed property. No clock, no database, no settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypuls.observation import Quality
from bypuls.properties import Span, Thresholds

Value = float | None
"""None: the value is missing at its time."""

GOOD, NOT_EVALUATED = Quality.GOOD, Quality.NOT_EVALUATED
SUSPECT, FAIL, MISSING = Quality.SUSPECT, Quality.FAIL, Quality.MISSING

WORST_FIRST = (FAIL, SUSPECT, GOOD, NOT_EVALUATED, MISSING)
RANK = {flag: rank for rank, flag in enumerate(WORST_FIRST)}
"""The smaller is the worse."""


def compare(*flags: Quality) -> Quality:
    """The roll-up of several tests' flags for one value: the worst in the order 4, 3, 1, 2, 9; none: 2.

    >>> compare(Quality.GOOD, Quality.NOT_EVALUATED)
    <Quality.GOOD: 1>
    """
    return min(flags, key=RANK.__getitem__, default=NOT_EVALUATED)


def worse(one: Quality, other: Quality) -> Quality:
    """`compare` of two, without its generality: it runs for every value that arrives."""
    return one if one is other or RANK[one] < RANK[other] else other


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
            flags.append(over(prominence(before, value, after, method), suspect, fail))
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
            flags.append(over(abs(value - before) / (times[position] - times[position - 1]), suspect, fail))
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


def over(amount: float, suspect: float | None, fail: float | None) -> Quality:
    """Strictly over a threshold."""
    if fail is not None and amount > fail:
        return FAIL
    return SUSPECT if suspect is not None and amount > suspect else GOOD


def prominence(before: float, value: float, after: float, method: str) -> float:
    """How far a value stands out from its neighbours, as `spike` says."""
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
