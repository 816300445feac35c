"""How much longer a way takes than on a free road."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._paces import FREE_FLOW, NO_FLOW, against_free_flow, by_volume, paces


def compute(inputs: Inputs) -> Outcome:
    """Travel time per kilometre over that at free flow: free-flow speed / space-mean speed; 1 is free, 2 twice as long.

    Every vehicle weighs the same: lanes and hours are averaged by their time per kilometre (harmonically), weighed by
    their volume; an arithmetic mean of speeds would flatter. Free flow is the site's attribute `free_flow_speed`;
    without it the index is undefined, for an estimate from the same hours would hide congestion that never ends.
    Undefined too without flow. An hour is covered when all its counts are valid and, unless it is empty, a speed is.
    `detail`: volume, space-mean speed and free-flow speed (km/h).

    Source: FHWA, Urban Congestion Report, documentation (averages weighted by vehicle miles); HCM 7, facility speed.
    """
    hours, size = paces(inputs), len(inputs.cells)
    counting = hours if inputs.cells.period == "PT1H" else hours[hours["valid"]]
    known = counting[counting["pace"].notna()]
    volume = np.bincount(known["cell"], known["volume"], size)
    time = np.bincount(known["cell"], known["volume"] * known["pace"], size)

    def index(cell: int, free_flow: float | None) -> tuple[float, Detail] | None:
        if free_flow is None or not volume[cell] > 0:
            return None
        speed = float(volume[cell] / time[cell])
        return free_flow / speed, {"volume": float(volume[cell]), "speed": speed, FREE_FLOW: free_flow}

    return against_free_flow(inputs, hours, counting, index, {"free_flow": f"site attribute {FREE_FLOW}"})


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Sites weighed by their volume: every vehicle counts once (their stretches count as equally long)."""
    value, volume = by_volume(parts)
    if not volume:
        return None, None, {"why": NO_FLOW}
    time = sum((part.detail or {})["volume"] / part.detail["speed"] for part in parts if part.detail)
    return value, None, {"volume": volume, "speed": volume / time}


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True)
