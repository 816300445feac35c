"""What an ingest process has done since it started."""

from __future__ import annotations

from ingest.writer import Written


class Totals:
    """What this process has done since it started, for the log and for tests."""

    def __init__(self) -> None:
        self.messages = 0
        self.written = Written()

    def add(self, messages: int, written: Written) -> None:
        """Count one batch."""
        self.messages += messages
        self.written.stored += written.stored
        self.written.corrected += written.corrected
        self.written.repeated += written.repeated
        self.written.quarantined += written.quarantined

    def __str__(self) -> str:
        done = self.written
        return (
            f"{self.messages} messages: {done.stored} values stored, {done.corrected} corrected, "
            f"{done.repeated} there already, {done.quarantined} messages in quarantine"
        )
