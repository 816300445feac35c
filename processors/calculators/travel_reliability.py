"""How far a road's travel time can be relied upon: of all hours of a period, how bad is a bad one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bypuls.formulas import travel_time
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._paces import FREE_FLOW, NO_FLOW, against_free_flow, by_volume, paces

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
    measure = inputs.definition.parameters["measure"]
    formula = _MEASURES[measure]
    hours = paces(inputs)
    counting = hours[hours["valid"]].sort_values("cell", kind="stable")
    known = counting[counting["pace"].notna()]
    pace: Any = known["pace"].to_numpy()
    flow = known["volume"].to_numpy()
    edges = np.searchsorted(known["cell"], np.arange(len(inputs.cells) + 1))

    def reliability(cell: int, free_flow: float | None) -> tuple[float | None, Detail] | None:
        here = slice(edges[cell], edges[cell + 1])
        times, volume = pace[here], flow[here]
        if not len(times):
            return None
        return formula(times, 1 / free_flow if free_flow else np.nan), {
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
    needed = measure != "buffer_index"
    return against_free_flow(inputs, hours, counting, reliability, said, needed=needed)


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Sites weighed by their volume, as FHWA weighs stretches of road by the distance driven on them."""
    value, volume = by_volume(parts)
    return (value, None, {"volume": volume}) if volume else (None, None, {"why": NO_FLOW})


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True, parameters=frozenset({"measure"}))
