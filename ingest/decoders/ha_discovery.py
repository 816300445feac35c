"""Home Assistant discovery (`homeassistant/<component>/[<node>/]<object>/config`) and the states it describes.

ESPHome, Tasmota, Zigbee2MQTT, dsmr-reader, AMS readers and most firmware for the home publish, retained, a
configuration per entity: whose it is, in which unit, where its state is published. It is remembered, and state topics
of any shape are then read by it. An empty configuration takes it back.

- **Device**: the first of the device's `identifiers`, else its `connections`, its name, the node of the topic.
- **Property and channel**: the words of the value's path, of the state topic's entity, `object_id` and name, as far as
  they agree with the `device_class`; else the `device_class`, with the entity as the channel.
- **Unit**: `unit_of_measurement`.
- **Value**: the payload, or where `value_template` points to. Templates are never evaluated: `{{ value }}` and paths
  such as `{{ value_json.a['b'] }}` are read, with the filters `float`, `int`, `round` and `default` left out; a number
  behind any other template is refused (`template_unsupported`).
- **Time**: arrival; states that were retained are ignored.
- **Events**: `online` and `offline` on the availability topics.
- Abbreviated keys (`stat_t`, `dev_cla`, `unit_of_meas` …), the base topic `~` and configurations of a whole device
  (`components`) are understood.
- A state topic without its configuration: a bare number; its words say what it measured, and nobody its unit.

**Set it up.** One source whose filter covers configurations and states, without `share`: `topic_filter: "#"` on a
broker of the devices' own, or a common prefix where they let one set it (ESPHome: `discovery_prefix`,
`topic_prefix`). With `format: ha_discovery` alone everything below the filter is read so; of `formats: [ha_discovery,
profile]` the second reads what no configuration named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, SentEvent, Source
from ingest.discovery import Config, Entity, config_of, device_of, entities, object_of
from ingest.reasons import refusal, shortened
from ingest.strict_json import number, parse, printable
from ingest.topics import is_device_name, topic_device
from ingest.words import said

_NO_STATE = frozenset({"", "unavailable", "unknown", "none", "null", "nan"})
_ONLINE = {"online": "online", "offline": "offline"}
_AVAILABILITY = frozenset({"status", "availability", "available", "lwt"})
_MEASURES = frozenset({"sensor"})
_MOST_ENTITIES = 300
_LONGEST_STATE = 64


def recognises(message: Message) -> bool:
    """Configurations, by their topic."""
    return message.topic.endswith("/config") and config_of(message.topic) is not None


def knows(message: Message, context: Context) -> bool:
    """States and availability that a configuration named."""
    return context.memory.get(_topic_key(message.topic)) is not None


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """What a configuration says, or the readings and events of a state.

    Raises:
        Refusal: of the whole message.
    """
    config = config_of(message.topic)
    if config is not None:
        return _configure(message, config, context)
    if not message.payload:
        return Decoded(ignored="empty")
    note = context.memory.get(_topic_key(message.topic))
    place = topic_device(message, source)
    if note is None:
        return _unconfigured(message, place)
    decoded, document = Decoded(), _Document(message.payload)
    for entity in note["states"].values():
        try:
            _state(entity, document, message.topic, place, decoded)
        except Refusal as refused:
            decoded.refusals.append(refused)
    _available(note["availability"], document, place, decoded)
    if not (decoded.readings or decoded.events or decoded.refusals):
        decoded.ignored = "no_values"
    return decoded


def _topic_key(topic: str) -> str:
    return f"ha/topic/{topic[:300]}"


def _configure(message: Message, config: Config, context: Context) -> Decoded:
    """Remember by topic what to do with it, and by configuration which topics those were."""
    memory, own = context.memory, f"ha/config/{message.topic}"
    described = [] if not message.payload.strip() else list(entities(config, parse(message.payload)))
    topics: dict[str, dict[str, Any]] = {}
    for topic in (memory.get(own) or {}).get("topics", ()):
        topics[topic] = _without(memory.get(_topic_key(topic)), message.topic)
    decoded = Decoded(ignored="metadata")
    mentioned: dict[str, None] = {}
    for entity in described:
        for topic, what, key, entry in _entries(entity, message.topic):
            note = topics.setdefault(topic, _without(memory.get(_topic_key(topic)), message.topic))
            if len(note[what]) < _MOST_ENTITIES:
                note[what][key] = entry
                mentioned[topic] = None
        if entity.path is None and entity.numeric and entity.component in _MEASURES:
            decoded.refusals.append(
                refusal("template_unsupported", f"{shortened(entity.template, 120)}", field="value_template")
            )
    for topic, note in topics.items():
        if note["states"] or note["availability"]:
            memory.put(_topic_key(topic), note)
        else:
            memory.forget(_topic_key(topic))
    if mentioned:
        memory.put(own, {"topics": list(mentioned)})
    else:
        memory.forget(own)
    return decoded


def _entries(entity: Entity, config: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Topic, kind of entry, its key, and what to remember."""
    key = f"{config}#{entity.key}"[:400]
    found: list[tuple[str, str, str, dict[str, Any]]] = []
    if entity.state_topic is not None:
        measured = entity.component in _MEASURES
        state = {
            "device": entity.device,
            "quantity": entity.quantity if measured else None,
            "channel": entity.channel,
            "unit": entity.unit,
            "path": None if entity.path is None else list(entity.path.steps),
            "numeric": entity.numeric,
        }
        found.append((entity.state_topic, "states", key, state))
    for topic, online, offline, path in entity.availability:
        available = {"device": entity.device, "online": online, "offline": offline, "path": list(path.steps)}
        found.append((topic, "availability", f"{entity.device}#{online}"[:400] + f"#{config}", available))
    return found


