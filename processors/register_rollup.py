"""Works out what changed registers say was used, for the rollups of a batch; the rules: `bypuls.formulas.registers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, LiteralString, NamedTuple

import numpy as np
import numpy.typing as npt

from bypuls.formulas.registers import HOUR, NEIGHBOURS, SECOND, Buckets, Register, Swap, used_by_hour
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.readings import ArrayParameter, Float8s, Int4s, Int8s, Span, arrays, merged, write_arrays
from processors.windows import instant

_SQL = queries("processors", "registers.sql")
_HOUR = HOUR // SECOND
_FIVE_MINUTES = 300
_FOREVER = 8_000_000_000  # the year 2223
_MANY = 1000  # rows; with fewer, planning without statistics costs less than making them
_APART = 86_400  # claimed buckets nearer than this are looked around together


class Used(NamedTuple):
    """What registers say: hours and 5-minute buckets, each with the datastream of every row."""

    hours: Buckets
    hours_of: npt.NDArray[np.int64]
    buckets: Buckets
    buckets_of: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegisterRollup:
    """One batch's registers, in temporary tables of its transaction."""

    connection: Connection

    def recompute(self) -> list[Span]:
        """Fill register_hour and register_bucket around the claimed buckets; claim the buckets that follow from them.

        Returns the spans of whole hours that were worked out anew, for `touch`.
        """
        self.connection.execute(_SQL["create_hours"])
        self.connection.execute(_SQL["create_buckets"])
        claimed = arrays(self.connection, _SQL["claimed"], ())
        if claimed is None:
            return []
        kept = outlived(self.connection, sorted(set(claimed[0].tolist())))
        spans = _behind(reach(self.connection, together(claimed[0].tolist(), claimed[1].tolist())), kept)
        if kept:
            ends = [list(kept), [instant(until) for until in kept.values()]]
            self.connection.execute(_SQL["keep_standing_hours"], ends)
            self.connection.execute(_SQL["keep_standing_buckets"], ends)
        found = used(self.connection, spans)
        write_arrays(self.connection, _SQL["keep_hours"], _parameters(found.hours_of, found.hours))
        write_arrays(self.connection, _SQL["keep_buckets"], _parameters(found.buckets_of, found.buckets)[:5])
        if len(found.hours_of) + len(found.buckets_of) > _MANY:
            self.connection.execute(_SQL["analyze_hours"])
            self.connection.execute(_SQL["analyze_buckets"])
        # Month by month, as the rollups: each statement opens the partitions of its month alone.
        for since, until in self.connection.execute(_SQL["spans_of_buckets"]).fetchall():
            self.connection.execute(_SQL["claim_buckets"], {"since": since, "until": until})
        return spans

    def touch(self, spans: Sequence[Span]) -> None:
        """Add the hours whose numbers changed to touched_hour."""
        if spans:
            self.connection.execute(_SQL["touch_hours"], span_columns(spans))


def together(datastreams: Sequence[int], buckets: Sequence[int]) -> list[Span]:
    """Changed 5-minute buckets as spans; what lies within a day of each other is one.

    >>> together([1, 1, 2], [0, 600, 0])
    [(1, 0, 900), (2, 0, 300)]
    """
    spans: list[Span] = []
    for datastream, bucket in sorted(zip(datastreams, buckets, strict=True)):
        if spans and spans[-1][0] == datastream and bucket - spans[-1][2] < _APART:
            spans[-1] = (datastream, spans[-1][1], bucket + _FIVE_MINUTES)
        else:
            spans.append((datastream, bucket, bucket + _FIVE_MINUTES))
    return spans


