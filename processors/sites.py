"""Values of sites: runs a calculator over its cells and judges coverage and quality. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import as_period
from processors.calculation import Catalogue, Cells, Detail, Floats, Inputs, Outcome, Place
from processors.evidence import Facts, add_beyond, beyond_of, evidence_of, facts_of
from processors.preparation import prepare, select_series
from processors.readings import Records
from processors.selection import weather_of, weather_series
from processors.windows import ends_of, seconds

_EPSILON = 1e-9


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
    """The cells of these (site, start), which may repeat."""
    slugs = sorted({site for site, _ in wanted})
    index = {slug: number for number, slug in enumerate(slugs)}
    pairs = sorted({(index[site], start) for site, start in wanted})
    site = np.array([pair[0] for pair in pairs], dtype=np.int64)
    start = np.array([pair[1] for pair in pairs], dtype=np.int64)
    end = ends_of(start, as_period(period), place.calendar(definition.calendar))
    elapsed = np.clip((np.minimum(seconds(now), end) - start) // 3600, 0, None)
    known = attributes or {}
    return Cells(
        as_period(period), slugs, [kinds.get(slug, "") for slug in slugs], site, start, end, elapsed,
        [known.get(slug, {}) for slug in slugs],
    )  # fmt: skip


def site_values(
    definition: KpiDefinition,
    catalogue: Catalogue,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    place: Place,
) -> list[Value]:
    """The values of all cells, in their order.

    `records` are the rollups of (at least) the inputs' datastreams over the cells' windows and the days before them
    that the calculator asks for; `series` the city's datastreams.
    """
    calendar = place.calendar(definition.calendar)
    chosen = select_series(definition, series, list(cells.sites)).reset_index(drop=True)
    prepared = prepare(definition, cells, records, chosen, calendar)
    inputs = Inputs(
        definition, cells, prepared.hours, chosen, prepared.heard, calendar, place, catalogue.standards,
        weather_of(definition, records, series),
    )  # fmt: skip
    calculator = catalogue.calculator(definition)
    outcome = calculator.compute(inputs)
    facts = facts_of(cells, prepared, chosen)
    evidences = evidence_of(definition, place.city, cells, outcome, facts)
    beyond = beyond_of(calculator, cells, calendar, weather_series(definition, series))
    if beyond is not None:
        add_beyond(evidences, beyond, cells, records, chosen)
    return _assemble(definition, place.city, cells, outcome, facts, evidences)


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
    expected = cells.hours
    if cells.period in {"P1M", "P1Y"}:
        expected = np.minimum(cells.elapsed, expected)
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
