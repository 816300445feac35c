"""Opaque cursors: where a page ended, bound to the question it answered."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from bypuls.errors import BypulsError
from bypuls.typed import read_json

KeyValue = int | str | datetime


class CursorError(BypulsError):
    """A cursor that does not continue this question."""


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    question: str
    values: list[int | str]


def fingerprint(path: str, parameters: Mapping[str, object]) -> str:
    """What a cursor is bound to: the path and the filters."""
    text = msgspec.json.encode([path, sorted((name, str(value)) for name, value in parameters.items())])
    return hashlib.sha256(text).hexdigest()[:12]


def encode(question: str, values: Sequence[KeyValue]) -> str:
    """A cursor that stands behind the row with these key values."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(question, plain))).decode().rstrip("=")


def decode(cursor: str, question: str, types: Sequence[type[KeyValue]]) -> list[KeyValue]:
    """The key values behind which the next page begins.

    Raises:
        CursorError: cut, made up, or from another question.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = read_json(base64.b64decode(padded, altchars=b"-_", validate=True), _Cursor)
        if found.question != question:
            raise CursorError("cursor: it belongs to a question with other filters; follow `next` as it was given")
        return [_typed(value, wanted) for value, wanted in zip(found.values, types, strict=True)]
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError, RecursionError):
        raise CursorError("cursor: it cannot be read; leave it out to begin anew, or follow `next` as given") from None


def _typed(value: int | str, wanted: type[KeyValue]) -> KeyValue:
    if wanted is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if type(value) is not wanted or (isinstance(value, int) and abs(value) >= 1 << 63) or "\0" in str(value):
        raise ValueError(value)
    return value
