"""How much longer a way takes than on a free road."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome, Part
from processors.windows import HOUR

_COUNT, _SPEED = "vehicle_count", "vehicle_speed_mean"
_FREE_FLOW = "free_flow_speed"
_NO_FREE_FLOW = f"the site has no attribute {_FREE_FLOW} (km/h)"
_NO_FLOW = "no vehicle was counted"


def compute(inputs: Inputs) -> Outcome:
    """Travel time per kilometre over that at free flow: free-flow speed / space-mean speed; 1 is free, 2 twice as long.

    Every vehicle weighs the same: lanes and hours are averaged by their time per kilometre (harmonically), weighed by
    their volume; an arithmetic mean of speeds would flatter. Free flow is the site's attribute `free_flow_speed`;
    without it the index is undefined, for an estimate from the same hours would hide congestion that never ends.
    Undefined too without flow. An hour is covered when all its counts are valid and, unless it is empty, a speed is.
    `detail`: volume, space-mean speed and free-flow speed (km/h).

    Source: FHWA, Urban Congestion Report, documentation (averages weighted by vehicle miles); HCM 7, facility speed.
    """
    cells = inputs.cells
    hours = _hours(inputs)
    covered = np.bincount(hours["cell"], hours["valid"] & (hours["pace"].notna() | (hours["volume"] == 0)), len(cells))
    if cells.period != "PT1H":
        hours = hours[hours["valid"]]
    cell = hours["cell"].to_numpy(np.int64)
    known = hours["pace"].notna().to_numpy()
    counted = np.bincount(cell, minlength=len(cells))
    flow = np.bincount(cell, hours["volume"], len(cells))
    volume = np.bincount(cell[known], hours["volume"][known], len(cells))
    time = np.bincount(cell[known], (hours["volume"] * hours["pace"])[known], len(cells))
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    free = [_free_flow(attributes) for attributes in cells.attributes]
    for at, site in enumerate(cells.site.tolist()):
        free_flow = free[site]
        if free_flow is None:
            undefined[at] = _NO_FREE_FLOW
        elif counted[at] and not flow[at]:
            undefined[at] = _NO_FLOW
        elif volume[at] > 0:
            speed = volume[at] / time[at]
            value[at] = free_flow / speed
            detail[at] = {"volume": float(volume[at]), "speed": float(speed), _FREE_FLOW: free_flow}
    evidence: Detail = {"free_flow": f"site attribute {_FREE_FLOW}"}
    return Outcome(
        value,
        detail=detail,
        covered=covered.astype(np.int64),
        expected=cells.hours,
        undefined=undefined,
        evidence=[evidence if one else None for one in detail],
    )


def _hours(inputs: Inputs) -> pd.DataFrame:
    """One row per cell and counted hour: volume of all lanes, whether all are valid, pace (hours per kilometre)."""
    own, series = inputs.hours[inputs.hours["cell"] >= 0], inputs.series
    lanes = pd.factorize(series["device"] + "\n" + series["channel"])[0].astype(np.int64)
    lane = lanes[own["series"].to_numpy(np.int64)]
    key = (own["cell"].to_numpy(np.int64) << 24) + own["bucket"].to_numpy(np.int64) // HOUR
    lane_key = key * (len(series) + 1) + lane
    value, valid = own["value"].to_numpy(float), own["valid"].to_numpy(bool)
    counts = (own["property"] == _COUNT).to_numpy(bool)
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
    some = total > 0
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


def _free_flow(attributes: Any) -> float | None:
    try:
        speed = float(attributes.get(_FREE_FLOW))
    except (TypeError, ValueError):
        return None
    return speed if speed > 0 else None


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Sites weighed by their volume: every vehicle counts once (their stretches count as equally long)."""
    volume = sum((part.detail or {}).get("volume", 0.0) for part in parts)
    if not volume:
        return None, None, {"why": _NO_FLOW}
    weighed = sum(part.value * (part.detail or {}).get("volume", 0.0) for part in parts)
    time = sum((part.detail or {})["volume"] / part.detail["speed"] for part in parts if part.detail)
    return weighed / volume, None, {"volume": volume, "speed": volume / time}


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True)
