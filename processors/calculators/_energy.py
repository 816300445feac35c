"""What several energy formulas share: a site's hours of use, of one property, summed over its meters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from processors.calculation import Detail, Floats, Inputs, Integers
from processors.preparation import Booleans
from processors.windows import HOUR


def used_hours(inputs: Inputs) -> pd.DataFrame:
    """One row per cell (or site, outside the windows) and hour: cell, site, bucket, value, valid, share, estimated.

    A site that has a register and the energy of intervals has the same energy twice: the input whose hours cover a cell
    best counts there, of equals the first of the definition. Of a meter that gives a total beside its phases or tariffs
    only the total counts. Several meters are added up; an hour is valid when all of them are that should speak. An hour
    is measured, not estimated, where `estimated` is NaN.
    """
    part = _parts(inputs.series)
    hours = _best_property(inputs)
    if part.any():
        hours = hours[~part[hours["series"].to_numpy(np.int64)]]
    several = inputs.series[~part]
    several = several[several.duplicated(["site_index", "property"], keep=False)]
    of_several = hours["site"].isin(several["site_index"])
    if not of_several.any():
        return hours
    return pd.concat([hours[~of_several], _summed(hours[of_several], several)], ignore_index=True)


def with_used_hours(inputs: Inputs) -> Inputs:
    """The same inputs for a formula that knows one series per site."""
    return replace(inputs, hours=used_hours(inputs))


def of_inputs(inputs: Inputs, names: Sequence[str]) -> Inputs:
    """The same, as if only these inputs had been asked for: several kinds of energy are several sums."""
    chosen = {name: inputs.definition.inputs[name] for name in names}
    hours = inputs.hours[inputs.hours["property"].astype(object).isin(names)]
    definition = replace(inputs.definition, inputs=MappingProxyType(chosen))
    return replace(inputs, definition=definition, hours=hours)


def _best_property(inputs: Inputs) -> pd.DataFrame:
    names = inputs.definition.own_inputs
    hours = inputs.hours
    if len(names) == 1 or not len(hours):
        return hours
    codes = hours["property"].cat.codes.to_numpy()
    if (codes == codes[0]).all():
        return hours.reset_index(drop=True)
    order = hours["property"].astype(object).map({name: number for number, name in enumerate(names)}).to_numpy(np.int64)
    frame = hours.assign(order=order)
    counts = frame[frame["valid"]].groupby(["site", "cell", "order"], as_index=False).agg(n=("bucket", "nunique"))
    best = counts.sort_values(["n", "order"], ascending=[False, True]).drop_duplicates(["site", "cell"])
    chosen = frame.merge(
        best[["site", "cell", "order"]].rename(columns={"order": "best"}), on=["site", "cell"], how="left"
    )
    first = chosen.groupby(["site", "cell"])["order"].transform("min")
    return chosen[chosen["order"] == chosen["best"].fillna(first)].drop(columns=["order", "best"])


def _parts(series: pd.DataFrame) -> Booleans:
    """Phases and tariffs of devices that give their total, too."""
    totals = set(zip(*(series[series["channel"] == ""][name] for name in ("device", "property")), strict=True))
    return np.array(
        [
            channel != "" and (device, name) in totals
            for channel, device, name in zip(series["channel"], series["device"], series["property"], strict=True)
        ],
        dtype=bool,
    )


def _summed(hours: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """All meters of a site together; `series` are those of sites with several."""
    key = ["site", "cell", "bucket"]
    summed = hours.groupby(key, as_index=False).agg(
        value=("value", "sum"),
        valid=("valid", "all"),
        share=("share", "min"),
        property=("property", "first"),
        meters=("series", "nunique"),
        series=("series", "first"),
    )
    summed["estimated"] = hours.groupby(key)["estimated"].sum(min_count=1).to_numpy(float)
    needed = np.zeros(len(summed), dtype=np.int64)
    heard = {pair: set(found) for pair, found in hours.groupby(["site", "cell"])["series"]}
    names = summed["property"].astype(object).to_numpy()
    buckets = summed["bucket"].to_numpy(np.int64)
    sites, cells = summed["site"].to_numpy(np.int64), summed["cell"].to_numpy(np.int64)
    for rows in summed.groupby(["site", "cell"]).indices.values():
        site, cell = sites[rows[0]], cells[rows[0]]
        # Those heard in the cell, and active ones that were heard of before the hour.
        here = series[(series["site_index"] == site) & (series["property"] == names[rows[0]])]
        speaking = here[here["active"] | here.index.isin(heard[site, cell])]
        first = np.sort(np.nan_to_num(speaking["first"].to_numpy(float), nan=np.inf)) // HOUR * HOUR
        needed[rows] = np.searchsorted(first, buckets[rows], side="right")
    summed["valid"] &= summed["meters"] >= needed
    return summed.drop(columns="meters")


def of_cells(hours: pd.DataFrame, size: int) -> tuple[pd.DataFrame, Integers, Floats]:
    """The hours of the cells; how many there are in each, and what was used."""
    own = hours[hours["cell"] >= 0]
    cell = own["cell"].to_numpy(np.int64)
    total = np.bincount(cell, own["value"].to_numpy(float), minlength=size).astype(np.float64)
    return own, np.bincount(cell, minlength=size).astype(np.int64), total


def covered_hours(hours: pd.DataFrame, size: int) -> Integers:
    """Valid hours of each cell between its first and its last measured one.

    What is used across a gap inside a period is known, only not when; at the period's edge it is a guess.
    """
    valid = hours[hours["valid"]]
    measured = valid[valid["estimated"].isna()]
    first = np.full(size, np.iinfo(np.int64).max)
    last = np.full(size, -1, dtype=np.int64)
    np.minimum.at(first, measured["cell"].to_numpy(np.int64), measured["bucket"].to_numpy(np.int64))
    np.maximum.at(last, measured["cell"].to_numpy(np.int64), measured["bucket"].to_numpy(np.int64))
    cell, bucket = valid["cell"].to_numpy(np.int64), valid["bucket"].to_numpy(np.int64)
    return np.bincount(cell[(bucket >= first[cell]) & (bucket <= last[cell])], minlength=size)


def estimates(hours: pd.DataFrame, used: Floats) -> list[Detail | None]:
    """Evidence of what was interpolated across gaps: in how many hours, how much, of how much."""
    some = hours[hours["estimated"].notna()]
    cell = some["cell"].to_numpy(np.int64)
    counts = np.bincount(cell, minlength=len(used)).tolist()
    amounts = np.bincount(cell, some["estimated"].to_numpy(float), minlength=len(used)).tolist()
    return [
        {"estimated": {"hours": count, "amount": amount, "of": total}} if count else None
        for count, amount, total in zip(counts, amounts, used.tolist(), strict=True)
    ]


def positive(value: object) -> float | None:
    """A site's attribute that must be a number above nought; None where it is not."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
    return float(value) if known else None  # type: ignore[arg-type]
