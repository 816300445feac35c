"""Our own topics, `bypuls/v1/<city>/<device>/<kind>`, what a source's topics name, and how MQTT topic filters match."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ingest.decoding import Message, Source

ROOT = "bypuls/v1"
_LEVELS = 5
_NAME_LENGTH = 128
_LONGEST_TOPIC = 512  # of those that an identity rule reads; the time that a match takes is bounded with it
_HOLE = re.compile(r"\{([a-z_]*)(\.\.\.)?\}")
HOLES = ("city", "device", "property", "channel")
"""What an identity template may name."""


class Named(NamedTuple):
    """What a topic names by the rule of its source; None: not this."""

    city: str | None
    device: str | None
    property: str | None = None
    channel: str | None = None


class OwnTopic(NamedTuple):
    """What one of our own topics says."""

    city: str
    device: str
    kind: str


# Every message asks; a city's devices keep publishing to the same topics.
@lru_cache(maxsize=65_536)
def own_topic(topic: str) -> OwnTopic | None:
    """Read a topic, or None when it is not one of ours.

    >>> own_topic("bypuls/v1/trondheim/elgeseter/observations")
    OwnTopic(city='trondheim', device='elgeseter', kind='observations')
    """
    levels = topic.split("/")
    if len(levels) != _LEVELS or levels[0] != "bypuls" or levels[1] != "v1":
        return None
    city, device, kind = levels[2:]
    if not (is_device_name(city) and is_device_name(device)):
        return None
    return OwnTopic(city, device, kind)


def named_by_topic(topic: str, source: Source) -> Named | None:
    """City, device, property and channel as the source's identity rule reads them in the topic.

    Without a rule our own topics name city and device, others nothing. None: the topic does not fit the rule.
    """
    return _named(topic, source.identity)


def topic_device(message: Message, source: Source) -> str | None:
    """The device that the topic names, as the broker's access rules enforce it; None when it names none.

    A format that finds its device in the topic prefers this to its own reading of the topic.
    """
    named = _named(message.topic, source.identity)
    return None if named is None else named.device


@lru_cache(maxsize=65_536)
def _named(topic: str, identity: str | None) -> Named | None:
    if identity is None:
        own = own_topic(topic)
        return None if own is None else Named(own.city, own.device)
    match = identity_pattern(identity).fullmatch(topic) if len(topic) <= _LONGEST_TOPIC else None
    if match is None:
        return None
    named = match.groupdict()
    if not all(is_device_name(text) for text in named.values()):
        return None
    return Named(named.get("city"), named.get("device"), named.get("property"), named.get("channel"))


@lru_cache(maxsize=256)
def identity_pattern(template: str) -> re.Pattern[str]:
    """How topics of an identity template look: levels are texts with holes (`{device}`), `+`, and `#` as the last.

    `{device...}` stands for one level or more, once in a template.

    >>> identity_pattern("site/{city}/{device}/#").fullmatch("site/oslo/plug-7/tele/SENSOR").groupdict()
    {'city': 'oslo', 'device': 'plug-7'}

    Raises:
        ValueError: it is no template; says why.
    """
    levels = template.split("/")
    rest = levels[-1] == "#" and len(levels) > 1
    parts = [_level(level) for level in (levels[:-1] if rest else levels)]
    names = _HOLE.findall(template)
    if len({name for name, _ in names}) < len(names) or sum(1 for _, many in names if many) > 1:
        message = "each name stands once, and ... once"
        raise ValueError(message)
    return re.compile("/".join(parts) + ("(?:/.*)?" if rest else ""), re.DOTALL)


def _level(level: str) -> str:
    if level == "+":
        return "[^/]*"
    pattern, at = "", 0
    for hole in _HOLE.finditer(level):
        if hole[1] not in HOLES:
            message = f"{hole[0]} is none of {', '.join(f'{{{name}}}' for name in HOLES)}"
            raise ValueError(message)
        text = r"[^/]+(?:/[^/]+)*?" if hole[2] else "[^/]+?"
        pattern += f"{re.escape(level[at : hole.start()])}(?P<{hole[1]}>{text})"
        at = hole.end()
    plain = _HOLE.sub("", level)
    if any(character in plain for character in "+#{}"):
        message = f"the level {level!r} is neither a text with {{holes}} nor + alone, nor # as the last"
        raise ValueError(message)
    return pattern + re.escape(level[at:])


def observations(city: str, device: str) -> str:
    """Where a device publishes what it measures now."""
    return f"{ROOT}/{city}/{device}/observations"


def history(city: str, device: str) -> str:
    """Where a device, a replay or a simulator publishes what was measured long ago."""
    return f"{ROOT}/{city}/{device}/history"


def events(city: str, device: str) -> str:
    """Where a device, or who serves it, tells what happened to it."""
    return f"{ROOT}/{city}/{device}/events"


def errors(city: str, device: str) -> str:
    """Where a device reads what of its messages was refused."""
    return f"{ROOT}/{city}/{device}/errors"


def is_device_name(name: str) -> bool:
    """Whether a text can name a device: 1 to 128 printable characters (PostgreSQL stores no NUL)."""
    return 0 < len(name) <= _NAME_LENGTH and name.isprintable() and not name.isspace()


def matches(topic: str, topic_filter: str) -> bool:
    """Whether an MQTT topic filter takes a topic (MQTT 3.1.1, section 4.7; `$share/<group>/` is looked through).

    >>> matches("bypuls/v1/a/b/observations", "bypuls/v1/+/+/observations"), matches("a", "a/#"), matches("$SYS/x", "#")
    (True, True, False)
    """
    wanted = topic_filter.split("/")
    if wanted[0] == "$share":
        wanted = wanted[2:]
    levels = topic.split("/")
    if topic.startswith("$") and wanted and wanted[0] in {"#", "+"}:
        return False
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(levels) or level not in {"+", levels[position]}:
            return False
    return len(levels) == len(wanted)
