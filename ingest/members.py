"""The members of a JSON object, sorted by what their keys say: times, devices, names, the value, its unit, the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ingest.keys import KNOWN, Key, Role, learn, plain, read_key
from ingest.reasons import shortened
from ingest.strict_json import is_channel

_LONGEST_UNIT = 32
_LONGEST_NUMBER = 40
_UNIX_TIMES = (1e9, 1e19)
_NUMBER_STARTS = frozenset("+-.0123456789")
_TYPE_NAMES = frozenset(
    {"number", "float", "integer", "double", "int", "text", "string", "property", "boolean", "bool"}
)
_BAD = frozenset({"bad", "false", "invalid", "error", "failed", "0"})
_SHORT_TIMES = frozenset({"t", "dt", "utc"})
_WEAK_NAMES = frozenset({"name", "type", "kind", "label"})
_UNASKED = "\0"  # no name that a message gives: what is not printable is none
_NOT_IN_CHANNELS = re.compile(r"[^A-Za-z0-9_.-]+")


class Found(NamedTuple):
    """A member that may be meant, among others of its kind; of several the lowest rank is."""

    rank: int
    key: str
    value: Any


class Members:
    """The members of one object by what they are.

    Attributes:
        plains: what may be readings: key, what it says, value.
        nested: objects and lists.
        value: of an object of one value, that.
        units: plain key -> unit; unit_keys: the members that give one.
        quality: why the sender calls its own value bad.
        scale: a factor that stands beside the value.
        learnt: how many keys were seen for the first time.
    """

    __slots__ = (
        "_said",
        "channel",
        "devices",
        "learnt",
        "names",
        "nested",
        "plains",
        "quality",
        "scale",
        "times",
        "unit",
        "unit_keys",
        "units",
        "value",
        "weak",
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.plains: list[tuple[str, Key, Any]] = []
        self.nested: list[tuple[str, Any]] = []
        self.times: list[Found] = []
        self.devices: list[Found] = []
        self.weak: list[Found] = []
        self.names: list[Found] = []
        self.value: Found | None = None
        self.unit: str | None = None
        self.units: dict[str, str] = {}
        self.unit_keys: list[str] = []
        self.channel = ""
        self.quality: str | None = None
        self.scale: float | None = None
        self.learnt = 0
        self._said: str | None = _UNASKED
        for name, value in document.items():
            key = KNOWN.get(name)
            if key is None:
                key = learn(name)
                self.learnt += 1
            kind = type(value)
            if kind is dict or kind is list:
                self._nested(name, key, value)
            elif key.role is Role.PLAIN:
                self.plains.append((name, key, value))
            elif value is None or kind is bool:
                self._empty(name, key, value)
            else:
                sort = _SORTED.get(key.role)
                if sort is not None:
                    sort(self, name, key, value)

    def is_long(self) -> bool:
        """Whether the object is of one value, and what else stands in it describes the value."""
        if self.value is None:
            return False
        return bool(self.names and self.quantity()) or not any(key.known for _, key, _ in self.plains)

    def quantity(self) -> str | None:
        """What an object of one value says it measured: the first name that the catalogue knows, else the first."""
        if self._said is _UNASKED:
            self._said = self._named()
        return self._said

    def _named(self) -> str | None:
        named = sorted([*self.names, *self.weak], key=rank)
        texts = [found for found in named if _is_word(found.value)]
        for found in texts:
            if read_key(found.value).known:
                return str(found.value)
        sure = [found for found in texts if found.key in self._name_keys() and plain(found.key) not in _WEAK_NAMES]
        if not sure and (self.devices or any(plain(found.key) != "name" for found in self.weak)):
            sure = [found for found in texts if found.key in self._name_keys()]
        return str(sure[0].value) if sure else None

    def unit_of(self, name: str) -> str | None:
        """What `<key>_unit` or `units` says of a key."""
        return self.units.get(plain(name)) if self.units and name else None

    def only_unit(self) -> str | None:
        """`unit` beside exactly one number is that number's."""
        return self.unit if sum(1 for _, _, value in self.plains if looks_numeric(value)) == 1 else None

    def _name_keys(self) -> set[str]:
        return {found.key for found in self.names}

    def _nested(self, name: str, key: Key, value: Any) -> None:
        if key.role is Role.UNIT and type(value) is dict:
            self.units.update((plain(of), unit) for of, unit in value.items() if type(unit) is str)
        else:
            self.nested.append((name, value))

    def _empty(self, name: str, key: Key, value: Any) -> None:
        if key.role is Role.QUALITY and value is False:
            self.quality = f"{name} is false"
        elif key.role is Role.VALUE and self.value is None:
            self.value = Found(key.rank, name, None)

    def _time(self, name: str, key: Key, value: Any) -> None:
        if key.base in _SHORT_TIMES and not is_time(value):
            # A short name of a temperature or a difference, of which nobody can say more.
            self.plains.append((name, Key(Role.PLAIN, quantity=name), value))
        else:
            self.times.append(Found(key.rank, name, value))

    def _device(self, name: str, key: Key, value: Any) -> None:
        self.devices.append(Found(key.rank, name, value))

    def _weak(self, name: str, key: Key, value: Any) -> None:
        self.weak.append(Found(key.rank, name, value))
        if name.casefold() == "name":
            self.names.append(Found(key.rank + 100, name, value))

    def _name(self, name: str, key: Key, value: Any) -> None:
        self.names.append(Found(key.rank, name, value))

    def _value(self, name: str, key: Key, value: Any) -> None:
        if self.value is None or key.rank < self.value.rank:
            self.value = Found(key.rank, name, value)

    def _unit(self, _name: str, _key: Key, value: Any) -> None:
        if type(value) is str and len(value) <= _LONGEST_UNIT:
            self.unit = value.strip() or None

    def _unit_of(self, name: str, key: Key, value: Any) -> None:
        if type(value) is str:
            self.units[key.base] = value
            self.unit_keys.append(name)
        else:
            self.plains.append((name, Key(Role.PLAIN, quantity=name), value))

    def _channel(self, _name: str, _key: Key, value: Any) -> None:
        self.channel = as_channel(str(value)[:64] if type(value) is str else f"{value:g}")

    def _quality(self, name: str, _key: Key, value: Any) -> None:
        if str(value)[:16].strip().casefold() in _BAD:
            self.quality = f"{name} is {shortened(value, 20)}"

    def _scale(self, _name: str, _key: Key, value: Any) -> None:
        self.scale = as_number(value)


