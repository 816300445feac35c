"""Sound levels: means of energy, the day-evening-night level, levels exceeded for a share of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PARTS = ("day", "evening", "night")
BEGIN = (7, 19, 23)
"""Local clock at which day, evening and night begin."""
WEIGHTS = np.array([12, 4, 8])
"""Hours of day, evening and night; the same where the clock changes."""
PENALTIES = np.array([0, 5, 10])

_HOUR = timedelta(hours=1)


def level(energy: Floats, duration: Floats) -> Floats:
    """Decibels of an energy (sum of duration times 10^(L/10)) over a duration; NaN where there is none."""
    some = duration > 0
    decibels: Floats = 10 * np.log10(np.where(some, energy, 1.0) / np.where(some, duration, 1.0))
    return np.where(some, decibels, np.nan)


def sound_energy(levels: Floats, duration: Floats | float = 1.0) -> Floats:
    """Duration times 10^(L/10)."""
    energy: Floats = duration * 10 ** (levels / 10)
    return energy


def energy_mean(levels: Sequence[float | None], durations: Sequence[float] | None = None) -> float | None:
    """LAeq of levels (dB), each for its duration (equally long without): the mean of energies, never of decibels.

    A missing level leaves the denominator; None where none is there. Whoever shows it says how much was.

    >>> round(energy_mean([80, 100], [40, 20]), 2)
    95.31
    """
    each = [1.0] * len(levels) if durations is None else durations
    known = [(one, long) for one, long in zip(levels, each, strict=True) if one is not None and long > 0]
    if not known:
        return None
    loud, long = np.array([one for one, _ in known], dtype=float), np.array([long for _, long in known], dtype=float)
    return float(level(sound_energy(loud, long).sum(keepdims=True), long.sum(keepdims=True))[0])


def coverage(levels: Sequence[float | None], durations: Sequence[float] | None = None) -> float | None:
    """The share of the time of which the level is there; None of no time."""
    each = [1.0] * len(levels) if durations is None else durations
    known = sum(long for one, long in zip(levels, each, strict=True) if one is not None)
    return known / sum(each) if sum(each) > 0 else None


def lden(parts: Floats) -> Floats:
    """Lden = 10 lg ((12 x 10^(Lday/10) + 4 x 10^((Levening+5)/10) + 8 x 10^((Lnight+10)/10)) / 24).

    Args:
        parts: ... x 3 levels of day, evening and night (dB), each an energy mean over the whole period.

    Returns:
        One per row; NaN where a part has no level.

    Source: Directive 2002/49/EC, Annex I.
    """
    total: Floats = 10 * np.log10((WEIGHTS * 10 ** ((parts + PENALTIES) / 10)).sum(axis=-1) / WEIGHTS.sum())
    return total


def exceedance_level(levels: Sequence[float | None] | Floats, percent: float) -> float | None:
    """L_N: the level that is exceeded for N percent of the time, percentile 100 - N (interpolated linearly).

    L10 is loud, L90 the background. Of 1 s or 1 min levels: whoever shows it says which. None without any.

    >>> exceedance_level(list(range(50, 61)), 10)
    59.0
    """
    known = np.array([np.nan if one is None else one for one in levels], dtype=np.float64)
    known = known[~np.isnan(known)]
    return float(np.percentile(known, 100 - percent)) if len(known) and 0 <= percent <= 100 else None  # noqa: PLR2004


def free_field(at_facade: float) -> float:
    """A level measured on a facade as it would be without its reflection: 3 dB less (2002/49/EC, Annex I)."""
    return at_facade - 3


def period_hours(day: date, zone: ZoneInfo) -> Mapping[str, float]:
    """Hours of a date's day (7-19) and evening (19-23), and of the `night` that ends on it (23-7), by the zone's clock.

    12, 4 and 8, but for the night in which the clock is changed: 7 or 9.

    >>> period_hours(date(2026, 3, 29), ZoneInfo("Europe/Oslo"))["night"]
    7.0
    """
    begin, evening, night = (_at(day, hour, zone) for hour in BEGIN)
    before = _at(day - timedelta(days=1), BEGIN[2], zone)
    return {"day": _hours(begin, evening), "evening": _hours(evening, night), "night": _hours(before, begin)}


def _at(day: date, hour: int, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(hour), zone).timestamp()


def _hours(begin: float, end: float) -> float:
    return (end - begin) / _HOUR.total_seconds()
