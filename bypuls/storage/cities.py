"""Puts a city's file into the database, and knows whether a city is there; the same file twice changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from bypuls.city import City, DeviceEntry, FactEntry
from bypuls.errors import NotFound, SettingsError
from bypuls.privacy import PERSONAL_KIND, faults
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries

_SQL = queries("bypuls.storage.sql", "cities.sql")


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a city's file."""

    city: str
    new: bool
    changed: bool
    sites: int
    devices: int


def require_city(connection: Connection, city: str) -> None:
    """The city exists.

    Raises:
        NotFound: it does not.
    """
    if connection.execute(_SQL["has_city"], (city,)).fetchone() is None:
        message = f"no city {city!r}: add it with 'bypuls city add FILE'"
        raise NotFound(message)


def add_city(connection: Connection, city: City, who: str) -> Added:
    """Insert or update the city, its areas, sites and devices, in one transaction, with an audit row.

    What the file no longer names stays: history was measured there.
    """
    document: dict[str, Any] = msgspec.to_builtins(city, str_keys=True)
    with translated(), connection.transaction():
        row = connection.execute(_SQL["city_document"], (city.city,)).fetchone()
        before = row[0] if row else None
        _upsert_places(connection, city, document)
        _add_groups(connection, city)
        affected: set[int] = set()
        for device in city.all_devices():
            given = _device_row(city, device)
            affected.update(row[0] for row in connection.execute(_SQL["changed_registers"], given).fetchall())
            connection.execute(_SQL["upsert_device"], given)
        affected |= {
            row[0]
            for statement in ("place_pending_datastreams", "reclass_datastreams")
            for row in connection.execute(_SQL[statement], (city.city,)).fetchall()
        }
        if affected:
            connection.execute(_SQL["queue_datastreams"], {"datastreams": sorted(affected)})
        changed = before != document
        if changed:
            connection.execute(
                _SQL["audit"],
                (
                    who,
                    city.city,
                    "city.add",
                    city.city,
                    _without_homes(before) if before else None,
                    _without_homes(document),
                ),
            )
    return Added(city.city, before is None, changed, len(city.sites), len(city.all_devices()))


def _check_homes(connection: Connection, city: City) -> None:
    """A home stays one: another kind would open what was measured there.

    Raises:
        SettingsError: the file says otherwise.
    """
    homes = {slug for (slug,) in connection.execute(_SQL["homes"], (city.city,))}
    for site in city.sites:
        if site.slug in homes and site.kind != PERSONAL_KIND:
            raise SettingsError(
                f"city {city.city}: site {site.slug!r} is a home, and {site.kind!r} would open what was measured "
                "there: give the other place a slug of its own"
            )


def _without_homes(document: dict[str, Any]) -> Jsonb:
    """The file as the audit log keeps it: of homes no more than that they are there."""
    sites = [
        {"slug": site["slug"], "kind": PERSONAL_KIND} if site.get("kind") == PERSONAL_KIND else site
        for site in document.get("sites", [])
    ]
    return Jsonb(document | {"sites": sites})


def _add_groups(connection: Connection, city: City) -> None:
    """Add the household groups that are new.

    Raises:
        SettingsError: one is not what it was, or may not stand beside those that were published before.
    """
    known = {slug: set(sites) for slug, sites in connection.execute(_SQL["household_groups"], (city.city,))}
    for group in city.household_groups:
        if known.get(group.slug, set(group.sites)) != set(group.sites):
            raise SettingsError(
                f"city {city.city}: household group {group.slug!r} has other sites than when it was added: groups are "
                "fixed, so give the new one a slug of its own"
            )
        known[group.slug] = set(group.sites)
    found = faults(known)
    if found:
        raise SettingsError(f"city {city.city}: {found[0]}")
    for group in city.household_groups:
        row = {"city": city.city, "slug": group.slug, "name": Jsonb(group.name), "sites": sorted(set(group.sites))}
        connection.execute(_SQL["add_household_group"], row)


def _upsert_places(connection: Connection, city: City, document: dict[str, Any]) -> None:
    connection.execute(
        _SQL["upsert_city"],
        {
            "slug": city.city,
            "name": Jsonb(city.name),
            "country": city.country,
            "time_zone": city.time_zone,
            "air_day_offset": city.air_offset,
            "languages": city.languages,
            "national_limits": city.limits,
            "licence": city.licence,
            "county": city.county,
            "network": city.network,
            "document": Jsonb(document),
        },
    )
    for parents in (False, True):  # first the areas, then which lies in which: in whatever order the file has them
        for area in city.areas:
            row = msgspec.structs.asdict(area) | {"city": city.city, "parent": area.parent if parents else None}
            row["boundary"] = Jsonb(area.boundary) if area.boundary else None
            connection.execute(_SQL["upsert_area"], row)
    _check_homes(connection, city)
    for site, plain in zip(city.sites, document["sites"], strict=True):
        connection.execute(
            _SQL["upsert_site"],
            {
                "city": city.city,
                "slug": site.slug,
                "name": site.name,
                "kind": site.kind,
                "latitude": site.lat,
                "longitude": site.lon,
                "area": site.area,
                "class": site.instrument_class.value,
                "attributes": Jsonb(plain["attributes"]),
            },
        )
    for fact in _facts(city):
        row = msgspec.structs.asdict(fact) | {"city": city.city, "scope_kind": "city", "scope": city.city}
        connection.execute(_SQL["upsert_fact"], row | {"valid_from": fact.date})


def _facts(city: City) -> list[FactEntry]:
    people = city.population
    if people is None:
        return city.facts
    population = FactEntry("population", people.value, "{person}", people.date, people.source, people.status)
    return [population, *city.facts]


def _device_row(city: City, device: DeviceEntry) -> dict[str, Any]:
    """A device's readings say how its values are meant, keyed by property; by default as the city's data sets read."""
    readings = city.readings if device.readings is None else device.readings
    meant = {
        reading.property: {
            "unit": reading.unit,
            "interval": msgspec.to_builtins(reading.interval),
            "stamp": reading.stamp,
            "spacing": msgspec.to_builtins(reading.spacing),
            "capacity": reading.capacity,
            "most_per_hour": reading.most_per_hour,
        }
        | ({} if reading.conditions is None else {"conditions": msgspec.to_builtins(reading.conditions)})
        for reading in readings.values()
    }
    return {
        "city": city.city,
        "external_id": device.id,
        "site": device.site,
        "class": device.instrument_class.value if device.instrument_class else None,
        "origin": device.origin.value,
        "profile": device.profile,
        "zone": device.zone,
        "keys": Jsonb(device.keys),
        "readings": Jsonb(meant),
    }
