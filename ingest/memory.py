"""What decoding remembers between messages: births and aliases, metadata, frame counters, a device's last state.

In the process's memory; the worker stores the changes of a batch in the batch's own transaction, so that what is
remembered and what is stored never disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST = 100_000

Note = Mapping[str, Any]
"""A small JSON document. A note that was put is never changed in place: put another."""


class Memory:
    """Notes by key. A change is tentative until `commit`: `rollback` takes back what a failed batch noted.

    Args:
        kept: what was remembered before the restart, oldest first.
        most: bound; the notes that were put longest ago go first, whoever makes up keys.
    """

    def __init__(self, kept: Mapping[str, Note] | None = None, most: int = _MOST) -> None:
        self._kept: dict[str, Note] = dict(kept or {})
        self._changed: dict[str, Note | None] = {}
        self._most = most

    def get(self, key: str) -> Note | None:
        """The note of this key, or None."""
        return self._changed[key] if key in self._changed else self._kept.get(key)

    def put(self, key: str, note: Note) -> None:
        """Remember."""
        self._changed[key] = note

    def forget(self, key: str) -> None:
        """Remember no more."""
        self._changed[key] = None

    def changes(self) -> dict[str, Note | None]:
        """What is not committed yet; None: forgotten."""
        return dict(self._changed)

    def commit(self) -> None:
        """The batch is stored."""
        for key, note in self._changed.items():
            self._kept.pop(key, None)
            if note is not None:
                self._kept[key] = note
        self._changed.clear()
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def rollback(self) -> None:
        """The batch is not stored and will be read again."""
        self._changed.clear()
