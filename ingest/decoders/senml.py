"""SenML packs in JSON (RFC 8428, units of RFC 8798): base fields, relative times, sums, versions, `_` labels.

Two labels of our own, which others may ignore (section 4.4): `channel` (a lane, a direction) and `interval` (seconds
that the value is of; the record's time is then the interval's start). What bridges pull is republished with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Source
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_channel, number, parse, printable
from ingest.timestamps import read_time
from ingest.topics import is_device_name, own_topic, topic_device

VERSION = 10
RELATIVE = 2.0**28
"""Times below this are seconds from now, those from it on are Unix time (RFC 8428, section 4.5.3)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,254}")  # RFC 8428, section 4.5.1
_SEPARATORS = ":/._-"
_DEVICE_URN = re.compile(r"(urn:dev:[a-z0-9]+:[A-Za-z0-9._-]+):(.+)")  # RFC 9039; the name of the sensor follows
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
_VALUES = frozenset({"v", "vs", "vb", "vd"})
_LABELS = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
_OWN_LABELS = frozenset({"channel", "interval"})
# What a record without a name of its own measured: only where the unit leaves one answer.
_BY_UNIT = {
    "Cel": "temperature",
    "%RH": "relative_humidity",
    "%EL": "battery_level",
    "lat": "latitude",
    "lon": "longitude",
}
# SenML's letters that devices elsewhere use for something else.
_UNITS = {"C": "coulomb", "F": "farad", "/": "1", "count": "count"}
# The integral over time of a power is an energy; other integrals have no property yet.
_SUMS = {"W": ("active_energy_import", "W.s")}


@dataclass(slots=True)
class _Base:
    name: str = ""
    time: float = 0.0
    unit: str | None = None
    value: float | None = None
    sum: float = 0.0
    seconds: float = -1.0  # the last instant that was worked out: most packs have one
    moment: datetime | None = None


def recognises(message: Message) -> bool:
    """Whether the payload begins as a JSON array does; elsewhere than on our own topics, one with names of records."""
    payload = message.payload
    if payload[:1] != b"[" and not payload[:64].lstrip().startswith((b"[", b"\xef\xbb\xbf[")):
        return False
    return own_topic(message.topic) is not None or b'"n"' in payload[:4096] or b'"bn"' in payload[:4096]


def decode(message: Message, source: Source, _context: Context) -> Decoded:
    """The readings of one pack.

    Raises:
        Refusal: of the whole pack.
    """
    pack = parse(message.payload)
    if type(pack) is not list:
        raise refusal("senml_invalid", f"the payload is {shortened(pack)}; an array of records is meant")
    if not pack:
        raise refusal("empty", "the pack holds no record")
    if len(pack) > source.max_readings:
        raise refusal("too_large", f"{len(pack)} records in one message; {source.max_readings} are allowed")
    place = (topic_device(message, source), source.trusts_payload_device)
    base, decoded = _Base(), Decoded()
    measured = False
    for index, record in enumerate(pack):
        _check(record, index)
        _rebase(record, base, index)
        measured = _record(record, index, base, place, decoded) or measured
    if not measured:
        raise refusal("empty", "no record of the pack holds a value")
    return decoded


def _check(record: Any, index: int) -> None:
    """What makes the whole pack doubtful: the records after it rest on this one."""
    if type(record) is not dict:
        raise refusal("senml_invalid", f"record {index} is {shortened(record)}; an object is meant", field=f"[{index}]")
    for label in () if record.keys() <= _LABELS else record:
        if label not in _LABELS and label.endswith("_"):
            raise refusal(
                "senml_must_understand", f"record {index} has the label {shortened(label)}", field=printable(label)
            )
    version = record.get("bver")
    if version is None:
        return
    if type(version) not in {int, float} or not version > 0:
        raise refusal("senml_invalid", f"bver is {shortened(version)}; a positive integer is meant", field="bver")
    if version > VERSION:
        raise refusal("senml_version", f"bver is {shortened(version)}; {VERSION} is understood", field="bver")


def _rebase(record: dict[str, Any], base: _Base, index: int) -> None:
    if "bn" in record:
        base.name = _text(record, "bn", index)
    if "bu" in record:
        base.unit = _text(record, "bu", index)
    if "bt" in record:
        base.time = _number(record, "bt", index)
    if "bv" in record:
        base.value = _number(record, "bv", index)
    if "bs" in record:
        base.sum = _number(record, "bs", index)


def _text(record: dict[str, Any], label: str, index: int) -> str:
    value = record[label]
    if type(value) is str:
        return value
    raise refusal("senml_invalid", f"{label} of record {index} is {shortened(value)}; a text is meant", field=label)


def _number(record: dict[str, Any], label: str, index: int) -> float:
    value = record[label]
    if type(value) is float or type(value) is int:
        result = number(value, label)
        if result is not None:
            return result
    raise refusal("senml_invalid", f"{label} of record {index} is {shortened(value)}; a number is meant", field=label)


