"""Which numbers standards had at what time: a value was made with those of the time that it was computed at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bypuls.method import numbers_of
from bypuls.standards import documents
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_SQL = queries("bypuls.storage.sql", "standard_numbers.sql")


@cache
def shipped_numbers() -> Mapping[str, str]:
    """The fingerprint of every standard's numbers that is shipped, by id; read once."""
    return {document["id"]: numbers_of(document) for _, document in documents()}


def note_numbers(connection: Connection) -> None:
    """Write down what is shipped now, where it differs from what was known."""
    shipped = shipped_numbers()
    connection.execute(_SQL["note"], {"standards": list(shipped), "numbers": list(shipped.values())})


@dataclass(frozen=True, slots=True)
class NumbersInTime:
    """Fingerprints of all standards' numbers.

    Attributes:
        changes: when any of them changed, oldest first.
        states: what held before the first change, and from each on.
    """

    changes: Sequence[datetime]
    states: Sequence[Mapping[str, str]]

    def state_at(self, time: datetime) -> int:
        """Which of the states held."""
        return bisect_right(self.changes, time)

    def at(self, time: datetime) -> Mapping[str, str]:
        """What held, by id."""
        return self.states[self.state_at(time)]


def numbers_in_time(connection: Connection) -> NumbersInTime:
    """What was written down; a standard's first numbers are taken to have held before, too."""
    rows = connection.execute(_SQL["all"]).fetchall()
    first: dict[str, str] = {}
    later = []
    for standard, numbers, since in rows:
        if standard in first:
            later.append((since, standard, numbers))
        else:
            first[standard] = numbers
    states = [dict(shipped_numbers()) | first]
    for _, standard, numbers in later:
        states.append(states[-1] | {standard: numbers})
    return NumbersInTime([since for since, _, _ in later], states)
