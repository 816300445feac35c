"""Which of the computed values are to be written, and which scopes are to be made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from bypuls.storage.database import Connection
from processors.calculation import Integers
from processors.columns import Columns
from processors.preparation import Booleans
from processors.scopes import Parts, Scopes, Starts
from processors.standing import Standing, read_standing, same_numbers


@dataclass(slots=True)
class Due:
    """What is to be done of one KPI, city and period.

    Attributes:
        write: rows whose values are written.
        needed: rows that are made into values: those, and the parts of scopes that are made.
        made: starts at which each (scope kind, scope) is made; None: all of all scopes.
        unchanged: how many values stand as they would be said.
    """

    columns: Columns
    scopes: Scopes
    write: Booleans
    needed: Booleans
    made: dict[tuple[str, str], set[int]] | None = None
    unchanged: int = 0
    starts: set[int] = field(default_factory=set)

    def wants(self, kind: str, scope: str, start: int) -> bool:
        """Whether that scope's value is to be made."""
        return self.made is None or start in self.made.get((kind, scope), ())

    def wants_any(self, start: int) -> bool:
        """Whether any scope's value is."""
        return self.made is None or start in self.starts

    def portions(self, most: int) -> Iterator[Integers]:
        """The rows that are needed, about so many at once; all of a start together."""
        rows = np.flatnonzero(self.needed)
        starts = self.columns.start[rows]
        rows = rows[np.argsort(starts, kind="stable")] if len(rows) > most else rows
        first = 0
        while first < len(rows):
            last = min(first + most, len(rows))
            while last < len(rows) and self.columns.start[rows[last]] == self.columns.start[rows[last - 1]]:
                last += 1
            yield rows[first:last]
            first = last


def everything_due(columns: Columns, scopes: Scopes) -> Due:
    """All of it, whatever stands."""
    every = np.ones(len(columns), dtype=bool)
    return Due(columns, scopes, every, every)


def what_differs(connection: Connection, columns: Columns, scopes: Scopes, now: datetime) -> Due:
    """What would say something else than what stands, or has no mark."""
    start, at = np.unique(columns.start, return_inverse=True)
    end = np.zeros(len(start), dtype=np.int64)
    end[at] = columns.end
    starts = Starts(start, end, end + columns.definition.lateness.total_seconds() > now.timestamp())
    sites = sorted({*scopes.sites, *columns.sites})
    key, span = (columns.definition.id, columns.city, columns.period), (int(start[0]), int(start[-1]))
    bands = [band for band in columns.bands if band is not None]
    stands = read_standing(connection, (*key, "site"), sites, span, bands)
    index = {slug: number for number, slug in enumerate(sites)}
    site = np.array([index[slug] for slug in columns.sites], dtype=np.int64)[columns.site]
    write = columns.always | ~_same(columns, stands, stands.find(site, columns.start), starts.provisional[at])
    made = _scopes_due(connection, columns, scopes, starts, (sites, stands, site, at))
    due = Due(columns, scopes, write, write.copy(), {key: set(some) for key, (some, _) in made.items()})
    due.starts = set().union(*due.made.values()) if due.made else set()
    due.needed |= np.isin(columns.start, np.fromiter(due.starts, dtype=np.int64, count=len(due.starts)))
    due.unchanged = int((~write).sum()) + sum(there - len(some) for some, there in made.values())
    return due


def _same(columns: Columns, stands: Standing, row: Integers, provisional: Booleans) -> Booleans:
    if not len(stands.scope):
        return np.zeros(len(columns), dtype=bool)
    same: Booleans = (
        (row >= 0)
        & stands.known[row]
        & (stands.marks[row] == columns.marks)
        & same_numbers(stands.value[row], columns.value)
        & (stands.quality[row] == columns.quality)
        & (stands.band[row] == columns.band)
        & (stands.provisional[row] == provisional)
    )
    return same


def _scopes_due(
    connection: Connection,
    columns: Columns,
    scopes: Scopes,
    starts: Starts,
    at_hand: tuple[list[str], Standing, Integers, Integers],
) -> dict[tuple[str, str], tuple[list[int], int]]:
    """(scope kind, scope) -> the starts at which it is to be made, and how many values it has."""
    sites, stands, site, at = at_hand
    every = scopes.every(columns.period, sites)
    if not every:
        return {}
    # Stored values of other sites, or of other starts of these, count too.
    others = np.flatnonzero(~np.isin((stands.scope << 40) + stands.start, (site << 40) + columns.start))
    where = np.searchsorted(starts.start, stands.start[others])
    there = starts.start[np.minimum(where, len(starts.start) - 1)] == stands.start[others]
    others, where = others[there], where[there]
    parts = Parts(
        sites,
        np.concatenate([site, stands.scope[others]]),
        np.concatenate([at, where]),
        np.concatenate([columns.marks, stands.marks[others]]),
        np.concatenate([np.ones(len(columns), dtype=bool), stands.known[others]]),
    )
    # A part's band is a text of its own (within, above …); which ones scopes have is not known before.
    usual = {"open", "within", "above", "enough", "too_little"}
    bands = sorted(usual | {band for band in columns.bands if band is not None})
    found: dict[tuple[str, str], tuple[list[int], int]] = {}
    span = (int(starts.start[0]), int(starts.start[-1]))
    for kind in sorted({kind for kind, _, _ in every}):
        mine = [one for one in every if one[0] == kind]
        key = (columns.definition.id, columns.city, columns.period, kind)
        standing = read_standing(connection, key, [name for _, name, _ in mine], span, bands)
        for number, one in enumerate(mine):
            due, count = scopes.due(one, columns.period, starts, parts, (standing, number, bands))
            found[kind, one[1]] = starts.start[due].tolist(), count
    return found
