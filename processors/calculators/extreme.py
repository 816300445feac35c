"""The least or largest value of a period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.clock import isoformat
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.windows import instant


def compute(inputs: Inputs) -> Outcome:
    """Least or largest of the hours' values (parameter `of`: min or max), of whole and of incomplete hours.

    Whether an hour gives its mean or its own least or largest observation stands in the input (`statistic`). `detail`:
    the hour in which it was, the first of several.
    """
    smallest = inputs.definition.parameters["of"] == "min"
    own = inputs.hours[inputs.hours["cell"] >= 0].sort_values(["value", "bucket"], ascending=[smallest, True])
    own = own.drop_duplicates("cell")
    value = np.full(len(inputs.cells), np.nan)
    detail: list[Detail | None] = [None] * len(value)
    for at, number, bucket in zip(own["cell"], own["value"], own["bucket"], strict=True):
        value[at], detail[at] = number, {"hour": isoformat(instant(bucket))}
    return Outcome(value, detail=detail)


def merge(
    _how: str, parts: Sequence[Part], definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """The least or largest of the sites', with its site."""
    pick = min if definition.parameters["of"] == "min" else max
    part = pick(parts, key=lambda part: part.value)
    return part.value, None, {**(part.detail or {}), "site": part.scope}


calculator = Calculator(compute, merge=merge, parameters=frozenset({"of"}))
