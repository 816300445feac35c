"""Energy per square metre of a building."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._energy import covered_hours, estimates, of_cells, positive, used_hours


def compute(inputs: Inputs) -> Outcome:
    """Energy used in the period by the first of the site's attributes `area` that is there (m2); not made a year's.

    Without an area it is undefined. A scope has all its sites' energy by all their area, not a mean of ratios.
    """
    cells = inputs.cells
    own, count, total = of_cells(used_hours(inputs), len(cells))
    names: Sequence[str] = inputs.definition.parameters["area"]
    areas = [next((area for name in names if (area := positive(given.get(name)))), None) for given in cells.attributes]
    value = np.full(len(cells), np.nan)
    undefined: list[str | None] = [None] * len(cells)
    detail: list[Detail | None] = [None] * len(cells)
    for at, site in enumerate(cells.site.tolist()):
        area = areas[site]
        if area is None:
            undefined[at] = f"the site has no attribute {' or '.join(names)} (m2)"
        elif count[at]:
            value[at] = total[at] / area
            detail[at] = {"energy": float(total[at]), "area": area}
    return Outcome(
        value,
        detail=detail,
        covered=covered_hours(own, len(cells)),
        undefined=undefined,
        evidence=estimates(own, total),
    )


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All energy by all area."""
    energy = sum((part.detail or {}).get("energy", 0.0) for part in parts)
    area = sum((part.detail or {}).get("area", 0.0) for part in parts)
    if not area:
        return None, None, {"why": "no site has an area"}
    return energy / area, None, {"energy": energy, "area": area}


calculator = Calculator(compute, units=frozenset({"kW.h/m2"}), merge=merge, parameters=frozenset({"area"}))
