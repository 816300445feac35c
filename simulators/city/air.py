"""Air: from emissions and weather to concentrations. Pure; formulas and sources: docs/simulated-city.md."""

from __future__ import annotations

import numpy as np

from simulators.city.holidays import Civil
from simulators.city.randomness import Floats
from simulators.city.weather import Weather

NO2_PER_PPB = 1.913
O3_PER_PPB = 1.996
"""µg/m³ per ppb at 20 °C and 1013 hPa (2008/50/EC)."""
PRIMARY_SHARE = 0.15
_HAZE_HOURS = 8.0
_TYPICAL_VENTILATION = 3.5 * 600.0
# Dust that lies ready, by day of the year, against its worst: built up by studs from November, washed away by May.
_DUST_DAYS = (0, 31, 74, 100, 120, 140, 303, 306, 335, 366)
_DUST = (0.38, 0.45, 1.0, 0.95, 0.35, 0.08, 0.04, 0.16, 0.32, 0.38)


def exhaust(volume: Floats, speed: Floats, heavy: float, light_factor: float, heavy_factor: float) -> Floats:
    """Emission of a street (µg per m and s) of vehicles/h at km/h; factors in g/km at 50 km/h, more when they crawl."""
    factor = (1.0 - heavy) * light_factor + heavy * heavy_factor
    return volume / 3600.0 * factor * 1000.0 * (0.7 + 0.3 * 50.0 / np.maximum(speed, 10.0))


def road_dust(volume: Floats, speed: Floats, heavy: float, when: Civil, wetness: Floats) -> Floats:
    """Coarse particles torn up from the road (µg per m and s): studs' season, dryness, speed (after NORTRIP)."""
    lying = np.interp(when.year_day, _DUST_DAYS, _DUST)
    factor = 0.03 + 0.40 * lying * (1.0 - wetness) * (speed / 50.0) ** 1.5
    return volume / 3600.0 * factor * 1000.0 * (1.0 + 4.0 * heavy)


def street_increment(emission: Floats, wind_speed: Floats, distance: float = 8.0) -> Floats:
    """What a street adds at its kerb (µg/m³): SRI's street model, 7 q / ((u + 0.5) (d + 2))."""
    return 7.0 * emission / ((wind_speed + 0.5) * (distance + 2.0))


def mixing_height(wind_speed: Floats, inversion: Floats) -> Floats:
    """How high the town's air mixes (m)."""
    return (180.0 + 120.0 * wind_speed) * (1.0 - 0.8 * inversion)


def ventilation(now: Weather) -> Floats:
    """Wind times mixing height against its typical value: a town's own air is diluted by it (Gifford and Hanna)."""
    amount = np.maximum(now.wind_speed, 0.5) * mixing_height(now.wind_speed, now.inversion)
    return np.clip(amount / _TYPICAL_VENTILATION, 0.12, 3.0)


def wood_smoke(now: Weather, when: Civil) -> Floats:
    """Fine particles from stoves (µg/m³) in a district of houses: cold, evening, weekend, thinned by ventilation."""
    hours = [0, 2, 5, 7, 9, 14, 16, 18, 20, 22, 24]
    lit = np.interp(when.hour, hours, [0.45, 0.2, 0.12, 0.3, 0.25, 0.25, 0.45, 0.85, 1.0, 0.85, 0.45])
    need = np.clip((13.0 - now.felt_temperature) / 13.0, 0.0, 1.8)
    return 3.4 * need * lit * np.where(when.kind > 0, 1.25, 1.0) / ventilation(now)


def fireworks(now: Weather, when: Civil) -> Floats:
    """Fine particles of New Year's night (µg/m³): a burst at midnight that decays in hours."""
    hours = when.year_day * 24.0
    burst = np.where(hours < _HAZE_HOURS, (1.0 - np.exp(-hours / 0.2)) * np.exp(-hours / 1.3), 0.0)
    return 260.0 * burst / (0.4 + 0.6 * ventilation(now))


def rural_ozone(year_day: Floats, now: Weather) -> Floats:
    """Ozone that the wind brings (µg/m³): a northern spring maximum, eaten by the ground under a lid."""
    return (64.0 + 15.0 * np.cos(2.0 * np.pi * (year_day - 110.0) / 365.25)) * (1.0 - 0.3 * now.inversion)


def partition(
    nox: Floats, no2_background: Floats, nox_background: Floats, o3_background: Floats, now: Weather, residence: float
) -> tuple[Floats, Floats]:
    """NO2 and O3 (µg/m³) where a source adds to the background: Hertel and Berkowicz 1989, as in OSPM.

    `nox` in µg/m³ as NO2; `residence`: seconds that the air stays.
    """
    total = nox / NO2_PER_PPB
    fresh = np.maximum(0.0, nox - nox_background) / NO2_PER_PPB
    background, ozone = no2_background / NO2_PER_PPB, o3_background / O3_PER_PPB
    brought = PRIMARY_SHARE * fresh + background
    kelvin = now.temperature + 273.15
    rate = 5.38e-2 * np.exp(-1430.0 / kelvin)
    light = np.maximum(now.irradiance, 1e-6)
    photolysis = np.where(now.irradiance > 0, 0.8e-3 * np.exp(-10.0 / light) + 7.4e-6 * light, 0.0)
    ratio, exchange = photolysis / rate, 1.0 / (rate * residence)
    oxidant = brought + ozone
    b = total + oxidant + ratio + exchange
    inner = np.maximum(0.0, b * b - 4.0 * (total * oxidant + brought * exchange))
    no2 = np.minimum(0.5 * (b - np.sqrt(inner)), total)
    return no2 * NO2_PER_PPB, np.maximum(0.0, oxidant - no2) * O3_PER_PPB


def optical_growth(humidity: Floats, kappa: float = 0.10) -> Floats:
    """How much more an unheated optical sensor sees in damp air: κ-Köhler (Crilley et al. 2018), to 90 %."""
    damp = np.clip(humidity, 1.0, 90.0)
    return 1.0 + (kappa / 1.65) / (100.0 / damp - 1.0)
