"""A decoded object of which no profile knows the maker: its numbers by the words that they stand under.

Nothing is guessed: a unit is what the object says, or a key's end (`co2_ppm`); only a position needs none said. What
the catalogue does not know goes to quarantine by its own word, with its value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Decoded, Reading, Refused, Source
from ingest.keys import read_key
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_channel, is_name, number, printable

_DEEPEST = 8
_LONGEST_NUMBER = 40
_WRAPPERS = frozenset({"data", "bytes", "payload", "decoded", "object", "values", "measurements", "fields", "readings"})
"""Objects around objects: their names tell nothing of what is in them."""

_POSITION = {
    "latitude": "deg",
    "lat": "deg",
    "longitude": "deg",
    "lon": "deg",
    "lng": "deg",
    "altitude": "m",
    "alt": "m",
}
_DEGREES = frozenset("cfCF")
_LABELS = ("name", "type", "quantity", "property")


def read_object(document: Any, device: str, time: datetime | None, source: Source) -> Decoded:
    """The numbers of an object or a list of objects.

    Numbers and numeric texts are readings, also in `{value, unit}`; Booleans, null and other texts are none. A nested
    object's name is the channel of what is in it, so that two probes' temperatures stay two.

    Raises:
        Refusal: `too_large` or `too_deep`.
    """
    run = _Run(device, time, source.max_readings)
    if type(document) is dict:
        run.walk(document, "", "", 0)
    elif type(document) is list:
        run.items(document, "", "", "", 0)
    return run.decoded


class _Run:
    __slots__ = ("_device", "_left", "_time", "decoded")

    def __init__(self, device: str, time: datetime | None, most: int) -> None:
        self._device, self._time, self._left = device, time, most
        self.decoded = Decoded()

    def walk(self, node: dict[str, Any], prefix: str, channel: str, depth: int) -> None:
        """The members of an object."""
        if depth > _DEEPEST:
            raise refusal("too_deep", f"{shortened(prefix)} is nested more than {_DEEPEST} levels deep")
        self._spend(len(node))
        for key, value in node.items():
            kind = type(value)
            if kind is dict:
                if self._measured(value, f"{prefix}{key}", key, channel):
                    continue
                own = channel if key in _WRAPPERS else _channel(key) or channel
                self.walk(value, f"{prefix}{key}.", own, depth + 1)
            elif kind is list:
                self.items(value, f"{prefix}{key}", key, channel, depth + 1)
            elif kind is int or kind is float or kind is str:
                self._number(key, f"{prefix}{key}", value, channel)

    def items(self, values: list[Any], field: str, name: str, channel: str, depth: int) -> None:
        """The items of a list: objects that say what they are, or numbers under one name."""
        if depth > _DEEPEST:
            raise refusal("too_deep", f"{shortened(field)} is nested more than {_DEEPEST} levels deep")
        self._spend(len(values))
        for index, value in enumerate(values):
            place = f"{field}[{index}]"
            if type(value) is dict:
                label = next((value[key] for key in _LABELS if type(value.get(key)) is str), None)
                if label is None or "value" not in value:
                    self.walk(value, f"{place}.", str(index) if len(values) > 1 else channel, depth)
                else:
                    self._value(
                        label, place, value["value"], _said_unit(value), _channel(value.get("channel")) or channel
                    )
            elif name and type(value) in {int, float}:
                self._number(name, place, value, str(index))

    def _measured(self, node: dict[str, Any], field: str, name: str, channel: str) -> bool:
        """Whether it is `{value, unit, …}`, which is then taken."""
        if "value" not in node or type(node["value"]) in {dict, list}:
            return False
        unit = _said_unit(node)
        if unit is None and not node.keys() <= {"value", "unit", "displayName", "name", "timestamp", "time"}:
            return False
        self._value(name, field, node["value"], unit, channel)
        return True

    def _number(self, name: str, field: str, value: Any, channel: str) -> None:
        if name.isdecimal() and channel:
            # {"temperatureSensor": {"1": 21.5}}: the number is the sensor's.
            name, channel = channel, name
        key = read_key(name)
        # current_A may be a phase's; of single letters only those of degrees are sure.
        sure = not key.letter or name[-1:] in _DEGREES
        if key.known and key.unit is not None and sure:
            # The key's end says the unit (`co2_ppm`).
            self._value(key.quantity, field, value, key.unit, channel or key.channel)
            return
        self._value(name, field, value, _POSITION.get(name.casefold()), channel)

    def _value(self, name: str, field: str, value: Any, unit: str | None, channel: str) -> None:
        if type(value) is str and not _may_be_number(value):
            return
        field = printable(field)
        try:
            found = number(value, field)
        except Refusal as refused:
            # A text that only looks like a number is a serial number, a date or a version.
            if type(value) not in {str, bool}:
                self.decoded.refusals.append(refused)
            return
        if found is None:
            return
        reading = Reading(self._device, field, name, channel, found, unit, self._time)
        if is_name(name):
            self.decoded.readings.append(reading)
        else:
            bad = bad_name(name)
            self.decoded.refusals.append(Refused(bad.code, bad.detail, hint=bad.hint or "", reading=reading))

    def _spend(self, members: int) -> None:
        self._left -= members
        if self._left < 0:
            raise refusal("too_large", "the decoded object holds more values than a message may")


def _may_be_number(text: str) -> bool:
    start = text.lstrip()[:1]
    return len(text) <= _LONGEST_NUMBER and (start.isdecimal() or start in {"-", "+", "."})


def _said_unit(node: dict[str, Any]) -> str | None:
    unit = node.get("unit")
    return unit if type(unit) is str and unit else None


def _channel(text: Any) -> str:
    if type(text) is int:
        text = str(text)
    return text.casefold() if type(text) is str and is_channel(text) else ""
