"""Adds to site values' evidence what people said of their inputs: calibrations, and periods that do not count.

Most values have neither: two looks into small tables for a batch are all it costs then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor

import numpy as np

from bypuls.clock import isoformat
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.columns import Columns
from processors.content import folded, folded_number, mark_of
from processors.readings import Spans
from processors.values import Value
from processors.windows import instant, seconds

_SQL = queries("processors", "attestation.sql")
_EMPTY = frozenset({"silent", "low_coverage", "flagged"})


Verdict = tuple[datetime, datetime, int, float, float]
"""(since, until, id, slope, intercept); the last two are 0 of an invalidation."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What people said of some datastreams' values, by datastream."""

    calibrated: Mapping[int, Sequence[Verdict]]
    invalid: Mapping[int, Sequence[Verdict]]

    @classmethod
    def read(cls, connection: Connection, streams: Sequence[int]) -> Verdicts:
        """Of these datastreams."""
        return cls(_by_stream(connection, "calibrations", streams), _by_stream(connection, "invalid", streams))

    def mark(self, columns: Columns) -> None:
        """Fold into the marks what `attest` may say of each row; what is left out is counted only there."""
        for stream, verdicts in self.calibrated.items():
            for since, until, number, slope, intercept in verdicts:
                touched = columns.touch(stream, seconds(since), ceil(until.timestamp()))
                if touched.any():
                    said = mark_of(stream, number, isoformat(since), slope, intercept)
                    columns.marks[touched] = folded(columns.marks[touched], np.array([said], dtype=np.uint64))
        for stream, verdicts in self.invalid.items():
            for since, until, *_ in verdicts:
                columns.always |= columns.touch(stream, floor(since.timestamp()), ceil(until.timestamp()))

    def attest(self, connection: Connection, values: Sequence[Value]) -> None:
        """Name in each value's evidence the calibrations and invalidations that its hours went through.

        `left_out.invalidated` counts what people left out; where that leaves nothing, it is the reason.
        """
        if self.calibrated:
            for value in values:
                named = [
                    {"id": number, "datastream": stream, "from": isoformat(since), "slope": slope,
                     "intercept": intercept}
                    for stream, number, since, slope, intercept in _touching(value, self.calibrated)
                ]  # fmt: skip
                if named:
                    value.evidence["calibrations"] = named
        if self.invalid:
            _leave_out(connection, [(value, list(_touching(value, self.invalid))) for value in values])


def _by_stream(connection: Connection, name: str, streams: Sequence[int]) -> dict[int, list[Verdict]]:
    found: dict[int, list[Verdict]] = {}
    for stream, *verdict in connection.execute(_SQL[name], (list(streams),)).fetchall():
        found.setdefault(stream, []).append((verdict[0], verdict[1], verdict[2], verdict[3], verdict[4]))
    return found


def spans_of(value: Value) -> list[tuple[datetime, datetime]]:
    """The hours that a value rests on."""
    said = value.evidence.get("rests_on") or [value.evidence["window"]]
    return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in said]


def _touching(
    value: Value, verdicts: Mapping[int, Sequence[Verdict]]
) -> Iterator[tuple[int, int, datetime, float, float]]:
    """(datastream, id, since, slope, intercept) of those that touch the hours a value rests on."""
    mine = [stream for stream in value.evidence.get("series", ()) if stream in verdicts]
    spans = spans_of(value) if mine else []
    for stream in mine:
        for since, until, number, slope, intercept in verdicts[stream]:
            if any(since < end and until > begin for begin, end in spans):
                yield stream, number, since, slope, intercept


def _leave_out(
    connection: Connection, touched: Sequence[tuple[Value, list[tuple[int, int, datetime, float, float]]]]
) -> None:
    spans: dict[str, list[tuple[int, int, datetime, datetime]]] = {"rollup_1h": [], "rollup_5m": []}
    for at, (value, verdicts) in enumerate(touched):
        streams = sorted({stream for stream, *_ in verdicts})
        spans[value.definition.table] += [(at, stream, *span) for stream in streams for span in spans_of(value)]
    for table, wanted in spans.items():
        if not wanted:
            continue
        columns = [list(column) for column in zip(*wanted, strict=True)]
        for at, count in connection.execute(_SQL[f"left_out_of_{table}"], columns).fetchall():
            value, verdicts = touched[at]
            value.evidence["left_out"] = value.evidence["left_out"] | {"invalidated": count}
            value.evidence["invalidations"] = numbers = sorted({number for _, number, *_ in verdicts})
            if value.content is not None:
                value.content = folded_number(value.content, count, *numbers)
            if value.quality == "undefined" and value.reason in _EMPTY:
                value.reason = "invalidated"


def without_outlived(connection: Connection, columns: Columns, spans: Spans) -> Columns:
    """The values whose five minutes are all there; the others stand as they were said.

    Hours outlive their five minutes. A value of five minutes cannot be computed again from hours.

    `spans`: the datastreams and times that the values were computed from.
    """
    streams, since, until = spans.T.tolist()
    wanted = [streams, [instant(at) for at in since], [instant(at) for at in until]]
    keep = np.ones(len(columns), dtype=bool)
    for slug, first, last in connection.execute(_SQL["hours_without_five_minutes"], wanted).fetchall():
        here = np.array([site == slug for site in columns.sites], dtype=bool)[columns.site]
        keep &= ~(here & (seconds(first) < columns.end) & (seconds(last) >= columns.start))
    return columns.where(keep)
