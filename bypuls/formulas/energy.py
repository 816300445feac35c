"""Energy: how evenly it is used, what the weather has to do with it, what of one's own is used oneself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GRAMS_PER_TONNE = 1e6


def load_factor(energy: float, peak: float, hours: float) -> float | None:
    """Energy (kWh) by what the peak (kW) would have been over the hours; None where there is no peak.

    The peak's interval (15 minutes or an hour) changes the number: whatever shows it says which.

    >>> round(load_factor(65_000, 125, 720), 3), load_factor(0, 0, 24)
    (0.722, None)
    """
    return energy / (peak * hours) if peak > 0 and hours > 0 else None


def base_load(loads: Floats, percent: float) -> float | None:
    """A low percentile of the load (interpolated linearly), in its unit; NaN left out, None without any.

    Not the minimum: one dropout would set it. Source: Price, LBNL-3713E (2.5th percentile, unverified).
    """
    known = loads[~np.isnan(loads)]
    return float(np.percentile(known, percent)) if len(known) else None


def heating_degrees(mean: Floats, base: float) -> Floats:
    """Degree days of days with these mean temperatures: max(0, base - mean); NaN stays NaN.

    The mean is of the day's hours, not of its extremes.

    >>> heating_degrees(np.array([2.0, 17.0, 21.3]), 17.0).tolist()
    [15.0, 0.0, 0.0]
    """
    return np.maximum(0.0, base - mean)


def corrected_heat(used: float, base: float, degree_days: float, normal: float) -> float | None:
    """The part that depends on the weather, brought to the normal's degree days; None without degree days.

    >>> corrected_heat(1000.0, 200.0, 400.0, 500.0)
    1200.0
    """
    return base + (used - base) * normal / degree_days if degree_days > 0 else None


def self_consumption(production: float, exported: float) -> float | None:
    """The share of one's own production that is used oneself; None without production, or where the two contradict.

    >>> round(self_consumption(592, 241), 3), self_consumption(0, 0)
    (0.593, None)
    """
    return (production - exported) / production if production > 0 and 0 <= exported <= production else None


def self_sufficiency(consumption: float, imported: float) -> float | None:
    """The share of the consumption that is not bought; None without consumption, or where the two contradict.

    >>> self_sufficiency(10, 7), self_sufficiency(0, 0)
    (0.3, None)
    """
    return (consumption - imported) / consumption if consumption > 0 and 0 <= imported <= consumption else None


def emitted(energy: float, grams_per_kwh: float) -> float:
    """Tonnes of CO2 that an energy (kWh) stands for by a factor, which whoever shows it names: an estimate."""
    return energy * grams_per_kwh / GRAMS_PER_TONNE


def factor_of_year(factors: Mapping[int, float], year: int) -> tuple[int, float]:
    """The factor of a year, or of the newest year before it, else of the oldest; and which year's it is."""
    chosen = max((one for one in factors if one <= year), default=min(factors))
    return chosen, factors[chosen]
