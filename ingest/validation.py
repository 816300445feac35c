"""From a message to readings that may be stored: decoded, in canonical units, in the window, plausible or flagged.

It knows no database: whether a city, device or datastream exists is asked later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

import ingest.decoders
from bypuls.errors import CatalogueError, Refusal
from bypuls.observation import Quality
from bypuls.plugins import discover
from bypuls.properties import Aggregation, ObservedProperty, Properties
from bypuls.units import Units
from ingest.decoding import (
    SWAPPED_METER,
    Answer,
    Context,
    Decoded,
    Decoder,
    Frame,
    Message,
    Reading,
    Refused,
    SentEvent,
    Source,
)
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.reasons import REASONS, refusal, shortened
from ingest.sources import ANY
from ingest.timestamps import shifted
from ingest.topics import own_topic

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Before this nothing is taken, from history either: made-up years do not fill the database with partitions."""

SENTINELS = frozenset(
    {-127.0, 85.0, 327.67, 3276.7, 32767.0, -32768.0, -3276.8, -327.68, 655.35, 6553.5, 65535.0}
    | {-999.0, -9999.0, 9999.0, 99999.0, 2147483647.0, -2147483648.0, 4294967295.0}
)
"""Numbers, as sent, with which devices say "no value". Only where they are implausible for the property: DS18B20 sends
85 and -127 degrees, ends of 16 and 32 bit integers stand for a broken probe."""

_GOOD = Quality.GOOD
_CACHED = 10_000


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """A reading that may be stored.

    Attributes:
        value, unit: in the property's canonical unit.
        time: UTC; the time of arrival where the message gave none.
        flag: from the gross range test alone; tests over time need the values before it.
        diagnostic: tells of the device, not of the city.
        reading: as it was sent.
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


@dataclass(slots=True)
class Read:
    """What became of one message: what may be stored, what was refused, or why it rightly leaves nothing behind."""

    accepted: list[Accepted] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    ignored: str | None = None
    city: str | None = None
    device: str | None = None
    decoder: str | None = None
    answers: list[Answer] = field(default_factory=list)
    frame: Frame | None = None


@dataclass(frozen=True)
class Catalogue:
    """What reading needs to know: units, observed properties, makers' profiles and the decoders that are installed."""

    units: Units
    properties: Properties
    decoders: Mapping[str, Decoder]
    profiles: Profiles

    @classmethod
    def load(cls) -> Catalogue:
        """What is shipped with the platform.

        Raises:
            CatalogueError: a file or a plugin that contradicts itself.
        """
        return cls(Units.load(), Properties.load(), discover(ingest.decoders, Decoder, "DECODER"), Profiles.load())


class _Rule(NamedTuple):
    """How readings of one quantity and unit are taken; computed once."""

    property: str
    channel: str
    unit: str
    factor: float
    offset: float
    low: float
    high: float
    diagnostic: bool
    observed: ObservedProperty


