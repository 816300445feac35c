"""Level of service of a city street (Highway Capacity Manual): how fast one gets on, against the empty street."""

from __future__ import annotations

import numpy as np

from bypuls.formulas import level_of_service as los
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._level_of_service import MILE, numbers, said_of
from processors.calculators._paces import NO_FLOW, covered_hours, number, paces

_BASE, _CAPACITY = "base_free_flow_speed", "capacity"
_NO_BASE = f"the site has no attribute {_BASE} (km/h)"


def compute(inputs: Inputs) -> Outcome:
    """Level of service of an hour, 1 (A) to 6 (F), by the speed of through vehicles against the base free-flow speed.

    The speed is the harmonic mean of all lanes; it must be above (strictly) the level's threshold, which is
    interpolated between the table's columns. The site's attributes: `base_free_flow_speed` (km/h, of the street without
    traffic and signals), without which it is undefined, and `capacity` (vehicles per hour): where more pass the level
    is F; without it that is not judged and the evidence says so. The manual means the speed over a stretch with its
    junctions: of a detector between two junctions the level is too good. Without a vehicle it is undefined: an empty
    street may be a broken detector. `detail`: speed and base free-flow speed (km/h), volume. Of a scope: the worst
    site.
    """
    cells = inputs.cells
    hours = paces(inputs)
    covered, expected = covered_hours(inputs, hours)
    standard = inputs.standards.rule("hcm7_urban_street")
    volume, pace = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    volume[hours["cell"]], pace[hours["cell"]] = hours["volume"], hours["pace"]
    levels: list[str | None] = [None] * len(cells)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    evidence: list[Detail | None] = [None] * len(cells)
    bases = [number(given, _BASE) for given in cells.attributes]
    capacities = [number(given, _CAPACITY) for given in cells.attributes]
    for at, site in enumerate(cells.site.tolist()):
        base, capacity = bases[site], capacities[site]
        if np.isnan(volume[at]):
            continue
        if base is None or not volume[at]:
            undefined[at] = _NO_BASE if base is None else NO_FLOW
            continue
        speed = None if np.isnan(pace[at]) else 1 / (float(pace[at]) * MILE)
        load = None if capacity is None else float(volume[at]) / capacity
        levels[at] = los.urban_street_level(
            speed, base / MILE, standard.values["speed_must_exceed"], standard.values["base_free_flow"], load
        )
        detail[at] = {"volume": float(volume[at]), "base_free_flow_speed": base}
        if speed is not None:
            detail[at] = {**(detail[at] or {}), "speed": speed * MILE}
        evidence[at] = said_of(standard, volume_over_capacity="not judged" if load is None else load)
    return Outcome(
        numbers(levels),
        band=levels,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=evidence,
    )


calculator = Calculator(compute, units=frozenset({"class"}), needs_all=True)
