"""How far a road's travel time can be relied upon: of all hours of a period, how bad is a bad one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bypuls.formulas import travel_time
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._paces import FREE_FLOW, NO_FLOW, NO_FREE_FLOW, covered_hours, number, paces

_MINUTES = 60
_METHOD: travel_time.Method = "linear"
_MEASURES: Mapping[str, Callable[[Sequence[float], float], float | None]] = {
    "planning_time_index": lambda times, free: travel_time.planning_time_index(times, free, _METHOD),
    "buffer_index": lambda times, _free: travel_time.buffer_index(times, _METHOD),
    "congestion_index": travel_time.congestion_index,
}


def compute(inputs: Inputs) -> Outcome:
    """Of the period's hourly travel times per kilometre: P95 / free flow, (P95 - mean) / mean, or mean / free flow - 1.

    Parameter `measure`: planning_time_index, buffer_index, congestion_index. An hour is one travel time, that of all
    its vehicles (their harmonic mean); hours without vehicles have none and count as covered. Each hour weighs the
    same: it is the traveller who leaves at that hour who asks. P95 is interpolated straight between the two hours
    around it. Free flow is the site's attribute `free_flow_speed` (declared, so that congestion that never ends is
    seen); without it the planning time and congestion indices are undefined. Hourly means hide what happens within an
    hour: of 5-minute times both indices would be larger. `detail`: P95 and mean (min/km), hours, volume, space-mean
    speed.

    Source: FHWA, Travel Time Reliability: Making It There On Time, All The Time.
    """
    cells = inputs.cells
    measure = inputs.definition.parameters["measure"]
    formula = _MEASURES[measure]
    hours = paces(inputs)
    covered, expected = covered_hours(inputs, hours)
    hours = hours[hours["valid"]].sort_values("cell", kind="stable")
    cell, pace, flow = (hours[name].to_numpy() for name in ("cell", "pace", "volume"))
    edges = np.searchsorted(cell, np.arange(len(cells) + 1))
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    free = [number(attributes, FREE_FLOW) for attributes in cells.attributes]
    for at, site in enumerate(cells.site.tolist()):
        here = slice(edges[at], edges[at + 1])
        known = ~np.isnan(pace[here])
        times, volume = pace[here][known], flow[here][known]
        speed = free[site]
        if speed is None and measure != "buffer_index":
            undefined[at] = NO_FREE_FLOW
        elif edges[at] < edges[at + 1] and not flow[here].any():
            undefined[at] = NO_FLOW
        elif len(times):
            found = formula(times, 1 / speed if speed else np.nan)
            value[at] = np.nan if found is None else found
            detail[at] = {
                "p95": travel_time.percentile_time(times, travel_time.LATE, _METHOD) * _MINUTES,  # type: ignore[operator]
                "mean": float(times.mean()) * _MINUTES,
                "hours": len(times),
                "volume": float(volume.sum()),
                "speed": float(volume.sum() / (volume * times).sum()),
            }
    said: Detail = {
        "standard": "travel_time_reliability",
        "percentile": "P95 of hourly travel times, linear interpolation",
        "free_flow": f"attribute {FREE_FLOW}",
    }
    return Outcome(
        value,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=[said if one else None for one in detail],
    )


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Sites weighed by their volume, as FHWA weighs stretches of road by the distance driven on them."""
    volumes = [(part.detail or {}).get("volume", 0.0) for part in parts]
    if not sum(volumes):
        return None, None, {"why": NO_FLOW}
    weighed = sum(part.value * volume for part, volume in zip(parts, volumes, strict=True))
    return weighed / sum(volumes), None, {"volume": sum(volumes)}


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True, parameters=frozenset({"measure"}))
