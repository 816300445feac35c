"""What becomes of one message: readings and events that may be stored, and what was refused."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bypuls.errors import Refusal
from bypuls.observation import Quality
from ingest.decoding import Answer, Frame, Reading
from ingest.rules import Converted

STATES = frozenset({"online", "offline"})
"""Kinds of events that say how a device is from now on."""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """A reading that may be stored.

    Attributes:
        device: the topic's, where that names it; else as the message names it.
        value, unit: in the property's canonical unit.
        time: UTC; the time of arrival where the message gave none.
        flag: from the gross range test alone; tests over time need the values before it.
        diagnostic: tells of the device, not of the city.
        reading: as it was sent.
        converted: how a share of volume (ppb) was made a mass per volume, or the reverse.
    """

    device: str
    property: str
    channel: str
    value: float
    unit: str
    time: datetime
    flag: Quality
    diagnostic: bool
    reading: Reading
    converted: Converted | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event that may be stored.

    Attributes:
        property, channel: the register of a swapped meter; "" otherwise.
        detail: closing and opening in the property's canonical unit, and what else was sent.
    """

    device: str
    kind: str
    time: datetime
    property: str
    channel: str
    detail: dict[str, str | float | bool]


class Read(msgspec.Struct):
    """What became of one message: what may be stored, what was refused, or why it rightly leaves nothing behind."""

    accepted: list[Accepted] = []
    events: list[Event] = []
    refusals: list[Refusal] = []
    ignored: str | None = None
    city: str | None = None
    device: str | None = None
    decoder: str | None = None
    answers: list[Answer] = []
    frame: Frame | None = None
