"""Homie 5 (`homie/5/<device>/<node>/<property>`) and Homie 3 and 4 (`homie/<device>/<node>/<property>`).

Values are bare texts; what they mean stands in retained metadata, which is remembered: Homie 5 sends one
`$description` (JSON) per device, Homie 4 one topic per attribute (`…/$unit`, `…/$datatype`).

- **Device**: the topic's level (a child device is a device of its own). An empty `$state` or `$description` takes the
  device's metadata back.
- **Property and channel**: node and property of the topic; what the catalogue does not know there is looked for in the
  property's name. The node is the channel unless it is part of the property's name.
- **Unit**: the metadata's `unit`, as sent; none before the metadata came.
- **Value**: of datatype `integer`, `float` or `percent`; others are states. Before the metadata came: what looks like a
  number.
- **Time**: arrival. Homie retains every value. A broker marks only those as retained that it hands over at a
  subscription, and they may be of any age: they are ignored (`retained_without_time`). Live ones are stored.
- **State**: `ready` is *online*, `sleeping` too (with the state in its detail), `disconnected` and `lost` are
  *offline*, `alert` (4) and `$alert/<id>` (5) are a *fault*; `init` says nothing.
- Homie 3's `$stats/battery`, `cputemp`, `supply`, `uptime` and `freeheap` are diagnostics in the units it defines.

**Set it up.** A source with `format: homie`, `topic_filter: homie/#` and no `share`: the description and the values
must reach the same process. The broker hands the retained metadata over at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ingest.decoding import Context, Decoded, Decoder, Message, Reading, SentEvent, Source
from ingest.reasons import refusal, shortened
from ingest.strict_json import number, parse, printable
from ingest.topics import is_device_name, topic_device
from ingest.words import channel_of, said

_STATES = {
    "ready": "online",
    "sleeping": "online",
    "disconnected": "offline",
    "lost": "offline",
    "alert": "fault",
}
_NUMBERS = frozenset({"integer", "float", "percent"})
_STATS = {
    "battery": ("battery_level", "%"),
    "cputemp": ("device_temperature", "Cel"),
    "supply": ("supply_voltage", "V"),
    "uptime": ("uptime", "s"),
    "freeheap": ("free_memory", "B"),
}
_MOST_PROPERTIES = 2000
_LONGEST_VALUE = 64
_LONGEST_TOPIC = 400


class _Place(NamedTuple):
    """What the topic says."""

    version: int
    device: str
    rest: tuple[str, ...]
    key: str  # of the device's notes


def recognises(message: Message) -> bool:
    """By the topic: below `homie/`, or the metadata of Homie 5 below another domain."""
    topic = message.topic
    if topic.startswith("homie/"):
        return topic.count("/") > 1
    return topic.endswith(("/$description", "/$state")) and topic.split("/", 2)[1] == "5"


def knows(message: Message, context: Context) -> bool:
    """Whether it is of a device below another domain that described itself."""
    place = _place(message.topic)
    return place is not None and place.version == 5 and context.memory.get(place.key) is not None  # noqa: PLR2004


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The reading or event of one message, or what it says of its device for later.

    Raises:
        Refusal: of the whole message.
    """
    place = _place(message.topic)
    if place is None:
        return Decoded(ignored="not_measured")
    device = topic_device(message, source) or place.device
    special, last = _SPECIAL.get(place.rest[0]), place.rest[-1]
    if special is not None:
        return special(message, device, place, context)
    if last == "set":
        return Decoded(ignored="command")
    if last.startswith("$"):
        return _attribute(message, place, context)
    if place.rest[0].startswith("$") or len(place.rest) != 2:  # noqa: PLR2004 - node and property
        return Decoded(ignored="not_measured")
    return _value(message, device, place, context)


# Devices publish to the same topics for ever.
@lru_cache(maxsize=16_384)
def _place(topic: str) -> _Place | None:
    levels = topic.split("/")
    newest = len(levels) > 1 and levels[1] == "5"
    start = 2 if newest else 1
    if len(levels) < start + 2 or len(topic) > _LONGEST_TOPIC or not (all(levels) and topic.isprintable()):
        return None
    device = levels[start]
    if device.startswith("$") or not is_device_name(device):
        return None
    return _Place(5 if newest else 4, device, tuple(levels[start + 1 :]), "/".join(levels[: start + 1]))


def _text(message: Message) -> str:
    try:
        return message.payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise refusal("wrong_type", f"{shortened(message.payload[:20])} is no text in UTF-8") from None


def _state(message: Message, device: str, place: _Place, context: Context) -> Decoded:
    state = _text(message)
    if not state:
        context.memory.forget(place.key)
        return Decoded(ignored="metadata")
    kind = _STATES.get(state.casefold())
    if kind is None:
        return Decoded(ignored="not_measured")
    return Decoded(events=[SentEvent(device, kind, None, detail={"state": state})])


