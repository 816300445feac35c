"""Conversion of gases."""

from __future__ import annotations

from bypuls.errors import UnitError
from bypuls.formulas.gases import ATMOSPHERE, micrograms_per_m3
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, rule


@rule("gas", "ppb", "temperature_C", "pressure_kPa")
def ppb_to_ug_m3(_standards: Standards, given: Given) -> Answer:
    """Micrograms per cubic metre; undefined for what is no gas (dust) and without conditions."""
    ppb, temperature = given.number("ppb"), given.number("temperature_C")
    pressure = given.number("pressure_kPa", ATMOSPHERE)
    if ppb is None or temperature is None or pressure is None:
        return {"ug_m3": None}
    try:
        return {"ug_m3": micrograms_per_m3(given.text("gas"), ppb, temperature, pressure)}
    except UnitError:
        return {"ug_m3": None}
