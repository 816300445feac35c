"""Class of an hour's air on a standard's scale: the worst of its pollutants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.kpi import KpiDefinition
from bypuls.standards import Scale
from processors.calculation import Calculator, Cells, Detail, Inputs, Integers, Outcome, Part
from processors.calculators._running import means_at_cells
from processors.said import Coded

_OF_RUNNING = 0.75


def compute(inputs: Inputs) -> Outcome:
    """Number of the worst class (1 best); band: its name; `detail`: each pollutant's class and what is not measured.

    Parameters: `standard`, `pollutants` (property -> its name in the standard), `running` (property -> hours of the
    running mean that ends with the hour, of which three quarters must be valid). Only valid hours count. With fewer
    pollutants than the standard asks of that kind of station the value is partial: it is not the index, and its
    evidence names what is `missing`.
    """
    scale = inputs.standards.scale(inputs.definition.parameters["standard"])
    names: Mapping[str, str] = inputs.definition.parameters["pollutants"]
    pollutants = [name for name in scale.edges if name in names.values()]
    classes = _classes(inputs, scale, names, pollutants)
    worst = classes.max(axis=1, initial=0).astype(np.int64)
    # Few combinations of classes occur: each is put into words once.
    first, codes = combinations(kinds_of(inputs.cells), *classes.T)
    details: list[Detail | None] = []
    evidence: list[Detail] = []
    for row in first.tolist():
        kind = inputs.cells.kinds[inputs.cells.site[row]]
        found = {name: int(number) for name, number in zip(pollutants, classes[row], strict=True) if number}
        details.append(_detail(scale, kind, found) if found else None)
        evidence.append(evidence_of_scale(scale, kind, list(found) or None))
    return Outcome(
        np.where(worst > 0, worst, np.nan),
        band=Coded(worst, [None, *scale.names]),
        detail=Coded(codes, details),
        covered=(worst > 0).astype(np.int64),
        expected=np.ones(len(worst), dtype=np.int64),
        evidence=Coded(codes, evidence),
    )


def kinds_of(cells: Cells) -> Integers:
    """A number for the kind of each cell's site."""
    number = {kind: at for at, kind in enumerate(sorted(set(cells.kinds)))}
    return np.array([number[kind] for kind in cells.kinds], dtype=np.int64)[cells.site]


def combinations(*columns: npt.NDArray[Any]) -> tuple[Integers, Integers]:
    """A row of each combination of small numbers that occurs, and which of these each row is."""
    keys = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        keys = keys << 6 | column.astype(np.int64)
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    return first, codes.astype(np.int64)


def _classes(inputs: Inputs, scale: Scale, names: Mapping[str, str], pollutants: list[str]) -> npt.NDArray[np.int8]:
    """Cell by pollutant: its class, 0 where it has no valid hour."""
    running: Mapping[str, int] = inputs.definition.parameters.get("running", {})
    classes = np.zeros((len(inputs.cells), len(pollutants)), dtype=np.int8)
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    for name, rows in own.groupby("property", observed=True):
        if name not in running:
            numbers = scale.classes_of(names[str(name)], rows["value"].to_numpy(float))
            classes[rows["cell"].to_numpy(np.int64), pollutants.index(names[str(name)])] = numbers
    for name, hours in running.items():
        means = means_at_cells(inputs, name, hours, ceil(_OF_RUNNING * hours))
        classes[:, pollutants.index(names[name])] = scale.classes_of(names[name], means)
    return classes


def _detail(scale: Scale, kind: str, found: Mapping[str, int]) -> Detail:
    worst = max(found.values())
    return {
        "pollutants": {name: found[name] for name in scale.edges if name in found},
        "missing": [name for name in scale.edges if name not in found],
        "decided_by": [name for name in scale.edges if found.get(name) == worst],
        "complete": scale.is_complete(kind, found),
    }


def evidence_of_scale(scale: Scale, kind: str, pollutants: Sequence[str] | None) -> Detail:
    """The scale, its status, what of it is unverified, and what these pollutants lack to be a station's index."""
    evidence: Detail = {"standard": scale.id}
    if scale.status != "verified":
        evidence["standard_status"] = scale.status
    if scale.unverified:
        evidence["unverified"] = list(scale.unverified)
    missing = [] if pollutants is None else scale.missing(kind, pollutants)
    if missing:
        evidence |= {"partial": True, "missing": missing}
    return evidence


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """The worst site's class, name and pollutants."""
    worst = max(parts, key=lambda part: part.value)
    return worst.value, worst.band, {**(worst.detail or {}), "site": worst.scope}


calculator = Calculator(
    compute,
    units=frozenset({"class"}),
    merge=merge,
    parameters=frozenset({"standard", "pollutants"}),
    optional=frozenset({"running"}),
)
