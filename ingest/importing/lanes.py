"""Two connections that store at once: each has the datastreams of its lane, so that none waits for the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

import numpy as np

from ingest.importing.judging import Later, Ordered
from ingest.importing.storing import Chunk, Stored
from ingest.writer import Conversion

_WAITING = 2


class Lane(threading.Thread):
    """Stores the chunks of its datastreams, in their order.

    Attributes:
        done: what became of the rows so far.
        error: why it stopped; None: it did not.
    """

    def __init__(self, store: Callable[[Chunk], Stored], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._store = store
        self._chunks: queue.Queue[Chunk | None] = queue.Queue(_WAITING)
        self.done = Stored()
        self.error: Exception | None = None

    def run(self) -> None:
        """Work until told that nothing more comes."""
        while True:
            chunk = self._chunks.get()
            try:
                if chunk is None:
                    return
                if self.error is None:
                    self.done.add(self._store(chunk))
            except Exception as error:  # noqa: BLE001 - told to whoever waits for the lane
                self.error = error
            finally:
                self._chunks.task_done()

    def put(self, chunk: Chunk | None) -> None:
        """Hand over a chunk; waits while it has enough."""
        self._chunks.put(chunk)

    def drain(self) -> None:
        """Wait until all that was handed over is stored."""
        self._chunks.join()


class Lanes:
    """All lanes.

    Args:
        stores: one per connection.
    """

    def __init__(self, stores: Sequence[Callable[[Chunk], Stored]]) -> None:
        self._lanes = [Lane(store, f"import-{number}") for number, store in enumerate(stores)]

    def start(self) -> None:
        """Begin."""
        for lane in self._lanes:
            lane.start()

    def put(self, rows: Ordered, later: Sequence[Later], conversions: Sequence[Conversion] = ()) -> None:
        """Divide rows among the lanes.

        Raises:
            Exception: that of a lane which could not store what it had.
        """
        many = len(self._lanes)
        lane_of = rows.stream % many
        for number, lane in enumerate(self._lanes):
            of_lane = lane_of == number
            flags = [one for one in later if one.stream % many == number]
            if not of_lane.any():
                continue
            settled = np.zeros(len(of_lane), np.bool_)
            settled[rows.settled] = True
            lane.put(
                Chunk(
                    rows.stream[of_lane],
                    rows.time[of_lane],
                    rows.value[of_lane],
                    rows.flag[of_lane],
                    np.flatnonzero(settled[of_lane]),
                    flags,
                    [one for one in conversions if one.datastream % many == number],
                )
            )
        self.check()

    def drain(self) -> None:
        """Wait until all is stored.

        Raises:
            Exception: that of a lane which could not store what it had.
        """
        for lane in self._lanes:
            lane.drain()
        self.check()

    def check(self) -> None:
        """Tell of a lane that stopped.

        Raises:
            Exception: why.
        """
        for lane in self._lanes:
            if lane.error is not None:
                raise lane.error

    def stop(self) -> None:
        """End, after what was handed over."""
        for lane in self._lanes:
            lane.put(None)
        for lane in self._lanes:
            lane.join()

    @property
    def done(self) -> Stored:
        """What became of the rows of all lanes."""
        total = Stored()
        for lane in self._lanes:
            total.add(lane.done)
        return total
