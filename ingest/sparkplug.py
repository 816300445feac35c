"""Sparkplug B payloads: what the protobuf message says, metric by metric. It remembers nothing between messages.

Schema: org.eclipse.tahu.protobuf.Payload (proto2), Sparkplug 3.0.0, section 6.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

from ingest import protobuf
from ingest.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, NotProtobuf
from ingest.reasons import refusal, shortened
from ingest.strict_json import printable

_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_BITS = {5: 8, 6: 16, 7: 32, 8: 64}
_BOOLEAN, _DATE_TIME, _DATA_SET = 11, 13, 16
_NUMBER_ARRAYS = frozenset(range(22, 32))
_TYPE_NAMES = {_DATA_SET: "a DataSet", **dict.fromkeys(_NUMBER_ARRAYS, "an array of numbers")}
_INT, _LONG, _FLOAT, _DOUBLE, _BYTES, _DATA_SET_FIELD, _TEMPLATE = 10, 11, 12, 13, 16, 17, 18
# Wire type by field number; what the schema does not know is an extension and is left alone.
_PAYLOAD_WIRES = (-1, VARINT, BYTES, VARINT, BYTES, BYTES)
_METRIC_WIRES = (
    *(-1, BYTES, VARINT, VARINT, VARINT, VARINT, VARINT, VARINT, BYTES, BYTES),
    *(VARINT, VARINT, FIXED32, FIXED64, VARINT, BYTES, BYTES, BYTES, BYTES, BYTES),
)
_UNIT_KEYS = frozenset({"engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units", "uom"})
_COMPRESSED = b"SPBV1.0_COMPRESSED"
_MOST_METRIC_FIELDS = 64
_MOST_PROPERTIES = 400
_MOST_MEMBERS = 2000
_MOST_FIELDS = 100_000  # of all that is nested, so that no payload takes long
_DEEPEST = 3
_LONGEST_PROPERTIES = 512  # of those that are remembered: devices repeat their few units for ever
_LONGEST_NAME = 256
_LONGEST_UNIT = 40


@dataclass(slots=True)
class Metric:
    """One metric as it was sent.

    Attributes:
        timestamp: Unix time in ms; None: the payload's.
        value: which field of the schema's `oneof value`, and what it held; None where there is none.
        unit: of the property `engUnit`, which Ignition and others set; the specification has none.
    """

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    is_null: bool = False
    value: tuple[int, int | bytes] | None = None
    unit: str | None = None


@dataclass(slots=True)
class Payload:
    """One payload."""

    timestamp: int | None = None
    seq: int | None = None
    metrics: list[Metric] = field(default_factory=list)


def parse(data: bytes, most: int) -> Payload:
    """Read a payload; members of template instances become metrics `<instance>/<member>`.

    Args:
        data: the MQTT message's payload.
        most: how many metrics are taken.

    Raises:
        Refusal: `bad_protobuf` or `too_large`.
    """
    try:
        return _payload(data, most)
    except NotProtobuf as error:
        raise refusal("bad_protobuf", f"{error}; the payload begins with {shortened(data[:16])}") from None


def _payload(data: bytes, most: int) -> Payload:
    payload, reader = Payload(), _Reader(_MOST_FIELDS)
    for number, wire, value in reader.fields(data, most + 64):
        if number >= len(_PAYLOAD_WIRES):
            continue
        if wire != _PAYLOAD_WIRES[number]:
            raise NotProtobuf(f"field {number} of the payload is of wire type {wire}")
        if isinstance(value, int):
            if number == 1:
                payload.timestamp = value
            else:
                payload.seq = value
        elif number == 2:  # noqa: PLR2004 - numbers of the schema
            reader.metric(value, "", _DEEPEST, payload.metrics)
        elif number == 4 and value == _COMPRESSED:  # noqa: PLR2004
            raise refusal("bad_protobuf", "the payload is compressed; send it as it is")
        if len(payload.metrics) > most:
            raise refusal("too_large", f"more than {most} metrics in one message are not allowed")
    return payload


class _Reader:
    """Reads what is nested in a payload, a bounded number of fields in all."""

    def __init__(self, most: int) -> None:
        self._left = most

    def fields(self, data: bytes, most: int) -> list[Field]:
        fields = protobuf.read(data, most)
        self._left -= len(fields) + 1
        if self._left < 0:
            raise NotProtobuf(f"more than {_MOST_FIELDS} fields")
        return fields

    # One branch per field of the schema, and no call for each: this is where a birth's time goes.
    def metric(self, data: bytes, prefix: str, depth: int, metrics: list[Metric]) -> None:  # noqa: C901, PLR0912
        """Add one metric, or the members of a template's instance."""
        metric = Metric()
        for number, wire, value in self.fields(data, _MOST_METRIC_FIELDS):
            if number >= len(_METRIC_WIRES):
                continue
            if wire != _METRIC_WIRES[number]:
                raise NotProtobuf(f"field {number} of a metric is of wire type {wire}")
            if number >= _INT:
                metric.value = (number, value)
            elif isinstance(value, bytes):
                if number == 1:
                    metric.name = _text(value, _LONGEST_NAME)
                elif number == 9:  # noqa: PLR2004 - numbers of the schema
                    metric.unit = (_known_unit if len(value) <= _LONGEST_PROPERTIES else _unit)(value)
            elif number == 2:  # noqa: PLR2004
                metric.alias = value
            elif number == 3:  # noqa: PLR2004
                metric.timestamp = value
            elif number == 4:  # noqa: PLR2004
                metric.datatype = value
            elif number == 7:  # noqa: PLR2004
                metric.is_null = bool(value)
        if prefix:
            metric.name, metric.alias = f"{prefix}{metric.name}"[:_LONGEST_NAME], None  # members have no alias
        held = metric.value
        if held is None or held[0] != _TEMPLATE or metric.is_null or not isinstance(held[1], bytes):
            metrics.append(metric)
        else:
            self._members(held[1], metric, depth, metrics)

    def _members(self, data: bytes, outer: Metric, depth: int, metrics: list[Metric]) -> None:
        """Of a template: field 2 its metrics, field 5 whether it is only a definition."""
        if depth == 0:
            raise NotProtobuf("templates are nested too deeply")
        fields = self.fields(data, _MOST_MEMBERS)
        if any(number == 5 and value for number, _, value in fields):  # noqa: PLR2004
            return
        first = len(metrics)
        for number, wire, value in fields:
            if number == 2 and wire == BYTES and isinstance(value, bytes):  # noqa: PLR2004
                self.metric(value, f"{outer.name}/", depth - 1, metrics)
        for metric in metrics[first:]:
            metric.timestamp = outer.timestamp if metric.timestamp is None else metric.timestamp


