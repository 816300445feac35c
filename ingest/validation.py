"""From a message to readings that may be stored: decoded, in canonical units, in the window, plausible or flagged.

It knows no database: whether a city, device or datastream exists is asked later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec

import ingest.decoders
from bypuls.clock import isoformat
from bypuls.errors import CatalogueError, DatabaseUnreachable, Refusal
from bypuls.observation import Quality
from bypuls.plugins import discover
from bypuls.properties import Aggregation, Properties
from bypuls.units import Units
from ingest.accepted import STATES, Accepted, Event, Read
from ingest.choice import Choice
from ingest.decoding import (
    SWAPPED_METER,
    Context,
    Decoded,
    Decoder,
    Frame,
    Message,
    Reading,
    Refused,
    Registered,
    SentEvent,
    Source,
)
from ingest.device_field import name_by_field
from ingest.frames import Frames
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.reasons import REASONS, refusal, shortened
from ingest.rules import Rules, judge
from ingest.sources import ANY
from ingest.timestamps import shifted
from ingest.topics import Named, is_device_name, named_by_topic

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Before this nothing is taken, from history either: made-up years do not fill the database with partitions."""

_GOOD = Quality.GOOD
_MOST_NAMES = 100_000


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


class Reader:
    """Reads the messages of one source. Keeps what it worked out, so there is one per source and process.

    Args:
        context: None: nothing is remembered from earlier messages but in this reader.
        registered: what the registry says of a device, by city and external id; None: what the context says.

    Raises:
        CatalogueError: the source names a format or a profile that there is not.
    """

    def __init__(
        self,
        source: Source,
        catalogue: Catalogue,
        context: Context | None = None,
        registered: Callable[[str, str], Registered | None] | None = None,
    ) -> None:
        self.source = source
        gone = [name for name in source.profiles or () if name not in catalogue.profiles]
        if gone:
            message = (
                f"source {source.name}: no profile {gone[0]}: set BYPULS_INGEST_PROFILES to the folder that holds "
                f"{gone[0]}.yaml, where ingest runs; 'bypuls source add' says which there are without it"
            )
            raise CatalogueError(message)
        context = context or Context(Memory(), catalogue.profiles, lambda _: None)
        context = replace(context, profiles=catalogue.profiles.only(source.profiles))
        if registered is not None:
            self._of_registry = registered
            context = replace(context, registered=self._registered)
        self._context = context
        self._city: str | None = source.city
        self._choice = Choice(source, catalogue.decoders, catalogue.profiles, context.registered)
        self._rules = Rules(source, catalogue.properties, catalogue.units, context.registered)
        self._names: set[str] = set()

    def read(self, message: Message) -> Read:
        """What one message holds. Never raises for what its bytes are.

        Raises:
            DatabaseUnreachable: the registry could not be asked.
        """
        source, read = self.source, Read()
        named = named_by_topic(message.topic, source)
        if named is None:
            read.city = source.city
        else:
            read.city, read.device = source.city or named.city, named.device
        self._city = read.city
        decoded = self._decode(message, read, named)
        if decoded is None:
            return read
        read.answers, read.frame = decoded.answers, decoded.frame
        own = None if named is None else named.device
        bound = not source.trusts_payload_device and own is not None
        if read.frame is not None and self._is_repeated(message, read.frame, own, bound=bound):
            read.ignored = "duplicate_frame"
            return read
        read.refusals = decoded.refusals
        if read.device is None and read.frame is not None:
            read.device = read.frame.device
        if decoded.readings:
            self._take(message, decoded.readings, read, own, bound=bound)
            if read.device is None:
                read.device = decoded.readings[0].device or None
        if decoded.events:
            self._take_events(message, decoded.events, read, own, bound=bound)
        if read.events:
            read.ignored = None
        elif not (read.accepted or read.refusals or read.ignored):
            read.ignored = decoded.ignored or ("no_values" if message.payload else "empty")
        return read

    def _is_repeated(self, message: Message, frame: Frame, own: str | None, *, bound: bool) -> bool:
        if message.retained or message.replayed:
            return False
        try:
            self._owner(frame.device, own, bound=bound)
        except Refusal:  # who names another device does not count its frames
            return False
        return Frames.judge(self._context.memory, frame).duplicate

    def _registered(self, device: str) -> Registered | None:
        return None if self._city is None else self._of_registry(self._city, device)

    def _decode(self, message: Message, read: Read, named: Named | None) -> Decoded | None:
        try:
            if message.payload:
                self._admit(message, read, named)
                decoder = self._choice.decoder(message, self._context)
            else:
                taken_back = self._choice.of_empty(message)
                if taken_back is None:
                    read.ignored = "empty"
                    return None
                decoder = taken_back
            read.decoder = decoder.name
            decoded = decoder.decode(message, self.source, self._context)
            if self.source.device_field is not None:
                read.device = name_by_field(decoded, message.payload, self.source.device_field) or read.device
        except Refusal as refused:
            read.refusals.append(refused)
        except DatabaseUnreachable:
            raise
        except Exception as error:  # noqa: BLE001 - one bad message stops nothing, not even by a fault of ours
            read.refusals.append(refusal("decoder_failed", f"{type(error).__name__}: {shortened(str(error), 200)}"))
        else:
            return decoded
        return None

    def _admit(self, message: Message, read: Read, named: Named | None) -> None:
        source, size = self.source, len(message.payload)
        if size > source.max_payload_bytes:
            raise refusal("too_large", f"{size} bytes; {source.max_payload_bytes} are allowed")
        if named is None and source.identity is not None:
            raise refusal("topic_not_ours", f"{shortened(message.topic)} is not {source.identity}")
        if read.city is None and source.name != ANY.name:
            raise refusal("topic_not_ours", f"{shortened(message.topic)} is not bypuls/v1/<city>/<device>/…")

    def _take(self, message: Message, readings: list[Reading], read: Read, own: str | None, *, bound: bool) -> None:
        rules, accepted, arrival = self._rules.shared, read.accepted, message.received_at
        if arrival.tzinfo is not UTC:
            arrival = arrival.astimezone(UTC)
        # What the readings of a message have in common is looked at once.
        checked: datetime | None = None
        named: str | None = None
        device = ""
        for reading in readings:
            try:
                if reading.device != named or not device:
                    named, device = None, self._owner(reading.device, own, bound=bound)
                    named = reading.device
                rule = rules.get((reading.quantity, reading.unit)) or self._rules.of(reading, device)
                time = reading.time
                if time is not checked or time is None:
                    time = self._window(message, reading, arrival)
                    checked = reading.time
                name, channel, unit, factor, offset, low, high, diagnostic, observed, converted = rule
                value = reading.value * factor + offset
                flag = _GOOD if low <= value <= high else judge(observed, reading, value)
                accepted.append(
                    Accepted(
                        device,
                        name,
                        reading.channel or channel,
                        value,
                        unit,
                        time,
                        flag,
                        diagnostic,
                        reading,
                        converted,
                    )
                )
            except _Ignored:
                continue
            except Refusal as refused:
                kept = reading if reading.device else msgspec.structs.replace(reading, device=own or "")
                read.refusals.append(Refused(refused.code, refused.detail, hint=_hint(refused), reading=kept))
        if not accepted and not read.refusals:
            read.ignored = "retained_without_time"
        if len({entry.property for entry in accepted}) < len(accepted):
            _one_value_each(read)

    def _owner(self, device: str | None, own: str | None, *, bound: bool) -> str:
        """Whose the reading or event is. Where the topic names the device, as access rules enforce it, it is that.

        Raises:
            Refusal: `device_missing`, `device_mismatch` or `bad_name`.
        """
        if device and (device == own or not bound) and device in self._names:
            return device
        if not device:
            if own is None:
                raise refusal("device_missing", "neither the topic nor the message names the device")
            return own
        if bound and own is not None and device != own:
            if device.casefold() == own.casefold():
                return own
            # A lane, a chip or a probe of the device is its own affair.
            if not device.startswith(f"{own}/"):
                detail = f"the message says {shortened(device)}, its topic {shortened(own)}"
                raise refusal("device_mismatch", detail)
        if not is_device_name(device):
            raise refusal("bad_name", f"{shortened(device)} is no name of a device")
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        self._names.add(device)
        return device

    def _take_events(
        self, message: Message, events: list[SentEvent], read: Read, own: str | None, *, bound: bool
    ) -> None:
        for event in events:
            if message.retained and event.time is None and event.kind not in STATES:
                continue  # it is read again at each connect; a state is taken where it changes
            try:
                device = self._owner(event.device, own, bound=bound)
                time = self._bounded(event.time or message.received_at, message.received_at.astimezone(UTC))
                name, channel, detail = "", "", event.detail
                if event.kind == SWAPPED_METER:
                    name, channel, detail = self._swapped(event, device)
                read.events.append(Event(device, event.kind, time, name, channel, detail))
                if read.device is None:
                    read.device = device
            except Refusal as refused:
                read.refusals.append(Refusal(refused.code, refused.detail, hint=_hint(refused), field=refused.field))

    def _swapped(self, event: SentEvent, device: str) -> tuple[str, str, dict[str, str | float | bool]]:
        """Register, channel and what the event says, in the register's unit.

        Raises:
            Refusal: no such register, an unknown unit, or a number that cannot be.
        """
        closing, opening = event.closing or 0.0, event.opening or 0.0
        reading = Reading(device, "property", event.quantity, event.channel, closing, event.unit, None)
        rule = self._rules.shared.get((reading.quantity, reading.unit)) or self._rules.of(reading, device)
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


