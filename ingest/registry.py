"""Which datastream a reading belongs to: looked up in bulk, kept in memory, added when a device first speaks.

Strangers become pending devices (stored, but of no place and in no KPI until somebody activates them) or are refused,
as their source says. Whenever the registry changes, the database notifies and the picture is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from ingest.decoding import Source
from ingest.quality import Watch
from ingest.reasons import refusal

_SQL = queries("ingest", "registry.sql")
_HISTORY_VALUES = 20_000
_MOST_KEYS = 500_000  # whoever makes up device names does not fill the memory


class Key(NamedTuple):
    """What a reading says of itself."""

    city: str
    device: str
    property: str
    channel: str


@dataclass(slots=True)
class Datastream:
    """What ingest needs of a datastream. `shift` brings the stamp at an interval's end to its start."""

    id: int
    device: int
    shift: timedelta | None
    quality: Watch


@dataclass(slots=True)
class _Device:
    id: int
    status: str
    site: str | None
    instrument_class: str
    origin: str
    readings: dict[str, dict[str, Any]]


class Registry:
    """The part of the registry that messages have touched."""

    def __init__(
        self,
        connection: Connection,
        quality_control: Callable[[str, dict[str, Any] | None], Watch],
        max_pending_devices: int,
    ) -> None:
        self._connection = connection
        self._quality_control = quality_control
        self._max_pending = max_pending_devices
        self._cities: set[str] | None = None
        self._devices: dict[tuple[str, str], _Device] = {}
        self._found: dict[Key, Datastream | Refusal] = {}
        self._quality: dict[int, Watch] = {}  # outlives `forget`: it is what the stored values say

    def forget(self) -> None:
        """Drop the picture; the next message looks again."""
        self._cities = None
        self._devices.clear()
        self._found.clear()

    def knows_city(self, city: str) -> bool:
        """Whether the city is in the database."""
        if self._cities is None:
            with self._connection.transaction():
                self._cities = {row[0] for row in self._connection.execute(_SQL["cities"]).fetchall()}
        return city in self._cities

    def device_id(self, city: str, device: str) -> int | None:
        """The device's number, if a message of it was resolved."""
        found = self._devices.get((city, device))
        return found.id if found is not None else None

    def resolve(self, keys: Collection[Key], source: Source) -> dict[Key, Datastream | Refusal]:
        """The datastream of each key, or why there is none. Adds what is missing, in a transaction of its own."""
        missing = [key for key in keys if key not in self._found]
        if missing:
            if len(self._found) > _MOST_KEYS:
                self.forget()
                missing = list(keys)
            with self._connection.transaction():
                self._look_up(missing, source)
        return {key: self._found[key] for key in keys}

    def _look_up(self, keys: list[Key], source: Source) -> None:
        known = [key for key in keys if self.knows_city(key.city)]
        for key in set(keys).difference(known):
            self._found[key] = refusal("unknown_city", f"city {key.city!r} is not in the database")
        self._fetch_devices({(key.city, key.device) for key in known}, source)
        usable = []
        for key in known:
            problem = self._problem(key, source)
            if problem is None:
                usable.append(key)
            else:
                self._found[key] = problem
        if usable:
            self._fetch_datastreams(usable)

    def _problem(self, key: Key, source: Source) -> Refusal | None:
        device = self._devices.get((key.city, key.device))
        if device is None:
            if source.unknown_device == "pending":
                return refusal("too_many_pending", f"{key.city} has {self._max_pending} pending devices already")
            return refusal("unknown_device", f"device {key.device!r} is not registered in {key.city}")
        if device.status in {"disabled", "retired"}:
            return refusal("device_disabled", f"device {key.device!r} is {device.status}")
        return None

    def _fetch_devices(self, wanted: set[tuple[str, str]], source: Source) -> None:
        missing = wanted.difference(self._devices)
        if not missing:
            return
        self._read_devices(missing)
        strangers = missing.difference(self._devices)
        if source.unknown_device != "pending":
            return
        for city in {city for city, _ in strangers}:
            row = self._connection.execute(_SQL["pending_devices"], (city,)).fetchone()
            room = self._max_pending - (row[0] if row else 0)
            welcome = sorted(device for place, device in strangers if place == city)[: max(room, 0)]
            self._connection.execute(_SQL["add_pending_devices"], ([city] * len(welcome), welcome))
        self._read_devices(strangers)

    def _read_devices(self, wanted: set[tuple[str, str]]) -> None:
        pairs = sorted(wanted)
        rows = self._connection.execute(_SQL["devices"], ([city for city, _ in pairs], [device for _, device in pairs]))
        for city, external_id, *rest in rows:
            self._devices[city, external_id] = _Device(*rest)

    def _fetch_datastreams(self, keys: list[Key]) -> None:
        self._read_datastreams(keys)
        new = [key for key in dict.fromkeys(keys) if key not in self._found]
        if not new:
            return
        columns: list[list[Any]] = [[] for _ in range(11)]
        for key in new:
            device = self._devices[key.city, key.device]
            meant = device.readings.get(key.property) or {}
            row = (
                key.city,
                device.id,
                key.property,
                key.channel,
                device.site,
                meant.get("unit"),
                meant.get("interval"),
                meant.get("stamp") or "start",
                device.instrument_class,
                device.origin,
                meant.get("spacing") or meant.get("interval"),
            )
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        self._connection.execute(_SQL["add_datastreams"], columns)
        self._read_datastreams(new)

    def _read_datastreams(self, keys: list[Key]) -> None:
        names: dict[int, list[tuple[str, str]]] = {}
        for key in keys:
            names.setdefault(self._devices[key.city, key.device].id, []).append((key.city, key.device))
        unseen: list[int] = []
        for device, property_id, channel, stream, _unit, interval, stamp, thresholds in self._connection.execute(
            _SQL["datastreams"], (list(names),)
        ).fetchall():
            if stream not in self._quality:
                self._quality[stream] = self._quality_control(property_id, thresholds)
                unseen.append(stream)
            shift = -interval if interval is not None and stamp == "end" else None
            found = Datastream(stream, device, shift, self._quality[stream])
            for city, external_id in names[device][:1]:
                self._found[Key(city, external_id, property_id, channel)] = found
        self._restore(unseen)

    def _restore(self, streams: list[int]) -> None:
        """After a restart quality control remembers what is stored."""
        remembering = {stream: self._quality[stream].history for stream in streams if self._quality[stream].history}
        if not remembering:
            return
        recent: dict[int, list[tuple[datetime, float]]] = {}
        rows: Iterable[tuple[int, datetime, float]] = self._connection.execute(
            _SQL["recent_values"], (list(remembering), list(remembering.values()), _HISTORY_VALUES)
        )
        for stream, time, value in rows:
            recent.setdefault(stream, []).append((time, value))
        for stream, values in recent.items():
            self._quality[stream].restore(values)
