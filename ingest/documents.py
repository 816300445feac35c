"""Walks JSON whose maker is not known and makes readings of it: the rules are those of `ingest.decoders.json`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bypuls.errors import Refusal
from bypuls.properties import find
from ingest.collisions import apart, joined
from ingest.decoding import Decoded, Reading, Refused, Registered, Source
from ingest.keys import KNOWN, Key, Role, is_wrapper, of_meter, of_part, plain, read_key, unit_at_end
from ingest.members import Found, Members, as_channel, as_number, is_time, looks_numeric, rank
from ingest.place import Place
from ingest.reasons import REASONS, refusal
from ingest.strict_json import bad_name, is_name, number, printable
from ingest.timestamps import read_time
from ingest.topics import is_device_name
from ingest.written_times import read_any_time

_DEEPEST = 8
_MOST_MEMBERS = 2000
_MOST_NEW = 1000
_FEW = 20
_EXACT = 2**53
_ANY_ZONE = timedelta(hours=26)
_MOST_SLOW_TIMES = 500
_CLOCK_NOT_SET = 1e8
_LONGEST_UNIT = 32
_LONGEST_NUMBER = 40
_NUMBER_STARTS = frozenset("+-.0123456789")
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,12},\d{1,12}", re.ASCII)
_WITH_UNIT = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,15})?) ?([^\d\s.,:/-]\S{0,11}(?: ?\S{1,6})?)", re.ASCII)
_POSITIONS = frozenset({"coordinates", "location", "gps", "position", "latlon", "latlng", "lonlat", "geo", "bbox"})


class Walk:
    """One message on its way from JSON to readings.

    Args:
        source: whose zone and bounds hold.
        arrival: of the message.
        owner: the device that the topic names by rule; ids in the payload are parts of it.
        registered: what the registry says of a device.
    """

    def __init__(
        self,
        source: Source,
        arrival: datetime,
        owner: str | None = None,
        registered: Callable[[str], Registered | None] = lambda _: None,
    ) -> None:
        self._source, self._arrival, self._owner, self._registered = source, arrival, owner, registered
        self._decoded = Decoded()
        self._naive = self._several = False
        self._members = self._learnt = self._slow_times = 0

    def finish(self) -> Decoded:
        """What was found: no two readings are one, and several times without a zone are refused."""
        decoded = self._decoded
        if self._several and len(decoded.readings) > 1:
            decoded.readings = apart(decoded.readings, decoded.refusals, naive=self._naive)
        return decoded

    def read_object(self, document: Mapping[str, Any], place: Place) -> None:
        """The readings of an object."""
        self._members += len(document)
        if len(document) > _MOST_MEMBERS or self._members > 20 * self._source.max_readings:
            raise refusal("too_large", f"{len(document)} members in one object, {self._members} in the message")
        if place.depth > _DEEPEST:
            self._refuse(refusal("too_deep", f"more than {_DEEPEST} levels", field=printable(place.path)))
            return
        if len(document) > _FEW:
            self._bound(sum(1 for name in document if name not in KNOWN))
        members = Members(document)
        if members.learnt:
            self._learnt += members.learnt
            self._bound(0)
        is_long = members.is_long()
        try:
            place = self._placed(members, place, is_long=is_long)
        except Refusal as refused:
            if refused.code == "too_large":
                raise
            self._refuse(refused)
            return
        if is_long:
            self._long(members, place)
        self._plains(members, place, is_long=is_long)
        if members.nested:
            self._several = True
            for name, value in members.nested:
                self._nested(name, value, members, place)

    def _plains(self, members: Members, place: Place, *, is_long: bool) -> None:
        is_simple = self._is_simple(members, place, is_long=is_long)
        for name, key, value in members.plains:
            if is_long and not key.known:
                continue
            # Most numbers need no second look.
            kind = type(value)
            is_plain = kind is float or (kind is int and -_EXACT < value < _EXACT)
            if is_plain and is_simple and key.known and not (key.letter or key.channel) and value - value == 0:
                path = f"{place.path}.{name}" if place.path else name
                reading = Reading(place.device, path, key.quantity, place.channel, float(value), key.unit, place.time)
                self._decoded.readings.append(reading)
            else:
                self._plain(name, key, value, members, place)

    def _bound(self, new: int) -> None:
        if self._learnt + new > _MOST_NEW:
            raise refusal("too_large", f"more than {_MOST_NEW} different names that no message had before")

    def read_list(self, name: str, items: list[Any], place: Place) -> None:
        """The readings of a list: of objects, or of [time, value]."""
        if plain(name) in _POSITIONS or not items:
            return
        self._several = True
        if len(items) > self._source.max_readings:
            raise refusal("too_large", f"{len(items)} items; {self._source.max_readings} are allowed")
        meter = plain(name) in {"meter", "meters"}
        below = place._replace(in_list=True, depth=place.depth + 1, meter=place.meter or meter)
        numbers = 0
        for item in items:
            if type(item) is dict:
                self.read_object(item, below._replace(path="" if not place.quantity else place.path))
            elif type(item) is list and len(item) == 2 and place.quantity and is_time(item[0]):  # noqa: PLR2004
                self._value(place.quantity, item[1], self._at(item[0], below), place.path, place.unit)
            elif type(item) in {int, float, str} and looks_numeric(item):
                numbers += 1
        if numbers == 1 and len(items) == 1 and place.quantity:
            self._value(place.quantity, items[0], place, place.path, place.unit)
        elif numbers:
            self._refuse(
                refusal(
                    "wrong_type",
                    f"a list of {numbers} numbers: nothing says which of them is what, or when",
                    field=printable(place.path or name),
                    hint="send an object for each, with its time, or describe the list in a profile",
                )
            )

    # -- what holds in an object ---------------------------------------------------------------------------------

    def _placed(self, members: Members, place: Place, *, is_long: bool) -> Place:
        changes: dict[str, Any] = {}
        device = self._device(members, place, is_long=is_long) if members.devices or members.weak else None
        if members.times:
            place = self._timed(members.times, place if device is None else place._replace(device=device))
        if device is not None:
            changes["device"] = device
            if place.depth and not place.in_list:
                changes["channel"] = ""  # the part is a device of its own
        if members.channel:
            changes["channel"] = joined(place.channel, members.channel)
        if members.quality is not None:
            changes["bad"] = members.quality
        return place._replace(**changes) if changes else place

    def _timed(self, times: list[Found], place: Place) -> Place:
        """The first time that can be read, of several the one that is nearest to the measurement."""
        if len(times) == 1 and type(times[0].value) is int:
            return self._at(times[0].value, place, None, times[0].key)
        if len(times) > 1:
            times = sorted(times, key=rank)[:6]
            texts = {plain(name): value for _, name, value in times if type(value) is str}
            # A date and a time of day, each under its own key.
            if "date" in texts and "time" in texts and ":" not in texts["date"] and "-" not in texts["time"]:
                return self._at(f"{texts['date'][:32]}T{texts['time'][:32]}", place)
        first: Place | None = None
        for _, name, value in times:
            zone = "UTC" if "utc" in plain(name) else None
            found = self._at(value, place, zone, name)
            if found.time is not None:
                return found
            first = first or found
        return first or place

    def _at(self, value: Any, place: Place, zone: str | None = None, name: str = "time") -> Place:
        size = as_number(value)
        if size is None and not _is_rfc3339(value):
            self._slow_times += 1
            if self._slow_times > _MOST_SLOW_TIMES:
                raise refusal(
                    "too_large", f"more than {_MOST_SLOW_TIMES} times that are neither Unix time nor RFC 3339"
                )
        if size is not None and -_CLOCK_NOT_SET < size < _CLOCK_NOT_SET:
            return place
        try:
            if size is not None:
                time = read_time(value, None, name, self._source.precision)
            else:
                time = read_any_time(value, zone or self._zone(place.device), printable(name))
        except Refusal as refused:
            if refused.code == "time_without_zone" and self._is_about_now(value):
                self._naive = True
                return place._replace(time=None, naive=True, fault=None)
            return place._replace(time=None, fault=refused)
        return place._replace(time=time, naive=False, fault=None)

    def _zone(self, device: str) -> str | None:
        """The zone of a device's times: the registry's, else the source's."""
        known = self._registered(device) if device else None
        return (known.zone if known is not None else None) or self._source.zone

    def _is_about_now(self, value: Any) -> bool:
        """Whether a time without a zone may be the arrival, wherever on earth its clock stands."""
        try:
            return abs(read_any_time(value, "UTC") - self._arrival) <= _ANY_ZONE
        except Refusal:
            return False

    def _device(self, members: Members, place: Place, *, is_long: bool) -> str | None:
        found = min(members.devices, default=None, key=rank)
        if found is None and members.weak:
            usable = [entry for entry in members.weak if self._may_name(entry, members, place, is_long=is_long)]
            found = min(usable, default=None, key=rank)
        if found is None:
            return None
        _, key, value = found
        name = str(value) if type(value) in {str, int} and not _is_huge(value) else ""
        if not is_device_name(name):
            raise bad_name(value, key)
        if self._owner is not None and (place.in_list or place.depth) and name.casefold() != self._owner.casefold():
            return f"{self._owner}/{name}"
        return name

    @staticmethod
    def _is_simple(members: Members, place: Place, *, is_long: bool) -> bool:
        """Whether nothing around a number changes what it is: no part, no unit, no fault, no list."""
        there = members.unit or members.units or place.part or place.unit or place.bad or place.in_list
        return not (is_long or there or place.fault is not None or place.scale is not None)

    @staticmethod
    def _may_name(entry: Found, members: Members, place: Place, *, is_long: bool) -> bool:
        _, key, value = entry
        if type(value) is not str and not place.in_list:
            return False
        if is_long:
            # {"id": "temperature", "value": 21}: a word of the catalogue is what was measured, not by whom.
            taken = members.quantity()
            return value != taken and find(str(value)[:64]) is None
        if plain(key) == "id":
            return True
        return (place.in_list and plain(key) != "name") or plain(key) == "meter"

    # -- readings ------------------------------------------------------------------------------------------------

    def _long(self, members: Members, place: Place) -> None:
        _, name, value = members.value or (0, "", None)
        said = members.quantity() or place.quantity
        if said is not None and not is_name(said):
            self._refuse(bad_name(said, name))
            return
        path = _below(place.path, name)
        if members.scale is not None and members.scale != 1.0:
            place = place._replace(scale=members.scale)
        if said is None:
            self._value(None, value, place, path, members.unit or place.unit)
            return
        key = read_key(said)
        quantity = key.quantity if key.role is Role.PLAIN and key.known else said
        at = place if not key.channel else place._replace(channel=joined(place.channel, key.channel))
        self._value(quantity, value, at, path, members.unit or place.unit or key.unit)

    def _plain(self, name: str, key: Key, value: Any, members: Members, place: Place) -> None:
        if value is None or value is True or value is False:
            return
        quantity, unit, channel = key.quantity, key.unit, key.channel
        if place.part:
            whole = of_part(place.part, quantity)
            if whole is not None:
                quantity, unit = whole, unit or members.unit_of(name)
                place = place._replace(channel=_parent(place.channel))
        if not key.known:
            if place.meter or any(entry.key.casefold() in {"meter", "meterid", "meter_id"} for entry in members.weak):
                quantity = of_meter(name) or quantity
            if not is_name(name):
                self._refuse(bad_name(name, name))
                return
        if key.letter and any(other[0] in {f"{key.base}_B", f"{key.base}_b"} for other in members.plains):
            quantity, unit = name, None  # current_A, current_B, current_C: phases, not amperes
        if members.unit is not None or members.units:
            unit = members.unit_of(name) or members.unit_of(key.base) or unit or members.only_unit()
        if channel:
            place = place._replace(channel=joined(place.channel, channel))
        self._value(quantity, value, place, _below(place.path, name), unit or place.unit)

    def _nested(self, name: str, value: Any, members: Members, place: Place) -> None:
        depth, path = place.depth + 1, _below(place.path, name)
        if type(value) is list:
            key = read_key(name)
            named = key.role is Role.PLAIN and not is_wrapper(name) and is_name(name)
            quantity = (key.quantity if key.known else name) if named else place.quantity
            unit = members.unit_of(name) or key.unit
            self.read_list(name, value, place._replace(quantity=quantity, path=path, unit=unit, depth=depth))
        elif plain(name) in _POSITIONS and "coordinates" in value:
            return
        elif is_wrapper(name):
            self.read_object(value, place._replace(path=path, depth=depth))
        else:
            key = read_key(name)
            named = key.role is Role.PLAIN and is_name(name)
            quantity = (key.quantity if key.known else name) if named else None
            # {"temperature": {"value": 21}} names a quantity, {"kitchen": {"temperature": 21}} a part.
            single = len(value) <= _MOST_MEMBERS and Members(value).is_long()
            unit = members.unit_of(name) or key.unit
            channel, part = joined(place.channel, as_channel(name)), name
            if single:
                whole = of_part(place.part, quantity) if place.part and quantity else None
                channel = _parent(place.channel) if whole else joined(place.channel, key.channel)
                quantity, part = whole or quantity, ""
            below = place._replace(path=path, depth=depth, channel=channel, quantity=quantity, part=part)
            self.read_object(value, below._replace(unit=unit if single else None))

    def _value(self, quantity: str | None, value: Any, place: Place, path: str, unit: str | None) -> None:
        if type(value) is float and math.isfinite(value):
            result: float | None = value
        else:
            try:
                result, unit = self._converted(value, quantity, path, unit)
            except Refusal as refused:
                self._refuse(refused)
                return
        if result is None:
            return
        if unit is not None and (len(unit) > _LONGEST_UNIT or not unit.strip()):
            unit = None
        reading = Reading(place.device, path, quantity, place.channel, result, unit, place.time)
        if place.fault is not None:
            self._refuse(Refused(place.fault.code, place.fault.detail, hint=_hint(place.fault), reading=reading))
        elif place.bad is not None:
            hint = REASONS["bad_quality"].hint
            self._refuse(Refused("bad_quality", f"the sender marks it as bad: {place.bad}", hint=hint, reading=reading))
        elif place.scale is not None:
            detail = f"a factor of {place.scale:g} stands beside it, and not whether it is applied already"
            self._refuse(Refused("scale_unclear", detail, hint=REASONS["scale_unclear"].hint, reading=reading))
        else:
            self._decoded.readings.append(reading)
            if len(self._decoded.readings) > self._source.max_readings:
                raise refusal("too_large", f"more than {self._source.max_readings} readings in one message")

    @staticmethod
    def _converted(value: Any, quantity: str | None, path: str, unit: str | None) -> tuple[float | None, str | None]:
        """The number in a value, with a unit where it is written behind it.

        Raises:
            Refusal: `non_finite`, or `wrong_type` of a number with a decimal comma.
        """
        if type(value) is not str:
            return (None if type(value) is bool else number(value, printable(path))), unit
        text = value.strip()
        if not text or text[0] not in _NUMBER_STARTS or len(text) > _LONGEST_NUMBER:
            return None, unit
        try:
            return number(text, printable(path)), unit
        except Refusal:
            if _DECIMAL_COMMA.fullmatch(text):
                raise
        found = None if quantity is None else find(quantity)
        match = _WITH_UNIT.fullmatch(text)
        if found is None or match is None:
            return None, unit
        written = unit_at_end(match[2], found[0])
        return (None, unit) if written is None else (float(match[1]), written)

    def _refuse(self, refused: Refusal) -> None:
        refusals = self._decoded.refusals
        refusals.append(refused)
        if len(refusals) > self._source.max_readings:
            raise refusal("too_large", f"more than {self._source.max_readings} readings in one message")


def _below(path: str, name: str) -> str:
    shown = name if name.isprintable() and len(name) <= 100 else printable(name)  # noqa: PLR2004
    return f"{path}.{shown}" if path else shown


def _parent(channel: str) -> str:
    return channel.rpartition(".")[0]


def _is_rfc3339(value: Any) -> bool:
    """Whether a value looks like a date with its zone, which is quick to read."""
    return type(value) is str and value[4:5] == "-" and (value[-1:] in {"Z", "z"} or value[-6:-5] in {"+", "-"})


def _is_huge(value: Any) -> bool:
    return type(value) is int and value.bit_length() > 256  # noqa: PLR2004


def _hint(refused: Refusal) -> str:
    return refused.hint or REASONS[refused.code].hint