def _alert(message: Message, device: str, place: _Place, _context: Context) -> Decoded:
    text = _text(message)
    if not text:
        return Decoded(ignored="not_measured")
    detail: dict[str, str | float | bool] = {"alert": printable(place.rest[-1]), "message": printable(text)}
    return Decoded(events=[SentEvent(device, "fault", None, detail=detail)])


def _describe(message: Message, _device: str, place: _Place, context: Context) -> Decoded:
    """Homie 5: what the device says of all its properties at once.

    Raises:
        Refusal: `invalid_json`, or `wrong_type` where it is no description.
    """
    if not message.payload.strip():
        context.memory.forget(place.key)
        return Decoded(ignored="metadata")
    document = parse(message.payload)
    nodes = document.get("nodes", {}) if isinstance(document, dict) else None
    if not isinstance(nodes, dict):
        raise refusal("wrong_type", "a description is an object with an object of nodes")
    properties: dict[str, list[str | None]] = {}
    for node, described in nodes.items():
        of_node = described.get("properties") if isinstance(described, dict) else None
        for name, attributes in (of_node if isinstance(of_node, dict) else {}).items():
            if isinstance(attributes, dict) and len(properties) < _MOST_PROPERTIES and f"{node}{name}".isprintable():
                given = (attributes.get(key) for key in ("datatype", "unit", "name"))
                properties[f"{node[:64]}/{name[:64]}"] = [_short(text) for text in given]
    context.memory.put(place.key, {"properties": properties})
    return Decoded(ignored="metadata")


def _short(text: Any) -> str | None:
    return text.strip()[:64] or None if isinstance(text, str) and text.isprintable() else None


def _attribute(message: Message, place: _Place, context: Context) -> Decoded:
    """Homie 4: one attribute of a property."""
    if place.version == 4 and len(place.rest) == 3 and place.rest[2] in {"$datatype", "$unit", "$name"}:  # noqa: PLR2004
        key = f"{place.key}/{place.rest[0]}/{place.rest[1]}"
        note = {**(context.memory.get(key) or {}), place.rest[2][1:]: _short(_text(message))}
        context.memory.put(key, note)
    return Decoded(ignored="metadata")


def _known(place: _Place, context: Context) -> tuple[str | None, str | None, str | None]:
    """Datatype, unit and name of a property."""
    name = f"{place.rest[0]}/{place.rest[1]}"
    if place.version == 5:  # noqa: PLR2004
        described: Mapping[str, Any] = context.memory.get(place.key) or {}
        datatype, unit, title = described.get("properties", {}).get(name, (None, None, None))
        return datatype, unit, title
    note = context.memory.get(f"{place.key}/{name}") or {}
    return note.get("datatype"), note.get("unit"), note.get("name")


def _value(message: Message, device: str, place: _Place, context: Context) -> Decoded:
    datatype, unit, title = _known(place, context)
    if datatype is not None and datatype not in _NUMBERS:
        return Decoded(ignored="no_values")
    text = _text(message)
    node, name = place.rest
    field = f"{node}/{name}"
    if not text or (datatype is None and not text.lstrip("+-.")[:1].isdecimal()):
        return Decoded(ignored="no_values")
    if len(text) > _LONGEST_VALUE:
        raise refusal("wrong_type", f"{shortened(text)} is no number", field=field)
    value = number(text, field)
    if value is None:
        return Decoded(ignored="no_values")
    word = said(field, device)
    if not word.known and title is not None:
        by_title = said(f"{node}/{title}", device)
        word = by_title if by_title.known else word
    quantity, channel = (word.quantity, word.channel) if word.known else (name, channel_of(node, device))
    return Decoded(readings=[Reading(device, field, quantity, channel, value, unit, None)])


def _diagnostic(message: Message, device: str, place: _Place, _context: Context) -> Decoded:
    name = place.rest[-1]
    meaning = _STATS.get(name)
    if meaning is None:
        return Decoded(ignored="not_measured")
    value = number(_text(message)[:_LONGEST_VALUE] or None, f"$stats/{name}")
    if value is None:
        return Decoded(ignored="no_values")
    return Decoded(readings=[Reading(device, f"$stats/{name}", meaning[0], "", value, meaning[1], None)])


_SPECIAL: Mapping[str, Callable[[Message, str, _Place, Context], Decoded]] = {
    "$state": _state,
    "$alert": _alert,
    "$description": _describe,
    "$stats": _diagnostic,
}

DECODER = Decoder("homie", recognises, decode, knows=knows, reads_empty=True)