class Reader:
    """Reads the messages of one source. Keeps what it worked out, so there is one per source and process.

    Args:
        context: None: nothing is remembered from earlier messages but in this reader, no device is registered.
    """

    def __init__(self, source: Source, catalogue: Catalogue, context: Context | None = None) -> None:
        missing = [name for name in source.formats if name not in catalogue.decoders]
        if missing or not source.formats:
            known = ", ".join(sorted(catalogue.decoders))
            raise CatalogueError(
                f"source {source.name}: no decoder {', '.join(missing) or 'given'}; there are: {known}"
            )
        self.source = source
        self._catalogue = catalogue
        self._decoders = tuple(catalogue.decoders[name] for name in source.formats)
        self._context = context or Context(Memory(), catalogue.profiles, lambda _: None)
        self._rules: dict[tuple[str | None, str | None], _Rule] = {}

    def read(self, message: Message) -> Read:
        """What one message holds. Never raises, whatever its bytes are."""
        source = self.source
        topic = own_topic(message.topic)
        read = Read()
        if topic is not None:
            read.city, read.device = source.city or topic.city, topic.device
        else:
            read.city = source.city
        if not message.payload:
            read.ignored = "empty"
            return read
        decoded = self._decode(message, read)
        if decoded is None:
            return read
        read.refusals, read.answers, read.frame = decoded.refusals, decoded.answers, decoded.frame
        if decoded.readings:
            self._take(message, decoded.readings, read)
            if read.device is None:
                read.device = decoded.readings[0].device
        if decoded.events:
            self._take_events(message, decoded.events, read)
        if not (decoded.readings or decoded.events or decoded.refusals):
            read.ignored = decoded.ignored or "no_values"
        return read

    def _decode(self, message: Message, read: Read) -> Decoded | None:
        try:
            self._admit(message, read)
            decoder = self._decoders[0]
            for known in self._decoders:
                if known.recognises(message):
                    decoder = known
                    break
            read.decoder = decoder.name
            return decoder.decode(message, self.source, self._context)
        except Refusal as refused:
            read.refusals.append(refused)
        except Exception as error:  # noqa: BLE001 - one bad message stops nothing, not even by a fault of ours
            read.refusals.append(refusal("decoder_failed", f"{type(error).__name__}: {shortened(str(error), 200)}"))
        return None

    def _admit(self, message: Message, read: Read) -> None:
        source, size = self.source, len(message.payload)
        if size > source.max_payload_bytes:
            raise refusal("too_large", f"{size} bytes; {source.max_payload_bytes} are allowed")
        if read.city is None and source is not ANY:
            raise refusal("topic_not_ours", f"{shortened(message.topic)} is not bypuls/v1/<city>/<device>/…")

    def _take(self, message: Message, readings: list[Reading], read: Read) -> None:
        rules, accepted, arrival = self._rules, read.accepted, message.received_at
        if arrival.tzinfo is not UTC:
            arrival = arrival.astimezone(UTC)
        checked: datetime | None = None
        for reading in readings:
            try:
                rule = rules.get((reading.quantity, reading.unit)) or self._rule(reading)
                time = reading.time
                if time is not checked or time is None:
                    time = self._window(message, reading, arrival)
                    checked = reading.time
                name, channel, unit, factor, offset, low, high, diagnostic, observed = rule
                value = reading.value * factor + offset
                flag = _GOOD if low <= value <= high else _judge(observed, reading, value)
                accepted.append(
                    Accepted(
                        reading.device, name, reading.channel or channel, value, unit, time, flag, diagnostic, reading
                    )
                )
            except _Ignored:
                continue
            except Refusal as refused:
                read.refusals.append(Refused(refused.code, refused.detail, hint=_hint(refused), reading=reading))
        if not accepted and not read.refusals:
            read.ignored = "retained_without_time"

    def _take_events(self, message: Message, events: list[SentEvent], read: Read) -> None:
        for event in events:
            try:
                time = self._bounded(event.time or message.received_at, message.received_at.astimezone(UTC))
                name, channel, detail = "", "", event.detail
                if event.kind == SWAPPED_METER:
                    name, channel, detail = self._swapped(event)
                read.events.append(Event(event.device, event.kind, time, name, channel, detail))
            except Refusal as refused:
                hint = refused.hint or REASONS[refused.code].hint
                read.refusals.append(Refusal(refused.code, refused.detail, hint=hint, field=refused.field))

    def _swapped(self, event: SentEvent) -> tuple[str, str, dict[str, str | float | bool]]:
        """Register, channel and what the event says, in the register's unit.

        Raises:
            Refusal: no such register, an unknown unit, or a number that cannot be.
        """
        closing, opening = event.closing or 0.0, event.opening or 0.0
        rule = self._rule(Reading(event.device, "property", event.quantity, event.channel, closing, event.unit, None))
        if rule.observed.aggregation is not Aggregation.COUNTER:
            raise refusal("event_invalid", f"{rule.property} is no register", field="property")
        ends = {name: value * rule.factor + rule.offset for name, value in (("closing", closing), ("opening", opening))}
        for name, value in ends.items():
            if not (math.isfinite(value) and rule.low <= value <= rule.high):
                raise refusal("event_invalid", f"{value:g} {rule.unit} is out of {rule.property}'s range", field=name)
        return rule.property, event.channel or rule.channel, {**event.detail, **ends}

    def _window(self, message: Message, reading: Reading, arrival: datetime) -> datetime:
        time = reading.time
        if time is None:
            if message.retained:
                raise _Ignored
            time = arrival if reading.offset_seconds == 0.0 else shifted(arrival, reading.offset_seconds)
        return self._bounded(time, arrival)

    def _bounded(self, time: datetime, arrival: datetime) -> datetime:
        source = self.source
        if time < EARLIEST or (source.past is not None and arrival - time > source.past):
            raise refusal("time_in_past", f"{time:%Y-%m-%dT%H:%M:%SZ} is {_span(arrival - time)} before its arrival")
        if source.future is not None and time - arrival > source.future:
            raise refusal("time_in_future", f"{time:%Y-%m-%dT%H:%M:%SZ} is {_span(time - arrival)} after its arrival")
        return time

    def _rule(self, reading: Reading) -> _Rule:
        """Work out how a quantity in a unit is taken.

        Raises:
            Refusal: `unknown_property`, `unit_missing`, `unknown_unit` or `unit_dimension_mismatch`.
        """
        quantity, source = reading.quantity, self.source
        found = None if quantity is None else self._catalogue.properties.find(quantity)
        if found is None:
            named = "the message does not say what was measured" if quantity is None else f"{shortened(quantity)}"
            raise refusal("unknown_property", f"{named} is not in the catalogue" if quantity else named)
        observed, channel = found
        unit = reading.unit or source.units.get(observed.id) or (observed.unit if source.canonical_units else None)
        if unit is None:
            raise refusal(
                "unit_missing",
                f"{shortened(quantity)} comes without a unit",
                hint=f"send it ({observed.unit}), or set units.{observed.id} of the source {source.name}",
            )
        factor, offset = self._catalogue.units.conversion(unit, observed)
        low, high = _good_span(observed)
        rule = _Rule(observed.id, channel, observed.unit, factor, offset, low, high, observed.diagnostic, observed)
        if len(self._rules) >= _CACHED:
            self._rules.clear()
        self._rules[reading.quantity, reading.unit] = rule
        return rule


