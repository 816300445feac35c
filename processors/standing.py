"""What stands in `kpi_value`, as columns: enough to tell which values would say something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Floats, Integers
from processors.columns import QUALITIES
from processors.content import Marks
from processors.preparation import Booleans
from processors.readings import arrays
from processors.windows import instant

_SQL = queries("processors", "kpis.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """Stored values of one KPI, city, period and kind of scope: a row for each.

    Attributes:
        scope: counts into the scopes that were asked for.
        band: counts into the bands that were given, from 1; 0 where there is none, -1 where it is another.
        known: whether the row has a mark.
    """

    scope: Integers
    start: Integers
    value: Floats
    quality: Integers
    band: Integers
    provisional: Booleans
    known: Booleans
    marks: Marks

    def find(self, scope: Integers, start: Integers) -> Integers:
        """The row of each (scope, start), -1 where nothing stands."""
        if not len(self.scope):
            return np.full(len(scope), -1, dtype=np.int64)
        keys = (self.scope << 40) + self.start
        order = np.argsort(keys, kind="stable")
        wanted = (scope << 40) + start
        at = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
        return np.where(keys[at] == wanted, at, -1)


def read_standing(
    connection: Connection,
    key: tuple[str, str, str, str],
    scopes: Sequence[str],
    span: tuple[int, int],
    bands: Sequence[str],
) -> Standing:
    """What stands of these scopes.

    Args:
        connection: to the database.
        key: KPI, city, period, kind of scope.
        scopes: names of sites, districts, cities or groups.
        span: first and last start.
        bands: names that `band` counts into.
    """
    kpi, city, period, kind = key
    wanted = [list(QUALITIES), list(bands), list(scopes), city, kpi, period, kind, *map(instant, span)]
    found = arrays(connection, _SQL["standing"], wanted)
    if found is None:
        found = [np.empty(0, dtype) for dtype in (np.int64, np.int64, np.float64, np.int64, np.int64)]
    scope, start, value, said, marks = found
    said = said.astype(np.int64)
    return Standing(
        scope=scope.astype(np.int64) - 1,
        start=start.astype(np.int64),
        value=value.astype(np.float64),
        quality=(said & 3) - 1,
        band=(said >> 4) - 1,
        provisional=(said & 4) > 0,
        known=(said & 8) > 0,
        marks=marks.astype(np.int64).view(np.uint64),
    )


def same_numbers(one: Floats, other: Floats) -> Booleans:
    """Whether they are equal, or both are none."""
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))