class _Ignored(Exception):
    """This reading rightly leaves nothing behind."""


def read(message: Message, source: Source, catalogue: Catalogue) -> Read:
    """What one message of a source holds; a process that reads many keeps a `Reader` per source."""
    return Reader(source, catalogue).read(message)


def _one_value_each(read: Read) -> None:
    """Of two values of one series and time in one message neither overwrites the other: the second is refused."""
    taken: dict[tuple[str, str, str, datetime], float] = {}
    kept = []
    for entry in read.accepted:
        key = (entry.device, entry.property, entry.channel, entry.time)
        if taken.setdefault(key, entry.value) == entry.value:
            kept.append(entry)
            continue
        detail = f"{entry.property} {entry.channel} is {taken[key]:g} and {entry.value:g} at {isoformat(entry.time)}"
        refused = refusal("two_values", detail)
        read.refusals.append(Refused(refused.code, refused.detail, hint=_hint(refused), reading=entry.reading))
    read.accepted = kept


def _hint(refused: Refusal) -> str:
    return refused.hint or REASONS[refused.code].hint


def _span(span: timedelta) -> str:
    if span.days > 0:
        return f"{span.days} d"
    return f"{span.seconds // 3600} h" if span.seconds >= 3600 else f"{span.seconds} s"  # noqa: PLR2004
