"""Home Assistant's discovery messages: what a configuration says of a device, with its abbreviations written out.

It remembers nothing and reads no values. https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.properties import find
from ingest.reasons import refusal, shortened
from ingest.strict_json import printable
from ingest.topics import is_device_name
from ingest.words import channel_of, is_about, said

COMPONENTS = frozenset(
    {"alarm_control_panel", "binary_sensor", "button", "camera", "climate", "cover", "device", "device_automation"}
    | {"device_tracker", "event", "fan", "humidifier", "image", "lawn_mower", "light", "lock", "number", "scene"}
    | {"select", "sensor", "siren", "switch", "tag", "text", "update", "vacuum", "valve", "water_heater"}
)
_ABBREVIATIONS = {
    "avty": "availability",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "dev": "device",
    "dev_cla": "device_class",
    "obj_id": "object_id",
    "p": "platform",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "stat_cla": "state_class",
    "stat_t": "state_topic",
    "t": "topic",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
    # of a device
    "cns": "connections",
    "ids": "identifiers",
}
# Device classes whose name is no word of the catalogue, or another's.
_CLASSES = {
    "atmospheric_pressure": "air_pressure",
    "energy": "active_energy_import",
    "gas": "gas_volume",
    "moisture": "soil_moisture",
    "power": "active_power",
    "precipitation_intensity": "precipitation_rate",
    "pressure": "air_pressure",
    "reactive_energy": "reactive_energy_import",
    "signal_strength": "rssi",
    "sound_pressure": "sound_level_mean",
    "volatile_organic_compounds": "tvoc",
    "volatile_organic_compounds_parts": "tvoc",
    "volume_flow_rate": "water_flow",
    "water": "water_volume",
}
_EXPORTED = {"active_energy_import": "active_energy_export", "active_power": "active_power_export"}
_GIVEN_BACK = frozenset(
    {"export", "exported", "returned", "return", "production", "produced", "generation", "generated", "feedin"}
)
_STEP = (
    r"""\.get\(\s*(?:'[^'{}]*'|"[^"{}]*")\s*(?:,[^(){}]*)?\)|\.[A-Za-z_]\w*|\[\s*(?:'[^'{}]*'|"[^"{}]*"|\d{1,4})\s*\]"""
)
# Possessive: with several ways to share blanks out, 300 characters of filters would take for ever.
_FILTERS = r"(?:\|\s*+(?:float|int|round|default|is_defined|string)\s*+(?:\([^(){}]*+\)\s*+)?)*+"
_TEMPLATE = re.compile(rf"\{{\{{-?\s*(value_json|value)((?:{_STEP})*)\s*{_FILTERS}-?\}}\}}")
_STEPS = re.compile(_STEP)
_QUOTED = re.compile(r"""['"]([^'"]*)['"]""")
_NEVER = ""  # no payload is this: an empty one is not read
_LONGEST_TEMPLATE = 300
_LONGEST_TOPIC = 300
_LONGEST_TEXT = 128
_MOST_COMPONENTS = 200
_MOST_TOPICS = 20
_CONFIG_LEVELS = 4


class Config(NamedTuple):
    """Where a configuration came from: `<prefix>/<component>/[<node>/]<object>/config`."""

    component: str
    node: str
    object: str


class Path(NamedTuple):
    """Where a template finds the value: keys and positions in the JSON; none: the payload is the value."""

    steps: tuple[str | int, ...]


class Entity(NamedTuple):
    """One entity: whose it is, what it measures, where its state and its availability are published.

    Attributes:
        path: None where the template is more than a path: such values cannot be read.
        numeric: Home Assistant takes its state for a number.
        availability: topic, text for online, text for offline, path.
    """

    key: str
    device: str
    component: str
    quantity: str
    channel: str
    unit: str | None
    state_topic: str | None
    path: Path | None
    template: str
    numeric: bool
    availability: tuple[tuple[str, str, str, Path], ...]


# Configurations are retained and come again at every subscription.
@lru_cache(maxsize=16_384)
def config_of(topic: str) -> Config | None:
    """Read a topic; None where it is no configuration's.

    >>> config_of("homeassistant/sensor/plug-7/power/config")
    Config(component='sensor', node='plug-7', object='power')
    """
    levels = topic.split("/")
    if levels[-1] != "config" or len(levels) < _CONFIG_LEVELS or not is_text(topic, _LONGEST_TOPIC):
        return None
    if levels[-3] in COMPONENTS:
        return Config(levels[-3], "", levels[-2])
    if len(levels) > _CONFIG_LEVELS and levels[-4] in COMPONENTS:
        return Config(levels[-4], levels[-3], levels[-2])
    return None


