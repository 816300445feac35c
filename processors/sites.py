"""Values of sites: runs a calculator over its cells and adds quality, coverage and evidence. Pure."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from msgspec import json

from bypuls.kpi import KpiDefinition
from bypuls.periods import as_period
from processors.calculation import Catalogue, Cells, Detail, Inputs, Integers, Outcome, Place
from processors.preparation import CLASSES, ORIGINS, Prepared, prepare, select_series
from processors.readings import Records
from processors.windows import ends_of, instant, seconds

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
    kinds: dict[str, str],
    place: Place,
    now: datetime,
) -> Cells:
    """The cells of these (site, start), which may repeat."""
    slugs = sorted({site for site, _ in wanted})
    index = {slug: number for number, slug in enumerate(slugs)}
    pairs = sorted({(index[site], start) for site, start in wanted})
    site = np.array([pair[0] for pair in pairs], dtype=np.int64)
    start = np.array([pair[1] for pair in pairs], dtype=np.int64)
    end = ends_of(start, as_period(period), place.calendar(definition.calendar))
    elapsed = np.clip((np.minimum(seconds(now), end) - start) // 3600, 0, None)
    return Cells(as_period(period), slugs, [kinds.get(slug, "") for slug in slugs], site, start, end, elapsed)


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
    inputs = Inputs(definition, cells, prepared.hours, chosen, prepared.heard, calendar, place, catalogue.standards)
    outcome = catalogue.calculator(definition).compute(inputs)
    facts = _facts(cells, prepared, chosen)
    return _assemble(definition, place.city, cells, outcome, facts)


@dataclass(slots=True)
class _Facts:
    """Per cell: what the evidence says."""

    datastreams: list[int]
    valid_hours: Integers
    share: list[float]
    suspect: list[int]
    fail: list[int]
    classes: list[list[str]]
    origins: list[list[str]]
    indicative: list[bool]
    hashes: list[str]


def _facts(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> _Facts:
    count, cell = len(cells), prepared.record_cell
    pairs = np.unique(np.stack([cell, prepared.series]), axis=1) if len(cell) else np.zeros((2, 0), dtype=np.int64)
    classes = _masks(pairs[0], series["class_index"].to_numpy(np.int64)[pairs[1]], count)
    origins = _masks(pairs[0], series["origin_index"].to_numpy(np.int64)[pairs[1]], count)
    hours = prepared.hours
    own = hours[hours["cell"] >= 0]
    valid = own[own["valid"]]
    hour = valid["bucket"].to_numpy(np.int64) // 3600  # of 5-minute buckets too
    distinct = np.unique((valid["cell"].to_numpy(np.int64) << 32) + hour) >> 32
    share = np.zeros(count)
    np.maximum.at(share, own["cell"].to_numpy(np.int64), own["share"].to_numpy(float))
    names = {mask: _names(mask, [kind.value for kind in CLASSES]) for mask in set(classes)}
    sources = {mask: _names(mask, [kind.value for kind in ORIGINS]) for mask in set(origins)}
    return _Facts(
        datastreams=np.bincount(pairs[0], minlength=count).tolist(),
        valid_hours=np.bincount(distinct, minlength=count),
        share=share.tolist(),
        suspect=_sums(cell, prepared.records["n_suspect"], count),
        fail=_sums(cell, prepared.records["n_fail"], count),
        classes=[names[mask] for mask in classes],
        origins=[sources[mask] for mask in origins],
        indicative=(np.bincount(cell, ~prepared.judges, minlength=count) > 0).tolist(),
        hashes=_hashes(prepared.records, cell, count),
    )


def _masks(cell: Integers, bit: Integers, count: int) -> list[int]:
    masks = np.zeros(count, dtype=np.int64)
    np.bitwise_or.at(masks, cell, 1 << bit)
    return [int(mask) for mask in masks]


def _names(mask: int, names: list[str]) -> list[str]:
    return [name for number, name in enumerate(names) if mask >> number & 1]


def _sums(cell: Integers, numbers: Integers, count: int) -> list[int]:
    return [int(total) for total in np.bincount(cell, numbers, minlength=count)]


def _hashes(records: Records, cell: Integers, count: int) -> list[str]:
    data, width = memoryview(np.ascontiguousarray(records).tobytes()), records.dtype.itemsize
    edges = (np.searchsorted(cell, np.arange(count + 1)) * width).tolist()
    return ["sha256:" + hashlib.sha256(data[begin:end]).hexdigest() for begin, end in itertools.pairwise(edges)]


def _assemble(definition: KpiDefinition, city: str, cells: Cells, outcome: Outcome, facts: _Facts) -> list[Value]:
    starts, ends = _iso(cells.start), _iso(cells.end)
    expected = cells.hours
    running = cells.elapsed < expected
    # A running month or year is judged by what is over; an hour or a day needs its share of the whole (18 of 24 hours).
    by_elapsed = cells.period in {"P1M", "P1Y"}
    basis = np.where(running, cells.elapsed, expected) if by_elapsed else expected
    covered = facts.valid_hours if outcome.covered is None else outcome.covered
    of = basis if outcome.expected is None else outcome.expected
    coverage = np.minimum(1.0, covered / np.maximum(of, 1))
    if cells.period == "PT1H" and outcome.covered is None:
        coverage = np.array(facts.share)
    needed = definition.needed_coverage(cells.period) - _EPSILON
    link = f"/v1/kpis/{definition.id}/inputs?city={city}&scope_kind=site&scope="
    values: list[Value] = []
    for at, value in enumerate(outcome.value.tolist()):
        site = cells.sites[cells.site[at]]
        hours = {"expected": int(expected[at]), "valid": int(facts.valid_hours[at])}
        if running[at] and by_elapsed:
            hours["elapsed"] = int(cells.elapsed[at])
        evidence: Detail = {
            "sites": 1,
            "datastreams": facts.datastreams[at],
            "hours": hours,
            "left_out": {"suspect": facts.suspect[at], "fail": facts.fail[at]},
            "class": facts.classes[at],
            "origin": facts.origins[at],
            "version": definition.version,
            "window": [starts[at], ends[at]],
            "inputs_hash": facts.hashes[at],
            "inputs": f"{link}{site}&period={cells.period}&start={starts[at]}",
        }
        if outcome.counted != "hours" and outcome.covered is not None and outcome.expected is not None:
            evidence[outcome.counted] = {"expected": int(outcome.expected[at]), "valid": int(outcome.covered[at])}
        if definition.judges_law and facts.indicative[at]:
            evidence["indicative"] = True
        evidence.update((outcome.evidence[at] if outcome.evidence else None) or {})
        result = None if np.isnan(value) else value
        words = outcome.undefined[at] if outcome.undefined else None
        detail = outcome.detail[at] if outcome.detail else None
        if words is not None:
            detail = {**(detail or {}), "why": words}
        quality, reason = _judge(result, words, float(coverage[at]) >= needed, evidence)
        values.append(
            Value(
                definition, city, "site", site, cells.period, int(cells.start[at]), int(cells.end[at]), result,
                _band(definition, outcome, at, result, evidence), detail, quality, reason,
                round(float(coverage[at]), 9), evidence,
            )
        )  # fmt: skip
    return values


def _judge(value: float | None, words: str | None, covered: bool, evidence: Detail) -> tuple[str, str | None]:  # noqa: FBT001
    if words is not None:
        return "undefined", "not_defined"
    if value is None:
        return "undefined", _why_nothing(evidence)
    return ("ok", None) if covered else ("insufficient", "low_coverage")


def _why_nothing(evidence: Detail) -> str:
    if any(evidence["left_out"].values()):
        return "flagged"
    return "low_coverage" if evidence["datastreams"] else "silent"


def _band(definition: KpiDefinition, outcome: Outcome, at: int, value: float | None, evidence: Detail) -> str | None:
    if evidence.get("indicative"):  # a law is not judged by it
        return None
    if outcome.band is not None:
        return outcome.band[at]
    return minimum_band(definition, value)


def minimum_band(definition: KpiDefinition, value: float | None) -> str | None:
    """The band of a KPI that only asks for a minimum."""
    minimum = (definition.bands or {}).get("minimum")
    if minimum is None or value is None:
        return None
    return "enough" if value >= minimum else "too_little"


def _iso(at: Integers) -> list[str]:
    return [f"{text}Z" for text in np.datetime_as_string(at.astype("datetime64[s]")).tolist()]


def row_of(value: Value) -> tuple[Any, ...]:
    """As `kpi_value` is staged: JSON as text."""
    definition = value.definition
    return (
        value.city,
        definition.id,
        value.scope_kind,
        value.scope,
        value.period,
        instant(value.start),
        instant(value.end),
        value.value,
        definition.unit,
        value.band,
        None if value.detail is None else json.encode(value.detail).decode(),
        value.quality,
        value.reason,
        value.coverage,
        json.encode(value.evidence).decode(),
        definition.version,
        instant(value.end) + definition.lateness,
    )
