"""Volume and pace of a road's hours, over all its lanes, which several formulas of traffic share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from processors.calculation import Detail, Floats, Inputs, Integers, Outcome, Part
from processors.windows import HOUR

COUNT, SPEED = "vehicle_count", "vehicle_speed_mean"
FREE_FLOW = "free_flow_speed"
NO_FREE_FLOW = f"the site has no attribute {FREE_FLOW} (km/h)"
NO_FLOW = "no vehicle was counted"


def paces(inputs: Inputs) -> pd.DataFrame:
    """One row per cell and counted hour: cell, volume of all lanes, whether all are `valid`, pace (h/km, NaN unknown).

    Lanes are averaged by their time per kilometre, weighed by their volume: every vehicle weighs the same.
    """
    own, series = inputs.hours[inputs.hours["cell"] >= 0], inputs.series
    lanes = pd.factorize(series["device"] + "\n" + series["channel"])[0].astype(np.int64)
    lane = lanes[own["series"].to_numpy(np.int64)]
    key = (own["cell"].to_numpy(np.int64) << 24) + own["bucket"].to_numpy(np.int64) // HOUR
    lane_key = key * (len(series) + 1) + lane
    value, valid = own["value"].to_numpy(float), own["valid"].to_numpy(bool)
    counts = (own["property"] == COUNT).to_numpy(bool)
    keys, group = np.unique(key[counts], return_inverse=True)
    volume = np.bincount(group, value[counts], len(keys))
    all_valid = np.bincount(group, ~valid[counts], len(keys)) == 0
    # Nobody passes at no speed: a zero there says that none passed.
    speeds = ~counts & (value > 0) & np.isin(key, keys) & (valid | (inputs.cells.period == "PT1H"))
    group = np.searchsorted(keys, key[speeds])
    weight = _looked_up(lane_key[counts], value[counts], lane_key[speeds])
    # Where a lane's volume is unknown (the speed comes from a device that does not count) all lanes weigh the same.
    unknown = np.bincount(group, np.isnan(weight), len(keys)) > 0
    weight = np.where(unknown[group], 1.0, weight)
    total = np.bincount(group, weight, len(keys))
    time = np.bincount(group, weight / value[speeds], len(keys))
    some = (total > 0) & (volume > 0)  # where nobody passes a speed is nobody's
    return pd.DataFrame(
        {
            "cell": keys >> 24,
            "volume": volume,
            "valid": all_valid & (np.bincount(group, ~valid[speeds], len(keys)) == 0),
            "pace": np.where(some, time / np.where(some, total, 1.0), np.nan),
        }
    )


def _looked_up(keys: Integers, values: Floats, wanted: Integers) -> Floats:
    """The value of each wanted key, NaN where there is none."""
    if not len(keys):
        return np.full(len(wanted), np.nan)
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    return np.where(keys[order][at] == wanted, values[order][at], np.nan)


def covered_hours(inputs: Inputs, hours: pd.DataFrame) -> tuple[Integers, Integers]:
    """Per cell, hours whose counts are valid and, unless they are empty, whose speed is; and how many there should be.

    `hours` is what `paces` gave.
    """
    cells = inputs.cells
    known = hours["valid"] & (hours["pace"].notna() | (hours["volume"] == 0))
    expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
    return np.bincount(hours["cell"], known, len(cells)).astype(np.int64), expected


Find = Callable[[int, float | None], tuple[float | None, Detail] | None]
"""(cell, free-flow speed of its road in km/h) -> value and detail; None: no hour of it has a pace."""


def against_free_flow(
    inputs: Inputs, hours: pd.DataFrame, counting: pd.DataFrame, find: Find, said: Detail, *, needed: bool = True
) -> Outcome:
    """What `find` gives for each cell; undefined without flow, or without a free-flow speed where that is `needed`.

    `hours` is what `paces` gave, `counting` those of them that count; `said` is the evidence of every value.
    """
    cells = inputs.cells
    covered, expected = covered_hours(inputs, hours)
    counted = np.bincount(counting["cell"], minlength=len(cells))
    flow = np.bincount(counting["cell"], counting["volume"], len(cells))
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    free = [number(attributes, FREE_FLOW) for attributes in cells.attributes]
    for at, site in enumerate(cells.site.tolist()):
        if needed and free[site] is None:
            undefined[at] = NO_FREE_FLOW
        elif counted[at] and not flow[at]:
            undefined[at] = NO_FLOW
        elif (found := find(at, free[site])) is not None:
            value[at] = np.nan if found[0] is None else found[0]
            detail[at] = found[1]
    return Outcome(
        value,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=[said if one else None for one in detail],
    )


def by_volume(parts: Sequence[Part]) -> tuple[float, float]:
    """The mean of sites weighed by their volume, and that volume; NaN where there is none."""
    volumes = [(part.detail or {}).get("volume", 0.0) for part in parts]
    volume = sum(volumes)
    weighed = sum(part.value * one for part, one in zip(parts, volumes, strict=True))
    return (weighed / volume if volume else np.nan), volume


def number(attributes: Mapping[str, Any], name: str) -> float | None:
    """A site's attribute as a number above nought; None where it is none."""
    given = attributes.get(name)
    try:
        value = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if 0 < value < float("inf") and not isinstance(given, bool) else None
