"""A batch on its way into the database: written on a thread of its own while the next one is prepared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypuls.clock import Clock
from bypuls.storage.database import translated
from ingest.decoding import Message, Source
from ingest.inbox import Delivery
from ingest.pipeline import Prepared
from ingest.writer import Written


@dataclass(frozen=True, slots=True)
class Ready:
    """Deliveries with what they came to; `messages` are theirs, each as of the time at which it first came."""

    deliveries: Sequence[Delivery]
    messages: Sequence[tuple[Message, Source]]
    prepared: Prepared


class Flight:
    """One batch being written. It begins at once; only after `wait` the others' attributes mean anything.

    Args:
        write: stores the batch, or raises; psycopg's errors are translated.
        then: what is done when it is stored, on the same thread: the deliveries are acknowledged.

    Attributes:
        written, stored_at: what was stored, and when; None where it failed.
        error: why it failed: nothing of it was acknowledged, and whether it was stored is not known.
    """

    def __init__(self, ready: Ready, write: Callable[[], Written], then: Callable[[], None], clock: Clock) -> None:
        self.ready = ready
        self.written: Written | None = None
        self.stored_at: datetime | None = None
        self.error: Exception | None = None
        self._write, self._then, self._clock = write, then, clock
        # A daemon: a server that stands still does not keep a process from its end.
        self._thread = threading.Thread(target=self._fly, name="writer", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until it is written or has failed."""
        self._thread.join()

    def _fly(self) -> None:
        try:
            with translated():
                written = self._write()
            self.stored_at = self._clock()
            self._then()
            self.written = written
        except Exception as error:  # noqa: BLE001 - whatever it is: the main thread writes it again and meets it there
            self.error = error
