"""From rollups to the hours a calculator works on: one value per site, property and hour. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bypuls.kpi import ANY_PROPERTY, KpiDefinition
from bypuls.observation import InstrumentClass, Origin
from bypuls.periods import Calendar
from processors.calculation import Cells, Floats, Integers
from processors.content import Marks, marks_of_records
from processors.instruments import Duplicates, Readings, best_class
from processors.readings import Records
from processors.windows import DAY, distinct, starts_of

Booleans = npt.NDArray[np.bool_]

CLASSES = tuple(InstrumentClass)
ORIGINS = tuple(Origin)
"""Both from the best to the worst."""

_CLASS_INDEX = {kind.value: number for number, kind in enumerate(CLASSES)}
_ORIGIN_INDEX = {kind.value: number for number, kind in enumerate(ORIGINS)}

_EPSILON = 1e-9  # 18 / 24 must reach 0.75, and 11 / 12 a threshold written as 0.9167


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one KPI and period rests on.

    Attributes:
        hours: as `calculation.Inputs.hours` says, with `share` (how much of the hour is covered).
        heard: as `calculation.Inputs.heard` says.
        records: the rollups of the datastreams in use, sorted by datastream and hour; `marks` of each.
        order: the rows of `records` that are of cells, sorted by cell; None: as they lie. Of running means: all.
        record_cell: the cell of each row of `order`.
        series: row of the series frame of each row of `order`.
        judges: whether its instrument may judge a law.
    """

    hours: pd.DataFrame
    heard: pd.DataFrame
    records: Records
    marks: Marks
    order: Integers | None
    record_cell: Integers
    series: Integers
    judges: Booleans


