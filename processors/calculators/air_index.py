"""Index of an hour's air as a number with fractions: the worst of its pollutants."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np

from bypuls.formulas.air_index import continuous_index
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators.air_class import combinations, evidence_of_scale, kinds_of, merge
from processors.said import Coded, Made, coded


def compute(inputs: Inputs) -> Outcome:
    """Largest of the pollutants' numbers: class and how far into it (2.5: middle of the second); band: its name.

    Parameters: `standard`, `pollutants` (property -> its name in the standard). Only valid hours count. With fewer
    pollutants than the standard asks of that kind of station the value is partial, and its evidence says so.

    Source: api.met.no, airqualityforecast 0.1, aqi_description.
    """
    scale = inputs.standards.scale(inputs.definition.parameters["standard"])
    names = inputs.definition.parameters["pollutants"]
    pollutants = [name for name in scale.edges if name in names.values()]
    numbers = np.full((len(inputs.cells), len(pollutants)), np.nan)
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    for name, rows in own.groupby("property", observed=True):
        pollutant = names[str(name)]
        index = continuous_index(scale, pollutant, rows["value"].to_numpy(float))
        numbers[rows["cell"].to_numpy(np.int64), pollutants.index(pollutant)] = index
    worst = np.where(np.isnan(numbers).all(axis=1), np.nan, np.nan_to_num(numbers, nan=-1.0).max(axis=1, initial=-1.0))
    there = ~np.isnan(worst)
    # Few combinations of pollutants occur: what is said of the standard is put into words once for each.
    first, codes = combinations(kinds_of(inputs.cells), *~np.isnan(numbers.T))
    evidence = []
    for row in first.tolist():
        found = [name for name, number in zip(pollutants, numbers[row], strict=True) if not isnan(number)]
        evidence.append(evidence_of_scale(scale, inputs.cells.kinds[inputs.cells.site[row]], found or None))
    return Outcome(
        worst,
        band=coded(np.floor(worst), lambda number: scale.name(int(number))),
        detail=Made(_detail, (list(scale.edges), pollutants), tuple(numbers.T)),
        covered=there.astype(np.int64),
        expected=np.ones(len(worst), dtype=np.int64),
        evidence=Coded(codes, evidence),
    )


def _detail(every: Sequence[str], pollutants: Sequence[str], *numbers: float) -> Detail | None:
    found = {name: round(number, 9) for name, number in zip(pollutants, numbers, strict=True) if not isnan(number)}
    if not found:
        return None
    highest = max(found.values())
    return {
        "pollutants": found,
        "missing": [name for name in every if name not in found],
        "decided_by": [name for name, number in found.items() if number == highest],
    }


calculator = Calculator(
    compute, units=frozenset({"index"}), merge=merge, parameters=frozenset({"standard", "pollutants"})
)
