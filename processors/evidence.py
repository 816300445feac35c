"""The evidence of sites' values: what each rests on, counted and hashed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar
from processors.calculation import Catalogue, Cells, Detail, Floats, Integers, Outcome
from processors.content import Marks, between, folded, mark_of, marks_of_records, running_total
from processors.preparation import CLASSES, ORIGINS, Booleans, Prepared
from processors.readings import Records
from processors.windows import HOUR, distinct, ends_of, shift_days


@dataclass(slots=True)
class Facts:
    """Per cell: what its evidence says.

    Attributes:
        records: rollups; a cell rests on those from `edges[cell, 0]` to before `edges[cell, 1]` of `order`, which are
            hashed. None: of the rollups as they lie.
        ids: datastreams, likewise by `of_ids`, in the order of the hash.
        share: how much of an hour is covered.
        classes, origins: a bit for each of `CLASSES` and `ORIGINS`.
        marks: of the records.
    """

    records: Records
    order: Integers | None
    edges: Integers
    ids: Integers
    of_ids: Integers
    datastreams: Integers
    valid_hours: Integers
    share: Floats
    suspect: Integers
    fail: Integers
    classes: Integers
    origins: Integers
    indicative: Booleans
    marks: Marks

    def take(self, rows: Integers) -> Facts:
        """Of those cells."""
        made = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name not in _OF_ALL}
        return Facts(records=self.records, order=self.order, ids=self.ids, **made)

    def series(self) -> list[list[int]]:
        """The datastreams of each cell."""
        every = self.ids.tolist()
        return [every[begin:end] for begin, end in self.of_ids.tolist()]

    def hashes(self) -> list[str]:
        """The fingerprint of each cell's records."""
        if self.order is None:
            data, width = bytes_of(self.records), self.records.dtype.itemsize
            parts = [data[begin:end] for begin, end in (self.edges * width).tolist()]
        else:
            parts = [bytes_of(self.records[self.order[begin:end]]) for begin, end in self.edges.tolist()]
        return ["sha256:" + hashlib.sha256(part).hexdigest() for part in parts]


_OF_ALL = {"records", "order", "ids"}


