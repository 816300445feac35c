"""Stores imported rows: compared with what stands, copied straight in where nothing does, else corrected like messages.

A chunk is one transaction. What is not there yet goes by COPY straight into the table; should another writer have been
quicker with one of its keys since we looked, the table's key refuses the chunk, and it is compared again. So no lock is
needed that live ingest would wait for. What differs from what stands goes through `ingest.writer`, which decides again
under lock who is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from psycopg import errors as pg

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.retention import refuse_dropped
from ingest.importing.binary import FLOAT8, INT2, INT4, INT8, array_times, array_values, copy_rows, timestamps
from ingest.importing.block import Bytes, Float64, Int32, Int64, Mask
from ingest.importing.judging import Later, Remembered, Wanted
from ingest.importing.times import to_datetime, to_microseconds
from ingest.writer import Batch, Conversion, Flag, Row, Writer

_SQL = queries("ingest.importing", "storing.sql")
_WRITER_SQL = queries("ingest", "writer.sql")
_BUCKET = 300_000_000
_TRIES = 5
_AGAIN = (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure)
_HISTORY_VALUES = 20_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of some datastreams, by datastream and time; of rows for one key the first in the file is the first here.

    Attributes:
        settled: rows whose flag their successor decided.
        later: flags of values that lie before.
        conversions: from when on values were shares of volume and are stored as mass per volume, or the reverse.
    """

    stream: Int32
    time: Int64
    value: Float64
    flag: Bytes
    settled: Int64
    later: list[Later]
    conversions: list[Conversion] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(slots=True)
class Stored:
    """What became of rows: new, corrections, there already (or outranked)."""

    stored: int = 0
    corrected: int = 0
    unchanged: int = 0

    def add(self, other: Stored) -> None:
        """Count another chunk's."""
        self.stored += other.stored
        self.corrected += other.corrected
        self.unchanged += other.unchanged


class _Sorted(NamedTuple):
    new: Mask  # nothing stands there
    clash: Int64  # something else stands there, or a lower rank
    again: Int64  # rows that repeat a key of the chunk with another value: after the others


