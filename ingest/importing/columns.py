"""Which column of a file is what: by the words of its header, or as the command line says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bypuls.errors import SettingsError

WORDS: Mapping[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "datetime", "date_time", "date", "time_utc", "timestamp_utc", "observed_at", "from_time",
        "start", "fra_tid", "tid", "tidspunkt", "phenomenontime", "ts",
    ),
    "device": (
        "device", "device_id", "sensor", "sensor_id", "station", "station_id", "meter", "meter_id", "thing", "stasjon",
    ),
    "quantity": (
        "property", "quantity", "observed_property", "parameter", "variable", "pollutant", "measurement", "metric",
        "component", "komponent",
    ),
    "value": ("value", "result", "reading", "verdi"),
    "unit": ("unit", "units", "uom", "unit_of_measurement", "enhet"),
    "channel": ("channel", "lane", "phase", "kanal", "felt"),
    "flag": ("flag", "quality_flag", "qartod", "qc_flag"),
    "interval": ("interval", "interval_length", "resolution", "opplosning"),
    "city": ("city", "by"),
}  # fmt: skip
"""What a column may be called; compared without case, with - . and space read as _."""

_SEPARATORS = re.compile(r"[\s.\-]+")
_WITH_UNIT = re.compile(r"(?P<quantity>.+?)\s*(?:\[(?P<square>[^\]]*)\]|\((?P<round>[^)]*)\))\s*")


class Wide(NamedTuple):
    """A column that holds the values of one property."""

    column: int
    quantity: str
    unit: str


@dataclass(frozen=True)
class Given:
    """What the command line says of a file's columns.

    Attributes:
        columns: role -> the column's name in the header.
        device, quantity, channel, unit, interval: for files that have no such column.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    quantity: str = ""
    channel: str = ""
    unit: str = ""
    interval: str = ""


@dataclass(frozen=True)
class Layout:
    """Which column is what.

    Attributes:
        roles: role -> column, by number.
        wide: one column per property, instead of a value's column.
        unused: headers nobody asked for.
        given: what holds for the whole file.
    """

    roles: Mapping[str, int]
    wide: tuple[Wide, ...]
    unused: tuple[str, ...]
    given: Given


def layout(header: Sequence[str], given: Given, known: Callable[[str], bool], file: str) -> Layout:
    """Understand a header.

    Args:
        header: the columns' names as written.
        given: what the command line says.
        known: whether the catalogue knows a property of that word.
        file: for the message.

    Raises:
        SettingsError: a column is missing, stands twice, or is named and not there.
    """
    header = [name.strip().removeprefix("\ufeff") for name in header]
    roles = _named(header, given.columns, file)
    for number, name in enumerate(header):
        if number in roles.values():
            continue
        role = _ROLE.get(_folded(name))
        if role is None:
            continue
        if role in roles and role not in given.columns:
            raise SettingsError(
                f"{file}: the columns {header[roles[role]]!r} and {name!r} both read as {role}: "
                f"say which with --column {role}=NAME"
            )
        roles.setdefault(role, number)
    free = [number for number in range(len(header)) if number not in roles.values()]
    wide: tuple[Wide, ...] = ()
    if "value" not in roles:
        if given.quantity and len(free) == 1:
            roles["value"] = free.pop()
        elif "quantity" not in roles:
            wide = tuple(one for number in free for one in _wide(number, header[number], known))
            free = [number for number in free if number not in {one.column for one in wide}]
    _complete(roles, wide, given, header, file)
    return Layout(roles, wide, tuple(header[number] for number in free), given)


def _named(header: Sequence[str], columns: Mapping[str, str], file: str) -> dict[str, int]:
    roles = {}
    for role, name in columns.items():
        if role not in WORDS:
            raise SettingsError(f"--column {role}={name}: there is no {role}; there are {', '.join(WORDS)}")
        if name not in header:
            raise SettingsError(f"{file}: there is no column {name!r}; there are {', '.join(header)[:300]}")
        roles[role] = header.index(name)
    return roles


def _complete(roles: Mapping[str, int], wide: tuple[Wide, ...], given: Given, header: Sequence[str], file: str) -> None:
    missing = [
        f"{role} (--column {role}=NAME{option})"
        for role, there, option in (
            ("time", "time" in roles, ""),
            ("device", "device" in roles or given.device, ", or --device"),
            ("value", "value" in roles or wide, ""),
            ("property", "quantity" in roles or given.quantity or wide, ", or --property"),
        )
        if not there
    ]
    if missing:
        found = ", ".join(header)[:300]
        raise SettingsError(f"{file}: no column for {'; '.join(missing)}; the header has: {found}")


def _wide(number: int, name: str, known: Callable[[str], bool]) -> list[Wide]:
    if known(name):
        return [Wide(number, name, "")]
    match = _WITH_UNIT.fullmatch(name)
    if match is not None and known(match["quantity"]):
        return [Wide(number, match["quantity"], (match["square"] or match["round"] or "").strip())]
    return []


def _folded(name: str) -> str:
    return _SEPARATORS.sub("_", name.strip()).casefold()


_ROLE = {word: role for role, words in WORDS.items() for word in words}
