"""The evidence of sites' values: what each rests on, counted and hashed. Pure."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar
from processors.calculation import Catalogue, Cells, Detail, Floats, Integers, Outcome
from processors.preparation import CLASSES, ORIGINS, Prepared
from processors.readings import Records
from processors.windows import HOUR, distinct, ends_of, shift_days


@dataclass(slots=True)
class Facts:
    """Per cell: what its evidence says.

    Attributes:
        series: the datastreams whose hours are hashed, in the order of the hash.
        share: how much of an hour is covered.
    """

    series: list[list[int]]
    datastreams: list[int]
    valid_hours: Integers
    share: Floats
    suspect: list[int]
    fail: list[int]
    classes: list[list[str]]
    origins: list[list[str]]
    indicative: list[bool]
    hashes: list[str]


def facts_of(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> Facts:
    """Count and hash what each cell rests on."""
    count, cell = len(cells), prepared.record_cell
    keys = distinct((cell << 24) + prepared.series)
    pairs = (keys >> 24, keys & 0xFFFFFF)
    classes = _masks(pairs[0], series["class_index"].to_numpy(np.int64)[pairs[1]], count)
    origins = _masks(pairs[0], series["origin_index"].to_numpy(np.int64)[pairs[1]], count)
    hours = prepared.hours
    own = hours[hours["cell"] >= 0]
    valid = own[own["valid"]]
    hour = valid["bucket"].to_numpy(np.int64) // 3600  # of 5-minute buckets too
    hours_of = distinct((valid["cell"].to_numpy(np.int64) << 32) + hour) >> 32
    share = np.zeros(count)
    np.maximum.at(share, own["cell"].to_numpy(np.int64), own["share"].to_numpy(float))
    return Facts(
        series=_split(series["id"].to_numpy(np.int64)[pairs[1]], pairs[0], count),
        datastreams=np.bincount(pairs[0], minlength=count).tolist(),
        valid_hours=np.bincount(hours_of, minlength=count),
        share=share,
        suspect=_sums(cell, prepared.records["n_suspect"], count),
        fail=_sums(cell, prepared.records["n_fail"], count),
        classes=class_names(classes),
        origins=origin_names(origins),
        indicative=(np.bincount(cell, ~prepared.judges, minlength=count) > 0).tolist(),
        hashes=_hashes(prepared.records, cell, count),
    )


def _split(numbers: Integers, cell: Integers, count: int) -> list[list[int]]:
    """The numbers of each cell; both are sorted by cell."""
    edges, every = np.searchsorted(cell, np.arange(count + 1)).tolist(), numbers.tolist()
    return [every[begin:end] for begin, end in itertools.pairwise(edges)]


def class_names(masks: list[int]) -> list[list[str]]:
    """The classes of instruments that each mask holds; equal masks share one list."""
    names = {mask: _names(mask, [kind.value for kind in CLASSES]) for mask in set(masks)}
    return [names[mask] for mask in masks]


def origin_names(masks: list[int]) -> list[list[str]]:
    """The origins that each mask holds."""
    names = {mask: _names(mask, [kind.value for kind in ORIGINS]) for mask in set(masks)}
    return [names[mask] for mask in masks]


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


@dataclass(frozen=True, slots=True)
class Beyond:
    """What values rest on that is not of their window and site.

    Attributes:
        since, until: seconds since 1970; a row per span of hours, a column per cell.
        weather: the city's weather datastreams that all of them rest on.
    """

    since: Integers
    until: Integers
    weather: pd.DataFrame


def beyond_of(
    definition: KpiDefinition, catalogue: Catalogue, cells: Cells, calendar: Calendar, weather: pd.DataFrame
) -> Beyond | None:
    """The spans that a definition and its calculator ask for; None where the sites' windows themselves are all."""
    calculator, running = catalogue.calculator(definition), definition.window.last_hours
    if not calculator.looks_beyond and running == 1 and not len(weather):
        return None
    since = [cells.start - max(calculator.hours_before, running - 1) * HOUR]
    until = [cells.end + calculator.hours_after * HOUR]
    for days in calculator.days_before:
        since.append(shift_days(cells.start, -days, calendar))
        until.append(ends_of(since[-1], cells.period, calendar))
    return Beyond(np.array(since[::-1]), np.array(until[::-1]), weather)


