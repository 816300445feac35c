"""Sparkplug B 3.0 (`spBv1.0/<group>/<type>/<edge node>[/<device>]`): births, aliases, deaths, lost messages.

Protobuf payloads of edge nodes (SCADA gateways, PLCs, Ignition). Only a birth (`NBIRTH`, `DBIRTH`) names its metrics
in full; the data that follow (`NDATA`, `DDATA`) may carry an alias and a number and nothing else. What births said is
remembered per edge node, so messages must come in order: no shared subscription on these topics.

- **Device**: `<group>/<edge node>` and `<group>/<edge node>/<device>`.
- **Property and channel**: the metric's name. The longest run of words at its end that the catalogue knows is the
  property (`Energy/Active Import`), the rest of the name the channel. `bdSeq`, `Node Control/…`, `Device Control/…`
  and `Properties/…` are no measurements. Members of template instances (UDTs) are metrics `<instance>/<member>`.
- **Unit**: the property `engUnit` of the metric, in the birth or with the value (a convention of Ignition). The
  specification has none: otherwise the source's `units`.
- **Value**: integers are read with the birth's type, which alone tells negative numbers. Null, text, Boolean, time,
  bytes and files are no readings; data sets and arrays of numbers are refused (`wrong_type`).
- **Time**: the metric's, else the payload's; historical values keep theirs.
- **Lost messages**: after a gap in `seq`, an unknown alias, or data without a birth, the node is asked for a new birth
  (`NCMD` with `Node Control/Rebirth`), at most once a minute. Readings beside a gap are kept.
- **State**: births are *online* events, `DDEATH` and `NDEATH` *offline*. A node's death (its will) takes its devices
  with it; one whose `bdSeq` is not the last birth's is an old one and ignored. `STATE` and commands are ignored.

**Set it up.** A source with `format: sparkplug_b`, `topic_filter: spBv1.0/<group>/#` and no `share`; the broker must
let ingest publish on `spBv1.0/<group>/NCMD/#`. Births need not be waited for: the first message of an unknown node
asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.decoding import Answer, Context, Decoded, Decoder, Message, Reading, Refused, SentEvent, Source
from ingest.reasons import REASONS, refusal, shortened
from ingest.sparkplug import Metric, Payload, number_of, parse, rebirth_request
from ingest.strict_json import bad_name, printable
from ingest.timestamps import read_time
from ingest.topics import is_device_name, topic_device
from ingest.words import said

_NAMESPACE = "spBv1.0/"
_OF_NODES = frozenset({"NBIRTH", "NDATA", "NDEATH", "NCMD"})
_OF_DEVICES = frozenset({"DBIRTH", "DDATA", "DDEATH", "DCMD"})
_NOT_MEASURED = ("node control/", "device control/", "properties/", "node info/", "device info/")
_REBIRTH_EVERY_SECONDS = 60.0
_MOST_DEVICES = 500
_NODE_LEVELS = 4
_TOLD = 100  # of metrics that are refused: one by one


class _Place(NamedTuple):
    """What the topic says."""

    group: str
    kind: str
    node: str
    device: str

    @property
    def key(self) -> str:
        return f"sparkplug/{self.group}/{self.node}"

    def name_of(self, device: str) -> str:
        return f"{self.group}/{self.node}/{device}" if device else f"{self.group}/{self.node}"


def recognises(message: Message) -> bool:
    """By the topic alone."""
    topic = message.topic
    return topic.startswith(_NAMESPACE) or (
        topic.startswith("STATE/") and message.payload[:6] in {b"ONLINE", b"OFFLIN"}
    )


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """Readings and events of one message; what a birth says is remembered.

    Raises:
        Refusal: of the whole message.
    """
    place = _place(message.topic)
    if place is None:
        return Decoded(ignored="not_measured")
    if place.kind.endswith("CMD"):
        return Decoded(ignored="command")
    payload = parse(message.payload, source.max_readings)
    # What is read again from quarantine is of the past: it changes nothing that is known of the node.
    return _Session(message, source, context, place, passing=message.replayed).take(payload)


@lru_cache(maxsize=16_384)
def _place(topic: str) -> _Place | None:
    """Of a topic; None for a host's STATE.

    Raises:
        Refusal: `topic_not_ours` or `bad_name`.
    """
    levels = topic.split("/")
    if "STATE" in levels[:2]:
        return None
    kind = levels[2] if len(levels) >= _NODE_LEVELS else ""
    wanted = _NODE_LEVELS if kind in _OF_NODES else _NODE_LEVELS + 1 if kind in _OF_DEVICES else 0
    if len(levels) != wanted or levels[0] != "spBv1.0":
        raise refusal(
            "topic_not_ours",
            f"{shortened(topic)} is no topic of Sparkplug B",
            hint="publish to spBv1.0/<group>/<message type>/<edge node>[/<device>]",
        )
    place = _Place(levels[1], kind, levels[3], levels[4] if len(levels) > _NODE_LEVELS else "")
    if not (place.group and place.node and is_device_name(place.name_of(place.device))):
        raise bad_name(place.name_of(place.device))
    return place


class _Session:
    """One message, and what is known of its edge node."""

    def __init__(self, message: Message, source: Source, context: Context, place: _Place, *, passing: bool) -> None:
        self._message, self._memory, self._place, self._passing = message, context.memory, place, passing
        self._device = topic_device(message, source) or place.name_of(place.device)
        self._node: Mapping[str, Any] = self._memory.get(place.key) or {}
        self._births = f"{place.key}/births/{place.device}"
        self._decoded = Decoded()
        self._ask = False
        self._untold = 0
        self._milliseconds: int | None = None  # the last time that was worked out: most payloads have one
        self._time: datetime | None = None

    def take(self, payload: Payload) -> Decoded:
        kind = self._place.kind
        if kind == "NDEATH":
            return self._node_death(payload)
        if kind == "NBIRTH":
            self._node_birth(payload)
        else:
            self._follow(payload.seq)
        if kind == "DDEATH":
            self._event("offline", payload)
            self._device_death()
        else:
            birth = self._birth(payload) if kind.endswith("BIRTH") else self._memory.get(self._births)
            if birth is None:
                self._ask = True
            for metric in payload.metrics:
                self._metric(metric, payload, birth or {})
        if self._untold:
            self._decoded.refusals.append(refusal("too_large", f"{self._untold} further metrics are refused"))
        if self._ask:
            self._request()
        if not (self._decoded.readings or self._decoded.events or self._decoded.refusals):
            self._decoded.ignored = "no_values"
        return self._decoded

    def _note(self, **changed: Any) -> None:
        if not self._passing:
            self._node = {**self._node, **changed}
            self._memory.put(self._place.key, self._node)

    def _follow(self, seq: int | None) -> None:
        """Count; a message that was lost may have been a birth. The same number again is a message that came twice."""
        if seq is None or self._passing:
            return
        last = self._node.get("seq")
        if last is not None and seq not in {last, last + 1 & 0xFF}:
            self._ask = True
        self._note(seq=seq & 0xFF)

    def _node_birth(self, payload: Payload) -> None:
        """A session begins: what was known of the node and its devices is over."""
        if self._passing:
            return
        for device in self._node.get("devices", ()):
            self._memory.forget(f"{self._place.key}/births/{device}")
        self._note(seq=(payload.seq or 0) & 0xFF, bd=_death_number(payload), devices=[])

    def _birth(self, payload: Payload) -> Mapping[str, Any]:
        """Remember names, types and units."""
        names: dict[str, list[Any]] = {}
        aliases: dict[str, str] = {}
        for metric in payload.metrics:
            if metric.name and metric.name.isprintable():
                names[metric.name] = [metric.datatype, metric.unit]
                if metric.alias is not None:
                    aliases[str(metric.alias)] = metric.name
        birth = {"names": names, "aliases": aliases}
        if not self._passing:
            self._memory.put(self._births, birth)
            devices = self._node.get("devices", ())
            if self._place.device and self._place.device not in devices:
                self._note(devices=[*devices, self._place.device][-_MOST_DEVICES:])
            self._event("online", payload)
        return birth

    def _device_death(self) -> None:
        if not self._passing:
            self._memory.forget(self._births)
            devices = [device for device in self._node.get("devices", ()) if device != self._place.device]
            self._note(devices=devices)

    def _node_death(self, payload: Payload) -> Decoded:
        """The will: written when the node connected, so neither its time nor a number of sequence mean anything."""
        born, died = self._node.get("bd"), _death_number(payload)
        if born is not None and died is not None and born != died:
            return Decoded(ignored="old_death")
        devices = self._node.get("devices", ())
        for device in ("", *devices):
            self._decoded.events.append(SentEvent(self._place.name_of(device), "offline", None))
            if not self._passing:
                self._memory.forget(f"{self._place.key}/births/{device}")
        self._note(seq=None, devices=[])
        return self._decoded

    def _event(self, kind: str, payload: Payload) -> None:
        try:
            time = None if payload.timestamp is None else read_time(payload.timestamp)
        except Refusal:
            time = None
        self._decoded.events.append(SentEvent(self._device, kind, time))

    def _metric(self, metric: Metric, payload: Payload, birth: Mapping[str, Any]) -> None:
        try:
            self._read(metric, payload, birth)
        except Refusal as refused:
            self._ask = self._ask or refused.code in {"birth_missing", "unknown_alias"}
            if len(self._decoded.refusals) < _TOLD:
                self._decoded.refusals.append(refused)
            else:
                self._untold += 1

    def _read(self, metric: Metric, payload: Payload, birth: Mapping[str, Any]) -> None:
        name = metric.name or (None if metric.alias is None else birth.get("aliases", {}).get(str(metric.alias)))
        field = metric.name or f"alias {metric.alias}"
        if name is None:
            raise refusal("unknown_alias", f"{field} was not named by a birth that is known", field=field)
        if name == "bdSeq" or name.casefold().startswith(_NOT_MEASURED):
            return
        datatype, unit = birth.get("names", {}).get(name, (None, None))
        value = number_of(metric, metric.datatype or datatype, name)
        if value is None:
            return
        if not name.isprintable():
            raise bad_name(name, field)
        word = said(name, self._place.device or self._place.node)
        milliseconds = metric.timestamp or payload.timestamp
        if milliseconds is not None and milliseconds != self._milliseconds:
            self._time_of(milliseconds, Reading(self._device, field, word.quantity, word.channel, value, unit, None))
        time = None if milliseconds is None else self._time
        self._decoded.readings.append(
            Reading(self._device, field, word.quantity, word.channel, value, metric.unit or unit, time)
        )

    def _time_of(self, milliseconds: int, reading: Reading) -> None:
        """Work out a time.

        Raises:
            Refused: it is none; the value is kept.
        """
        try:
            self._time = read_time(milliseconds, field=printable(reading.field))
        except Refusal as refused:
            hint = refused.hint or REASONS[refused.code].hint
            raise Refused(refused.code, refused.detail, hint=hint, reading=reading) from None
        self._milliseconds = milliseconds

    def _request(self) -> None:
        """Ask for a birth, not more often than once a minute: a node answers with everything it has."""
        now = self._message.received_at.timestamp()
        asked = self._node.get("asked")
        if self._passing or (asked and 0 <= now - asked < _REBIRTH_EVERY_SECONDS):
            return
        self._note(asked=now)
        topic = f"{_NAMESPACE}{self._place.group}/NCMD/{self._place.node}"
        self._decoded.answers.append(Answer(topic, rebirth_request(int(now * 1000))))


def _death_number(payload: Payload) -> int | None:
    """bdSeq: ties a will to the birth of the same session."""
    for metric in payload.metrics:
        if metric.name == "bdSeq" and metric.value is not None and isinstance(metric.value[1], int):
            return metric.value[1]
    return None


DECODER = Decoder("sparkplug_b", recognises, decode)
