"""How long a way takes against a free road, and how far that can be relied upon (FHWA, Travel Time Reliability)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Method = Literal["linear", "inverted_cdf", "higher", "lower", "nearest", "midpoint", "hazen", "weibull"]
"""Percentile methods as numpy names them; `inverted_cdf` is the nearest rank. A buffer index says which it used."""

Times = Sequence[float] | npt.NDArray[np.float64]
"""Travel times in one unit; NaN is left out."""

LATE = 95


def travel_time_index(times: Times, free_flow: float | None) -> float | None:
    """Mean travel time over that at free flow; None without vehicles or without a free-flow time above nought."""
    mean = mean_time(times)
    return None if mean is None or not _positive(free_flow) else mean / free_flow  # type: ignore[operator]


def planning_time_index(times: Times, free_flow: float | None, method: Method = "linear") -> float | None:
    """The 95th percentile of travel times over that at free flow; None as `travel_time_index`."""
    late = percentile_time(times, LATE, method)
    return None if late is None or not _positive(free_flow) else late / free_flow  # type: ignore[operator]


def buffer_index(times: Times, method: Method = "linear") -> float | None:
    """How much of the mean travel time has to be added to be late once in twenty; None without vehicles."""
    late, mean = percentile_time(times, LATE, method), mean_time(times)
    return None if late is None or not _positive(mean) else (late - mean) / mean  # type: ignore[operator]


def buffer_time(mean: float, index: float) -> float:
    """How much time has to be added to a mean travel time by a buffer index, in its unit."""
    return mean * index


def congestion_index(times: Times, free_flow: float | None) -> float | None:
    """The travel time index less 1: the share of time that is lost."""
    index = travel_time_index(times, free_flow)
    return None if index is None else index - 1


def percentile_time(times: Times, percent: float, method: Method = "linear") -> float | None:
    """The travel time that so many percent of the journeys do not exceed; None without any."""
    known = _known(times)
    return float(np.percentile(known, percent, method=method)) if len(known) else None


def mean_time(times: Times) -> float | None:
    """The mean travel time; None without any."""
    known = _known(times)
    return float(known.mean()) if len(known) else None


def harmonic_speed(lengths: Sequence[float], speeds: Sequence[float]) -> float | None:
    """Speed over several stretches: all length by all time; an arithmetic mean would overstate (HCM 7, Eq. 16-2).

    None where a stretch has no speed or none has a length.
    """
    if not lengths or any(not _positive(speed) for speed in speeds) or not sum(lengths) > 0:
        return None
    return sum(lengths) / sum(length / speed for length, speed in zip(lengths, speeds, strict=True))


def _known(times: Times) -> npt.NDArray[np.float64]:
    known = np.asarray(times, dtype=np.float64)
    return known[~np.isnan(known)]


def _positive(value: float | None) -> bool:
    return value is not None and value > 0
