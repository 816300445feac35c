"""Computes all KPI values of a city's year again from the stored hours, and writes those that differ.

Raw data is not asked: hours outlive it. Definitions that read the same properties are worked on together, so that their
hours are read once, and all of their sites, so that districts and cities are combined once. What is too much at once is
cut by definitions, and values of hours by time; several processes share the work.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd

from bypuls.errors import NotFound
from bypuls.kpi import KpiDefinition
from bypuls.periods import Period, Window, window_of
from bypuls.storage.database import Connection, connect
from bypuls.storage.queries import queries
from processors.calculation import Catalogue, Integers, Place
from processors.claims import Claimed
from processors.due import periods_resting_on
from processors.kpis import Kpis
from processors.readings import hours_with_rollups, read_series
from processors.rollup import read_places
from processors.towns import Town
from processors.wanted import Wanted
from processors.windows import distinct, instant, seconds

_SQL = queries("processors", "recomputation.sql")
_AT_ONCE = 150_000
"""Values of one piece: what a process holds in memory, some two kilobytes each."""
_STREAMS_AT_ONCE = 300
"""Datastreams of one piece: a year's hours of each are a megabyte, what is made of them some three more."""
_BESIDE = timedelta(days=31)
_FAR = 1 << 39


@dataclass(frozen=True, slots=True)
class Piece:
    """What one process computes at once, in one transaction: values of definitions that read alike, at some sites.

    `since`, `until`: of the values' starts, in seconds since 1970.
    """

    kpis: tuple[str, ...]
    periods: tuple[Period, ...]
    sites: tuple[str, ...]
    since: int
    until: int


Task = tuple[Piece, ...]
"""Pieces that one process computes one after another: other sites of the same values, which meet in their city's."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many values were computed, those of districts and cities included, and how many of them differed."""

    values: int = 0
    written: int = 0

    def __add__(self, other: Recomputed) -> Recomputed:
        return Recomputed(self.values + other.values, self.written + other.written)  # noqa: PD011 - no frame


@dataclass(frozen=True, slots=True)
class Year:
    """A city's year, and which periods of it."""

    city: str
    year: int
    periods: tuple[Period, ...]


def recompute(
    url: str, year: Year, now: datetime, *, workers: int = 2, kpis: Sequence[str] | None = None
) -> Recomputed:
    """Compute a city's year again in so many processes.

    Args:
        url: the database's address.
        year: which city, year and periods.
        now: the time at which values are provisional or final.
        workers: processes.
        kpis: only these definitions; all where None.

    Raises:
        NotFound: no such city.
    """
    catalogue = Catalogue.load()
    with connect(url, "writer", autocommit=True) as connection:
        connection.execute(_SQL["lock_city"], (year.city,))
        tasks = _tasks(connection, catalogue, year, kpis)
        if workers == 1:
            here, town = Kpis(catalogue), read_town(connection, year.city)
            return sum((_compute_task(connection, here, town, year, task, now) for task in tasks), Recomputed())
        # A forked process would share the parent's connections.
        with ProcessPoolExecutor(workers, get_context("spawn"), _open, (url,)) as pool:
            count = len(tasks)
            return sum(pool.map(_work, [year] * count, [now] * count, tasks), Recomputed())


