"""What a register (a counter that only grows) says was used: by the hour, interpolated to its edges; by 5 minutes.

Energy is conserved: a step between two readings is spread evenly over the time between them, so that hours, days and
months add up to what the register rose. A step across a gap is spread too, and marked as estimated. What decides of a
fall, in this order (docs/decisions.md): a swapped meter whose closing and opening register are known; a register
that wrapped at its known capacity; readings that stray and come back; a restart at zero; else it is unexplained and
nothing is counted. Everything here is pure and rests on readings near by alone, so that it does not matter in which
order they came. Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

SECOND = 1_000_000
HOUR = 3600 * SECOND
FIVE_MINUTES = 300 * SECOND
BRIDGED = 92 * 24 * HOUR
"""Longer steps are spread over no hours: a quarter is the longest usual distance of readings taken by hand."""

LONGEST_STRAY = 5
NEIGHBOURS = 12
"""How many readings on each side may change with one: five that stray with it, as many beside them, and their ends."""

_SHORTEST = 1 / 12  # hours; for shorter steps clocks are too coarse to call a rise implausible


@dataclass(frozen=True, slots=True)
class Register:
    """How a register is meant.

    Attributes:
        gap: a longer step is estimated; microseconds.
        capacity: where it wraps to zero (10 to the number of digits); None: it does not, as far as we know.
        most_per_hour: what the connection can deliver; more is implausible. None: no bound is known.
        wrap_within: share of the capacity; a wrap that would mean more is none.
        restart_within: share of the value before; what falls to more than that did not restart at zero. 1: every fall
            is a restart (the rule of TimescaleDB's counter_agg).
    """

    gap: int
    capacity: float | None = None
    most_per_hour: float | None = None
    wrap_within: float = 0.1
    restart_within: float = 0.5


@dataclass(frozen=True, slots=True)
class Swap:
    """A meter was swapped: readings before `time` are the old one's, at or after it the new one's."""

    time: int
    closing: float
    opening: float


@dataclass(frozen=True, slots=True)
class Steps:
    """From one reading (or end of a meter) to the next, in the order of time.

    Attributes:
        rise: what was used; 0 where nobody can tell (`explained` False).
        fell: the register began anew, or fell for no known reason.
        reading: time of the reading that ends the step, or follows on the swap that does.
    """

    begin: Integers
    end: Integers
    rise: Floats
    explained: Booleans
    fell: Booleans
    estimated: Booleans
    reading: Integers


@dataclass(frozen=True, slots=True)
class Buckets:
    """What was used, per bucket (its start). NaN: nothing is known, or estimated. `covered`: its share."""

    start: Integers
    increase: Floats
    estimated: Floats
    resets: Integers
    covered: Floats
    dropped: Integers


def strays(values: Floats, meter: Integers) -> Booleans:
    """Readings that leave the register and come back: up to five that lie together, away from both their neighbours.

    Downwards (a device that sends 0 until it has read its meter) the register comes back to where it was; nearly, or
    the fall was too small for a restart at zero. Upwards (a garbled digit) likewise; where the way back could be a
    restart, only what is a hundred times too large. `meter` numbers the meters of a swapped one: nothing strays across
    a swap.
    """
    astray = np.zeros(len(values), dtype=bool)
    if not (np.diff(values) < 0).any():
        return astray
    for length in range(1, min(LONGEST_STRAY, len(values) - 2) + 1):
        before, after = values[: -length - 1], values[length + 1 :]
        between = np.lib.stride_tricks.sliding_window_view(values[1:-1], length)
        high, low = between.max(axis=1), between.min(axis=1)
        together, back = high - low, after - before
        down = (high < before) & (back >= 0) & (together <= 0.1 * (before - high))
        down &= (back <= before - high) | (low > before / 2)
        up = (low > after) & (back >= 0) & (before > 0) & (together <= 0.1 * (low - after))
        up &= ((after > high / 2) & (back <= low - after)) | ((low > 100 * after) & (back <= 0.1 * before))
        one_meter = meter[: -length - 1] == meter[length + 1 :]
        for first in np.flatnonzero((down | up) & one_meter).tolist():
            astray[first + 1 : first + 1 + length] = True
    return astray


def rises(
    before: Floats, after: Floats, hours: Floats, register: Register, *, restarts: Booleans | None = None
) -> tuple[Floats, Booleans, Booleans]:
    """What was used from one value to the next; whether that is known; whether the register began anew or fell.

    `restarts`: where a fall may be a restart at zero; everywhere by default.
    """
    rise = after - before
    fall = rise < 0
    limit = np.full(len(rise), np.inf)
    if register.most_per_hour is not None:
        limit = register.most_per_hour * np.maximum(hours, _SHORTEST)
    wrapped = np.zeros(len(rise), dtype=bool)
    if register.capacity is not None:
        around = rise + register.capacity
        wrapped = fall & (around >= 0) & (around <= np.minimum(limit, register.wrap_within * register.capacity))
        rise = np.where(wrapped, around, rise)
    restarted = fall & ~wrapped & (after <= before * register.restart_within) & (after <= limit)
    if restarts is not None:
        restarted &= restarts
    rise = np.where(restarted, after, rise)
    explained = (wrapped | restarted | ~fall) & (rise <= limit)
    return np.where(explained, rise, 0.0), explained, (fall & ~wrapped) | ~explained


def steps_of(times: Integers, values: Floats, swaps: Sequence[Swap], register: Register) -> Steps:
    """The steps between readings that do not stray, through the ends of swapped meters."""
    known = [swap for swap in swaps if len(times) and times[0] < swap.time <= times[-1]]
    closing, opening, reading = 0, 1, 2
    time = np.concatenate([times, np.repeat(np.array([swap.time for swap in known], dtype=np.int64), 2)])
    value = np.concatenate([values, np.array([end for swap in known for end in (swap.closing, swap.opening)])])
    kind = np.concatenate([np.full(len(times), reading), np.tile([closing, opening], len(known))])
    order = np.lexsort((kind, time))
    time, value, kind = time[order], value[order], kind[order]
    real = np.flatnonzero(kind == reading)
    next_reading = time[real[np.minimum(np.searchsorted(real, np.arange(1, max(len(time), 1))), len(real) - 1)]]
    used = kind[:-1] != closing  # from an old meter's end to the new one's beginning nothing is used
    begin, end = time[:-1][used], time[1:][used]
    both_read = (kind[:-1][used] == reading) & (kind[1:][used] == reading)
    rise, explained, fell = rises(value[:-1][used], value[1:][used], (end - begin) / HOUR, register, restarts=both_read)
    return Steps(begin, end, rise, explained, fell, end - begin > register.gap, next_reading[used])


def used_by_hour(
    times: Integers,
    values: Floats,
    swaps: Sequence[Swap],
    register: Register,
    since: int,
    until: int,
    doubted: Sequence[tuple[int, int]] = (),
) -> tuple[Buckets, Buckets]:
    """The hours, and the 5 minutes, that begin within [since, until) and of which the readings tell anything.

    `times` and `values`: counting readings in the order of time, with at least `NEIGHBOURS` on both sides of the span
    where there are as many. Hours are interpolated; 5 minutes hold the steps that end in them. A step across a
    `doubted` period, whose readings people say are invalid, is estimated however short it is.
    """
    meter = np.searchsorted(np.array(sorted(swap.time for swap in swaps), dtype=np.int64), times, side="right")
    astray = strays(values, meter)
    steps = steps_of(times[~astray], values[~astray], swaps, register)
    for first, last in doubted:
        steps.estimated[(steps.begin < last) & (steps.end > first)] = True
    gone = times[astray]
    gone = gone[(gone >= since) & (gone < until)]
    return _hours(steps, gone, since, until), _five_minutes(steps, times, since, until)


def _hours(steps: Steps, gone: Integers, since: int, until: int) -> Buckets:
    placed = np.flatnonzero(steps.explained & (steps.end - steps.begin <= BRIDGED))
    placed = placed[(steps.end[placed] >= since) & (steps.begin[placed] < until)]
    begin, end = steps.begin[placed], steps.end[placed]
    first = begin // HOUR
    count = np.where(end > begin, (end - 1) // HOUR, first) - first + 1
    step = np.repeat(np.arange(len(placed)), count)
    hour = (first[step] + np.arange(len(step)) - np.repeat(np.cumsum(count) - count, count)) * HOUR
    inside = (hour >= since) & (hour < until)
    step, hour = step[inside], hour[inside]
    length = (end - begin)[step]
    overlap = np.minimum(end[step], hour + HOUR) - np.maximum(begin[step], hour)
    # Each hour by itself: a sum that began elsewhere would differ in its last bits with where it began.
    amount = steps.rise[placed][step] * np.where(length > 0, overlap / np.maximum(length, 1), 1.0)
    estimated = steps.estimated[placed][step] & (overlap > 0)
    fell = steps.reading[steps.fell]
    fell = fell[(fell >= since) & (fell < until)]
    start, back = np.unique(np.concatenate([hour, fell // HOUR * HOUR, gone // HOUR * HOUR]), return_inverse=True)
    in_step, in_fell, in_gone = np.split(back, [len(hour), len(hour) + len(fell)])
    size = len(start)
    return Buckets(
        start,
        _sum(in_step, amount, size),
        _sum(in_step[estimated], amount[estimated], size),
        np.bincount(in_fell, minlength=size),
        np.bincount(in_step, overlap, minlength=size) / HOUR,
        np.bincount(in_gone, minlength=size),
    )


def _five_minutes(steps: Steps, times: Integers, since: int, until: int) -> Buckets:
    """All buckets with a reading, so that one whose step is gone is told too."""
    inside = (steps.reading >= since) & (steps.reading < until)
    start = np.unique(times[(times >= since) & (times < until)] // FIVE_MINUTES * FIVE_MINUTES)
    back = np.searchsorted(start, steps.reading[inside] // FIVE_MINUTES * FIVE_MINUTES)
    size = len(start)
    known, estimated = steps.explained[inside], steps.estimated[inside]
    rise = steps.rise[inside]
    return Buckets(
        start,
        _sum(back[known], rise[known], size),
        _sum(back[known & estimated], rise[known & estimated], size),
        np.bincount(back[steps.fell[inside]], minlength=size),
        np.zeros(size),
        np.zeros(size, dtype=np.int64),
    )


def _sum(group: Integers, amount: Floats, size: int) -> Floats:
    """Sum per group; NaN where a group is empty."""
    counted = np.bincount(group, minlength=size)
    return np.where(counted > 0, np.bincount(group, amount, minlength=size), np.nan)
