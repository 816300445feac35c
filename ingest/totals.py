"""What an ingest process has done since it started: for its log, for tests, and for Prometheus."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from bypuls.errors import Refusal
from bypuls.observing.metrics import SECONDS, SIZES, Counter, Gauge, Histogram, Measure
from ingest.writer import Written

_NEW_SECONDS = 10.0


class Totals:
    """Counted batch by batch, so that a message costs next to nothing.

    Attributes:
        away_since: monotonic time since when the database does not answer; None: it does.
        in_hand: arrival of the oldest message of each batch that is taken and not committed, in their order.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.written = Written()
        self.newest_lag = 0.0
        self.away_since: float | None = None
        self.in_hand: deque[datetime] = deque()
        self._at = 0.0
        self._turned: float | None = None
        self.outcomes = Counter(
            "bypuls_ingest_messages", "Messages by source and outcome (stored, partly, refused).", ("source", "outcome")
        )
        self.reasons = Counter("bypuls_ingest_refusals", "What was refused, by reason.", ("reason",))
        self.readings = Counter("bypuls_ingest_values", "Values stored, corrected, or there already.", ("outcome",))
        self.batches = Histogram("bypuls_ingest_batch_messages", "Messages in a batch.", SIZES)
        self.lags = Histogram("bypuls_ingest_lag_seconds", "Arrival of a message until it is committed.", SECONDS)
        self.losses = Counter("bypuls_ingest_database_losses", "How often the database was lost.")

    def add(self, messages: int, written: Written) -> None:
        """Count what was written of one batch."""
        self.messages += messages
        done = self.written
        done.stored += written.stored
        done.corrected += written.corrected
        done.repeated += written.repeated
        done.quarantined += written.quarantined
        for outcome, count in (
            ("stored", written.stored), ("corrected", written.corrected), ("repeated", written.repeated),
        ):  # fmt: skip
            if count:
                self.readings.add(count, outcome)

    def begin_turn(self) -> None:
        """It looks for messages again."""
        self._turned = time.monotonic()

    def taken(self, first: datetime) -> None:
        """Another batch is in hand; its oldest message arrived then."""
        self.in_hand.append(first)

    def committed(
        self, sources: Sequence[str], stored: Sequence[int], refused: Sequence[Sequence[Refusal]], lags: Sequence[float]
    ) -> None:
        """The first batch in hand is committed: per message source, values stored, refusals, seconds since it came."""
        self.newest_lag, self._at = max(lags, default=0.0), time.monotonic()
        if self.in_hand:
            self.in_hand.popleft()
        self.batches.take((len(sources),))
        self.lags.take(lags)
        if not any(refused):
            for source in set(sources):
                self.outcomes.add(sources.count(source), source, "stored")
            return
        for source, count, refusals in zip(sources, stored, refused, strict=True):
            self.outcomes.add(1, source, "stored" if not refusals else "partly" if count else "refused")
            for refusal in refusals:
                self.reasons.add(1, refusal.code)

    def away(self) -> None:
        """The database does not answer."""
        if self.away_since is None:
            self.away_since = time.monotonic()
            self.losses.add()

    def lag(self, now: datetime) -> float:
        """Seconds that the oldest message in hand waits; else those of the newest batch, while it is new."""
        since = next(iter(tuple(self.in_hand)), None)
        if since is not None:
            return max(0.0, (now - since).total_seconds())
        return self.newest_lag if time.monotonic() - self._at < _NEW_SECONDS else 0.0

    def problems(self, lag: float, most: float) -> list[str]:
        """In words: the database is away, messages wait for too long."""
        found = []
        since = self.away_since
        if since is not None:
            found.append(f"the database has not answered for {time.monotonic() - since:.0f} s")
        # A server that stands still ends no statement: not of housekeeping either, with no message in hand.
        elif self._turned is not None and time.monotonic() - self._turned > most >= lag:
            hangs = time.monotonic() - self._turned
            found.append(f"ingest hangs: it has taken no message for {hangs:.0f} s (more than {most:.0f} s)")
        if lag > most:
            found.append(f"a message waits for {lag:.0f} s to be stored (more than {most:.0f} s)")
        return found

    def measures(self) -> list[Measure]:
        """For Prometheus."""
        there = Gauge(
            "bypuls_ingest_database_up", "Whether the database answers.", lambda: {(): float(self.away_since is None)}
        )
        return [self.outcomes, self.reasons, self.readings, self.batches, self.lags, self.losses, there]

    def __str__(self) -> str:
        done = self.written
        return (
            f"{self.messages} messages: {done.stored} values stored, {done.corrected} corrected, "
            f"{done.repeated} there already, {done.quarantined} messages in quarantine"
        )
