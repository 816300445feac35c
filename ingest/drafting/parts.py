"""The objects of one message, as the parts of a mapping: where they are, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from bypuls.errors import Refusal
from ingest.keys import NAMES, Role, plain, read_key
from ingest.members import Members, is_time, looks_numeric, rank
from ingest.strict_json import is_name
from ingest.written_times import read_any_time

_MOST_ITEMS = 50
_DEEPEST = 6
MOST_VALUES = 200
_SPECIAL = re.compile(r"([.{}\[\]*\\])")
_REMARKS = frozenset({Role.REMARK, Role.CHANNEL, Role.SCALE, Role.QUALITY, Role.NAME, Role.DEVICE, Role.WEAK_DEVICE})
_ID = re.compile(r"(?:0x)?[0-9A-Fa-f]{4,16}|.*\d.*")


@dataclass
class Number:
    """A number of a part.

    Attributes:
        place: pattern of the member within the part.
        key: its own key.
        parents: keys around it within the part.
        unit_at: path of the member that gives its unit, relative to the part (or, with `inner`, to the object).
        inner: path of the number within the member, where that is an object with its unit.
    """

    place: str
    key: str
    value: Any
    parents: tuple[str, ...]
    unit_at: str | None = None
    inner: str | None = None


@dataclass
class DraftedPart:
    """Objects of one place, all of one kind.

    Attributes:
        each: pattern; "" for the whole message.
        part_capture: the objects stand under names of their own, which are captured.
        times, devices: paths within the part, the likeliest first.
        name, value, unit: of the long form, paths; names: what was seen under `name`, with value and unit.
        carried: capture -> path, from the objects around.
        remarks: numbers that tell of the sender.
        lists: places of lists that hold no objects.
        texts: places of texts.
    """

    each: str = ""
    part_capture: str | None = None
    part_names: list[str] = field(default_factory=list)
    parents: tuple[str, ...] = ()
    times: list[tuple[str, Any]] = field(default_factory=list)
    devices: list[tuple[str, Any]] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    name: str | None = None
    value: str | None = None
    unit: str | None = None
    names: dict[str, tuple[Any, str | None]] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)
    inherited_time: str | None = None
    inherited_device: str | None = None
    remarks: list[tuple[str, Any]] = field(default_factory=list)
    lists: list[tuple[str, int]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)


def parts_of(document: Any) -> list[DraftedPart]:
    """The parts of a message, the outermost first."""
    parts: list[DraftedPart] = []
    if isinstance(document, dict):
        _objects([document], DraftedPart(), parts, 0)
    elif isinstance(document, list):
        items = [item for item in document[:_MOST_ITEMS] if isinstance(item, dict)]
        if items:
            _objects(items, DraftedPart(each="[]"), parts, 0)
    return parts


def escaped(key: str) -> str:
    """A key as patterns and paths write it."""
    return _SPECIAL.sub(r"\\\1", key)


def _objects(objects: list[dict[str, Any]], part: DraftedPart, parts: list[DraftedPart], depth: int) -> None:
    """Read objects of one kind: their members together, what is of another kind as parts of its own."""
    parts.append(part)
    inner: list[tuple[str, str, list[dict[str, Any]], str | None, list[str]]] = []
    merged = _merged(objects)
    if _is_long(merged):
        _long(objects, merged, part)
    else:
        _collect(merged, part, "", (), inner, depth)
    if _is_long(merged):
        for key, value in merged.items():
            if isinstance(value, list) and any(isinstance(item, dict) for item in value) and _usable(key):
                inner.append((f"{escaped(key)}[]", key, [item for item in value if isinstance(item, dict)], None, []))
    for place, key, items, capture, names in inner:
        below = DraftedPart(each=_joined(part.each, place), part_capture=capture, part_names=names, parents=(key,))
        _inherit(part, below)
        _objects(items[:_MOST_ITEMS], below, parts, depth + 1)


def _inherit(part: DraftedPart, below: DraftedPart) -> None:
    """What the objects around say of time and device reaches those in them."""
    below.carried = dict(part.carried)
    below.inherited_time, below.inherited_device = part.inherited_time, part.inherited_device
    if part.times:
        below.inherited_time = _reach(part, below, "time", part.times[0][0])
    if part.devices:
        below.inherited_device = _reach(part, below, "device", part.devices[0][0])
    elif part.part_capture is not None:
        below.inherited_device = None


def _reach(part: DraftedPart, below: DraftedPart, capture: str, path: str) -> str:
    if not part.each:
        return f"/{path}"
    below.carried[capture] = path
    return f"${capture}"


def _joined(each: str, place: str) -> str:
    return f"{each}.{place}" if each else place


def _merged(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """One object with every member that any of them has."""
    merged: dict[str, Any] = {}
    for found in objects:
        for key, value in found.items():
            if merged.get(key) is None and len(merged) < MOST_VALUES:
                merged[key] = value
            elif isinstance(value, list) and isinstance(merged.get(key), list) and len(merged[key]) < _MOST_ITEMS:
                merged[key] = [*merged[key], *value[:_MOST_ITEMS]]
    return merged


def _is_long(document: dict[str, Any]) -> bool:
    members = Members(document)
    if members.value is None or not (looks_numeric(members.value.value) or members.value.value is None):
        return False
    return bool(members.names) and members.is_long() and members.quantity() is not None


def _usable(key: str) -> bool:
    """Whether a key can stand in a profile: printable, and no marks that paths begin with."""
    return is_name(key) and key.isprintable()


def _long(objects: list[dict[str, Any]], merged: dict[str, Any], part: DraftedPart) -> None:
    members = Members(merged)
    said = members.quantity()
    name = next((key for key, value in merged.items() if value == said and _names(key)), None)
    if members.value is None or name is None:
        return
    part.name, part.value = escaped(name), escaped(members.value.key)
    unit = next((key for key in merged if read_key(key).role is Role.UNIT and isinstance(merged[key], str)), None)
    part.unit = None if unit is None else escaped(unit)
    for found in objects:
        text = found.get(name)
        if isinstance(text, str) and is_name(text) and len(part.names) < MOST_VALUES:
            part.names.setdefault(text, (found.get(members.value.key), found.get(unit) if unit else None))
    part.times = _times(members)
    part.devices = [
        (escaped(entry.key), entry.value)
        for entry in sorted([*members.devices, *members.weak], key=rank)
        if entry.key != name and isinstance(entry.value, str | int) and _usable(entry.key)
    ]


def _names(key: str) -> bool:
    return read_key(key).role in {Role.NAME, Role.WEAK_DEVICE} or plain(key) in NAMES


def _times(members: Members) -> list[tuple[str, Any]]:
    found = sorted(members.times, key=rank)
    sure = [entry for entry in found if is_time(entry.value)] or found
    return [(escaped(entry.key), entry.value) for entry in sure if _usable(entry.key)]


def _collect(
    document: dict[str, Any],
    part: DraftedPart,
    prefix: str,
    parents: tuple[str, ...],
    inner: list[tuple[str, str, list[dict[str, Any]], str | None, list[str]]],
    depth: int,
) -> None:
    members = Members(document)
    if not part.times:
        part.times = [(prefix + path, value) for path, value in _times(members)]
    part.devices += _devices(members, prefix, in_list=part.each.endswith("[]"))
    alike = _alike(document)
    if alike:
        capture = f"part{part.each.count('{part') or ''}"
        among = "" if len(alike) == _dicts(document) else ":" + "|".join(map(re.escape, alike))
        inner.append((f"{prefix}{{{capture}{among}}}", "", [document[key] for key in alike], capture, alike))
    for key, value in document.items():
        if key in alike or not _usable(key):
            continue
        place = prefix + escaped(key)
        if isinstance(value, dict):
            _object(key, value, place, part, parents, inner, depth)
        elif isinstance(value, list):
            items = [item for item in value if isinstance(item, dict)]
            if items:
                inner.append((f"{place}[]", key, items, None, []))
            elif value:
                part.lists.append((place, len(value)))
        else:
            _scalar(key, value, place, part, parents, members, prefix)


def _devices(members: Members, prefix: str, *, in_list: bool) -> list[tuple[str, Any]]:
    """Members that name a device, the surest first; what names one only sometimes does in lists."""
    weak = [entry for entry in members.weak if in_list or plain(entry.key) == "id"]
    found = [*sorted(members.devices, key=rank), *sorted(weak, key=rank)]
    kinds = (str, int) if in_list else (str,)
    return [
        (prefix + escaped(entry.key), entry.value)
        for entry in found
        if isinstance(entry.value, kinds) and _usable(entry.key)
    ]


def _object(
    key: str,
    value: dict[str, Any],
    place: str,
    part: DraftedPart,
    parents: tuple[str, ...],
    inner: list[tuple[str, str, list[dict[str, Any]], str | None, list[str]]],
    depth: int,
) -> None:
    within = Members(value)
    if within.value is not None and looks_numeric(within.value.value) and not within.names:
        unit = next((name for name in value if read_key(name).role is Role.UNIT and isinstance(value[name], str)), None)
        at = None if unit is None else escaped(unit)
        part.numbers.append(Number(place, key, within.value.value, parents, at, escaped(within.value.key)))
    elif depth + len(parents) < _DEEPEST:
        _collect(value, part, f"{place}.", (*parents, key), inner, depth)


def _scalar(
    key: str,
    value: Any,
    place: str,
    part: DraftedPart,
    parents: tuple[str, ...],
    members: Members,
    prefix: str,
) -> None:
    role = read_key(key).role
    is_plain = role is Role.PLAIN or (role is Role.TIME and not is_time(value)) or role is Role.VALUE
    if isinstance(value, bool) or value is None:
        return
    if is_plain and (looks_numeric(value) or _has_unit(value)):
        unit = next((name for name in members.unit_keys if read_key(name).base == plain(key)), None)
        part.numbers.append(Number(place, key, value, parents, None if unit is None else prefix + escaped(unit)))
    elif role in _REMARKS and looks_numeric(value):
        part.remarks.append((place, value))
    elif is_plain and isinstance(value, str) and _is_date(value):
        part.times.append((place, value))
    elif is_plain and isinstance(value, str) and value and len(value) <= 20:  # noqa: PLR2004
        part.texts.append((place, value))


def _is_date(value: str) -> bool:
    """Whether a text is a time, whatever its key says: with a zone or not."""
    if not (is_time(value) and re.search(r"\d[-/.]\d", value)):
        return False
    try:
        read_any_time(value, "UTC", day_first=True)
    except Refusal:
        return False
    return True


def _has_unit(value: Any) -> bool:
    return (
        isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d+)?\s*[^\d\s.,:/-]\S{0,11}", value.strip()) is not None
    )


def _dicts(document: dict[str, Any]) -> int:
    return sum(1 for value in document.values() if isinstance(value, dict))


def _alike(document: dict[str, Any]) -> list[str]:
    """Keys of objects that have the same members: parts or devices under names of their own."""
    shapes: dict[frozenset[str], list[str]] = {}
    for key, value in document.items():
        if isinstance(value, dict) and value and _usable(key) and not Members(value).is_long():
            shapes.setdefault(frozenset(value), []).append(key)
    most = max(shapes.values(), key=len, default=[])
    if len(most) > 1:
        return most
    single = [keys[0] for keys in shapes.values()]
    return [key for key in single if len(key) > 3 and _ID.fullmatch(key) and not read_key(key).known][:1]  # noqa: PLR2004
