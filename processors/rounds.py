"""Running months and years are due in rounds: queues each once a round, not again with every reading.

That a value waits in `kpi_due` already is only true as long as nobody takes it. So what this processor has queued is
looked up again, while it shares the lane: who claims takes the lane for himself, so until we have committed nobody
takes the row, and whoever does then reads what we wrote. Where the lane is somebody's, the value is queued again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.due import LONGEST_REST, DueRow, queue
from processors.lanes import share
from processors.readings import Int4s, Int8s, arrays

_SQL = queries("processors", "rounds.sql")


@dataclass(slots=True)
class Rounds:
    """What one connection has queued for rounds to come: row -> its lane and id."""

    _queued: dict[DueRow, tuple[int, int]] = field(default_factory=dict)

    def queue(self, connection: Connection, rows: Iterable[DueRow], now: datetime) -> None:
        """Append the rows to `kpi_due` but for those of a coming round that wait there: last in the transaction."""
        waiting = self._waiting(connection, now)
        rounds = {row[-1] for row in waiting}
        later = now + timedelta(seconds=LONGEST_REST)
        at_once: list[DueRow] = []
        of_rounds: list[DueRow] = []
        for row in rows:
            if row[-1] in rounds and row in waiting:
                continue
            (of_rounds if row[-1] > later else at_once).append(row)
        queue(connection, at_once)
        if of_rounds:
            columns = [list(column) for column in zip(*of_rounds, strict=True)]
            found = connection.execute(_SQL["queue"], columns).fetchall()
            # If this is rolled back, the rows are not there when they are looked up.
            self._queued |= {(kpi, city, site, period, start, due): (lane, number)
                             for lane, number, kpi, city, site, period, start, due in found}  # fmt: skip

    def _waiting(self, connection: Connection, now: datetime) -> set[DueRow]:
        """Those that nobody has taken, nor takes before this transaction ends."""
        self._queued = {row: at for row, at in self._queued.items() if row[-1] > now}
        if not self._queued:
            return set()
        ours = share(connection, "kpi_due")
        lanes, numbers = np.array(list(self._queued.values()), dtype=np.int64).T
        gone = arrays(connection, _SQL["gone"], (Int4s(lanes), Int8s(numbers)))
        if gone is not None:
            taken = set(gone[0].tolist())
            self._queued = {row: at for row, at in self._queued.items() if at[1] not in taken}
        return {row for row, (lane, _) in self._queued.items() if lane in ours}