def select_series(definition: KpiDefinition, series: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    """The datastreams a KPI rests on at these sites; `site_index`, `rank` (0 best) and `judges` added."""
    index = {slug: number for number, slug in enumerate(sites)}
    every, mine = ANY_PROPERTY in definition.inputs, set(definition.own_inputs)
    wanted = [
        site in index and (every or name in mine)
        for site, name in zip(series["site"].tolist(), series["property"].tolist(), strict=True)
    ]
    chosen = series if all(wanted) else series[np.array(wanted, dtype=bool)]
    # Lists, not Series.map: these frames have a few rows and are made for every KPI and period of a batch.
    classes = np.array([_CLASS_INDEX[kind] for kind in chosen["class"].tolist()], dtype=np.int64)
    origins = np.array([_ORIGIN_INDEX[kind] for kind in chosen["origin"].tolist()], dtype=np.int64)
    counting = [
        CLASSES[kind] in definition.inputs[name].classes if name in definition.inputs else True
        for kind, name in zip(classes.tolist(), chosen["property"].tolist(), strict=True)
    ]
    counts = np.array(counting, dtype=bool)
    measured = origins == ORIGINS.index(Origin.MEASURED)
    judges = counts & measured
    frame = chosen.assign(
        site_index=np.array([index[site] for site in chosen["site"].tolist()], dtype=np.int64),
        class_index=classes,
        origin_index=origins,
        judges=judges,
        rank=np.where(judges & definition.judges_law, 0, 1000) + origins * 10 + classes,
    )
    return frame if definition.judges_law or counts.all() else frame[counts]


def prepare(
    definition: KpiDefinition,
    cells: Cells,
    records: Records,
    series: pd.DataFrame,
    calendar: Calendar,
    shared: Shared | None = None,
) -> Prepared:
    """Sort the rollups of the selected datastreams to their cells, value and combine them.

    `series` is what `select_series` gave; `records` may hold other datastreams too. `shared` keeps what does not depend
    on the cells: definitions and periods that rest on the same records share it.
    """
    shared = {} if shared is None else shared
    ids, sites = (series[name].to_numpy(np.int64).tobytes() for name in ("id", "site_index"))
    how = tuple(_statistics(definition, series))
    key: tuple[Any, ...] = (OF_ALL_PERIODS, definition.window, definition.calendar, ids, sites, how)
    if key not in shared:
        shared[key] = _measured(definition, records, series)
    measured: _Measured = shared[key]
    of_cells = (cells.period, *key, cells.site.tobytes(), cells.start.tobytes())
    if of_cells not in shared:
        start = starts_of(measured.bucket, cells.period, calendar)
        shared[of_cells] = _Rows(cells.find(measured.site, start), start, measured)
    rows: _Rows = shared[of_cells]
    heard = pd.DataFrame({"series": measured.series, "bucket": measured.bucket, "cell": rows.cell}, copy=False)
    if ANY_PROPERTY in definition.inputs:
        hours = _with_cells(_hours(measured, series, np.zeros(len(rows.cell), dtype=bool)), cells, calendar)
    elif definition.site_combine == "best_class" and series.duplicated(["site_index", "property"]).any():
        rows, hours = _of_best_class(definition, cells, rows, series, calendar, (shared, key))
    else:
        key = (*key, definition.site_combine, definition.coverage.get("hour"))
        if key not in shared:
            shared[key] = _combined(definition, measured, series)
        hours = _with_cells(shared[key], cells, calendar, rows)
    # Hours of running means belong to several cells: theirs stay sorted by datastream and hour.
    order = None if definition.window.last_hours > 1 else rows.order()
    cell, chosen = (one if order is None else one[order] for one in (rows.cell, rows.measured.series))
    judges = series["judges"].to_numpy(bool)[chosen] if definition.judges_law else np.ones(len(chosen), dtype=bool)
    return Prepared(hours, heard, rows.measured.records, rows.measured.marks, order, cell, chosen, judges)


Shared = dict[tuple[Any, ...], Any]
"""What has been worked out of the same records, by what it depends on; first the cells' period, or `OF_ALL_PERIODS`."""
OF_ALL_PERIODS = "all"


@dataclass(frozen=True, slots=True)
class _Measured:
    """One entry per rollup row of a selected datastream."""

    site: Integers
    series: Integers
    bucket: Integers
    value: Floats
    steadiness: Floats
    share: Floats
    records: Records
    marks: Marks

    def where(self, keep: Booleans) -> _Measured:
        return _Measured(*(getattr(self, field.name)[keep] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The same, with the cell of each and when its period starts."""

    cell: Integers
    start: Integers
    measured: _Measured

    def order(self) -> Integers | None:
        """The rows that have a cell, sorted by it; None where those are all, as they lie."""
        if not len(self.cell) or (self.cell[0] >= 0 and bool((self.cell[1:] >= self.cell[:-1]).all())):
            return None
        order = np.argsort(self.cell, kind="stable")
        return np.asarray(order[np.searchsorted(self.cell[order], 0) :], dtype=np.int64)


def _measured(definition: KpiDefinition, records: Records, series: pd.DataFrame) -> _Measured:
    ids = series["id"].to_numpy(np.int64)
    at = np.searchsorted(ids, records["datastream"])
    at = np.where(at < len(ids), at, 0)
    known = ids[at] == records["datastream"] if len(ids) else np.zeros(len(records), dtype=bool)
    if not known.all():  # a copy of the rows costs more than looking
        records, at = records[known], at[known]
    how = _statistics(definition, series)
    return _Measured(
        site=series["site_index"].to_numpy(np.int64)[at],
        series=at.astype(np.int64),
        bucket=records["bucket"].astype(np.int64),
        value=values_by(records, how, at),
        steadiness=_steadiness(records, how, at),
        share=shares_of(records),
        records=records,
        marks=marks_of_records(records),
    )


def shares_of(records: Records) -> Floats:
    """How much of each bucket is covered; all of it where nobody knows how many values to expect.

    Of a register: how much of it lies between readings.
    """
    valid, expected = records["n_valid"].astype(float), records["expected"].astype(float)
    shares = np.where(expected > 0, np.minimum(1.0, valid / np.maximum(expected, 1)), (valid > 0).astype(float))
    return np.where(np.isnan(records["covered"]), shares, records["covered"])


def _statistics(definition: KpiDefinition, series: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Per datastream, what of a bucket is its value: what the input asks for, else as its property aggregates."""
    asked = {name: spec.statistic for name, spec in definition.inputs.items() if spec.statistic != "own"}
    if not asked:
        return series["aggregation"].to_numpy(object)
    return np.array(
        [asked.get(name, how) for name, how in zip(series["property"], series["aggregation"], strict=True)],
        dtype=object,
    )


def _steadiness(records: Records, aggregation: npt.NDArray[np.object_], series: Integers) -> Floats:
    """Length of the mean of a bucket's unit vectors (1 steady, 0 from everywhere); 1 for what is no direction."""
    steadiness = np.ones(len(records))
    turned = aggregation == "circular_mean"
    if not turned.any():
        return steadiness
    of = turned[series]
    here = records[of]
    steadiness[of] = np.hypot(here["sin_sum"], here["cos_sum"]) / np.maximum(here["n_valid"], 1)
    return steadiness


def values_by(records: Records, aggregation: npt.NDArray[np.object_], series: Integers) -> Floats:
    """The bucket's value by the way its property aggregates; NaN without a counting value.

    `aggregation` of each datastream; `series` which of them each record is of.
    """
    count = records["n_valid"].astype(float)
    values = np.full(len(records), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        for how in sorted(set(aggregation.tolist())):
            alone = bool((aggregation == how).all())
            of = slice(None) if alone else np.flatnonzero((aggregation == how)[series])
            here = records if alone else records[of]
            if how == "mean":
                values[of] = here["sum"] / count[of]
            elif how == "energy_mean":
                values[of] = 10 * np.log10(here["energy_sum"] / count[of])
            elif how == "circular_mean":
                values[of] = np.degrees(np.arctan2(here["sin_sum"], here["cos_sum"])) % 360
            else:
                values[of] = here["increase" if how == "counter" else how]
    return np.where((count > 0) | (records["covered"] > 0), values, np.nan)


def _combined(definition: KpiDefinition, measured: _Measured, series: pd.DataFrame) -> pd.DataFrame:
    """The hours of sites whatever their cells: of one datastream each, of channels as they are, or added up."""
    hours = _hours(measured, series, _is_valid(definition, measured))
    alone = not series.duplicated(["site_index", "property"]).any()
    if alone or not len(hours) or definition.site_combine == "channels":
        return hours
    return _sum_of_channels(hours, series)


def _is_valid(definition: KpiDefinition, measured: _Measured) -> Booleans:
    return (measured.share >= definition.coverage.get("hour", 0.0) - _EPSILON) & ~np.isnan(measured.value)


def _of_best_class(
    definition: KpiDefinition,
    cells: Cells,
    rows: _Rows,
    series: pd.DataFrame,
    calendar: Calendar,
    known: tuple[Shared, tuple[Any, ...]],
) -> tuple[_Rows, pd.DataFrame]:
    """The rows of the instruments that count, and their hours; `known` with the key of what was measured."""
    codes, _ = _numbered(series)
    measured = rows.measured
    readings = Readings(measured.site, codes[measured.series], measured.bucket, _is_valid(definition, measured))
    needed = definition.needed_coverage(cells.period) * _shortest(definition, cells)
    keep = best_class(readings, rows.start, series["rank"].to_numpy(np.int64)[measured.series], needed)
    # Whatever period or law chose them: the same instruments give the same hours.
    shared, key = known
    key = (*key, "best_class", definition.coverage.get("hour"), keep.tobytes())
    if key not in shared:
        measured = measured if keep.all() else measured.where(keep)
        hours = _hours(measured, series, readings.valid[keep])
        if len(hours):
            hours = _mean_of_duplicates(hours, _statistics(definition, series))
        shared[key] = measured, hours
    measured, hours = shared[key]
    return _Rows(rows.cell[keep], rows.start[keep], measured), _with_cells(hours, cells, calendar)


def _numbered(series: pd.DataFrame) -> tuple[Integers, list[str]]:
    """A number for the property of each datastream, and what each number is."""
    properties = series["property"].tolist()
    names = sorted(set(properties))
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[name] for name in properties], dtype=np.int64), names


def _hours(measured: _Measured, series: pd.DataFrame, valid: Booleans) -> pd.DataFrame:
    codes, names = _numbered(series)
    there = ~np.isnan(measured.value)
    if not there.all():
        measured, valid = measured.where(there), valid[there]
    return pd.DataFrame(
        {
            "site": measured.site,
            "property": pd.Categorical.from_codes(codes[measured.series], categories=pd.Index(names)),
            "bucket": measured.bucket,
            "value": measured.value,
            "valid": valid,
            "share": measured.share,
            "steadiness": measured.steadiness,
            "estimated": measured.records["gap_increase"].astype(float),
            "series": measured.series,
        },
        copy=False,
    )


def _with_cells(hours: pd.DataFrame, cells: Cells, calendar: Calendar, rows: _Rows | None = None) -> pd.DataFrame:
    """The hours with the cell of each; `rows` where they may be the same, one by one."""
    bucket = hours["bucket"].to_numpy(np.int64)
    if rows is not None and len(rows.cell) == len(hours) and _same(rows.measured, bucket, hours["series"].to_numpy()):
        cell = rows.cell
    else:
        cell = cells.find(hours["site"].to_numpy(np.int64), starts_of(bucket, cells.period, calendar))
    found = hours.copy(deep=False)
    found.insert(0, "cell", cell)
    return found


def _same(measured: _Measured, bucket: Integers, series: Integers) -> bool:
    return bool((measured.bucket == bucket).all() and (measured.series == series).all())


def _shortest(definition: KpiDefinition, cells: Cells) -> float:
    """How many hours the shortest window of that length has that count."""
    length = {"PT1H": 1, "P1D": 23, "P1M": 28 * 24, "P1Y": 365 * 24}[cells.period]
    window = definition.window
    if cells.period == "PT1H" or not window.selects:
        return length
    share = len(window.clock_hours) / 24
    if cells.period != "P1D":
        share *= (len(window.weekdays) or 7) / 7
    return length * share * ((len(window.months) or 12) / 12 if cells.period == "P1Y" else 1)


def _mean_of_duplicates(hours: pd.DataFrame, aggregation: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Several instruments of one class: the mean (of energies, of vectors) of those with a valid hour."""
    names, valid = hours["property"].cat, hours["valid"].to_numpy(bool)
    site, bucket, series = (hours[name].to_numpy(np.int64) for name in ("site", "bucket", "series"))
    codes: Integers = np.asarray(names.codes, dtype=np.int64)
    same = Duplicates.of(Readings(site, codes, bucket, valid))
    rows, first = same.rows, same.rows[same.first]
    share, estimated = (hours[name].to_numpy(float)[rows] for name in ("share", "estimated"))
    value, length = (hours[name].to_numpy(float)[rows] for name in ("value", "steadiness"))
    how = aggregation[series[rows]]
    turned, level = how == "circular_mean", how == "energy_mean"
    angle = np.radians(value)
    across = np.where(level, 10 ** (np.where(level, value, 0) / 10), np.where(turned, length * np.sin(angle), value))
    value, along = same.mean(across), same.mean(np.where(turned, length * np.cos(angle), 0.0))
    how = aggregation[series[first]]
    turned, level = how == "circular_mean", how == "energy_mean"
    decibels = 10 * np.log10(np.where(level, value, 1.0))
    return pd.DataFrame(
        {
            "site": site[first],
            "property": pd.Categorical.from_codes(codes[first], categories=names.categories),
            "bucket": bucket[first],
            "value": np.where(level, decibels, np.where(turned, np.degrees(np.arctan2(value, along)) % 360, value)),
            "valid": valid[first],
            "share": np.maximum.reduceat(share, same.first),
            "series": series[first],
            "estimated": same.mean(estimated),
            "steadiness": np.where(turned, np.hypot(value, along), 1.0),
        },
        copy=False,
    )


def _sum_of_channels(hours: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Lanes and directions: the sum, valid only when every channel that should speak has a valid hour."""
    key = ["site", "property", "bucket"]
    summed = hours.groupby(key, observed=True, as_index=False).agg(
        value=("value", "sum"),
        valid=("valid", "all"),
        share=("share", "sum"),
        steadiness=("steadiness", "first"),
        count=("series", "nunique"),
        series=("series", "first"),
    )
    summed["estimated"] = hours.groupby(key, observed=True)["estimated"].sum(min_count=1).to_numpy(float)
    expected = _expected_channels(hours, series, summed)
    summed["valid"] &= summed["count"] >= expected
    summed["share"] = summed["share"] / np.maximum(expected, 1)
    return summed.drop(columns="count")


def _expected_channels(hours: pd.DataFrame, series: pd.DataFrame, summed: pd.DataFrame) -> Integers:
    """How many channels each hour needs: those heard before it whose device is active, or any heard in its day."""
    expected = np.zeros(len(summed), dtype=np.int64)
    rows_of = summed.groupby(["site", "property"], observed=True).indices
    heard = distinct((hours["series"].to_numpy(np.int64) << 32) + hours["bucket"].to_numpy(np.int64) // DAY)
    edges = np.searchsorted(heard, np.arange(len(series) + 1) << 32)
    buckets = summed["bucket"].to_numpy(np.int64)
    columns = (series[name].tolist() for name in ("site_index", "property", "first", "active"))
    for row, (site, name, first, active) in enumerate(zip(*columns, strict=True)):
        here = buckets[rows := rows_of.get((site, name), np.empty(0, dtype=np.int64))]
        spoke = np.isin(here // DAY, heard[edges[row] : edges[row + 1]] & 0xFFFFFFFF)
        expected[rows] += spoke | (bool(active) & (here >= np.nan_to_num(first, nan=np.inf)))
    return expected
