"""Levels of service of the Highway Capacity Manual, 7th edition: A (free) to F (over capacity), in its own units.

Miles, feet, and passenger cars per hour and lane (pc/h/ln); `bypuls.formulas.volume` converts densities per kilometre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from bypuls.formulas.rounding import exact

BASE_FREE_FLOW = 75.4
"""Base free-flow speed of a freeway (mi/h), where none is measured (HCM 7, Eq. 12-2)."""
_LEAST_CAPACITY, _MOST_CAPACITY = 2200.0, 2400.0
_DENSITY_AT_CAPACITY = 45.0


@dataclass(frozen=True, slots=True)
class Freeway:
    """A basic freeway segment in one hour.

    Attributes:
        capacity: pc/h/ln; None where no free-flow speed is known.
        flow: demand in pc/h/ln.
        speed: mi/h, density: pc/mi/ln, level: A to F; None where undefined: nobody drives, or (speed and density) the
            demand is over the capacity.
    """

    capacity: float | None
    flow: float | None
    speed: float | None
    density: float | None
    level: str | None


def heavy_vehicle_factor(share: float, equivalent: float) -> float | None:
    """f_HV = 1 / (1 + P_T (E_T - 1)) (HCM 7, Eq. 12-10): E_T is 2 on level, 3 on rolling ground.

    None where the share is none of 0 to 1.

    >>> round(heavy_vehicle_factor(0.1, 3), 7)
    0.8333333
    """
    return 1 / (1 + share * (equivalent - 1)) if 0 <= share <= 1 and equivalent >= 1 else None


def demand_flow(volume: float, peak_hour_factor: float, lanes: float, heavy: float | None) -> float | None:
    """v_p = V / (PHF N f_HV), pc/h/ln (HCM 7, Eq. 12-9); None where a divisor is not above nought."""
    if heavy is None or not (peak_hour_factor > 0 and lanes > 0 and heavy > 0):
        return None
    return volume / (peak_hour_factor * lanes * heavy)


def freeway_free_flow_speed(ramps_per_mile: float, base: float = BASE_FREE_FLOW) -> float | None:
    """FFS = BFFS - 3.22 TRD^0.84 (HCM 7, Eq. 12-2) with wide lanes and shoulders, mi/h; None of less than no ramps."""
    return base - 3.22 * float(ramps_per_mile**0.84) if ramps_per_mile >= 0 else None


def freeway_capacity(free_flow: float) -> float:
    """Capacity: 2200 + 10 (FFS - 50), at most 2400 pc/h/ln (HCM 7, Eq. 12-6)."""
    return min(_MOST_CAPACITY, _LEAST_CAPACITY + 10 * (free_flow - 50))


def freeway_speed(flow: float, free_flow: float) -> float | None:
    """S: free flow up to the breakpoint 1000 + 40 (75 - FFS), then falling by the square; None over capacity.

    Source: HCM 7, Eq. 12-1 and 12-7.
    """
    capacity = freeway_capacity(free_flow)
    if flow > capacity:
        return None
    breakpoint_ = 1000 + 40 * (75 - free_flow)
    if flow <= breakpoint_:
        return free_flow
    fall = free_flow - capacity / _DENSITY_AT_CAPACITY
    return free_flow - fall * ((flow - breakpoint_) / (capacity - breakpoint_)) ** 2


def freeway_level(
    density: float | None, upper: Mapping[str, float], volume_over_capacity: float | None = None
) -> str | None:
    """The level of a density by the tops (inclusive) of the levels; F beyond the last and for demand over capacity.

    Args:
        density: in the unit of `upper` (pc/mi/ln, or per kilometre); None: no vehicle tells.
        upper: level -> its top, A first (standard hcm7_freeway).
        volume_over_capacity: of the demand.
    """
    if volume_over_capacity is not None and volume_over_capacity > 1:
        return "F"
    if density is None or density < 0:
        return None
    return next((level for level, top in upper.items() if density <= top), "F")


def freeway(flow: float | None, free_flow: float | None, speed: float | None, upper: Mapping[str, float]) -> Freeway:
    """Speed, density and level of a basic freeway segment.

    Args:
        flow: demand v_p in pc/h/ln.
        free_flow: FFS in mi/h.
        speed: a measured S in mi/h instead of the model's; None: the model's.
        upper: tops of the levels in pc/mi/ln.
    """
    free_flow = free_flow if free_flow is not None and free_flow > 0 else None
    capacity = None if free_flow is None else freeway_capacity(free_flow)
    if not flow or flow < 0:
        return Freeway(capacity, flow, None, None, None)
    if flow > (_MOST_CAPACITY if capacity is None else capacity):
        return Freeway(capacity, flow, None, None, "F")
    if speed is None and free_flow is not None:
        speed = freeway_speed(flow, free_flow)
    if not speed or speed < 0:
        return Freeway(capacity, flow, None, None, None)
    density = flow / speed
    return Freeway(capacity, flow, speed, density, freeway_level(density, upper))


def urban_street_level(
    speed: float | None,
    base_free_flow: float,
    thresholds: Mapping[str, Sequence[float]],
    columns: Sequence[float],
    volume_over_capacity: float | None = None,
) -> str | None:
    """The level of a through speed: the first whose threshold it is above (strictly); F below the last.

    Args:
        speed: travel speed of through vehicles, mi/h; None: nobody drove.
        base_free_flow: mi/h; between the table's columns its thresholds are interpolated, beyond them the last holds.
        thresholds: level -> speed to exceed per column, A first (standard hcm7_urban_street).
        columns: base free-flow speeds of the columns.
        volume_over_capacity: above 1 the level is F.

    Source: HCM 7, Exhibit 18-1.
    """
    if volume_over_capacity is not None and volume_over_capacity > 1:
        return "F"
    if speed is None or speed < 0 or not base_free_flow > 0:
        return None
    driven = Fraction(exact(speed))
    edges = _edges(base_free_flow, tuple(columns), tuple(tuple(row) for row in thresholds.values()))
    return next((level for level, edge in zip(thresholds, edges, strict=True) if driven > edge), "F")


def delay_level(seconds: float | None, upper: Mapping[str, float]) -> str | None:
    """The level of a junction's control delay by the tops of the levels; F beyond (HCM 7, Exhibits 19-8, 20-2)."""
    return freeway_level(seconds, upper)


@lru_cache(maxsize=1000)
def _edges(at: float, columns: tuple[float, ...], rows: tuple[tuple[float, ...], ...]) -> tuple[Fraction, ...]:
    """The thresholds of all levels at a base free-flow speed: a street has one, and thousands of hours."""
    return tuple(_between(at, columns, row) for row in rows)


def _between(at: float, columns: Sequence[float], row: Sequence[float]) -> Fraction:
    """A row of the table at a base free-flow speed: exactly, for the comparison is strict."""
    points = sorted(
        (Fraction(exact(column)), Fraction(exact(value))) for column, value in zip(columns, row, strict=True)
    )
    wanted = min(max(Fraction(exact(at)), points[0][0]), points[-1][0])
    for (low, first), (high, last) in pairwise(points):
        if low <= wanted <= high:
            return first + (last - first) * (wanted - low) / (high - low)
    return points[0][1]
