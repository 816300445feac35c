"""A message read by a profile's mapping: where its objects are, whose, of which time, and what their members mean.

Values and units come out as they were sent. It knows no topics, no registry and no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from bypuls.errors import Refusal
from ingest.amounts import amount_of, bare, holds, text_amount
from ingest.decoding import Decoded, Reading, Refused, SentEvent
from ingest.meanings import IGNORED, UNKNOWN, Meaning, Meanings, own_word, trailing_words
from ingest.moments import earlier, length_of
from ingest.objects import Budget, Found, Objects
from ingest.parts import CompiledMapping, CompiledPart
from ingest.paths import SEPARATOR, Path, Template, as_text, printed
from ingest.reasons import refusal, shortened
from ingest.scene import Here, Places, Scene, channel_name
from ingest.strict_json import bad_name, is_name, number

__all__ = ["Profiled", "Scene", "apply"]

_DEEPEST = 12
_EXACT = 2**53


def apply(profile: Profiled, name: str, document: Any, scene: Scene) -> Decoded:
    """Read a message by one of a profile's mappings.

    Args:
        profile: has `mapping(name)`.
        name: of the mapping.
        document: as JSON gives it; of `payload: value` the bare number or text.
        scene: what topic or envelope say.

    Raises:
        Refusal: `too_large`, `too_deep` or `wrong_type`.
    """
    return _Run(profile.mapping(name), document, scene).read()


class Profiled(Protocol):
    """Whatever has compiled mappings."""

    def mapping(self, name: str) -> CompiledMapping:
        """One of them."""


class _Run:
    """The reading of one message."""

    __slots__ = (
        "_budget",
        "_decoded",
        "_found",
        "_last",
        "_mapping",
        "_places",
        "_root",
        "_scene",
        "_shared",
        "_taken",
    )

    def __init__(self, mapping: CompiledMapping, document: Any, scene: Scene) -> None:
        if mapping.name is not None:
            name = mapping.name.fill(None, None, scene.captures)
            document = {name: bare(document)} if name else {}
        self._mapping, self._root, self._scene = mapping, document, scene
        self._decoded = Decoded()
        self._budget = Budget()
        self._taken: frozenset[int] = frozenset()
        self._found: list[Found] = []
        self._shared: dict[int, list[CompiledPart]] | None = None
        self._last: Here | None = None
        self._places = Places(document, scene, mapping.zone)

    def read(self) -> Decoded:
        parts, decoded = self._mapping.parts, self._decoded
        if type(self._root) is not dict and type(self._root) is not list:
            raise refusal("wrong_type", f"{shortened(self._root)} is no JSON object")
        if len(parts) == 1 and not (parts[0].each or parts[0].when or parts[0].when_root):
            self._object(parts[0], self._root, self._scene.captures)
        else:
            found = Objects(self._root, self._scene.captures, self._mapping.maps, self._budget).found(parts)
            self._found = found
            self._taken = frozenset(id(node) for _, node, _ in found if node is not self._root)
            for part, node, captures in found:
                self._object(part, node, captures)
        self._bound()
        return decoded

    def _bound(self) -> None:
        decoded, most = self._decoded, self._scene.source.max_readings
        if len(decoded.readings) + len(decoded.refusals) > most:
            raise refusal("too_large", f"more than {most} readings in one message")

    def _object(self, part: CompiledPart, node: Any, captures: Mapping[str, str]) -> None:
        self._bound()
        here = self._last
        if here is None or here.node is not node or here.part.setting is not part.setting or here.captures != captures:
            here = Here(part, node, captures)
            try:
                self._places.place(here)
            except Refusal as refused:
                self._decoded.refusals.append(refused)
                return
            self._last = here
        else:
            # Another part reads the same object of the same device and time.
            here.part, here.captures, here.meanings = part, captures, part.rules.within(captures)
        if part.event is not None:
            self._decoded.events.append(SentEvent(here.device, part.event, here.time))
        elif part.long is not None:
            self._long(here, part.long)
        elif type(node) is dict:
            self._walk(here, node, "", 0)
        else:
            self._items(here, node, "", 0)

    def _walk(self, here: Here, node: dict[str, Any], prefix: str, depth: int) -> None:
        """The members of an object, and of the objects in it that no other part reads."""
        meanings, readings, channel = here.meanings, self._decoded.readings, here.channel
        direct = None if here.part.keep else meanings.direct
        # A part that knows a few keys and drops the rest need not look at the rest.
        members = node.items() if direct is None else [(key, node[key]) for key in direct if key in node]
        self._budget.spend(len(members))
        quick = here.trouble is None
        for key, value in members:
            place = prefix + key if prefix else key
            meaning = meanings.get(place) or self._learn(meanings, place)
            if meaning is IGNORED or value is None:
                continue
            if quick and meaning.plain:
                kind = type(value)
                if kind is float or (kind is int and -_EXACT < value < _EXACT):
                    amount: float | None = float(value)
                else:
                    amount = text_amount(value) if kind is str and not meaning.rule.suffix else None
                if amount is not None and amount not in meaning.sentinels and amount - amount == 0.0:  # finite
                    readings.append(
                        Reading(
                            here.device,
                            meaning.field,  # type: ignore[arg-type]
                            meaning.quantity,  # type: ignore[arg-type]
                            meaning.channel or channel,  # type: ignore[arg-type]
                            amount,
                            meaning.unit if meaning.unit_from is None else self._unit(here, meaning, here.node),
                            here.time,
                            here.offset,
                            here.interval,
                        )
                    )
                    continue
            self._member(here, meaning, place, value, depth)

    def _unit(self, here: Here, meaning: Meaning, own: Any) -> str | None:
        """The unit that stands in the message, else the rule's."""
        if meaning.unit_from is not None:
            found = meaning.unit_from.at.find(own, self._root, here.captures)
            if type(found) is str and found:
                return meaning.unit_from.words.get(found, found)
        return meaning.unit

    def _learn(self, meanings: Meanings, place: str) -> Meaning:
        self._budget.new_name()
        return meanings.of(place)

    def _member(self, here: Here, meaning: Meaning, place: str, value: Any, depth: int) -> None:
        kind = type(value)
        series = meaning.rule.newest_first or meaning.rule.order is not None
        if (kind is dict or kind is list) and not (
            (kind is list and series) if meaning.value_at is None else holds(meaning.value_at, value)
        ):
            if id(value) in self._taken:
                return
            if depth >= _DEEPEST:
                raise refusal("too_deep", f"{shortened(printed(place))} is nested more than {_DEEPEST} levels deep")
            if kind is dict:
                self._walk(here, value, place + SEPARATOR, depth + 1)
            else:
                self._items(here, value, place + SEPARATOR, depth + 1)
        elif meaning is not UNKNOWN:
            self._known(here, meaning, value)
        elif (kind is int or kind is float) and here.part.keep and self._is_mine(here, place):
            self._unknown(here, place, value)

    def _items(self, here: Here, node: list[Any], prefix: str, depth: int) -> None:
        self._budget.spend(len(node))
        for index, value in enumerate(node):
            if value is None:
                continue
            place = f"{prefix}[{index}]"
            meanings = here.meanings
            meaning = meanings.get(place) or self._learn(meanings, place)
            if meaning is not IGNORED:
                self._member(here, meaning, place, value, depth)

    def _is_mine(self, here: Here, place: str) -> bool:
        """Of the parts that read one object the last keeps what none of them knows."""
        if self._shared is None:
            self._shared = {}
            for part, node, _ in self._found:
                if part.event is None:
                    self._shared.setdefault(id(node), []).append(part)
        parts = self._shared.get(id(here.node))
        if parts is None or len(parts) == 1:
            return True
        return here.part is parts[-1] and all(part.rules.alone.of(place) is UNKNOWN for part in parts)

    def _unknown(self, here: Here, place: str, value: Any) -> None:
        self._own_word(here, own_word(place), here.meanings.field(place), value, None)

    def _own_word(self, here: Here, name: str, field: str | Template, value: Any, unit: str | None) -> None:
        """A number by the name that the message gives it."""
        if isinstance(field, Template):
            field = field.fill(here.node, self._root, here.captures) or name
        try:
            if not is_name(name):
                raise bad_name(name, field)
            amount = number(value, field)
        except Refusal as refused:
            self._decoded.refusals.append(refused)
            return
        if amount is not None:
            meaning = self._mapping.unknown
            self._keep(
                here, meaning, _Amount(amount, field, name, here.channel, unit, here.time, here.offset, here.interval)
            )

    def _long(self, here: Here, places: tuple[Path, Path, Path | None]) -> None:
        name = places[0].find(here.node, self._root, here.captures)
        value = places[1].find(here.node, self._root, here.captures)
        if type(name) is int:
            name = as_text(name)
        if type(name) is not str or not name or value is None:
            return
        unit = None if places[2] is None else places[2].find(here.node, self._root, here.captures)
        unit = unit if type(unit) is str and unit else None
        meaning = here.meanings.get(name) or self._learn(here.meanings, name)
        if meaning is IGNORED:
            return
        amount = text_amount(value) if meaning.plain and type(value) is str and not meaning.rule.suffix else None
        if amount is not None:
            named = (meaning.field, meaning.quantity, meaning.channel or here.channel, unit or meaning.unit)
            if meaning.unit_from is None:
                self._keep(here, meaning, _Amount(amount, *named, here.time, here.offset, here.interval))  # type: ignore[arg-type]
                return
        if meaning is not UNKNOWN:
            self._known(here, meaning, value, unit)
        elif here.part.keep and type(value) is not bool:
            self._own_word(here, name, here.meanings.field(name), value, unit)

    def _known(self, here: Here, meaning: Meaning, value: Any, unit: str | None = None) -> None:
        own: Any = here.node
        if meaning.value_at is not None:
            if type(value) is dict or type(value) is list:
                own = value
                value = meaning.value_at.find(own, self._root, here.captures)
            elif type(value) is str or type(value) is bool:
                return
        try:
            amount = self._named(here, meaning, own, unit)
        except Refusal as refused:
            self._decoded.refusals.append(refused)
            return
        if type(value) is list and (meaning.rule.newest_first or meaning.rule.order is not None):
            self._series(here, meaning, amount, value)
        else:
            self._take(here, meaning, amount, value)

    def _named(self, here: Here, meaning: Meaning, own: Any, unit: str | None) -> _Amount:
        """What a value is called, in which unit and of which time.

        Raises:
            Refusal: `bad_name`.
        """
        root, captures = self._root, here.captures
        field, quantity, channel = meaning.field, meaning.quantity, meaning.channel
        if isinstance(field, Template):
            field = field.fill(here.node, root, captures) or "?"
        if isinstance(quantity, Template):
            quantity = quantity.fill(own, root, captures)
            if quantity is not None and meaning.rule.trailing_words:
                quantity, before = trailing_words(quantity)
                channel = channel or before
        if quantity is not None and not is_name(quantity):
            raise bad_name(quantity, field)
        if isinstance(channel, Template):
            channel = channel.fill(own, root, captures) or ""
        named = channel_name(channel)
        if named is None:
            raise bad_name(channel, field)
        unit = unit or self._unit(here, meaning, own)
        amount = _Amount(0.0, field, quantity, named or here.channel, unit, here.time, here.offset, here.interval)
        return self._own_interval(here, meaning, amount) if meaning.own_interval else amount

    def _own_interval(self, here: Here, meaning: Meaning, amount: _Amount) -> _Amount:
        length = (
            here.interval
            if meaning.interval is None
            else length_of(meaning.interval, here.node, self._root, here.captures)
        )
        at_end = here.part.at_end if meaning.rule.stamp is None else meaning.rule.stamp == "end"
        time, offset = earlier(here.stamp, length) if at_end and length is not None else (here.stamp, 0.0)
        return amount._replace(time=time, offset=offset, interval=length)

    def _series(self, here: Here, meaning: Meaning, amount: _Amount, values: list[Any]) -> None:
        """Values one interval apart; without its length only the newest one's time is known."""
        self._budget.spend(len(values))
        newest = 0 if meaning.rule.order != "oldest_first" else len(values) - 1
        # The place of the list, where the rule's own object holds it.
        field = amount.field if meaning.value_at is None else f"{amount.field}.{printed(meaning.value_at.place())}"
        for index, value in enumerate(values):
            back = abs(index - newest)
            one = amount._replace(field=f"{field}[{index}]")
            lost = False
            if back and amount.interval is not None:
                time, offset = earlier(amount.time, back * amount.interval)
                one = one._replace(time=time, offset=amount.offset + offset)
            elif back:
                one, lost = one._replace(time=None), True
            self._take(here, meaning, one, value, lost=lost)

    def _take(self, here: Here, meaning: Meaning, amount: _Amount, value: Any, *, lost: bool = False) -> None:
        try:
            found = amount_of(meaning, value, amount.field, self._mapping.no_value)
        except Refusal as refused:
            self._decoded.refusals.append(refused)
            return
        if found is None:
            return
        sent, suffix = found
        amount = amount._replace(value=sent if meaning.rule.scale is None else sent * meaning.rule.scale)
        if suffix is not None and amount.unit is None:
            amount = amount._replace(unit=suffix)
        self._keep(here, meaning, amount, sent=sent, lost=lost)

    def _keep(
        self, here: Here, meaning: Meaning, amount: _Amount, *, sent: float | None = None, lost: bool = False
    ) -> None:
        value, field, quantity, channel, unit, time, offset, length = amount
        reading = Reading(here.device, field, quantity, channel, value, unit, time, offset, length)
        decoded = self._decoded
        if (value if sent is None else sent) in meaning.sentinels:
            refused = refusal("sentinel", f"{shortened(value)} is this maker's code for 'no value', not a measurement")
        elif lost:
            refused = refusal("time_unknown", f"{field} is one of several values; how far apart is not known")
        elif here.trouble is not None:
            refused = here.trouble
        else:
            decoded.readings.append(reading)
            return
        decoded.refusals.append(Refused(refused.code, refused.detail, hint=refused.hint or "", reading=reading))


class _Amount(NamedTuple):
    """A reading in the making."""

    value: float
    field: str
    quantity: str | None
    channel: str
    unit: str | None
    time: datetime | None
    offset: float
    interval: float | None
