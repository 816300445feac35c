"""Quality control over time of imported rows: each datastream's in the order of time, after what is stored before them.

A live message is judged after the newest value; imported history lies before that, so it is judged after the values
that precede it. What the tests remember goes from block to block; where a block does not follow on the one before
(files sorted newest first, or not at all) it is read from the database again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from bypuls.observation import Quality
from bypuls.properties import ObservedProperty, Thresholds
from bypuls.qc_arrays import push_many
from bypuls.qc_stream import Stream
from ingest.importing.block import Bytes, Float64, Int32, Int64
from ingest.importing.checking import Checked
from ingest.quality import Watch, thresholds

_GOODS = (int(Quality.GOOD), int(Quality.NOT_EVALUATED))


class Own(Watch):
    """What the registry keeps beside a datastream: its thresholds. It remembers no values, so none are read for it."""

    __slots__ = ("thresholds",)

    def __init__(self, own: Thresholds) -> None:
        super().__init__(own)
        self.thresholds = own

    @property
    def history(self) -> timedelta:
        """None: the history that an import needs lies before its rows, not at the series' end."""
        return timedelta(0)


def own(observed: ObservedProperty, overrides: dict[str, Any] | None) -> Own:
    """The thresholds of a datastream, as the registry asks for them."""
    return Own(thresholds(observed, overrides))


class Ordered(NamedTuple):
    """Rows that may be stored, by datastream and time; rows for one key in the order of the file.

    Attributes:
        settled: rows whose flag their successor decided.
    """

    stream: Int32
    time: Int64
    value: Float64
    flag: Bytes
    settled: Int64


class Later(NamedTuple):
    """A flag for a value that lies before a block, judged only now."""

    stream: int
    time: int
    value: float
    flag: int


class Wanted(NamedTuple):
    """A datastream, and the span of time before its rows that its tests depend on (µs since 1970, seconds)."""

    stream: int
    before: int
    seconds: float


Remembered = Mapping[int, Sequence[tuple[float, float]]]
"""Stored values, (seconds since 1970, value), by datastream."""


class _Memory(NamedTuple):
    state: Stream
    newest: int  # µs, of the newest row so far


class Judge:
    """Judges the blocks of one import, in their order.

    Args:
        recall: the values stored before given times; called where a block does not follow on the one before.
    """

    def __init__(self, recall: Callable[[Sequence[Wanted]], Remembered]) -> None:
        self._recall = recall
        self._memory: dict[int, _Memory | None] = {}

    def judge(self, checked: Checked, limits: Mapping[int, Thresholds]) -> tuple[Ordered, list[Later]]:
        """The rows with their flags, and flags that change for values before them.

        Args:
            checked: a block's rows that may be stored.
            limits: datastream -> thresholds.
        """
        order = np.lexsort((checked.time, checked.stream))
        stream, time, value = checked.stream[order], checked.time[order], checked.value[order]
        flag = checked.flag[order]
        starts = np.flatnonzero(np.diff(stream, prepend=-1))
        ends = [*starts[1:].tolist(), len(stream)]
        spans = {int(stream[start]): (start, end) for start, end in zip(starts.tolist(), ends, strict=True)}
        self._prepare(spans, time, limits)
        later: list[Later] = []
        settled = []
        for number, (start, end) in spans.items():
            memory = self._memory[number]
            if memory is None:
                continue
            before = memory.newest
            flags, correction = push_many(memory.state, time[start:end] / 1e6, value[start:end])
            flag[start:end] = flags
            settled.append(np.arange(start, end - 1))
            self._memory[number] = _Memory(memory.state, max(before, int(time[end - 1])))
            if correction is not None:
                later.append(Later(number, before, correction.value, int(correction.flag)))
        if checked.given is not None:
            flag = _worse(flag, checked.given[order])
        rows = np.concatenate(settled) if settled else np.zeros(0, np.int64)
        return Ordered(stream, time, value, flag, rows[~np.isin(flag[rows], _GOODS)]), later

    def _prepare(self, spans: Mapping[int, tuple[int, int]], time: Int64, limits: Mapping[int, Thresholds]) -> None:
        """See to it that what is remembered of each datastream is what lies before its rows."""
        wanted = []
        for number, (start, _) in spans.items():
            known = number in self._memory
            memory = self._memory.get(number)
            if known and (memory is None or time[start] >= memory.newest):
                continue
            state = Stream(limits[number])
            self._memory[number] = None
            if state.history_seconds > 0:
                self._memory[number] = _Memory(state, -(2**62))
                wanted.append(Wanted(number, int(time[start]), state.history_seconds))
        if not wanted:
            return
        for number, values in self._recall(wanted).items():
            memory = self._memory[number]
            if memory is not None and values:
                memory.state.restore(values)
                self._memory[number] = _Memory(memory.state, round(values[-1][0] * 1e6))


def _worse(ours: Bytes, given: Bytes) -> Bytes:
    """The worse of our flag and the file's: a sender may know that a value is bad, not that a bad one is good."""
    worse: Bytes = np.where(
        (given == Quality.FAIL) | ((given == Quality.SUSPECT) & (ours != Quality.FAIL)), given, ours
    )
    return worse
