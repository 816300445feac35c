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
from processors.readings import Records, Span, merged
from processors.rolling import year_starts
from processors.selection import own_series, weather_series
from processors.sites import cells_of
from processors.wanted import Wanted
from processors.windows import HOUR, ends_of, shift_days

_SITE = 40  # seconds since 1970 need fewer bits
_GAP = 6 * HOUR


@dataclass(frozen=True, slots=True)
class Job:
    """One KPI and period of one city: its cells and the datastreams they rest on."""

    definition: KpiDefinition
    place: Place
    cells: Cells
    series: pd.DataFrame
    spans: list[Span]


class Town:
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
        wanted = _of_sites(definition, calculator, wanted, own)
        if not len(wanted):
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


def _of_sites(definition: KpiDefinition, calculator: Calculator, wanted: Wanted, own: pd.DataFrame) -> Wanted:
    """The values that are due, of sites that the KPI is about; what weather changed is due for all of them."""
    sites = set(own["site"])
    if definition.weather_inputs:
        return wanted.everywhere(sites)
    return wanted.of_sites(sites) if calculator.needs_all or definition.sites else wanted


def _around(cells: Cells, weather: pd.DataFrame) -> list[Span]:
    """All windows, of each weather datastream."""
    windows = _joined(np.zeros(len(cells), dtype=np.int64), cells.start, cells.end)
    return [(int(datastream), since, until) for datastream in weather["id"] for since, until in windows.get(0, ())]


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
    joined = _joined(np.concatenate(sites), np.concatenate(starts), np.concatenate(ends))
    index = {slug: number for number, slug in enumerate(cells.sites)}
    return [
        (int(datastream), since, until)
        for datastream, site in zip(inputs["id"], inputs["site"], strict=True)
        for since, until in joined.get(index[site], ())
    ]


def _joined(site: Integers, since: Integers, until: Integers) -> dict[int, list[tuple[int, int]]]:
    """Per site the spans of all these, with short gaps between them.

    An hour that a site was silent would cut its year; what lies in the gaps is nobody's window.
    """
    if not len(site):
        return {}
    begin, end = (site << _SITE) + since, (site << _SITE) + until
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order])
    first = np.concatenate([[0], np.flatnonzero(begin[1:] > reach[:-1] + _GAP) + 1])
    last = np.concatenate([first[1:], [len(begin)]]) - 1
    spans: dict[int, list[tuple[int, int]]] = {}
    for one, low, high in zip(site[order[first]].tolist(), begin[first].tolist(), reach[last].tolist(), strict=True):
        spans.setdefault(one, []).append((low - (one << _SITE), high - (one << _SITE)))
    return spans


def spans_of_jobs(jobs: Sequence[Job], table: str) -> list[Span]:
    """What all of them together read of a table, without overlap."""
    return merged([span for job in jobs if job.definition.table == table for span in job.spans])


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
        spans = np.array(sorted(job.spans), dtype=np.int64).reshape(-1, 3)
        at = [np.searchsorted(self.keys, (spans[:, 0] << _SITE) + spans[:, side]) for side in (1, 2)]
        slices: list[tuple[int, int]] = []
        for begin, end in zip(*(side.tolist() for side in at), strict=True):
            if slices and slices[-1][1] == begin:
                slices[-1] = (slices[-1][0], end)
            elif end > begin:
                slices.append((begin, end))
        if len(slices) == 1:
            return self.records[slices[0][0] : slices[0][1]]
        parts = [self.records[begin:end] for begin, end in slices]
        return np.concatenate(parts) if parts else self.records[:0]
