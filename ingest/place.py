"""Where in a JSON document one stands, and what holds there because of what stands around it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bypuls.errors import Refusal


class Place(NamedTuple):
    """Where in a document one stands, and what holds there because of what stands around it.

    Attributes:
        device: as named so far; "" for none.
        quantity: what the key or topic above calls the value.
        field: path of it, for a value without a key of its own.
        unit: what `units` above says of it.
        naive: a time stands there that has no zone.
        part: key of the part one is in, for words of two levels.
        bad: why the sender calls its own value bad.
        scale: a factor that stands beside the value.
    """

    device: str
    quantity: str | None = None
    channel: str = ""
    time: datetime | None = None
    naive: bool = False
    fault: Refusal | None = None
    path: str = ""
    unit: str | None = None
    part: str = ""
    in_list: bool = False
    meter: bool = False
    bad: str | None = None
    scale: float | None = None
    depth: int = 0
