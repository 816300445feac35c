"""What a processor counts, and what keeps it from its work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from bypuls.observing.metrics import SECONDS, Counter, Gauge, Histogram, Measure
from bypuls.observing.readiness import ingest_lag, lags_of
from bypuls.settings import HealthSettings
from bypuls.storage.database import Connection

_LOOK_SECONDS = 5.0
_STUCK_SECONDS = 300.0
_USUAL_SECONDS = 0.5  # that a message waits in an ingest that keeps up
_LONGEST_WAY = 2.0


class Measures:
    """Counted batch by batch.

    Attributes:
        away_since: monotonic time since when the database does not answer; None: it does.
        lags: seconds that the oldest rollup and the oldest KPI value of now wait, as of the last look.
        ingest_lag: seconds that a message waits to be stored, as of the last look.
    """

    def __init__(self) -> None:
        self.away_since: float | None = None
        self.lags: Mapping[str, float] = {"rollup": 0.0, "kpi": 0.0}
        self.ingest_lag = 0.0
        self._looked = float("-inf")
        self._turned = time.monotonic()
        self.buckets = Counter("bypuls_process_buckets", "Changed buckets that were rolled up.")
        self.values = Counter("bypuls_process_values", "KPI values that were claimed and computed.")
        self.written = Counter("bypuls_process_values_written", "KPI values that were new or said something else.")
        self.scheduled = Counter("bypuls_process_scheduled", "KPI values that the time made due.")
        self.turns = Histogram("bypuls_process_turn_seconds", "How long a turn that did something took.", SECONDS)
        self.losses = Counter("bypuls_process_database_losses", "How often the database was lost.")

    def turned(self, buckets: int, values: int, written: int) -> None:
        """Count one turn."""
        at = time.monotonic()
        if buckets or values:
            self.buckets.add(buckets)
            self.values.add(values)
            self.written.add(written)
            self.turns.take((at - self._turned,))
        self.away_since = None

    def begin_turn(self) -> None:
        """The next turn begins."""
        self._turned = time.monotonic()

    def away(self) -> None:
        """The database does not answer."""
        if self.away_since is None:
            self.away_since = time.monotonic()
            self.losses.add()

    def look(self, connection: Connection, now: datetime) -> bool:
        """See how far behind the queues are, now and then; whether it looked."""
        at = time.monotonic()
        if at - self._looked < _LOOK_SECONDS:
            return False
        self._looked = at
        self.lags = lags_of(connection, now)
        self.ingest_lag = ingest_lag(connection, now)
        return True

    def giving_way(self) -> float:
        """How long to rest after a turn, as a part of what it took: the machine is ingest's while that is behind."""
        return min(_LONGEST_WAY, max(0.0, self.ingest_lag - _USUAL_SECONDS))

    def problems(self, settings: HealthSettings) -> Sequence[str]:
        """In words: the database is away, a turn does not end, the queues are behind."""
        found: list[str] = []
        at = time.monotonic()
        since = self.away_since
        if since is not None:
            found.append(f"the database has not answered for {at - since:.0f} s")
        elif at - self._turned > _STUCK_SECONDS:
            found.append(f"a batch has been under way for {at - self._turned:.0f} s")
        for queue, most in (("rollup", settings.rollup_lag_seconds), ("kpi", settings.kpi_lag_seconds)):
            if self.lags[queue] > most:
                what = "a reading" if queue == "rollup" else "an indicator"
                found.append(
                    f"{what} of now waits for {self.lags[queue]:.0f} s to be computed (more than {most:.0f} s)"
                )
        return found

    def measures(self) -> list[Measure]:
        """For Prometheus."""
        up = Gauge(
            "bypuls_process_database_up", "Whether the database answers.", lambda: {(): float(self.away_since is None)}
        )
        lag = Gauge(
            "bypuls_process_lag_seconds",
            "Seconds that the oldest change of now waits, by queue (rollup, kpi).",
            lambda: {(queue,): seconds for queue, seconds in self.lags.items()},
            ("queue",),
        )
        counters = [self.buckets, self.values, self.written, self.scheduled, self.losses]
        return [*counters, self.turns, up, lag]
