"""What one batch computes: its KPIs, each with its cells and the datastreams and hours that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import as_period
from processors.calculation import Calculator, Catalogue, Cells, Place
from processors.claims import Claimed
from processors.readings import Records, Span, merged
from processors.rolling import year_starts
from processors.selection import own_series, weather_series
from processors.sites import cells_of
from processors.wanted import Wanted
from processors.windows import HOUR, ends_of, shift_days


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


def spans_of_jobs(jobs: Sequence[Job], table: str) -> list[Span]:
    """What all of them together read of a table, without overlap."""
    """What all of them together read of a table, without overlap."""
    return merged([span for job in jobs if job.definition.table == table for span in job.spans])


def records_of_job(records: Records, job: Job) -> Records:
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
