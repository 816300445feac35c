"""Facts of running means: hours of neighbouring values overlap, so they are counted by differences of sums. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Cells, Integers
from processors.evidence import Facts
from processors.preparation import Prepared
from processors.windows import HOUR


def running_facts(cells: Cells, prepared: Prepared, series: pd.DataFrame) -> Facts:
    """What each hour's value rests on: the hours that end with it, as many as `cells.expected` says.

    The hash and what it covers are left to `add_beyond`, their mark to `marks_beyond`.
    """
    count = len(cells)
    since, until = cells.end - cells.expected * HOUR, cells.end
    datastreams, suspect, fail = np.zeros((3, count), dtype=np.int64)
    classes, origins, indicative = np.zeros((3, count), dtype=np.int64)
    buckets = prepared.records["bucket"].astype(np.int64)
    numbers = [prepared.records["n_suspect"], prepared.records["n_fail"], ~prepared.judges]
    for one in np.unique(prepared.series).tolist():
        mine = np.flatnonzero(prepared.series == one)
        rows = np.flatnonzero(cells.site == int(series["site_index"].iloc[one]))
        low, high = np.searchsorted(buckets[mine], [since[rows], until[rows]])
        there = high > low
        bad, worse, cannot_judge = (_between(number[mine], low, high) for number in numbers)
        datastreams[rows] += there
        suspect[rows] += bad
        fail[rows] += worse
        indicative[rows] |= cannot_judge > 0
        classes[rows] |= there.astype(np.int64) << int(series["class_index"].iloc[one])
        origins[rows] |= there.astype(np.int64) << int(series["origin_index"].iloc[one])
    valid = _valid_hours(cells, prepared, since, until)
    nowhere = np.zeros((count, 2), dtype=np.int64)
    return Facts(
        records=prepared.records,
        edges=nowhere,
        ids=np.empty(0, dtype=np.int64),
        of_ids=nowhere,
        datastreams=datastreams,
        valid_hours=valid,
        share=valid / np.maximum(cells.expected, 1),
        suspect=suspect,
        fail=fail,
        classes=classes,
        origins=origins,
        indicative=indicative > 0,
        marks=np.zeros(count, dtype=np.uint64),
    )


def _between(numbers: Integers, low: Integers, high: Integers) -> Integers:
    total = np.concatenate([[0], np.cumsum(numbers, dtype=np.int64)])
    return np.asarray(total[high] - total[low], dtype=np.int64)


def _valid_hours(cells: Cells, prepared: Prepared, since: Integers, until: Integers) -> Integers:
    """Hours in which any input is valid."""
    own = prepared.hours[prepared.hours["valid"]]
    keys = np.unique((own["site"].to_numpy(np.int64) << 40) + own["bucket"].to_numpy(np.int64) // HOUR * HOUR)
    site = cells.site << 40
    return np.asarray(np.searchsorted(keys, site + until) - np.searchsorted(keys, site + since), dtype=np.int64)
