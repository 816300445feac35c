"""How many of the vehicles are heavy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part

_ALL, _HEAVY = "vehicle_count", "heavy_vehicle_count"
_NO_FLOW = "no vehicle was counted"


def compute(inputs: Inputs) -> Outcome:
    """Heavy vehicles by all vehicles, in percent, over the hours in which both are valid.

    What is heavy the counter says: from 5.6 m in Statens vegvesen's classes of length, other counters go by axles or
    pictures. Vehicles whose length was not told are in the whole and in no class, so the share is rather too low.
    Without a vehicle it is undefined. `detail`: how many, and how many heavy ones.
    """
    cells = inputs.cells
    hours = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    names = hours["property"].astype(object)
    every, heavy = (hours[names == name][["cell", "bucket", "value"]] for name in (_ALL, _HEAVY))
    both = every.merge(heavy, on=["cell", "bucket"], suffixes=("", "_heavy"))
    cell = both["cell"].to_numpy(np.int64)
    count = np.bincount(cell, minlength=len(cells))
    total = np.bincount(cell, both["value"].to_numpy(float), len(cells))
    part = np.bincount(cell, both["value_heavy"].to_numpy(float), len(cells))
    value = np.where(total > 0, 100 * part / np.where(total > 0, total, 1.0), np.nan)
    expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
    return Outcome(
        value,
        detail=[
            {"volume": float(total[at]), "heavy": float(part[at])} if count[at] else None for at in range(len(cells))
        ],
        covered=count.astype(np.int64),
        expected=expected,
        undefined=[_NO_FLOW if count[at] and not total[at] else None for at in range(len(cells))],
    )


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All heavy vehicles by all vehicles."""
    volume = sum((part.detail or {}).get("volume", 0.0) for part in parts)
    heavy = sum((part.detail or {}).get("heavy", 0.0) for part in parts)
    if not volume:
        return None, None, {"why": _NO_FLOW}
    return 100 * heavy / volume, None, {"volume": volume, "heavy": heavy}


calculator = Calculator(compute, units=frozenset({"%"}), merge=merge, needs_all=True)
