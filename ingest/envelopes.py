"""What the members of LoRaWAN envelopes hold: texts, times, ports, counters, positions, how well a frame was heard.

Members come from strangers: what is not of the meant kind is as if it were missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Frame, Message, Reading
from ingest.reasons import refusal, shortened
from ingest.timestamps import read_time
from ingest.topics import is_device_name

_LARGEST_COUNTER = 2**32 - 1
_LONGEST_SESSION = 64
# Gateways without GPS or NTP send the time since they were switched on, or 1980; LoRaWAN 1.0 is of January 2015.
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_CLOCK_MAY_LEAD = timedelta(minutes=5)
_POSITION = (("latitude", "deg", 90.0), ("longitude", "deg", 180.0), ("altitude", "m", 100_000.0))


def amount(value: Any, low: float, high: float) -> float | None:
    """A JSON number between two bounds, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None


def position(place: Mapping[str, Any], prefix: str, device: str, time: datetime | None) -> list[Reading]:
    """The readings of `{latitude, longitude, altitude}`, in degrees and metres."""
    readings = []
    for name, unit, most in _POSITION if place else ():
        # 0 is left out, but the equator and Greenwich are places.
        value = amount(place.get(name, None if name == "altitude" else 0), -most, most)
        if value is not None:
            readings.append(Reading(device, f"{prefix}.{name}", name, "", value, unit, time))
    return readings


def best_signal(
    heard: Any, rssi_names: tuple[str, ...], snr_names: tuple[str, ...]
) -> tuple[float | None, float | None]:
    """RSSI and SNR of the gateway that heard the frame best; None where none tells."""
    best: tuple[float | None, float | None] = (None, None)
    for gateway in heard if type(heard) is list else ():
        if type(gateway) is not dict:
            continue
        rssi = _first(gateway, rssi_names)
        if rssi is not None and (best[0] is None or rssi > best[0]):
            best = (rssi, _first(gateway, snr_names))
    return best


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    found = (amount(document.get(name), -1000, 1000) for name in names)
    return next((value for value in found if value is not None), None)


def gateway_time(times: tuple[Any, ...], server: datetime | None, arrival: datetime) -> datetime | None:
    """When a gateway heard the frame, where its clock is believable; else the server's time.

    A gateway that was cut off hands over later what it heard: an early time is no wrong one.
    """
    latest = arrival if server is None or server < arrival else server
    for sent in times:
        time = readable_time(sent)
        if time is not None and _EARLIEST <= time <= latest + _CLOCK_MAY_LEAD:
            return time
    return server


def readable_time(sent: Any) -> datetime | None:
    """A time with a zone, or None: an envelope has several places for it."""
    if sent is None or sent == "":
        return None
    try:
        return read_time(sent)
    except Refusal:
        return None


def frame_of(device: str, session: Any, counter: Any, eui: str, time: datetime | None) -> Frame | None:
    """The frame that a counter names; an omitted counter is 0 (Protocol Buffers' JSON)."""
    if counter is None:
        counter = 0
    if type(counter) is float and counter.is_integer():
        counter = int(counter)
    if type(counter) is not int or not 0 <= counter <= _LARGEST_COUNTER:
        return None
    text = session if type(session) is str and len(session) <= _LONGEST_SESSION and session.isprintable() else ""
    return Frame(device, text, counter, eui, time)


def text_of(document: Mapping[str, Any], *names: str) -> str:
    """The first of these members that is a text which can name a device or a model; "" where none is."""
    for name in names:
        value = document.get(name)
        if type(value) is str and is_device_name(value):
            return value
    return ""


def port_of(value: Any) -> int:
    """A frame's port; 0 where it is omitted or no port."""
    return value if type(value) is int and 0 <= value <= 255 else 0  # noqa: PLR2004


def object_of(value: Any) -> dict[str, Any]:
    """A member that is an object, or an empty one."""
    return value if type(value) is dict else {}


def named_device(message: Message, *, of_topic: str, claimed: str, eui: str) -> str:
    """The device of an envelope: what the message says, else what its topic says, else its EUI.

    Raises:
        Refusal: `device_missing`, or `device_mismatch` where the envelope contradicts its own topic.
    """
    name = claimed or of_topic or eui
    if not name:
        raise refusal("device_missing", f"{shortened(message.topic)}: the envelope names no device")
    if of_topic and claimed and of_topic.casefold() != claimed.casefold():
        raise refusal("device_mismatch", f"the message says {shortened(claimed)}, its topic {shortened(of_topic)}")
    return name
