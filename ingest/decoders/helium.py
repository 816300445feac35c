"""Helium Console (retired; networks on Helium run ChirpStack now): uplinks as one flat JSON object.

The topic is whatever the integration was given; a message is known by `dev_eui` beside `hotspots` or `decoded`.

- **Device**: `dev_eui`, in hexadecimal; `name` is what people call it.
- **Values**: `decoded.payload` (an object, or a list of objects with `name` and `value`), by the maker's profile; it is
  found by the EUI or the object's keys. Without it, `payload` by the profile's `decodeUplink`.
- **Time**: `reported_at`, Unix time in ms; of the message, else of the first hotspot.
- **Units** are the maker's affair.

Traps: `decoded.status` other than `success` means that the console's function failed; numbers often come as texts.
"""

from __future__ import annotations

from typing import Any

from ingest.decoding import Context, Decoded, Decoder, Message, SentEvent, Source
from ingest.envelopes import best_signal, frame_of, named_device, object_of, port_of, readable_time, text_of
from ingest.frames import Frames
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse, printable
from ingest.topics import topic_device
from ingest.uplinks import Uplink, read_uplink

_SPACE = frozenset({b"{", b" ", b"\n", b"\t", b"\r"})
_WHERE_MARKS_ARE = 65_536


def recognises(message: Message) -> bool:
    """Whether the members are Helium Console's."""
    if message.payload[:1] not in _SPACE:
        return False
    head = message.payload[:_WHERE_MARKS_ARE]
    return (
        b'"dev_eui"' in head
        and (b'"hotspots"' in head or (b'"decoded"' in head and b'"app_eui"' in head))
        and b'"end_device_ids"' not in head
    )


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings or the event of one message.

    Raises:
        Refusal: of the whole message.
    """
    document = parse(message.payload)
    if type(document) is not dict:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; a message of Helium Console is an object")
    eui = text_of(document, "dev_eui")
    device = named_device(message, of_topic="", claimed=eui, eui=topic_device(message, source) or "")
    heard = document.get("hotspots")
    times = [document.get("reported_at")]
    if type(heard) is list:
        times += [spot.get("reported_at") for spot in heard[:16] if type(spot) is dict]
    time = next((found for found in map(readable_time, times) if found is not None), None)
    kind = document.get("type")
    if kind == "join":
        Frames.joined(context.memory, device)
        return Decoded(events=[SentEvent(device, "join", time)])
    if type(kind) is str and kind != "uplink":
        return Decoded(ignored="not_measured")
    rssi, snr = best_signal(heard, ("rssi",), ("snr",))
    payload = document.get("payload")
    uplink = Uplink(
        device,
        eui,
        time,
        port_of(document.get("port")),
        payload if type(payload) is str else "",
        _object(document, device),
        frame=frame_of(device, document.get("devaddr"), document.get("fcnt"), eui, time),
        rssi=rssi,
        snr=snr,
    )
    return read_uplink(uplink, source, context)


def _object(document: dict[str, Any], device: str) -> Any:
    """What the console's function made of the bytes.

    Raises:
        Refusal: it failed, and said so.
    """
    decoded = object_of(document.get("decoded"))
    made = decoded.get("payload")
    if type(made) is dict or type(made) is list:
        status = decoded.get("status", "success")
        if status == "success":
            return made
        said = made.get("error") if type(made) is dict else None
        raise refusal(
            "codec_failed",
            f"{printable(device)}: the console's function says {shortened(said or status)}",
            hint="correct the function in the Helium Console",
        )
    return None


DECODER = Decoder("helium", recognises, decode)
