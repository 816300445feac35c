"""From messages to a batch that can be written: read, find the datastream, judge the quality, or refuse with a reason.

It talks to the registry only; it acknowledges nothing and writes no observation.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bypuls.clock import isoformat
from bypuls.errors import Refusal
from ingest.accepted import STATES, Accepted, Event, Read
from ingest.clocks import WRONG, in_words
from ingest.decoding import Message, Reading, Refused, Source
from ingest.digests import Hashes, digest
from ingest.memories import Memories
from ingest.quality import Judged
from ingest.reasons import refusal, shortened
from ingest.registry import Datastream, Key, Registry
from ingest.rules import Converted
from ingest.seen import Outcome, Seen
from ingest.topics import errors, own_topic
from ingest.writer import Batch, Conversion, Flag, Happened, Post, Quarantined, Row

_LOG = logging.getLogger(__name__)
_SAYS_ITSELF = "device_event"  # our own events are meant as they are said
_OF_CLOCKS = frozenset({"time_in_future", "time_in_past"})
_ERRORS_EVERY_SECONDS = 10.0
_REMEMBERED = 20
_REMEMBERED_BYTES = 4096
_LONGEST_TEXT = 1000
_MOST_DEVICES = 100_000  # bounded memory, whoever makes up device names


@dataclass(slots=True)
class Prepared:
    """A batch, and per message how many readings it gave, what was refused, and whether it stated no time."""

    batch: Batch
    stored: list[int]
    refused: list[list[Refusal]]
    timeless: list[int] = field(default_factory=list)


class Pipeline:
    """Prepares batches; remembers quality control's state and what was seen.

    Args:
        memories: what decoding remembers; None: what it notes is not kept.
    """

    def __init__(
        self, registry: Registry, read: Callable[[Message, Source], Read], memories: Memories | None = None
    ) -> None:
        self._registry = registry
        self._read = read
        self._memories = memories or Memories()
        self._errors_sent: dict[tuple[str, str], float] = {}
        self._contradicted: set[int] = set()
        self._conversions: dict[tuple[int, Converted | None], datetime] = {}
        self.seen = Seen()
        self.registry_changed = False

    def start_again(self) -> None:
        """Forget what a transaction that was rolled back made us believe."""
        self._registry.forget()
        self._conversions.clear()

    def prepare(self, messages: Sequence[tuple[Message, Source]]) -> Prepared:
        """Read the messages, in their order. Never raises for what a message holds."""
        if self.registry_changed:  # only here: within a batch the picture stays one picture
            self.registry_changed = False
            self._registry.forget()
        reads, batch = [], Batch(hashes=Hashes(messages))
        for n, (message, source) in enumerate(messages):
            reads.append(self._read(message, source))
            batch.notes += self._memories.noted(source.name, n)
        streams = self._resolve(messages, reads)
        prepared = Prepared(batch, [0] * len(reads), [list(read.refusals) for read in reads])
        places = _Places(batch.rows)
        for n, ((message, source), read) in enumerate(zip(messages, reads, strict=True)):
            if read.accepted:
                self._take(n, message, source, read, streams[n], prepared, places)
            if read.events:
                self._take_events(n, message, source, read, prepared)
            if read.answers:
                self._answer(n, source, read, prepared.batch)
            if prepared.refused[n]:
                self._refuse(n, message, source, read, prepared)
            self._hear_clock(message, source, read, streams[n])
            self._remember(n, message, read, prepared)
        self.seen.reach(batch.rows)
        return prepared

    def _resolve(
        self, messages: Sequence[tuple[Message, Source]], reads: Sequence[Read]
    ) -> Sequence[Sequence[Datastream | Refusal]]:
        """Per message the datastreams of what it holds.

        If one is not known yet, all are asked for at once; sources differ in how they take strangers, so one look-up
        per source.
        """
        known = self._registry.known(reads)
        if known is not None:
            return known
        keys = [[_key(read, accepted) for accepted in read.accepted] for read in reads]
        wanted: dict[str, tuple[Source, dict[Key, float | None]]] = {}
        for (_, source), read, own in zip(messages, reads, keys, strict=True):
            intervals = wanted.setdefault(source.name, (source, {}))[1]
            for key, accepted in zip(own, read.accepted, strict=True):
                intervals[key] = accepted.reading.interval_seconds
        found: dict[Key, Datastream | Refusal] = {}
        for source, intervals in wanted.values():
            found.update(self._registry.resolve(intervals, source))
        return [[found[key] for key in own] for own in keys]

    def _take(
        self,
        n: int,
        message: Message,
        source: Source,
        read: Read,
        streams: Sequence[Datastream | Refusal],
        prepared: Prepared,
        places: _Places,
    ) -> None:
        rows, before, timeless = prepared.batch.rows, len(prepared.batch.rows), False
        arrival, rank, new, device = message.received_at, int(source.rank), tuple.__new__, None
        for accepted, stream in zip(read.accepted, streams, strict=True):
            if isinstance(stream, Refusal):
                prepared.refused[n].append(_of_field(stream, accepted))
                continue
            time = accepted.time
            if not stream.plain or accepted.converted is not None or accepted.reading.interval_seconds is not None:
                minded = self._time(n, stream, accepted, prepared)
                if minded is None:
                    continue
                time = minded
            flag, judged = stream.quality.push(time, accepted.value, accepted.flag)
            if judged is not None:
                _judge_later(n, stream, judged, prepared.batch, places)
            rows.append(new(Row, (stream.id, time, accepted.value, int(flag), rank, arrival, n)))
            if accepted.reading.time is None:
                timeless = True
            if stream.device != device:
                device = stream.device
                self.seen.devices[device] = arrival
        prepared.stored[n] += len(rows) - before
        if timeless:
            prepared.timeless.append(n)

    def _time(self, n: int, stream: Datastream, accepted: Accepted, prepared: Prepared) -> datetime | None:
        """Of which time a value is to be stored, where something is to be minded; None: it is refused."""
        time, seconds = accepted.time, accepted.reading.interval_seconds
        if seconds is None:
            if stream.shift is not None:
                time += stream.shift
        elif seconds != stream.interval:
            self._say_contradiction(stream, accepted, seconds)
        if stream.kept_from is not None and time < stream.kept_from:
            detail = f"{isoformat(time)} lies before {isoformat(stream.kept_from)}"
            prepared.refused[n].append(_of_field(refusal("raw_dropped", detail), accepted))
            return None
        if accepted.converted is not None or stream.converted:
            self._note_conversion(n, stream, accepted, time, prepared.batch)
        return time

    def _say_contradiction(self, stream: Datastream, accepted: Accepted, seconds: float) -> None:
        """The registry's interval holds; that a device says otherwise is worth a line."""
        if stream.id in self._contradicted or len(self._contradicted) >= _MOST_DEVICES:
            return
        self._contradicted.add(stream.id)
        held = "an instant" if stream.interval is None else f"{stream.interval:g} s"
        _LOG.warning(
            "datastream %d (%s of %s): messages say their values cover %g s, the registry says %s, which holds; "
            "a datastream keeps the interval it began with: where that is wrong, register the device under another id "
            "with readings.%s.interval",
            stream.id, accepted.property, shortened(accepted.device), seconds, held, accepted.property,
        )  # fmt: skip

    def _note_conversion(self, n: int, stream: Datastream, accepted: Accepted, time: datetime, batch: Batch) -> None:
        """What the stored values were sent as stays known: which factor holds from when on."""
        converted = accepted.converted
        stream.converted, stream.plain = True, False
        known = self._conversions.get((stream.id, converted))
        if known is not None and known <= time:
            return
        if len(self._conversions) >= _MOST_DEVICES:
            self._conversions.clear()
        for other in [key for key in self._conversions if key[0] == stream.id]:
            del self._conversions[other]
        self._conversions[stream.id, converted] = time
        if converted is None:
            entry = Conversion(stream.id, time, accepted.unit, 1.0, None, None, n)
        else:
            entry = Conversion(stream.id, time, converted.unit, converted.factor, *converted.conditions, n)
        batch.conversions.append(entry)

    def _answer(self, n: int, source: Source, read: Read, batch: Batch) -> None:
        """What a format wants sent back (a Sparkplug command is QoS 0 and not retained), once in a batch."""
        asked = {(post.source, post.topic, post.payload) for post in batch.posts}
        for answer in read.answers:
            if (source.name, answer.topic, answer.payload) not in asked:
                batch.posts.append(Post(source.name, answer.topic, answer.payload, n, qos=0))

    def _take_events(self, n: int, message: Message, source: Source, read: Read, prepared: Prepared) -> None:
        """Events are few: each is looked up by itself."""
        for event in read.events:
            key = Key(read.city or "", event.device, event.property, event.channel)
            device = self._registry.resolve_devices([key], source)[key]
            if isinstance(device, Refusal):
                prepared.refused[n].append(device)
                continue
            if event.kind in STATES and read.decoder != _SAYS_ITSELF and not self._is_news(device, event):
                continue
            prepared.batch.events.append(
                Happened(device, event.time, event.kind, event.property, event.channel, event.detail, n)
            )
            prepared.stored[n] += 1
            self.seen.devices[device] = message.received_at

    def _is_news(self, device: int, event: Event) -> bool:
        """Whether a last will or a birth changes the device's state; a retained one is read again at each connect."""
        state = self._registry.state(device)
        if state is not None and event.time < state[1]:
            return True  # of the past: nothing is said of now
        if state is not None and state[0] == event.kind:
            return False
        self._registry.now_in_state(device, event.kind, event.time)
        return True

    def _hear_clock(
        self, message: Message, source: Source, read: Read, streams: Sequence[Datastream | Refusal]
    ) -> None:
        """How late a live message is by its own time; one that waited, or comes of an archive, tells nothing."""
        if message.retained or message.queued or message.replayed or source.past is None or read.city is None:
            return
        newest, device, seen = None, None, None
        for accepted, stream in zip(read.accepted, streams, strict=True):
            time = accepted.reading.time
            if time is None or time is seen or accepted.device != (device or accepted.device):
                continue  # most messages have one time and one device
            seen, device = time, accepted.device
            newest = _later(newest, accepted.reading, None if isinstance(stream, Refusal) else stream.span)
        for refused in read.refusals:
            if isinstance(refused, Refused) and refused.code in _OF_CLOCKS:
                device = device or refused.reading.device
                newest = _later(newest, refused.reading, None)
        if newest is not None and device is not None:
            self.seen.clocks.heard((read.city, device), (message.received_at - newest).total_seconds())

    def _refuse(self, n: int, message: Message, source: Source, read: Read, prepared: Prepared) -> None:
        refusals = [
            {
                "code": refusal.code,
                "detail": clean(refusal.detail),
                "hint": self._hint(refusal, read),
                "field": clean(refusal.field),
            }
            for refusal in prepared.refused[n]
        ]
        payload_hash = digest(message)
        city = read.city if read.city is not None and self._registry.knows_city(read.city) else None
        device = clean(read.device)
        prepared.batch.quarantined.append(
            Quarantined(
                message.received_at,
                city,
                source.name,
                clean(message.topic) or "",
                message.payload,
                payload_hash,
                refusals,
                prepared.stored[n],
                device,
                read.decoder,
                n,
            )
        )
        if city is not None and device is not None:
            post = self._errors_topic(message, source, city, device, refusals, n)
            if post is not None:
                prepared.batch.posts.append(post)

    def _hint(self, refused: Refusal, read: Read) -> str | None:
        """With what is known of the device's clock, where a time cannot be."""
        if refused.code in _OF_CLOCKS and read.city is not None and isinstance(refused, Refused):
            seconds = self.seen.clocks.offset((read.city, refused.reading.device))
            if seconds is not None and abs(seconds) > WRONG:
                return f"the device's clock is {in_words(seconds)} (median of its last messages): set it"
        return refused.hint

    def _errors_topic(
        self, message: Message, source: Source, city: str, device: str, refusals: list[dict[str, Any]], n: int
    ) -> Post | None:
        """What was refused, told to the device on its own topic: not more often than a person can read.

        Only for our own topics: a foreign broker may end our session for publishing there.
        """
        own = own_topic(message.topic)
        if own is None or any(character in device for character in "+#/"):
            return None
        now = message.received_at.timestamp()
        key = (f"{city}/{device}", refusals[0]["code"])
        if now - self._errors_sent.get(key, 0.0) < _ERRORS_EVERY_SECONDS:
            return None
        if len(self._errors_sent) > _MOST_DEVICES:
            self._errors_sent.clear()
        self._errors_sent[key] = now
        text = {"time": isoformat(message.received_at), "topic": message.topic, "refused": refusals[:_REMEMBERED]}
        return Post(source.name, errors(city, device), json.dumps(text, ensure_ascii=False).encode(), n)

    def _remember(self, n: int, message: Message, read: Read, prepared: Prepared) -> None:
        if read.city is None or read.device is None:
            return
        if read.frame is not None and read.frame.eui:
            self.seen.euis[read.city, read.device] = read.frame.eui
        device = self._registry.device_id(read.city, read.device)
        if device is None:
            return
        outcome = Outcome(
            message.received_at,
            message.topic,
            message.payload[:_REMEMBERED_BYTES],
            read.decoder,
            prepared.stored[n],
            prepared.refused[n][:_REMEMBERED],
        )
        recent = self.seen.recent.get(device)
        if recent is None:
            recent = self.seen.recent[device] = deque(maxlen=_REMEMBERED)
        recent.append(outcome)