def entities(config: Config, document: Any) -> Iterator[Entity]:
    """What a configuration describes: one entity, or all of a device (`components`).

    Raises:
        Refusal: `wrong_type`, or `too_large`.
    """
    if not isinstance(document, dict):
        raise refusal("wrong_type", f"a configuration is an object, not {shortened(document)}")
    whole = _expanded(document)
    parts = whole.get("components")
    if not isinstance(parts, dict):
        yield _entity(config, config.object, config.component, whole)
        return
    if len(parts) > _MOST_COMPONENTS:
        raise refusal("too_large", f"{len(parts)} components; {_MOST_COMPONENTS} are read")
    for name, part in parts.items():
        own = _expanded({"~": document.get("~"), **part}) if isinstance(part, dict) else {}
        if set(own) - {"platform"}:  # a platform alone takes the component back
            yield _entity(config, name, str(own.get("platform", "")), {**whole, **own})


def _expanded(document: Mapping[str, Any]) -> dict[str, Any]:
    """Long keys, and `~` put in its place."""
    expanded = _long(document)
    base = expanded.pop("~", None)
    if isinstance(expanded.get("device"), dict):
        expanded["device"] = _long(expanded["device"])
    listed = expanded.get("availability")
    listed = [listed] if isinstance(listed, dict) else listed
    if isinstance(listed, list):
        expanded["availability"] = [_long(item) for item in listed[:_MOST_TOPICS] if isinstance(item, dict)]
    if isinstance(base, str):
        _replace_base(expanded, base)
        for item in expanded.get("availability") or ():
            _replace_base(item, base)
    return expanded


def _long(document: Mapping[str, Any]) -> dict[str, Any]:
    return {_ABBREVIATIONS.get(key, key): value for key, value in document.items()}


def _replace_base(document: dict[str, Any], base: str) -> None:
    for key, value in document.items():
        if isinstance(value, str) and (key == "topic" or key.endswith("_topic")):
            document[key] = _based(value, base)


def _based(topic: str, base: str) -> str:
    if topic.startswith("~"):
        return base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _entity(config: Config, name: str, component: str, given: Mapping[str, Any]) -> Entity:
    topic = _text(given.get("state_topic"), _LONGEST_TOPIC)
    template = _template(given.get("value_template"))
    path = path_of(template)
    unit = _text(given.get("unit_of_measurement"), 40)
    device_class = _text(given.get("device_class"), 40)
    device = _device(config, given, topic)
    steps = [str(step) for step in path.steps if isinstance(step, str)] if path is not None else []
    words = "/".join(steps) if steps else object_of(topic) if topic else name
    titles = [words, name, _text(given.get("object_id"), 128), _text(given.get("name"), 128)]
    known_as = f"{device} {_text(_of(given.get('device'), 'name'), 128) or ''}"
    quantity, channel = _meaning([title for title in titles if title], device_class, unit, known_as)
    return Entity(
        key=printable(name),
        device=device,
        component=component,
        quantity=quantity,
        channel=channel,
        unit=unit,
        state_topic=topic,
        path=path,
        template=template[:_LONGEST_TEMPLATE],
        numeric=bool(unit or given.get("state_class") or (device_class and _class(device_class, unit))),
        availability=tuple(_availability(given)),
    )


def _device(config: Config, given: Mapping[str, Any], topic: str | None) -> str:
    """Identifier, else connection, name, the topic of configuration or of state."""
    described = given.get("device")
    identifiers = _of(described, "identifiers")
    connections = _of(described, "connections")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers
    link = connections[0] if isinstance(connections, list) and connections else None
    address = link[1] if isinstance(link, list) and len(link) > 1 else None
    for name in (first, address, _of(described, "name"), config.node, device_of(topic or ""), config.object):
        if isinstance(name, str) and is_device_name(name):
            return name
    return ""


def _of(document: Any, key: str) -> Any:
    return document.get(key) if isinstance(document, dict) else None


