"""What a load generator sends: numbered messages, each computed from its number, so that what must be stored is known.

Message `n` is that of device `n % devices`, its `n // devices`-th. Most state their time and three values; some state
no time, so that a second delivery would be a second value; some are poison, each of its own text. It speaks no MQTT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bypuls.errors import SettingsError

_ALL = 1 << 32
PACKET_IDS = 65_535
"""Packet identifiers run from 1 to this (MQTT 3.1.1, section 2.3.1)."""
_LARGE_ONE_IN = 64
_MOST_TIMELESS = 1_000_000  # past it their values would leave what a particle counter can say
TOPIC = "bypuls/v1/{city}/{device}/observations"
TIMED = ("pm10", "no2", "relative_humidity")
TIMELESS = ("pn0_5", "pn1", "pn10")


class Kind(StrEnum):
    """What a message is; of poison, the reason with which ingest must refuse it."""

    TIMED = "timed"
    TIMELESS = "timeless"
    INVALID_JSON = "invalid_json"
    UNKNOWN_UNIT = "unknown_unit"
    NON_FINITE = "non_finite"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_PROPERTY = "unknown_property"
    TOO_LARGE = "too_large"

    @property
    def is_poison(self) -> bool:
        """Whether it must end in quarantine."""
        return self not in (Kind.TIMED, Kind.TIMELESS)


_SMALL_POISON = (Kind.INVALID_JSON, Kind.UNKNOWN_UNIT, Kind.NON_FINITE, Kind.WRONG_TYPE, Kind.UNKNOWN_PROPERTY)


class Expected(NamedTuple):
    """What must be stored of a message: its time (None: that of its arrival) and property -> value."""

    kind: Kind
    device: str
    time: datetime | None
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which messages there are.

    Attributes:
        start: time of every device's first message; a whole millisecond.
        spacing: between a device's messages; whole milliseconds.
        poison: share of messages that must be refused.
        timeless: share of messages that state no time.
        large_bytes: size of those that are too large.
        topic: with {city} and {device}.
    """

    city: str
    start: datetime
    devices: int = 100
    spacing: timedelta = timedelta(seconds=10)
    poison: float = 0.0
    timeless: float = 0.0
    large_bytes: int = (1 << 20) + 1
    topic: str = TOPIC
    _topics: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Encode every device's topic once.

        Raises:
            SettingsError: shares that are none, no device, or times finer than a millisecond.
        """
        if self.devices < 1 or not (0 <= self.poison <= 1 and 0 <= self.timeless <= 1 - self.poison):
            raise SettingsError(
                "a load needs a device at least, and shares of poison and timeless messages within 0 … 1"
            )
        if self.spacing < timedelta(milliseconds=1) or (self.spacing.microseconds | self.start.microsecond) % 1000:
            raise SettingsError("a load's times are whole milliseconds, a device's at least one apart")
        names = (self.topic.format(city=self.city, device=self.device(n)).encode() for n in range(self.devices))
        object.__setattr__(self, "_topics", tuple(len(name).to_bytes(2) + name for name in names))

    @staticmethod
    def device(number: int) -> str:
        """The external id of a device.

        >>> Plan.device(7)
        'load-00007'
        """
        return f"load-{number:05d}"

    def kind(self, n: int) -> Kind:
        """What message `n` is: spread evenly, by multiplication with the golden ratio."""
        chance = _mixed(n)
        if chance < self.poison * _ALL:
            which = _mixed(n * 31 + 17) >> 8
            return Kind.TOO_LARGE if which % _LARGE_ONE_IN == 0 else _SMALL_POISON[which % len(_SMALL_POISON)]
        if chance < (self.poison + self.timeless) * _ALL and n // self.devices <= _MOST_TIMELESS:
            return Kind.TIMELESS
        return Kind.TIMED

    def time(self, sequence: int) -> datetime:
        """The time of every device's message of this number."""
        return self.start + sequence * self.spacing

    def topic_of(self, n: int) -> str:
        """The topic of message `n`."""
        return self._topics[n % self.devices][2:].decode()

    def expected(self, n: int) -> Expected:
        """What must be stored of message `n`."""
        sequence, device = divmod(n, self.devices)
        kind, name = self.kind(n), self.device(device)
        if kind is Kind.TIMED:
            return Expected(
                kind, name, self.time(sequence), {p: v / 100 for p, v in zip(TIMED, _values(n), strict=True)}
            )
        if kind is Kind.TIMELESS:
            return Expected(kind, name, None, dict.fromkeys(TIMELESS, float(sequence)))
        return Expected(kind, name, self.time(sequence), {})

    def payload(self, n: int) -> bytes:
        """The payload of message `n`."""
        sequence = n // self.devices
        return self._payload(n, sequence, _text(self.time(sequence)))

    def frames(self, numbers: Iterable[int], *, again: bool = False) -> list[bytes]:
        """MQTT PUBLISH packets of QoS 1 for these messages, in their order; `again` sets DUP.

        The packet identifier of message `n` is `n % 65535 + 1`.
        """
        devices, topics, payload = self.devices, self._topics, self._payload
        head = b"\x3a" if again else b"\x32"
        frames, last, time = [], -1, b""
        for n in numbers:
            sequence, device = divmod(n, devices)
            if sequence != last:
                last, time = sequence, _text(self.time(sequence))
            topic, text = topics[device], payload(n, sequence, time)
            size = remaining_length(len(topic) + 2 + len(text))
            frames.append(b"".join((head, size, topic, (n % PACKET_IDS + 1).to_bytes(2), text)))
        return frames

    def _payload(self, n: int, sequence: int, time: bytes) -> bytes:
        kind = self.kind(n)
        if kind is Kind.TIMED:
            pm10, no2, humidity = _values(n)
            return b'{"time":"%b","values":{"pm10":%d.%02d,"no2":%d.%02d,"relative_humidity":%d.%02d}}' % (
                time, *divmod(pm10, 100), *divmod(no2, 100), *divmod(humidity, 100)
            )  # fmt: skip
        if kind is Kind.TIMELESS:
            return b'{"values":{"pn0_5":%d,"pn1":%d,"pn10":%d}}' % (sequence, sequence, sequence)
        return _POISON[kind](time, self.large_bytes)


