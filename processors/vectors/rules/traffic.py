"""Levels of service, travel times, volumes and speeds."""

from __future__ import annotations

from collections.abc import Mapping

from bypuls.formulas import level_of_service as los
from bypuls.formulas import speed, travel_time, volume
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, InputError, rule

_METHODS: Mapping[str, travel_time.Method] = {
    "linear interpolation": "linear",
    "linear": "linear",
    "interpolated": "linear",
    "nearest rank": "inverted_cdf",
    "inverted cdf": "inverted_cdf",
    "rank": "inverted_cdf",
    "nearest": "nearest",
    "higher": "higher",
    "lower": "lower",
    "midpoint": "midpoint",
    "hazen": "hazen",
    "weibull": "weibull",
}
_SPACES = str.maketrans("-_", "  ")
_LEVEL_GROUND = 2


@rule("V", "N", "PHF", "P_T", "E_T", "TRD", "FFS", "S", "v_p", relative=True)
def hcm7_basic_freeway(standards: Standards, given: Given) -> Answer:
    """From volume or flow to the level; without trucks f_HV is 1, without PHF the volume is a rate already."""
    free_flow = given.number("FFS")
    ramps = given.number("TRD")
    if free_flow is None and ramps is not None:
        free_flow = los.freeway_free_flow_speed(ramps)
    found = los.freeway(_flow(given), free_flow, given.number("S"), _freeway_tops(standards))
    return {
        "c": found.capacity,
        "v_p": found.flow,
        "S": found.speed,
        "D": found.density,
        "LOS": found.level,
        "FFS": free_flow,
    }


@rule("P_T", "E_T")
def hcm7_fhv(_standards: Standards, given: Given) -> Answer:
    """What trucks make of the flow."""
    share, equivalent = given.number("P_T"), given.number("E_T", _LEVEL_GROUND)
    known = share is not None and equivalent is not None
    return {"f_HV": los.heavy_vehicle_factor(share, equivalent) if known else None}  # type: ignore[arg-type]


@rule("density_pc_mi_ln", "v_over_c")
def hcm_freeway_los(standards: Standards, given: Given) -> Answer:
    """The level of a density."""
    density = given.number("density_pc_mi_ln")
    return {"LOS": los.freeway_level(density, _freeway_tops(standards), given.number("v_over_c"))}


@rule("speed_mph", "bffs_mph", "v_over_c")
def hcm7_urban_street(standards: Standards, given: Given) -> Answer:
    """The level of a through speed."""
    table = standards.rule("hcm7_urban_street").values
    level = los.urban_street_level(
        given.number("speed_mph"),
        given.number("bffs_mph") or 0,
        table["speed_must_exceed"],
        table["base_free_flow"],
        given.number("v_over_c"),
    )
    return {"LOS": level}


@rule("segments")
def hcm7_urban_facility(_standards: Standards, given: Given) -> Answer:
    """Speed (travel or base free-flow) over segments, by their length."""
    segments = given.rows("segments")
    lengths = [segment.number("ft") or 0 for segment in segments]
    found = travel_time.harmonic_speed(lengths, [segment.number("mph") or 0 for segment in segments])
    return {"bffs_mph": found, "speed_mph": found}


@rule("travel_times", "free_flow")
def tti(_standards: Standards, given: Given) -> Answer:
    """Travel time index."""
    return {"tti": travel_time.travel_time_index(given.array("travel_times"), given.number("free_flow"))}


@rule("travel_times", "free_flow", "percentile")
def pti_tti_bi(_standards: Standards, given: Given) -> Answer:
    """Planning time, travel time and buffer index."""
    method = _METHODS.get(given.text("percentile", "linear").strip().lower().translate(_SPACES))
    if method is None:
        raise InputError(f"input percentile must be one of {', '.join(_METHODS)}, not {given.text('percentile')!r}")
    times, free_flow = given.array("travel_times"), given.number("free_flow")
    return {
        "tti": travel_time.travel_time_index(times, free_flow),
        "pti": travel_time.planning_time_index(times, free_flow, method),
        "buffer_index": travel_time.buffer_index(times, method),
    }


@rule("mean", "buffer_index")
def buffer_index(_standards: Standards, given: Given) -> Answer:
    """What a buffer index means in minutes."""
    mean, index = given.number("mean"), given.number("buffer_index")
    if mean is None or index is None:
        return {"extra_minutes": None, "p95": None}
    extra = travel_time.buffer_time(mean, index)
    return {"extra_minutes": extra, "p95": mean + extra}


@rule("quarter_hours", "hour", "peak_15")
def phf(_standards: Standards, given: Given) -> Answer:
    """Peak hour factor, of four quarters or of the hour and its busiest quarter."""
    if "quarter_hours" in given:
        return {"phf": volume.peak_hour_factor_of(given.numbers("quarter_hours"))}
    hour, quarter = given.number("hour"), given.number("peak_15")
    return {"phf": None if hour is None or quarter is None else volume.peak_hour_factor(hour, quarter)}


@rule("vehicles")
def speed_85_rank(_standards: Standards, given: Given) -> Answer:
    """Which vehicle's speed it is."""
    return {"rank_vehicle": speed.rank_85(int(given.number("vehicles") or 0))}


@rule("cumulative")
def speed_85_interpolated(_standards: Standards, given: Given) -> Answer:
    """On the cumulative curve."""
    points = given.items("cumulative")
    if not all(isinstance(point, list) and len(point) == len(("speed", "percent")) for point in points):
        raise InputError("input cumulative must be a list of [speed, percent]")
    return {"v85": speed.v85_interpolated(points)}


@rule("occupancy_pct", "L_eff_m")
def occupancy_density(_standards: Standards, given: Given) -> Answer:
    """Vehicles per kilometre."""
    occupancy, length = given.number("occupancy_pct"), given.number("L_eff_m")
    return {"veh_km": None if occupancy is None or length is None else volume.density(occupancy, length)}


@rule("length_m")
def vegvesen_length(standards: Standards, given: Given) -> Answer:
    """Class of a vehicle's length."""
    edges = standards.rule("vegvesen_lengths").values["edges_m"]
    return {"class": volume.length_class(given.number("length_m"), edges)}


def _freeway_tops(standards: Standards) -> Mapping[str, float]:
    tops: Mapping[str, float] = standards.rule("hcm7_freeway").values["upper"]
    return tops


def _flow(given: Given) -> float | None:
    if "v_p" in given:
        return given.number("v_p")
    total, lanes = given.number("V"), given.number("N")
    if total is None or lanes is None:
        return None
    equivalent = given.number("E_T") if "E_T" in given else _LEVEL_GROUND
    heavy = los.heavy_vehicle_factor(given.number("P_T") or 0, equivalent or 0)
    return los.demand_flow(total, 1 if "PHF" not in given else given.number("PHF") or 0, lanes, heavy)
