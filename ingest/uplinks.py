"""What LoRaWAN network servers' envelopes have in common: a frame of a device, decoded or not, when and by whom heard.

The envelopes' decoders say where these stand in their messages; here the frame becomes readings: by the maker's
profile, by the profile's `decodeUplink` where the network server decoded nothing, or as plain words where no profile
knows the device. It stores nothing and compares nothing with other frames.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.codecs import Codec
from ingest.decoding import Context, Decoded, Frame, Reading, SentEvent, Source
from ingest.mapping import Scene, apply
from ingest.plain_objects import read_object
from ingest.profiles import Profile
from ingest.reasons import refusal, shortened
from ingest.strict_json import printable

_FAILED = frozenset({"read failed", "read error", "sensor failed", "failed", "error", "fault", "abnormal"})
_MOST_FAULTS = 8


class Uplink(NamedTuple):
    """A radio frame of a device, as its network server hands it over.

    Attributes:
        device: as the envelope names it in plain words.
        eui: as sent; "" where it is missing.
        time: when it was heard; None where the envelope does not say.
        f_port: 0 where it is omitted (which is how 0 is sent).
        payload: base64 or hexadecimal text, as sent; "" where there is none.
        document: what the network server's codec made of it; None where it made nothing.
        brand, model: of The Things Stack's device repository.
        device_profile: ChirpStack's name of the kind of device.
        frame: None for what is no radio frame of its own.
        rssi, snr: of the best gateway; dBm and dB.
    """

    device: str
    eui: str
    time: datetime | None
    f_port: int
    payload: str
    document: Any
    brand: str = ""
    model: str = ""
    device_profile: str = ""
    frame: Frame | None = None
    rssi: float | None = None
    snr: float | None = None


def read_uplink(uplink: Uplink, source: Source, context: Context) -> Decoded:
    """The readings of a frame.

    Raises:
        Refusal: of the whole object.
    """
    registered = context.registered(uplink.device)
    forced = registered.profile if registered is not None else None
    profile = _profile(uplink, source, context, forced)
    document = uplink.document
    if document is None or _is_raw(document):
        if not uplink.payload:
            # A frame of the network's own traffic: an acknowledgement, answers to commands.
            return with_signal(Decoded(frame=uplink.frame, ignored="no_values"), uplink)
        try:
            document = _decoded_here(uplink, profile)
        except Refusal as refused:
            return Decoded(refusals=[refused], frame=uplink.frame)
    if profile is None:
        decoded = read_object(document, uplink.device, uplink.time, source)
    else:
        zone = None if registered is None else registered.zone
        scene = Scene(uplink.device, source, uplink.time, zone_of=lambda _: zone, fixed=True)
        decoded = _ported(profile, uplink, document, scene)
    decoded.events += _faults(document, uplink)
    decoded.frame = uplink.frame
    if not (decoded.readings or decoded.refusals or decoded.events) and decoded.ignored is None:
        decoded.ignored = "no_values"
    return with_signal(decoded, uplink)


def with_signal(decoded: Decoded, uplink: Uplink) -> Decoded:
    """With how well the best gateway heard the frame."""
    if uplink.rssi is not None:
        decoded.readings.append(Reading(uplink.device, "rssi", "rssi", "", uplink.rssi, "dBm", uplink.time))
    if uplink.snr is not None:
        decoded.readings.append(Reading(uplink.device, "snr", "snr", "", uplink.snr, "dB", uplink.time))
    return decoded


def _profile(uplink: Uplink, source: Source, context: Context, forced: str | None) -> Profile | None:
    profiles = context.profiles
    if source.profiles is not None and len(source.profiles) == 1:
        forced = source.profiles[0]
    if forced is not None and forced in profiles:
        return profiles[forced]
    return profiles.for_uplink(
        uplink.brand,
        uplink.model,
        uplink.eui,
        uplink.device_profile,
        uplink.f_port,
        uplink.document,
        source.profiles,
    )


def _ported(profile: Profile, uplink: Uplink, document: Any, scene: Scene) -> Decoded:
    lorawan = profile.document.lorawan
    if lorawan is None:
        # Somebody gave the device this profile: it is what he means.
        return apply(profile, profile.default, document, scene)
    if lorawan.f_ports and uplink.f_port and uplink.f_port not in lorawan.f_ports:
        return Decoded(ignored="not_measured")
    return apply(profile, lorawan.mapping, document, scene)


def _decoded_here(uplink: Uplink, profile: Profile | None) -> Any:
    """What the profile's `decodeUplink` makes of the frame's bytes."""
    if profile is None or profile.codec is None:
        of = f"{printable(uplink.device)}, port {uplink.f_port}"
        raise refusal("no_codec", f"{of}: only frm_payload {shortened(uplink.payload, 40)}, nothing decoded")
    return _codec(profile.id, profile.codec).decode(payload_bytes(uplink.payload), uplink.f_port, uplink.time)


def _is_raw(document: Any) -> bool:
    """Whether it is `{"bytes": [1, 2]}`: what the formatter makes that a new device has, which decodes nothing."""
    if type(document) is not dict or len(document) != 1:
        return False
    found = document.get("bytes")
    return type(found) is list and all(type(byte) is int for byte in found)


@lru_cache(maxsize=256)
def _codec(name: str, javascript: str) -> Codec:
    return Codec(name, javascript)


def payload_bytes(text: str) -> bytes:
    """A frame's bytes from base64.

    Raises:
        Refusal: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal("codec_failed", f"{shortened(text)} is no base64") from None


def _faults(document: Any, uplink: Uplink) -> list[SentEvent]:
    """Sensors of which the device says that it could not read them (`temperature_sensor_status: "read failed"`)."""
    if type(document) is not dict:
        return []
    events: list[SentEvent] = []
    for name, said in document.items():
        if type(said) is str and name.endswith("sensor_status") and said.casefold() in _FAILED:
            events.append(SentEvent(uplink.device, "fault", uplink.time, detail={printable(name): said}))
            if len(events) == _MOST_FAULTS:
                break
    return events
