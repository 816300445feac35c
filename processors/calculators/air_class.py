"""Class of an hour's air on a standard's scale: the worst of its pollutants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bypuls.kpi import KpiDefinition
from bypuls.standards import Scale
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part


def compute(inputs: Inputs) -> Outcome:
    """Number of the worst class (1 best); band: its name; `detail`: each pollutant's class and what lacks.

    Parameters: `standard`, `pollutants` (property -> its name in the standard). Only valid hours count. With fewer
    pollutants than the standard asks of that kind of station the value is partial and says so: it is not the index.
    """
    scale = inputs.standards.scale(inputs.definition.parameters["standard"])
    names: Mapping[str, str] = inputs.definition.parameters["pollutants"]
    count = len(inputs.cells)
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    classes: list[dict[str, int]] = [{} for _ in range(count)]
    for name, rows in own.groupby("property", observed=True):
        pollutant = names[str(name)]
        edges, found = np.array(scale.edges_of(pollutant)), rows["value"].to_numpy(float)
        numbers = 1 + np.searchsorted(edges, found, side="left" if scale.edge == "upper_inclusive" else "right")
        for cell, number in zip(rows["cell"].tolist(), numbers.tolist(), strict=True):
            classes[cell][pollutant] = number
    kinds = [inputs.cells.kinds[site] for site in inputs.cells.site.tolist()]
    details = [_detail(scale, kind, found) if found else None for kind, found in zip(kinds, classes, strict=True)]
    value = np.array([max(found.values()) if found else np.nan for found in classes])
    return Outcome(
        value,
        band=[scale.name(max(found.values())) if found else None for found in classes],
        detail=details,
        covered=np.array([1 if found else 0 for found in classes], dtype=np.int64),
        expected=np.ones(count, dtype=np.int64),
        evidence=[_evidence(scale, detail) for detail in details],
    )


def _detail(scale: Scale, kind: str, found: Mapping[str, int]) -> Detail:
    worst = max(found.values())
    return {
        "pollutants": {name: found[name] for name in scale.edges if name in found},
        "missing": [name for name in scale.edges if name not in found],
        "decided_by": [name for name in scale.edges if found.get(name) == worst],
        "complete": scale.is_complete(kind, found),
    }


def _evidence(scale: Scale, detail: Detail | None) -> Detail:
    evidence: Detail = {"standard": scale.id}
    if scale.status != "verified":
        evidence["standard_status"] = scale.status
    if detail is not None and not detail["complete"]:
        evidence["partial"] = True
    return evidence


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """The worst site's class, name and pollutants."""
    worst = max(parts, key=lambda part: part.value)
    return worst.value, worst.band, {**(worst.detail or {}), "site": worst.scope}


calculator = Calculator(
    compute, units=frozenset({"class"}), merge=merge, parameters=frozenset({"standard", "pollutants"})
)