def _record(record: dict[str, Any], index: int, base: _Base, place: tuple[str | None, bool], decoded: Decoded) -> bool:
    """Read one record; False when it holds no value at all."""
    kinds = record.keys() & _VALUES
    if not kinds and "s" not in record:
        if "n" in record or "u" in record or "t" in record:
            decoded.refusals.append(refusal("senml_invalid", f"record {index} has no value", field=f"[{index}]"))
            return True
        return False
    try:
        if len(kinds) > 1:
            found = " and ".join(sorted(kinds))
            raise refusal("senml_invalid", f"record {index} has {found}; one value is meant", field=f"[{index}]")
        if "v" in record or "s" in record:
            _measure(record, index, base, place, decoded)
    except Refusal as refused:
        decoded.refusals.append(refused)
    return True


def _measure(record: dict[str, Any], index: int, base: _Base, place: tuple[str | None, bool], decoded: Decoded) -> None:
    own_name = _text(record, "n", index) if "n" in record else ""
    name = base.name + own_name
    if not _is_name(name):
        raise bad_name(name, f"[{index}].n")
    value = number(record["v"], name) if "v" in record else None
    if value is None and "s" not in record:
        return
    sent = _text(record, "u", index) if "u" in record else base.unit
    device, quantity = _names(base.name, own_name, *place)
    if quantity is None and sent is not None:
        quantity = _BY_UNIT.get(sent)
    unit = None if sent is None else _UNITS.get(sent, sent)
    time, offset = _time(base, _number(record, "t", index) if "t" in record else 0.0, name)
    channel, interval = _own(record, index) if record.keys() & _OWN_LABELS else ("", None)
    if value is not None:
        if base.value is not None:
            value += base.value
            number(value, name)
        decoded.readings.append(Reading(device, name, quantity, channel, value, unit, time, offset, interval))
    if "s" in record:
        total = base.sum + _number(record, "s", index)
        number(total, name)
        if sent not in _SUMS:
            raise refusal("senml_sum", f"the sum {total:g} of {name} is in {sent or 'no unit'} x seconds", field=name)
        quantity, unit = _SUMS[sent]
        decoded.readings.append(Reading(device, f"{name}#sum", quantity, "", total, unit, time, offset))


def _own(record: dict[str, Any], index: int) -> tuple[str, float | None]:
    channel = _text(record, "channel", index) if "channel" in record else ""
    if channel and not is_channel(channel):
        raise bad_name(channel, f"[{index}].channel")
    interval = _number(record, "interval", index) if "interval" in record else None
    if interval is not None and interval <= 0:
        raise refusal(
            "senml_invalid", f"interval of record {index} is {interval:g}; seconds are meant", field="interval"
        )
    return channel, interval


def _time(base: _Base, own: float, field: str) -> tuple[datetime | None, float]:
    """The instant of a record, or how far from its arrival it was measured."""
    seconds = base.time + own
    if seconds < RELATIVE:
        return None, seconds
    if seconds != base.seconds:
        # SenML's times are seconds, whatever their size: no guessing here.
        if seconds >= 1e11:  # noqa: PLR2004 - the year 5138; beyond it read_time would take it for milliseconds
            raise refusal("time_unreadable", f"{seconds:g} s is no time; SenML counts seconds", field=field)
        base.moment = read_time(seconds, field=field)
        base.seconds = seconds
    return base.moment, 0.0


@lru_cache(maxsize=16_384)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


# Devices repeat their few names for ever.
@lru_cache(maxsize=65_536)
def _names(base: str, own: str, topic_device: str | None, trusts: bool) -> tuple[str, str | None]:  # noqa: FBT001
    """Device and quantity. On our own topics the topic's device wins, and another one in the name is refused."""
    if topic_device is None:
        device, quantity = _split(base, own)
        if not is_device_name(device):
            raise refusal("device_missing", f"neither the topic nor the name {shortened(base + own)} gives a device")
        return device, quantity
    name, device = base + own, topic_device
    if name == device:
        return device, None
    if own and base.rstrip(_SEPARATORS) == device:
        return device, _unprefixed(own, device)
    if name.startswith((f"{device}:", f"{device}/")):
        return device, name[len(device) + 1 :]
    named, quantity = _split(base, own)
    if named in {"", device}:
        return device, quantity
    if trusts:
        return named, quantity
    raise refusal(
        "device_mismatch",
        f"the name {shortened(name)} is of {shortened(named)}, the topic of {shortened(device)}",
        field=name,
    )


def _unprefixed(own: str, device: str) -> str | None:
    """A record's own name without the device in front of it; another device in front stays and is refused later."""
    if own.startswith((f"{device}:", f"{device}/")):
        return own[len(device) + 1 :]
    return own


def _split(base: str, own: str) -> tuple[str, str | None]:
    """Device and quantity of a name; the device is "" where the name is just a quantity."""
    if base and own:
        # The base name is made to be the device's part; what `n` adds is the sensor's.
        return base.rstrip(_SEPARATORS) or base, own.lstrip(_SEPARATORS) or None
    name = base + own
    urn = _DEVICE_URN.fullmatch(name)
    if urn is not None:
        return urn[1], urn[2]
    if name.startswith("urn:") or _ADDRESS.fullmatch(name):
        return name.rstrip(_SEPARATORS) or name, None
    device, separator, quantity = name.rpartition("/" if "/" in name else ":")
    if separator and quantity[:1].isalpha():
        return device, quantity
    return ("", name) if not separator else (name.rstrip(_SEPARATORS), None)


DECODER = Decoder("senml", recognises, decode, content_types=("application/senml+json", "application/sensml+json"))
