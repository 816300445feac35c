"""Reads a city's file: one YAML is one city. It knows no database."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from bypuls.errors import SettingsError
from bypuls.observation import InstrumentClass, Origin
from bypuls.privacy import PERSONAL_KIND, faults
from bypuls.typed import convert

Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]

_OFFSET = re.compile(r"^([+-])(\d{2}):(\d{2})$")
_NATIONAL_LIMITS = {"NO": "norway_legal_limits"}
_LETTERS = {"å": "aa", "ø": "oe", "æ": "ae"}
_EU_LIMITS = "eu_2008_50"


class Population(msgspec.Struct, frozen=True):
    """How many people live there, and since when that is known."""

    value: Annotated[int, msgspec.Meta(ge=0)]
    date: date
    status: str | None = None
    source: str = "city file"


class FactEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number about the whole city from a day on: households, electricity_metered_share and the like."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,62}$")]
    value: float
    unit: str
    date: date
    source: Annotated[str, msgspec.Meta(pattern=r"\S")]
    status: str | None = None


class AreaEntry(msgspec.Struct, frozen=True):
    """A district, street or zone."""

    slug: Slug
    name: str
    kind: str = "district"
    parent: Slug | None = None
    population: int | None = None
    boundary: dict[str, Any] | None = None


class SiteEntry(msgspec.Struct, frozen=True, rename={"instrument_class": "class"}):
    """A place where something is measured; keys of its own beyond these go to `attributes`."""

    slug: Slug
    name: str
    kind: str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    area: Slug | None = None
    instrument_class: InstrumentClass = InstrumentClass.UNKNOWN
    attributes: dict[str, Any] = {}


class ConditionsEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which conditions a gas's concentrations refer: temperature in K, pressure in kPa (EU: 293.15 and 101.325)."""

    temperature: Annotated[float, msgspec.Meta(ge=200, le=350)]
    pressure: Annotated[float, msgspec.Meta(ge=30, le=120)]


class ReadingEntry(msgspec.Struct, frozen=True):
    """How a column of a data set (or a device's value) is meant.

    Attributes:
        interval: what a value covers; None: it is of an instant.
        spacing: how far apart values usually are.
        capacity: of a register, where it wraps to zero (10 to the number of its digits).
        most_per_hour: of a register, what can pass in an hour at most (the connection's size); more is implausible.
        conditions: declared, they make ppb and µg/m³ convert to each other.
    """

    property: str
    unit: str | None = None
    interval: timedelta | None = None
    stamp: Literal["start", "end", "instant"] = "start"
    spacing: timedelta | None = None
    sentinels: dict[float, float | None] = {}
    capacity: Annotated[float, msgspec.Meta(gt=0)] | None = None
    most_per_hour: Annotated[float, msgspec.Meta(gt=0)] | None = None
    conditions: ConditionsEntry | None = None


class RegisterEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the public sensor register says of a device.

    Attributes:
        purpose: language -> text.
        privacy_statement: address of the text.
        personal_data: whether what it sends tells of persons; `personal_data_why` says how.
    """

    purpose: dict[str, str] | None = None
    owner: str | None = None
    contact: str | None = None
    legal_basis: str | None = None
    privacy_statement: str | None = None
    personal_data: bool | None = None
    personal_data_why: str | None = None


class CityRegister(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the public sensor register says where a device says nothing else; `purposes`: domain -> language -> text."""

    owner: str | None = None
    contact: str | None = None
    legal_basis: str | None = None
    privacy_statement: str | None = None
    purposes: dict[str, dict[str, str]] = {}


class DeviceEntry(msgspec.Struct, frozen=True, rename={"instrument_class": "class"}):
    """What publishes, where it hangs.

    Attributes:
        profile: how its messages are read: a maker's profile or a format.
        zone: IANA name, where its clock gives none.
        keys: other names of it, such as {eui: …}.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    site: Slug | None = None
    instrument_class: InstrumentClass | None = None
    origin: Origin = Origin.MEASURED
    profile: str | None = None
    zone: str | None = None
    keys: dict[str, str] = {}
    readings: dict[str, ReadingEntry] | None = None
    register: RegisterEntry | None = None


class HouseholdGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Households whose use is published as one sum; it never changes (bypuls.privacy says why)."""

    slug: Slug
    name: dict[str, str]
    sites: list[Slug]


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many days what is kept, at least; what is not named is kept for ever (docs/how-to/keep-and-drop.md).

    Attributes:
        observations_days: readings as they were sent. Two months at least: what is final by then, nobody sends again.
        five_minutes_days: their rollups of 5 minutes; not shorter. Hours are always kept: what was said rests on them.
        refused_days: messages that were refused.
        warn_days: how long before it goes it is announced.
    """

    observations_days: Annotated[int, msgspec.Meta(ge=62, le=36_500)] | None = None
    five_minutes_days: Annotated[int, msgspec.Meta(ge=62, le=36_500)] | None = None
    refused_days: Annotated[int, msgspec.Meta(ge=31, le=36_500)] | None = None
    warn_days: Annotated[int, msgspec.Meta(ge=7, le=366)] = 30


class City(msgspec.Struct, frozen=True):
    """One city as its file describes it."""

    city: Slug
    name: dict[str, str]
    time_zone: str
    country: str | None = None
    air_day_offset: str = "+01:00"
    languages: list[str] = msgspec.field(default_factory=lambda: ["en"])
    national_limits: str | None = None
    licence: str | None = None
    county: str | None = None
    network: str | None = None
    population: Population | None = None
    facts: list[FactEntry] = []
    areas: list[AreaEntry] = []
    sites: list[SiteEntry] = []
    household_groups: list[HouseholdGroup] = []
    devices: list[DeviceEntry] | None = None
    stations: dict[str, dict[str, Slug]] = {}
    readings: dict[str, ReadingEntry] = {}
    sensor_register: CityRegister | None = None
    keep: Keep = Keep()

    @property
    def air_offset(self) -> timedelta:
        """Distance of the air-quality calendar from UTC; fixed all year (EU 2024/2881: UTC+1)."""
        match = _OFFSET.match(self.air_day_offset)
        if match is None:
            message = f"city {self.city}: air_day_offset {self.air_day_offset!r} must look like '+01:00'"
            raise SettingsError(message)
        sign, hours, minutes = match.groups()
        return (1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes))

    @property
    def limits(self) -> str:
        """The standard whose limits come first: the national ones where we know them, the EU's elsewhere."""
        return self.national_limits or _NATIONAL_LIMITS.get(self.country or "", _EU_LIMITS)

    def all_devices(self) -> list[DeviceEntry]:
        """The devices of the file; a file that names none has one per site, under the site's slug."""
        if self.devices is not None:
            return self.devices
        return [DeviceEntry(id=site.slug, site=site.slug) for site in self.sites]

    def device_of(self, data_set: str, station: str) -> str | None:
        """The device that a station of a data set is replayed as; None when the file does not say."""
        named = self.stations.get(data_set) or {}
        if station in named:
            return named[station]
        for stations in self.stations.values():
            if station in stations:
                return stations[station]
        wanted = slug(station)
        for site in self.sites:
            if site.slug == wanted or slug(site.name) == wanted:
                return site.slug
        return None


