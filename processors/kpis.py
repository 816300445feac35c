"""From `kpi_due` to `kpi_value`: claims values, reads their hours once, computes sites, then districts and cities."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.attestation import Verdicts, without_outlived
from processors.calculation import Catalogue, Integers
from processors.claims import Claimed, claim
from processors.columns import Columns
from processors.content import from_stored
from processors.due_rows import Due, everything_due, what_differs
from processors.jobs import Job, ReadOnce, jobs_of, spans_of_jobs
from processors.preparation import OF_ALL_PERIODS
from processors.readings import Records, read
from processors.scopes import Scopes
from processors.sites import WHATEVER_HOURS, Known, site_columns
from processors.towns import Town, Towns
from processors.values import Value
from processors.windows import instant
from processors.writing import write

_SQL = queries("processors", "kpis.sql")
_HOURS_PER_BATCH = 4_000_000
_AT_ONCE = 20_000
_KEY = tuple[str, str, str, int]  # kpi, city, period, start


@dataclass(slots=True)
class Kpis:
    """Computes what is due. Holds nothing but the catalogue, and cities as long as they do not change."""

    catalogue: Catalogue
    towns: Towns = field(default_factory=Towns)
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

    def compute(
        self, connection: Connection, claimed: Claimed, now: datetime, *, unchanged: Mapping[str, Town] | None = None
    ) -> None:
        """Compute and write these values and their scopes, in the caller's transaction, which holds their lanes.

        `unchanged`: the cities of values most of which stand as they will be said. What stands is looked at first, and
        only values that differ are written out.
        """
        with _collector_paused():
            towns = unchanged or self.towns.of(connection, sorted({city for _, city, _ in claimed.wanted}))
            jobs = jobs_of(self.catalogue, claimed, towns, now)
            around = self._around(connection, towns)
            batch = _Batch(
                self.catalogue,
                connection,
                Verdicts.read(connection, _streams(jobs)),
                lambda values: self._write(connection, values, now),
            )
            for job, columns in self._columns(connection, jobs, towns):
                batch.verdicts.mark(columns)
                scopes = around.of(job)
                batch.add(
                    what_differs(connection, columns, scopes, now) if unchanged else everything_due(columns, scopes)
                )
            batch.flush()
            if batch.written:
                connection.execute(_SQL["notify"])
            self.counts["computed"] += batch.computed
            self.counts["written"] += batch.written

    def _write(self, connection: Connection, values: Sequence[Value], now: datetime) -> int:
        return write(connection, values, now)

    def _columns(
        self, connection: Connection, jobs: Sequence[Job], towns: Mapping[str, Town]
    ) -> Iterator[tuple[Job, Columns]]:
        read_once = {
            "rollup_1h": ReadOnce.of(read(connection, "rollup_1h", spans_of_jobs(jobs, "rollup_1h"))),
            "rollup_5m": ReadOnce.of(read(connection, "rollup_5m", spans_of_jobs(jobs, "rollup_5m"))),
        }
        # Definitions that rest on the same hours share them, and what is counted of them.
        alike: dict[Hashable, list[Job]] = {}
        for job in sorted(jobs, key=lambda one: one.cells.period):
            alike.setdefault((job.definition.table, job.place.city, job.spans.tobytes()), []).append(job)
        each_of_all = (each for some in alike.values() for each in self._sharing(read_once, some, towns))
        for job, records, shared in each_of_all:
            columns = site_columns(job.definition, self.catalogue, job.cells, records, job.series, job.place, shared)
            if self.catalogue.looks_beyond(job.definition) or job.definition.weather_inputs:
                # Queued because of another day or place: where the site itself has nothing there is nothing to say.
                columns = columns.where(columns.datastreams > 0)
            if job.definition.table == "rollup_5m":
                columns = without_outlived(connection, columns, job.spans)
            if len(columns):
                yield job, columns

    def _sharing(
        self, read_once: Mapping[str, ReadOnce], jobs: Sequence[Job], towns: Mapping[str, Town]
    ) -> Iterator[tuple[Job, Records, Known]]:
        """Jobs of the same hours, with those and what is known of them; what only one period asks goes with it."""
        records = read_once[jobs[0].definition.table].part(jobs[0])
        town = towns[jobs[0].place.city]
        shared = dict(town.choices)
        for _, of_period in groupby(jobs, key=lambda one: one.cells.period):
            for job in of_period:
                yield job, records, shared
            shared = {key: known for key, known in shared.items() if key[0] in {OF_ALL_PERIODS, WHATEVER_HOURS}}
        town.keep({key: known for key, known in shared.items() if key[0] == WHATEVER_HOURS})

    def _around(self, connection: Connection, towns: Mapping[str, Town]) -> _Around:
        areas: dict[str, dict[tuple[str, str], list[str]]] = {}
        for city, site, area in connection.execute(_SQL["areas"], (list(towns),)).fetchall():
            areas.setdefault(city, {}).setdefault((city, site), []).append(area)
        groups: dict[str, dict[str, list[str]]] = {}
        for city, group, sites in connection.execute(_SQL["household_groups"], (list(towns),)).fetchall():
            groups.setdefault(city, {})[group] = sites
        return _Around(self.catalogue, towns, areas, groups)


@dataclass(slots=True)
class _Around:
    """The scopes of each KPI and city of a batch."""

    catalogue: Catalogue
    towns: Mapping[str, Town]
    areas: Mapping[str, Mapping[tuple[str, str], Sequence[str]]]
    groups: Mapping[str, Mapping[str, Sequence[str]]]

    def of(self, job: Job) -> Scopes:
        """Those of the job's sites."""
        definition, city = job.definition, job.place.city
        calculator = self.catalogue.calculator(definition)
        return self.towns[city].scopes(definition, calculator, self.areas.get(city, {}), self.groups.get(city, {}))


