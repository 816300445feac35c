"""Level of service of a freeway (Highway Capacity Manual, basic segment): how densely cars follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bypuls.formulas import level_of_service as los
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._level_of_service import LEVELS, MILE, levels, said_of, share
from processors.calculators._paces import FREE_FLOW, NO_FREE_FLOW, number

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
    standard = inputs.standards.rule("hcm7_freeway")
    roads = [_Road(attributes) for attributes in inputs.cells.attributes]

    def judge(site: int, volume: float, speed: float | None) -> tuple[str | None, Detail, Detail]:
        road = roads[site]
        found = los.freeway(road.demand(volume), road.free_flow, speed, standard.values["upper"])
        said = said_of(
            standard,
            speed="the manual's model" if speed is None else "measured",
            peak_hour_factor=road.factor if road.factor_known else "1: mean flow of the hour",
        )
        return found.level, _told(found, volume), said

    return levels(inputs, [road.lacks for road in roads], judge, speed_needed=False)


class _Road:
    """What the site's attributes say; `lacks` names the one that is missing."""

    def __init__(self, given: Mapping[str, Any]) -> None:
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
