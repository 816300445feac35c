"""How much of what is not of now one turn takes: as much as keeps what is of now waiting for a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

_LONGEST, _SHORTEST = 1.0, 0.5  # seconds of a portion that is not made smaller or larger
_FIRST = 10  # part of the most that the first portion is
_LEAST = 100


@dataclass(slots=True)
class Portion:
    """`limit` is how many may be taken; whoever takes them sets `taken`."""

    limit: int
    taken: int = 0


class Portions:
    """Halved when one took long, doubled when a full one took little; `most` when nothing of now is coming."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = max(min(_LEAST, most), most // _FIRST)

    @contextmanager
    def taken(self, *, living: bool) -> Iterator[Portion]:
        """The next portion, timed while it is worked on."""
        portion, began = Portion(self._size if living else self._most), monotonic()
        yield portion
        if living:
            self.learn(portion, monotonic() - began)

    def learn(self, portion: Portion, seconds: float) -> None:
        """Choose the next portion's size by how long one took."""
        if seconds > _LONGEST:
            self._size = max(min(_LEAST, self._most), portion.limit // 2)
        elif seconds < _SHORTEST and portion.taken >= portion.limit:
            self._size = min(self._most, portion.limit * 2)
