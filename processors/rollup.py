"""From changed buckets to rollups, and to the queue of KPI values that rest on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Catalogue, Place
from processors.claims import RECENT
from processors.due import due_rows, queue
from processors.lanes import LANES, free_lanes
from processors.register_rollup import RegisterRollup

_SQL = queries("processors", "rollup.sql")


def _buckets(values: LiteralString, of: LiteralString, given: LiteralString) -> LiteralString:
    return _SQL["recompute_5m"].replace("{values}", values).replace("{of}", of).replace("{given}", given)


_AS_SENT = _buckets(_SQL["values_as_sent"], _SQL["of_the_others"], "")
_AS_JUDGED = _buckets(_SQL["values_as_judged"], _SQL["of_the_judged"], _SQL["given"])


@dataclass(slots=True)
class Rollups:
    """Rolls up what changed. One per connection: it remembers which months have their partitions."""

    catalogue: Catalogue
    known_months: set[datetime] = field(default_factory=set)

    def batch(self, connection: Connection, limit: int, now: datetime, *, recent: bool = False) -> int:
        """Claim up to `limit` queue rows, recompute their buckets and hours, queue the KPI values; one transaction.

        With `recent` only buckets of now, an equal share of each lane's newest rows.

        Returns how many queue rows were taken; 0 when nothing waits or others work on all that does.
        """
        months: set[datetime] = set()
        with connection.transaction():
            connection.execute(_SQL["create_claimed"])
            connection.execute(_SQL["create_touched"])
            connection.execute(_SQL["create_outlived"])
            taken = self._claim(connection, limit, now, recent=recent)
            if taken:
                registers = RegisterRollup(connection)
                spans = registers.recompute()
                months = self._make_partitions(connection)
                connection.execute(_SQL["analyze_claimed"])
                judged = _judged(connection)
                self._recompute_buckets(connection, judged, now)
                connection.execute(_SQL["touch_hours"])
                registers.touch(spans)
                self._recompute_hours(connection, judged, now)
                self._queue_values(connection, now)
        self.known_months |= months  # not before the commit: a rolled back partition does not exist
        return taken

    @staticmethod
    def _claim(connection: Connection, limit: int, now: datetime, *, recent: bool) -> int:
        query = _SQL["recent" if recent else "in_order"] + "\n" + _SQL["claim"]
        share = limit // LANES or 1
        taken = 0
        for lane in free_lanes(connection, "changed_bucket"):
            wanted = {"lane": lane, "limit": share if recent else limit - taken, "since": now - RECENT}
            row = connection.execute(query, wanted).fetchone()
            taken += row[0] if row else 0
            if taken >= limit:
                break
        return taken

    def _make_partitions(self, connection: Connection) -> set[datetime]:
        months = {month for (month,) in connection.execute(_SQL["months"]).fetchall()}
        for month in months - self.known_months:
            connection.execute(_SQL["ensure_partitions"], {"month": month})
        return months

    @staticmethod
    def _recompute_buckets(connection: Connection, judged: Sequence[int], now: datetime) -> None:
        """Later statements than the claim: they see everything that was committed before a claimed row was."""
        statements = [_AS_SENT, _AS_JUDGED] if judged else [_AS_SENT]
        for since, until in connection.execute(_SQL["spans"]).fetchall():
            for query in statements:
                connection.execute(query, {"since": since, "until": until, "now": now, "judged": judged})

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
            queue(connection, due_rows(changed, self.catalogue, read_places(connection), now))


def _judged(connection: Connection) -> list[int]:
    """The claimed datastreams that people calibrated, or invalidated in this time: their values are read otherwise."""
    row = connection.execute(_SQL["judged"]).fetchone()
    return list(row[0]) if row else []


def read_places(connection: Connection) -> dict[str, Place]:
    """Every city's calendars and limits, by slug."""
    return {row[0]: Place(*row) for row in connection.execute(_SQL["cities"]).fetchall()}
