"""JSON from strangers: quick where it is clean, strict and forgiving in the right places where it is not."""

from __future__ import annotations

import codecs
import json
import math
import re
from functools import lru_cache
from typing import Any

import msgspec

from bypuls.errors import Refusal
from ingest.reasons import refusal, shortened

_DECODER = msgspec.json.Decoder()
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LONGEST_INTEGER = 18
_LONGEST_NUMBER = 40
_EXACT = 2**53
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SERIAL = re.compile(r"[+-]?(?:0\d|\d{16})", re.ASCII)
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_NAME = re.compile(r"\w[\w .,:/%()\[\]#+-]{0,63}")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


def parse(payload: bytes) -> Any:
    """The document in a payload. Duplicate keys: the last wins. NaN, Infinity and 1e400 come out as such.

    Raises:
        Refusal: `invalid_json` or `too_deep`.
    """
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return parse_strictly(payload)


def parse_strictly(payload: bytes) -> Any:
    """The slow path: tells what is wrong, and reads what is only unusual (a byte order mark, NaN, 5000 digits).

    Raises:
        Refusal: `invalid_json` or `too_deep`.
    """
    for mark, encoding in _OTHER_ENCODINGS:
        if payload.startswith(mark):
            raise refusal("invalid_json", f"the payload is {encoding}; JSON is sent in UTF-8")
    try:
        text = payload.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        byte = payload[error.start] if error.start < len(payload) else 0
        raise refusal("invalid_json", f"byte 0x{byte:02x} at {error.start} is not UTF-8") from None
    try:
        return json.loads(text, parse_int=_integer, parse_constant=float)
    except json.JSONDecodeError as error:
        raise refusal("invalid_json", f"{error.msg} at character {error.pos} of {len(text)}") from None
    except RecursionError:
        raise refusal("too_deep", "the JSON is nested hundreds of levels deep") from None


def _integer(text: str) -> int | float:
    # Python refuses to read integers of more than 4300 digits; as a float they are merely infinite.
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def number(value: Any, field: str) -> float | None:
    """The number that a JSON value means; None for null.

    Numbers and numeric strings count; a Boolean is no number, nor is a decimal comma, nor a serial number (a string
    with a leading zero or of more than 15 digits).

    Raises:
        Refusal: `wrong_type` or `non_finite`.
    """
    if value is None:
        return None
    if type(value) is int and -_EXACT < value < _EXACT:
        return float(value)
    if isinstance(value, str):
        value = _from_text(value.strip(), field)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal("wrong_type", f"{shortened(value)} is no number", field=field)
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if math.isfinite(result):
        return result
    raise refusal("non_finite", f"{shortened(value)} is no finite number", field=field)


def _from_text(text: str, field: str) -> float:
    if text.casefold() in _NOT_FINITE:
        raise refusal("non_finite", f"{shortened(text)} is no finite number", field=field)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text) or _SERIAL.match(text):
        hint = "send a dot, not a comma" if "," in text else None
        raise refusal("wrong_type", f"the text {shortened(text)} is no number", field=field, hint=hint)
    return float(text)


# Devices repeat their few keys for ever.
@lru_cache(maxsize=16_384)
def is_name(text: str) -> bool:
    """Whether a text can name a quantity: 1 to 64 letters, digits, spaces and . , _ - : / % ( ) [ ] # +."""
    return _NAME.fullmatch(text) is not None


def is_channel(text: str) -> bool:
    """Whether a text can name a channel: 1 to 32 of A-Z a-z 0-9 . _ -, beginning with a letter or digit."""
    return _CHANNEL.fullmatch(text) is not None


def bad_name(text: object, field: str | None = None) -> Refusal:
    """The refusal of a name."""
    return refusal("bad_name", f"{shortened(text)} is no name", field=None if field is None else printable(field))


def printable(text: str) -> str:
    """A device's text in a form that every terminal, JSON writer and database takes; bounded."""
    return text[:100] if text[:100].isprintable() else repr(text[:100])[1:-1]
