"""Raw readings by 5 minutes, thousands of buckets at once: what `rollup_5m` says of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from processors.windows import distinct

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FIVE_MINUTES = 300_000_000
"""In PostgreSQL's microseconds."""
FOREVER_AGO = -(1 << 63)
"""PostgreSQL's -infinity."""
_SHIFT, _MIDDLE = 32, 1 << 31  # of the datastream in a number, and of 2000: buckets before it are negative
_TOO_LARGE, _TOO_SMALL = 1e100, 1e-150
_COUNTS = ("n_good", "n_not_evaluated", "n_suspect", "n_fail", "n_invalidated")
_INVALIDATED, _GOOD, _NOT_EVALUATED, _SUSPECT, _FAIL, _MISSING = 0, 1, 2, 3, 4, 9


@dataclass(frozen=True, slots=True)
class Keys:
    """Buckets of datastreams, each once, by datastream, then time; `bucket` in 5 minutes since 2000."""

    datastream: Integers
    bucket: Integers

    def __len__(self) -> int:
        return len(self.datastream)

    @property
    def numbers(self) -> Integers:
        """One number each, in the same order."""
        return _numbers(self.datastream, self.bucket)

    def of(self, rows: npt.NDArray[np.bool_] | Integers | slice) -> Keys:
        """These rows of them."""
        return Keys(self.datastream[rows], self.bucket[rows])

    def pieces(self, most: int) -> Iterator[Keys]:
        """By time, so many at once."""
        if len(self) <= most:
            yield self
            return
        by_time = np.argsort(self.bucket, kind="stable")
        for at in range(0, len(self), most):
            yield self.of(np.sort(by_time[at : at + most]))

    def spans(self, gap: int) -> tuple[Integers, Integers, Integers]:
        """Datastreams, first buckets and those behind the last of what lies no more than `gap` buckets apart."""
        new = np.flatnonzero((np.diff(self.datastream) != 0) | (np.diff(self.bucket) > gap)) + 1
        first, last = np.concatenate([[0], new]), np.concatenate([new, [len(self)]]) - 1
        return self.datastream[first], self.bucket[first], self.bucket[last] + 1


def keys_of(datastream: Integers, bucket: Integers) -> Keys:
    """Each bucket once, in order."""
    return Keys(*_parts(distinct(_numbers(datastream, bucket))))


@dataclass(frozen=True, slots=True)
class Added:
    """Buckets to which readings were added while nothing else happened to them; times in microseconds since 2000.

    Attributes:
        since: of the first of them.
        until: of the last of them.
    """

    keys: Keys
    since: Integers
    until: Integers

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, rows: npt.NDArray[np.bool_] | Integers | slice) -> Added:
        """These rows of them."""
        return Added(self.keys.of(rows), self.since[rows], self.until[rows])

    def among(self, keys: Keys) -> Added:
        """Those of these buckets."""
        return self.of(np.isin(self.keys.numbers, keys.numbers))


def added(datastream: Integers, bucket: Integers, since: Integers, until: Integers) -> Added:
    """Each bucket of some marks once, in order; none where one of them says FOREVER_AGO: anything may have changed."""
    numbers = _numbers(datastream, bucket)
    order = np.argsort(numbers, kind="stable")
    start = _starts(numbers[order])
    if not len(start):
        return Added(keys_of(datastream, bucket), since, until)
    first, last = np.minimum.reduceat(since[order], start), np.maximum.reduceat(until[order], start)
    return Added(Keys(*_parts(numbers[order][start])), first, last).of(first > FOREVER_AGO)


@dataclass(frozen=True, slots=True)
class Raw:
    """Readings in any order: time in microseconds since 2000; parts empty where nobody wants them."""

    datastream: Integers
    time: Integers
    value: Floats
    flag: Integers
    energy: Floats
    sine: Floats
    cosine: Floats


@dataclass(frozen=True, slots=True)
class Buckets:
    """Columns of `rollup_5m`; bucket, first_time, last_time, newest in microseconds since 2000, floats NaN for null.

    first_time and last_time mean nothing where no reading counts.
    """

    datastream: Integers
    bucket: Integers
    n_good: Integers
    n_not_evaluated: Integers
    n_suspect: Integers
    n_fail: Integers
    n_invalidated: Integers
    sum: Floats
    sum_squares: Floats
    min: Floats
    max: Floats
    first: Floats
    first_time: Integers
    last: Floats
    last_time: Integers
    energy_sum: Floats
    sin_sum: Floats
    cos_sum: Floats
    newest: Integers

    def __len__(self) -> int:
        return len(self.datastream)

    @property
    def numbers(self) -> Integers:
        """As those of `Keys`."""
        return _numbers(self.datastream, self.bucket // FIVE_MINUTES)

    def of(self, rows: npt.NDArray[np.bool_] | Integers) -> Buckets:
        """These rows of them."""
        return Buckets(*(getattr(self, one.name)[rows] for one in fields(self)))

    def in_both(self, datastream: Integers, bucket: Integers) -> tuple[Integers, Integers]:
        """The rows that are among others, and which those are; in both each bucket stands once."""
        others = _numbers(datastream, bucket // FIVE_MINUTES)
        _, here, there = np.intersect1d(self.numbers, others, assume_unique=True, return_indices=True)
        return here, there


def joined(parts: Sequence[Buckets]) -> Buckets:
    """Behind each other."""
    if len(parts) == 1:
        return parts[0]
    return Buckets(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Buckets)))


