"""Mean direction of a period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Floats, Inputs, Outcome, Part

_NOTHING_LEFT = 1e-9
_CANCELLED = "the directions cancel out"


def compute(inputs: Inputs) -> Outcome:
    """Direction of the mean of the hours' vectors, each as long as its directions agreed: 350 and 10 degrees give 0.

    Speed does not weigh. `detail.steadiness`: length of the mean, 1 where the direction never changed, 0 where it came
    from everywhere; then the direction is undefined.
    """
    count = len(inputs.cells)
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    cell, angle = own["cell"].to_numpy(np.int64), np.radians(own["value"].to_numpy(float))
    length = own["steadiness"].to_numpy(float)
    number = np.maximum(np.bincount(cell, minlength=count), 1)
    north = np.bincount(cell, length * np.cos(angle), minlength=count) / number
    east = np.bincount(cell, length * np.sin(angle), minlength=count) / number
    some = np.bincount(cell, minlength=count) > 0
    steadiness = np.hypot(north, east)
    known = some & (steadiness > _NOTHING_LEFT)
    return Outcome(
        np.where(known, _degrees(north, east), np.nan),
        detail=[{"steadiness": one} if here else None for one, here in zip(steadiness.tolist(), known, strict=True)],
        undefined=[_CANCELLED if here and not there else None for here, there in zip(some, known, strict=True)],
    )


def _degrees(north: Floats, east: Floats) -> Floats:
    degrees: Floats = np.degrees(np.arctan2(east, north)) % 360
    return degrees


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """The direction of the mean of the sites' vectors."""
    angle = np.radians([part.value for part in parts])
    length = np.array([(part.detail or {}).get("steadiness", 1.0) for part in parts])
    north, east = np.mean(length * np.cos(angle)), np.mean(length * np.sin(angle))
    steadiness = float(np.hypot(north, east))
    if steadiness <= _NOTHING_LEFT:
        return None, None, {"why": _CANCELLED}
    return float(_degrees(north, east)), None, {"steadiness": steadiness}


calculator = Calculator(compute, merge=merge)
