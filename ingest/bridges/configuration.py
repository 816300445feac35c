"""Bridges that people set up: one YAML names a service, a city and which station is which device; kept in `bridge`.

name: trondheim-air
bridge: nilu
city: trondheim
contact: miljo@trondheim.example
since: 2026-01-01
stations: {Elgeseter: elgeseter, Torvet: torvet}
options: {controlled: [true, false]}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from psycopg.types.json import Jsonb

from bypuls.errors import SettingsError
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from bypuls.typed import convert
from ingest.bridges.answers import Chosen
from ingest.bridges.definition import Definition, Option, Scalar
from ingest.reasons import shortened
from ingest.topics import is_device_name

_SQL = queries("ingest.bridges", "bridges.sql")
_MOST_STATIONS = 500


class BridgeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bridge of one city as its file describes it.

    Attributes:
        stations: the service's station -> our device's id.
        since: the first day that is asked for (UTC).
        contact: a mail address or page, for the user agent: whom the service may ask.
        secret_variable: the environment variable (or file in BYPULS_SECRETS) that holds what the service knows us by.
        interval: how often it is asked, where the service's own interval is not meant.
        base: another address of the same service, such as a proxy.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    bridge: str
    city: str
    stations: dict[str, str]
    since: date
    contact: Annotated[str, msgspec.Meta(pattern=r"^[!-'*-~]{3,100}$")]
    options: dict[str, Scalar | list[Scalar]] = {}
    secret_variable: Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")] | None = None
    base: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@]+(/[^?#]*)?$")] | None = None
    interval: timedelta | None = None
    enabled: bool = True

    @property
    def start(self) -> datetime:
        """The first instant that is asked for."""
        return datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)

    def chosen(self, definition: Definition) -> Chosen:
        """Every option of the bridge: chosen here, or its default."""
        return {name: self.options.get(name, option.default) for name, option in definition.options.items()}


def read_bridge(path: Path, definitions: Mapping[str, Definition]) -> BridgeFile:
    """Read a bridge's file.

    Raises:
        SettingsError: unreadable, or a value that cannot be, with its place in the file.
    """
    try:
        found = convert(yaml.safe_load(path.read_text(encoding="utf-8")), BridgeFile)
        check_bridge(found, definitions)
    except OSError as error:
        message = f"bridge file {path} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError, SettingsError) as error:
        message = f"bridge file {path}: {' '.join(str(error).split())}"
        raise SettingsError(message) from None
    return found


def check_bridge(bridge: BridgeFile, definitions: Mapping[str, Definition]) -> Definition:
    """The definition that a bridge goes by.

    Raises:
        SettingsError: there is none, or the two do not fit.
    """
    definition = definitions.get(bridge.bridge)
    if definition is None:
        raise SettingsError(f"no bridge {bridge.bridge!r}; there are {', '.join(sorted(definitions))}")
    if not 0 < len(bridge.stations) <= _MOST_STATIONS:
        raise SettingsError(f"stations: name 1 to {_MOST_STATIONS} of them, each with its device (station: device)")
    for station, device in bridge.stations.items():
        if not is_device_name(device) or any(character in device for character in "+#/"):
            raise SettingsError(f"stations: {shortened(device)} (of {shortened(station)}) cannot be a device's name")
        if not station.strip() or not station.isprintable():
            raise SettingsError(f"stations: {shortened(station)} cannot be a station")
    fastest = definition.fastest or definition.interval
    if bridge.interval is not None and bridge.interval < fastest:
        raise SettingsError(f"interval: {definition.id} is asked every {fastest} at most")
    for name, value in bridge.options.items():
        if name not in definition.options:
            raise SettingsError(f"options: no {name!r}; {definition.id} has {', '.join(definition.options) or 'none'}")
        _check_option(name, value, definition.options[name])
    if (definition.secret is None) != (bridge.secret_variable is None):
        what = f"name the variable that holds {definition.secret.about}" if definition.secret else "there is no secret"
        raise SettingsError(f"secret_variable: {what}")
    return definition


def _check_option(name: str, value: Scalar | list[Scalar], option: Option) -> None:
    if isinstance(option.default, list) != isinstance(value, list) or value == []:
        what = "a list" if isinstance(option.default, list) else "one value"
        raise SettingsError(f"options: {name} is {what} ({option.about})")
    for one in value if isinstance(value, list) else [value]:
        # 1 and true are equal to Python, and not to a person.
        if option.choices and not any(one == choice and type(one) is type(choice) for choice in option.choices):
            allowed = ", ".join(str(msgspec.json.encode(choice), "utf-8") for choice in option.choices)
            raise SettingsError(f"options: {name} cannot be {shortened(one)}; there are {allowed}")
        if not option.choices and isinstance(option.default, int | float) and not isinstance(one, int | float):
            raise SettingsError(f"options: {name} is {shortened(one)}; a number is meant")


def add_bridge(connection: Connection, bridge: BridgeFile, who: str) -> None:
    """Insert or update the bridge and its stations, with an audit row.

    A station that is another device now begins anew; all do where `since` has become an earlier day.

    Raises:
        NotFound: no such city.
    """
    document: dict[str, Any] = msgspec.to_builtins(bridge)
    with translated(), connection.transaction():
        require_city(connection, bridge.city)
        before = connection.execute(_SQL["document"], (bridge.name,)).fetchone()
        row = {"name": bridge.name, "city": bridge.city, "document": Jsonb(document), "enabled": bridge.enabled}
        connection.execute(_SQL["add"], row)
        stations, devices = list(bridge.stations), list(bridge.stations.values())
        earlier = before is not None and str(bridge.since) < str(before[0].get("since"))
        connection.execute(_SQL["drop_stations"], (bridge.name, stations, devices))
        connection.execute(_SQL["add_stations"], (bridge.name, bridge.start, stations, devices, earlier))
        connection.execute(
            _SQL["audit"],
            (who, bridge.city, "bridge.add", bridge.name, Jsonb(before[0]) if before else None, Jsonb(document)),
        )


def load_bridges(connection: Connection) -> list[BridgeFile]:
    """The bridges that were set up, by name."""
    rows = connection.execute(_SQL["all"]).fetchall()
    return [convert(document, BridgeFile) for (document,) in rows]


def secret_of(bridge: BridgeFile) -> str | None:
    """What the service knows us by.

    Raises:
        SettingsError: its variable is not set.
    """
    if bridge.secret_variable is None:
        return None
    found = os.environ.get(bridge.secret_variable) or _from_folder(bridge.secret_variable)
    if not found:
        raise SettingsError(f"the secret is to come from {bridge.secret_variable}, which is not set")
    return found


def _from_folder(variable: str) -> str | None:
    folder = os.environ.get("BYPULS_SECRETS")
    file = Path(folder) / variable.lower() if folder else None
    try:
        return file.read_text(encoding="utf-8").strip() if file is not None and file.is_file() else None
    except OSError as error:
        raise SettingsError(f"the secret in {file} cannot be read: {error.strerror}") from None