def reach(connection: Connection, spans: Sequence[Span]) -> list[Span]:
    """The whole hours in which a change within the spans may matter."""
    doubted = invalid(connection, sorted({span[0] for span in spans}))
    around: list[Span] = []
    for part, query in _parts("reach", spans, doubted):
        found = arrays(connection, query, (*span_columns(part), NEIGHBOURS, NEIGHBOURS))
        if found is not None:
            rows = zip(*(column.tolist() for column in found), strict=True)
            around += [
                (stream, since // _HOUR * _HOUR, until // _HOUR * _HOUR + _HOUR) for stream, since, until in rows
            ]
    return merged(around)


def invalid(connection: Connection, streams: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """The periods of these datastreams that people say are invalid, in microseconds since 1970."""
    found: dict[int, list[tuple[int, int]]] = {}
    for stream, since, until in connection.execute(_SQL["invalid"], (list(streams),)).fetchall():
        found.setdefault(stream, []).append((since, until))
    return found


def outlived(connection: Connection, streams: Sequence[int]) -> dict[int, int]:
    """Until when the hours of registers whose older raw data was dropped stay as they are; seconds since 1970."""
    rows = connection.execute(_SQL["outlived"], (NEIGHBOURS, list(streams))).fetchall()
    return {stream: _FOREVER if last is None else int(last) // _HOUR * _HOUR + _HOUR for stream, last in rows}


def _behind(spans: Sequence[Span], kept: Mapping[int, int]) -> list[Span]:
    clipped = [(stream, max(since, kept.get(stream, since)), until) for stream, since, until in spans]
    return [span for span in clipped if span[1] < span[2]]


def _parts(
    name: str, spans: Sequence[Span], doubted: Mapping[int, object]
) -> Iterator[tuple[list[Span], LiteralString]]:
    """The spans of registers without invalid periods, then with: each with its query."""
    for of_doubted, valid in ((False, ""), (True, _SQL["valid"])):
        part = [span for span in spans if (span[0] in doubted) == of_doubted]
        if part:
            yield part, _SQL[name].replace("{valid}", valid)


def used(connection: Connection, spans: Sequence[Span]) -> Used:
    """What the registers say was used in these spans of whole hours, from their raw readings."""
    streams = sorted({span[0] for span in spans})
    registers = {
        stream: Register(round(gap * SECOND), capacity, most)
        for stream, gap, capacity, most in connection.execute(_SQL["registers"], (streams,)).fetchall()
    }
    swaps: dict[int, list[Swap]] = {}
    for stream, *swap in connection.execute(_SQL["swaps"], (streams,)).fetchall():
        swaps.setdefault(stream, []).append(Swap(*swap))
    doubted = invalid(connection, streams)
    spans = [span for part, _ in _parts("readings", spans, doubted) for span in part]
    columns: list[list[npt.NDArray[np.float64]]] = [[np.empty(0)] * 3]
    first = 0
    for part, query in _parts("readings", spans, doubted):
        numbers = list(range(first, first + len(part)))
        read = arrays(connection, query, (numbers, *span_columns(part), NEIGHBOURS, NEIGHBOURS))
        columns += [] if read is None else [read]
        first += len(part)
    number, time, value = (np.concatenate(one) for one in zip(*columns, strict=True))
    order = np.lexsort((time, number))
    times, values = time[order].astype(np.int64), value[order].astype(np.float64)
    edges = np.searchsorted(number[order], np.arange(len(spans) + 1)).tolist()
    hours: list[Buckets] = []
    buckets: list[Buckets] = []
    for (stream, since, until), low, high in zip(spans, edges, edges[1:], strict=False):
        by_hour, by_bucket = used_by_hour(
            times[low:high],
            values[low:high],
            swaps.get(stream, ()),
            registers[stream],
            since * SECOND,
            until * SECOND,
            doubted.get(stream, ()),
        )
        hours.append(by_hour)
        buckets.append(by_bucket)
    of = [span[0] for span in spans]
    return Used(_joined(hours), _repeated(of, hours), _joined(buckets), _repeated(of, buckets))


def span_columns(spans: Sequence[Span]) -> list[list[Any]]:
    """Datastreams, beginnings and ends, as parameters."""
    return [[span[0] for span in spans], [instant(span[1]) for span in spans], [instant(span[2]) for span in spans]]


def _joined(parts: Sequence[Buckets]) -> Buckets:
    names = [field.name for field in fields(Buckets)]
    return Buckets(
        *(np.concatenate([getattr(part, name) for part in parts] or [np.empty(0, dtype=np.int64)]) for name in names)
    )


def _repeated(streams: Sequence[int], parts: Sequence[Buckets]) -> npt.NDArray[np.int64]:
    return np.repeat(np.array(streams, dtype=np.int64), [len(part.start) for part in parts])


def _parameters(streams: npt.NDArray[np.int64], found: Buckets) -> list[ArrayParameter]:
    """Datastream, bucket (seconds), increase, gap_increase, resets, covered, dropped; NaN for null."""
    return [
        Int4s(streams),
        Int8s(found.start // SECOND),
        Float8s(found.increase),
        Float8s(found.estimated),
        Int4s(found.resets),
        Float8s(found.covered),
        Int4s(found.dropped),
    ]


def register_columns(streams: npt.NDArray[np.int64], found: Buckets) -> list[list[Any]]:
    """Datastream, bucket, increase, gap_increase, resets, covered, dropped, as lists of values and None."""
    return [
        streams.tolist(),
        [instant(at / SECOND) for at in found.start.tolist()],
        [None if number != number else number for number in found.increase.tolist()],  # noqa: PLR0124 - NaN
        [None if number != number else number for number in found.estimated.tolist()],  # noqa: PLR0124 - NaN
        found.resets.tolist(),
        found.covered.tolist(),
        found.dropped.tolist(),
    ]
