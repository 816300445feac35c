"""Protobuf's wire format, as far as reading needs it: fields with their numbers. It knows no schema.

https://protobuf.dev/programming-guides/encoding/ ; our own, because the messages are few and small, and generated
classes pin a version of the library that other packages do not agree with.
"""

from __future__ import annotations

import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
_MOST_VARINT_BYTES = 10
_WORD = 2**64
_MORE = 0x80  # from this on a byte says that more follow
_LENGTHS = {FIXED64: 8, FIXED32: 4}

Field = tuple[int, int, int | bytes]
"""Number, wire type, and value: an integer for a varint, bytes otherwise."""


class NotProtobuf(ValueError):
    """These bytes are no protobuf message; says why."""


def read(data: bytes, most: int) -> list[Field]:
    """The fields of one message, in their order.

    Args:
        data: one message, without length in front.
        most: how many fields are taken.

    Raises:
        NotProtobuf: cut off, a group, a field number 0, or more fields than `most`.

    >>> read(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69]), 10)
    [(1, 0, 150), (2, 2, b'hi')]
    """
    fields: list[Field] = []
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag >= _MORE:
            tag, at = _varint(data, at - 1, end)
        number, wire = tag >> 3, tag & 7
        if number == 0 or len(fields) >= most:
            raise NotProtobuf(f"field number 0 at {at}" if number == 0 else f"more than {most} fields")
        if wire in _LENGTHS:
            length = _LENGTHS[wire]
        elif wire in {VARINT, BYTES}:
            if at < end and data[at] < _MORE:  # most are one byte
                length, at = data[at], at + 1
            else:
                length, at = _varint(data, at, end)
            if wire == VARINT:
                fields.append((number, wire, length))
                continue
        else:
            raise NotProtobuf(f"field {number} of wire type {wire} at byte {at}")
        value, at = data[at : at + length], at + length
        if at > end:
            raise NotProtobuf(f"field {number} goes beyond the end")
        fields.append((number, wire, value))
    return fields


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value, shift = 0, 0
    for place in range(at, min(at + _MOST_VARINT_BYTES, end)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            return value % _WORD, place + 1
        shift += 7
    raise NotProtobuf(f"an integer at byte {at} has no end")


def double(data: bytes) -> float:
    """Of the eight bytes of a FIXED64 field."""
    return float(_DOUBLE.unpack(data)[0])


def single(data: bytes) -> float:
    """Of the four bytes of a FIXED32 field."""
    return float(_FLOAT.unpack(data)[0])


def signed(value: int, bits: int) -> int:
    """Two's complement of so many bits, as Sparkplug sends negative integers in unsigned fields.

    >>> signed(4294967081, 32), signed(0xFF, 8), signed(5, 16)
    (-215, -1, 5)
    """
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def varint(value: int) -> bytes:
    r"""An integer from 0 on.

    >>> varint(300)
    b'\xac\x02'
    """
    made = bytearray()
    while value >= _MORE:
        made.append(value & 0x7F | _MORE)
        value >>= 7
    made.append(value)
    return bytes(made)


def integer_field(number: int, value: int) -> bytes:
    """A varint field."""
    return varint(number << 3 | VARINT) + varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field of bytes, of text in UTF-8, or of a message."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value