def _meaning(titles: list[str], device_class: str | None, unit: str | None, device: str) -> tuple[str, str]:
    """Property and channel, by what its names say; by its class where they say nothing, or something else."""
    by_class = None if device_class is None else _class(device_class, unit)
    dimension = None if by_class is None else _dimension(by_class)
    for title in titles:
        word = said(title, device)
        if word.known and (dimension is None or _dimension(word.quantity) == dimension):
            return word.quantity, word.channel
    if by_class is None or any(is_about(title) for title in titles):
        return (
            (word.quantity, word.channel)
            if (word := said(titles[0], device)).known
            else (printable(titles[0])[:64], "")
        )
    if by_class in _EXPORTED and any(not _GIVEN_BACK.isdisjoint(re.split(r"\W|_", t.casefold())) for t in titles):
        by_class = _EXPORTED[by_class]
    return by_class, channel_of(titles[0], f"{device} {device_class}")


def _class(device_class: str, unit: str | None) -> str | None:
    """The property of a device class."""
    if device_class == "sound_pressure" and unit is not None and "A" in unit:
        return "sound_level_laeq"
    found = find(_CLASSES.get(device_class, device_class))
    return None if found is None else found[0].id


def _dimension(quantity: str) -> str | None:
    found = find(quantity)
    return None if found is None else found[0].dimension


def _availability(given: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Path]]:
    listed = given.get("availability")
    topics = [given] if not isinstance(listed, list) else listed
    # Where all must be there (a bridge and its device), only the last one's word makes a device online.
    last = len(topics) - 1 if given.get("availability_mode") == "all" else 0
    for place, item in enumerate(topics):
        topic = _text(item.get("topic") if item is not given else given.get("availability_topic"), _LONGEST_TOPIC)
        template = item.get("value_template") if item is not given else given.get("availability_template")
        path = path_of(_template(template))
        if topic is not None and path is not None:
            online = (_text(item.get("payload_available"), 64) or "online") if place >= last else _NEVER
            yield topic, online, _text(item.get("payload_not_available"), 64) or "offline", path


@lru_cache(maxsize=4096)
def path_of(template: str) -> Path | None:
    """The path of a template `{{ value_json.a['b'] | float }}`; None for anything more: it is never evaluated.

    >>> path_of("{{ value_json['PMS5003']['CF2.5'] }}"), path_of("{{ value | float }}"), path_of("{{ value / 10 }}")
    (Path(steps=('PMS5003', 'CF2.5')), Path(steps=()), None)
    """
    if not template.strip():
        return Path(())
    match = _TEMPLATE.fullmatch(template.strip()) if is_text(template, _LONGEST_TEMPLATE) else None
    if match is None or (match[1] == "value" and match[2]):
        return None
    steps: list[str | int] = []
    for step in _STEPS.findall(match[2]):
        quoted = _QUOTED.search(step)
        if quoted is not None:
            steps.append(quoted[1])
        elif step[0] == "[":
            steps.append(int(step.strip("[] ")))
        else:
            steps.append(step[1:])
    return Path(tuple(steps))


def object_of(topic: str) -> str:
    """The level of a state topic that names the entity: before `state`, else the last.

    >>> object_of("air/133c/sensor/scd4x_co2/state"), device_of("air/133c/sensor/scd4x_co2/state")
    ('scd4x_co2', '133c')
    """
    levels = _levels(topic)
    return levels[-1] if levels else ""


def device_of(topic: str) -> str:
    """The level that names the device: before the entity's, or before the component's; "" where there is none."""
    levels = _levels(topic)[:-1]
    if levels and levels[-1] in COMPONENTS:
        levels.pop()
    return levels[-1] if levels else ""


def _levels(topic: str) -> list[str]:
    levels = [level for level in topic.split("/") if level]
    if len(levels) > 1 and levels[-1] == "state":
        levels.pop()
    return levels


def _template(value: Any) -> str:
    """Without the line ends that templates often have."""
    return value.replace("\r", " ").replace("\n", " ") if isinstance(value, str) else ""


def _text(value: Any, longest: int) -> str | None:
    """A text without blanks around it; None for anything else, for nothing, or for what no database keeps."""
    return value.strip() or None if isinstance(value, str) and is_text(value, longest) else None


def is_text(value: str, longest: int) -> bool:
    """Whether a text is printable and not too long to be remembered."""
    return len(value) <= longest and value.isprintable()
