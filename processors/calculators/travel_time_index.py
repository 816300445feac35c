"""How much longer a way takes than on a free road."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._paces import FREE_FLOW, NO_FLOW, NO_FREE_FLOW, covered_hours, number, paces


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
    hours = paces(inputs)
    covered, expected = covered_hours(inputs, hours)
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
    free = [number(attributes, FREE_FLOW) for attributes in cells.attributes]
    for at, site in enumerate(cells.site.tolist()):
        free_flow = free[site]
        if free_flow is None:
            undefined[at] = NO_FREE_FLOW
        elif counted[at] and not flow[at]:
            undefined[at] = NO_FLOW
        elif volume[at] > 0:
            speed = volume[at] / time[at]
            value[at] = free_flow / speed
            detail[at] = {"volume": float(volume[at]), "speed": float(speed), FREE_FLOW: free_flow}
    evidence: Detail = {"free_flow": f"site attribute {FREE_FLOW}"}
    return Outcome(
        value,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=[evidence if one else None for one in detail],
    )


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Sites weighed by their volume: every vehicle counts once (their stretches count as equally long)."""
    volume = sum((part.detail or {}).get("volume", 0.0) for part in parts)
    if not volume:
        return None, None, {"why": NO_FLOW}
    weighed = sum(part.value * (part.detail or {}).get("volume", 0.0) for part in parts)
    time = sum((part.detail or {})["volume"] / part.detail["speed"] for part in parts if part.detail)
    return weighed / volume, None, {"volume": volume, "speed": volume / time}


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True)
