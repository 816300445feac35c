"""Facts of running means: hours of neighbouring values overlap, so they are counted by differences of sums. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Cells, Integers
from processors.evidence import Facts
from processors.preparation import Prepared
from processors.windows import HOUR, distinct


def running_facts(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> Facts:
    """What each hour's value rests on: the hours that end with it, as many as `cells.expected` says.

    The hash and what it covers are left to `add_beyond`, their mark to `marks_beyond`.
    """
    count = len(cells)
    since, until = cells.end - cells.expected * HOUR, cells.end
    cell, one = _pairs(cells, prepared, series)
    keys = (prepared.series << 40) + prepared.records["bucket"].astype(np.int64)
    order = np.argsort(keys, kind="stable")
    low, high = np.searchsorted(keys[order], (one << 40) + np.stack([since[cell], until[cell]]))
    there = high > low
    numbers = [prepared.records["n_suspect"], prepared.records["n_fail"], ~prepared.judges]
    suspect, fail, cannot_judge = (_sums(cell, _between(number[order], low, high), count) for number in numbers)
    classes, origins = np.zeros((2, count), dtype=np.int64)
    for masks, column in ((classes, "class_index"), (origins, "origin_index")):
        np.bitwise_or.at(masks, cell[there], 1 << series[column].to_numpy(np.int64)[one[there]])
    valid = _valid_hours(cells, prepared, since, until)
    nowhere = np.zeros((count, 2), dtype=np.int64)
    return Facts(
        records=prepared.records,
        order=None,
        edges=nowhere,
        ids=np.empty(0, dtype=np.int64),
        of_ids=nowhere,
        datastreams=_sums(cell, there, count),
        valid_hours=valid,
        share=valid / np.maximum(cells.expected, 1),
        suspect=suspect,
        fail=fail,
        classes=classes,
        origins=origins,
        indicative=cannot_judge > 0,
        marks=np.zeros(count, dtype=np.uint64),
    )


def _pairs(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> tuple[Integers, Integers]:
    """Each cell with each datastream of its site that has records."""
    found = distinct(prepared.series)
    site = series["site_index"].to_numpy(np.int64)[found]
    order = np.argsort(site, kind="stable")
    first, behind = (np.searchsorted(site[order], cells.site, side) for side in ("left", "right"))
    times = behind - first
    cell = np.repeat(np.arange(len(cells)), times)
    place = np.arange(len(cell)) - np.repeat(np.cumsum(times) - times, times) + first[cell]
    return cell, found[order][place]


def _sums(cell: Integers, numbers: Integers, count: int) -> Integers:
    return np.bincount(cell, numbers, minlength=count).astype(np.int64)


def _between(numbers: Integers, low: Integers, high: Integers) -> Integers:
    total = np.concatenate([[0], np.cumsum(numbers, dtype=np.int64)])
    return np.asarray(total[high] - total[low], dtype=np.int64)


def _valid_hours(cells: Cells, prepared: Prepared, since: Integers, until: Integers) -> Integers:
    """Hours in which any input is valid."""
    own = prepared.hours[prepared.hours["valid"]]
    keys = np.unique((own["site"].to_numpy(np.int64) << 40) + own["bucket"].to_numpy(np.int64) // HOUR * HOUR)
    site = cells.site << 40
    return np.asarray(np.searchsorted(keys, site + until) - np.searchsorted(keys, site + since), dtype=np.int64)
