"""Which values one batch takes from `kpi_due`: what is of now first, the rest in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.lanes import free_lanes
from processors.wanted import Wanted

RECENT = timedelta(hours=48)
"""What people look at: hours and days that began this long ago are taken before everything else."""

_SQL = queries("processors", "claims.sql")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one batch took: (kpi, city, period) -> (site, start)."""

    wanted: Mapping[tuple[str, str, str], Wanted | list[tuple[str, int]]]

    def __len__(self) -> int:
        return sum(len(pairs) for pairs in self.wanted.values())


def claim(
    connection: Connection, limit: int, hours: int, now: datetime, *, recent: bool = False, everything: bool = False
) -> Claimed:
    """Take up to `limit` values that rest on up to `hours` hours; their lanes are ours until the transaction ends.

    With `recent` only hours and days of now, with `everything` also those whose hours have not come to rest.
    """
    query = _SQL["recent" if recent else "in_order"] + "\n" + _SQL["claim"]
    values: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    taken = 0
    for lane in free_lanes(connection, "kpi_due", None if everything else now):
        wanted = {
            "lane": lane,
            "limit": limit - taken,
            "hours": hours,
            "now": now,
            "since": now - RECENT,
            "everything": everything,
        }
        for kpi, city, period, site, start, of_period in connection.execute(query, wanted).fetchall():
            values.setdefault((kpi, city, period), []).append((site, start))
            hours -= of_period
            taken += 1
        if taken >= limit or hours <= 0:
            break
    return Claimed(values)