def _tasks(connection: Connection, catalogue: Catalogue, year: Year, kpis: Sequence[str] | None) -> list[Task]:
    """The largest first, so that the processes end together."""
    places = read_places(connection)
    if year.city not in places:
        raise NotFound(f"no city {year.city!r}: `bypuls city list` names them")
    series = read_series(connection, [year.city])[year.city]
    wanted = [
        definition
        for definition in catalogue.definitions.values()
        if (kpis is None or definition.id in kpis) and definition.trigger == "change"
    ]
    found: list[tuple[int, Task]] = []
    hours = seconds(datetime(year.year, 1, 1, tzinfo=UTC)), seconds(datetime(year.year + 1, 1, 1, tzinfo=UTC))
    for periods in (tuple(one for one in year.periods if one != "PT1H"), ("PT1H",) if "PT1H" in year.periods else ()):
        some = [definition for definition in wanted if not set(definition.periods).isdisjoint(periods)]
        for group in _groups(some):
            sites, streams = _sites_of(group, series)
            if not sites:
                continue
            for definitions in _cut(group, len(sites), periods):
                values = len(sites) * sum(_values_a_year(one, periods) for one in definitions)
                slices = -(-values // _AT_ONCE) if periods == ("PT1H",) else 1
                edges = np.linspace(*hours, slices + 1).round().astype(np.int64).tolist()
                edges[0], edges[-1] = -_FAR, _FAR  # a calendar's year begins some hours beside that of UTC
                step = max(1, len(sites) * _STREAMS_AT_ONCE // max(1, streams // slices))
                for since, until in pairwise(edges):
                    found.append(
                        (
                            values // slices + streams * 100 // slices,
                            tuple(
                                Piece(
                                    tuple(one.id for one in definitions), periods, sites[at : at + step], since, until
                                )
                                for at in range(0, len(sites), step)
                            ),
                        )
                    )
    return [task for _, task in sorted(found, key=lambda one: -one[0])]


def _groups(definitions: Sequence[KpiDefinition]) -> list[list[KpiDefinition]]:
    """Definitions that share any property, together; within a group those of the same properties side by side."""
    groups: list[tuple[set[tuple[str, str]], list[KpiDefinition]]] = []
    for definition in definitions:
        properties = {(definition.table, name) for name in definition.inputs}
        mine = [group for group in groups if not group[0].isdisjoint(properties)]
        groups = [group for group in groups if group[0].isdisjoint(properties)]
        together = [one for group in mine for one in group[1]]
        groups.append((properties.union(*(group[0] for group in mine)), [*together, definition]))
    return [sorted(group, key=lambda one: (sorted(one.inputs), one.id)) for _, group in groups]


def _sites_of(definitions: Sequence[KpiDefinition], series: pd.DataFrame) -> tuple[tuple[str, ...], int]:
    """The sites of what these definitions read, and how many datastreams that are."""
    names = {name for definition in definitions for name in definition.inputs}
    mine = series[series["property"].isin(names)]
    return tuple(sorted(set(mine["site"]))), len(mine)


def _cut(
    definitions: Sequence[KpiDefinition], sites: int, periods: Sequence[Period]
) -> Iterator[tuple[KpiDefinition, ...]]:
    """As many of them together as give no more values than a piece may have; of hours all, for time cuts them."""
    if periods == ("PT1H",):
        yield tuple(definitions)
        return
    some: list[KpiDefinition] = []
    values = 0
    for definition in definitions:
        more = sites * _values_a_year(definition, periods)
        if some and values + more > _AT_ONCE:
            yield tuple(some)
            some, values = [], 0
        some.append(definition)
        values += more
    yield tuple(some)


def _values_a_year(definition: KpiDefinition, periods: Sequence[Period]) -> int:
    lengths = {"PT1H": 8760, "P1D": 365, "P1M": 12, "P1Y": 1}
    return sum(lengths[period] for period in definition.periods if period in periods)


_worker: dict[str, Any] = {}


def end_with_parent() -> None:
    """Have this process end when the one that started it is gone, however it went.

    A pool's process would wait for its next task for ever, and keep its connection.
    """
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()


def _open(url: str) -> None:
    end_with_parent()
    _worker["connection"], _worker["kpis"] = connect(url, "writer", autocommit=True), Kpis(Catalogue.load())


def _work(year: Year, now: datetime, task: Task) -> Recomputed:
    connection = _worker["connection"]
    if "town" not in _worker:
        _worker["town"] = read_town(connection, year.city)
    return _compute_task(connection, _worker["kpis"], _worker["town"], year, task, now)


def read_town(connection: Connection, city: str) -> Town:
    """The city and its datastreams, which all pieces that a process computes share."""
    return Town(read_places(connection)[city], read_series(connection, [city])[city])


def _compute_task(connection: Connection, kpis: Kpis, town: Town, year: Year, task: Task, now: datetime) -> Recomputed:
    return sum((compute_piece(connection, kpis, town, year, piece, now) for piece in task), Recomputed())


def compute_piece(
    connection: Connection, kpis: Kpis, town: Town, year: Year, piece: Piece, now: datetime
) -> Recomputed:
    """Compute one piece; one transaction, which keeps workers off the lanes of its definitions."""
    before = dict(kpis.counts)
    with connection.transaction():
        # A plan made while nothing was written yet would go through all that others write, for each value.
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute(_SQL["share_lanes"], (year.city, list(piece.kpis)))
        wanted = _wanted(connection, kpis.catalogue, town, year, piece, now)
        if wanted:
            kpis.compute(connection, Claimed(wanted), now, unchanged={year.city: town})
    return Recomputed(*(kpis.counts[name] - before[name] for name in ("computed", "written")))


def _wanted(
    connection: Connection, catalogue: Catalogue, town: Town, year: Year, piece: Piece, now: datetime
) -> dict[tuple[str, str, str], Wanted | list[tuple[str, int]]]:
    """Every value of the piece that rests on any hour: as the hours would have queued it."""
    place, series = town.place, town.series[town.series["site"].isin(piece.sites)]
    number = {slug: at for at, slug in enumerate(piece.sites)}
    wanted: dict[tuple[str, str, str], Wanted | list[tuple[str, int]]] = {}
    read: dict[bool, dict[int, Integers]] = {True: {}, False: {}}  # a rolling year looks back a year further
    alike: dict[Hashable, list[tuple[Period, Wanted]]] = {}
    for kpi in piece.kpis:
        definition = catalogue.definitions[kpi]
        periods = tuple(one for one in definition.periods if one in piece.periods)
        calculator = catalogue.calculator(definition)
        key = (
            definition.table, frozenset(definition.inputs), definition.calendar, definition.window, periods,
            definition.rolling, calculator.days_before, calculator.hours_before, calculator.hours_after,
        )  # fmt: skip
        if key not in alike:
            whole, hours_of = _whole(definition, place, year), read[definition.rolling]
            mine = series[series["property"].isin(list(definition.inputs))]
            _read_hours(connection, definition, mine["id"].tolist(), _around(piece, whole, catalogue), hours_of)
            pairs = [
                (number[site] << 40) + hours_of[stream]
                for stream, site in zip(mine["id"].tolist(), mine["site"].tolist(), strict=True)
            ]
            keys = distinct(np.concatenate(pairs)) if pairs else np.empty(0, dtype=np.int64)
            resting = periods_resting_on(
                replace(definition, periods=periods), catalogue, place, keys & ((1 << 40) - 1), keys >> 40, now
            )
            since, until = max(seconds(whole.start), piece.since), min(seconds(whole.end), piece.until)
            alike[key] = [
                (period, _once(piece, site[inside], start[inside]))
                for period, site, start, _ in resting
                if (inside := (start >= since) & (start < until)).any()
            ]
        for period, found in alike[key]:
            wanted[kpi, place.city, period] = found
    return wanted


def _once(piece: Piece, site: Integers, start: Integers) -> Wanted:
    keys = distinct((site << 40) + start)
    return Wanted(piece.sites, keys >> 40, keys & ((1 << 40) - 1))


def _whole(definition: KpiDefinition, place: Place, year: Year) -> Window:
    return window_of(datetime(year.year, 7, 1, tzinfo=UTC), "P1Y", place.calendar(definition.calendar))


def _around(piece: Piece, whole: Window, catalogue: Catalogue) -> Window:
    """What the values of a piece may rest on; of hours only running means look beyond theirs."""
    since, until = max(seconds(whole.start), piece.since), min(seconds(whole.end), piece.until)
    running = timedelta(hours=max(catalogue.definitions[kpi].window.last_hours for kpi in piece.kpis))
    beside = running if piece.periods == ("PT1H",) else _BESIDE
    return Window(instant(since) - beside, instant(until) + beside)


def _read_hours(
    connection: Connection, definition: KpiDefinition, streams: Sequence[int], span: Window, known: dict[int, Integers]
) -> None:
    """In which hours each datastream gave anything; of a rolling year, those of the year before, too."""
    lacking = [stream for stream in streams if stream not in known]
    if not lacking:
        return
    since = span.start - timedelta(days=366) if definition.rolling else span.start
    spans = [(stream, seconds(since), seconds(span.end)) for stream in lacking]
    found = hours_with_rollups(connection, definition.table, spans)
    nothing = np.empty(0, dtype=np.int64)
    known.update((stream, found.get(stream, nothing)) for stream in lacking)
