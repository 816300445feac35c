"""What `bypuls up` says of its first minute: the page answers, and what was handed over is computed."""

from __future__ import annotations

import threading
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bypuls.errors import BypulsError
from bypuls.storage.database import connect, translated
from bypuls.storage.queries import queries

_SQL = queries("bypuls.storage.sql", "progress.sql")
_LOOK_SECONDS = 3.0
_TELL_SECONDS = 15.0


@dataclass(slots=True)
class Watcher:
    """Looks at the page and the queues, from a thread of its own.

    Attributes:
        show: open the page once there is something to see.
        living: values of this hour are expected.
        told: when it last said how much is left to do.
    """

    database_url: str
    address: str
    started: float
    say: Callable[[str], None]
    show: bool
    living: bool
    told: float = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Until everything that was handed over is computed; a database that is away is waited for."""
        if not self._until(stop, self._answers):
            return
        self._tell(f"the page answers at {self.address}/")
        if self.living:  # before, every sensor of the history would look silent
            if not self._until(stop, self._is_alive):
                return
            self._tell("the city is alive")
        if self.show:
            webbrowser.open(self.address)
        if self._until(stop, self._is_computed):
            self._tell("everything handed over so far is stored and computed")

    def _tell(self, what: str) -> None:
        self.say(f"{time.monotonic() - self.started:4.0f} s  {what}")

    def _until(self, stop: threading.Event, done: Callable[[], bool]) -> bool:
        """Whether it came to be done before `stop`."""
        while not stop.is_set():
            if done():
                return True
            stop.wait(_LOOK_SECONDS)
        return False

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health/live", timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def _is_alive(self) -> bool:
        return self._ask("alive") == (True,)

    def _is_computed(self) -> bool:
        left = self._ask("left_to_do")
        if any(left) and time.monotonic() - self.told >= _TELL_SECONDS:
            self.told = time.monotonic()
            self._tell(f"to do: {left[0]:,} buckets of five minutes, {left[1]:,} indicators")
        return left == (0, 0)

    def _ask(self, query: str) -> tuple[Any, ...]:
        try:
            with connect(self.database_url, "reader", autocommit=True) as connection, translated():
                return connection.execute(_SQL[query]).fetchone() or ()
        except BypulsError:
            return ()