def _without(note: Mapping[str, Any] | None, config: str) -> dict[str, Any]:
    """A copy of a topic's note without what one configuration said."""
    note = note or {}
    return {
        "states": {k: v for k, v in note.get("states", {}).items() if not k.startswith(f"{config}#")},
        "availability": {k: v for k, v in note.get("availability", {}).items() if not k.endswith(f"#{config}")},
    }


class _Document:
    """A payload as the templates see it; JSON is parsed when the first one asks."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._json: Any = self

    def at(self, path: list[str | int]) -> Any:
        """What stands there; None where nothing does.

        Raises:
            Refusal: the payload is neither JSON nor a word such as `unavailable`; once.
        """
        if not path:
            return self.text()
        if self._json is self:
            self._json = None  # also where it is none: that is said once
            if self.text().casefold() not in _NO_STATE:
                self._json = parse(self._payload)
        here = self._json
        for step in path:
            if isinstance(here, dict) and isinstance(step, str):
                here = here.get(step)
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
            else:
                return None
        return here

    def text(self) -> str:
        """The whole payload."""
        return self._payload[: _LONGEST_STATE + 1].decode("utf-8", "replace").strip()


def _state(entity: Mapping[str, Any], document: _Document, topic: str, place: str | None, decoded: Decoded) -> None:
    if entity["quantity"] is None:
        return
    path = entity["path"]
    if path is None:
        if entity["numeric"]:
            raise refusal("template_unsupported", f"of {shortened(entity['quantity'])}", field="value_template")
        return
    field = ".".join(map(str, path)) if path else object_of(topic)
    value = document.at(path)
    if isinstance(value, bool | dict | list) or (isinstance(value, str) and value.strip().casefold() in _NO_STATE):
        return
    if isinstance(value, str) and not entity["numeric"] and not _looks_like_a_number(value):
        return
    measured = number(value, printable(field))
    if measured is not None:
        device = place or entity["device"]
        quantity, channel, unit = entity["quantity"], entity["channel"], entity["unit"]
        decoded.readings.append(Reading(device, printable(field), quantity, channel, measured, unit, None))


def _looks_like_a_number(text: str) -> bool:
    return text.strip().lstrip("+-.")[:1].isdecimal()


def _available(entries: Mapping[str, Any], document: _Document, place: str | None, decoded: Decoded) -> None:
    """One event per device, however many of its entities share the topic."""
    told: set[str] = set()
    for entry in entries.values():
        device = place or entry["device"]
        if device in told:
            continue
        try:
            value = document.at(entry["path"])
        except Refusal:
            value = None
        if not value:
            continue
        kind = "online" if value == entry["online"] else "offline" if value == entry["offline"] else None
        if kind is not None:
            told.add(device)
            decoded.events.append(SentEvent(device, kind, None))


def _unconfigured(message: Message, place: str | None) -> Decoded:
    """A bare value whose configuration did not come (yet)."""
    topic = message.topic
    text = message.payload[: _LONGEST_STATE + 1].decode("utf-8", "replace").strip()
    name = object_of(topic)
    device = place or device_of(topic)
    if name.casefold() in _AVAILABILITY and text.casefold() in _ONLINE and is_device_name(device):
        return Decoded(events=[SentEvent(device, _ONLINE[text.casefold()], None)])
    if not _looks_like_a_number(text):
        return Decoded(ignored="no_values")
    value = number(text, printable(name))
    if value is None:
        return Decoded(ignored="no_values")
    word = said(name, device)
    device = device if is_device_name(device) else ""
    return Decoded(readings=[Reading(device, printable(name), word.quantity, word.channel, value, None, None)])


DECODER = Decoder("ha_discovery", recognises, decode, knows=knows, reads_empty=True)
