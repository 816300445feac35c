"""Asks something that may never answer, and says so in time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST_SECONDS = 3.0
"""Less than Prometheus and supervisors wait (10 s): a database that stands still is said, not left open."""


class Patient(Generic[T]):
    """Asks in a thread of its own, one question at a time, however many want to know.

    Args:
        ask: may take forever, as a server that is stopped but not gone does.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._asking: Future[T] | None = None
        self._lock = Lock()

    def answer(self, seconds: float = LONGEST_SECONDS) -> T:
        """The answer.

        Raises:
            TimeoutError: none came in time; whoever asks next waits for the same one.
            Exception: what asking raised.
        """
        with self._lock:
            if self._asking is None or self._asking.done():
                self._asking = Future()
                # Nothing waits for it at the process' end.
                Thread(target=self._run, args=(self._asking,), daemon=True, name="patient").start()
            asking = self._asking
        return asking.result(seconds)

    def _run(self, asking: Future[T]) -> None:
        try:
            asking.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
            asking.set_exception(error)
