"""ChirpStack v4 (and v3): uplinks, status, joins, positions, as JSON.

Topics `application/{application}/device/{devEui}/event/{up|status|join|ack|txack|log|location|integration}`; over HTTP
the same JSON comes without a topic and is known by `deviceInfo`.

- **Device**: `deviceInfo.devEui`, in hexadecimal.
- **Values**: `object`, which the device profile's codec made, by the maker's profile; it is found by the ChirpStack
  device profile's name, the EUI or the object's keys. Without `object`, `data` by the profile's `decodeUplink`.
- **Time**: `time`; where it is missing, `rxInfo[].gwTime` or `nsTime`.
- **Units** are the maker's affair; `status` is documented: `margin` in dB, `batteryLevel` in %.
- **Events**: `join` is a join; `log` of level ERROR a fault. The others hold no measurements.

Traps: `up` holds no battery level and no margin, also where a program on the way has filled in
`"margin": 0, "batteryLevel": 0`. A missing `fCnt` or `fPort` is 0. With `json=false` the payload is protobuf on the
same topics: refused, with what to set. ChirpStack v3 wrote `devEUI` in base64, `objectJSON` as a text and `loRaSNR`,
until 3.11 on topics ending in `/rx`: read as well.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ingest.decoding import Context, Decoded, Decoder, Message, Reading, SentEvent, Source
from ingest.envelopes import (
    amount,
    best_signal,
    frame_of,
    named_device,
    object_of,
    port_of,
    position,
    readable_time,
    text_of,
)
from ingest.frames import Frames
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse, printable
from ingest.uplinks import Uplink, read_uplink

_MARKS = (b'"deviceInfo"', b'"devEUI"', b'"deviceEui"')
_WHERE_MARKS_ARE = 8192
_SPACE = frozenset({b"{", b" ", b"\n", b"\t", b"\r"})
_JSON = frozenset({b"{", b"[", b"\xef"})
_KINDS = frozenset({"up", "rx", "status", "join", "ack", "txack", "log", "error", "location", "integration", "tx"})
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{2,32}")
_EUI_BYTES = 8


class _Topic(NamedTuple):
    eui: str
    kind: str


def recognises(message: Message) -> bool:
    """Whether topic or first members are ChirpStack's."""
    if message.topic.find("application/") >= 0 and _topic(message.topic) is not None:
        return True
    if message.payload[:1] not in _SPACE:
        return False
    head = message.payload[:_WHERE_MARKS_ARE]
    return (_MARKS[0] in head and b'"devEui"' in head) or (_MARKS[1] in head and b'"applicationID"' in head)


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings or the event of one message.

    Raises:
        Refusal: of the whole message.
    """
    # A protobuf event begins with 0x0a, which is white space to JSON.
    if message.payload[:64].lstrip()[:1] not in _JSON:
        raise refusal("protobuf", f"{shortened(message.topic)}: the payload begins with {message.payload[:4].hex()}")
    document = parse(message.payload)
    if type(document) is not dict:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; an event of ChirpStack is an object")
    topic = _topic(message.topic)
    info = object_of(document.get("deviceInfo"))
    claimed = text_of(info, "devEui") or text_of(document, "devEui") or _old_eui(document.get("devEUI"))
    device = named_device(
        message,
        of_topic="" if topic is None or source.trusts_payload_device else topic.eui,
        claimed=claimed,
        eui="" if topic is None else topic.eui,
    )
    kind = topic.kind if topic is not None else _kind(document)
    time = readable_time(document.get("time")) or readable_time(document.get("publishedAt"))
    if kind in {"up", "rx"}:
        return _uplink(document, info, device, source, context)
    if kind == "status":
        return _status(document, device, time)
    if kind == "join":
        Frames.joined(context.memory, device)
        address = text_of(document, "devAddr")
        return Decoded(events=[SentEvent(device, "join", time, detail={"devAddr": address} if address else {})])
    if kind == "location":
        return Decoded(position(object_of(document.get("location")), "location", device, time))
    if kind in {"log", "error"}:
        return _log(document, kind, device, time)
    return Decoded(ignored="not_measured")


@lru_cache(maxsize=65_536)
def _topic(topic: str) -> _Topic | None:
    """Device and kind that a topic names; a prefix may stand before it, as regions have one."""
    levels = topic.split("/")
    if "application" not in levels:
        return None
    rest = levels[levels.index("application") + 1 :]
    if len(rest) == 5 and rest[1] == "device" and rest[3] == "event" and rest[4] in _KINDS:  # noqa: PLR2004
        return _Topic(rest[2], rest[4])
    if len(rest) == 4 and rest[1] == "device" and rest[3] in _KINDS:  # noqa: PLR2004 - v3 before 3.11
        return _Topic(rest[2], rest[3])
    return None


# Some programs on the way add every event's members, with nothing in them: the first that has something tells.
_TELLING = (
    ("integrationName", "integration"),
    ("downlinkId", "txack"),
    ("queueItemId", "ack"),
    ("rxInfo", "up"),
    ("data", "up"),
    ("object", "up"),
    ("objectJSON", "up"),
    ("level", "log"),
    ("location", "location"),
    ("margin", "status"),
    ("batteryLevel", "status"),
    ("externalPowerSource", "status"),
    ("batteryLevelUnavailable", "status"),
    ("fPort", "up"),
    ("devAddr", "join"),
)


def _kind(document: dict[str, Any]) -> str:
    """What an event without a topic is."""
    return next((kind for name, kind in _TELLING if document.get(name)), "other")


def _old_eui(sent: Any) -> str:
    """ChirpStack v3's devEUI: base64 of eight bytes, or hexadecimal."""
    if type(sent) is not str or not sent:
        return ""
    if _HEXADECIMAL.fullmatch(sent):
        return sent.lower()
    try:
        found = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return found.hex() if len(found) == _EUI_BYTES else ""