def slug(text: str) -> str:
    """A name as a slug.

    >>> slug("Innherredsveien ved Bakke kirke")
    'innherredsveien-ved-bakke-kirke'
    >>> slug("Ålesund Sør")
    'aalesund-soer'
    """
    folded = text.casefold()
    for letter, plain_letters in _LETTERS.items():
        folded = folded.replace(letter, plain_letters)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def read_city(path: Path) -> City:
    """Read a city's file.

    Raises:
        SettingsError: unreadable, not YAML, or a value that cannot be, with its place in the file.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"city file {path} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        message = f"city file {path} is not YAML: {' '.join(str(error).split())}"
        raise SettingsError(message) from None
    if not isinstance(document, dict):
        message = f"city file {path} must be a mapping with city, name, time_zone, sites"
        raise SettingsError(message)
    try:
        city = convert(_with_attributes(document), City, strict=False)
        ZoneInfo(city.time_zone)
        _ = city.air_offset
    except msgspec.ValidationError as error:
        message = f"city file {path}: {error}"
        raise SettingsError(message) from None
    except (ZoneInfoNotFoundError, ValueError):
        message = f"city file {path}: time_zone {document.get('time_zone')!r} is no IANA zone such as Europe/Oslo"
        raise SettingsError(message) from None
    _check_references(city, path)
    return city


def _with_attributes(document: dict[str, Any]) -> dict[str, Any]:
    """Site keys that are not ours (lanes, floor_area …) become its attributes; a plain name becomes a mapping."""
    known = {field.encode_name for field in msgspec.structs.fields(SiteEntry)}
    changed = dict(document)
    if isinstance(changed.get("name"), str):
        changed["name"] = {"en": changed["name"]}
    if isinstance(changed.get("sites"), list):
        changed["sites"] = [
            {key: value for key, value in site.items() if key in known}
            | {
                "attributes": (site.get("attributes") or {})
                | {key: value for key, value in site.items() if key not in known}
            }
            if isinstance(site, dict)
            else site
            for site in changed["sites"]
        ]
    return changed


def _check_references(city: City, path: Path) -> None:
    sites, areas = [site.slug for site in city.sites], [area.slug for area in city.areas]
    for what, slugs in (("site", sites), ("area", areas), ("device", [device.id for device in city.all_devices()])):
        doubled = {one for one in slugs if slugs.count(one) > 1}
        if doubled:
            message = f"city file {path}: {what} {min(doubled)!r} stands twice"
            raise SettingsError(message)
    for site in city.sites:
        if site.area is not None and site.area not in areas:
            message = f"city file {path}: site {site.slug!r} lies in area {site.area!r}, which the file does not have"
            raise SettingsError(message)
    _check_groups(city, path)
    raw, five_minutes = city.keep.observations_days, city.keep.five_minutes_days
    if five_minutes is not None and (raw is None or five_minutes < raw):
        message = (
            f"city file {path}: keep.five_minutes_days is shorter than observations_days; rollups outlive raw data"
        )
        raise SettingsError(message)
    wanted = {device.site for device in city.all_devices()} | {
        target for stations in city.stations.values() for target in stations.values()
    }
    for missing in sorted(wanted - {None, *sites, *(device.id for device in city.all_devices())}, key=str):
        message = f"city file {path}: {missing!r} is named as a site or device, but the file has none of that name"
        raise SettingsError(message)


def _check_groups(city: City, path: Path) -> None:
    """Household groups name households of the file, and may stand beside each other."""
    households = {site.slug for site in city.sites if site.kind == PERSONAL_KIND}
    for group in city.household_groups:
        strangers = sorted(set(group.sites) - households)
        if strangers:
            raise SettingsError(
                f"city file {path}: household group {group.slug!r} names {strangers[0]!r}, no site of kind household"
            )
    found = faults({group.slug: group.sites for group in city.household_groups})
    if found:
        raise SettingsError(f"city file {path}: {found[0]}")
