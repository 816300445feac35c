"""Lanes: which part of a queue a worker has for itself until it commits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

LANES = 16
Queue = Literal["changed_bucket", "kpi_due", "schedule"]

# First keys of the two-key advisory locks: one class of locks for each queue.
_CLASSES: dict[Queue, int] = {"changed_bucket": 0x62_01, "kpi_due": 0x62_02, "schedule": 0x62_03}
_SQL = queries("processors", "lanes.sql")


def free_lanes(
    connection: Connection, queue: Literal["changed_bucket", "kpi_due"], due: datetime | None = None
) -> Iterator[int]:
    """Lanes with waiting rows that nobody else works on, from a random one; each is ours until the transaction ends.

    Of `kpi_due` only lanes where something is due by then; None: whenever it is due.
    A lane is locked when the iterator reaches it: stop iterating and the rest stays free for other workers.
    """
    waiting = {lane for (lane,) in connection.execute(_SQL[f"waiting_{queue}"], {"due": due}).fetchall()}
    first = random.randrange(LANES)  # noqa: S311 - spreads workers, guards nothing
    for lane in ((first + step) % LANES for step in range(LANES)):
        if lane in waiting and take(connection, queue, lane):
            yield lane


def all_free_lanes(connection: Connection, queue: Literal["changed_bucket"]) -> list[int]:
    """All of them at once."""
    rows = connection.execute(_SQL[f"take_waiting_{queue}"], (_CLASSES[queue],)).fetchall()
    return [lane for (lane,) in rows]


def take(connection: Connection, queue: Queue, lane: int = 0) -> bool:
    """Lock one lane until the transaction ends; False when another worker has it."""
    return connection.execute(_SQL["take"], (_CLASSES[queue], lane)).fetchone() == (True,)


def share(connection: Connection, queue: Queue) -> set[int]:
    """Share lanes until the transaction ends, so that nobody takes them; those that nobody has taken."""
    return {lane for (lane,) in connection.execute(_SQL["share"], (_CLASSES[queue],)).fetchall()}
