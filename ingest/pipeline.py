"""From messages to a batch that can be written: read, find the datastream, judge the quality, or refuse with a reason.

It talks to the registry only; it acknowledges nothing and writes no observation.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypuls.clock import isoformat
from bypuls.errors import Refusal
from ingest.decoding import Message, Source
from ingest.quality import Judged
from ingest.registry import Datastream, Key, Registry
from ingest.topics import errors, own_topic
from ingest.validation import Accepted, Read
from ingest.writer import Batch, Flag, Happened, Post, Quarantined, Row

_ERRORS_EVERY_SECONDS = 10.0
_REMEMBERED = 20
_REMEMBERED_BYTES = 4096
_MOST_DEVICES = 100_000  # bounded memory, whoever makes up device names


@dataclass(slots=True)
class Outcome:
    """What became of one message, for the device's list of recent messages."""

    received_at: datetime
    topic: str
    payload: bytes
    decoder: str | None
    stored: int
    refused: list[dict[str, Any]]


@dataclass(slots=True)
class Seen:
    """What the registry should hear of now and then: who spoke, and up to when there is data."""

    devices: dict[int, datetime] = field(default_factory=dict)
    streams: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    recent: dict[int, deque[Outcome]] = field(default_factory=dict)


@dataclass(slots=True)
class Prepared:
    """A batch, and per message how many readings it gave, what was refused, and whether it stated no time."""

    batch: Batch
    stored: list[int]
    refused: list[list[Refusal]]
    timeless: list[int] = field(default_factory=list)


class Pipeline:
    """Prepares batches; remembers quality control's state and what was seen."""

    def __init__(self, registry: Registry, read: Callable[[Message, Source], Read]) -> None:
        self._registry = registry
        self._read = read
        self._errors_sent: dict[tuple[str, str], float] = {}
        self.seen = Seen()
        self.registry_changed = False

    def start_again(self) -> None:
        """Forget what a transaction that was rolled back made us believe."""
        self._registry.forget()

    def prepare(self, messages: Sequence[tuple[Message, Source]]) -> Prepared:
        """Read the messages, in their order. Never raises for what a message holds."""
        if self.registry_changed:  # only here: within a batch the picture stays one picture
            self.registry_changed = False
            self._registry.forget()
        reads = [self._read(message, source) for message, source in messages]
        found = self._resolve(messages, reads)
        prepared = Prepared(Batch(), [0] * len(reads), [list(read.refusals) for read in reads])
        places: dict[tuple[int, datetime], int] = {}
        for n, ((message, source), read) in enumerate(zip(messages, reads, strict=True)):
            if read.accepted:
                self._take(n, message, source, read, found, prepared, places)
            if read.events:
                self._take_events(n, message, source, read, prepared)
            if prepared.refused[n]:
                self._refuse(n, message, source, read, prepared)
            elif read.accepted:
                prepared.batch.hashes[n] = digest(message).hex()
            self._remember(n, message, read, prepared)
        return prepared

    def _resolve(
        self, messages: Sequence[tuple[Message, Source]], reads: Sequence[Read]
    ) -> dict[Key, Datastream | Refusal]:
        """Every key of the batch at once; sources differ in how they take strangers, so one look-up per source."""
        found: dict[Key, Datastream | Refusal] = {}
        wanted: dict[str, tuple[Source, dict[Key, None]]] = {}
        for (_, source), read in zip(messages, reads, strict=True):
            if read.accepted:
                keys = wanted.setdefault(source.name, (source, {}))[1]
                for accepted in read.accepted:
                    keys[_key(read, accepted)] = None
        for source, keys in wanted.values():
            found.update(self._registry.resolve(keys, source))
        return found

    def _take(
        self,
        n: int,
        message: Message,
        source: Source,
        read: Read,
        found: dict[Key, Datastream | Refusal],
        prepared: Prepared,
        places: dict[tuple[int, datetime], int],
    ) -> None:
        rows, seen, timeless = prepared.batch.rows, self.seen, False
        for accepted in read.accepted:
            stream = found[_key(read, accepted)]
            if isinstance(stream, Refusal):
                prepared.refused[n].append(_of_field(stream, accepted))
                continue
            time = accepted.time if stream.shift is None else accepted.time + stream.shift
            flag, judged = stream.quality.push(time, accepted.value, accepted.flag)
            if judged is not None:
                _judge_later(n, stream, judged, prepared.batch, places)
            places[stream.id, time] = len(rows)
            rows.append(Row(stream.id, time, accepted.value, int(flag), int(source.rank), message.received_at, n))
            prepared.stored[n] += 1
            timeless = timeless or accepted.reading.time is None
            seen.devices[stream.device] = message.received_at
            first, last = seen.streams.get(stream.id, (time, time))
            seen.streams[stream.id] = (min(first, time), max(last, time))
        if timeless:
            prepared.timeless.append(n)

    def _take_events(self, n: int, message: Message, source: Source, read: Read, prepared: Prepared) -> None:
        """Events are few: each is looked up by itself."""
        for event in read.events:
            key = Key(read.city or "", event.device, event.property, event.channel)
            device = self._registry.resolve_devices([key], source)[key]
            if isinstance(device, Refusal):
                prepared.refused[n].append(device)
                continue
            prepared.batch.events.append(
                Happened(device, event.time, event.kind, event.property, event.channel, event.detail, n)
            )
            prepared.stored[n] += 1
            self.seen.devices[device] = message.received_at

    def _refuse(self, n: int, message: Message, source: Source, read: Read, prepared: Prepared) -> None:
        refusals = [
            {"code": refusal.code, "detail": clean(refusal.detail), "hint": refusal.hint, "field": clean(refusal.field)}
            for refusal in prepared.refused[n]
        ]
        payload_hash = digest(message)
        prepared.batch.hashes[n] = payload_hash.hex()
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
        device = self._registry.device_id(read.city, read.device)
        if device is None:
            return
        refused = [
            {"code": r.code, "detail": clean(r.detail), "field": clean(r.field)} for r in prepared.refused[n][:20]
        ]
        outcome = Outcome(
            message.received_at,
            clean(message.topic) or "",
            message.payload[:_REMEMBERED_BYTES],
            read.decoder,
            prepared.stored[n],
            refused,
        )
        recent = self.seen.recent.get(device)
        if recent is None:
            recent = self.seen.recent[device] = deque(maxlen=_REMEMBERED)
        recent.append(outcome)


def _key(read: Read, accepted: Accepted) -> Key:
    return Key(read.city or "", accepted.device, accepted.property, accepted.channel)


def _judge_later(
    n: int, stream: Datastream, judged: Judged, batch: Batch, places: dict[tuple[int, datetime], int]
) -> None:
    """The value before this one gets its final flag: in the batch if it is still there, else in the database."""
    place = places.get((stream.id, judged.time))
    if place is None:
        batch.flags.append(Flag(stream.id, judged.time, judged.value, int(judged.flag), n))
    else:
        batch.rows[place] = batch.rows[place]._replace(flag=int(judged.flag))


def _of_field(refusal: Refusal, accepted: Accepted) -> Refusal:
    return Refusal(refusal.code, refusal.detail, hint=refusal.hint, field=accepted.reading.field)


def digest(message: Message) -> bytes:
    """What makes two messages the same: topic and payload (sha256)."""
    return hashlib.sha256(message.topic.encode("utf-8", "surrogatepass") + b"\0" + message.payload).digest()


def clean(text: str | None) -> str | None:
    """Text that PostgreSQL can keep: no NUL, no lone surrogates, of a length a person reads."""
    if text is None:
        return None
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:1000]
