"""Proves that stored KPI values are what their hours say: computes them again, compares, and takes it back.

The values in question are deleted, computed anew by the engine itself, compared and rolled back, all in one
transaction with one snapshot: whatever the engine uses to see that nothing changed, a wrong value is found, and so is
a right number with wrong evidence. Only what the time has made final is compared; a running value may lawfully be older
than the newest hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from psycopg import errors as pg

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar, Period, as_period
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.audit_said import Said, differing, expects_else
from processors.calculation import Catalogue, Place
from processors.claims import Claimed
from processors.due import ChangedHour, due_rows, of_definition
from processors.kpis import Kpis
from processors.readings import arrays
from processors.rollup import read_places
from processors.windows import ends_of, instant, seconds, starts_of

_SQL = queries("processors", "audit_values.sql")
_VALUES_AT_ONCE = 3_000
_HOURS_AT_ONCE = 1_500_000
_MOST_WAITING = 20_000
_HOURS: Mapping[str, int] = {"PT1H": 1, "P1D": 24, "P1M": 744, "P1Y": 8784}
LONGEST: Mapping[str, timedelta] = {
    "PT1H": timedelta(hours=2), "P1D": timedelta(days=2), "P1M": timedelta(days=33), "P1Y": timedelta(days=368),
}  # fmt: skip
"""No period is longer than this."""

_TRIES = 40
_FINISHED_WITHIN = timedelta(hours=1)
_LOST = "it was revised, and what it said before is not kept"

Cell = tuple[str, str, int]
"""(kpi, period, start in seconds since 1970): its sites, districts and city are compared together."""

Key = tuple[str, str, str, str, int]
"""(kpi, scope kind, scope, period, start in seconds since 1970)."""


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """A KPI value that is not what its hours say; None where it lacks, or where nothing is there to compute it from.

    `why`: of a value that ought not exist, and of a history that lacks, which reason.
    """

    kpi: str
    city: str
    scope_kind: str
    scope: str
    period: str
    start: datetime
    stored: Said | None
    recomputed: Said | None
    sites: tuple[str, ...] = ()
    why: str = ""
    table: Literal["kpi_value", "kpi_value_history"] = "kpi_value"


@dataclass(frozen=True, slots=True)
class Compared:
    """What one piece came to.

    Attributes:
        left: values that were not compared: they are known to be old, or others work on them.
        aged: of districts and cities that expect other sites than when they were said, which no hour tells: no
            difference, but to be computed again.
        waits: others work on these KPIs; the next step tries again.
        group: the last of the groups of definitions (those that share their inputs) that is through.
    """

    values: int = 0
    left: int = 0
    differences: Sequence[ValueDifference] = ()
    aged: Sequence[ValueDifference] = ()
    waits: bool = False
    group: str = ""


def check_values(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    day: tuple[datetime, datetime],
    now: datetime,
    doubted: Collection[tuple[int, datetime]] = (),
    after: str = "",
) -> Iterator[Compared]:
    """Compare the values of periods that ended in (since, until], piece by piece; each piece takes a second or so.

    Groups of definitions come in the order of their names, those up to `after` not.

    The connection is in autocommit; nothing stays of what the pieces do. What a running transaction holds up (live
    events, other workers on the same KPIs) it holds up for one piece. What rests on `doubted` hours (datastream, hour)
    is left out.
    """
    place = read_places(connection).get(city)
    if place is None:
        return
    backlog = {kpi for (kpi,) in connection.execute(_SQL["backlog"], (city,)).fetchall()}
    definitions = [one for one in catalogue.definitions.values() if one.trigger == "change" and one.id not in backlog]
    groups: dict[str, list[KpiDefinition]] = {}
    for definition in definitions:
        groups.setdefault(" ".join((definition.table, *sorted(definition.inputs))), []).append(definition)
    sites = [slug for (slug,) in connection.execute(_SQL["sites"], (city,)).fetchall()]
    for name, group in sorted(groups.items()):
        if name <= after:
            continue
        pieces = list(_pieces(_wanted(connection, catalogue, place, group, sites, day, now)))
        for number, piece in enumerate(pieces, 1):
            for compared in _compare(connection, catalogue, city, piece, now, doubted):
                if number == len(pieces) and not compared.waits:
                    after = name
                yield replace(compared, group=after)


def _wanted(
    connection: Connection,
    catalogue: Catalogue,
    place: Place,
    definitions: Sequence[KpiDefinition],
    sites: Sequence[str],
    span: tuple[datetime, datetime],
    now: datetime,
) -> dict[Cell, set[str]]:
    """What stands, and what the hours of the span ask for: the sites of each cell."""
    since, until = span
    pairs = [(one.id, period) for one in definitions for period in one.periods]
    given = {
        "kpis": [kpi for kpi, _ in pairs],
        "periods": [period for _, period in pairs],
        "froms": [since - LONGEST[period] for _, period in pairs],
        "sites": list(sites),
        "city": place.city,
        "since": since,
        "until": until,
        "now": now,
    }
    wanted: dict[Cell, set[str]] = {}
    calendars = {one.id: place.calendar(one.calendar) for one in definitions}
    for kpi, period, site, start in connection.execute(_SQL["standing"], given).fetchall():
        if _begins(start, as_period(period), calendars[kpi]):  # else it ought not exist, and no other rests on it
            wanted.setdefault((kpi, period, start), set()).add(site)
    names = sorted({name for one in definitions for name in one.inputs})
    streams: dict[int, str] = dict(connection.execute(_SQL["streams"], (place.city, names)).fetchall())
    found = arrays(connection, _SQL["hours"], [list(streams), since, until]) if streams else None
    if found is None:
        return wanted
    hours, of = found[1].astype(np.int64), [streams[stream] for stream in found[0].tolist()]
    for definition in definitions:
        calendar = place.calendar(definition.calendar)
        for kpi, _, site, period, start, _ in of_definition(definition, catalogue, place, hours, of, now):
            at = seconds(start)
            end = _end(at, period, calendar)
            if since < end <= until and end + definition.lateness <= now:
                wanted.setdefault((kpi, period, at), set()).add(site)
    return wanted


@lru_cache(maxsize=100_000)
def _begins(start: int, period: Period, calendar: Calendar) -> bool:
    return int(starts_of(np.array([start]), period, calendar)[0]) == start


@lru_cache(maxsize=100_000)
def _end(start: int, period: str, calendar: Calendar) -> datetime:
    return instant(int(ends_of(np.array([start]), as_period(period), calendar)[0]))


def _pieces(wanted: Mapping[Cell, set[str]]) -> Iterator[dict[Cell, set[str]]]:
    piece: dict[Cell, set[str]] = {}
    values = hours = 0
    for cell, sites in sorted(wanted.items()):
        count, cost = len(sites), len(sites) * _HOURS[cell[1]]
        if piece and (values + count > _VALUES_AT_ONCE or hours + cost > _HOURS_AT_ONCE):
            yield piece
            piece, values, hours = {}, 0, 0
        piece[cell] = sites
        values, hours = values + count, hours + cost
    if piece:
        yield piece


def _compare(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    piece: Mapping[Cell, set[str]],
    now: datetime,
    doubted: Collection[tuple[int, datetime]],
) -> Iterator[Compared]:
    """Others that work on these KPIs are waited for, a number of steps."""
    for _ in range(_TRIES):
        try:
            with snapshot(connection):
                if _take_lanes(connection, city, {kpi for kpi, _, _ in piece}):
                    compared = _compared(connection, catalogue, city, piece, now, doubted)
                    break
        except pg.SerializationFailure:
            pass
        yield Compared(waits=True)
    else:
        compared = Compared(left=sum(len(sites) for sites in piece.values()))
    yield compared


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A transaction that sees one moment and leaves nothing."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _take_lanes(connection: Connection, city: str, kpis: set[str]) -> bool:
    rows = connection.execute(_SQL["take_lanes"], (city, sorted(kpis))).fetchall()
    return all(taken for (taken,) in rows)


def _compared(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    piece: Mapping[Cell, set[str]],
    now: datetime,
    doubted: Collection[tuple[int, datetime]],
) -> Compared:
    old = _known_to_be_old(connection, catalogue, city, {kpi for kpi, _, _ in piece}, now, doubted)
    if old is None:
        return Compared(left=sum(len(sites) for sites in piece.values()))
    keys = [(kpi, period, site, instant(start)) for (kpi, period, start), sites in piece.items() for site in sites]
    cells = [(kpi, period, instant(start)) for kpi, period, start in piece]
    stored: dict[Key, Said] = {}
    row = connection.execute(_SQL["scopes"], {"city": city}).fetchone()
    scopes = row[0] if row else []
    for query, rows, more in (("take_sites", keys, ()), ("take", cells, (scopes,))):
        columns = [list(column) for column in zip(*rows, strict=True)]
        stored |= said_by_key(connection.execute(_SQL[query], (*columns, city, *more)).fetchall())
    wanted: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for (kpi, period, start), sites in piece.items():
        wanted.setdefault((kpi, city, period), []).extend((site, start) for site in sorted(sites))
    Kpis(catalogue).compute(connection, Claimed(wanted), now)
    computed = said_by_key(connection.execute(_SQL["computed"], (city,)).fetchall())
    values = left = 0
    found: list[ValueDifference] = []
    aged: list[ValueDifference] = []
    for key in sorted(stored.keys() | computed.keys()):
        kpi, kind, scope, period, start = key
        around = piece.get((kpi, period, start))
        if around is None or (kind == "site" and scope not in around):
            continue
        if any((kpi, period, site, start) in old for site in ([scope] if kind == "site" else around)):
            left += 1
            continue
        before, after = stored.get(key), computed.get(key)
        if after is None and before is not None and not _must_stand(catalogue, kpi, kind, before.version):
            left += 1
            continue
        values += 1
        one = ValueDifference(kpi, city, kind, scope, period, instant(start), before, after, tuple(sorted(around)))
        _sort_in(one, now, found, aged)
    return Compared(values, left, found, aged)


def _sort_in(one: ValueDifference, now: datetime, found: list[ValueDifference], aged: list[ValueDifference]) -> None:
    before, after = one.stored, one.recomputed
    if before is None or after is None:
        found.append(one)
    elif one.scope_kind != "site" and expects_else(before, after):
        aged.append(one)
    elif differing(before, after) or _unfinished(one.scope_kind, before, after, now):
        found.append(one)
    if before is not None and before.lost:
        found.append(replace(one, recomputed=before, why=_LOST, table="kpi_value_history"))


def _unfinished(kind: str, stored: Said, recomputed: Said, now: datetime) -> bool:
    """Of a district or city; those of sites wait in a queue, which is looked at."""
    if kind == "site" or recomputed.final_at is None:
        return False
    return stored.provisional and not recomputed.provisional and recomputed.final_at < now - _FINISHED_WITHIN


def said_by_key(rows: Sequence[tuple[Any, ...]]) -> dict[Key, Said]:
    """What each value says, by (kpi, scope kind, scope, period, start in seconds since 1970)."""
    return {row[:5]: Said(*row[5:]) for row in rows}


def _must_stand(catalogue: Catalogue, kpi: str, kind: str, version: str) -> bool:
    """Whether a value that nothing asks for is wrong.

    It may stand from an older definition or from districts that were drawn otherwise, rest on days beside its own, or
    have outlived its five minutes.
    """
    definition = catalogue.definitions[kpi]
    return (
        kind == "site"
        and version == definition.version
        and definition.table == "rollup_1h"
        and not definition.weather_inputs
        and not catalogue.looks_beyond(definition)
    )


def _known_to_be_old(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    kpis: set[str],
    now: datetime,
    doubted: Collection[tuple[int, datetime]],
) -> set[tuple[str, str, str, int]] | None:
    """Values that wait, and those whose hours wait; None when so much waits that hardly anything is left to compare."""
    waiting = connection.execute(_SQL["waiting_values"], (city, sorted(kpis))).fetchall()
    old: set[tuple[str, str, str, int]] = {(kpi, period, site, start) for kpi, period, site, start in waiting}
    hours: list[ChangedHour] = connection.execute(_SQL["waiting_hours"], (city,)).fetchall()
    if len(hours) > _MOST_WAITING:
        return None
    if doubted:
        columns = [list(column) for column in zip(*doubted, strict=True)]
        hours += connection.execute(_SQL["of_hours"], columns).fetchall()
    places = read_places(connection)
    for kpi, _, site, period, start, _ in due_rows(hours, catalogue, places, now):
        old.add((kpi, period, site, seconds(start)))
    return old


def queue_values(connection: Connection, differences: Sequence[ValueDifference], now: datetime) -> int:
    """Have these values computed again: a site by itself, a district or city by one of its sites; returns how many."""
    rows = sorted(
        {
            (one.kpi, one.city, one.scope if one.scope_kind == "site" else one.sites[0], one.period, one.start)
            for one in differences
            if one.recomputed is not None and one.table == "kpi_value" and (one.scope_kind == "site" or one.sites)
        }
    )
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    return connection.execute(_SQL["queue"], (now, *columns)).rowcount
