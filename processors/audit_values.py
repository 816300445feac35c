"""Proves that stored KPI values are what their hours say: computes them again, compares, and takes it back.

The values in question are deleted, computed anew by the engine itself, compared and rolled back, all in one
transaction with one snapshot: whatever the engine uses to see that nothing changed, a wrong value is found. Only what
the time has made final is compared; a running value may lawfully be older than the newest hour.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from psycopg import errors as pg

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar, as_period
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Catalogue, Place
from processors.claims import Claimed
from processors.due import ChangedHour, due_rows, of_definition
from processors.kpis import Kpis
from processors.readings import arrays
from processors.rollup import read_places
from processors.windows import ends_of, instant, seconds

_SQL = queries("processors", "audit_values.sql")
_VALUES_AT_ONCE = 3_000
_HOURS_AT_ONCE = 1_500_000
_MOST_WAITING = 20_000
_TOLERANCE = 1e-9
_HOURS: Mapping[str, int] = {"PT1H": 1, "P1D": 24, "P1M": 744, "P1Y": 8784}
_LONGEST: Mapping[str, timedelta] = {
    "PT1H": timedelta(hours=2), "P1D": timedelta(days=2), "P1M": timedelta(days=33), "P1Y": timedelta(days=368),
}  # fmt: skip
_TRIES = 40

Cell = tuple[str, str, int]
"""(kpi, period, start in seconds since 1970): its sites, districts and city are compared together."""


class Said(NamedTuple):
    """What a value says."""

    value: float | None
    band: str | None
    quality: str


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """A KPI value that is not what its hours say; None where it lacks, or where nothing is there to compute it from."""

    kpi: str
    city: str
    scope_kind: str
    scope: str
    period: str
    start: datetime
    stored: Said | None
    recomputed: Said | None
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """What one piece came to; `left` values were not compared: they are known to be old, or others work on them."""

    values: int
    left: int
    differences: Sequence[ValueDifference]


def check_values(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    since: datetime,
    until: datetime,
    now: datetime,
    doubted: Collection[tuple[int, datetime]] = (),
) -> Iterator[Compared]:
    """Compare the values of periods that ended in (since, until], piece by piece; each piece takes a second or so.

    The connection is in autocommit; nothing stays of what the pieces do. What a running transaction holds up (live
    events, other workers on the same KPIs) it holds up for one piece. What rests on `doubted` hours (datastream, hour)
    is left out.
    """
    place = read_places(connection).get(city)
    if place is None:
        return
    backlog = {kpi for (kpi,) in connection.execute(_SQL["backlog"], (city,)).fetchall()}
    definitions = [one for one in catalogue.definitions.values() if one.trigger == "change" and one.id not in backlog]
    groups: dict[tuple[str, ...], list[KpiDefinition]] = {}
    for definition in definitions:
        groups.setdefault((definition.table, *sorted(definition.inputs)), []).append(definition)
    sites = [slug for (slug,) in connection.execute(_SQL["sites"], (city,)).fetchall()]
    day = since
    while day < until:
        end = min(day + timedelta(days=1), until)
        for group in groups.values():
            wanted = _wanted(connection, catalogue, place, group, sites, (day, end), now)
            for piece in _pieces(wanted):
                yield _compare(connection, catalogue, city, piece, now, doubted)
        day = end


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
        "froms": [since - _LONGEST[period] for _, period in pairs],
        "sites": list(sites),
        "city": place.city,
        "since": since,
        "until": until,
        "now": now,
    }
    wanted: dict[Cell, set[str]] = {}
    for kpi, period, site, start in connection.execute(_SQL["standing"], given).fetchall():
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
) -> Compared:
    """Others that work on these KPIs are waited for, for some seconds."""
    count = sum(len(sites) for sites in piece.values())
    for _ in range(_TRIES):
        try:
            with snapshot(connection):
                if _take_lanes(connection, city, {kpi for kpi, _, _ in piece}):
                    return _compared(connection, catalogue, city, piece, now, doubted)
        except pg.SerializationFailure:
            pass
        time.sleep(0.25)
    return Compared(0, count, ())


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
        return Compared(0, sum(len(sites) for sites in piece.values()), ())
    keys = [(kpi, period, site, instant(start)) for (kpi, period, start), sites in piece.items() for site in sites]
    cells = [(kpi, period, instant(start)) for kpi, period, start in piece]
    stored: dict[tuple[str, str, str, str, int], tuple[Said, str]] = {}
    row = connection.execute(_SQL["scopes"], {"city": city}).fetchone()
    scopes = row[0] if row else []
    for query, rows, more in (("take_sites", keys, ()), ("take", cells, (scopes,))):
        columns = [list(column) for column in zip(*rows, strict=True)]
        stored |= _by_key(connection.execute(_SQL[query], (*columns, city, *more)).fetchall())
    wanted: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for (kpi, period, start), sites in piece.items():
        wanted.setdefault((kpi, city, period), []).extend((site, start) for site in sorted(sites))
    Kpis(catalogue).compute(connection, Claimed(wanted), now)
    computed = _by_key(connection.execute(_SQL["computed"], (city,)).fetchall())
    values = left = 0
    found: list[ValueDifference] = []
    for key in sorted(stored.keys() | computed.keys()):
        kpi, kind, scope, period, start = key
        around = piece.get((kpi, period, start))
        if around is None or (kind == "site" and scope not in around):
            continue
        if any((kpi, period, site, start) in old for site in ([scope] if kind == "site" else around)):
            left += 1
            continue
        before, after = stored.get(key), computed.get(key)
        if after is None and before is not None and not _must_stand(catalogue, kpi, kind, before[1]):
            left += 1
            continue
        values += 1
        if before is None or after is None or _apart(before[0], after[0]):
            says, said = before and before[0], after and after[0]
            found.append(
                ValueDifference(kpi, city, kind, scope, period, instant(start), says, said, tuple(sorted(around)))
            )
    return Compared(values, left, found)


def _by_key(rows: Sequence[tuple[object, ...]]) -> dict[tuple[str, str, str, str, int], tuple[Said, str]]:
    return {row[:5]: (Said(*row[5:8]), row[8]) for row in rows}  # type: ignore[arg-type,misc]


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


def _apart(one: Said, other: Said) -> bool:
    if (one.band, one.quality) != (other.band, other.quality) or (one.value is None) != (other.value is None):
        return True
    return abs((one.value or 0.0) - (other.value or 0.0)) > _TOLERANCE * (1 + abs(other.value or 0.0))


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
            if one.recomputed is not None and (one.scope_kind == "site" or one.sites)
        }
    )
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    return connection.execute(_SQL["queue"], (now, *columns)).rowcount
