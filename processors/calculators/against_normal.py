"""A day's volume against the same weekday of the weeks before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._days import days_of
from processors.windows import local_days

_WEEKS = (7, 14, 21, 28)
_NEEDED = 3
_TOO_FEW = f"fewer than {_NEEDED} of the 4 preceding weeks have this weekday complete"


def compute(inputs: Inputs) -> Outcome:
    """Difference in percent to the mean of the same weekday in the 4 preceding weeks, of which 3 must be complete.

    `detail`: the day's volume, the normal, and over how many weeks. Holidays are days like any other. A normal of zero
    has no percentage.
    """
    days = days_of(inputs)
    complete = days["hours"] >= inputs.definition.coverage["day"] * days["length"] - 1e-9
    volume = {(site, day): total for site, day, total in zip(days["site"], days["day"], days["sum"], strict=True)}
    usable = set(zip(days["site"][complete], days["day"][complete], strict=True))
    cells = inputs.cells
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    today = local_days(cells.start, inputs.calendar).tolist()
    for at, (site, day) in enumerate(zip(cells.site.tolist(), today, strict=True)):
        here = volume.get((site, day))
        if here is None:
            continue
        before = [volume[site, day - step] for step in _WEEKS if (site, day - step) in usable]
        if len(before) < _NEEDED:
            undefined[at] = _TOO_FEW
            continue
        normal = sum(before) / len(before)
        detail[at] = {"volume": here, "normal": normal, "weeks": len(before)}
        if normal > 0:
            value[at] = 100 * (here - normal) / normal
        else:
            undefined[at] = "the normal is zero"
    return Outcome(value, detail=detail, undefined=undefined)


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All sites' volume against all sites' normal, not a mean of percentages."""
    volume = sum((part.detail or {}).get("volume", 0.0) for part in parts)
    normal = sum((part.detail or {}).get("normal", 0.0) for part in parts)
    if not normal:
        return None, None, {"why": "the normal is zero"}
    return 100 * (volume - normal) / normal, None, {"volume": volume, "normal": normal}


calculator = Calculator(compute, units=frozenset({"%"}), merge=merge, days_before=_WEEKS)
