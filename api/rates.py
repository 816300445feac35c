"""How often a client may come: a token bucket per client, in this process's memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_MOST_CLIENTS = 10_000


class Rates:
    """So many a minute for each client, as many at once as come in a quarter of a minute (ten at least).

    Args:
        per_minute: for each client.
        seconds: a clock that only goes forward.
    """

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._most = max(10.0, per_minute / 4)
        self._seconds = seconds
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, client: str) -> float:
        """Count one; 0 when it may pass, otherwise the seconds until the next may."""
        now = self._seconds()
        with self._lock:
            left, since = self._left.pop(client, (self._most, now))
            left = min(self._most, left + (now - since) * self._per_second)
            wait = 0.0 if left >= 1 else (1 - left) / self._per_second
            self._left[client] = (left if wait else left - 1, now)
            if len(self._left) > _MOST_CLIENTS:
                del self._left[next(iter(self._left))]  # who was away longest
        return wait
