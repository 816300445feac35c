"""Our own JSON: `{property: value, "ts": …}`, `{"ts": …, "values": {…}}`, `{"time": …, "readings": [{…}]}`.

docs/formats.md is its description for people, docs/schemas/own-json.schema.json the one for programs.
"""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Source
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_channel, is_name, number, parse
from ingest.timestamps import device_time
from ingest.topics import is_device_name, topic_device

TIME_KEYS = ("ts", "time", "timestamp")
DEVICE_KEYS = ("device", "device_id")
REMARKS = frozenset(
    {"city", "site", "name", "type", "model", "manufacturer", "firmware", "fw", "version", "id", "msg_id"}
)
"""Keys that tell of the sender: read over, whatever they hold."""

_HEAD = frozenset({*TIME_KEYS, *DEVICE_KEYS, *REMARKS})
_SHAPES = frozenset({"values", "readings"})
_STARTS = (b"{", b"\xef\xbb\xbf{")


def recognises(message: Message) -> bool:
    """Whether the payload begins as a JSON object does."""
    payload = message.payload
    return payload[:1] == b"{" or payload[:64].lstrip().startswith(_STARTS)


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings of one message.

    Raises:
        Refusal: of the whole message.
    """
    document = parse(message.payload)
    if type(document) is not dict:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; a JSON object is meant")
    # Most messages are clean and flat: what can be skipped for them is.
    device, time = _device(message, source, document), None
    for key in TIME_KEYS:
        if key in document and document[key] is not None:
            time = device_time(document[key], device, source, context, key)
            break
    decoded = Decoded()
    _flat(document, device, time, decoded, source.max_readings, nested=False)
    if "values" in document:
        _values(document["values"], device, time, decoded, source.max_readings)
    if "readings" in document:
        _readings(document["readings"], (device, time), decoded, source, context)
    if not (decoded.readings or decoded.refusals) and _is_empty(document):
        raise refusal("empty", f"{shortened(document)} holds no value")
    if len(decoded.readings) + len(decoded.refusals) > source.max_readings:
        count = len(decoded.readings) + len(decoded.refusals)
        raise refusal("too_large", f"{count} readings in one message; {source.max_readings} are allowed")
    return decoded


def _device(message: Message, source: Source, document: dict[str, Any]) -> str:
    own = topic_device(message, source)
    claimed = document.get("device")
    if claimed is None:
        claimed = document.get("device_id")
        if claimed is None:
            # Where neither rule nor message names the device, the topic as a whole does.
            if own is None and not is_device_name(message.topic):
                raise refusal("device_missing", f"neither {shortened(message.topic)} nor the message names a device")
            return own or message.topic
    name = str(claimed) if isinstance(claimed, str | int) else ""
    if own is not None and not source.trusts_payload_device and name != own:
        raise refusal("device_mismatch", f"the message says {shortened(claimed)}, its topic {shortened(own)}")
    if not is_device_name(name):
        raise bad_name(claimed, "device")
    return name


def _flat(
    document: dict[str, Any], device: str, time: datetime | None, decoded: Decoded, most: int, *, nested: bool
) -> None:
    readings = decoded.readings
    for key, value in document.items():
        if key in _HEAD or (key in _SHAPES and not nested):
            continue
        try:
            if not is_name(key):
                raise bad_name(key, key)
            # What is a finite float needs no second look.
            converted = value if type(value) is float and isfinite(value) else number(value, key)
        except Refusal as refused:
            decoded.refusals.append(refused)
            if len(decoded.refusals) > most:  # a reason for each of 100,000 texts would take a second
                raise refusal("too_large", f"more than {most} readings in one message are not allowed") from None
            continue
        if converted is not None:
            readings.append(Reading(device, key, key, "", converted, None, time))


def _values(values: Any, device: str, time: datetime | None, decoded: Decoded, most: int) -> None:
    if isinstance(values, dict):
        _flat(values, device, time, decoded, most, nested=True)
    elif values is not None:
        decoded.refusals.append(
            refusal("wrong_type", f"{shortened(values)} is no object of property: value", field="values")
        )


def _readings(
    entries: Any, head: tuple[str, datetime | None], decoded: Decoded, source: Source, context: Context
) -> None:
    if entries is None:
        return
    if not isinstance(entries, list):
        decoded.refusals.append(refusal("wrong_type", f"{shortened(entries)} is no list of readings", field="readings"))
        return
    if len(entries) > source.max_readings:
        raise refusal("too_large", f"{len(entries)} readings in one message; {source.max_readings} are allowed")
    for index, entry in enumerate(entries):
        try:
            reading = _entry(entry, f"readings[{index}]", head, source, context)
        except Refusal as refused:
            decoded.refusals.append(refused)
            continue
        if reading is not None:
            decoded.readings.append(reading)


def _entry(
    entry: Any, field: str, head: tuple[str, datetime | None], source: Source, context: Context
) -> Reading | None:
    device, time = head
    if type(entry) is not dict:
        raise refusal("wrong_type", f"{shortened(entry)} is no object with quantity and value", field=field)
    quantity = entry.get("quantity", entry.get("property"))
    if type(quantity) is not str or not is_name(quantity):
        raise bad_name(quantity, f"{field}.quantity")
    value = number(entry.get("value"), field)
    if value is None:
        return None
    unit = entry.get("unit")
    if unit is not None and type(unit) is not str:
        raise refusal("wrong_type", f"the unit {shortened(unit)} is no text", field=f"{field}.unit", hint="send a text")
    channel = _channel(entry.get("channel"), field)
    own_time = next((entry[key] for key in TIME_KEYS if entry.get(key) is not None), None)
    if own_time is not None:
        time = device_time(own_time, device, source, context, f"{field}.time")
    return Reading(device, field, quantity, channel, value, unit or None, time)


def _channel(channel: Any, field: str) -> str:
    if channel is None or channel == "":
        return ""
    text = str(channel) if type(channel) in {str, int} else ""
    if not is_channel(text):
        raise bad_name(channel, f"{field}.channel")
    return text.casefold()


def _is_empty(document: dict[str, Any]) -> bool:
    values, readings = document.get("values"), document.get("readings")
    return not (values or readings) and all(key in _HEAD or key in _SHAPES for key in document)


DECODER = Decoder("own_json", recognises, decode)