def _key(read: Read, accepted: Accepted) -> Key:
    return Key(read.city or "", accepted.device, accepted.property, accepted.channel)


def _later(newest: datetime | None, reading: Reading, span: timedelta | None) -> datetime | None:
    """The later of the two; an interval's value, stamped at its start, cannot come before its end."""
    time = reading.time
    if time is None:
        return newest
    if reading.interval_seconds is not None:
        time += timedelta(seconds=reading.interval_seconds)
    elif span is not None:
        time += span
    return time if newest is None or time > newest else newest


def _judge_later(n: int, stream: Datastream, judged: Judged, batch: Batch, places: _Places) -> None:
    """The value before this one gets its final flag: in the batch if it is still there, else in the database."""
    place = places.of(stream.id, judged.time)
    if place is None:
        batch.flags.append(Flag(stream.id, judged.time, judged.value, int(judged.flag), n))
    else:
        batch.rows[place] = batch.rows[place]._replace(flag=int(judged.flag))


def _of_field(refusal: Refusal, accepted: Accepted) -> Refusal:
    return Refusal(refusal.code, refusal.detail, hint=refusal.hint, field=accepted.reading.field)


class _Places:
    """Where in a batch each datastream's value of a time is; looked through only where one is asked for."""

    __slots__ = ("_known", "_places", "_rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows, self._known = rows, 0
        self._places: dict[tuple[int, datetime], int] = {}

    def of(self, datastream: int, time: datetime) -> int | None:
        rows, places = self._rows, self._places
        for place in range(self._known, len(rows)):
            row = rows[place]
            places[row.datastream, row.time] = place
        self._known = len(rows)
        return places.get((datastream, time))


def clean(text: str | None) -> str | None:
    """Text that PostgreSQL can keep: no NUL, no lone surrogates, of a length a person reads."""
    if text is None or (len(text) <= _LONGEST_TEXT and text.isprintable()):
        return text
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:_LONGEST_TEXT]
