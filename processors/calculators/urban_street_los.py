"""Level of service of a city street (Highway Capacity Manual): how fast one gets on, against the empty street."""

from __future__ import annotations

from bypuls.formulas import level_of_service as los
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._level_of_service import MILE, levels, said_of
from processors.calculators._paces import number

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
    standard = inputs.standards.rule("hcm7_urban_street")
    roads = inputs.cells.attributes
    bases = {site: base for site, given in enumerate(roads) if (base := number(given, _BASE)) is not None}
    capacities = [number(given, _CAPACITY) for given in roads]

    def judge(site: int, volume: float, speed: float | None) -> tuple[str | None, Detail, Detail]:
        base, capacity = bases[site], capacities[site]
        load = None if capacity is None else volume / capacity
        level = los.urban_street_level(
            speed, base / MILE, standard.values["speed_must_exceed"], standard.values["base_free_flow"], load
        )
        told: Detail = {"volume": volume, "base_free_flow_speed": base}
        if speed is not None:
            told["speed"] = speed * MILE
        return level, told, said_of(standard, volume_over_capacity="not judged" if load is None else load)

    lacks = [None if site in bases else _NO_BASE for site in range(len(roads))]
    return levels(inputs, lacks, judge, speed_needed=True)


calculator = Calculator(compute, units=frozenset({"class"}), needs_all=True)
