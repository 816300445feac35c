"""Seconds of CPU: of a few processes, and of a database server with all its sessions, those that ended included."""

from __future__ import annotations

import os
from collections.abc import Iterable

import psutil


class Cpu:
    """Counts from when it is made.

    Args:
        connection: to the server that is counted.
        processes: counted beside it; this one unless given.
    """

    def __init__(self, connection, processes: Iterable[int] | None = None) -> None:
        self._processes = [psutil.Process(pid) for pid in (processes or [os.getpid()])]
        self._server = psutil.Process(connection.info.backend_pid).parent()
        self._before = self._used()

    def python(self) -> float:
        """Of the processes and those of their children that have ended."""
        return self._used()[0] - self._before[0]

    def server(self) -> float:
        """Of the server."""
        return self._used()[1] - self._before[1]

    def both(self) -> float:
        """Of all of them."""
        return self.python() + self.server()

    def _used(self):
        ours = [process.cpu_times() for process in self._processes]
        ended = self._server.cpu_times()
        sessions = 0.0
        for child in self._server.children():
            try:
                sessions += sum(child.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
        return sum(sum(one[:4]) for one in ours), ended.children_user + ended.children_system + sessions