def _unit(data: bytes) -> str | None:
    """Of a PropertySet: keys in field 1, values in field 2, in the same order; a value's text is its field 8."""
    keys: list[str] = []
    values: list[bytes] = []
    for number, wire, value in protobuf.read(data, _MOST_PROPERTIES):
        if wire == BYTES and isinstance(value, bytes):
            if number == 1:
                keys.append(_text(value, _LONGEST_NAME))
            elif number == 2:  # noqa: PLR2004
                values.append(value)
    for key, value in zip(keys, values, strict=False):
        if key.replace(" ", "").replace("_", "").casefold() in _UNIT_KEYS:
            for number, wire, text in protobuf.read(value, _MOST_METRIC_FIELDS):
                if number == 8 and wire == BYTES and isinstance(text, bytes):  # noqa: PLR2004
                    unit = _text(text, _LONGEST_UNIT).strip()
                    return unit if unit and unit.isprintable() else None
    return None


_known_unit = lru_cache(maxsize=4096)(_unit)


def _text(data: bytes, longest: int) -> str:
    if len(data) > longest * 4:
        raise NotProtobuf(f"a text of {len(data)} bytes where a name is meant")
    try:
        return data.decode("utf-8")[:longest]
    except UnicodeDecodeError:
        raise NotProtobuf(f"a text that is not UTF-8: {shortened(data[:16])}") from None


def number_of(metric: Metric, datatype: int | None, name: str) -> float | None:
    """The number that a metric holds; None for a null, a text, a Boolean, a time, a file.

    Args:
        metric: as sent.
        datatype: the metric's own, else its birth's; None where neither is known.
        name: for the error.

    Raises:
        Refusal: `wrong_type` for a data set or an array of numbers, `non_finite`, and `birth_missing` for an integer
            that may be a negative one and whose type is not known.
    """
    if metric.is_null or metric.value is None or datatype in {_BOOLEAN, _DATE_TIME}:
        return None
    which, held = metric.value
    if isinstance(held, bytes):
        return _float_of(which, held, datatype, name)
    if which not in {_INT, _LONG}:
        return None
    bits = _SIGNED_BITS.get(datatype or 0)
    if bits is not None:
        return float(protobuf.signed(held, bits))
    held &= (1 << (_UNSIGNED_BITS.get(datatype or 0) or (32 if which == _INT else 64))) - 1
    if not datatype and held >> (31 if which == _INT else 63):
        raise refusal(
            "birth_missing", f"{shortened(name)} is {held}, or negative: its type is not known", field=printable(name)
        )
    return float(held)


def _float_of(which: int, held: bytes, datatype: int | None, name: str) -> float | None:
    if which in {_FLOAT, _DOUBLE}:
        value = protobuf.single(held) if which == _FLOAT else protobuf.double(held)
        if math.isfinite(value):
            return value
        raise refusal("non_finite", f"{shortened(name)} is {value}", field=printable(name))
    if which == _DATA_SET_FIELD or (which == _BYTES and datatype in _NUMBER_ARRAYS):
        kind = _TYPE_NAMES.get(datatype or _DATA_SET, "a DataSet")
        raise refusal("wrong_type", f"{shortened(name)} is {kind}; single numbers are read", field=printable(name))
    return None


def rebirth_request(milliseconds: int) -> bytes:
    """The payload of an NCMD that asks a node to send its births again (section 6.4.18 of the specification)."""
    metric = b"".join(
        (
            protobuf.bytes_field(1, b"Node Control/Rebirth"),
            protobuf.integer_field(3, milliseconds),
            protobuf.integer_field(4, _BOOLEAN),
            protobuf.integer_field(14, 1),
        )
    )
    return protobuf.integer_field(1, milliseconds) + protobuf.bytes_field(2, metric)
