"""The Things Stack v3 (The Things Network and The Things Industries): uplinks, joins, positions.

Topics `v3/{application}@{tenant}/devices/{device}/{up|join|down/…|location/solved|service/data}`; the same JSON comes
without a topic of its own over a webhook and is known by `end_device_ids`.

- **Device**: `end_device_ids.device_id`, the name that people gave it; its `dev_eui` is kept beside, as what stays.
- **Values**: `uplink_message.normalized_payload` where there is one: its fields and units are fixed (a list of
  measurements, each may have its own `time`). Else `decoded_payload`, by the maker's profile, which is found by
  `version_ids`, the EUI or the object's keys. Else `frm_payload`, by the profile's `decodeUplink`.
- **Time**: when a gateway heard it (`settings.time`, `rx_metadata[].time`), unless its clock is of before 2015 or ahead
  of the arrival by more than five minutes; else `uplink_message.received_at`, else `received_at`.
- **Units** of `decoded_payload` are the maker's affair: the profile knows them.
- **Events**: `join_accept` is a join. Downlinks and services' data are no measurements.

Traps: fields that are 0, false or empty are left out, so a missing `f_cnt` or `f_port` is 0. `simulated: true` was
never measured: refused. The broker of The Things Stack offers QoS 0 only: what it sends while nobody listens is lost,
and shows as a gap in `f_cnt`. `up/normalized` repeats what `up` says, one message per measurement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Refused, SentEvent, Source
from ingest.envelopes import (
    amount,
    best_signal,
    frame_of,
    gateway_time,
    named_device,
    object_of,
    port_of,
    position,
    readable_time,
    text_of,
)
from ingest.frames import Frames
from ingest.reasons import refusal, shortened
from ingest.strict_json import is_name, number, parse, printable
from ingest.uplinks import Uplink, read_uplink, with_signal

_MARK = b'"end_device_ids"'
_WHERE_MARKS_ARE = 8192
_LEVELS = 5

# https://www.thethingsindustries.com/docs/integrations/payload-formatters/javascript/uplink/, "Normalized Payload
# Schema": member -> property, unit.
_NORMALISED: Mapping[str, tuple[str, str]] = {
    "battery": ("battery_voltage", "V"),
    "air.temperature": ("air_temperature", "Cel"),
    "air.relativeHumidity": ("relative_humidity", "%"),
    "air.pressure": ("air_pressure", "hPa"),
    "air.co2": ("co2", "ppm"),
    "air.lightIntensity": ("illuminance", "lx"),
    "soil.moisture": ("soil_moisture", "%"),
    "soil.temperature": ("soil_temperature", "Cel"),
    "soil.ec": ("soil_conductivity", "dS/m"),
    "soil.pH": ("soil_ph", "[pH]"),
    "soil.n": ("soil_nitrogen", "ppm"),
    "soil.p": ("soil_phosphorus", "ppm"),
    "soil.k": ("soil_potassium", "ppm"),
    "wind.speed": ("wind_speed", "m/s"),
    "wind.direction": ("wind_direction", "deg"),
    "rain.intensity": ("precipitation_rate", "mm/h"),
    "rain.cumulative": ("precipitation_total", "mm"),
    "water.temperature.min": ("water_temperature_min", "Cel"),
    "water.temperature.max": ("water_temperature_max", "Cel"),
    "water.temperature.avg": ("water_temperature_mean", "Cel"),
    "water.temperature.current": ("water_temperature", "Cel"),
    "metering.water.total": ("water_volume", "L"),
    "action.motion.count": ("motion_count", "{count}"),
    "position.latitude": ("latitude", "deg"),
    "position.longitude": ("longitude", "deg"),
    "position.altitude": ("altitude", "m"),
}
_INDOORS = {"air_temperature": "indoor_temperature", "relative_humidity": "indoor_relative_humidity"}
_MEASURED_PLACES = frozenset({"SOURCE_GPS", "SOURCE_LORA_RSSI_GEOLOCATION", "SOURCE_LORA_TDOA_GEOLOCATION"}) | {
    "SOURCE_COMBINED_GEOLOCATION",
    "SOURCE_WIFI_RSSI_GEOLOCATION",
    "SOURCE_BT_RSSI_GEOLOCATION",
    "SOURCE_IP_GEOLOCATION",
}
_DEEPEST = 4


def recognises(message: Message) -> bool:
    """Whether topic or first members are The Things Stack's."""
    if message.payload[:1] not in {b"{", b" ", b"\n", b"\t", b"\r"}:
        return False
    if message.topic.startswith("v3/") and _topic(message.topic) is not None:
        return True
    return _MARK in message.payload[:_WHERE_MARKS_ARE]


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings or the event of one message.

    Raises:
        Refusal: of the whole message.
    """
    document = parse(message.payload)
    if type(document) is not dict:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; a message of The Things Stack is an object")
    ids = object_of(document.get("end_device_ids"))
    eui = text_of(ids, "dev_eui")
    of_topic = _topic(message.topic) or ""
    device = named_device(
        message,
        of_topic="" if source.trusts_payload_device else of_topic,
        claimed=text_of(ids, "device_id"),
        eui=eui or of_topic,
    )
    if document.get("simulated") is True:
        raise refusal("simulated", f"{printable(device)}: simulated in the console or by a program")
    if "uplink_message" in document:
        return _uplink(message, document, device, eui, source, context)
    if "uplink_normalized" in document:
        return _normalised_alone(message, document, device, source)
    if "join_accept" in document:
        return _joined(object_of(document["join_accept"]), document, device, eui, context)
    if "location_solved" in document:
        solved = object_of(document["location_solved"])
        time = readable_time(document.get("received_at"))
        return Decoded(position(object_of(solved.get("location")), "location", device, time))
    return Decoded(ignored="not_measured")


@lru_cache(maxsize=65_536)
def _topic(topic: str) -> str | None:
    """The device that a topic of The Things Stack names."""
    levels = topic.split("/", _LEVELS)
    if len(levels) >= _LEVELS and levels[0] == "v3" and levels[2] == "devices" and levels[1] and levels[3]:
        return levels[3]
    return None


def _uplink(
    message: Message, document: dict[str, Any], device: str, eui: str, source: Source, context: Context
) -> Decoded:
    sent = object_of(document["uplink_message"])
    time = _time(sent, document, message.received_at)
    ids = object_of(sent.get("version_ids"))
    heard = sent.get("rx_metadata")
    rssi, snr = best_signal(heard, ("rssi", "channel_rssi"), ("snr",))
    made = sent.get("decoded_payload")
    payload = sent.get("frm_payload")
    uplink = Uplink(
        device,
        eui,
        time,
        port_of(sent.get("f_port")),
        payload if type(payload) is str else "",
        made if type(made) is dict or type(made) is list else None,
        text_of(ids, "brand_id"),
        text_of(ids, "model_id"),
        "",
        frame_of(device, sent.get("session_key_id"), sent.get("f_cnt"), eui, time),
        rssi,
        snr,
    )
    normalised = sent.get("normalized_payload")
    if type(normalised) is list and normalised:
        decoded = _normalised(normalised, device, time, source)
        decoded.frame = uplink.frame
        decoded = with_signal(decoded, uplink)
    else:
        decoded = read_uplink(uplink, source, context)
    _battery(sent.get("last_battery_percentage"), device, time, decoded)
    _own_positions(sent.get("locations"), device, time, decoded)
    return decoded


def _time(sent: dict[str, Any], document: dict[str, Any], arrival: datetime) -> datetime | None:
    server = readable_time(sent.get("received_at")) or readable_time(document.get("received_at"))
    settings, heard = sent.get("settings"), sent.get("rx_metadata")
    times = [settings.get("time")] if type(settings) is dict else []
    if type(heard) is list:
        times += [gateway.get("time") for gateway in heard[:16] if type(gateway) is dict]
    return gateway_time(tuple(times), server, arrival)


def _normalised_alone(message: Message, document: dict[str, Any], device: str, source: Source) -> Decoded:
    sent = object_of(document["uplink_normalized"])
    measured = sent.get("normalized_payload")
    time = _time(sent, document, message.received_at)
    # The frame itself comes as uplink_message; of these there is one per measurement, all with the frame's counter.
    return _normalised(measured if type(measured) is list else [measured], device, time, source)


def _normalised(measurements: list[Any], device: str, time: datetime | None, source: Source) -> Decoded:
    """The measurements of a normalised payload, in its documented units."""
    if len(measurements) > source.max_readings:
        raise refusal("too_large", f"{len(measurements)} measurements; {source.max_readings} are allowed")
    decoded = Decoded()
    timeless: list[Reading] = []
    for index, measured in enumerate(measurements):
        if type(measured) is not dict:
            continue
        own = readable_time(measured.get("time"))
        found = _Measurement(device, own or time, decoded)
        found.walk(measured, "", f"normalized_payload[{index}]." if len(measurements) > 1 else "", 0)
        if own is None and len(measurements) > 1:
            timeless += found.readings
        else:
            decoded.readings += found.readings
        if len(decoded.readings) + len(timeless) > source.max_readings:
            raise refusal("too_large", f"more than {source.max_readings} readings in one message")
    _unless_ambiguous(timeless, decoded)
    return decoded


def _unless_ambiguous(timeless: list[Reading], decoded: Decoded) -> None:
    """Of several measurements without a time of their own, those of one thing cannot all be of this moment."""
    times = Counter((reading.quantity, reading.channel) for reading in timeless)
    for reading in timeless:
        if times[reading.quantity, reading.channel] == 1:
            decoded.readings.append(reading)
        else:
            refused = refusal("time_unknown", f"{reading.field} is one of several values; none has a time of its own")
            kept = Reading(
                reading.device, reading.field, reading.quantity, reading.channel, reading.value, reading.unit, None
            )
            decoded.refusals.append(Refused(refused.code, refused.detail, hint=refused.hint or "", reading=kept))


class _Measurement:
    """One measurement of a normalised payload."""

    __slots__ = ("_channel", "_decoded", "_device", "_indoors", "_time", "readings")

    def __init__(self, device: str, time: datetime | None, decoded: Decoded) -> None:
        self._device, self._time, self._decoded = device, time, decoded
        self._indoors, self._channel = False, ""
        self.readings: list[Reading] = []

    def walk(self, node: dict[str, Any], path: str, prefix: str, depth: int) -> None:
        if not path:
            self._indoors = object_of(node.get("air")).get("location") == "indoor"
        for key, value in node.items():
            place = f"{path}.{key}" if path else key
            if type(value) is dict and depth < _DEEPEST:
                self._channel = _depth(value) if place == "soil" else ""
                self.walk(value, place, prefix, depth + 1)
            elif place not in {"time", "soil.depth"} and type(value) not in {bool, str, list, dict}:
                self._take(place, prefix, value)

    def _take(self, place: str, prefix: str, value: Any) -> None:
        field = printable(f"{prefix}{place}")
        name, unit = _NORMALISED.get(place, (place.rpartition(".")[2], None))
        if self._indoors:
            name = _INDOORS.get(name, name)
        try:
            found = number(value, field)
        except Refusal as refused:
            self._decoded.refusals.append(refused)
            return
        if found is not None and is_name(name):
            self.readings.append(Reading(self._device, field, name, self._channel, found, unit, self._time))


def _depth(soil: dict[str, Any]) -> str:
    """Probes at several depths are several channels."""
    depth = amount(soil.get("depth"), 0, 100_000)
    return "" if depth is None else f"{depth:g}cm"


def _joined(sent: dict[str, Any], document: dict[str, Any], device: str, eui: str, context: Context) -> Decoded:
    Frames.joined(context.memory, device)
    time = readable_time(sent.get("received_at")) or readable_time(document.get("received_at"))
    return Decoded(events=[SentEvent(device, "join", time, detail={"dev_eui": eui} if eui else {})])


def _battery(sent: Any, device: str, time: datetime | None, decoded: Decoded) -> None:
    """The level of the last DevStatusAns, which is older than the frame."""
    if type(sent) is dict:
        time = readable_time(sent.get("received_at")) or time
        sent = sent.get("value")
    level = amount(sent, 0, 100)
    if level is not None:
        decoded.readings.append(Reading(device, "last_battery_percentage", "battery_level", "", level, "%", time))


def _own_positions(sent: Any, device: str, time: datetime | None, decoded: Decoded) -> None:
    """Where the device was, as it or the network found out; what somebody entered is no measurement."""
    if type(sent) is not dict or any(reading.quantity == "latitude" for reading in decoded.readings):
        return
    for name, place in list(sent.items())[:8]:
        if type(place) is dict and place.get("source") in _MEASURED_PLACES:
            decoded.readings += position(place, f"locations.{printable(name)}", device, time)
            return


DECODER = Decoder("tts_v3", recognises, decode)
