"""Why a reading or a message is not stored: one code, what it means and how to mend it.

Quarantine, the API, the devices' errors topics and docs/formats.md use these words.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import NamedTuple

from bypuls.errors import Refusal


class Reason(NamedTuple):
    """What a code means, and what the person who made the device speak can do."""

    what: str
    hint: str


REASONS: dict[str, Reason] = {
    "invalid_json": Reason("the payload is no JSON text in UTF-8", "send one JSON object or array, complete, in UTF-8"),
    "empty": Reason("the message holds no value", "send at least one property with a number"),
    "bad_name": Reason(
        "a name is too long or holds characters that names do not have",
        "use at most 64 letters, digits, spaces and . _ - : / % ( ) [ ] # +",
    ),
    "non_finite": Reason("NaN, Infinity or a number too large to store", "leave the value out, or send null"),
    "wrong_type": Reason(
        "something else than a number stands where a value is meant", "send a JSON number, with a dot"
    ),
    "sentinel": Reason(
        "the number is a device's code for 'no value'", "check the sensor and its wiring; send null when it is silent"
    ),
    "bad_quality": Reason(
        "the sender itself marks the value as bad", "look at the sensor; the value is kept as it was sent"
    ),
    "scale_unclear": Reason(
        "a factor stands beside the value, and nothing says whether it is applied already",
        "describe the message in a profile: with scale where the number is to be multiplied",
    ),
    "time_unreadable": Reason(
        "the time is neither a Unix time nor ISO 8601", "send 2026-01-05T10:00:00Z, or Unix time in s, ms, µs or ns"
    ),
    "time_without_zone": Reason(
        "the time has no zone", "end it with Z or an offset such as +01:00, or set the zone of the source"
    ),
    "time_in_past": Reason(
        "the time lies further back than this source may send",
        "set the device's clock; send history to bypuls/v1/<city>/<device>/history",
    ),
    "raw_dropped": Reason(
        "the city has dropped its raw data of that time, and the hours made of it stand",
        "nothing to mend: the message is kept aside; the city's file says what is kept (docs/how-to/keep-and-drop.md)",
    ),
    "time_in_future": Reason("the time lies ahead of the arrival", "set the device's clock; check seconds against ms"),
    "unknown_unit": Reason("the unit is not in the table of units", "send a UCUM code such as ug/m3, Cel, % or kW.h"),
    "unit_missing": Reason(
        "neither the message nor the source gives a unit", "send the unit, or set it in the source's units"
    ),
    "unit_dimension_mismatch": Reason(
        "the unit measures something else than the property", "send a unit of the property's dimension"
    ),
    "unknown_property": Reason(
        "the catalogue has no property of this name", "use a name of docs/properties.md, or add one to the catalogue"
    ),
    "too_deep": Reason("the JSON is nested too deeply", "send one of the shapes of docs/formats.md"),
    "too_large": Reason("the message is too long or holds too many readings", "split it into several messages"),
    "senml_invalid": Reason("the SenML pack breaks RFC 8428", "compare it with the examples of docs/formats.md"),
    "senml_must_understand": Reason(
        "a label that ends in _ must be understood and is not (RFC 8428, section 4.4)", "leave the label out"
    ),
    "senml_version": Reason("the SenML version is newer than 10", "send version 10, or leave bver out"),
    "senml_sum": Reason("a sum whose unit no property stands for", "send the value v instead of, or beside, the sum s"),
    "unknown_event": Reason(
        "the event is of no kind that devices have",
        "kind is one of online, offline, join, battery, fault, moved, swapped_meter",
    ),
    "event_invalid": Reason(
        "the event lacks something, or holds what an event does not",
        'send {"kind": "swapped_meter", "time": …, "property": …, "closing": …, "opening": …}, as docs/formats.md says',
    ),
    "device_mismatch": Reason(
        "the message names another device than its topic", "publish under the device's own topic, or declare a gateway"
    ),
    "device_missing": Reason("neither topic nor message names the device", "put the device's name in the topic"),
    "topic_not_ours": Reason(
        "the topic is not one that this source reads", "publish to bypuls/v1/<city>/<device>/observations"
    ),
    "unknown_city": Reason(
        "no city of this name is set up", "add it with 'bypuls city add FILE', or correct the topic"
    ),
    "unknown_device": Reason(
        "the registry does not know the device", "register it, or let the source accept strangers"
    ),
    "too_many_pending": Reason(
        "the city has as many devices waiting for somebody to activate them as it may have",
        "activate or remove pending devices, or raise BYPULS_INGEST_MAX_PENDING_DEVICES",
    ),
    "too_many_datastreams": Reason(
        "the device has as many properties and channels as a device may have",
        "check the names it makes up, or raise BYPULS_INGEST_MAX_DATASTREAMS",
    ),
    "device_disabled": Reason("the device is disabled or retired", "enable it in the registry"),
    "retained_without_time": Reason(
        "a retained message without a time says nothing about now", "send the time, or publish without retain"
    ),
    "time_unknown": Reason(
        "the value is of an earlier moment that the message does not tell",
        "send each value when it is measured, or with its own time",
    ),
    "simulated": Reason(
        "the network server says that the message is simulated, not measured", "send it from the device itself"
    ),
    "no_codec": Reason(
        "the message carries the device's bytes only, and nothing that reads them",
        "set a payload formatter (codec) on the network server, or a profile with decode_uplink on the device",
    ),
    "codec_failed": Reason(
        "the maker's decodeUplink did not read the device's bytes", "compare the profile's file with the maker's newest"
    ),
    "protobuf": Reason(
        "the payload is protobuf; its JSON form is read", "set json=true in [integration.mqtt] of ChirpStack"
    ),
    "line_protocol_invalid": Reason(
        "the line is not of InfluxDB's line protocol", "send measurement,tag=value field=number [time], one per line"
    ),
    "telegram_invalid": Reason(
        "the P1 telegram is cut off, or not one", "send it whole and as it is, from / to the line that begins with !"
    ),
    "crc_mismatch": Reason(
        "the telegram's checksum is wrong: it was changed or cut on its way",
        "check the cable, the baud rate and that line ends are left as they are; the next telegram comes by itself",
    ),
    "bad_protobuf": Reason(
        "the payload is no Sparkplug B payload", "send protobuf of org.eclipse.tahu.protobuf.Payload, not compressed"
    ),
    "unknown_alias": Reason(
        "the metric's name stands in a birth message that did not come",
        "nothing to do: a new birth was asked for; let the node answer Node Control/Rebirth",
    ),
    "birth_missing": Reason(
        "the integer may be negative, and its type stands in a birth message that did not come",
        "nothing to do: a new birth was asked for; let the node answer Node Control/Rebirth",
    ),
    "template_unsupported": Reason(
        "the value template is no plain path; templates are never evaluated",
        "use {{ value }} or {{ value_json.name }}, with no other filters than float, int, round and default",
    ),
    "unknown_format": Reason(
        "the message is in none of the formats that its source allows",
        "name its format in the source's formats; 'bypuls check decode' shows what each would read",
    ),
    "two_values": Reason(
        "the message holds two values of one property, channel and time; the first was taken",
        "give each its own time or its own channel",
    ),
    "odd_fields_not_time": Reason(
        "UltraLight of an odd number of fields whose first is no time",
        "send name|value pairs, with an ISO 8601 time in front where the time is known",
    ),
    "not_text": Reason("the payload is no text in UTF-8", "send text in UTF-8, or name the right format in the source"),
    "not_storable": Reason("the database refuses what the message holds", "report it; the message is kept for replay"),
    "time_missing": Reason("a row of an imported file has no time", "history needs the time of each value: fill it in"),
    "row_unreadable": Reason(
        "a line of an imported file has other columns than its header",
        "compare it with the header; quote texts with commas",
    ),
    "decoder_failed": Reason(
        "a fault of the platform, not of the message", "report it; the message is kept for replay"
    ),
}
"""Reason code -> what it means and how to mend it."""

IGNORED: dict[str, str] = {
    "empty": "an empty payload clears a retained message; it is no observation",
    "no_values": "every value is null or text; nothing was measured",
    "retained_without_time": "a retained message without a time says nothing about now",
    "duplicate_frame": "the same radio frame came before, over another gateway or by a repeated delivery",
    "not_measured": "a message of the network server or the device about itself; nothing was measured",
    "metadata": "the message describes a device; it is remembered for reading those that follow",
    "command": "the message is meant for a device or another program",
    "old_death": "the will of an earlier session; the node has been born again since",
}
"""Why a message rightly leaves nothing behind, neither observation nor quarantine."""


def refusal(code: str, detail: str, *, field: str | None = None, hint: str | None = None) -> Refusal:
    """A refusal, with the code's own hint unless a better one is given; to be raised, or kept beside others."""
    return Refusal(code, detail, hint=REASONS[code].hint if hint is None else hint, field=field)


def shortened(value: object, length: int = 60) -> str:
    r"""The repr of anything, for an error message: one line, printable, bounded; a payload's bytes as text.

    >>> shortened("x" * 100, 10)
    "'xxxxxxxx…"
    >>> shortened("21 °C".encode()), shortened(b"\xff\x00")
    ("'21 °C'", 'bytes ff00')
    """
    # Only a start is shown, so only a start is formatted: a value may be megabytes long.
    if isinstance(value, bytes):
        text = _of_bytes(value[: 4 * (length + 1)], length)
    elif isinstance(value, str):
        text = repr(value[: length + 1])
    elif isinstance(value, list | dict):
        text = f"{type(value).__name__} of {len(value)}"
    elif isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:  # noqa: PLR2004
        text = f"an integer of {value.bit_length()} bits"
    else:
        text = repr(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _of_bytes(start: bytes, length: int) -> str:
    """A payload's start as the text that it is; as hexadecimal digits where it is none."""
    try:
        # A letter of several bytes may be cut off at the end.
        return repr(getincrementaldecoder("utf-8")().decode(start)[: length + 1])
    except UnicodeDecodeError:
        return f"bytes {start.hex()}"