@dataclass(slots=True)
class _Batch:
    """Writes out what is due, so much at once."""

    catalogue: Catalogue
    connection: Connection
    verdicts: Verdicts
    write: Callable[[Sequence[Value]], int]
    waiting: list[tuple[Due, Integers]] = field(default_factory=list)
    rows: int = 0
    computed: int = 0
    written: int = 0

    def add(self, due: Due) -> None:
        """Take what is due of one KPI, city and period."""
        self.computed += due.unchanged
        for rows in due.portions(_AT_ONCE):
            self.waiting.append((due, rows))
            self.rows += len(rows)
            if self.rows >= _AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Write it, with its scopes."""
        values: list[Value] = []
        known: dict[_KEY, dict[str, Value]] = {}
        dues: dict[tuple[str, str, str], Due] = {}
        for due, rows in self.waiting:
            columns = due.columns
            made = columns.values(rows)
            self.verdicts.attest(self.connection, made)
            key = (columns.definition.id, columns.city, columns.period)
            dues[key] = due
            for value, write_it in zip(made, due.write[rows].tolist(), strict=True):
                known.setdefault((*key, value.start), {})[value.scope] = value
                if write_it:
                    values.append(value)
        values += self._scopes(known, dues)
        self.computed += len(values)
        self.written += self.write(values)
        self.waiting, self.rows = [], 0

    def _scopes(self, known: dict[_KEY, dict[str, Value]], dues: Mapping[tuple[str, str, str], Due]) -> list[Value]:
        self._add_stored(known, dues)
        combined: list[Value] = []
        for (kpi, city, period, start), by_site in known.items():
            due = dues[kpi, city, period]
            for kind, name, members in due.scopes.around(by_site, period):
                if due.wants(kind, name, start):
                    parts = [by_site[site] for site in members]
                    combined.append(due.scopes.value(self.catalogue, parts, kind, name))
        return combined

    def _add_stored(self, known: dict[_KEY, dict[str, Value]], dues: Mapping[tuple[str, str, str], Due]) -> None:
        """The sites that are not at hand, as they are stored."""
        wanted: list[tuple[str, str, str, str, datetime]] = []
        for (kpi, city, period, start), by_site in known.items():
            due = dues[kpi, city, period]
            if due.wants_any(start):
                wanted += [
                    (kpi, city, period, site, instant(start)) for site in due.scopes.sites if site not in by_site
                ]
        if not wanted:
            return
        columns = [list(column) for column in zip(*wanted, strict=True)]
        for kpi, city, period, start, site, *said in self.connection.execute(_SQL["stored_sites"], columns).fetchall():
            by_site = known[kpi, city, period, start]
            model = next(iter(by_site.values()))
            value, band, detail, quality, reason, coverage, evidence, content = said
            by_site[site] = Value(
                model.definition, city, "site", site, period, start, model.end, value, band, detail, quality, reason,
                coverage, evidence, None if content is None else from_stored(content),
            )  # fmt: skip


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


def _streams(jobs: Sequence[Job]) -> list[int]:
    return sorted({stream for job in jobs for stream in job.series["id"].tolist()})
