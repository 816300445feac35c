"""Looks through the queues: what waits and should not, and what should and does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bypuls.clock import isoformat
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Catalogue

_SQL = queries("processors", "audit_queue.sql")
LONGEST_WAIT = timedelta(hours=6)
"""A row that is due for longer is stuck: a history of years is worked off in its order, but never this slowly."""

Mending = Literal["mark", "take_out", "make_due", "queue", "none"]


@dataclass(frozen=True, slots=True)
class QueueDifference:
    """One thing that is wrong with a queue.

    Attributes:
        table: the queue.
        what: in words, what is wrong.
        datastream: of `changed_bucket`; of `kpi_due` it is None, and `kpi`, `period` and `site` name the value.
        start: the bucket, or the start of the value's period.
        mending: what puts it right; "none": only more time or a processor does.
        rows: (lane, id) of the queue's rows.
    """

    table: str
    what: str
    start: datetime
    mending: Mending
    datastream: int | None = None
    kpi: str = ""
    period: str = ""
    site: str = ""
    rows: tuple[tuple[int, int], ...] = ()


def check_queues(connection: Connection, catalogue: Catalogue, city: str, now: datetime) -> list[QueueDifference]:
    """Everything that is wrong with a city's queues (of each kind a thousand at most)."""
    pairs = [(one.id, period) for one in catalogue.definitions.values() for period in one.periods]
    given = {
        "city": city,
        "now": now,
        "longest": LONGEST_WAIT,
        "kpis": [kpi for kpi, _ in pairs],
        "periods": [period for _, period in pairs],
    }
    return [*_buckets(connection, given), *_values(connection, given, set(pairs))]


def _buckets(connection: Connection, given: dict[str, object]) -> Iterator[QueueDifference]:
    for stream, bucket in connection.execute(_SQL["not_rolled_up"], given).fetchall():
        what = "holds readings, has no hour and is not queued"
        yield QueueDifference("changed_bucket", what, bucket, "mark", datastream=stream)
    for lane, number, stream, bucket, queued in connection.execute(_SQL["stuck_buckets"], given).fetchall():
        what = f"is stuck: it waits since {isoformat(queued)}"
        yield QueueDifference("changed_bucket", what, bucket, "none", datastream=stream, rows=((lane, number),))


def _values(connection: Connection, given: dict[str, object], asked: set[tuple[str, str]]) -> Iterator[QueueDifference]:
    for kpi, period, site, start, _, due, queued, lanes, numbers, no_site in connection.execute(
        _SQL["values"], given
    ).fetchall():
        mending: Mending = "take_out"
        if (kpi, period) not in asked:
            what = "is queued, and no definition asks for it"
        elif no_site:
            what = "is queued, and the city has no such site"
        elif due > max(given["now"], queued) + timedelta(hours=1):
            what, mending = f"is stuck: it is due only at {isoformat(due)}", "make_due"
        else:
            what, mending = f"is stuck: it is due since {isoformat(max(due, queued))}", "none"
        rows = tuple(zip(lanes, numbers, strict=True))
        yield QueueDifference("kpi_due", what, start, mending, kpi=kpi, period=period, site=site, rows=rows)
    for kpi, period, site, start, final_at in connection.execute(_SQL["not_finished"], given).fetchall():
        what = f"should be final since {isoformat(final_at)} and is not queued"
        yield QueueDifference("kpi_due", what, start, "queue", kpi=kpi, period=period, site=site)


def mend_queues(connection: Connection, differences: Sequence[QueueDifference], city: str, now: datetime) -> int:
    """Put right what can be: queue what lacks, make due what waits for too far a time, take out what nobody asks for.

    Returns how many rows of the queues that concerned.
    """
    by: dict[Mending, list[QueueDifference]] = {}
    for one in differences:
        by.setdefault(one.mending, []).append(one)
    done = 0
    if marked := by.get("mark"):
        columns = [[one.datastream for one in marked], [one.start for one in marked]]
        done += connection.execute(_SQL["mark"], columns).rowcount
    if rows := [row for one in by.get("take_out", []) for row in one.rows]:
        done += connection.execute(_SQL["take_out"], [list(column) for column in zip(*rows, strict=True)]).rowcount
    if rows := [row for one in by.get("make_due", []) for row in one.rows]:
        done += connection.execute(_SQL["make_due"], (now, *map(list, zip(*rows, strict=True)))).rowcount
    if lacking := by.get("queue"):
        names = ("kpi", "period", "site", "start")
        columns = [[getattr(one, name) for one in lacking] for name in names]
        done += connection.execute(_SQL["queue"], (city, now, *columns)).rowcount
    return done
