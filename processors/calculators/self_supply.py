"""What a site's own production does for it: how much of it is used there, and how much of the use it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import pandas as pd

from bypuls.formulas.energy import self_consumption, self_sufficiency
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._energy import of_inputs, used_hours

_PRODUCED, _EXPORTED, _IMPORTED = "active_energy_production", "active_energy_export", "active_energy_import"
_ENERGIES = {_PRODUCED: "production", _EXPORTED: "export", _IMPORTED: "import"}
_NOTHING = {"self_consumption": "nothing was produced", "self_sufficiency": "nothing was used"}
_AGAINST = "more was exported than produced: the meters contradict each other"


def compute(inputs: Inputs) -> Outcome:
    """Self-consumption = (production - export) / production, self-sufficiency = (consumption - import) / consumption.

    Parameter `measure`. Consumption is production - export + import. Over the hours in which all three meters are
    valid. Undefined without production or without consumption, and where the meters contradict each other. `detail`:
    the energies (kWh). A scope has all its sites' energies.
    """
    cells = inputs.cells
    hours = _together(inputs)
    cell = hours["cell"].to_numpy(np.int64)
    sums = {told: np.bincount(cell, hours[told].to_numpy(float), len(cells)) for told in _ENERGIES.values()}
    count = np.bincount(cell, minlength=len(cells)).astype(np.int64)
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    measure = inputs.definition.parameters["measure"]
    for at in np.flatnonzero(count).tolist():
        energies = {told: float(total[at]) for told, total in sums.items()}
        detail[at] = {**energies, "consumption": _consumption(energies)}
        found = _share(measure, energies)
        if isinstance(found, str):
            undefined[at] = found
        else:
            value[at] = found
    expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
    return Outcome(value, detail=detail, covered=count, expected=expected, undefined=undefined)


def _together(inputs: Inputs) -> pd.DataFrame:
    """The hours in which all three are valid: cell, bucket and a column of each energy."""
    each = [
        used.loc[(used["cell"] >= 0) & used["valid"], ["cell", "bucket", "value"]].rename(columns={"value": told})
        for told, used in ((told, used_hours(of_inputs(inputs, [name]))) for name, told in _ENERGIES.items())
    ]
    return reduce(lambda some, more: some.merge(more, on=["cell", "bucket"]), each)


def _consumption(energies: Mapping[str, float]) -> float:
    return energies["production"] - energies["export"] + energies["import"]


def _share(measure: str, energies: Mapping[str, float]) -> float | str:
    if energies["export"] > energies["production"]:
        return _AGAINST
    if measure == "self_consumption":
        found = self_consumption(energies["production"], energies["export"])
    else:
        found = self_sufficiency(_consumption(energies), energies["import"])
    return _NOTHING[measure] if found is None else found


def merge(
    _how: str, parts: Sequence[Part], definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All sites' energies: what one exports and another imports at that hour is not shared here."""
    known = [part.detail for part in parts if part.detail]
    energies = {told: sum(one[told] for one in known) for told in _ENERGIES.values()}
    found = _share(definition.parameters["measure"], energies)
    detail: Detail = {**energies, "consumption": _consumption(energies)}
    return (None, None, {**detail, "why": found}) if isinstance(found, str) else (found, None, detail)


calculator = Calculator(compute, units=frozenset({"1"}), merge=merge, needs_all=True, parameters=frozenset({"measure"}))
