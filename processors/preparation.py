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
        records: the rollups of the datastreams in use, sorted by cell; `record_cell` is the cell of each. Of running
            means: all of them, sorted by datastream and hour.
        series: row of the series frame of each record.
        judges: whether a record's instrument may judge a law.
    """

    hours: pd.DataFrame
    heard: pd.DataFrame
    records: Records
    record_cell: Integers
    series: Integers
    judges: Booleans


def select_series(definition: KpiDefinition, series: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    """The datastreams a KPI rests on at these sites; `site_index`, `rank` (0 best) and `judges` added."""
    index = {slug: number for number, slug in enumerate(sites)}
    every = ANY_PROPERTY in definition.inputs
    wanted = [
        site in index and (every or name in definition.own_inputs)
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
    key: tuple[Any, ...] = (
        "rows", definition.window, definition.calendar, series["id"].to_numpy(np.int64).tobytes(),
        series["site_index"].to_numpy(np.int64).tobytes(), tuple(_statistics(definition, series)),
    )  # fmt: skip
    if key not in shared:
        shared[key] = _measured(definition, records, series)
    measured: _Measured = shared[key]
    start = starts_of(measured.bucket, cells.period, calendar)
    rows = _Rows(cells.find(measured.site, start), start, measured)
    heard = pd.DataFrame({"series": measured.series, "bucket": measured.bucket, "cell": rows.cell})
    if ANY_PROPERTY in definition.inputs:
        hours = _with_cells(_hours(measured, series, np.zeros(len(rows.cell), dtype=bool)), cells, calendar)
    elif definition.site_combine == "best_class" and series.duplicated(["site_index", "property"]).any():
        rows, hours = _of_best_class(definition, cells, rows, series, calendar)
    else:
        key = (*key, definition.site_combine, definition.coverage.get("hour"))
        if key not in shared:
            shared[key] = _combined(definition, measured, series)
        hours = _with_cells(shared[key], cells, calendar, rows)
    # Hours of running means belong to several cells: theirs stay sorted by datastream and hour.
    running = definition.window.last_hours > 1
    row_series, records = rows.measured.series, rows.measured.records
    if running:
        order = np.lexsort((rows.measured.bucket, row_series))
    else:
        order = np.argsort(rows.cell, kind="stable")
        order = order[np.searchsorted(rows.cell[order], 0) :]
    in_order = len(order) == len(rows.cell) and bool((order[1:] > order[:-1]).all())
    ordered, cell, chosen = (records, rows.cell, row_series) if in_order else (
        records[order], rows.cell[order], row_series[order]
    )  # fmt: skip
    judges = series["judges"].to_numpy(bool)[chosen] if definition.judges_law else np.ones(len(chosen), dtype=bool)
    return Prepared(hours, heard, ordered, cell, chosen, judges)


Shared = dict[tuple[Any, ...], Any]
"""What has been worked out of the same records, by what it depends on."""


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

    def where(self, keep: Booleans) -> _Measured:
        return _Measured(*(getattr(self, field.name)[keep] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The same, with the cell of each and when its period starts."""

    cell: Integers
    start: Integers
    measured: _Measured


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
    definition: KpiDefinition, cells: Cells, rows: _Rows, series: pd.DataFrame, calendar: Calendar
) -> tuple[_Rows, pd.DataFrame]:
    keep = _best_class(definition, cells, rows, series)
    rows = _Rows(rows.cell[keep], rows.start[keep], rows.measured.where(keep))
    hours = _hours(rows.measured, series, _is_valid(definition, rows.measured))
    if len(hours):
        hours = _mean_of_duplicates(hours, _statistics(definition, series))
    return rows, _with_cells(hours, cells, calendar)


def _hours(measured: _Measured, series: pd.DataFrame, valid: Booleans) -> pd.DataFrame:
    names, codes = np.unique(series["property"].to_numpy(object), return_inverse=True)
    there = ~np.isnan(measured.value)
    if not there.all():
        measured, valid = measured.where(there), valid[there]
    return pd.DataFrame(
        {
            "site": measured.site,
            "property": pd.Categorical.from_codes(codes[measured.series], categories=names.tolist()),
            "bucket": measured.bucket,
            "value": measured.value,
            "valid": valid,
            "share": measured.share,
            "steadiness": measured.steadiness,
            "estimated": measured.records["gap_increase"].astype(float),
            "series": measured.series,
        }
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


def _best_class(definition: KpiDefinition, cells: Cells, rows: _Rows, series: pd.DataFrame) -> Booleans:
    """Rows of the best class of instruments in each window whose hours suffice; else of the best that is there.

    One class per window: a mean that is half reference and half indicative would be neither.
    """
    measured = rows.measured
    covered = _is_valid(definition, measured)
    names = pd.Categorical(series["property"].to_numpy(object)).codes[measured.series]
    ranks = series["rank"].to_numpy(np.int64)[measured.series]
    frame = pd.DataFrame(
        {
            "site": measured.site,
            "start": rows.start,
            "name": names,
            "rank": ranks,
            "bucket": measured.bucket,
            "valid": covered,
        }
    )
    group = ["site", "start", "name", "rank"]
    valid_hours = frame[covered].drop_duplicates([*group, "bucket"]).groupby(group).size()
    present = frame.drop_duplicates(group)[group]
    present["hours"] = valid_hours.reindex(pd.MultiIndex.from_frame(present), fill_value=0).to_numpy()
    suffices = present["hours"] >= definition.needed_coverage(cells.period) * _shortest(definition, cells) - _EPSILON
    present["choice"] = np.where(suffices, 0, np.where(present["hours"] > 0, 10_000, 20_000)) + present["rank"]
    best = present.sort_values("choice").drop_duplicates(["site", "start", "name"])[group]
    key = pd.MultiIndex.from_frame(frame[group])
    return np.asarray(key.isin(pd.MultiIndex.from_frame(best)))


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
    key = ["site", "property", "bucket"]
    any_valid = hours.groupby(key, observed=True)["valid"].transform("any")
    used = hours[hours["valid"] | ~any_valid]
    how = aggregation[used["series"].to_numpy(np.int64)]
    turned, level = how == "circular_mean", how == "energy_mean"
    value, length = used["value"].to_numpy(float), used["steadiness"].to_numpy(float)
    angle = np.radians(value)
    across = np.where(level, 10 ** (np.where(level, value, 0) / 10), np.where(turned, length * np.sin(angle), value))
    used = used.assign(value=across, along=np.where(turned, length * np.cos(angle), 0.0))
    means = used.groupby(key, observed=True, as_index=False).agg(
        value=("value", "mean"),
        along=("along", "mean"),
        valid=("valid", "first"),
        share=("share", "max"),
        series=("series", "first"),
    )
    means["estimated"] = used.groupby(key, observed=True)["estimated"].mean().to_numpy(float)
    how = aggregation[means["series"].to_numpy(np.int64)]
    turned, level = how == "circular_mean", how == "energy_mean"
    value, along = means["value"].to_numpy(float), means["along"].to_numpy(float)
    decibels = 10 * np.log10(np.where(level, value, 1.0))
    back = np.where(level, decibels, np.where(turned, np.degrees(np.arctan2(value, along)) % 360, value))
    steadiness = np.where(turned, np.hypot(value, along), 1.0)
    return means.assign(value=back, steadiness=steadiness).drop(columns="along")


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
