"""What a decoder is, and the words in which it answers. It does not convert units and knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bypuls.errors import Refusal
from bypuls.observation import SourceRank
from bypuls.units import Conditions
from ingest.memory import Memory
from ingest.strict_json import printable

if TYPE_CHECKING:
    from ingest.profiles import Profiles


# A Struct, because a frozen dataclass costs fifteen times as much to make and there is one per message received.
class Message(msgspec.Struct, frozen=True, gc=False):
    """One message as the broker handed it over.

    Attributes:
        queued: it may have waited at the broker; its arrival says nothing of its device's clock.
        replayed: read again from quarantine.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    content_type: str | None = None
    queued: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages come from and how they are to be read; one row of the `source` table.

    Attributes:
        city: slug, or None when the topic's third level names it (`bypuls/v1/<city>/<device>/…`).
        formats: decoders this source may use; the first that recognises the message reads it.
        units: observed property -> unit spelling, for readings that come without one.
        canonical_units: readings without a unit are in the property's canonical unit (our own format's rule).
        zone: IANA name, for times without a zone; None refuses them.
        past, future: how far a reading's time may lie from its arrival; None: no bound.
        trusts_payload_device: a gateway, whose payloads name the devices; otherwise the topic's device wins.
        profiles: maker profiles this source may use; None: all of them.
        identity: topic template (`site/{city}/{device}/#`) that says which level names the device, as the broker's
            access rules enforce it; None: our own topics, the format's or the profile's.
        device_field: of a gateway: where in its JSON messages the device is named (`meta.imei`); None: where the format
            or the profile has it.
        precision: unit of Unix times where a format does not write it (`s`, `ms`, `us`, `ns`); None: by magnitude.
        content_types: a message's MQTT 5 content type chooses among the formats.
        conditions: to which temperature and pressure concentrations refer; None: ppb and µg/m³ do not convert.
        ca, certificate, key: files, for a broker with a certificate of its own, or one that wants ours.
    """

    name: str
    topic_filter: str
    formats: tuple[str, ...] = ("own_json", "senml")
    broker_url: str | None = None
    qos: int = 1
    protocol: str = "3.1.1"
    share: str | None = None
    city: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    canonical_units: bool = False
    zone: str | None = None
    past: timedelta | None = None
    future: timedelta | None = timedelta(minutes=5)
    rank: SourceRank = SourceRank.LIVE
    unknown_device: str = "pending"
    trusts_payload_device: bool = False
    max_payload_bytes: int = 1_048_576
    max_readings: int = 5000
    profiles: tuple[str, ...] | None = None
    identity: str | None = None
    device_field: str | None = None
    precision: str | None = None
    content_types: bool = False
    conditions: Conditions | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


# A Struct as well: there is one per number received.
class Reading(msgspec.Struct, frozen=True, gc=False):
    """One number as its device sent it.

    Attributes:
        device: external id, as the message names it in plain words.
        field: path or key in the message.
        quantity: the device's own word for what it measured; None when the message gives none.
        channel: lane, phase, sensor … of a device with several; "" for the only one.
        unit: as sent; None when the message gives none. `bypuls.units` says what it means.
        time: with a zone; None when the message gives none (then the time of arrival is meant, plus `offset_seconds`).
            Of an interval's value: the interval's start.
        interval_seconds: length of the interval that the value is of, where the message or its profile says so.
    """

    device: str
    field: str
    quantity: str | None
    channel: str
    value: float
    unit: str | None
    time: datetime | None
    offset_seconds: float = 0.0
    interval_seconds: float | None = None


class SentEvent(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to a device, as its message tells it.

    Attributes:
        kind: one of `EVENT_KINDS`.
        time: None where the message gives none (then the time of arrival is meant).
        quantity, channel: which register, of a swapped meter; None and "" otherwise.
        unit: of closing and opening, as sent.
        closing, opening: last register of the old meter, first of the new one.
        detail: further plain values, as sent.
    """

    device: str
    kind: str
    time: datetime | None
    quantity: str | None = None
    channel: str = ""
    unit: str | None = None
    closing: float | None = None
    opening: float | None = None
    detail: dict[str, str | float | bool] = {}


SWAPPED_METER = "swapped_meter"
EVENT_KINDS = ("online", "offline", "join", "battery", "fault", "moved", SWAPPED_METER)


class Refused(Refusal):
    """A refusal of one reading that was decoded: the value is kept beside the reason."""

    def __init__(self, code: str, detail: str, *, hint: str, reading: Reading) -> None:
        super().__init__(code, detail, hint=hint, field=printable(reading.field))
        self.reading = reading


class Answer(NamedTuple):
    """A message that the format wants sent back to its device, such as Sparkplug's request for a new birth."""

    topic: str
    payload: bytes


class Frame(NamedTuple):
    """Which radio frame a message carries: the same one may come over several gateways or servers.

    Attributes:
        session: changes when the device joins anew and counts from 0 again; "" where the server does not tell.
        counter: the frame counter (LoRaWAN f_cnt).
        eui: the device's worldwide key; "" where the message has none.
        sent_at: when the radio frame was heard; tells a counter that began anew from a frame that is repeated.
    """

    device: str
    session: str
    counter: int
    eui: str = ""
    sent_at: datetime | None = None


# A Struct as well: there is one per message.
class Decoded(msgspec.Struct):
    """What one message held: its readings and events, and what of it was refused. Nothing is dropped without a word.

    Attributes:
        answers: to be published on the source's own broker.
        frame: for de-duplication and for counting lost frames.
        ignored: a key of `ingest.reasons.IGNORED`: why the message rightly holds neither reading nor event.
    """

    readings: list[Reading] = []
    refusals: list[Refusal] = []
    events: list[SentEvent] = []
    answers: list[Answer] = []
    frame: Frame | None = None
    ignored: str | None = None


class Registered(NamedTuple):
    """What the registry says of a device that decoding wants to know.

    Attributes:
        zone: IANA name, for times without a zone.
        units: observed property -> unit of its readings that come without one.
        conditions: observed property -> to which temperature and pressure its concentrations refer.
    """

    profile: str | None = None
    zone: str | None = None
    units: Mapping[str, str] = {}
    conditions: Mapping[str, Conditions] = {}


@dataclass(frozen=True, slots=True)
class Context:
    """What a decoder may ask for beside the message and its source.

    Attributes:
        memory: this source's notes; formats that need none leave it alone.
        profiles: what is known of makers' messages.
        registered: by the device's external id; None for a device the registry does not know.
    """

    memory: Memory
    profiles: Profiles
    registered: Callable[[str], Registered | None]


@dataclass(frozen=True, slots=True)
class Decoder:
    """A payload format. `recognises` is cheap and never raises; `decode` raises `Refusal` for a whole message.

    Attributes:
        content_types: MQTT 5 content types that name this format, in lower case.
        knows: whether a message that `recognises` cannot tell by itself is this format's all the same, because of what
            was remembered (Home Assistant's discovery names state topics of any shape); cheap, never raises.
        reads_empty: `decode` is also asked about empty payloads that it recognises: a cleared retained message takes
            back what it had told.
    """

    name: str
    recognises: Callable[[Message], bool]
    decode: Callable[[Message, Source, Context], Decoded]
    content_types: tuple[str, ...] = ()
    knows: Callable[[Message, Context], bool] | None = None
    reads_empty: bool = False
