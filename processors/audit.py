"""Proves that stored rollups equal the raw data recomputed, and has repaired what does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.readings import arrays
from processors.register_rollup import outlived, reach, register_columns, together, used
from processors.windows import seconds

_SQL = queries("processors", "audit.sql")
_REGISTER = ("increase", "gap_increase", "resets", "covered", "dropped")
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """A rollup that is not what its source says; `stored` or `recomputed` is None where the row lacks.

    `unqueued`: its readings came after it was made, and nothing in the queue says so.
    """

    table: str
    datastream: int
    bucket: datetime
    stored: dict[str, Any] | None
    recomputed: dict[str, Any] | None
    unqueued: bool = False


def check_rollups(
    connection: Connection, since: datetime, until: datetime, streams: Sequence[int] | None = None
) -> list[Difference]:
    """Compare rollup_5m with the observations and rollup_1h with rollup_5m in [since, until): whole hours.

    What registers say was used is compared with their readings, in both. `streams`: only these datastreams.
    """
    if streams is None:
        row = connection.execute(_SQL["all_streams"]).fetchone()
        streams = row[0] if row else []
    given = {"since": since, "until": until, "streams": list(streams)}
    rows = [row for name in ("check_5m", "check_1h") for row in connection.execute(_SQL[name], given).fetchall()]
    found = [Difference(*row) for row in rows]
    return [*_with_reason(connection, found), *_check_registers(connection, since, until, streams)]


def _with_reason(connection: Connection, found: Sequence[Difference]) -> Iterator[Difference]:
    """What lacks, and what is older than its readings, was not queued; the rest was queued and is wrong."""
    older = [(one.datastream, one.bucket, one.stored["computed_at"]) for one in found if one.stored is not None]
    columns = [list(column) for column in zip(*older, strict=True)]
    late = set(connection.execute(_SQL["came_later"], columns).fetchall()) if columns else set()
    for one in found:
        lacks = one.stored is None or (one.datastream, one.bucket) in late
        yield replace(one, unqueued=lacks and one.table == "rollup_5m")


def _check_registers(
    connection: Connection, since: datetime, until: datetime, of: Sequence[int]
) -> Iterator[Difference]:
    """A change that still waits reaches the readings around it: the hours between are left out.

    So are those that have outlived their readings.
    """
    streams = [
        stream for (stream,) in connection.execute(_SQL["registers"], {"until": until, "streams": list(of)}).fetchall()
    ]
    if not streams:
        return
    found = used(connection, [(stream, seconds(since), seconds(until)) for stream in streams])
    waiting = arrays(connection, _SQL["waiting_registers"], ())
    unsettled: dict[int, list[tuple[int, int]]] = {}
    if waiting is not None:
        for stream, begin, end in reach(connection, together(waiting[0].tolist(), waiting[1].tolist())):
            unsettled.setdefault(stream, []).append((begin, end))
    for stream, end in outlived(connection, streams).items():
        unsettled.setdefault(stream, []).append((0, end))
    given = {"streams": streams, "since": since, "until": until}
    for table, query, recomputed in (
        ("rollup_1h", "stored_hours", _by_bucket(*register_columns(found.hours_of, found.hours))),
        ("rollup_5m", "stored_buckets", _by_bucket(*register_columns(found.buckets_of, found.buckets)[:5])),
    ):
        stored = _by_bucket(*zip(*connection.execute(_SQL[query], given).fetchall(), strict=True))
        for stream, bucket in sorted(stored.keys() | recomputed.keys()):
            at = seconds(bucket)
            before, after = stored.get((stream, bucket), {}), recomputed.get((stream, bucket), {})
            if _differs(before, after) and not any(begin <= at < end for begin, end in unsettled.get(stream, ())):
                yield Difference(table, stream, bucket, before or None, after or None)


def _by_bucket(
    streams: Iterable[int] = (), buckets: Iterable[datetime] = (), *columns: Iterable[float | None]
) -> dict[tuple[int, datetime], dict[str, float | None]]:
    rows = zip(*columns, strict=True)
    keys = zip(streams, buckets, strict=True)
    return {key: dict(zip(_REGISTER, row, strict=False)) for key, row in zip(keys, rows, strict=True)}


def _differs(stored: Mapping[str, float | None], recomputed: Mapping[str, float | None]) -> bool:
    """Nothing and nought are told apart for what was used, not for what is counted."""
    for name in _REGISTER:
        one, other = stored.get(name), recomputed.get(name)
        if name in {"increase", "gap_increase"} and (one is None) != (other is None):
            return True
        if abs((one or 0.0) - (other or 0.0)) > _TOLERANCE * (1 + abs(other or 0.0)):
            return True
    return False


def repair(connection: Connection, differences: Sequence[Difference]) -> int:
    """Mark the buckets (of an hour: its first) as changed, so that the worker recomputes them; returns how many."""
    datastreams, buckets = [one.datastream for one in differences], [one.bucket for one in differences]
    return connection.execute(_SQL["mark"], (datastreams, buckets)).rowcount if differences else 0
