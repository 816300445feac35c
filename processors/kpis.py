"""From `kpi_due` to `kpi_value`: claims values, reads their hours once, computes sites, then districts and cities."""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from bypuls.kpi import ANY_PROPERTY, KpiDefinition
from bypuls.periods import as_period
from bypuls.privacy import PERSONAL_KIND
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.attestation import attest, without_outlived
from processors.calculation import Calculator, Catalogue, Cells, Place
from processors.claims import Claimed, claim
from processors.combination import combine
from processors.households import group_value, has_groups
from processors.readings import Records, Span, merged, read, read_series
from processors.rolling import year_starts
from processors.rollup import read_places
from processors.selection import own_series, weather_series
from processors.sites import Known, Value, cells_of, site_values
from processors.windows import HOUR, ends_of, instant, shift_days
from processors.writing import write

_SQL = queries("processors", "kpis.sql")
_HOURS_PER_BATCH = 4_000_000
_KEY = tuple[str, str, str, int]  # kpi, city, period, start


@dataclass(frozen=True, slots=True)
class Job:
    """One KPI and period of one city: its cells and the datastreams they rest on."""

    definition: KpiDefinition
    place: Place
    cells: Cells
    series: pd.DataFrame
    spans: list[Span]


class _Town:
    """A city's datastreams in one batch; what several jobs ask of them is worked out once."""

    def __init__(self, place: Place, series: pd.DataFrame) -> None:
        self.place, self.series = place, series
        self.kinds = dict(zip(series["site"], series["kind"], strict=True))
        self.attributes = dict(zip(series["site"], series["attributes"], strict=True))
        self._own: dict[str, pd.DataFrame] = {}

    def own(self, definition: KpiDefinition, calculator: Calculator) -> pd.DataFrame:
        """The datastreams of the KPI's own inputs."""
        if definition.id not in self._own:
            self._own[definition.id] = own_series(definition, calculator, self.series)
        return self._own[definition.id]


