"""All the energy of a building, electricity and heat, per square metre."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators import energy_per_area
from processors.calculators._energy import covered_hours, of_cells, of_inputs, positive, used_hours


def compute(inputs: Inputs) -> Outcome:
    """Energy of all kinds that the site has meters of, by the first of the site's attributes `area` (m2).

    Parameter `energies`: kinds of energy, each with the inputs that measure it (a register or intervals). The coverage
    is that of the kind with the least; a kind of which the period has nothing counts as none where the site has no
    meter of it, else there is no value. Not made a year's. A scope has all its sites' energy by all their area.
    """
    cells, size = inputs.cells, len(inputs.cells)
    total, covered, lacks = np.zeros(size), np.full(size, np.iinfo(np.int64).max), np.zeros(size, dtype=bool)
    told: dict[str, list[float]] = {}
    kinds: Sequence[Sequence[str]] = inputs.definition.parameters["energies"]
    for names in kinds:
        metered = np.isin(
            cells.site, inputs.series["site_index"][inputs.series["property"].isin(names)].to_numpy(np.int64)
        )
        own, count, used = of_cells(used_hours(of_inputs(inputs, names)), size)
        total += used
        covered = np.where(metered, np.minimum(covered, covered_hours(own, size)), covered)
        lacks |= metered & (count == 0)
        told[names[0]] = used.tolist()
    areas = [
        next((area for name in inputs.definition.parameters["area"] if (area := positive(given.get(name)))), None)
        for given in cells.attributes
    ]
    value = np.full(size, np.nan)
    undefined: list[str | None] = [None] * size
    detail: list[Detail | None] = [None] * size
    for at, site in enumerate(cells.site.tolist()):
        area = areas[site]
        if area is None:
            undefined[at] = f"the site has no attribute {' or '.join(inputs.definition.parameters['area'])} (m2)"
        elif not lacks[at] and covered[at] <= cells.hours[at]:
            value[at] = total[at] / area
            detail[at] = {"energy": float(total[at]), "area": area} | {name: one[at] for name, one in told.items()}
    return Outcome(value, detail=detail, covered=np.minimum(covered, cells.hours), undefined=undefined)


calculator = Calculator(
    compute,
    units=frozenset({"kW.h/m2"}),
    merge=energy_per_area.merge,
    parameters=frozenset({"area", "energies"}),
)