@dataclass
class Store:
    """Stores the chunks of one connection.

    Attributes:
        rank: of all rows.
        arrival: when the import began.
        message_hash: of the file, for what a correction replaces.
    """

    connection: Connection
    rank: int
    arrival: datetime
    message_hash: str
    _reached: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._writer = Writer(self.connection)

    def store(self, chunk: Chunk) -> Stored:
        """Store a chunk, whole or not at all.

        Raises:
            NotStorable: it holds values of a time whose raw data was dropped.
            psycopg.Error: nothing of it was stored.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._try(chunk)
            except _AGAIN:
                continue
        return self._try(chunk, careful=True)

    def compare(self, chunk: Chunk) -> Stored:
        """What `store` would come to; changes nothing."""
        found = self._sort(chunk)
        if found is None:
            return Stored(unchanged=len(chunk))
        stored = int(found.new.sum())
        corrected = len(found.clash) + len(found.again)
        return Stored(stored, corrected, len(chunk) - stored - corrected)

    def _try(self, chunk: Chunk, *, careful: bool = False) -> Stored:
        with self.connection.transaction():
            found = None if careful else self._sort(chunk)
            flags = [Flag(one.stream, to_datetime(one.time), one.value, one.flag, 0) for one in chunk.later]
            if found is None:
                rows, count = self._rows(chunk, np.arange(len(chunk))), 0
            else:
                count = self._copy(chunk, found.new)
                rows = self._rows(chunk, np.concatenate((found.clash, found.again)))
                flags += self._revealed(chunk, found.new)
            done = Stored(count)
            if rows or flags or chunk.conversions:
                batch = Batch(rows=rows, flags=flags, conversions=chunk.conversions, hashes={0: self.message_hash})
                written = self._writer.write(batch)
                done.stored += written.stored
                done.corrected += written.corrected
            done.unchanged = len(chunk) - done.stored - done.corrected
            self._refuse_dropped(chunk)
            reached = self._reach(chunk)
            if count:
                self.connection.execute(_SQL["announce"])
        self._reached.update(reached)
        return done

    def _refuse_dropped(self, chunk: Chunk) -> None:
        """The oldest row of each datastream is looked at: rows lie by datastream and time."""
        starts = np.flatnonzero(np.diff(chunk.stream, prepend=-1))
        oldest = [to_datetime(time) for time in chunk.time[starts].tolist()]
        refuse_dropped(self.connection, chunk.stream[starts].tolist(), oldest)

    def _sort(self, chunk: Chunk) -> _Sorted | None:
        """Compare with what stands; None: so much stands there that comparing all of it would not pay."""
        first_of_key = np.ones(len(chunk), np.bool_)
        first_of_key[1:] = (np.diff(chunk.stream) != 0) | (np.diff(chunk.time) != 0)
        starts = np.flatnonzero(np.diff(chunk.stream, prepend=-1))
        ends = np.append(starts[1:], len(chunk))
        most = 8 * (ends - starts) + 1000
        new, clash = first_of_key.copy(), np.zeros(len(chunk), np.bool_)
        places = {int(chunk.stream[start]): (start, end) for start, end in zip(starts, ends, strict=True)}
        for stream, times, values, ranks in self._standing(chunk, starts, ends, most):
            start, end = places[stream]
            if len(times) >= 8 * (end - start) + 1000:
                return None
            place = np.searchsorted(times, chunk.time[start:end])
            there = np.zeros(end - start, np.bool_)
            inside = place < len(times)
            there[inside] = times[place[inside]] == chunk.time[start:end][inside]
            place[~inside] = 0
            same = values[place] == chunk.value[start:end]
            other = there & ((ranks[place] < self.rank) | ((ranks[place] == self.rank) & ~same))
            new[start:end] &= ~there
            clash[start:end] = other
        again = np.flatnonzero(~first_of_key)
        # Behind a first value that is new, or beside one: decided by the writer, one after the other.
        again = again[~_repeats(chunk, again)]
        return _Sorted(new, np.flatnonzero(clash & first_of_key), again)

    def _standing(
        self, chunk: Chunk, starts: Int64, ends: Int64, most: Int64
    ) -> list[tuple[int, Int64, Float64, Int64]]:
        first, last = chunk.time[starts], chunk.time[ends - 1]
        parameters = {
            "streams": chunk.stream[starts].tolist(),
            "since": [to_datetime(time) for time in first.tolist()],
            "until": [to_datetime(time) for time in last.tolist()],
            "first": to_datetime(int(first.min())),
            "last": to_datetime(int(last.max())),
            "most": most.tolist(),
        }
        with self.connection.cursor(binary=True) as cursor:
            cursor.execute(_SQL["standing"], parameters)
            answer = cursor.pgresult
            if answer is None:
                return []
            return [
                (
                    int.from_bytes(answer.get_value(row, 0) or b"", "big"),
                    array_times(answer.get_value(row, 1)),
                    array_values(answer.get_value(row, 2), FLOAT8),
                    array_values(answer.get_value(row, 3), INT2),
                )
                for row in range(answer.ntuples)
            ]

    def _copy(self, chunk: Chunk, new: Mask) -> int:
        count = int(new.sum())
        if not count:
            return 0
        whole = count == len(chunk)
        stream, time = (chunk.stream, chunk.time) if whole else (chunk.stream[new], chunk.time[new])
        value, flag = (chunk.value, chunk.flag) if whole else (chunk.value[new], chunk.flag[new])
        arrival = timestamps(np.array([to_microseconds(self.arrival)]))[0]
        rows = copy_rows(
            (INT4, stream), (INT8, timestamps(time)), (FLOAT8, value), (INT2, flag), (INT2, self.rank), (INT8, arrival)
        )
        self._send("copy_observations", rows)
        bucket = time // _BUCKET
        changed = np.ones(count, np.bool_)
        changed[1:] = (np.diff(stream) != 0) | (np.diff(bucket) != 0)
        rows = copy_rows((INT4, stream[changed]), (INT8, timestamps(bucket[changed] * _BUCKET)))
        self._send("copy_buckets", rows)
        return count

    def _send(self, name: str, rows: bytes) -> None:
        with self.connection.cursor() as cursor, cursor.copy(_SQL[name]) as copy:
            copy.write(rows)

    def _rows(self, chunk: Chunk, numbers: Int64) -> list[Row]:
        columns = (chunk.stream, chunk.time, chunk.value, chunk.flag)
        return [
            Row(stream, to_datetime(time), value, flag, self.rank, self.arrival, 0)
            for stream, time, value, flag in zip(*(column[numbers].tolist() for column in columns), strict=True)
        ]

    def _revealed(self, chunk: Chunk, new: Mask) -> list[Flag]:
        """Flags of values that stand already, decided by a successor that comes only now."""
        rows = chunk.settled
        rows = rows[~new[rows] & new[rows + 1]]
        return [
            Flag(stream, to_datetime(time), value, flag, 0)
            for stream, time, value, flag in zip(
                *(column[rows].tolist() for column in (chunk.stream, chunk.time, chunk.value, chunk.flag)), strict=True
            )
        ]

    def _reach(self, chunk: Chunk) -> dict[int, tuple[int, int]]:
        """Note up to when there is data, where that is news."""
        starts = np.flatnonzero(np.diff(chunk.stream, prepend=-1))
        ends = np.append(starts[1:], len(chunk)) - 1
        news = {}
        for stream, first, last in zip(
            chunk.stream[starts].tolist(), chunk.time[starts].tolist(), chunk.time[ends].tolist(), strict=True
        ):
            known = self._reached.get(stream)
            if known is None or first < known[0] or last > known[1]:
                news[stream] = (first, last) if known is None else (min(first, known[0]), max(last, known[1]))
        if news:
            streams = sorted(news)
            self.connection.execute(_SQL["lock_streams"], (streams,))
            firsts = [to_datetime(news[stream][0]) for stream in streams]
            lasts = [to_datetime(news[stream][1]) for stream in streams]
            self.connection.execute(_SQL["reaches"], (streams, firsts, lasts))
        return news


@dataclass
class Months:
    """Sees to it that there are partitions for months."""

    connection: Connection
    _known: set[date] = field(default_factory=set)

    def ensure(self, time: Int64) -> None:
        """Make what is missing for these times (µs since 1970): a month is a transaction, for locks are few."""
        months = np.unique((time // 1_000_000).astype("datetime64[s]").astype("datetime64[M]"))
        for month in set(months.tolist()) - self._known:
            start = datetime(month.year, month.month, 1, tzinfo=UTC)
            for last in (False, True):
                try:
                    self.connection.execute(_WRITER_SQL["ensure_partitions"], (start, start))
                    break
                except pg.DuplicateTable:  # another process made it at the same moment
                    if last:
                        raise
            self._known.add(month)


def recall(connection: Connection, wanted: Sequence[Wanted]) -> Remembered:
    """Stored values before given times."""
    found: dict[int, list[tuple[float, float]]] = {}
    columns = (
        [one.stream for one in wanted],
        [to_datetime(one.before) for one in wanted],
        [timedelta(seconds=one.seconds) for one in wanted],
        _HISTORY_VALUES,
    )
    for stream, time, value in connection.execute(_SQL["before"], columns):
        found.setdefault(stream, []).append((time, value))
    return found


def _repeats(chunk: Chunk, rows: Int64) -> Mask:
    """Which rows say the same as an earlier row of the chunk for their key. Few: they are looked at one by one."""
    seen: dict[tuple[int, int], set[float]] = {}
    repeats = np.zeros(len(rows), np.bool_)
    for place, row in enumerate(rows.tolist()):
        key = (int(chunk.stream[row]), int(chunk.time[row]))
        if key not in seen:
            first = row - 1  # the rows of a key stand side by side
            seen[key] = {float(chunk.value[first])}
        value = float(chunk.value[row])
        repeats[place] = value in seen[key]
        seen[key].add(value)
    return repeats
