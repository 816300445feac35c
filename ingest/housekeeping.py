"""Tells the registry now and then what ingest saw: who spoke, up to when there is data, what became of messages.

By COPY: a busy city's devices have thousands of datastreams, and lists of parameters cost fifteen times as much.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, LiteralString

import msgspec

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from ingest.clocks import in_words
from ingest.pipeline import clean
from ingest.reasons import shortened
from ingest.seen import Outcome, Seen

_LOG = logging.getLogger(__name__)
_SQL = queries("ingest", "registry.sql")
_WRITER_SQL = queries("ingest", "writer.sql")
_REMEMBERED_PER_ROUND = 2000
_SLOTS = 20
_STREAM_TYPES = ["int4", "timestamptz", "timestamptz"]
_DEVICE_TYPES = ["int4", "timestamptz"]
_RECENT_TYPES = ["int4", "int2", "timestamptz", "text", "bytea", "text", "text"]


class Housekeeping:
    """What is written beside the values, on one connection; the caller begins the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._slots: dict[int, int] = {}
        with connection.transaction():
            for table in ("create_seen_streams", "create_seen_devices"):
                connection.execute(_SQL[table])
            connection.execute(_WRITER_SQL["create_recent"])

    def keep(self, seen: Seen) -> Seen:
        """Write what was seen; returns what is still to be written, the next time."""
        if seen.devices:
            self._copy(_SQL["copy_seen_streams"], _STREAM_TYPES, ((id_, *span) for id_, span in seen.streams.items()))
            self._copy(_SQL["copy_seen_devices"], _DEVICE_TYPES, seen.devices.items())
            for statement in ("lock_streams", "lock_devices", "seen_streams", "seen_devices"):
                self._connection.execute(_SQL[statement])
        kept = self._keep_recent(seen)
        self._keep_clocks(seen)
        waiting = {device: outcomes for device, outcomes in seen.recent.items() if device not in kept}
        return Seen(clocks=seen.clocks, recent=waiting)

    def _copy(self, statement: LiteralString, types: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def _keep_clocks(self, seen: Seen) -> None:
        """How far devices' clocks are off, and the worldwide keys that their messages told."""
        offsets = seen.clocks.changed()
        if offsets:
            columns = [[city for city, _ in offsets], [device for _, device in offsets], list(offsets.values())]
            self._connection.execute(_SQL["clocks"], columns)
        for (city, device), seconds in offsets.items():
            if seen.clocks.newly_wrong((city, device), seconds):
                level = logging.WARNING if seconds < 0 else logging.INFO  # behind may mean no more than late
                _LOG.log(level, "the clock of %s in %s is %s", shortened(device), city, in_words(seconds))
        if seen.euis:
            names = list(seen.euis)
            columns = [[city for city, _ in names], [device for _, device in names], list(seen.euis.values())]
            self._connection.execute(_SQL["euis"], columns)

    def _keep_recent(self, seen: Seen) -> set[int]:
        """Returns whose messages were kept: where many speak the others' turn is the next time, before those."""
        numbers = zip(seen.recent, accumulate(map(len, seen.recent.values()), initial=0), strict=False)
        chosen = {device for device, before in numbers if before < _REMEMBERED_PER_ROUND}
        if not chosen:
            return chosen
        unknown = [device for device in chosen if device not in self._slots]
        if unknown:
            newest = self._connection.execute(_WRITER_SQL["newest_slots"], (unknown,)).fetchall()
            self._slots |= dict.fromkeys(unknown, -1) | dict(newest)
        rows = []
        for device in sorted(chosen):
            for outcome in seen.recent[device]:
                slot = self._slots[device] = (self._slots[device] + 1) % _SLOTS
                rows.append((device, slot, outcome.received_at, clean(outcome.topic) or "", outcome.payload,
                             outcome.decoder, _said(outcome)))  # fmt: skip
        self._copy(_WRITER_SQL["copy_recent"], _RECENT_TYPES, rows)
        self._connection.execute(_WRITER_SQL["remember_messages"])
        return chosen


def _said(outcome: Outcome) -> str:
    """What became of a message, as JSON."""
    refused = [{"code": r.code, "detail": clean(r.detail), "field": clean(r.field)} for r in outcome.refused]
    return msgspec.json.encode({"stored": outcome.stored, "refused": refused}).decode()
