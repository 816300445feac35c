"""What each datastream of the town measures, faults left out: a pure function of seed, scenario and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulators.city import air, energy, sound, traffic
from simulators.city.holidays import Civil, civil
from simulators.city.places import PLACE, STREETS, Place
from simulators.city.randomness import Floats, Integers, key_of, normal, smooth, uniform
from simulators.city.scenario import AnyMeasure, heat_factor, speed_cap, volumes
from simulators.city.town import DECIMALS, HEATED, HOUR, QUARTER, REGISTERS, Stream
from simulators.city.weather import Weather, weather

_EMISSIONS = {"nox": (0.32, 2.2), "particles": (0.006, 0.05)}  # g/km of light and heavy vehicles
_REMEMBERED = 8


@dataclass(frozen=True)
class Moment:
    """The town at some instants: what many sensors share is worked out once."""

    seed: int
    measures: Sequence[AnyMeasure]
    times: Integers

    @cached_property
    def when(self) -> Civil:
        """Civil time."""
        return civil(self.times)

    @cached_property
    def weather(self) -> Weather:
        """The weather in the centre."""
        return weather(self.seed, self.times)

    @cached_property
    def plain_volumes(self) -> dict[str, Floats]:
        """Vehicles/h of each street without measures."""
        when = self.when
        town = 1.0 + 0.03 * smooth(key_of(self.seed, "outings"), self.times, 30 * HOUR)
        return {
            name: street.daily
            * traffic.share_of_day(street.shape, when)
            * traffic.season(when.year_day)
            * town
            * (1.0 + 0.04 * smooth(key_of(self.seed, "street", name), self.times, 2 * HOUR))
            for name, street in STREETS.items()
        }

    @cached_property
    def volumes(self) -> dict[str, Floats]:
        """Vehicles/h of each street."""
        return volumes(self.plain_volumes, self.measures, self.times, self.when)

    def speed(self, street: str) -> Floats:
        """Mean speed (km/h) on a street."""
        of = STREETS[street]
        load = self.volumes[street] / (of.capacity * of.lanes)
        return speed_cap(street, self.measures, self.times) / traffic.delay_factor(load, of.delay)

    @cached_property
    def town_traffic(self) -> Floats:
        """All traffic against the mean hour's."""
        mean_hour = sum(street.daily for street in STREETS.values()) / 24.0
        together: Floats = np.sum(list(self.volumes.values()), axis=0)
        return together / mean_hour

    @cached_property
    def background(self) -> dict[str, Floats]:
        """What the town's air holds away from streets (µg/m³), wood smoke of a whole district of houses apart."""
        now, when = self.weather, self.when
        thin = air.ventilation(now)
        nox = 1.5 + 8.0 * self.town_traffic / thin
        ozone = air.rural_ozone(when.year_day, now)
        none = np.full(len(self.times), 1.0)
        no2, o3 = air.partition(nox, none, none, ozone, now, 1500.0)
        rural = 3.2 * np.exp(0.45 * smooth(key_of(self.seed, "far particles"), self.times, 40 * HOUR))
        dust = 0.9 * self.town_traffic * np.interp(now.wetness, [0, 1], [1.0, 0.1]) / thin
        return {
            "nox": nox,
            "no2": no2,
            "o3": o3,
            "pm25": rural + 0.35 * self.town_traffic / thin + air.fireworks(now, when),
            "coarse": 2.5 + 0.5 * now.wind_speed + dust + 0.25 * air.fireworks(now, when),
            "stoves": air.wood_smoke(now, when),
        }


