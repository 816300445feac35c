"""Plain objects and JSON as typed ones, by msgspec, from any thread.

msgspec looks at a type when it is first asked for it, and two threads that do so at once bring the process down
(segmentation fault in 0.21; `tests/unit/test_typed.py` shows it). So each type is looked at once, by one thread.
"""

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_first_look = Lock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def convert(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """What YAML, JSON or a database gave, as an object of `kind`.

    Raises:
        msgspec.ValidationError: it cannot be one.
    """
    _decoder(kind)
    return msgspec.convert(value, kind, strict=strict)


def read_json(data: bytes | str, kind: type[T]) -> T:
    """JSON as an object of `kind`.

    Raises:
        msgspec.DecodeError: it is no JSON, or (`msgspec.ValidationError`) cannot be one.
    """
    found: T = _decoder(kind).decode(data)
    return found


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        with _first_look:
            decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decoder
