"""Level of service of a freeway (Highway Capacity Manual, basic segment): how densely cars follow each other."""

from __future__ import annotations

import numpy as np

from bypuls.formulas import level_of_service as los
from processors.calculation import Calculator, Cells, Detail, Inputs, Outcome
from processors.calculators._level_of_service import LEVELS, MILE, numbers, said_of, share
from processors.calculators._paces import FREE_FLOW, NO_FLOW, NO_FREE_FLOW, covered_hours, number, paces

_LANES, _HEAVY, _TERRAIN, _FACTOR = "lanes", "heavy_share", "terrain", "peak_hour_factor"
_EQUIVALENT = {"level": 2.0, "rolling": 3.0}
_OVER = "demand is over capacity: there is no density, the level is F"


def compute(inputs: Inputs) -> Outcome:
    """Level of service of an hour, 1 (A) to 6 (F), by the density of passenger cars per mile and lane.

    Demand v_p = V / (PHF x lanes x f_HV) by the measured space-mean speed, or by the speed that the manual gives for
    that demand where none is measured; over capacity it is F. The site is one carriageway, with the attributes `lanes`
    (of that direction), `free_flow_speed` (km/h), `heavy_share` (0 to 1), and, if they are known, `terrain` (level,
    else rolling: a heavy vehicle counts as 2 or 3 cars) and `peak_hour_factor` (without it 1: the hour's mean flow, and
    the evidence says so). Without a needed attribute, and without a vehicle, it is undefined: an empty road may be a
    broken detector. `detail`: demand, capacity, speed (km/h), density per mile and per kilometre. Of a scope: the worst
    site.
    """
    cells = inputs.cells
    hours = paces(inputs)
    covered, expected = covered_hours(inputs, hours.assign(pace=hours["pace"].fillna(0.0)))
    standard = inputs.standards.rule("hcm7_freeway")
    volume, pace = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    volume[hours["cell"]], pace[hours["cell"]] = hours["volume"], hours["pace"]
    levels: list[str | None] = [None] * len(cells)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    evidence: list[Detail | None] = [None] * len(cells)
    roads = [_Road(cells, site) for site in range(len(cells.sites))]
    for at, site in enumerate(cells.site.tolist()):
        road = roads[site]
        if np.isnan(volume[at]):
            continue
        if road.lacks is not None or not volume[at]:
            undefined[at] = road.lacks or NO_FLOW
            continue
        measured = None if np.isnan(pace[at]) else 1 / (float(pace[at]) * MILE)
        found = los.freeway(road.demand(float(volume[at])), road.free_flow, measured, standard.values["upper"])
        levels[at] = found.level
        detail[at] = _told(found, float(volume[at]))
        evidence[at] = said_of(
            standard,
            speed="the manual's model" if measured is None else "measured",
            peak_hour_factor=road.factor if road.factor_known else "1: mean flow of the hour",
        )
    return Outcome(
        numbers(levels),
        band=levels,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=evidence,
    )


class _Road:
    """What the site's attributes say; `lacks` names the one that is missing."""

    def __init__(self, cells: Cells, site: int) -> None:
        given = cells.attributes[site]
        lanes, speed, heavy = number(given, _LANES), number(given, FREE_FLOW), share(given.get(_HEAVY))
        self.lacks: str | None = None
        if lanes is None:
            self.lacks = f"the site has no attribute {_LANES} (of this direction)"
        elif speed is None:
            self.lacks = NO_FREE_FLOW
        elif heavy is None:
            self.lacks = f"the site has no attribute {_HEAVY} (0 to 1)"
        self.lanes = lanes or 1.0
        self.free_flow = (speed or MILE) / MILE
        factor = number(given, _FACTOR)
        self.factor_known = factor is not None and factor <= 1
        self.factor = factor if factor is not None and factor <= 1 else 1.0
        equivalent = _EQUIVALENT.get(str(given.get(_TERRAIN, "level")), _EQUIVALENT["rolling"])
        self.heavy = los.heavy_vehicle_factor(heavy or 0.0, equivalent)

    def demand(self, volume: float) -> float | None:
        """Passenger cars per hour and lane."""
        return los.demand_flow(volume, self.factor, self.lanes, self.heavy)


def _told(found: los.Freeway, volume: float) -> Detail:
    told: Detail = {"volume": volume, "flow": found.flow, "capacity": found.capacity}
    if found.density is None or found.speed is None:
        return told | {"why": _OVER} if found.level == LEVELS[-1] else told
    return told | {
        "speed": found.speed * MILE,
        "density_per_mile": found.density,
        "density_per_km": found.density / MILE,
    }


calculator = Calculator(compute, units=frozenset({"class"}))
