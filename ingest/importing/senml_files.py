"""SenML packs: a file that is one JSON array, or one pack a line; read by the decoder that reads messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from bypuls.errors import Refusal
from ingest.decoders.senml import DECODER
from ingest.decoding import Context, Message, Reading, Source
from ingest.importing.block import FINE, Block, Sent, Stray, fault
from ingest.importing.columns import Given
from ingest.importing.packed import Opened
from ingest.importing.times import to_microseconds
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.reasons import REASONS, shortened
from ingest.topics import history

_READINGS = 100_000
_LARGEST = 1_000_000_000


class SenmlFile:
    """One file of packs.

    Attributes:
        size: bytes on the disk.
    """

    name = "senml"
    unused: Sequence[str] = ()

    def __init__(self, path: Path, given: Given, source: Source, profiles: Profiles, arrival: datetime) -> None:
        """Look how the file is made.

        Raises:
            SettingsError: it cannot be read.
        """
        self.path, self._given, self._arrival = path, given, arrival
        self._source = replace(source, max_readings=_LARGEST, max_payload_bytes=_LARGEST)
        self._context = Context(Memory(), profiles, lambda _: None)
        self._topic = history(source.city or "-", given.device) if given.device else ""
        with Opened(path) as (_, text):
            self.size = path.stat().st_size
            first = text.readline(_LARGEST)
        try:
            self._by_line = type(msgspec.json.decode(first)) is list
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._by_line = False

    def blocks(self) -> Iterator[Block]:
        """The readings, some packs at a time.

        Raises:
            SettingsError: it is damaged.
        """
        with Opened(self.path) as (raw, text):
            readings: list[tuple[int, Reading]] = []
            strays: list[Stray] = []
            packs = iter(lambda: text.readline(_LARGEST), b"") if self._by_line else [text.read(_LARGEST)]
            for line, pack in enumerate(packs, 1):
                if pack.strip():
                    self._decode(line, pack.strip(), readings, strays)
                if len(readings) >= _READINGS:
                    yield self._block(readings, strays, raw.tell())
                    readings, strays = [], []
            yield self._block(readings, strays, raw.tell())

    def _decode(self, line: int, pack: bytes, readings: list[tuple[int, Reading]], strays: list[Stray]) -> None:
        try:
            decoded = DECODER.decode(Message(self._topic, pack, self._arrival), self._source, self._context)
        except Refusal as refused:
            strays.append(_stray(line, refused, pack))
            return
        readings += [(line, reading) for reading in decoded.readings]
        strays += [_stray(line, refused, pack) for refused in decoded.refusals]

    def _block(self, readings: Sequence[tuple[int, Reading]], strays: list[Stray], read: int) -> Block:
        places: dict[Sent, int] = {}
        series, time, faults = [], [], []
        for _, reading in readings:
            interval = "" if reading.interval_seconds is None else f"{reading.interval_seconds:g}"
            sent = Sent(
                "",
                reading.device or self._given.device,
                reading.quantity or self._given.quantity,
                reading.channel or self._given.channel,
                reading.unit or self._given.unit,
                interval or self._given.interval,
            )
            series.append(places.setdefault(sent, len(places)))
            # A time relative to the message's arrival says nothing in a file.
            time.append(0 if reading.time is None else to_microseconds(reading.time))
            faults.append(fault("time_missing") if reading.time is None else FINE)
        return Block(
            np.array([line for line, _ in readings], np.int64),
            np.array(series, np.int32),
            list(places),
            np.array(time, np.int64),
            np.array([reading.value for _, reading in readings], np.float64),
            np.array(faults, np.uint8),
            None,
            lambda row: (readings[row][1].time, readings[row][1].value),
            strays,
            read,
        )


def _stray(line: int, refused: Refusal, pack: bytes) -> Stray:
    hint = refused.hint or REASONS[refused.code].hint
    return Stray(line, refused.code, refused.detail, hint, shortened(pack[:600].decode("utf-8", "replace"), 500))
