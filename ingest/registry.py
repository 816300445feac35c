"""Which datastream a reading belongs to: looked up in bulk, kept in memory, added when a device first speaks.

Strangers become pending devices (stored, but of no place and in no KPI until somebody activates them) or are refused,
as their source says. Whenever the registry changes, the database notifies and the picture is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from bypuls.units import Conditions
from ingest.accepted import Read
from ingest.decoding import Registered, Source
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
    """What ingest needs of a datastream.

    Attributes:
        shift: brings the stamp at an interval's end to its start.
        span: from a stamp at an interval's start to its end.
        interval: what a value covers, in seconds; None: it is of an instant.
        converted: some of its values were sent as shares of volume and stored as mass per volume, or the reverse.
        kept_from: older raw data was dropped, and what was computed of it stands.
        plain: a value's time is stored as it is, and its unit is not noted.
    """

    id: int
    device: int
    shift: timedelta | None
    quality: Watch
    interval: float | None = None
    converted: bool = False
    span: timedelta | None = None
    kept_from: datetime | None = None
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        """Nothing but its quality control is asked of a plain one."""
        self.plain = self.shift is None and self.kept_from is None and not self.converted


@dataclass(slots=True)
class _Device:
    id: int
    status: str
    site: str | None
    instrument_class: str
    origin: str
    readings: dict[str, dict[str, Any]]


def registrations(rows: Iterable[tuple[str, str | None, str | None, Any, Any, Any]]) -> dict[str, Registered]:
    """By external id, and by `key:` and each other key of the device in small letters.

    Args:
        rows: external id, profile, zone, keys, readings (property -> how it is meant), and the units of its datastreams
            (property/channel -> unit).
    """
    found: dict[str, Registered] = {}
    for device, profile, zone, keys, readings, units in rows:
        meant = {name: entry for name, entry in readings.items() if isinstance(entry, dict)}
        declared = {name: entry["conditions"] for name, entry in meant.items() if entry.get("conditions")}
        found[device] = Registered(
            profile,
            zone,
            {**{name: entry["unit"] for name, entry in meant.items() if entry.get("unit")}, **(units or {})},
            {name: Conditions(float(of["temperature"]), float(of["pressure"])) for name, of in declared.items()},
        )
        for key in keys.values():
            found.setdefault(f"key:{str(key).casefold()}", found[device])
    return found


def _nothing() -> None:
    """Nobody is to be waited for."""


class Registry:
    """The part of the registry that messages have touched.

    Args:
        before_reading: called each time before the database is asked; whoever has a batch under way waits for it.
    """

    def __init__(
        self,
        connection: Connection,
        quality_control: Callable[[str, dict[str, Any] | None], Watch],
        max_pending_devices: int,
        max_datastreams: int,
        before_reading: Callable[[], None] = _nothing,
    ) -> None:
        self._database = connection
        self._before_reading = before_reading
        self._quality_control = quality_control
        self._max_pending = max_pending_devices
        self._max_datastreams = max_datastreams
        self._cities: set[str] | None = None
        self._devices: dict[tuple[str, str], _Device] = {}
        self._found: dict[Key, Datastream] = {}
        self._registered: dict[str, dict[str, Registered]] = {}
        self._states: dict[int, tuple[str, datetime] | None] = {}
        # Outlives `forget`, being what the stored values say, as long as the thresholds (beside it) are the same.
        self._quality: dict[int, tuple[dict[str, Any] | None, Watch]] = {}

    @property
    def _connection(self) -> Connection:
        self._before_reading()
        return self._database

    def forget(self) -> None:
        """Drop the picture; the next message looks again."""
        self._cities = None
        self._devices.clear()
        self._found.clear()
        self._registered.clear()
        self._states.clear()

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

    def registered(self, city: str, device: str) -> Registered | None:
        """How a device's messages are to be read, by its external id or another of its keys (EUI …).

        Raises:
            DatabaseUnreachable: it could not be looked up.
        """
        known = self._registered.get(city)
        if known is None:
            with translated(), self._connection.transaction():
                rows = self._connection.execute(_SQL["registered"], (city,)).fetchall()
            known = self._registered[city] = registrations(rows)
        return known.get(device) or known.get(f"key:{device.casefold()}")

    def state(self, device: int) -> tuple[str, datetime] | None:
        """Whether the device was last said to be online or offline, and since when."""
        if device not in self._states:
            if len(self._states) > _MOST_KEYS:
                self._states.clear()
            row = self._connection.execute(_SQL["state"], (device,)).fetchone()
            self._states[device] = None if row is None else (row[0], row[1])
        return self._states[device]

    def now_in_state(self, device: int, kind: str, time: datetime) -> None:
        """The batch says so."""
        self._states[device] = (kind, time)

    def known(self, reads: Sequence[Read]) -> list[list[Datastream]] | None:
        """Per message the datastream of each accepted reading; None where one of them is not known yet."""
        found: dict[Any, Datastream] = self._found  # a bare tuple is quicker made than a Key
        try:
            return [
                [found[city, one.device, one.property, one.channel] for one in accepted]
                for city, accepted in [(read.city or "", read.accepted) for read in reads]
            ]
        except KeyError:
            return None

    def resolve(self, keys: Mapping[Key, float | None], source: Source) -> dict[Key, Datastream | Refusal]:
        """The datastream of each key, or why there is none. Adds what is missing, in a transaction of its own.

        Args:
            keys: with the interval in seconds that a value covers, where its message says so; a datastream that is
                added gets it, unless the registry knows better.
            source: whose messages they are; it says how strangers are taken.
        """
        refused: dict[Key, Refusal] = {}
        for _ in range(2):
            missing = sorted(key for key in keys if key not in self._found)
            if not missing:
                break
            if len(self._found) > _MOST_KEYS:
                self.forget()
                missing = sorted(keys)
            with self._connection.transaction():
                refused = self._look_up(missing, source, keys)
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

    def _look_up(self, keys: list[Key], source: Source, intervals: Mapping[Key, float | None]) -> dict[Key, Refusal]:
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
            refused |= self._fetch_datastreams(usable, intervals)
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
        self._read_devices("devices", missing)
        strangers = missing.difference(self._devices)
        if strangers:
            self._read_devices("devices_by_key", strangers)
            strangers.difference_update(self._devices)
        if source.unknown_device != "pending":
            return
        for city in sorted({city for city, _ in strangers}):
            row = self._connection.execute(_SQL["pending_devices"], (city,)).fetchone()
            room = self._max_pending - (row[0] if row else 0)
            welcome = sorted(device for place, device in strangers if place == city)[: max(room, 0)]
            if welcome:
                self._connection.execute(_SQL["add_pending_devices"], ([city] * len(welcome), welcome))
        self._read_devices("devices", strangers)

    def _read_devices(self, query: str, wanted: set[tuple[str, str]]) -> None:
        pairs = sorted(wanted)
        rows = self._connection.execute(_SQL[query], ([city for city, _ in pairs], [device for _, device in pairs]))
        for city, external_id, *rest in rows:
            self._devices[city, external_id] = _Device(*rest)

    def _fetch_datastreams(self, keys: list[Key], intervals: Mapping[Key, float | None]) -> dict[Key, Refusal]:
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
            self._connection.execute(_SQL["add_datastreams"], self._new_columns(new, intervals))
            self._read_datastreams(new)
        return refused

    def _new_columns(self, keys: list[Key], intervals: Mapping[Key, float | None]) -> list[list[Any]]:
        columns: list[list[Any]] = [[] for _ in range(11)]
        for key in keys:
            device = self._devices[key.city, key.device]
            meant = device.readings.get(key.property) or {}
            seconds = intervals.get(key)
            interval = meant.get("interval") or (None if seconds is None else f"PT{seconds:g}S")
            row = (
                key.city,
                device.id,
                key.property,
                key.channel,
                device.site,
                meant.get("unit"),
                interval,
                meant.get("stamp") or "start",
                device.instrument_class,
                device.origin,
                meant.get("spacing") or interval,
            )
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        return columns

    def _read_datastreams(self, keys: list[Key]) -> Counter[int]:
        """Take in what these devices have; returns how many datastreams each has."""
        names: dict[int, set[tuple[str, str]]] = {}  # a device may be named by its external id and by another key
        for key in keys:
            names.setdefault(self._devices[key.city, key.device].id, set()).add((key.city, key.device))
        numbers: Counter[int] = Counter()
        unseen: list[int] = []
        rows = self._connection.execute(_SQL["datastreams"], (list(names),)).fetchall()
        for device, property_id, channel, stream, converted, interval, stamp, thresholds, kept_from in rows:
            numbers[device] += 1
            known = self._quality.get(stream)
            if known is None or known[0] != thresholds:
                self._quality[stream] = (thresholds, self._quality_control(property_id, thresholds))
                unseen.append(stream)
            shift = -interval if interval is not None and stamp == "end" else None
            found = Datastream(
                stream,
                device,
                shift,
                self._quality[stream][1],
                None if interval is None else interval.total_seconds(),
                converted,
                interval if shift is None else None,
                kept_from,
            )
            for name in names[device]:
                self._found[Key(*name, property_id, channel)] = found
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
