"""Which datastream a reading belongs to: looked up in bulk, kept in memory, added when a device first speaks.

Strangers become pending devices (stored, but of no place and in no KPI until somebody activates them) or are refused,
as their source says. Whenever the registry changes, the database notifies and the picture is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from ingest.decoding import Source
from ingest.quality import Watch
from ingest.reasons import refusal, shortened

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
        max_datastreams: int,
    ) -> None:
        self._connection = connection
        self._quality_control = quality_control
        self._max_pending = max_pending_devices
        self._max_datastreams = max_datastreams
        self._cities: set[str] | None = None
        self._devices: dict[tuple[str, str], _Device] = {}
        self._found: dict[Key, Datastream] = {}
        # Outlives `forget`, being what the stored values say, as long as the thresholds (beside it) are the same.
        self._quality: dict[int, tuple[dict[str, Any] | None, Watch]] = {}

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
        refused: dict[Key, Refusal] = {}
        for _ in range(2):
            missing = sorted(key for key in keys if key not in self._found)
            if not missing:
                break
            if len(self._found) > _MOST_KEYS:
                self.forget()
                missing = sorted(keys)
            with self._connection.transaction():
                refused = self._look_up(missing, source)
            if all(key in self._found or key in refused for key in missing):
                break
            self.forget()  # a device was moved while we looked: its picture is old
        lost = refusal("not_storable", "its device was changed while it was being stored")
        return {key: self._found.get(key) or refused.get(key) or lost for key in keys}

    def resolve_devices(self, wanted: Collection[Key], source: Source) -> dict[Key, int | Refusal]:
        """The number of each key's device, or why there is none; for what concerns a device and no datastream."""
        found: dict[Key, int | Refusal] = {}
        with self._connection.transaction():
            known = [key for key in wanted if self.knows_city(key.city)]
            self._fetch_devices({(key.city, key.device) for key in known}, source)
        for key in wanted:
            if not self.knows_city(key.city):
                found[key] = refusal("unknown_city", f"city {shortened(key.city)} is not in the database")
                continue
            found[key] = self._problem(key, source) or self._devices[key.city, key.device].id
        return found

    def _look_up(self, keys: list[Key], source: Source) -> dict[Key, Refusal]:
        """Find what can be found; refusals are not remembered: they depend on the source, and people mend them."""
        refused: dict[Key, Refusal] = {}
        known = []
        for key in keys:
            if self.knows_city(key.city):
                known.append(key)
            else:
                refused[key] = refusal("unknown_city", f"city {shortened(key.city)} is not in the database")
        self._fetch_devices({(key.city, key.device) for key in known}, source)
        usable = []
        for key in known:
            problem = self._problem(key, source)
            if problem is None:
                usable.append(key)
            else:
                refused[key] = problem
        if usable:
            refused |= self._fetch_datastreams(usable)
        return refused

    def _problem(self, key: Key, source: Source) -> Refusal | None:
        device = self._devices.get((key.city, key.device))
        if device is None:
            if source.unknown_device == "pending":
                return refusal("too_many_pending", f"{key.city} has {self._max_pending} pending devices already")
            return refusal("unknown_device", f"device {shortened(key.device)} is not registered in {key.city}")
        if device.status in {"disabled", "retired"}:
            return refusal("device_disabled", f"device {shortened(key.device)} is {device.status}")
        return None

    def _fetch_devices(self, wanted: set[tuple[str, str]], source: Source) -> None:
        missing = wanted.difference(self._devices)
        if not missing:
            return
        self._read_devices(missing)
        strangers = missing.difference(self._devices)
        if source.unknown_device != "pending":
            return
        for city in sorted({city for city, _ in strangers}):
            row = self._connection.execute(_SQL["pending_devices"], (city,)).fetchone()
            room = self._max_pending - (row[0] if row else 0)
            welcome = sorted(device for place, device in strangers if place == city)[: max(room, 0)]
            if welcome:
                self._connection.execute(_SQL["add_pending_devices"], ([city] * len(welcome), welcome))
        self._read_devices(strangers)

    def _read_devices(self, wanted: set[tuple[str, str]]) -> None:
        pairs = sorted(wanted)
        rows = self._connection.execute(_SQL["devices"], ([city for city, _ in pairs], [device for _, device in pairs]))
        for city, external_id, *rest in rows:
            self._devices[city, external_id] = _Device(*rest)

    def _fetch_datastreams(self, keys: list[Key]) -> dict[Key, Refusal]:
        numbers = self._read_datastreams(keys)
        refused: dict[Key, Refusal] = {}
        new: list[Key] = []
        for key in dict.fromkeys(keys):
            if key in self._found:
                continue
            device = self._devices[key.city, key.device].id
            numbers[device] += 1
            if numbers[device] > self._max_datastreams:
                detail = f"device {shortened(key.device)} has {self._max_datastreams} datastreams already"
                refused[key] = refusal("too_many_datastreams", detail)
            else:
                new.append(key)
        if new:
            self._connection.execute(_SQL["add_datastreams"], self._new_columns(new))
            self._read_datastreams(new)
        return refused

    def _new_columns(self, keys: list[Key]) -> list[list[Any]]:
        columns: list[list[Any]] = [[] for _ in range(11)]
        for key in keys:
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
        return columns

    def _read_datastreams(self, keys: list[Key]) -> Counter[int]:
        """Take in what these devices have; returns how many datastreams each has."""
        names = {self._devices[key.city, key.device].id: (key.city, key.device) for key in keys}
        numbers: Counter[int] = Counter()
        unseen: list[int] = []
        for device, property_id, channel, stream, _unit, interval, stamp, thresholds in self._connection.execute(
            _SQL["datastreams"], (list(names),)
        ).fetchall():
            numbers[device] += 1
            known = self._quality.get(stream)
            if known is None or known[0] != thresholds:
                self._quality[stream] = (thresholds, self._quality_control(property_id, thresholds))
                unseen.append(stream)
            shift = -interval if interval is not None and stamp == "end" else None
            self._found[Key(*names[device], property_id, channel)] = Datastream(
                stream, device, shift, self._quality[stream][1]
            )
        self._restore(unseen)
        return numbers

    def _restore(self, streams: list[int]) -> None:
        """After a restart quality control remembers what is stored."""
        remembering = {stream: self._quality[stream][1].history for stream in streams}
        remembering = {stream: history for stream, history in remembering.items() if history}
        if not remembering:
            return
        recent: dict[int, list[tuple[datetime, float]]] = {}
        rows: Iterable[tuple[int, datetime, float]] = self._connection.execute(
            _SQL["recent_values"], (list(remembering), list(remembering.values()), _HISTORY_VALUES)
        )
        for stream, time, value in rows:
            recent.setdefault(stream, []).append((time, value))
        for stream, values in recent.items():
            self._quality[stream][1].restore(values)
