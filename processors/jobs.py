"""What one batch computes: its KPIs, each with its cells and the datastreams and hours that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import as_period
from processors.calculation import Calculator, Catalogue, Cells, Integers, Place
from processors.claims import Claimed
from processors.readings import Records, Spans
from processors.rolling import year_starts
from processors.selection import weather_series
from processors.sites import cells_of
from processors.towns import Town
from processors.wanted import Wanted
from processors.windows import HOUR, ends_of, shift_days

_SITE = 40  # seconds since 1970 need fewer bits
_GAP = 6 * HOUR


@dataclass(frozen=True, slots=True)
class Job:
    """One KPI and period of one city: its cells and the datastreams they rest on; spans in order."""

    definition: KpiDefinition
    place: Place
    cells: Cells
    series: pd.DataFrame
    spans: Spans


def jobs_of(catalogue: Catalogue, claimed: Claimed, towns: Mapping[str, Town], now: datetime) -> list[Job]:
    """A job for each KPI, city and period that is claimed and has sites."""
    jobs: list[Job] = []
    for (kpi, city, period), given in claimed.wanted.items():
        definition = catalogue.definitions.get(kpi)
        if definition is None or period not in definition.periods:
            continue  # left the catalogue since it was queued
        calculator, town = catalogue.calculator(definition), towns[city]
        own = town.own(definition, calculator)
        wanted = given if isinstance(given, Wanted) else Wanted.of(given)
        wanted = _of_sites(definition, calculator, wanted, own.sites)
        if not len(wanted):
            continue
        cells = cells_of(definition, as_period(period), wanted, town.kinds, town.place, now, town.attributes)
        if not len(cells):
            continue
        inputs = own.at(cells.sites)
        spans = _needed(definition, calculator, cells, inputs, town.place)
        if definition.weather_inputs:
            weather = weather_series(definition, town.series)
            spans = np.concatenate([spans, _around(cells, weather)])
            inputs = pd.concat([inputs, weather[~weather["id"].isin(inputs["id"])]]).sort_values("id")
        jobs.append(Job(definition, town.place, cells, inputs, spans[np.lexsort(spans.T[::-1])]))
    return jobs


def _of_sites(definition: KpiDefinition, calculator: Calculator, wanted: Wanted, sites: set[str]) -> Wanted:
    """The values that are due, of sites that the KPI is about; what weather changed is due for all of them."""
    if definition.weather_inputs:
        return wanted.everywhere(sites)
    return wanted.of_sites(sites) if calculator.needs_all or definition.sites else wanted


def _around(cells: Cells, weather: pd.DataFrame) -> Spans:
    """All windows, of each weather datastream."""
    windows = joined(np.zeros(len(cells), dtype=np.int64), cells.start, cells.end, gap=_GAP)
    ids = weather["id"].to_numpy(np.int64)
    return _of_each(ids, np.zeros(len(ids), dtype=np.int64), windows)


def _needed(
    definition: KpiDefinition, calculator: Calculator, cells: Cells, inputs: pd.DataFrame, place: Place
) -> Spans:
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
    # An hour that a site was silent would cut its year; what lies in short gaps is nobody's window.
    of_sites = joined(np.concatenate(sites), np.concatenate(starts), np.concatenate(ends), gap=_GAP)
    index = {slug: number for number, slug in enumerate(cells.sites)}
    site = np.array([index[slug] for slug in inputs["site"].tolist()], dtype=np.int64)
    return _of_each(inputs["id"].to_numpy(np.int64), site, of_sites)


def joined(key: Integers, since: Integers, until: Integers, *, gap: int = 0) -> Spans:
    """Of each key the spans, with gaps up to that long between them: a row (key, from, to) for each, in order.

    >>> joined(np.array([1, 2, 1]), np.array([5, 0, 0]), np.array([20, 5, 10])).tolist()
    [[1, 0, 20], [2, 0, 5]]
    """
    if not len(key):
        return np.empty((0, 3), dtype=np.int64)
    begin, end = (key << _SITE) + since, (key << _SITE) + until
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order])
    first = np.concatenate([[0], np.flatnonzero(begin[1:] > reach[:-1] + gap) + 1])
    last = np.concatenate([first[1:], [len(begin)]]) - 1
    one = key[order[first]]
    return np.stack([one, begin[first] - (one << _SITE), reach[last] - (one << _SITE)], axis=1)


def _of_each(ids: Integers, key: Integers, spans: Spans) -> Spans:
    """The spans of each datastream's key, with its id instead."""
    first, behind = (np.searchsorted(spans[:, 0], key, side) for side in ("left", "right"))
    times = behind - first
    row = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    return np.column_stack([np.repeat(ids, times), spans[row, 1:]])


def spans_of_jobs(jobs: Sequence[Job], table: str) -> Spans:
    """What all of them together read of a table, without overlap."""
    different = {job.spans.tobytes(): job.spans for job in jobs if job.definition.table == table}
    return joined(*np.concatenate([np.empty((0, 3), dtype=np.int64), *different.values()]).T)


@dataclass(frozen=True, slots=True)
class ReadOnce:
    """What all jobs of a batch together read of a table."""

    records: Records
    keys: Integers

    @classmethod
    def of(cls, records: Records) -> ReadOnce:
        """With what its rows are found by."""
        return cls(records, (records["datastream"].astype(np.int64) << _SITE) + records["bucket"])

    def part(self, job: Job) -> Records:
        """The job's: its datastreams within their spans."""
        stream = job.spans[:, 0] << _SITE
        begin, end = (np.searchsorted(self.keys, stream + job.spans[:, side]) for side in (1, 2))
        begin, end = begin[end > begin], end[end > begin]
        if not len(begin):
            return self.records[:0]
        first = np.append(True, begin[1:] != end[:-1])
        last = np.append(first[1:], True)
        low, count = begin[first], end[last] - begin[first]
        if len(low) == 1:
            return self.records[low[0] : low[0] + count[0]]
        # np.concatenate() asks of every part anew whether its fields are those of the others.
        rows: Records = self.records[np.arange(count.sum()) + np.repeat(low - np.cumsum(count) + count, count)]
        return rows
