"""KPI values that ought not exist: of no such place or period, of a district or city where no site has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from bypuls.kpi import KpiDefinition
from bypuls.periods import as_period
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.audit_values import LONGEST, ValueDifference, said_by_key
from processors.calculation import Catalogue, Place
from processors.rollup import read_places
from processors.windows import Seconds, distinct, ends_of, instant, seconds, starts_of

_SQL = queries("processors", "audit_values.sql")
_MOST = 1000

_NOWHERE = "its city has no such {kind}"
_BESIDE = "no such period begins then"
ALONE = "no site has a value there"
"""Of a district, city or group; where sites should have one, theirs lack, and it is no stranger."""


def check_strangers(
    connection: Connection, catalogue: Catalogue, city: str, since: datetime, until: datetime
) -> list[ValueDifference]:
    """The values of periods that ended in (since, until] and ought not exist; a thousand at most.

    Values of definitions or periods that left the catalogue stand as they were said.
    """
    place = read_places(connection).get(city)
    if place is None:
        return []
    asked: dict[tuple[str, str], KpiDefinition] = {
        (one.id, period): one
        for one in catalogue.definitions.values()
        if one.trigger == "change"
        for period in one.periods
    }
    known = _known(connection, city)
    columns = [[kpi for kpi, _ in asked], [period for _, period in asked], [since - LONGEST[one] for _, one in asked]]
    rows: dict[tuple[str, str], list[tuple[str, str, Seconds]]] = {}
    for kpi, kind, scope, period, starts in connection.execute(
        _SQL["keys"], (city, city, *columns, city, until)
    ).fetchall():
        rows.setdefault((kpi, period), []).append((kind, scope, np.array(starts, dtype=np.int64)))
    found: list[tuple[str, str, str, str, datetime, str]] = []
    for (kpi, period), scopes in sorted(rows.items()):
        span = seconds(since), seconds(until)
        for kind, scope, start, why in _strange(asked[kpi, period], period, scopes, (place, span, known)):
            found.append((kpi, kind, scope, period, instant(start), why))
    found = found[:_MOST]
    if not found:
        return []
    columns = [list(column) for column in zip(*(one[:5] for one in found), strict=True)]
    said = said_by_key(connection.execute(_SQL["strangers"], (*columns, city)).fetchall())
    return [
        ValueDifference(kpi, city, kind, scope, period, start, says, None, why=why)
        for kpi, kind, scope, period, start, why in found
        if (says := said.get((kpi, kind, scope, period, seconds(start)))) is not None  # else it went meanwhile
    ]


def _known(connection: Connection, city: str) -> Mapping[str, set[str]]:
    known: dict[str, set[str]] = {"site": set(), "district": set(), "group": set(), "city": {city}}
    for kind, slug in connection.execute(_SQL["known_scopes"], {"city": city}).fetchall():
        known[kind].add(slug)
    return known


def _strange(
    definition: KpiDefinition,
    period: str,
    scopes: Sequence[tuple[str, str, Seconds]],
    given: tuple[Place, tuple[int, int], Mapping[str, set[str]]],
) -> Iterator[tuple[str, str, int, str]]:
    """(scope kind, scope, start, why) of each value that ought not exist."""
    place, (since, until), known = given
    calendar, length = place.calendar(definition.calendar), as_period(period)
    nothing = np.empty(0, dtype=np.int64)
    of_sites = distinct(np.concatenate([nothing, *(starts for kind, _, starts in scopes if kind == "site")]))
    every = distinct(np.concatenate([nothing, *(starts for _, _, starts in scopes)]))
    ends = ends_of(every, length, calendar)
    within = (ends > since) & (ends <= until)
    besides = starts_of(every, length, calendar) != every
    for kind, scope, starts in scopes:
        at = np.searchsorted(every, starts)
        at = at[within[at]]
        mine = every[at]
        if scope not in known[kind]:
            yield from ((kind, scope, start, _NOWHERE.format(kind=kind)) for start in mine.tolist())
            continue
        beside = besides[at]
        yield from ((kind, scope, start, _BESIDE) for start in mine[beside].tolist())
        if kind != "site":
            alone = ~np.isin(mine, of_sites) & ~beside
            yield from ((kind, scope, start, ALONE) for start in mine[alone].tolist())


def withdraw(connection: Connection, differences: Sequence[ValueDifference], now: datetime) -> int:
    """Move values that ought not exist into the history, as said until now; returns how many."""
    given = {
        "now": now,
        "city": differences[0].city if differences else "",
        "kpis": [one.kpi for one in differences],
        "kinds": [one.scope_kind for one in differences],
        "scopes": [one.scope for one in differences],
        "periods": [one.period for one in differences],
        "starts": [one.start for one in differences],
    }
    return connection.execute(_SQL["withdraw"], given).rowcount