_SORTED: dict[Role, Callable[[Members, str, Key, Any], None]] = {
    Role.TIME: Members._time,  # noqa: SLF001 - its own
    Role.DEVICE: Members._device,  # noqa: SLF001
    Role.WEAK_DEVICE: Members._weak,  # noqa: SLF001
    Role.NAME: Members._name,  # noqa: SLF001
    Role.VALUE: Members._value,  # noqa: SLF001
    Role.UNIT: Members._unit,  # noqa: SLF001
    Role.UNIT_OF: Members._unit_of,  # noqa: SLF001
    Role.CHANNEL: Members._channel,  # noqa: SLF001
    Role.QUALITY: Members._quality,  # noqa: SLF001
    Role.SCALE: Members._scale,  # noqa: SLF001
}


def rank(found: Found) -> int:
    """For sorting: values of any type may stand behind it."""
    return found.rank


def _is_word(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= 64 and value.casefold() not in _TYPE_NAMES  # noqa: PLR2004


def as_channel(text: str) -> str:
    """A part's name as a channel: what may stand in one; "" where nothing of it may."""
    if is_channel(text):
        return text.casefold()
    return _NOT_IN_CHANNELS.sub("_", text.strip())[:32].strip("_.-").casefold()


def is_time(value: Any) -> bool:
    """Whether a value can only be meant as a time: a Unix time of this century, or a date."""
    size = as_number(value)
    if size is not None:
        return _UNIX_TIMES[0] <= size < _UNIX_TIMES[1]
    return type(value) is str and 8 <= len(value) <= 64 and value[:1].isdigit()  # noqa: PLR2004


def as_number(value: Any) -> float | None:
    """A number, or a text that is one; None for everything else, and for integers beyond any use."""
    kind = type(value)
    if kind is float:
        return float(value)
    if kind is int:
        return float(value) if value.bit_length() <= 256 else None  # noqa: PLR2004
    if kind is not str or not value or len(value) > _LONGEST_NUMBER:
        return None
    if value[0] not in _NUMBER_STARTS and not value[0].isspace():
        return None
    try:
        return float(value)
    except ValueError:
        return None


def looks_numeric(value: Any) -> bool:
    """Whether a value is a number or a text that is one."""
    return as_number(value) is not None
