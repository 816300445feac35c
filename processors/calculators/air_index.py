"""Index of an hour's air as a number with fractions: the worst of its pollutants."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from bypuls.formulas.air_index import continuous_index
from bypuls.standards import Scale
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators.air_class import evidence_of_scale, merge


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
    details: list[Detail | None] = []
    for row in numbers.tolist():
        found = {name: round(number, 9) for name, number in zip(pollutants, row, strict=True) if number == number}  # noqa: PLR0124
        highest = max(found.values(), default=None)
        decided = [name for name, number in found.items() if number == highest]
        missing = [name for name in scale.edges if name not in found]
        details.append({"pollutants": found, "missing": missing, "decided_by": decided} if found else None)
    kinds = [inputs.cells.kinds[site] for site in inputs.cells.site.tolist()]
    there = ~np.isnan(worst)
    # Few combinations of pollutants occur: what is said of the standard is put into words once for each.
    said = lru_cache(maxsize=None)(partial(_said, scale))
    return Outcome(
        worst,
        band=[scale.name(int(number)) if number == number else None for number in worst.tolist()],  # noqa: PLR0124
        detail=details,
        covered=there.astype(np.int64),
        expected=np.ones(len(worst), dtype=np.int64),
        evidence=[
            said(kind, tuple(detail["pollutants"]) if detail else None)
            for kind, detail in zip(kinds, details, strict=True)
        ],
    )


def _said(scale: Scale, kind: str, pollutants: tuple[str, ...] | None) -> Detail:
    return evidence_of_scale(scale, kind, pollutants)


calculator = Calculator(
    compute, units=frozenset({"index"}), merge=merge, parameters=frozenset({"standard", "pollutants"})
)