class Model:
    """The town of one seed and scenario.

    Attributes:
        energies: (device, property, start) -> Wh of the quarter hours since; filled by those who read registers.
    """

    def __init__(self, seed: int, measures: Sequence[AnyMeasure] = ()) -> None:
        self.seed, self.measures = seed, tuple(measures)
        self._moments: dict[bytes, Moment] = {}
        self.energies: dict[tuple[str, str, int], Floats] = {}

    def moment(self, times: Integers) -> Moment:
        """The town at these instants (s); the last few are remembered."""
        name = times.tobytes()
        found = self._moments.get(name)
        if found is None:
            if len(self._moments) >= _REMEMBERED:
                self._moments.pop(next(iter(self._moments)))
            found = self._moments[name] = Moment(self.seed, self.measures, times)
        return found

    def values(self, stream: Stream, times: Integers, site: str | None = None) -> Floats:
        """What the stream gives at these times (the starts of its intervals), in its unit; NaN: no value.

        A register's are the Wh of the quarter hours that begin there. `site`: as if the device hung there.
        """
        place = PLACE[site or stream.site]
        if stream.property in REGISTERS:
            return self._quarter_energy(stream, place, times)
        if stream.interval > QUARTER:
            parts = range(0, stream.interval, QUARTER)
            grid = np.concatenate([times + part for part in parts])
            found = self._instant(stream, place, grid + QUARTER // 2, grid).reshape(len(parts), len(times)).mean(axis=0)
        else:
            found = self._instant(stream, place, times + stream.interval // 2, times)
        rounded: Floats = np.round(found, DECIMALS.get(stream.property, 1)) + 0.0  # no negative zero
        return rounded

    def _instant(self, stream: Stream, place: Place, times: Integers, stamps: Integers) -> Floats:
        formula = _FORMULAS[stream.property]
        return formula(self, self.moment(times), place, stream, stamps)

    def chance(self, stream: Stream, *words: str) -> int:
        """The key of one stream's own chance."""
        return key_of(self.seed, stream.device, stream.property, *words)

    def _quarter_energy(self, stream: Stream, place: Place, times: Integers) -> Floats:
        power = _heat if stream.property == "heat_energy" else _electricity
        return np.rint(power(self, self.moment(times + QUARTER // 2), place, times) * (QUARTER / HOUR))


# --- air -------------------------------------------------------------------------------------------------------------


def _air(town: Moment, place: Place) -> dict[str, Floats]:
    """True concentrations at a place (µg/m³)."""
    found, now = dict(town.background), town.weather
    smoke = place.stoves * found["stoves"]
    nox, fine, coarse = found["nox"], found["pm25"] + smoke, found["coarse"]
    if place.street is not None and place.kerb > 0:
        street, volume, speed = (
            STREETS[place.street],
            place.share * town.volumes[place.street],
            town.speed(place.street),
        )
        wind = 0.6 * now.wind_speed  # at the height of a street
        exhaust = air.street_increment(air.exhaust(volume, speed, street.heavy, *_EMISSIONS["nox"]), wind, place.kerb)
        soot = air.exhaust(volume, speed, street.heavy, *_EMISSIONS["particles"])
        dust = air.road_dust(volume, speed, street.heavy, town.when, now.wetness)
        nox = nox + exhaust
        fine = fine + air.street_increment(soot + 0.08 * dust, wind, place.kerb)
        coarse = coarse + air.street_increment(0.92 * dust, wind, place.kerb)
        no2, o3 = air.partition(nox, found["no2"], found["nox"], found["o3"], now, 60.0)
    else:
        no2, o3 = found["no2"], found["o3"]
    if place.kind == "industrial":
        working = np.clip(town.when.hour - 6.0, 0, 1) * np.clip(16.0 - town.when.hour, 0, 1) * (town.when.kind == 0)
        coarse = coarse + working * (6.0 + 0.8 * now.wind_speed) * (1.0 - now.wetness)
    return {"nox": nox, "no2": no2, "o3": o3, "pm25": fine, "pm10": fine + coarse}


def _pollutant(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    true = _air(town, place)[stream.property]
    lively = true * np.exp(0.10 * smooth(model.chance(stream), town.times, 40 * 60))
    chance = normal(model.chance(stream, "instrument"), stamps)
    if stream.device.startswith("lcs-"):
        bias = 0.88 + 0.24 * float(uniform(model.chance(stream, "bias"), np.zeros(1, dtype=np.int64))[0])
        if stream.property == "no2":
            return np.maximum(0.0, bias * lively + 2.5 * chance)
        return np.maximum(0.0, bias * lively * air.optical_growth(town.weather.humidity) * (1.0 + 0.05 * chance))
    return np.maximum(0.0, lively + 0.4 * chance)


# --- traffic and sound -----------------------------------------------------------------------------------------------


def _street(place: Place) -> str:
    if place.street is None:
        raise ValueError(f"{place.slug} lies at no street")
    return place.street


def _count(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    share = place.share * stream.interval / HOUR
    name = _street(place)
    expected, plain = share * town.volumes[name], share * town.plain_volumes[name]
    if stream.property == "heavy_vehicle_count":
        by_day = 1.5 - 0.9 * np.abs(np.clip((town.when.hour - 11.5) / 12.0, -1, 1))
        heavy = STREETS[name].heavy * by_day * np.where(town.when.kind > 0, 0.35, 1.0)
        expected, plain = heavy * expected, heavy * plain
    chance = normal(model.chance(stream), stamps)
    return traffic.counted(expected, plain, chance).astype(np.float64)


def _bicycles(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    now, when = town.weather, town.when
    pleasant = np.clip((now.temperature + 6.0) / 22.0, 0.08, 1.0) * (1.0 - 0.6 * np.clip(now.rain / 1.5, 0, 1))
    expected = 1400.0 * place.share * traffic.share_of_day("city", when) * pleasant * stream.interval / HOUR
    return traffic.counted(expected, expected, normal(model.chance(stream), stamps)).astype(np.float64)


def _speed(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    """No vehicle, no speed: the loop next to this one says how many there were."""
    counter = Stream(stream.device, stream.site, "vehicle_count", stream.spacing, stream.interval)
    counted = _count(model, town, place, counter, stamps)
    scatter = 9.0 / np.sqrt(np.maximum(counted, 1.0)) * normal(model.chance(stream), stamps)
    return np.where(counted > 0, np.maximum(8.0, town.speed(_street(place)) + np.clip(scatter, -8, 8)), np.nan)


def _level(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    weekend = (town.when.weekday >= 4) & (town.when.weekday <= 5)  # noqa: PLR2004 - Friday and Saturday
    late = np.clip(1.0 - np.abs((town.when.hour + 12.0) % 24.0 - 11.5) / 2.5, 0.0, 1.0)
    voices = late * (weekend & (place.area == "sentrum"))
    levels = [sound.town_level(town.when.hour, voices), sound.wind_level(town.weather.wind_speed)]
    if place.street is not None:
        street = STREETS[place.street]
        volume = place.share * town.volumes[place.street]
        levels.append(sound.traffic_level(volume, town.speed(place.street), street.heavy, max(place.kerb, 10.0)))
    else:
        mean = STREETS["Strandgata"]
        far = sound.traffic_level(town.town_traffic * mean.daily / 24.0, np.full(len(stamps), 45.0), 0.07, 150.0)
        levels.append(far - 4.0)
    return sound.together(*levels) + 0.5 * normal(model.chance(stream), stamps)


# --- weather, rooms, batteries ---------------------------------------------------------------------------------------


def _weather(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    """A weather station's value: the town's weather at the station's height, as its instruments see it."""
    now, chance = town.weather, normal(model.chance(stream), stamps)
    higher = (place.height - 10.0) / 100.0
    match stream.property:
        case "air_temperature":
            # Air cools upwards by 0.65 degrees in 100 m, and warms upwards under a lid.
            found = now.temperature + higher * (-0.65 + 2.4 * now.inversion) + 0.08 * chance
        case "relative_humidity":
            found = np.clip(now.humidity - 6.0 * higher * now.inversion + 0.5 * chance, 5.0, 100.0)
        case "wind_speed":
            found = np.maximum(0.0, now.wind_speed * (1.0 + 0.15 * higher) * np.exp(0.08 * chance))
        case "wind_direction":
            found = np.rint(now.wind_direction + 9.0 * chance) % 360.0
        case "precipitation":
            found = now.rain * (1.0 + 0.06 * higher) * stream.interval / HOUR
        case "air_pressure_sea_level":
            found = now.pressure + 0.05 * chance
        case _:
            found = np.maximum(0.0, now.irradiance)
    return found


def _room(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    busy = energy.in_use(energy.USES[place.use or "office"], town.when)
    slow = 0.3 * smooth(model.chance(stream), town.times, 6 * HOUR)
    summer = 0.35 * np.maximum(0.0, town.weather.felt_temperature - 14.0)
    return 19.6 + 1.7 * busy + summer + slow + 0.03 * normal(model.chance(stream, "instrument"), stamps)


def _battery(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    """Solar cells: full in summer, some way down by midwinter."""
    del place, stamps
    strong = 0.6 + 0.4 * float(uniform(model.chance(stream), np.zeros(1, dtype=np.int64))[0])
    dark = np.cos(2.0 * np.pi * (town.when.year_day + 5.0) / 365.25)
    wander = 4.0 * smooth(model.chance(stream, "clouds"), town.times, 5 * 24 * HOUR)
    return np.clip(84.0 - 26.0 * dark * (1.4 - strong) + wander, 8.0, 100.0)


# --- energy ----------------------------------------------------------------------------------------------------------


def _heat(model: Model, town: Moment, place: Place, stamps: Integers) -> Floats:
    """Heat of a building (W), with what its measures leave of it."""
    use = energy.USES[place.use or "office"]
    area = float(place.attributes["heated_area"])
    plain = energy.building_heat(use, town.weather.felt_temperature, town.when, area)
    lively = 1.0 + 0.04 * normal(key_of(model.seed, place.slug, "heat"), stamps)
    return plain * lively * heat_factor(place.slug, model.measures, town.times)


def _electricity(model: Model, town: Moment, place: Place, stamps: Integers) -> Floats:
    """Electricity of a building or household (W) in the quarter hours of these stamps."""
    if place.kind == "household":
        key, size = key_of(model.seed, place.slug, "habits"), float(place.attributes["floor_area"]) / 140.0
        felt, slot = town.weather.felt_temperature, stamps // QUARTER
        return energy.household_power(felt, town.when, slot, key, size, car=place.slug[-1] in "1357")
    use, area = energy.USES[place.use or "office"], float(place.attributes["floor_area"])
    plain = energy.building_electricity(use, town.when, area)
    if place.slug not in HEATED:
        # A heat pump (seasonal performance 2.6) where there is no district heating.
        plain = plain + energy.building_heat(use, town.weather.felt_temperature, town.when, area) / 2.6
    return plain * (1.0 + 0.03 * normal(key_of(model.seed, place.slug, "electricity"), stamps // QUARTER))


def _power(model: Model, town: Moment, place: Place, stream: Stream, stamps: Integers) -> Floats:
    """Power now: what the register counts in this quarter hour, with a minute's unrest."""
    unrest = 1.0 + 0.02 * normal(model.chance(stream), stamps // 60)
    return _electricity(model, town, place, stamps // QUARTER * QUARTER) * unrest


_Formula = Callable[[Model, Moment, Place, Stream, Integers], Floats]
_FORMULAS: dict[str, _Formula] = {
    **dict.fromkeys(("no2", "nox", "o3", "pm10", "pm25"), _pollutant),
    **dict.fromkeys(("vehicle_count", "heavy_vehicle_count"), _count),
    "bicycle_count": _bicycles,
    "vehicle_speed_mean": _speed,
    "sound_level_laeq": _level,
    **dict.fromkeys(
        (
            "air_temperature", "relative_humidity", "wind_speed", "wind_direction", "precipitation",
            "air_pressure_sea_level", "solar_irradiance",
        ),
        _weather,
    ),
    "indoor_temperature": _room,
    "battery_level": _battery,
    "active_power": _power,
}  # fmt: skip