@dataclass(slots=True)
class Kpis:
    """Computes what is due. Holds nothing but the catalogue."""

    catalogue: Catalogue
    counts: dict[str, int] = field(default_factory=lambda: {"computed": 0, "written": 0})

    def batch(
        self, connection: Connection, limit: int, now: datetime, *, recent: bool = False, everything: bool = False
    ) -> int:
        """Claim up to `limit` values, compute and write them and their scopes; one transaction.

        With `recent` only hours and days of now; with `everything` it does not wait for hours to come to rest.

        Returns how many values were claimed; 0 when nothing is due or others work on all that is.
        """
        with connection.transaction():
            claimed = claim(connection, limit, _HOURS_PER_BATCH, now, recent=recent, everything=everything)
            if len(claimed):
                self.compute(connection, claimed, now)
        return len(claimed)

    def compute(self, connection: Connection, claimed: Claimed, now: datetime) -> None:
        """Compute and write these values and their scopes, in the caller's transaction, which holds their lanes."""
        with _collector_paused():
            cities = sorted({city for _, city, _ in claimed.wanted})
            places, series = read_places(connection), read_series(connection, cities)
            towns = {city: _Town(places[city], series[city]) for city in cities}
            values = self._sites(connection, claimed, towns, now)
            written = write(connection, values, now)
            scopes = self._scopes(connection, values, towns)
            written += write(connection, scopes, now)
            if written:
                connection.execute(_SQL["notify"])
            self.counts["computed"] += len(values) + len(scopes)
            self.counts["written"] += written

    def _sites(
        self, connection: Connection, claimed: Claimed, towns: Mapping[str, _Town], now: datetime
    ) -> list[Value]:
        jobs = self._jobs(claimed, towns, now)
        read_once: dict[str, Records] = {
            "rollup_1h": read(connection, "rollup_1h", _spans(jobs, "rollup_1h")),
            "rollup_5m": read(connection, "rollup_5m", _spans(jobs, "rollup_5m")),
        }
        values: list[Value] = []
        known: dict[Hashable, tuple[Records, Known]] = {}
        for job in jobs:
            # Definitions that rest on the same hours share them, and what is counted of them.
            spans = (job.definition.table, tuple(job.spans))
            if spans not in known:
                known[spans] = _of_job(read_once[job.definition.table], job), {}
            records, shared = known[spans]
            found = site_values(job.definition, self.catalogue, job.cells, records, job.series, job.place, shared)
            if self.catalogue.looks_beyond(job.definition) or job.definition.weather_inputs:
                # Queued because of another day or place: where the site itself has nothing there is nothing to say.
                found = [value for value in found if value.evidence["datastreams"]]
            if job.definition.table == "rollup_5m":
                found = without_outlived(connection, found, job.spans)
            values += found
        attest(connection, values)
        return values

    def _jobs(self, claimed: Claimed, towns: Mapping[str, _Town], now: datetime) -> list[Job]:
        jobs: list[Job] = []
        for (kpi, city, period), wanted in claimed.wanted.items():
            definition = self.catalogue.definitions.get(kpi)
            if definition is None or period not in definition.periods:
                continue  # left the catalogue since it was queued
            calculator, town = self.catalogue.calculator(definition), towns[city]
            own = town.own(definition, calculator)
            wanted = _of_sites(definition, calculator, wanted, own)  # noqa: PLW2901
            if not wanted:
                continue
            cells = cells_of(definition, as_period(period), wanted, town.kinds, town.place, now, town.attributes)
            if not len(cells):
                continue
            inputs = own[own["site"].isin(cells.sites)]
            spans = _needed(definition, calculator, cells, inputs, town.place)
            if definition.weather_inputs:
                weather = weather_series(definition, town.series)
                spans += _around(cells, weather)
                inputs = pd.concat([inputs, weather[~weather["id"].isin(inputs["id"])]]).sort_values("id")
            jobs.append(Job(definition, town.place, cells, inputs, spans))
        return jobs

    def _scopes(
        self,
        connection: Connection,
        values: Sequence[Value],
        towns: Mapping[str, _Town],
    ) -> list[Value]:
        """The districts and cities of these sites, from stored values and the ones at hand."""
        areas: dict[tuple[str, str], list[str]] = {}
        for city, site, area in connection.execute(_SQL["areas"], (list(towns),)).fetchall():
            areas.setdefault((city, site), []).append(area)
        groups: dict[str, dict[str, list[str]]] = {}
        for city, group, sites in connection.execute(_SQL["household_groups"], (list(towns),)).fetchall():
            groups.setdefault(city, {})[group] = sites
        scopes = [
            _Scope(
                definition,
                towns[city].own(definition, self.catalogue.calculator(definition)),
                areas,
                city,
                groups.get(city, {}),
            )
            for definition, city in _pairs(values)
        ]
        known: dict[_KEY, dict[str, Value]] = {}
        for value in values:
            known.setdefault((value.definition.id, value.city, value.period, value.start), {})[value.scope] = value
        by_pair = {(scope.definition.id, scope.city): scope for scope in scopes}
        self._add_stored(connection, known, by_pair)
        combined: list[Value] = []
        for (kpi, city, _, _), by_site in known.items():
            scope = by_pair[kpi, city]
            some = next(iter(by_site.values()))
            for kind, name, members in scope.around(by_site, some.period):
                parts = [by_site[site] for site in members]
                if kind == "group":
                    group = scope.groups[name]
                    combined.append(group_value(scope.definition, self.catalogue, parts, group=name, members=group))
                    continue
                expected = scope.expected(kind, name, some.end)
                combined.append(
                    combine(scope.definition, self.catalogue, parts, kind=kind, scope=name, expected=expected)
                )
        return combined

    def _add_stored(
        self,
        connection: Connection,
        known: dict[_KEY, dict[str, Value]],
        by_pair: Mapping[tuple[str, str], _Scope],
    ) -> None:
        wanted: list[tuple[str, str, str, str, datetime]] = []
        for (kpi, city, period, start), by_site in known.items():
            wanted += [
                (kpi, city, period, site, instant(start)) for site in by_pair[kpi, city].sites if site not in by_site
            ]
        if not wanted:
            return
        columns = [list(column) for column in zip(*wanted, strict=True)]
        for kpi, city, period, start, site, *said in connection.execute(_SQL["stored_sites"], columns).fetchall():
            by_site = known[kpi, city, period, start]
            model = next(iter(by_site.values()))
            value, band, detail, quality, reason, coverage, evidence = said
            by_site[site] = Value(
                model.definition, city, "site", site, period, start, model.end, value, band, detail, quality, reason,
                coverage, evidence,
            )  # fmt: skip


