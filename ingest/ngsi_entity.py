"""One NGSI entity, in any of its representations, read into readings. Knows no envelope and no topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Reading, Refused, Source
from ingest.ngsi_models import Meaning, Model, meaning, model_of, unit_of, word, words_of
from ingest.ngsi_times import ARRIVAL, When, contains, entity_time, plain, written_time
from ingest.reasons import REASONS, refusal, shortened
from ingest.strict_json import bad_name, is_channel, is_name, number, printable
from ingest.topics import is_device_name

_STRUCTURE = frozenset(
    {"id", "type", "@id", "@type", "@context", "location", "address", "name", "description", "scope", "geometry"}
)
_NUMERIC_TYPES = frozenset({"Number", "Integer", "Float", "Double", "number", "integer", "float", "double"})
_TIME_TYPES = frozenset({"DateTime", "Date", "ISO8601", "Relationship", "GeoProperty", "geo:json", "geo:point"})
_OWN_TIMES = ("observedAt", "timestamp", "TimeInstant", "dateObserved")
_UNITS = ("unitCode", "unit", "units", "unitText", "uom")
_TIME_IN_ID = re.compile(r"(?<!\d)(?:19|20)\d\d[-_][01]\d[-_][0-3]\d(?!\d)|(?<!\d)(?:19|20)\d{6}T\d{4}")
_PHASE = re.compile(r"(?:[LlNn][123]?|[Ll](?:12|23|31|13)|[Ll][123][Nn])")
_SERIES = {"instValue": "", "averageValue": "avg", "maxOverTime": "max", "minOverTime": "min"}
_BEGIN_NUMBERS = "0123456789.+-"
_NO_CHANNEL = re.compile(r"[^A-Za-z0-9_.-]+")
_MOST_INSTANCES = 10_000


@dataclass(slots=True)
class Scene:
    """What the readings of one message share.

    Attributes:
        arrival: when the message came.
        device: of all entities, where the topic names it; None: each entity names its own.
        alone: whether the message holds a single entity.
    """

    source: Source
    context: Context
    arrival: datetime
    decoded: Decoded
    device: str | None = None
    alone: bool = True


@dataclass(slots=True)
class _Entity:
    scene: Scene
    type: str
    model: Model
    document: Mapping[str, Any]
    device: str
    zone: str | None
    when: When
    channel: str


def read_entity(document: Mapping[str, Any], scene: Scene) -> bool:
    """Read one entity into the scene's `decoded`; False where its type measures nothing.

    Raises:
        Refusal: it names a device that cannot be, or holds too many numbers.
    """
    kind, model = model_of(document.get("type", document.get("@type")))
    if not model.measured:
        return False
    if len(document) > scene.source.max_readings:
        raise refusal("too_large", f"{len(document)} attributes in one entity; {scene.source.max_readings} are allowed")
    device = scene.device if scene.device is not None else device_of(document)
    registered = scene.context.registered(device) if device else None
    zone = (registered.zone if registered is not None else None) or scene.source.zone
    when = entity_time(document, model.time, zone, scene.arrival, alone=scene.alone)
    channel = _channel_of(document, model) if model.channel else ""
    entity = _Entity(scene, kind, model, document, device, zone, when, channel)
    if model.value and model.value in document:
        _long(entity)
    for name, attribute in document.items():
        if type(attribute) is not bool and attribute is not None and name not in _STRUCTURE:
            _attribute(entity, name, attribute)
    return True


def device_of(document: Mapping[str, Any]) -> str:
    """The device that an entity names, "" where it names none.

    `refDevice`; the entity itself; where its id holds a time, and so is another one each time, `refPointOfInterest`,
    or the device that NGSI-LD's `providedBy` names.

    Raises:
        Refusal: `bad_name`.
    """
    device = _reference(document.get("refDevice"))
    if device is None:
        identity = document.get("id", document.get("@id"))
        named = type(identity) is str and identity != "" and _TIME_IN_ID.search(identity[:300]) is None
        device = identity if named else _reference(document.get("refPointOfInterest"))
    if device is None:
        device = _reference(document.get("providedBy")) or ""
    if device and not is_device_name(device):
        raise bad_name(device, "id")
    return device


def _reference(attribute: Any) -> str | None:
    value = plain(attribute)
    if isinstance(value, list):
        value = plain(value[0]) if value else None
    return value if isinstance(value, str) and value.strip() else None


def _channel_of(document: Mapping[str, Any], model: Model) -> str:
    parts = []
    for name in model.channel:
        value = plain(document.get(name))
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            continue
        text = f"{value:g}" if isinstance(value, float) else str(value)[:300]
        text = _channel(text)
        parts.append(f"lane_{text}" if name == "laneId" and not text.startswith("lane") else text)
    return _channel("_".join(parts)) if parts else ""


# Phases and lanes are few.
@lru_cache(maxsize=4096)
def _channel(text: str) -> str:
    """Anything as the name of a channel."""
    short = _NO_CHANNEL.sub("_", text.rsplit(":", 1)[-1]).strip("_.-").casefold()[-32:].lstrip("_.-")
    return short if is_channel(short) else ""


def _attribute(entity: _Entity, written: str, attribute: Any) -> None:
    name = word(written)
    kind = type(attribute)
    if kind is str:
        if name == entity.model.encoded:
            _encoded(entity, name, attribute)
        elif _begins_number(attribute):
            _text(entity, name, attribute)
    elif kind is int or kind is float:
        _number(entity, name, attribute, None, entity.when, "")
    elif kind is dict:
        _object(entity, name, attribute, "")
    elif kind is list and attribute and all(type(item) is dict and "value" in item for item in attribute[:3]):
        # NGSI-LD: several instances of one attribute, told apart by datasetId, or by time.
        for item in attribute[:_MOST_INSTANCES]:
            if type(item) is dict:
                _object(entity, name, item, _channel(str(item.get("datasetId") or "")[:300]))


def _object(entity: _Entity, name: str, attribute: Mapping[str, Any], channel: str) -> None:
    """A normalized or concise attribute, or (keyValues) a value that is itself an object."""
    if "value" in attribute:
        value = attribute["value"]
        kind = attribute.get("type")
        if type(value) is dict and "@value" in value:
            value, kind = value["@value"], value.get("@type")
        if value is None or type(value) is bool or type(value) is list or (type(kind) is str and kind in _TIME_TYPES):
            return
        _value(entity, name, value, attribute, channel)
    elif type(attribute.get("values")) is list:
        _temporal(entity, name, attribute)
    elif "type" not in attribute or name.endswith("TSA"):
        _members(entity, name, attribute, None)


def _value(entity: _Entity, name: str, value: Any, attribute: Mapping[str, Any], channel: str) -> None:
    if type(value) is dict:
        _members(entity, name, value, attribute)
    elif type(value) is not str or str(attribute.get("type"))[:20] in _NUMERIC_TYPES:
        _number(entity, name, value, _unit(attribute), _when(entity, attribute), channel)
    elif name == entity.model.encoded:
        _encoded(entity, name, value)
    elif _begins_number(value):
        _text(entity, name, value, attribute)


def _begins_number(text: str) -> bool:
    return text[:1] in _BEGIN_NUMBERS and text != ""


def _members(entity: _Entity, name: str, members: Mapping[str, Any], attribute: Mapping[str, Any] | None) -> None:
    """Phases, or statistics over time, of one attribute; the numbers of other objects are no measurements."""
    series = name.endswith("TSA")
    base = name[:-3] if series else name
    means = meaning(entity.type, base)
    if means is None or len(members) > entity.scene.source.max_readings:
        return
    if not (series or means.known or all(_PHASE.fullmatch(key) for key in members)):
        return
    unit = None if attribute is None else _unit(attribute)
    when = entity.when if attribute is None else _when(entity, attribute)
    for key, value in members.items():
        if series and key not in _SERIES:
            continue
        inner = plain(value)
        if type(inner) is bool or not isinstance(inner, int | float | str):
            continue
        if type(inner) is str and not _begins_number(inner):
            continue
        part = _SERIES[key] if series else _channel(key[:100])
        own = _unit(value) if type(value) is dict else None
        _number(entity, base, inner, own or unit, when, part, field=f"{name}.{key}")


def _temporal(entity: _Entity, name: str, attribute: Mapping[str, Any]) -> None:
    """NGSI-LD's temporal representation: `values: [[value, time], …]`."""
    unit = _unit(attribute)
    for pair in attribute["values"][:_MOST_INSTANCES]:
        if type(pair) is list and len(pair) == 2 and type(pair[0]) in {int, float}:  # noqa: PLR2004 - value and time
            _number(entity, name, pair[0], unit, written_time(pair[1], entity.zone, entity.scene.arrival, name), "")


