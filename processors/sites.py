"""Values of sites: runs a calculator over its cells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar, as_period
from processors.calculation import Catalogue, Cells, Inputs, Integers, Place
from processors.columns import Columns, Run
from processors.evidence import Facts, beyond_of, facts_of, iso
from processors.hour_selection import counting_hours, selected
from processors.preparation import Prepared, prepare, select_series
from processors.readings import Records
from processors.rolling import spans_said, years_of
from processors.running import running_facts
from processors.selection import weather_of, weather_series
from processors.values import Value
from processors.wanted import Wanted
from processors.windows import HOUR, ends_of, seconds

Known = dict[tuple[Any, ...], Any]
WHATEVER_HOURS = "whatever hours"
"""First in the key of what depends on the city's datastreams alone, not on the hours of a batch."""


def cells_of(
    definition: KpiDefinition,
    period: str,
    wanted: Wanted,
    kinds: Mapping[str, str],
    place: Place,
    now: datetime,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Cells:
    """The cells of what is wanted, without those of which no hour counts."""
    wanted = wanted.in_order()
    slugs, site, start = wanted.slugs, wanted.site, wanted.start
    end = ends_of(start, as_period(period), place.calendar(definition.calendar))
    elapsed = np.clip((np.minimum(seconds(now), end) - start) // 3600, 0, None)
    known, window = attributes or {}, definition.window
    cells = Cells(
        as_period(period), slugs, [kinds.get(slug, "") for slug in slugs], site, start, end, elapsed,
        [known.get(slug, {}) for slug in slugs],
    )  # fmt: skip
    if window.last_hours > 1:
        return replace(cells, counting=np.full(len(site), window.last_hours))
    if not window.selects:
        return cells
    calendar = place.calendar(definition.calendar)
    counting = counting_hours(start, end, window, calendar, place.country)
    over = counting_hours(start, start + elapsed * HOUR, window, calendar, place.country)
    some = counting > 0
    return replace(
        cells, site=site[some], start=start[some], end=end[some], elapsed=elapsed[some], counting=counting[some],
        counting_over=over[some],
    )  # fmt: skip


def site_columns(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    place: Place,
    known: Known | None = None,
) -> Columns:
    """The values of all cells, in their order.

    `known` keeps what definitions have in common that are worked on together with the same `records`. `records` are the
    rollups of (at least) the inputs' datastreams over the cells' windows and the hours beside them that the definition
    and its calculator ask for; `series` the city's datastreams.
    """
    calendar = place.calendar(definition.calendar)
    if definition.window.selects:
        records = records[selected(records["bucket"].astype(np.int64), definition.window, calendar, place.country)]
    if not definition.rolling:
        run = _run(definition, catalogue, cells, records, series, (place, calendar), known)
        return Columns.of(cells, [run], [np.arange(len(cells))])
    runs: list[Run] = []
    of_runs: list[Integers] = []
    spans: dict[tuple[str, int], list[list[str]]] = {}
    for years, year_calendar, rows in years_of(definition, cells, calendar, place.country):
        runs.append(_run(definition, catalogue, years, records, series, (place, year_calendar), None))
        of_runs.append(rows)
        for site, start, said in zip(years.site.tolist(), cells.start[rows].tolist(), spans_said(years), strict=True):
            spans[cells.sites[site], start] = said

    def turned(value: Value, start: int) -> Value:
        return _of_month(value, cells.period, start, spans[value.scope, start])

    return Columns.of(cells, runs, of_runs, turned)


def site_values(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    place: Place,
) -> list[Value]:
    """The same, all of them written out."""
    columns = site_columns(definition, catalogue, cells, records, series, place)
    return columns.values(np.arange(len(columns)))


def _of_month(value: Value, period: str, start: int, spans: list[list[str]]) -> Value:
    """A rolling year's value as that of the month it ends with; its evidence names the twelve months."""
    begin, end = iso(np.array([start, value.end]))
    link = value.evidence["inputs"].split("&period=")[0]
    more = {"window": [begin, end], "inputs": f"{link}&period={period}&start={begin}"}
    evidence = {"rests_on": spans} | value.evidence | more
    return replace(value, period=period, start=start, evidence=evidence)


def _run(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    where: tuple[Place, Calendar],
    known: Known | None,
) -> Run:
    place, calendar = where
    chosen = _chosen(definition, cells, series, known)
    prepared, found = _prepared(definition, cells, records, chosen, calendar, known)
    inputs = Inputs(
        definition, cells, prepared.hours, chosen, prepared.heard, calendar, place, catalogue.standards,
        weather_of(definition, records, series),
    )  # fmt: skip
    outcome = catalogue.calculator(definition).compute(inputs)
    beyond = beyond_of(definition, catalogue, cells, calendar, weather_series(definition, series))
    return Run(definition, place.city, cells, outcome, found, records, chosen, beyond)


def _chosen(definition: KpiDefinition, cells: Cells, series: pd.DataFrame, known: Known | None) -> pd.DataFrame:
    """The datastreams it rests on: the same for all definitions that take the same classes of the same properties."""
    inputs = tuple((one.property, one.classes, one.from_site) for one in definition.inputs.values())
    key = (
        WHATEVER_HOURS, inputs, definition.judges_law, series["id"].to_numpy(np.int64).tobytes(),
        tuple(cells.sites),
    )  # fmt: skip
    if known is not None and key in known:
        return cast("pd.DataFrame", known[key])
    chosen = select_series(definition, series, list(cells.sites)).reset_index(drop=True)
    if known is not None:
        known[key] = chosen
    return chosen


def _prepared(
    definition: KpiDefinition,
    cells: Cells,
    records: Records,
    chosen: pd.DataFrame,
    calendar: Calendar,
    known: Known | None,
) -> tuple[Prepared, Facts]:
    """The cells' hours and what is counted of them: the same for all definitions that choose and judge hours alike."""
    key = (
        cells.period, calendar, cells.site.tobytes(), cells.start.tobytes(), definition.window, definition.judges_law,
        definition.site_combine, definition.coverage.get("hour"), definition.needed_coverage(cells.period),
        tuple((one.property, one.statistic) for one in definition.inputs.values()),
        chosen["id"].to_numpy(np.int64).tobytes(), chosen["judges"].to_numpy(bool).tobytes(),
    )  # fmt: skip
    if known is not None and key in known:
        return cast("tuple[Prepared, Facts]", known[key])
    prepared = prepare(definition, cells, records, chosen, calendar, known)
    facts = facts_of if definition.window.last_hours == 1 else running_facts
    found = prepared, facts(cells, prepared, chosen)
    if known is not None:
        known[key] = found
    return found
