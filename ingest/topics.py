"""Our own topics, `bypuls/v1/<city>/<device>/<kind>`, and how MQTT topic filters match."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

ROOT = "bypuls/v1"
_LEVELS = 5
_NAME_LENGTH = 128


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