def _text(entity: _Entity, name: str, value: str, attribute: Mapping[str, Any] | None = None) -> None:
    """A number that was sent as a text: only under a name that is known; a house number is no measurement."""
    means = meaning(entity.type, name)
    if means is None or not means.known:
        return
    unit = None if attribute is None else _unit(attribute)
    _number(entity, name, value, unit, entity.when if attribute is None else _when(entity, attribute), "")


def _number(  # noqa: PLR0913 - all of them are parts of one reading
    entity: _Entity,
    name: str,
    value: Any,
    unit: str | None,
    when: When,
    channel: str,
    *,
    field: str | None = None,
    means: Meaning | None = None,
) -> None:
    means = means or meaning(entity.type, name)
    model = entity.model
    if means is None or (name and (name in model.channel or name == model.value)):
        return
    field = field or name
    decoded = entity.scene.decoded
    try:
        if not (is_name(field) and is_name(means.quantity)):
            raise bad_name(field, field)
        converted = number(value, field)
    except Refusal as refused:
        decoded.refusals.append(refused)
        return
    if converted is None:
        return
    if len(decoded.readings) + len(decoded.refusals) >= entity.scene.source.max_readings:
        raise refusal("too_large", f"more than {entity.scene.source.max_readings} readings in one message")
    quantity = means.quantity
    if name in model.by_attributes:
        quantity = model.by_words.get(str(plain(entity.document.get(model.by))).casefold(), quantity)
    parts = [part for part in (entity.channel, channel or means.channel) if part]
    reading = Reading(
        entity.device,
        field,
        quantity,
        "_".join(parts)[-32:] if len(parts) > 1 else parts[0] if parts else "",
        converted,
        unit or means.unit,
        when.time,
        0.0,
        when.seconds,
    )
    if converted in means.sentinels:
        detail = f"{converted:g} stands for no value in the model {entity.type}"
        decoded.refusals.append(Refused("sentinel", detail, hint=REASONS["sentinel"].hint, reading=reading))
    elif when.refused is not None:
        decoded.refusals.append(
            Refused(when.refused.code, when.refused.detail, hint=when.refused.hint, reading=reading)
        )
    else:
        decoded.readings.append(reading)