_POISON: dict[Kind, Callable[[bytes, int], bytes]] = {
    Kind.INVALID_JSON: lambda time, _: b'{"time":"%b","values":{"pm10":20.5' % time,
    Kind.UNKNOWN_UNIT: lambda time, _: (
        b'{"time":"%b","readings":[{"quantity":"pm10","value":20.5,"unit":"furlong"}]}' % time
    ),
    Kind.NON_FINITE: lambda time, _: b'{"time":"%b","values":{"pm10":NaN}}' % time,
    Kind.WRONG_TYPE: lambda time, _: b'{"time":"%b","values":{"pm10":"12,5"}}' % time,
    Kind.UNKNOWN_PROPERTY: lambda time, _: b'{"time":"%b","values":{"wonderfulness":11}}' % time,
    Kind.TOO_LARGE: lambda time, size: (b'{"time":"%b","values":{"pm10":20.5}' % time).ljust(size - 1) + b"}",
}


def city_file(plan: Plan, devices_per_site: int = 10) -> dict[str, object]:
    """The city in which the load's devices hang, as its YAML file describes it."""
    sites = -(-plan.devices // devices_per_site)
    return {
        "city": plan.city,
        "name": {"en": f"Load test {plan.city}"},
        "time_zone": "UTC",
        "sites": [{"slug": f"site-{n:04d}", "name": f"Site {n}", "kind": "traffic"} for n in range(sites)],
        "devices": [
            {"id": plan.device(n), "site": f"site-{n // devices_per_site:04d}", "origin": "simulated"}
            for n in range(plan.devices)
        ],
    }


def remaining_length(size: int) -> bytes:
    """MQTT's variable byte integer (3.1.1, section 2.2.3).

    >>> remaining_length(321).hex()
    'c102'
    """
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(encoded)


def _mixed(n: int) -> int:
    return n * 0x9E3779B1 % _ALL


def _values(n: int) -> tuple[int, int, int]:
    """Hundredths, of a size and steadiness that quality control takes for air."""
    chance = _mixed(n ^ 0x5BD1E995)
    return 1500 + chance % 500, 2000 + (chance >> 10) % 500, 5000 + (chance >> 20) % 500


def _text(time: datetime) -> bytes:
    utc = time.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".encode()
