"""From changed buckets to rollups, and to the queue of KPI values that rest on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.buckets import FIVE_MINUTES, Added, Keys, added, keys_of
from processors.calculation import Catalogue, Place
from processors.claims import RECENT
from processors.due import due_rows
from processors.five_minutes import FiveMinutes, by_month
from processors.lanes import LANES, all_free_lanes, free_lanes
from processors.readings import ArrayParameter, Instants, Int4s, arrays, write_arrays
from processors.register_rollup import RegisterRollup
from processors.rounds import Rounds

_SQL = queries("processors", "rollup.sql")
_LAST = 2**63 - 1


@dataclass(slots=True)
class Rollups:
    """Rolls up what changed. One per connection: it remembers which months have partitions and what it has queued.

    Attributes:
        newest: queue row up to which the last batch of now took what there was; None: nothing of now was there.
    """

    catalogue: Catalogue
    known_months: set[datetime] = field(default_factory=set)
    rounds: Rounds = field(default_factory=Rounds)
    newest: int | None = None

    def batch(
        self, connection: Connection, limit: int, now: datetime, *, recent: bool = False, upto: int | None = None
    ) -> int:
        """Claim up to `limit` queue rows, recompute their buckets and hours, queue the KPI values; one transaction.

        With `recent` only buckets of now, an equal share of each lane's newest rows; otherwise the oldest rows, none
        that was queued after row `upto`.

        Returns how many queue rows were taken; 0 when nothing waits or others work on all that does.
        """
        months: set[datetime] = set()
        with connection.transaction():
            for table in ("create_claimed", "create_touched", "create_outlived"):
                connection.execute(_SQL[table])
            claimed, more, taken = self._claim(connection, limit, now, recent=recent, upto=upto)
            if taken:
                streams = np.unique(claimed.datastream).tolist()
                aggregations: dict[int, str] = dict(connection.execute(_SQL["aggregations"], (streams,)).fetchall())
                registers = RegisterRollup(connection)
                _claim_registers(connection, claimed, aggregations)
                spans = registers.recompute()
                claimed = _with_registers(connection, claimed) if spans else claimed
                months = self._make_partitions(connection, claimed)
                judged = _judged(connection, claimed)
                FiveMinutes(connection, aggregations, judged, now).recompute(claimed, more)
                _touch_hours(connection, claimed)
                registers.touch(spans)
                self._recompute_hours(connection, judged, now)
                self._queue_values(connection, now)
        self.known_months |= months  # not before the commit: a rolled back partition does not exist
        return taken

    def _claim(
        self, connection: Connection, limit: int, now: datetime, *, recent: bool, upto: int | None
    ) -> tuple[Keys, Added, int]:
        """The buckets, each once; those to which readings were added and nothing else; how many rows they were."""
        found = []
        if recent:
            given = {"lanes": all_free_lanes(connection, "changed_bucket"), "limit": limit // LANES or 1}
            rows = arrays(connection, _SQL["recent"] + "\n" + _SQL["claim"], given | {"since": now - RECENT})
            found = [rows]
            self.newest = None if rows is None else int(rows[-1][0])
        else:
            left, last = limit, _LAST if upto is None else upto
            for lane in free_lanes(connection, "changed_bucket"):
                rows = arrays(
                    connection, _SQL["in_order"] + "\n" + _SQL["claim"], {"lane": lane, "limit": left, "upto": last}
                )
                found.append(rows)
                left -= 0 if rows is None else len(rows[0])
                if left <= 0:
                    break
        columns = [np.concatenate(parts).astype(np.int64) for parts in zip(*filter(None, found), strict=True)]
        streams, times, since, until, _ = columns or [np.empty(0, dtype=np.int64)] * 5
        return _keys(streams, times), added(streams, times // FIVE_MINUTES, since, until), len(streams)

    def _make_partitions(self, connection: Connection, claimed: Keys) -> set[datetime]:
        months = {month for month, _ in by_month(claimed)}
        for month in months - self.known_months:
            connection.execute(_SQL["ensure_partitions"], {"month": month})
        return months

    @staticmethod
    def _recompute_hours(connection: Connection, judged: Sequence[int], now: datetime) -> None:
        connection.execute(_SQL["analyze_touched"])
        for since, until in connection.execute(_SQL["spans_of_hours"]).fetchall():
            given = {"since": since, "until": until, "now": now, "judged": judged}
            if judged:
                connection.execute(_SQL["set_aside"], given)
            connection.execute(_SQL["recompute_1h"], given)
        if judged:
            connection.execute(_SQL["outlived"], {"now": now})

    def _queue_values(self, connection: Connection, now: datetime) -> None:
        changed = connection.execute(_SQL["touched"]).fetchall()
        if changed:
            rows = due_rows(changed, self.catalogue, read_places(connection), now)
            self.rounds.queue(connection, rows, now)


def _claim_registers(connection: Connection, claimed: Keys, aggregations: Mapping[int, str]) -> None:
    counters = [stream for stream, aggregation in aggregations.items() if aggregation == "counter"]
    if counters:
        theirs = claimed.of(np.isin(claimed.datastream, counters))
        write_arrays(connection, _SQL["claim_registers"], _parameters(theirs, FIVE_MINUTES))


def _with_registers(connection: Connection, claimed: Keys) -> Keys:
    """And the buckets that follow from those of registers."""
    found = arrays(connection, _SQL["claimed_registers"], ())
    if found is None:
        return claimed
    more = _keys(*found)
    return keys_of(np.append(claimed.datastream, more.datastream), np.append(claimed.bucket, more.bucket))


def _judged(connection: Connection, claimed: Keys) -> list[int]:
    """The claimed datastreams that people calibrated, or invalidated in this time: their values are read otherwise."""
    streams, first = np.unique(claimed.datastream, return_index=True)
    last = np.append(first[1:], len(claimed)) - 1
    ends = [Instants(claimed.bucket[rows] * FIVE_MINUTES) for rows in (first, last)]
    found = arrays(connection, _SQL["judged"], (Int4s(streams), *ends))
    return [] if found is None else [int(stream) for stream in found[0]]


def _touch_hours(connection: Connection, claimed: Keys) -> None:
    hours = keys_of(claimed.datastream, claimed.bucket // 12)
    write_arrays(connection, _SQL["touch_hours"], _parameters(hours, 12 * FIVE_MINUTES))


def _keys(datastream: npt.NDArray[Any], time: npt.NDArray[Any]) -> Keys:
    return keys_of(datastream.astype(np.int64), time.astype(np.int64) // FIVE_MINUTES)


def _parameters(keys: Keys, length: int) -> list[ArrayParameter]:
    return [Int4s(keys.datastream), Instants(keys.bucket * length)]


def read_places(connection: Connection) -> dict[str, Place]:
    """Every city's calendars and limits, by slug."""
    return {row[0]: Place(*row) for row in connection.execute(_SQL["cities"]).fetchall()}
