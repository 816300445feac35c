"""Computes all KPI values of a city's year again from the stored hours, and writes those that differ.

Raw data is not asked: hours outlive it. Definitions that read the same properties are worked on together, so that their
hours are read once; several processes share the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import numpy as np

from bypuls.errors import NotFound
from bypuls.kpi import KpiDefinition
from bypuls.periods import Period, Window, window_of
from bypuls.storage.database import Connection, connect
from bypuls.storage.queries import queries
from processors.calculation import Catalogue, Integers, Place
from processors.claims import Claimed
from processors.due import periods_resting_on
from processors.kpis import Kpis
from processors.readings import arrays, read_series
from processors.rollup import read_places
from processors.windows import HOUR, distinct, seconds

_SQL = queries("processors", "recomputation.sql")
_AT_ONCE = 150_000
_BESIDE = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one process computes at once: definitions that read the same, at some sites."""

    kpis: tuple[str, ...]
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many values were computed, those of districts and cities included, and how many of them differed."""

    values: int = 0
    written: int = 0

    def __add__(self, other: Recomputed) -> Recomputed:
        return Recomputed(self.values + other.values, self.written + other.written)


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
        pieces = list(_pieces(connection, catalogue, year, kpis))
        if workers == 1:
            here = Kpis(catalogue)
            return sum((compute_piece(connection, here, year, piece, now) for piece in pieces), Recomputed())
    # A forked process would share the parent's connections.
    with ProcessPoolExecutor(workers, get_context("spawn"), _open, (url,)) as pool:
        count = len(pieces)
        return sum(pool.map(_work, [year] * count, [now] * count, pieces), Recomputed())


def _pieces(connection: Connection, catalogue: Catalogue, year: Year, kpis: Sequence[str] | None) -> Iterator[Piece]:
    """The largest first, so that the processes end together."""
    if year.city not in read_places(connection):
        raise NotFound(f"no city {year.city!r}: `bypuls city list` names them")
    series = read_series(connection, [year.city])[year.city]
    groups: dict[tuple[str, ...], list[KpiDefinition]] = {}
    for definition in catalogue.definitions.values():
        wanted = kpis is None or definition.id in kpis
        if wanted and definition.trigger == "change" and not set(definition.periods).isdisjoint(year.periods):
            groups.setdefault((definition.table, *sorted(definition.inputs)), []).append(definition)
    found: list[tuple[int, Piece]] = []
    for (_, *properties), definitions in groups.items():
        sites = sorted(set(series["site"][series["property"].isin(properties)]))
        # Of what weather changes all sites are computed together: its hours are read once.
        per_site = max(1, sum(_values_a_year(one, year.periods) for one in definitions))
        step = max(1, _AT_ONCE // per_site)
        for first in range(0, len(sites), step):
            some = tuple(sites[first : first + step])
            found.append((per_site * len(some), Piece(tuple(one.id for one in definitions), some)))
    yield from (piece for _, piece in sorted(found, key=lambda one: -one[0]))


def _values_a_year(definition: KpiDefinition, periods: Sequence[Period]) -> int:
    lengths = {"PT1H": 8760, "P1D": 365, "P1M": 12, "P1Y": 1}
    return sum(lengths[period] for period in definition.periods if period in periods)


_worker: dict[str, Any] = {}


def _open(url: str) -> None:
    _worker["connection"], _worker["kpis"] = connect(url, "writer", autocommit=True), Kpis(Catalogue.load())


def _work(year: Year, now: datetime, piece: Piece) -> Recomputed:
    connection, kpis = _worker["connection"], _worker["kpis"]
    return compute_piece(connection, kpis, year, piece, now)


def compute_piece(connection: Connection, kpis: Kpis, year: Year, piece: Piece, now: datetime) -> Recomputed:
    """Compute one piece; one transaction, which holds the lanes of its definitions."""
    place = read_places(connection)[year.city]
    definitions = [kpis.catalogue.definitions[kpi] for kpi in piece.kpis]
    before = dict(kpis.counts)
    with connection.transaction():
        connection.execute(_SQL["lock_lanes"], (year.city, list(piece.kpis)))
        wanted = _wanted(connection, kpis.catalogue, definitions, place, year, piece.sites, now)
        if wanted:
            kpis.compute(connection, Claimed(wanted), now)
    return Recomputed(*(kpis.counts[name] - before[name] for name in ("computed", "written")))


def _wanted(
    connection: Connection,
    catalogue: Catalogue,
    definitions: Sequence[KpiDefinition],
    place: Place,
    year: Year,
    sites: Sequence[str],
    now: datetime,
) -> dict[tuple[str, str, str], list[tuple[str, int]]]:
    """Every value of the year that rests on any hour: as the hours would have queued it."""
    series = read_series(connection, [place.city])[place.city]
    series = series[series["site"].isin(sites)]
    number = {slug: at for at, slug in enumerate(sites)}
    wanted: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    read: dict[bool, dict[int, Integers]] = {True: {}, False: {}}  # a rolling year looks back a year further
    for definition in definitions:
        whole, hours_of = _whole(definition, place, year), read[definition.rolling]
        mine = series[series["property"].isin(list(definition.inputs))]
        _read_hours(connection, definition, mine["id"].tolist(), whole, hours_of)
        pairs = [
            (hours_of[stream], np.full(len(hours_of[stream]), number[site]))
            for stream, site in zip(mine["id"].tolist(), mine["site"].tolist(), strict=True)
        ]
        if not pairs:
            continue
        keys = distinct(np.concatenate([(site << 40) + hours for hours, site in pairs]))
        for period, site, start, _ in periods_resting_on(
            definition, catalogue, place, keys & ((1 << 40) - 1), keys >> 40, now
        ):
            inside = (start >= seconds(whole.start)) & (start < seconds(whole.end))
            if period in year.periods and inside.any():
                cells = distinct((site[inside] << 40) + start[inside])
                slugs = [sites[one] for one in (cells >> 40).tolist()]
                starts = (cells & ((1 << 40) - 1)).tolist()
                wanted[definition.id, place.city, period] = list(zip(slugs, starts, strict=True))
    return wanted


def _whole(definition: KpiDefinition, place: Place, year: Year) -> Window:
    return window_of(datetime(year.year, 7, 1, tzinfo=UTC), "P1Y", place.calendar(definition.calendar))


def _read_hours(
    connection: Connection, definition: KpiDefinition, streams: Sequence[int], whole: Window, known: dict[int, Integers]
) -> None:
    """In which hours each datastream gave anything; a year and what reaches into it from before."""
    lacking = [stream for stream in streams if stream not in known]
    back = timedelta(days=366) if definition.rolling else _BESIDE
    count = len(lacking)
    columns = [lacking, [whole.start - back] * count, [whole.end + _BESIDE] * count]
    found = arrays(connection, _SQL[f"hours_in_{definition.table}"], columns) if lacking else None
    nothing = np.empty(0, dtype=np.int64)
    datastreams, buckets = (nothing, nothing) if found is None else found
    keys = distinct((datastreams.astype(np.int64) << 40) + buckets // HOUR * HOUR)
    for stream in lacking:
        low, high = np.searchsorted(keys, [stream << 40, (stream + 1) << 40])
        known[stream] = keys[low:high] & ((1 << 40) - 1)
