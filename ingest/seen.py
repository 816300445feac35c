"""What ingest saw and the registry should hear of: who spoke, up to when there is data, what became of messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bypuls.errors import Refusal
from ingest.clocks import Clocks


# A Struct: there is one per message, and most are forgotten before anybody looks.
class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one message, for the device's list of recent messages."""

    received_at: datetime
    topic: str
    payload: bytes
    decoder: str | None
    stored: int
    refused: Sequence[Refusal]


@dataclass(slots=True)
class Seen:
    """What the registry should hear of now and then: who spoke, and up to when there is data."""

    devices: dict[int, datetime] = field(default_factory=dict)
    streams: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    recent: dict[int, deque[Outcome]] = field(default_factory=dict)
    euis: dict[tuple[str, str], str] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)

    def reach(self, rows: Iterable[tuple[int, datetime, *tuple[object, ...]]]) -> None:
        """There is data of these datastreams for these times."""
        streams = self.streams
        for stream, time, *_ in rows:
            span = streams.get(stream)
            if span is None:
                streams[stream] = (time, time)
            elif time > span[1]:
                streams[stream] = (span[0], time)
            elif time < span[0]:
                streams[stream] = (time, span[1])
