"""Sound levels: the Nordic prediction method's sources, and adding in decibels. Pure; see docs/simulated-city.md."""

from __future__ import annotations

import numpy as np

from simulators.city.randomness import Floats

_SLOW = 40.0  # km/h: below, engines are heard and not tyres


def traffic_level(volume: Floats, speed: Floats, heavy: float, distance: float = 10.0) -> Floats:
    """LAeq (dB) of a street at `distance` (m) from vehicles/h at km/h: TemaNord 1996:525, without screens."""
    pace = np.clip(speed, 30.0, 90.0)
    light_event = np.where(pace < _SLOW, 71.1, 73.5 + 25.0 * np.log10(np.maximum(pace, _SLOW) / 50.0))
    heavy_event = 80.5 + 30.0 * np.log10(np.maximum(pace, 50.0) / 50.0)
    energy = (1.0 - heavy) * 10.0 ** (light_event / 10.0) + heavy * 10.0 ** (heavy_event / 10.0)
    per_second = np.maximum(volume, 1e-3) / 3600.0
    level: Floats = 10.0 * np.log10(per_second * energy) - 10.0 * np.log10(distance / 10.0)
    return level


def together(*levels: Floats) -> Floats:
    """The level of several sources at once (dB): energies are added.

    >>> round(float(together(np.array(60.0), np.array(60.0))), 2)
    63.01
    """
    energies = sum(10.0 ** (np.asarray(level, dtype=np.float64) / 10.0) for level in levels)
    return 10.0 * np.log10(np.asarray(energies, dtype=np.float64))


def town_level(hour: Floats, weekend_night: Floats) -> Floats:
    """What is heard away from streets (dB): quiet at four, busy by day, voices in the centre at weekend nights."""
    by_day = np.interp(hour, [0, 4, 7, 9, 17, 20, 24], [36.0, 33.0, 42.0, 47.0, 47.0, 43.0, 36.0])
    return by_day + 14.0 * weekend_night


def wind_level(wind_speed: Floats) -> Floats:
    """What wind in trees and at the microphone adds (dB)."""
    return 24.0 + 25.0 * np.log10(np.maximum(wind_speed, 0.5))
