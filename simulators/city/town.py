"""What hangs where: the town's devices and datastreams, and the city file that describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
import yaml

from bypuls.city import AreaEntry, City, DeviceEntry, HouseholdGroup, Population, ReadingEntry, SiteEntry
from bypuls.observation import InstrumentClass, Origin
from bypuls.privacy import PERSONAL_KIND
from simulators.city.energy import USES, hot_water_a_day
from simulators.city.geography import DISTRICTS, boundary, place
from simulators.city.places import PLACES

CITY = "fjordvik"
SEED = 13
"""Where nobody asks for another: a town whose November of 2026 has something to show."""
QUARTER, HOUR = 900, 3600
_POPULATION_DATE = date(2026, 1, 1)

UNITS: Mapping[str, str] = MappingProxyType({
    "no2": "ug/m3", "nox": "ug/m3", "pm10": "ug/m3", "pm25": "ug/m3", "o3": "ug/m3",
    "vehicle_count": "{vehicle}", "heavy_vehicle_count": "{vehicle}", "bicycle_count": "{bicycle}",
    "vehicle_speed_mean": "km/h", "sound_level_laeq": "dB[A]", "battery_level": "%EL",
    "air_temperature": "Cel", "indoor_temperature": "Cel", "relative_humidity": "%RH", "wind_speed": "m/s",
    "wind_direction": "deg", "precipitation": "mm", "air_pressure_sea_level": "hPa", "solar_irradiance": "W/m2",
    "active_energy_import": "kW.h", "heat_energy": "kW.h", "active_power": "W",
})  # fmt: skip
"""Units as the devices spell them (SenML: RFC 8428, or UCUM)."""

DECIMALS: Mapping[str, int] = MappingProxyType({
    "vehicle_count": 0, "heavy_vehicle_count": 0, "bicycle_count": 0, "wind_direction": 0, "solar_irradiance": 0,
    "active_power": 0, "battery_level": 0, "active_energy_import": 3, "heat_energy": 3, "relative_humidity": 0,
})  # fmt: skip
"""Digits after the point that a device gives; 1 where nothing is said."""

REGISTERS = frozenset({"active_energy_import", "heat_energy"})


@dataclass(frozen=True, slots=True)
class Stream:
    """One property of one device.

    Attributes:
        interval: seconds a value stands for, stamped at their start; 0: an instant.
        spacing: seconds between two values of history, and between two live ones where `lively` is not set.
        lively: an instantaneous value that is sent every minute when live.
    """

    device: str
    site: str
    property: str
    spacing: int
    interval: int = 0
    lively: bool = False


_NILU = {
    "torget": ("no2", "nox", "pm10", "pm25", "o3"),
    "strandgata": ("no2", "nox", "pm10", "pm25"),
    "elgeseter": ("no2", "nox", "pm10", "pm25"),
    "aasen-skole": ("no2", "pm10", "pm25", "o3"),
    "havna-kai": ("no2", "pm10", "pm25"),
}
_HEAVY = {"brua", "elgesetra-veg", "ringveien-nord", "havnevegen"}
_BICYCLES = {"brua", "strandgata-vest"}
_SOUND = (
    "strandgata-oest", "elgesetra-veg", "ringveien-nord", "e39-vest", "torget", "havna-kai", "parken", "fjordvik-skole",
)  # fmt: skip
_MET = (
    "air_temperature", "relative_humidity", "wind_speed", "wind_direction", "air_pressure_sea_level",
    "solar_irradiance",
)  # fmt: skip
HEATED = (
    "raadhuset", "biblioteket", "kulturhuset", "fjordvik-skole", "vestre-skole", "solbakken", "svoemmehallen",
)  # fmt: skip
"""Buildings on district heating; the others heat with electricity."""
DEGREE_DAYS = (606, 522, 459, 310, 157, 65, 40, 54, 143, 292, 431, 561)
"""Degree days (base 17) of the months in the long run: the mean of five seeds and ten years of `weather`."""
_ROOMS = ("raadhuset", "biblioteket", "fjordvik-skole", "vestre-skole", "aasen-ungdomsskole", "solbakken")


def streams() -> tuple[Stream, ...]:
    """The town's 150 datastreams, device by device."""
    found: list[Stream] = []
    for site, names in _NILU.items():
        found += [Stream(f"nilu-{site}", site, name, HOUR, interval=HOUR) for name in names]
    for spot in PLACES:
        found += _of_kind(spot.slug, spot.kind, spot.instruments)
    for site in _SOUND:
        found.append(Stream(f"snd-{site}", site, "sound_level_laeq", QUARTER, interval=QUARTER))
        found.append(Stream(f"snd-{site}", site, "battery_level", HOUR))
    found += [Stream(f"heat-{site}", site, "heat_energy", HOUR) for site in HEATED]
    found += [Stream(f"room-{site}", site, "indoor_temperature", QUARTER, lively=True) for site in _ROOMS]
    return tuple(found)


