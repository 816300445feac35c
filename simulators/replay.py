"""Replays recorded files through the broker as SenML, as if their stations published now (or then).

Any tidy CSV will do: columns time, station, quantity, value, unit; `.gz` too. An empty value is no message.
"""

from __future__ import annotations

import csv
import gzip
import heapq
import json
import logging
import threading
import time as monotonic
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple

from bypuls.city import City, ReadingEntry, slug
from bypuls.errors import SettingsError

_LOG = logging.getLogger(__name__)
_COLUMNS = ("time", "station", "quantity", "value", "unit")
_SENML_UNITS = {"%": "%RH"}


class Recorded(NamedTuple):
    """One value of a file, as it is to be published."""

    time: datetime
    device: str
    name: str
    unit: str
    value: float


class Publication(NamedTuple):
    """One message: all values of one device for one time."""

    time: datetime
    topic: str
    payload: bytes


@dataclass(slots=True)
class Receipt:
    """What a replay did."""

    rows: int = 0
    empty: int = 0
    messages: int = 0
    acknowledged: int = 0


def read_file(path: Path, city: City, receipt: Receipt) -> Iterator[Recorded]:
    """The values of a file, in its order.

    Raises:
        SettingsError: unreadable, a column is missing, a row that is none (with its line).
    """
    data_set = path.name.removesuffix(".gz").removesuffix(".csv")
    devices: dict[str, str] = {}
    line = 0
    try:
        with _open(path) as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                message = f"{path}: column {missing[0]!r} is missing; a tidy CSV has {', '.join(_COLUMNS)}"
                raise SettingsError(message)
            for row in reader:
                line = reader.line_num
                receipt.rows += 1
                recorded = _row(row, data_set, city, devices)
                if recorded is None:
                    receipt.empty += 1
                else:
                    yield recorded
    except (ValueError, TypeError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        message = f"{path}, line {line or 1}: {error}"
        raise SettingsError(message) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = f"{path} is no whole gzip file: {error}"
        raise SettingsError(message) from None


def publications(
    paths: Sequence[Path], city: City, receipt: Receipt, shift: timedelta | None = None
) -> Iterator[Publication]:
    """The messages of all files in the order of their times; files must be sorted by time each.

    `shift` moves every time, for a replay that ends now.
    """
    files = [read_file(path, city, receipt) for path in paths]
    merged = heapq.merge(*files, key=lambda recorded: recorded.time)
    for time, at_once in groupby(merged, key=lambda recorded: recorded.time):
        by_device: dict[str, list[Recorded]] = {}
        for recorded in at_once:
            by_device.setdefault(recorded.device, []).append(recorded)
        stamp = time + shift if shift is not None else time
        for device, values in by_device.items():
            receipt.messages += 1
            yield Publication(time, f"bypuls/v1/{city.city}/{device}/history", senml(stamp, values))


def senml(time: datetime, values: Iterable[Recorded]) -> bytes:
    """A SenML pack (RFC 8428): the base time once, then a record per value."""
    records: list[dict[str, str | float]] = [{"n": value.name, "u": value.unit, "v": value.value} for value in values]
    seconds = time.timestamp()
    records[0] = {"bt": int(seconds) if seconds == int(seconds) else seconds, **records[0]}
    return json.dumps(records, separators=(",", ":")).encode()


def last_time(paths: Sequence[Path], city: City) -> datetime:
    """The newest time of the files.

    Raises:
        SettingsError: they hold no value.
    """
    newest = max((recorded.time for path in paths for recorded in read_file(path, city, Receipt())), default=None)
    if newest is None:
        message = f"{', '.join(str(path) for path in paths)}: no value to replay"
        raise SettingsError(message)
    return newest


class Pace:
    """When a publication is due: `speed` times as fast as it was recorded, or at once when None."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._begun: tuple[datetime, float] | None = None

    def wait(self, time: datetime, stop: threading.Event) -> None:
        """Sleep until `time` is due or `stop` is set."""
        if self._speed is None:
            return
        if self._begun is None:
            self._begun = (time, monotonic.monotonic())
        first, started = self._begun
        due = started + (time - first).total_seconds() / self._speed
        stop.wait(max(0.0, due - monotonic.monotonic()))


def _open(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise SettingsError(message) from None


def _row(row: dict[str, str], data_set: str, city: City, devices: dict[str, str]) -> Recorded | None:
    text = row["value"].strip()
    if not text:
        return None
    value = float(text)
    time = datetime.fromisoformat(row["time"])
    if time.tzinfo is None:
        message = f"time {row['time']!r} has no zone; write 2019-01-01T00:00:00Z or …+01:00"
        raise ValueError(message)
    station = row["station"]
    device = devices.get(station)
    if device is None:
        device = city.device_of(data_set, station)
        if device is None:
            device = slug(station)
            _LOG.warning(
                "station %r of %s is not in %s's file: replayed as device %s", station, data_set, city.city, device
            )
        devices[station] = device
    quantity = row["quantity"].strip()
    meant = city.readings.get(quantity) or ReadingEntry(property=quantity)
    replaced = meant.sentinels.get(value, value)
    if replaced is None:
        return None
    unit = meant.unit or row["unit"].strip()
    return Recorded(time, device, meant.property, unit, replaced)
