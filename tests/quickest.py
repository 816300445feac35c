"""How long something takes at best: what else the machine does, or a collection of garbage, is no part of it."""

from __future__ import annotations

import time
from collections.abc import Callable


def cpu_seconds(call: Callable[[], object], tries: int = 3) -> float:
    """CPU seconds of this thread, the least of several tries."""
    taken = []
    for _ in range(tries):
        begun = time.thread_time()
        call()
        taken.append(time.thread_time() - begun)
    return min(taken)
