"""Knows when KPI values changed: one connection per process listens, and everyone who streams is woken.

It holds no values: each stream reads from its own position, so a slow reader costs no memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from api.problems import Busy
from bypuls.errors import BypulsError
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries

log = logging.getLogger("bypuls.api")

_QUERIES = queries("api.resources.events", "queries.sql")
_CHANNEL = "bypuls_kpi"
_POLL_SECONDS = 2.0
_GLANCE_SECONDS = 0.2
_SOON_SECONDS = 0.1
"""A change is announced before older transactions have ended; then it is looked for again this soon."""
_SOON_TIMES = 20


class Position(NamedTuple):
    """A place in the stream of changes: transaction, then number within it."""

    xact: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xact}.{self.seq}"


def newest_position(connection: Connection) -> Position:
    """The last change that no running transaction can still get before."""
    row = connection.execute(_QUERIES["newest_position"]).fetchone()
    return Position(0, 0) if row is None else Position(int(row[0]), int(row[1]))


@dataclass(eq=False, slots=True)
class Subscription:
    """One stream: `woken` is set when there may be something new, or when the process ends."""

    woken: asyncio.Event
    loop: asyncio.AbstractEventLoop


class Changes:
    """Listens in a thread of its own from the first stream on, until `close`."""

    def __init__(self, connect: Callable[[], Connection], *, most: int = 200) -> None:
        self._connect = connect
        self._most = most
        self._streams: set[Subscription] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether the process is ending."""
        return self._closed.is_set()

    @contextmanager
    def subscription(self) -> Iterator[Subscription]:
        """Take part, from within the event loop.

        Raises:
            Busy: as many streams as this process serves are open.
        """
        stream = Subscription(asyncio.Event(), asyncio.get_running_loop())
        with self._lock:
            if len(self._streams) >= self._most:
                message = f"{self._most} streams are open: close one, or read /v1/kpi-values from time to time"
                raise Busy(message)
            self._streams.add(stream)
            if self._thread is None and not self.closed:
                self._thread = threading.Thread(target=self._listen, name="kpi changes", daemon=True)
                self._thread.start()
        try:
            yield stream
        finally:
            with self._lock:
                self._streams.discard(stream)

    def close(self) -> None:
        """End every stream and the listening; safe to call twice."""
        self._closed.set()
        self._wake()

    def join(self, seconds: float = _POLL_SECONDS + 1) -> None:
        """Wait until the listening has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _wake(self) -> None:
        with self._lock:
            for stream in self._streams:
                if not stream.loop.is_closed():
                    stream.loop.call_soon_threadsafe(stream.woken.set)

    def _listen(self) -> None:
        while not self.closed:
            try:
                with translated(), self._connect() as connection:
                    connection.execute(f"LISTEN {_CHANNEL}")
                    self._follow(connection)
            except BypulsError as error:
                log.warning("live KPI values wait for the database: %s", error)
                self._closed.wait(_POLL_SECONDS)

    def _follow(self, connection: Connection) -> None:
        position = newest_position(connection)
        self._wake()  # what came while there was no connection
        soon = 0
        while not self.closed:
            announced = self._announced(connection, _SOON_SECONDS if soon else _POLL_SECONDS)
            soon = _SOON_TIMES if announced else max(0, soon - 1)
            found = newest_position(connection)
            if found != position:
                position = found
                self._wake()

    def _announced(self, connection: Connection, seconds: float) -> bool:
        """Whether a change is announced within that time; looks up in between whether the process ends."""
        until = monotonic() + seconds
        while not self.closed and (left := until - monotonic()) > 0:
            if any(True for _ in connection.notifies(timeout=min(left, _GLANCE_SECONDS), stop_after=1)):
                return True
        return False