def _of_kind(site: str, kind: str, instruments: str) -> list[Stream]:
    if instruments == "indicative":
        device = f"lcs-{site}"
        names = ("no2", "pm10", "pm25", "air_temperature")
        return [
            *(Stream(device, site, name, QUARTER, lively=True) for name in names),
            Stream(device, site, "battery_level", HOUR),
        ]
    if kind == "road":
        counted = ["vehicle_count", "vehicle_speed_mean"]
        counted += ["heavy_vehicle_count"] * (site in _HEAVY) + ["bicycle_count"] * (site in _BICYCLES)
        return [Stream(f"loop-{site}", site, name, QUARTER, interval=QUARTER) for name in counted]
    if kind == "weather":
        rain = Stream(f"met-{site}", site, "precipitation", QUARTER, interval=QUARTER)
        return [*(Stream(f"met-{site}", site, name, QUARTER, lively=True) for name in _MET), rain]
    if kind in {"building", "household"}:
        device, spacing = (f"el-{site}", QUARTER) if kind == "building" else (f"ams-{site}", HOUR)
        return [
            Stream(device, site, "active_energy_import", spacing),
            Stream(device, site, "active_power", QUARTER, lively=True),
        ]
    return []


def city_document(seed: int = SEED) -> City:
    """The city file of the town, as `bypuls.city.read_city` would give it. The source of its facts names the seed."""
    source = f"fictional (bypuls simulate city, seed {seed})"
    inhabitants = sum(people for _, people, _ in DISTRICTS.values())
    return City(
        city=CITY,
        name={"nb": "Fjordvik", "en": "Fjordvik"},
        time_zone="Europe/Oslo",
        country="NO",
        languages=["nb", "en"],
        licence="NLOD",
        county="Vestfylket",
        population=Population(inhabitants, _POPULATION_DATE, source=source),
        areas=[
            AreaEntry(slug, name, population=people, boundary=boundary(slug))
            for slug, (name, people, _) in DISTRICTS.items()
        ],
        sites=[_site_entry(number) for number in range(len(PLACES))],
        household_groups=[
            HouseholdGroup(
                "boliger",
                {"nb": "Boliger som deler måleren sin", "en": "Homes that share their meter"},
                [spot.slug for spot in PLACES if spot.kind == PERSONAL_KIND],
            )
        ],
        devices=_device_entries(),
    )


def city_yaml(seed: int = SEED) -> str:
    """The city file as text, for `bypuls city add`."""
    document = msgspec.to_builtins(city_document(seed), str_keys=True)
    for site in document["sites"]:
        site.update(site.pop("attributes"))
    kept = {key: value for key, value in document.items() if value not in (None, [], {})}
    head = "# A fictional city, made by 'bypuls simulate city --city-file'.\n"
    return head + yaml.safe_dump(_bare(kept), allow_unicode=True, sort_keys=False, width=200)


def _bare(value: Any) -> Any:
    """Without what is not said."""
    if isinstance(value, dict):
        return {key: _bare(one) for key, one in value.items() if one is not None and one != {}}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _site_entry(number: int) -> SiteEntry:
    spot = PLACES[number]
    latitude, longitude = place(spot.east, spot.north)
    attributes = dict(spot.attributes)
    if spot.street is not None:
        attributes.setdefault("street", spot.street)
    if spot.slug in HEATED and spot.use is not None:
        attributes["heat_base_load"] = round(hot_water_a_day(USES[spot.use], attributes["heated_area"]))
    if spot.slug == "vaerstasjonen":
        attributes["degree_days_normal"] = list(DEGREE_DAYS)
    return SiteEntry(
        slug=spot.slug,
        name=spot.name,
        kind=spot.kind,
        lat=latitude,
        lon=longitude,
        area=spot.area,
        instrument_class=InstrumentClass(spot.instruments),
        attributes=attributes,
    )


def _device_entries() -> list[DeviceEntry]:
    by_device: dict[str, list[Stream]] = {}
    for stream in streams():
        by_device.setdefault(stream.device, []).append(stream)
    return [
        DeviceEntry(
            id=device,
            site=of_device[0].site,
            # The site's class is that of its air instruments.
            instrument_class=None if device.startswith(("nilu-", "lcs-")) else InstrumentClass.UNKNOWN,
            origin=Origin.SIMULATED,
            readings={stream.property: _reading(stream) for stream in of_device},
        )
        for device, of_device in by_device.items()
    ]


def _reading(stream: Stream) -> ReadingEntry:
    return ReadingEntry(
        property=stream.property,
        interval=timedelta(seconds=stream.interval) if stream.interval else None,
        spacing=timedelta(seconds=stream.spacing),
    )