class _Scope:
    """Who belongs together: the sites of one KPI in one city.

    What is measured in households counts in their groups alone, not in districts and cities: those would tell what is
    not in a group, where all the rest is known.
    """

    def __init__(
        self,
        definition: KpiDefinition,
        own: pd.DataFrame,
        areas: Mapping[tuple[str, str], Sequence[str]],
        city: str,
        groups: Mapping[str, Sequence[str]],
    ) -> None:
        self.definition = definition
        self.city = city
        self.groups = groups
        self.sites: list[str] = sorted(set(own["site"]))
        # Whether a meter is silent tells nothing of its house.
        tells = ANY_PROPERTY not in definition.inputs
        self._personal = frozenset(own["site"][own["kind"] == PERSONAL_KIND]) if tells else frozenset[str]()
        self._first: dict[str, float] = {}
        for site, at in zip(own["site"][own["active"]], own["first"][own["active"]].fillna(np.inf), strict=True):
            if site not in self._personal:
                self._first[site] = min(at, self._first.get(site, np.inf))
        self._areas = {site: areas.get((city, site), ()) for site in self.sites}

    def around(self, by_site: Mapping[str, Value], period: str) -> Iterable[tuple[str, str, list[str]]]:
        """(scope kind, scope, sites with a value) of every scope that holds one of the sites."""
        if has_groups(self.definition, period):
            for group, members in self.groups.items():
                found = [site for site in members if site in by_site]
                if found:
                    yield "group", group, found
        open_sites = sorted(by_site.keys() - self._personal)
        if "city" in self.definition.scope and open_sites:
            yield "city", self.city, open_sites
        if "district" in self.definition.scope:
            districts: dict[str, list[str]] = {}
            for site in open_sites:
                for area in self._areas.get(site, ()):
                    districts.setdefault(area, []).append(site)
            for area, sites in districts.items():
                yield "district", area, sites

    def expected(self, kind: str, scope: str, end: int) -> int:
        """How many of its sites should have a value in a period that ends then: active, and heard of before."""
        return sum(first < end for site, first in self._first.items() if kind == "city" or scope in self._areas[site])


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python from looking for cycles in a batch: there are none, and looking halves the speed."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _pairs(values: Sequence[Value]) -> list[tuple[KpiDefinition, str]]:
    found = {(value.definition.id, value.city): (value.definition, value.city) for value in values}
    return list(found.values())


def _of_sites(
    definition: KpiDefinition, calculator: Calculator, wanted: list[tuple[str, int]], own: pd.DataFrame
) -> list[tuple[str, int]]:
    """The values that are due, of sites that the KPI is about; what weather changed is due for all of them."""
    sites = set(own["site"])
    if definition.weather_inputs:
        elsewhere = {start for site, start in wanted if site not in sites}
        wanted = [pair for pair in wanted if pair[0] in sites] + [
            (site, start) for start in elsewhere for site in sites
        ]
    elif calculator.needs_all or definition.sites:
        wanted = [pair for pair in wanted if pair[0] in sites]
    return wanted


def _around(cells: Cells, weather: pd.DataFrame) -> list[Span]:
    """All windows, of each weather datastream."""
    windows = merged(
        sorted({(0, start, end) for start, end in zip(cells.start.tolist(), cells.end.tolist(), strict=True)})
    )
    return [(int(datastream), since, until) for datastream in weather["id"] for _, since, until in windows]


def _needed(
    definition: KpiDefinition, calculator: Calculator, cells: Cells, inputs: pd.DataFrame, place: Place
) -> list[Span]:
    """The datastreams and spans a job reads."""
    calendar = place.calendar(definition.calendar)
    before = max(calculator.hours_before, definition.window.last_hours - 1)
    first = year_starts(cells.start, calendar) if definition.rolling else cells.start
    starts, ends = [first - before * HOUR], [cells.end + calculator.hours_after * HOUR]
    sites = [cells.site]
    for days in calculator.days_before:
        earlier = shift_days(cells.start, -days, calendar)
        starts.append(earlier)
        ends.append(ends_of(earlier, cells.period, calendar))
        sites.append(cells.site)
    spans_of_site: dict[int, list[tuple[int, int]]] = {}
    for site, start, end in zip(
        np.concatenate(sites).tolist(), np.concatenate(starts).tolist(), np.concatenate(ends).tolist(), strict=True
    ):
        spans_of_site.setdefault(site, []).append((start, end))
    joined = {site: merged([(0, *span) for span in spans]) for site, spans in spans_of_site.items()}
    index = {slug: number for number, slug in enumerate(cells.sites)}
    return [
        (int(datastream), since, until)
        for datastream, site in zip(inputs["id"], inputs["site"], strict=True)
        for _, since, until in joined.get(index[site], ())
    ]


def _spans(jobs: Sequence[Job], table: str) -> list[Span]:
    return merged([span for job in jobs if job.definition.table == table for span in job.spans])


def _of_job(records: Records, job: Job) -> Records:
    """The part of what was read that is this job's: its datastreams within their spans."""
    slices: list[tuple[int, int]] = []
    datastreams = records["datastream"]
    for datastream, since, until in sorted(job.spans):
        low, high = np.searchsorted(datastreams, [datastream, datastream + 1])
        begin, end = np.searchsorted(records["bucket"][low:high], [since, until]) + low
        if slices and slices[-1][1] == begin:
            slices[-1] = (slices[-1][0], int(end))
        elif end > begin:
            slices.append((int(begin), int(end)))
    if len(slices) == 1:
        return records[slices[0][0] : slices[0][1]]
    parts = [records[begin:end] for begin, end in slices]
    return np.concatenate(parts) if parts else records[:0]