def by_bucket(wanted: Keys, raw: Raw, stood: Buckets | None = None) -> Buckets:
    """What the readings say of the wanted buckets that have any; other readings are passed over.

    Only values whose flag counts (1 good, 2 not evaluated) are summed. One beyond 1e100 would overflow the sums; it
    counts as failed, whatever its flag says.

    `stood` is what earlier readings of the wanted buckets had given: to the last bit the result is that of those and
    these together.
    """
    # As they come from the server, the numbers' bytes are the other way round: turned once, not with every step.
    times, values, flags = raw.time.astype(np.int64), raw.value.astype(np.float64), raw.flag.astype(np.int8)
    numbers = _numbers(raw.datastream, times // FIVE_MINUTES)
    known = wanted.numbers
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    rows = np.flatnonzero(known[at] == numbers)
    rows = rows[np.lexsort((times[rows], numbers[rows]))]
    numbers, flag, value = numbers[rows], flags[rows], values[rows]
    start = _starts(numbers)
    newest = times[rows[np.append(start[1:], len(rows)) - 1]] if len(start) else start
    size = np.abs(value)
    sent = (flag == _GOOD) | (flag == _NOT_EVALUATED)
    usable = size < _TOO_LARGE
    counts = sent & usable

    def count(which: npt.NDArray[np.bool_]) -> Integers:
        found: Integers = np.add.reduceat(which, start, dtype=np.int64) if len(start) else start
        return found

    n_good, n_not_evaluated = count(counts & (flag == _GOOD)), count(counts & (flag == _NOT_EVALUATED))
    filled = n_good + n_not_evaluated > 0
    here = np.flatnonzero(counts)
    rows, size, value = rows[here], size[here], value[here]
    time = times[rows]
    safe = np.where(size >= _TOO_SMALL, value, 0.0)
    first = _starts(numbers[here])
    last = np.append(first[1:], len(here)) - 1

    def spread(found: Floats) -> Floats:
        whole = np.full(len(start), np.nan)
        whole[filled] = found
        return whole

    def instants(found: Integers) -> Integers:
        whole = np.zeros(len(start), dtype=np.int64)
        whole[filled] = found
        return whole

    before = None if stood is None else stood.of(np.searchsorted(stood.numbers, numbers[start]))

    def summed(name: str, part: Floats) -> Floats:
        return spread(in_order(part, first, None if before is None else getattr(before, name)[filled]))

    nothing = np.full(len(start), np.nan)
    datastream, bucket = _parts(numbers[start])
    found = Buckets(
        datastream=datastream,
        bucket=bucket * FIVE_MINUTES,
        n_good=n_good,
        n_not_evaluated=n_not_evaluated,
        n_suspect=count(flag == _SUSPECT),
        n_fail=count((flag == _FAIL) | (flag == _MISSING) | (sent & ~usable)),
        n_invalidated=count(flag == _INVALIDATED),
        sum=summed("sum", value),
        sum_squares=summed("sum_squares", safe * safe),
        min=spread(np.minimum.reduceat(value, first) if len(first) else value),
        max=spread(np.maximum.reduceat(value, first) if len(first) else value),
        first=spread(value[first]),
        first_time=instants(time[first]),
        last=spread(value[last] if len(first) else value),
        last_time=instants(time[last] if len(first) else time),
        energy_sum=summed("energy_sum", raw.energy[rows]) if len(raw.energy) else nothing,
        sin_sum=summed("sin_sum", raw.sine[rows]) if len(raw.sine) else nothing,
        cos_sum=summed("cos_sum", raw.cosine[rows]) if len(raw.cosine) else nothing,
        newest=newest,
    )
    return found if before is None else _continued(before, found, filled)


def _continued(before: Buckets, then: Buckets, filled: npt.NDArray[np.bool_]) -> Buckets:
    """Both; the sums of `then` are those of all already, where it is filled."""
    counts = {name: getattr(before, name) + getattr(then, name) for name in _COUNTS}
    latest = {
        name: np.where(filled, getattr(then, name), getattr(before, name))
        for name in ("sum", "sum_squares", "last", "last_time", "energy_sum", "sin_sum", "cos_sum")
    }
    least, most = np.fmin(before.min, then.min), np.fmax(before.max, then.max)
    begun = before.n_good + before.n_not_evaluated > 0
    oldest = {name: np.where(begun, getattr(before, name), getattr(then, name)) for name in ("first", "first_time")}
    return replace(then, **counts, **oldest, **latest, min=least, max=most)


def in_order(numbers: Floats, first: Integers, before: Floats | None = None) -> Floats:
    """The sum of each group, added one by one as they stand; `first`: where each group begins, the first at 0.

    `before` is what earlier numbers of each group came to, NaN where there were none.

    Rounding depends on the order: the same readings give the same sum to the last bit, which numpy's own sums, that
    add in pairs, would not, and which comparing with what stands rests on.

    >>> in_order(np.array([1.0, 2.0, 3.0, 10.0]), np.array([0, 3])).tolist()
    [6.0, 10.0]
    """
    if not len(first):
        return np.empty(0)
    lengths = np.diff(np.append(first, len(numbers)))
    longest = np.argsort(-lengths, kind="stable")
    begins, falling = first[longest], -lengths[longest]
    total = numbers[begins]
    if before is not None:
        total = np.where(np.isnan(before[longest]), total, before[longest] + total)
    for step in range(1, -int(falling[0])):
        more = int(np.searchsorted(falling, -step, side="left"))
        total[:more] += numbers[begins[:more] + step]
    sums = np.empty(len(first))
    sums[longest] = total
    return sums


def _numbers(datastream: Integers, bucket: Integers) -> Integers:
    return (datastream.astype(np.int64) << _SHIFT) + bucket + _MIDDLE


def _parts(numbers: Integers) -> tuple[Integers, Integers]:
    return numbers >> _SHIFT, (numbers & ((1 << _SHIFT) - 1)) - _MIDDLE


def _starts(numbers: Integers) -> Integers:
    """Where each run of equal numbers begins."""
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(numbers)) + 1])
