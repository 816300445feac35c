"""The town's weather: pure functions of seed and time. Formulas and their sources: docs/simulated-city.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.city.holidays import civil
from simulators.city.randomness import Floats, Integers, key_of, smooth, uniform

LATITUDE, LONGITUDE = 61.45, 5.85
HOUR, DAY = 3600, 86_400
_BLOCK = 10 * DAY
_FRONT = 12 * HOUR


@dataclass(frozen=True, slots=True)
class Weather:
    """Instantaneous weather in the town's centre.

    Attributes:
        temperature: °C. humidity: %. wind_speed: m/s. wind_direction: degrees, where it comes from. rain: mm/h.
        pressure: hPa at sea level. irradiance: W/m², global, horizontal. cloud: 0 to 1.
        inversion: 0 (the air mixes freely) to 1 (a lid over the town).
        wetness: of the road surface, 0 (dry) to 1.
        felt_temperature: °C, mean of the last day: what houses and stoves answer to.
    """

    temperature: Floats
    humidity: Floats
    wind_speed: Floats
    wind_direction: Floats
    rain: Floats
    pressure: Floats
    irradiance: Floats
    cloud: Floats
    inversion: Floats
    wetness: Floats
    felt_temperature: Floats


def weather(seed: int, times: Integers) -> Weather:
    """The weather at these instants (seconds since 1970, UTC)."""
    high, sun = anticyclone(seed, times), sun_elevation_sine(times)
    cloud = cloud_cover(seed, times)
    air = temperature(seed, times)
    falling = rain(seed, times)
    speed = wind_speed(seed, times)
    spread = 1.0 + 5.5 * (1.0 - cloud) * np.maximum(0.0, sun) + np.abs(smooth(key_of(seed, "dew"), times, 14 * HOUR))
    spread = np.where(falling > 0, 0.35 * spread, spread)
    pressure = 1005.0 + 7.0 * smooth(key_of(seed, "pressure"), times, 60 * HOUR) + 24.0 * high
    dark = np.clip(1.0 - sun / 0.30, 0.0, 1.0)
    cold = np.clip((12.0 - air) / 12.0, 0.0, 1.0)
    return Weather(
        temperature=air,
        humidity=relative_humidity(air, air - spread),
        wind_speed=speed,
        wind_direction=_wind_direction(seed, times, high),
        rain=falling,
        pressure=pressure,
        irradiance=global_irradiance(sun, cloud),
        cloud=cloud,
        inversion=high * dark * cold,
        wetness=_wetness(seed, times),
        felt_temperature=np.mean([temperature(seed, times - lag * HOUR) for lag in range(0, 24, 3)], axis=0),
    )


def anticyclone(seed: int, times: Integers) -> Floats:
    """How much a high rules, 0 to 1: one episode of 2 to 4.5 days in every ten."""
    block = times // _BLOCK
    begin = uniform(key_of(seed, "high begins"), block) * 5.5 * DAY
    length = (2.0 + 2.5 * uniform(key_of(seed, "high lasts"), block)) * DAY
    strength = 0.65 + 0.35 * uniform(key_of(seed, "high rules"), block)
    since = (times - block * _BLOCK) - begin
    rising = np.clip(since / _FRONT, 0.0, 1.0)
    falling = np.clip((length - since) / _FRONT, 0.0, 1.0)
    edge = np.minimum(rising, falling)
    return strength * edge * edge * (3.0 - 2.0 * edge)


def sun_elevation_sine(times: Integers) -> Floats:
    """Sine of the sun's elevation. Declination: Cooper 1969; equation of time: Spencer 1971."""
    day = times / DAY
    year_day = day - (times.astype("datetime64[s]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64))
    angle = 2.0 * np.pi * year_day / 365.25
    minutes = 229.18 * (
        0.000075
        + 0.001868 * np.cos(angle)
        - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2 * angle)
        - 0.040849 * np.sin(2 * angle)
    )
    declination = np.radians(23.45) * np.sin(2.0 * np.pi * (284.0 + year_day) / 365.0)
    solar_hour = (times % DAY) / HOUR + LONGITUDE / 15.0 + minutes / 60.0
    hour_angle = np.radians(15.0 * (solar_hour - 12.0))
    latitude = np.radians(LATITUDE)
    sine: Floats = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    return sine


def global_irradiance(sine: Floats, cloud: Floats) -> Floats:
    """Global irradiance (W/m²): Haurwitz 1945 for a clear sky, Kasten and Czeplak 1980 for clouds."""
    up = np.maximum(sine, 1e-3)
    clear = np.where(sine > 0, 1098.0 * up * np.exp(-0.057 / up), 0.0)
    return clear * (1.0 - 0.75 * cloud**3.4)


def relative_humidity(air: Floats, dew_point: Floats) -> Floats:
    """Relative humidity (%) from temperature and dew point (°C): Magnus formula over water, WMO-No. 8, annex 4.B."""

    def pressure(degrees: Floats) -> Floats:
        return 6.112 * np.exp(17.62 * degrees / (243.12 + degrees))

    return np.clip(100.0 * pressure(dew_point) / pressure(air), 5.0, 100.0)


def cloud_cover(seed: int, times: Integers) -> Floats:
    """Share of the sky, 0 to 1."""
    cover = 0.72 + 0.25 * smooth(key_of(seed, "cloud"), times, 15 * HOUR) - 0.65 * anticyclone(seed, times)
    return np.clip(cover, 0.0, 1.0)


def temperature(seed: int, times: Integers) -> Floats:
    """Air temperature (°C): season, air mass, sun of two hours ago, clear nights, cold pools under a winter high."""
    season = np.cos(2.0 * np.pi * (civil(times).year_day - 20.0) / 365.25)
    high, sun = anticyclone(seed, times), sun_elevation_sine(times - 2 * HOUR)
    clear = 1.0 - 0.7 * cloud_cover(seed, times)
    return (
        6.6
        - 7.6 * season
        + 2.3 * smooth(key_of(seed, "air mass"), times, 4 * DAY)
        + 0.8 * smooth(key_of(seed, "gusts of warmth"), times, 9 * HOUR)
        - 5.0 * high * season
        + clear * (9.0 * np.maximum(0.0, sun) - 2.5 * np.maximum(0.0, -sun))
    )


def rain(seed: int, times: Integers) -> Floats:
    """Precipitation (mm/h), hardly any under a high."""
    showers = smooth(key_of(seed, "showers"), times, 7 * HOUR)
    fronts = smooth(key_of(seed, "fronts"), times, 3 * DAY)
    amount = showers + 0.8 * fronts - 0.9 - 3.0 * anticyclone(seed, times)
    return 1.3 * np.maximum(0.0, amount) ** 1.5


def wind_speed(seed: int, times: Integers) -> Floats:
    """Wind (m/s): log-normal, calm under a high, with a sea breeze on sunny days."""
    slow = smooth(key_of(seed, "wind"), times, 16 * HOUR)
    quick = smooth(key_of(seed, "gusts"), times, 2 * HOUR)
    high, sun = anticyclone(seed, times), np.maximum(0.0, sun_elevation_sine(times - 2 * HOUR))
    breeze = 3.0 * sun * sun * (1.0 - cloud_cover(seed, times))
    return np.maximum(0.2, 3.4 * np.exp(0.42 * slow + 0.18 * quick) * (1.0 - 0.78 * high) + breeze)


def _wind_direction(seed: int, times: Integers, high: Floats) -> Floats:
    wander = 55.0 * smooth(key_of(seed, "direction"), times, 20 * HOUR)
    wander = wander + 14.0 * smooth(key_of(seed, "turns"), times, 2 * HOUR)
    # From the sea in lows; down the valley, from the north-east, under a high.
    return (235.0 - 175.0 * high + wander) % 360.0


def _wetness(seed: int, times: Integers) -> Floats:
    """What of the last half day's rain still lies on the road, as a share of what makes it wet (0.6 mm)."""
    lying = sum(rain(seed, times - lag * HOUR) * np.exp(-lag / 5.0) for lag in range(13))
    return 1.0 - np.exp(-np.asarray(lying, dtype=np.float64) / 0.6)
