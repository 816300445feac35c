"""What decoding remembers between messages: births and aliases, metadata, frame counters, a device's last state.

In the process's memory; the worker stores the changes of a batch in the batch's own transaction, so that what is
remembered and what is stored never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MOST = 100_000
MOST_CHARACTERS = 64 * 1024 * 1024
"""Of all notes as text; in memory they take about four times as much."""

Note = Mapping[str, Any]
"""A small JSON document. A note that was put is never changed in place: put another."""


_NOTHING: Mapping[str, Note | None] = {}


class Memory:
    """Notes by key. A change is tentative until `commit`: `rollback` takes back what a failed batch noted.

    Args:
        kept: what was remembered before the restart, oldest first.
        most, most_characters: bounds; the notes that were put longest ago go first, whoever makes up keys.
    """

    def __init__(
        self, kept: Mapping[str, Note] | None = None, most: int = _MOST, most_characters: int = MOST_CHARACTERS
    ) -> None:
        self._kept: dict[str, Note] = dict(kept or {})
        self._sizes = {key: len(str(note)) for key, note in self._kept.items()}
        self._characters, self._most_characters = sum(self._sizes.values()), most_characters
        self._changed: dict[str, Note | None] = {}
        self._fresh: dict[str, Note | None] = {}
        self._used: set[str] = set()
        self._most = most

    def get(self, key: str) -> Note | None:
        """The note of this key, or None."""
        if key in self._changed:
            return self._changed[key]
        note = self._kept.get(key)
        if note is not None:
            self._used.add(key)
        return note

    def put(self, key: str, note: Note) -> None:
        """Remember. What is kept already is no change.

        What another message of the batch noted is one: that message may turn out not to be storable.
        """
        if key in self._changed or self.get(key) != note:
            self._changed[key] = self._fresh[key] = note

    def forget(self, key: str) -> None:
        """Remember no more."""
        if self.get(key) is not None:
            self._changed[key] = self._fresh[key] = None

    def changes(self) -> dict[str, Note | None]:
        """What is not committed yet; None: forgotten."""
        return dict(self._changed)

    def fresh(self) -> Mapping[str, Note | None]:
        """What was changed since this was last asked: the changes of one message."""
        if not self._fresh:
            return _NOTHING
        fresh, self._fresh = self._fresh, {}
        return fresh

    def used(self) -> set[str]:
        """Which kept notes somebody asked for since this was last asked."""
        used, self._used = self._used, set()
        return used

    def commit(self, stored: Mapping[str, Note | None] | None = None) -> list[str]:
        """The batch is stored; what it changed is kept, or only what is given, where a part could not be stored.

        Returns:
            The keys that had to go because there are too many.
        """
        for key, note in (self._changed if stored is None else stored).items():
            self._drop(key)
            if note is not None:
                self._kept[key] = note
                self._sizes[key] = len(str(note))
                self._characters += self._sizes[key]
        self.rollback()
        gone = []
        while self._kept and (len(self._kept) > self._most or self._characters > self._most_characters):
            gone.append(next(iter(self._kept)))
            self._drop(gone[-1])
        return gone

    def _drop(self, key: str) -> None:
        if self._kept.pop(key, None) is not None:
            self._characters -= self._sizes.pop(key)

    def holds(self, key: str) -> bool:
        """Whether a note of this key is kept."""
        return key in self._kept

    def rollback(self) -> None:
        """The batch is not stored and will be read again."""
        self._changed.clear()
        self._fresh = {}

    def expire(self, keys: Iterable[str]) -> None:
        """Nobody asked for these for long."""
        for key in keys:
            self._drop(key)
