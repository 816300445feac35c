"""Values of sites: runs a calculator over its cells and judges coverage and quality. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar, as_period
from processors.calculation import Catalogue, Cells, Detail, Floats, Inputs, Outcome, Place
from processors.evidence import Facts, add_beyond, beyond_of, evidence_of, facts_of, iso
from processors.hour_selection import counting_hours, selected
from processors.preparation import Prepared, prepare, select_series
from processors.readings import Records
from processors.rolling import spans_said, years_of
from processors.running import running_facts
from processors.selection import weather_of, weather_series
from processors.windows import HOUR, ends_of, seconds

_EPSILON = 1e-9


Known = dict[tuple[Any, ...], Any]


@dataclass(slots=True)
class Value:
    """One value of a KPI, as it is stored. `value` is None where there is none."""

    definition: KpiDefinition
    city: str
    scope_kind: str
    scope: str
    period: str
    start: int
    end: int
    value: float | None
    band: str | None
    detail: Detail | None
    quality: str
    reason: str | None
    coverage: float | None
    evidence: Detail


def cells_of(
    definition: KpiDefinition,
    period: str,
    wanted: Sequence[tuple[str, int]],
    kinds: Mapping[str, str],
    place: Place,
    now: datetime,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Cells:
    """The cells of these (site, start), which may repeat; without those of which no hour counts."""
    slugs = sorted({site for site, _ in wanted})
    index = {slug: number for number, slug in enumerate(slugs)}
    pairs = sorted({(index[site], start) for site, start in wanted})
    site = np.array([pair[0] for pair in pairs], dtype=np.int64)
    start = np.array([pair[1] for pair in pairs], dtype=np.int64)
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


def site_values(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    place: Place,
    known: Known | None = None,
) -> list[Value]:
    """The values of all cells, in their order.

    `known` keeps what definitions have in common that are worked on together with the same `records`. `records` are the
    rollups of (at least) the inputs' datastreams over the cells' windows and the hours beside them that the definition
    and its calculator ask for; `series` the city's datastreams.
    """
    calendar = place.calendar(definition.calendar)
    if definition.window.selects:
        records = records[selected(records["bucket"].astype(np.int64), definition.window, calendar, place.country)]
    if not definition.rolling:
        return _values(definition, catalogue, cells, records, series, (place, calendar), known)
    found: dict[int, Value] = {}
    for years, year_calendar, rows in years_of(definition, cells, calendar, place.country):
        values = _values(definition, catalogue, years, records, series, (place, year_calendar), None)
        for row, value, spans in zip(rows.tolist(), values, spans_said(years), strict=True):
            found[row] = _of_month(value, cells, row, spans)
    return [found[row] for row in range(len(cells))]


def _of_month(value: Value, cells: Cells, row: int, spans: list[list[str]]) -> Value:
    """A rolling year's value as that of the month it ends with; its evidence names the twelve months."""
    start, end = iso(np.array([cells.start[row], cells.end[row]]))
    link = value.evidence["inputs"].split("&period=")[0]
    more = {"window": [start, end], "inputs": f"{link}&period={cells.period}&start={start}"}
    evidence = {"rests_on": spans} | value.evidence | more
    return replace(value, period=cells.period, start=int(cells.start[row]), evidence=evidence)


def _values(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    where: tuple[Place, Calendar],
    known: Known | None,
) -> list[Value]:
    place, calendar = where
    chosen = select_series(definition, series, list(cells.sites)).reset_index(drop=True)
    prepared, found = _prepared(definition, cells, records, chosen, calendar, known)
    inputs = Inputs(
        definition, cells, prepared.hours, chosen, prepared.heard, calendar, place, catalogue.standards,
        weather_of(definition, records, series),
    )  # fmt: skip
    outcome = catalogue.calculator(definition).compute(inputs)
    evidences = evidence_of(definition, place.city, cells, outcome, found)
    beyond = beyond_of(definition, catalogue, cells, calendar, weather_series(definition, series))
    if beyond is not None:
        add_beyond(evidences, beyond, cells, records, chosen)
    return _assemble(definition, place.city, cells, outcome, found, evidences)


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


def _assemble(
    definition: KpiDefinition, city: str, cells: Cells, outcome: Outcome, facts: Facts, evidences: list[Detail]
) -> list[Value]:
    coverage = _coverage(cells, outcome, facts)
    suffices = (coverage >= definition.needed_coverage(cells.period) - _EPSILON).tolist()
    nothing: list[None] = [None] * len(cells)
    columns = zip(
        (cells.sites[site] for site in cells.site.tolist()),
        cells.start.tolist(),
        cells.end.tolist(),
        outcome.value.tolist(),
        outcome.band or nothing,
        outcome.detail or nothing,
        outcome.undefined or nothing,
        np.round(coverage, 9).tolist(),
        suffices,
        evidences,
        strict=True,
    )
    values: list[Value] = []
    for site, start, end, number, band, detail, words, share, enough, evidence in columns:
        value = None if number != number else number  # noqa: PLR0124 - NaN is the one number unlike itself
        reason: str | None
        if words is not None:
            detail = {**(detail or {}), "why": words}  # noqa: PLW2901
            quality, reason = "undefined", "not_defined"
        elif value is None:
            quality, reason = "undefined", _why_nothing(evidence)
        else:
            quality, reason = ("ok", None) if enough else ("insufficient", "low_coverage")
        if "indicative" in evidence:
            band = None  # noqa: PLW2901 - a law is not judged by it
        elif outcome.band is None:
            band = minimum_band(definition, value)  # noqa: PLW2901
        values.append(
            Value(
                definition, city, "site", site, cells.period, start, end, value, band, detail, quality, reason, share,
                evidence,
            )
        )  # fmt: skip
    return values


def _coverage(cells: Cells, outcome: Outcome, facts: Facts) -> Floats:
    """Share of each window that is valid, by which its quality is judged.

    A running month or year is judged by what is over; an hour or a day needs its share of the whole (18 of 24 hours).
    """
    if cells.period == "PT1H" and outcome.covered is None:
        return facts.share
    expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
    covered = facts.valid_hours if outcome.covered is None else outcome.covered
    of = expected if outcome.expected is None else outcome.expected
    return np.minimum(1.0, covered / np.maximum(of, 1))


def _why_nothing(evidence: Detail) -> str:
    if any(evidence["left_out"].values()):
        return "flagged"
    return "low_coverage" if evidence["datastreams"] else "silent"


def minimum_band(definition: KpiDefinition, value: float | None) -> str | None:
    """The band of a KPI that only asks for a minimum."""
    if definition.bands is None or value is None or "minimum" not in definition.bands:
        return None
    return "enough" if value >= definition.bands["minimum"] else "too_little"
