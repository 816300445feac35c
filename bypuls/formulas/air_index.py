"""Indices by classes (European, Norwegian): a station's is that of its worst pollutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.standards import Scale

Floats = npt.NDArray[np.float64]

_HIGHEST = 4.999


@dataclass(frozen=True, slots=True)
class StationIndex:
    """What a station's pollutants say together.

    Attributes:
        number: the worst class, 1 best; None without any pollutant of the scale.
        complete: whether it is the index. If not, it is a partial result that is to be shown as such.
        missing: what lacks to make it the index.
        decided_by: the pollutants of the worst class.
    """

    number: int | None
    complete: bool
    missing: tuple[str, ...]
    decided_by: tuple[str, ...]


def station_index(scale: Scale, station: str, values: Mapping[str, float | None]) -> StationIndex:
    """The worst class among a station's pollutants.

    Args:
        scale: eaqi_2025, norway_classes …
        station: traffic, background or industrial; any other kind is judged as background.
        values: pollutant (as the scale names it) -> value of the scale's averaging, None where it is missing.
            Pollutants that the scale does not have are left out.
    """
    known = {
        name: scale.class_of(name, value) for name, value in values.items() if value is not None and name in scale.edges
    }
    worst = max(known.values(), default=None)
    missing = tuple(scale.missing(station, known))
    decided = tuple(name for name in scale.edges if known.get(name) == worst) if known else ()
    return StationIndex(worst, not missing and bool(known), missing, decided)


def continuous_index(scale: Scale, pollutant: str, values: Floats) -> Floats:
    """The Norwegian index with its fraction: class + (c - lower) / (next lower - lower); of the top class 3 + c / edge.

    Below 1 nothing is (a negative value is noise near zero), and 4.999 is the end. NaN stays NaN.

    Source: api.met.no, airqualityforecast 0.1, aqi_description.
    """
    edges = np.concatenate([[0.0], scale.edges_of(pollutant)])
    value = np.maximum(values, 0.0)
    number = np.searchsorted(edges, value, side="right")
    top = number >= len(edges)
    lower = edges[np.minimum(number, len(edges)) - 1]
    upper = edges[np.minimum(number, len(edges) - 1)]
    inside = number + (value - lower) / np.where(top, 1.0, upper - lower)
    index: Floats = np.minimum(np.where(top, len(edges) - 1 + value / edges[-1], inside), _HIGHEST)
    return np.where(np.isnan(values), np.nan, index)