def _uplink(document: dict[str, Any], info: dict[str, Any], device: str, source: Source, context: Context) -> Decoded:
    heard = document.get("rxInfo")
    time = readable_time(document.get("time"))
    if time is None and type(heard) is list:
        gateways = [gateway for gateway in heard[:16] if type(gateway) is dict]
        sent = (gateway.get(name) for name in ("gwTime", "nsTime", "time") for gateway in gateways)
        time = next((found for found in map(readable_time, sent) if found is not None), None)
    time = time or readable_time(document.get("publishedAt"))
    rssi, snr = best_signal(heard, ("rssi",), ("snr", "loRaSNR"))
    data = document.get("data")
    uplink = Uplink(
        device,
        device,
        time,
        port_of(document.get("fPort")),
        data if type(data) is str else "",
        _object(document),
        device_profile=text_of(info, "deviceProfileName") or text_of(document, "deviceProfileName"),
        frame=frame_of(device, document.get("devAddr"), document.get("fCnt"), device, time),
        rssi=rssi,
        snr=snr,
    )
    return read_uplink(uplink, source, context)


def _object(document: dict[str, Any]) -> Any:
    """What the codec made, in v4's or v3's form."""
    made = document.get("object")
    if type(made) is dict or type(made) is list:
        return made
    text = document.get("objectJSON")
    if type(text) is str and text[:1] in {"{", "["}:
        return parse(text.encode())
    return None


def _status(document: dict[str, Any], device: str, time: datetime | None) -> Decoded:
    """The device's answer to the network's DevStatusReq."""
    decoded = Decoded()
    powered = document.get("externalPowerSource") is True or document.get("batteryLevelUnavailable") is True
    level = None if powered else amount(document.get("batteryLevel"), 0, 100)
    if level is not None:
        decoded.readings.append(Reading(device, "batteryLevel", "battery_level", "", level, "%", time))
    margin = amount(document.get("margin", 0), -32, 31)  # LoRaWAN 1.0.4, 5.5
    if margin is not None:
        decoded.readings.append(Reading(device, "margin", "link_margin", "", margin, "dB", time))
    return decoded


def _log(document: dict[str, Any], kind: str, device: str, time: datetime | None) -> Decoded:
    """What the network server complains of; v3 called it `error`."""
    if kind == "log" and document.get("level") != "ERROR":
        return Decoded(ignored="not_measured")
    said = {
        name: printable(found)
        for name, found in (
            ("code", document.get("code", document.get("type"))),
            ("description", document.get("description", document.get("error"))),
        )
        if type(found) is str and found
    }
    return Decoded(events=[SentEvent(device, "fault", time, detail={**said})])


DECODER = Decoder("chirpstack_v4", recognises, decode)