def add_beyond(found: list[Detail], beyond: Beyond, cells: Cells, records: Records, series: pd.DataFrame) -> None:
    """Say in the evidence what `beyond` holds, and hash it instead of the window alone: `rests_on`, `weather`."""
    spans = np.stack([beyond.since.T, beyond.until.T], axis=-1)
    looks = bool((beyond.since != cells.start).any() or (beyond.until != cells.end).any())
    everywhere = beyond.weather["id"].tolist()
    data, width = memoryview(np.ascontiguousarray(records).tobytes()), records.dtype.itemsize
    keys = (records["datastream"].astype(np.int64) << 40) + records["bucket"].astype(np.int64)
    own = series.groupby("site_index")["id"].agg(list).to_dict()
    streams = [sorted({*own.get(site, ()), *everywhere}) for site in range(len(cells.sites))]
    edges: list[list[Integers]] = [[] for _ in found]
    for site, here in enumerate(streams):
        rows = np.flatnonzero(cells.site == site)
        for datastream in here:
            for row, slices in zip(rows.tolist(), np.searchsorted(keys, spans[rows] + (datastream << 40)), strict=True):
                edges[row].append(slices * width)
    for one, site, of_cell, slices in zip(found, cells.site.tolist(), spans, edges, strict=True):
        digest = hashlib.sha256()
        for begin, end in itertools.chain.from_iterable(part.tolist() for part in slices):
            digest.update(data[begin:end])
        one["inputs_hash"] = "sha256:" + digest.hexdigest()
        one["series"] = streams[site]
        if looks:
            one["rests_on"] = [iso(span) for span in of_cell]
        if everywhere:
            one["weather"] = {"sites": sorted(beyond.weather["site"].unique()), "datastreams": len(everywhere)}
            one["origin"] = [
                kind.value for kind in ORIGINS if kind.value in {*one["origin"], *beyond.weather["origin"]}
            ]


def evidence_of(definition: KpiDefinition, city: str, cells: Cells, outcome: Outcome, facts: Facts) -> list[Detail]:
    """The evidence of each cell, as DATA.md names its parts; a running month or year also says what is `elapsed`."""
    starts, ends = iso(cells.start), iso(cells.end)
    link = f"/v1/kpis/{definition.id}/inputs?city={city}&scope_kind=site&scope="
    columns = zip(
        (cells.sites[site] for site in cells.site.tolist()),
        starts,
        ends,
        facts.series,
        facts.datastreams,
        cells.expected.tolist(),
        facts.valid_hours.tolist(),
        facts.suspect,
        facts.fail,
        facts.classes,
        facts.origins,
        facts.hashes,
        strict=True,
    )
    found: list[Detail] = [
        {
            "sites": 1,
            "datastreams": datastreams,
            "series": ids,
            "hours": {"expected": expected, "valid": valid},
            "left_out": {"suspect": suspect, "fail": fail},
            "class": classes,
            "origin": origins,
            "version": definition.version,
            "window": [start, end],
            "inputs_hash": fingerprint,
            "inputs": f"{link}{site}&period={cells.period}&start={start}",
        }
        for site, start, end, ids, datastreams, expected, valid, suspect, fail, classes, origins, fingerprint in columns
    ]
    if definition.window.selects:
        for one in found:
            one["selection"] = definition.window.said()
    _add(found, definition, cells, outcome, facts)
    return found


def _add(found: list[Detail], definition: KpiDefinition, cells: Cells, outcome: Outcome, facts: Facts) -> None:
    """What not every value's evidence has."""
    if cells.period in {"P1M", "P1Y"}:
        for at in np.flatnonzero(cells.elapsed < cells.hours).tolist():
            found[at]["hours"]["elapsed"] = int(cells.expected_over[at])
    if outcome.counted != "hours" and outcome.covered is not None and outcome.expected is not None:
        for one, expected, valid in zip(found, outcome.expected.tolist(), outcome.covered.tolist(), strict=True):
            one[outcome.counted] = {"expected": expected, "valid": valid}
    if definition.judges_law:
        for one, indicative in zip(found, facts.indicative, strict=True):
            if indicative:
                one["indicative"] = True
    for one, more in zip(found, outcome.evidence or [], strict=False):
        one.update(more or {})


def iso(at: Integers) -> list[str]:
    """RFC 3339 of seconds since 1970."""
    return [f"{text}Z" for text in np.datetime_as_string(at.astype("datetime64[s]")).tolist()]
