"""Whether a process is ready, in words: an empty list of problems, or each as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypuls.clock import Clock
from bypuls.errors import SchemaError
from bypuls.settings import HealthSettings
from bypuls.storage.database import Connection
from bypuls.storage.migrate import migrations
from bypuls.storage.queries import queries

SQL = queries("bypuls.storage.sql", "health.sql")
WANTED_SCHEMA = max(migration.number for migration in migrations())
"""Number of the last migration this version ships."""

Problems = Callable[[], Sequence[str]]


@dataclass(slots=True)
class Heartbeat:
    """Writes now and then that a process lives, how far behind it is and what troubles it.

    Args:
        process: ingest or process.
        instance: which of several.
        lag: seconds that the oldest of what it has in hand waits.
        problems: what keeps it from its work.
    """

    process: str
    instance: str
    lag: Callable[[], float]
    problems: Problems
    clock: Clock
    _beaten: datetime | None = field(default=None)

    def beat(self, connection: Connection, every_seconds: float = 5.0) -> None:
        """Write it, if the last time was so long ago."""
        now = self.clock()
        if self._beaten is not None and 0 <= (now - self._beaten).total_seconds() < every_seconds:
            return
        given = {"process": self.process, "instance": self.instance, "time": now}
        connection.execute(SQL["beat"], given | {"lag": self.lag(), "problems": list(self.problems())})
        self._beaten = now

    def stop(self, connection: Connection) -> None:
        """It ends as it should: nobody is to miss it."""
        connection.execute(SQL["stopped"], {"process": self.process, "instance": self.instance})


def problems_of(connection: Connection, now: datetime, settings: HealthSettings) -> list[str]:
    """What the database tells of the platform: processes that fell silent, lags above what is allowed.

    Raises:
        SchemaError: it has another version's schema.
    """
    row = connection.execute(SQL["schema"]).fetchone()
    schema = row[0] if row else None
    if schema != WANTED_SCHEMA:
        message = f"the database's schema is {schema}, this version's {WANTED_SCHEMA}: run 'bypuls db migrate'"
        raise SchemaError(message)
    problems: list[str] = []
    for process, instance, time, lag, said in connection.execute(SQL["heartbeats"], {"now": now}).fetchall():
        name = f"{process} ({instance})"
        silent = (now - time).total_seconds()
        if silent > settings.silent_seconds:
            problems.append(f"{name} was last heard of {_length(silent)} ago: is it running?")
            continue
        if process == "ingest" and lag > settings.ingest_lag_seconds:
            problems.append(
                f"{name} is behind: a message waits for {_length(lag)} to be stored "
                f"(more than {_length(settings.ingest_lag_seconds)})"
            )
        problems += [f"{name}: {one}" for one in said]
    limits = {"rollup": settings.rollup_lag_seconds, "kpi": settings.kpi_lag_seconds}
    lags = lags_of(connection, now)
    words = {"rollup": "a reading of the last two days", "kpi": "an indicator of the last two days"}
    for queue, most in limits.items():
        if lags[queue] > most:
            problems.append(
                f"the processor is behind: {words[queue]} waits for {_length(lags[queue])} to be computed "
                f"(more than {_length(most)})"
            )
    return problems


def lags_of(connection: Connection, now: datetime) -> dict[str, float]:
    """Seconds that the oldest row of now (not of a history that comes in) waits: `rollup`, `kpi`."""
    rows: list[tuple[Any, ...]] = connection.execute(SQL["lags"], {"now": now}).fetchall()
    return {name: max(0.0, (now - since).total_seconds()) if since else 0.0 for name, since in rows}


def ingest_lag(connection: Connection, now: datetime) -> float:
    """Seconds that a message waits to be stored, in the ingest that is furthest behind and was heard of lately."""
    row = connection.execute(SQL["ingest_lag"], {"now": now}).fetchone()
    return float(row[0]) if row else 0.0


def _length(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"  # noqa: PLR2004