def _long(entity: _Entity) -> None:
    """One value whose property and unit stand beside it."""
    model, document = entity.model, entity.document
    attribute = document[model.value]
    unit = _unit(attribute) if type(attribute) is dict else None
    if unit is None:
        unit = _code(plain(document.get(model.unit)))
    quantity = _reference(document.get(model.quantity))
    when = _when(entity, attribute) if type(attribute) is dict else entity.when
    value = plain(attribute)
    if type(value) is bool or not isinstance(value, int | float | str):
        return
    if quantity is None:
        detail = f"{shortened(value)} comes without {model.quantity}"
        entity.scene.decoded.refusals.append(refusal("unknown_property", detail, field=model.value))
        return
    _number(entity, "", value, unit, when, "", field=model.value, means=Meaning(word(quantity)))


def _encoded(entity: _Entity, name: str, text: str) -> None:
    """`key=value;…`, URL-encoded; the keys are properties, or their beginnings (Device.value)."""
    controlled = plain(entity.document.get("controlledProperty"))
    names = [item for item in (controlled if isinstance(controlled, list) else [controlled]) if type(item) is str]
    for pair in unquote(text[:10_000]).split(";")[:100]:
        key, separator, value = (part.strip() for part in pair.partition("="))
        if not separator:
            key, value = "", key
        quantity = _controlled(key, names)
        if quantity and _begins_number(value):
            field = f"{name}:{key}" if key else name
            _number(entity, "", value, None, entity.when, "", field=field, means=Meaning(quantity))


def _controlled(key: str, names: list[str]) -> str:
    """Which of the controlled properties a key means: its name, else the only one of which a word begins so."""
    wanted = key.casefold()
    exact = [name for name in names if name.casefold() == wanted]
    fits = exact or [name for name in names if any(part.casefold().startswith(wanted) for part in words_of(name))]
    return fits[0] if len(fits) == 1 else key


def _when(entity: _Entity, attribute: Mapping[str, Any]) -> When:
    """The attribute's own time, or the entity's; of an instant within the entity's interval, the interval."""
    for name, value in _own_times(attribute):
        if value is None or value == "":
            continue
        own = written_time(value, entity.zone, entity.scene.arrival, name, alone=entity.scene.alone)
        if own is ARRIVAL and entity.when.time is not None:
            return entity.when
        return entity.when if contains(entity.when, own) else own
    return entity.when


def _own_times(attribute: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    metadata = attribute.get("metadata")
    if type(metadata) is dict:
        for name in _OWN_TIMES:
            if name in metadata:
                yield name, plain(metadata[name])
    for name in _OWN_TIMES:
        if name in attribute:
            yield name, plain(attribute[name])


def _unit(attribute: Mapping[str, Any]) -> str | None:
    metadata = attribute.get("metadata")
    for holder in (attribute, metadata) if type(metadata) is dict else (attribute,):
        for name in _UNITS:
            if name in holder:
                code = _code(plain(holder[name]))
                if code is not None:
                    return code
    return None


def _code(text: Any) -> str | None:
    if type(text) is int:
        text = str(text)  # 59 (parts per million) and 61 are codes too
    return unit_of(printable(text)) if type(text) is str else None
