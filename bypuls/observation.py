"""The language between the parts: device, site, datastream, observation (OGC SensorThings / ISO 19156 terms)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum


class Quality(IntEnum):
    """QARTOD primary flags (IOOS QARTOD flags manual, 2020)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


COUNTING_FLAGS = frozenset({Quality.GOOD, Quality.NOT_EVALUATED})
"""Flags that count in rollups and KPIs; suspect and fail are left out and counted beside."""


class InstrumentClass(StrEnum):
    """What an instrument may judge: only reference and equivalent ones judge a law (CEN/TS 17660 for sensors)."""

    REFERENCE = "reference"
    EQUIVALENT = "equivalent"
    INDICATIVE = "indicative"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where a datastream's values come from."""

    MEASURED = "measured"
    SIMULATED = "simulated"
    MODELLED = "modelled"
    REGISTER = "register"


class SourceRank(IntEnum):
    """Which of two values for one key stands: the higher rank, and among equals the later one."""

    LIVE = 1
    IMPORTED = 2
    VERIFIED = 3


class DeviceStatus(StrEnum):
    """Life of a device in the registry."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Site:
    """A place where something is measured (SensorThings Location)."""

    city: str
    slug: str
    name: str
    kind: str
    latitude: float | None = None
    longitude: float | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What publishes (SensorThings Thing). `external_id` is the name it publishes under."""

    id: int
    city: str
    external_id: str
    status: DeviceStatus
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Datastream:
    """One device x one observed property x one channel x one site.

    `interval` is None for instantaneous values; otherwise a value stands at the start of its interval.
    """

    id: int
    city: str
    device: str
    property: str
    channel: str
    site: str | None
    interval: timedelta | None
    instrument_class: InstrumentClass
    origin: Origin
    expected_spacing: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one datastream, in the property's canonical unit, at an instant or at the start of an interval."""

    datastream: int
    time: datetime
    value: float
    flag: Quality
