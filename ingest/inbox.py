"""What was received and is not stored yet: deliveries, and the bounded queue in which they wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ingest.decoding import Message, Source

if TYPE_CHECKING:
    from ingest.broker import Connection  # noqa: TC004 - a name only: nobody resolves the annotation


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A message with what is needed to acknowledge it."""

    message: Message
    source: Source
    connection: Connection
    mid: int
    session: int
    redelivered: bool = False


class Inbox:
    """What was received and is not taken yet, of all connections; bounded in messages and bytes of payload.

    Past a bound reading stops. Bytes are counted when put and when taken, by two threads or more: a lock keeps count.
    """

    def __init__(self, limit: int, limit_bytes: int = 128 * 1024 * 1024) -> None:
        self._limit, self._limit_bytes = limit, limit_bytes
        self._waiting: deque[Delivery] = deque()
        self._bytes = 0
        self._counting = threading.Lock()
        self._arrived = threading.Event()
        self.closed = False

    @property
    def is_full(self) -> bool:
        """Whether nobody should put more; a closed one takes what comes."""
        return (len(self._waiting) >= self._limit or self._bytes >= self._limit_bytes) and not self.closed

    def put(self, deliveries: Sequence[Delivery]) -> bool:
        """Called on a connection's thread; waits while the inbox is full, which holds up that broker alone.

        Returns:
            Whether it had to wait.
        """
        waited = False
        while self.is_full:
            waited = True
            time.sleep(0.005)
        size = sum([len(delivery.message.payload) for delivery in deliveries])
        with self._counting:
            self._bytes += size
        self._waiting.extend(deliveries)
        if not self._arrived.is_set():
            self._arrived.set()
        return waited

    def take(self, most: int, seconds: float) -> list[Delivery]:
        """Up to `most` deliveries (fewer large ones): at once when that many wait, else what came in `seconds`."""
        taken: list[Delivery] = []
        size = 0
        deadline = time.monotonic() + seconds
        waiting = self._waiting
        while len(taken) < most and size < self._limit_bytes // 4:
            try:
                taken.append(waiting.popleft())
                size += len(taken[-1].message.payload)
            except IndexError:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._arrived.clear()
                if not waiting:
                    self._arrived.wait(left)
        with self._counting:
            self._bytes -= size
        return taken