def facts_of(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> Facts:
    """Count what each cell rests on."""
    count, cell, order = len(cells), prepared.record_cell, prepared.order
    keys = distinct((cell << 24) + prepared.series)
    pairs = (keys >> 24, keys & 0xFFFFFF)
    classes = _masks(pairs[0], series["class_index"].to_numpy(np.int64)[pairs[1]], count)
    origins = _masks(pairs[0], series["origin_index"].to_numpy(np.int64)[pairs[1]], count)
    hours = prepared.hours
    cell_of, share_of = hours["cell"].to_numpy(np.int64), hours["share"].to_numpy(float)
    own = cell_of >= 0
    valid = own & hours["valid"].to_numpy(bool)
    hour = hours["bucket"].to_numpy(np.int64)[valid] // 3600  # of 5-minute buckets too
    hours_of = distinct((cell_of[valid] << 32) + hour) >> 32
    share = np.zeros(count)
    np.maximum.at(share, cell_of[own], share_of[own])
    edges = _edges(cell, count)
    marks = prepared.marks if order is None else prepared.marks[order]
    return Facts(
        records=prepared.records,
        order=order,
        edges=edges,
        ids=series["id"].to_numpy(np.int64)[pairs[1]],
        of_ids=_edges(pairs[0], count),
        datastreams=np.bincount(pairs[0], minlength=count),
        valid_hours=np.bincount(hours_of, minlength=count),
        share=share,
        suspect=_sums(cell, prepared.records["n_suspect"], order, count),
        fail=_sums(cell, prepared.records["n_fail"], order, count),
        classes=classes,
        origins=origins,
        indicative=np.bincount(cell, ~prepared.judges, minlength=count) > 0,
        marks=between(running_total(marks), edges[:, 0], edges[:, 1]),
    )


def _edges(cell: Integers, count: int) -> Integers:
    """From which row to which each cell's are; they are sorted by cell."""
    edges = np.searchsorted(cell, np.arange(count + 1))
    return np.stack([edges[:-1], edges[1:]], axis=1)


def bytes_of(records: Records) -> memoryview:
    """The rows as they lie in memory, without a copy where they lie together."""
    return np.ascontiguousarray(records).view(np.uint8).data


def _names_of(masks: Integers, every: Sequence[str]) -> list[list[str]]:
    """The names that each mask holds; equal masks share one list."""
    numbers = masks.tolist()
    names = {mask: [name for bit, name in enumerate(every) if mask >> bit & 1] for mask in set(numbers)}
    return [names[mask] for mask in numbers]


def _masks(cell: Integers, bit: Integers, count: int) -> Integers:
    masks = np.zeros(count, dtype=np.int64)
    np.bitwise_or.at(masks, cell, 1 << bit)
    return masks


def _sums(cell: Integers, numbers: Integers, order: Integers | None, count: int) -> Integers:
    if not numbers.any():
        return np.zeros(count, dtype=np.int64)
    return np.bincount(cell, numbers if order is None else numbers[order], minlength=count).astype(np.int64)


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
    looks = bool((beyond.since != cells.start).any() or (beyond.until != cells.end).any())
    spans = np.stack([beyond.since.T, beyond.until.T], axis=-1)
    said = np.array(iso(spans.ravel()) if looks else [], dtype=object).reshape(*spans.shape[:2], -1).tolist()
    weather = beyond.weather["id"].tolist()
    told = {"sites": sorted(beyond.weather["site"].unique()), "datastreams": len(weather)}
    origins = set(beyond.weather["origin"])
    streams = _streams_beyond(beyond, cells, series)
    hashes = _hashes_beyond(beyond, cells, records, streams)
    for at, (one, site, fingerprint) in enumerate(zip(found, cells.site.tolist(), hashes, strict=True)):
        one["inputs_hash"] = fingerprint
        one["series"] = streams[site]
        if looks:
            one["rests_on"] = said[at]
        if weather:
            one["weather"] = told
            one["origin"] = [kind.value for kind in ORIGINS if kind.value in {*one["origin"], *origins}]


def _hashes_beyond(beyond: Beyond, cells: Cells, records: Records, streams: Sequence[Sequence[int]]) -> list[str]:
    """The fingerprint of each cell's records: of one datastream after the other, each span of it."""
    data, width, keys = bytes_of(records), records.dtype.itemsize, _keys(records)
    most = max(map(len, streams), default=0)
    edges = np.zeros((len(cells), most, len(beyond.since), 2), dtype=np.int64)
    for place, (rows, datastream) in enumerate(_one_by_one(cells, streams)):
        for span, sides in enumerate(zip(beyond.since, beyond.until, strict=True)):
            for side, at in enumerate(sides):
                edges[rows, place, span, side] = np.searchsorted(keys, at[rows] + datastream)
    begin, end = edges.reshape(-1, 2).T
    cell = np.repeat(np.arange(len(cells)), most * len(beyond.since))
    begin, end, cell = (one[(end > begin)] for one in (begin, end, cell))
    # What lies together is hashed at once.
    apart = np.append(True, (begin[1:] != end[:-1]) | (cell[1:] != cell[:-1]))[: len(cell)]
    last = np.append(apart[1:], True)[: len(cell)]
    parts: list[list[tuple[int, int]]] = [[] for _ in range(len(cells))]
    slices = zip(cell[apart].tolist(), (begin[apart] * width).tolist(), (end[last] * width).tolist(), strict=True)
    for at, low, high in slices:
        parts[at].append((low, high))
    hashes: list[str] = []
    for of_cell in parts:
        digest = hashlib.sha256()
        for low, high in of_cell:
            digest.update(data[low:high])
        hashes.append("sha256:" + digest.hexdigest())
    return hashes


def _one_by_one(cells: Cells, streams: Sequence[Sequence[int]]) -> Iterator[tuple[Integers, Integers]]:
    """Each cell's first datastream, then each one's second …: the cells that have one, and where its keys begin."""
    for place in range(max(map(len, streams), default=0)):
        there = np.array([here[place] if place < len(here) else -1 for here in streams], dtype=np.int64)[cells.site]
        rows = np.flatnonzero(there >= 0)
        yield rows, there[rows] << 40


def _keys(records: Records) -> Integers:
    return (records["datastream"].astype(np.int64) << 40) + records["bucket"].astype(np.int64)


def _streams_beyond(beyond: Beyond, cells: Cells, series: pd.DataFrame) -> list[list[int]]:
    """The datastreams of each site, and those of the weather."""
    own: dict[int, list[int]] = {}
    for site, datastream in zip(series["site_index"].tolist(), series["id"].tolist(), strict=True):
        own.setdefault(site, []).append(datastream)
    everywhere = beyond.weather["id"].tolist()
    return [sorted({*own.get(site, ()), *everywhere}) for site in range(len(cells.sites))]


def marks_beyond(beyond: Beyond, cells: Cells, records: Records, series: pd.DataFrame) -> Marks:
    """The mark of what `add_beyond` would say of each cell."""
    weather = beyond.weather
    said = mark_of(weather["id"].tolist(), weather["site"].tolist(), weather["origin"].tolist())
    marks = folded(np.full(len(cells), said, dtype=np.uint64), *beyond.since, *beyond.until)
    keys, total = _keys(records), running_total(marks_of_records(records))
    streams = _streams_beyond(beyond, cells, series)
    found = np.zeros(len(cells), dtype=np.uint64)
    for rows, datastream in _one_by_one(cells, streams):
        for since, until in zip(beyond.since, beyond.until, strict=True):
            low, high = (np.searchsorted(keys, at[rows] + datastream) for at in (since, until))
            found[rows] += between(total, low, high)
    return folded(marks, np.array([mark_of(here) for here in streams], dtype=np.uint64)[cells.site], found)


def evidence_of(definition: KpiDefinition, city: str, cells: Cells, outcome: Outcome, facts: Facts) -> list[Detail]:
    """The evidence of each cell, as DATA.md names its parts; a running month or year also says what is `elapsed`."""
    starts, ends = iso(cells.start), iso(cells.end)
    link = f"/v1/kpis/{definition.id}/inputs?city={city}&scope_kind=site&scope="
    columns = zip(
        (cells.sites[site] for site in cells.site.tolist()),
        starts,
        ends,
        facts.series(),
        facts.datastreams.tolist(),
        cells.expected.tolist(),
        facts.valid_hours.tolist(),
        facts.suspect.tolist(),
        facts.fail.tolist(),
        _names_of(facts.classes, [kind.value for kind in CLASSES]),
        _names_of(facts.origins, [kind.value for kind in ORIGINS]),
        facts.hashes(),
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
        for one, indicative in zip(found, facts.indicative.tolist(), strict=True):
            if indicative:
                one["indicative"] = True
    for one, more in zip(found, outcome.evidence or [], strict=False):
        one.update(more or {})


def iso(at: Integers) -> list[str]:
    """RFC 3339 of seconds since 1970."""
    return [f"{text}Z" for text in np.datetime_as_string(at.astype("datetime64[s]")).tolist()]
