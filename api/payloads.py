"""Raw messages as an answer shows them: as text where they are text, as base64 otherwise, or withheld."""

from __future__ import annotations

import base64

SHOWN_BYTES = 4096
"""How much of a payload a list shows; one message alone is shown whole."""

_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r")


def shown(payload: bytes | None) -> tuple[str | None, str]:
    """The payload and its encoding: `text`, `base64`, or `withheld` when none is given.

    >>> shown(b'{"pm10": 12}')
    ('{"pm10": 12}', 'text')
    >>> shown(bytes([0, 255]))
    ('AP8=', 'base64')
    """
    if payload is None:
        return None, "withheld"
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        cut = (
            len(payload) == SHOWN_BYTES and error.start >= SHOWN_BYTES - 3 and error.reason == "unexpected end of data"
        )
        if not cut:
            return base64.b64encode(payload).decode(), "base64"
        text = payload[: error.start].decode()
    if not _CONTROLS.isdisjoint(text):
        return base64.b64encode(payload).decode(), "base64"
    return text, "text"
