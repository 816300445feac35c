"""A gas's share of volume (ppb) as a mass per volume, at the conditions that a standard's concentrations refer to."""

from __future__ import annotations

from bypuls.units import mass_concentration_factor

ZERO_CELSIUS = 273.15
ATMOSPHERE = 101.325
"""kPa."""
US_TEMPERATURE = 25.0
"""Cel; 40 CFR 50: gases at 25 Cel and one atmosphere. The EU's refer to 20 Cel (2008/50/EC, Annex VI: 293 K)."""


def micrograms_per_m3(gas: str, ppb: float, temperature: float, pressure: float = ATMOSPHERE) -> float:
    """µg/m³ of a gas (no2, o3 …) from ppb at a temperature (Cel) and pressure (kPa).

    Raises:
        UnitError: no molar mass is known for it (dust has none), or the conditions are none.

    >>> round(micrograms_per_m3("no2", 1, 20), 4)
    1.9125
    """
    return ppb * mass_concentration_factor(gas, ZERO_CELSIUS + temperature, pressure)


def ppb(gas: str, micrograms: float, temperature: float, pressure: float = ATMOSPHERE) -> float:
    """The other way round: ppb from µg/m³."""
    return micrograms / mass_concentration_factor(gas, ZERO_CELSIUS + temperature, pressure)
