"""What a request names must exist in the city it names: a wrong word is an error, not an empty answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bypuls.errors import NotFound
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_QUERIES = queries("api", "scope.sql")
_LISTED_AT = {
    "area": "/v1/areas?city={city}",
    "site": "/v1/sites?city={city}",
    "device": "/v1/devices?city={city}",
    "datastream": "/v1/datastreams?city={city}",
    "property": "/v1/properties",
    "kpi": "/v1/kpis",
}


def city_zones(connection: Connection) -> dict[str, ZoneInfo]:
    """Every city and its zone."""
    return {slug: ZoneInfo(zone) for slug, zone in connection.execute(_QUERIES["city_zones"])}


def zone_of(zones: Mapping[str, ZoneInfo], city: str) -> ZoneInfo:
    """The zone of a city.

    Raises:
        NotFound: no such city.
    """
    if city not in zones:
        message = f"no city {city!r}: GET /v1/cities lists them"
        raise NotFound(message)
    return zones[city]


def require(connection: Connection, city: str, wanted: Mapping[str, Any]) -> None:
    """Everything that `wanted` names (area, site, device, datastream, property, kpi) exists in `city`.

    Raises:
        NotFound: naming the first that does not, and where they are listed.
    """
    for noun, listed_at in _LISTED_AT.items():
        value = wanted.get(noun)
        for name in value if isinstance(value, list) else _one(value):
            if connection.execute(_QUERIES[f"has_{noun}"], {"city": city, "name": name}).fetchone() is None:
                where = "" if noun in ("property", "kpi") else f" in city {city!r}"
                message = f"no {noun} {name!r}{where}: GET {listed_at.format(city=city)} lists them"
                raise NotFound(message)


def _one(value: Any) -> Iterable[Any]:
    return () if value is None else (value,)