class _Ignored(Exception):
    """This reading rightly leaves nothing behind."""


def read(message: Message, source: Source, catalogue: Catalogue) -> Read:
    """What one message of a source holds; a process that reads many keeps a `Reader` per source."""
    return Reader(source, catalogue).read(message)


def _good_span(observed: ObservedProperty) -> tuple[float, float]:
    """Values in it are good without another look; an empty span where each needs one."""
    spans = [span for span in (observed.qc.gross_fail, observed.qc.gross_suspect) if span is not None]
    if not spans or observed.sentinels:
        return math.inf, -math.inf
    return max(low for low, _ in spans), min(high for _, high in spans)


def _judge(observed: ObservedProperty, reading: Reading, value: float) -> Quality:
    """The flag of a value outside the good span (QARTOD gross range).

    Raises:
        Refusal: `sentinel` or `non_finite`.
    """
    fail, suspect = observed.qc.gross_fail, observed.qc.gross_suspect
    outside = fail is not None and not fail[0] <= value <= fail[1]
    if reading.value in observed.sentinels or (outside and reading.value in SENTINELS):
        raise refusal("sentinel", f"{observed.id} {reading.value:g} is a code for 'no value', not a measurement")
    if not math.isfinite(value):
        raise refusal("non_finite", f"{reading.value:g} {reading.unit} is no finite number of {observed.unit}")
    if outside:
        return Quality.FAIL
    if suspect is not None and not suspect[0] <= value <= suspect[1]:
        return Quality.SUSPECT
    return Quality.NOT_EVALUATED if fail is None and suspect is None else Quality.GOOD


def _hint(refused: Refusal) -> str:
    return refused.hint or REASONS[refused.code].hint


def _span(span: timedelta) -> str:
    if span.days > 0:
        return f"{span.days} d"
    return f"{span.seconds // 3600} h" if span.seconds >= 3600 else f"{span.seconds} s"  # noqa: PLR2004
