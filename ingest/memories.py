"""The memory of every source, and the table that keeps it over a restart.

What a message noted is written in the transaction of what it brought, and believed only after that: `Memories.noted`
hands the changes to the batch, `Memories.settle` takes in what was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from psycopg.types.json import Jsonb

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from ingest.memory import MOST_CHARACTERS, Memory, Note

_SQL = queries("ingest", "memory.sql")
_MOST = 100_000
_LONGEST_KEY = 500  # an index takes no longer ones; such a note lives as long as the process
_KEPT_FOR = timedelta(days=180)
_USED_EVERY = timedelta(days=1)


class Noted(NamedTuple):
    """A note to be written; `message` is the index of the message that it comes of. None: to be forgotten."""

    scope: str
    key: str
    note: Note | None
    message: int


class Memories:
    """One memory per source, made when it is first asked for."""

    def __init__(self) -> None:
        self._by_source: dict[str, Memory] = {}
        self._gone: dict[str, list[str]] = {}
        self._loaded = False

    def of(self, source: str) -> Memory:
        """The memory of a source."""
        memory = self._by_source.get(source)
        if memory is None:
            memory = self._by_source[source] = Memory()
        return memory

    def load(self, connection: Connection) -> None:
        """Remember what was kept, once: later the process itself knows best."""
        if self._loaded:
            return
        for scope, memory in self._by_source.items():
            rows = connection.execute(_SQL["remembered"], (scope, _MOST, MOST_CHARACTERS)).fetchall()
            memory.commit(dict(rows))
        self._loaded = True

    def rollback(self) -> None:
        """Nothing of the batch was stored; it is read again."""
        for memory in self._by_source.values():
            memory.rollback()

    def noted(self, source: str, message: int) -> list[Noted]:
        """What the message that was read last changed in its source's memory."""
        fresh = self.of(source).fresh()
        return [Noted(source, key, note, message) for key, note in fresh.items()] if fresh else []

    def settle(self, written: Iterable[Noted]) -> None:
        """Keep what was written, and nothing else of the batch."""
        stored: dict[str, dict[str, Note | None]] = {}
        for entry in written:
            stored.setdefault(entry.scope, {})[entry.key] = entry.note
        for scope, memory in self._by_source.items():
            gone = memory.commit(stored.get(scope, {}))
            if gone:
                self._gone.setdefault(scope, []).extend(gone)

    def keep_house(self, connection: Connection) -> None:
        """Mark the notes that were used, and drop those that nobody asked for in half a year."""
        for scope, memory in self._by_source.items():
            used = sorted(memory.used())
            if used:
                connection.execute(_SQL["used"], (scope, used, _USED_EVERY))
        for scope, keys in self._gone.items():
            # What was put again meanwhile is written, too, and stays.
            still = [key for key in keys if not self.of(scope).holds(key)]
            connection.execute(_SQL["forget"], ([scope] * len(still), still))
        self._gone.clear()
        for scope, key in connection.execute(_SQL["expire"], (_KEPT_FOR,)).fetchall():
            if scope in self._by_source:
                self._by_source[scope].expire([key])


def write(connection: Connection, notes: Iterable[Noted]) -> None:
    """Write notes in the caller's transaction; of several for one key the last."""
    last = {(entry.scope, entry.key): entry.note for entry in notes if len(entry.key) <= _LONGEST_KEY}
    kept = sorted((scope, key) for (scope, key), note in last.items() if note is not None)
    gone = sorted((scope, key) for (scope, key), note in last.items() if note is None)
    if kept:
        documents = [Jsonb(dict(last[place] or {})) for place in kept]
        connection.execute(_SQL["keep"], ([scope for scope, _ in kept], [key for _, key in kept], documents))
    if gone:
        connection.execute(_SQL["forget"], ([scope for scope, _ in gone], [key for _, key in gone]))
