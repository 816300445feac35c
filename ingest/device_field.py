"""The device that a gateway's message names in a member of its JSON that neither format nor profile knows."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.decoding import Decoded
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse
from ingest.topics import is_device_name

_LONGEST_BITS = 64


def name_by_field(decoded: Decoded, payload: bytes, path: str) -> str | None:
    """Give all that was decoded to the device at a path of member names (`meta.imei`): a text or a whole number.

    Returns:
        The device; None where nothing was decoded.

    Raises:
        Refusal: `device_missing`, or what makes the payload no JSON.
    """
    if not (decoded.readings or decoded.events):
        return None
    found: Any = parse(payload)
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    device = str(found) if type(found) is str or (type(found) is int and found.bit_length() <= _LONGEST_BITS) else ""
    if not is_device_name(device):
        raise refusal("device_missing", f"{path} is {shortened(found)}; the device's name is meant", field=path)
    decoded.readings = [msgspec.structs.replace(reading, device=device) for reading in decoded.readings]
    decoded.events = [msgspec.structs.replace(event, device=device) for event in decoded.events]
    return device
