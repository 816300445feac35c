"""What the members of one part of a mapping mean: patterns compiled once, answers kept per place. It reads no value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from bypuls.properties import find
from ingest.moments import Interval, interval
from ingest.paths import SEPARATOR, Path, PatternError, Template, path, printed, template
from ingest.patterns import Maps, captured, pattern
from ingest.profile_schema import UnitAt, Value
from ingest.strict_json import is_channel, is_name

_KEPT = 2048
_LONGEST_UNKNOWN = 64
_MOST_WITHIN, _KEPT_WITHIN = 256, 128
_LONGEST_PLACE = 256
_LONGEST_CHANNEL = 32
_TAIL = re.compile(
    r"(?P<name>.+?)_(?:sensor|value|reading|(?:(?P<kind>phase|channel|ch|tariff|l)_?)?(?P<number>\d{1,2}|(?<=phase_)[abc]))"
)


class UnitFrom(NamedTuple):
    """A unit that stands in the message."""

    at: Path
    words: Mapping[str, str]


class Meaning(NamedTuple):
    """What stands at a place.

    Attributes:
        plain: a JSON number there needs nothing but its sentinels and its unit looked at.
        nothing: numbers and texts that are no reading.
        quantity, channel, field: text, or a template whose holes depend on the message.
    """

    plain: bool
    quantity: str | Template | None
    channel: str | Template
    field: str | Template
    unit: str | None
    unit_from: UnitFrom | None
    sentinels: frozenset[float]
    nothing: frozenset[float | str]
    value_at: Path | None
    rule: Value
    interval: Interval | None
    own_interval: bool


IGNORED: Meaning = Meaning(False, None, "", "", None, None, frozenset(), frozenset(), None, Value(), None, False)
UNKNOWN: Meaning = IGNORED._replace(field="?")


class _Rule(NamedTuple):
    rule: Value
    quantity: Template | None
    channel: Template | None
    unit: str | None
    unit_from: UnitFrom | None
    value_at: Path | None
    interval: Interval | None
    sentinels: frozenset[float]


def _compiled(rule: Value, sentinels: frozenset[float]) -> _Rule:
    unit, unit_from = rule.unit, None
    if isinstance(unit, UnitAt):
        unit_from = UnitFrom(path(unit.at), unit.words)
        unit = unit.default
    return _Rule(
        rule,
        None if rule.property is None else template(rule.property, plain=True),
        None if rule.channel is None else template(rule.channel, plain=True),
        unit,
        unit_from,
        None if rule.value is None else path(rule.value),
        interval(rule.interval),
        sentinels | frozenset(rule.sentinels),
    )


@lru_cache(maxsize=16_384)
def trailing_words(text: str) -> tuple[str, str]:
    """The longest run of last words that the catalogue knows, and the words before it; the text where it knows none.

    A number, a phase or a tariff behind them is part of the channel; `sensor`, `value` and `reading` say nothing.

    >>> trailing_words("living_room_pm25"), trailing_words("relative_humidity"), trailing_words("flux_capacitor")
    (('pm25', 'living_room'), ('relative_humidity', ''), ('flux_capacitor', ''))
    >>> trailing_words("soil_moisture_2"), trailing_words("main_current_phase_b"), trailing_words("uptime_sensor")
    (('soil_moisture', '2'), ('current', 'main_l2'), ('uptime', ''))
    """
    found = _trailing_run(text)
    if found is not None:
        return found
    tail = _TAIL.fullmatch(text)
    found = None if tail is None else _trailing_run(tail["name"])
    if tail is None or found is None:
        return text, ""
    return found[0], "_".join(part for part in (found[1], _ordinal(tail)) if part)[:_LONGEST_CHANNEL]


def _ordinal(tail: re.Match[str]) -> str:
    number = tail["number"] or ""
    if tail["kind"] in {"phase", "l"}:
        return "l" + {"a": "1", "b": "2", "c": "3"}.get(number, number)
    return f"t{number}" if tail["kind"] == "tariff" else number


def _trailing_run(text: str) -> tuple[str, str] | None:
    words = text.split("_")
    for start in range(len(words)):
        run = "_".join(words[start:])
        if run and find(run) is not None:
            # Two rooms of one device are two series.
            return run, "_".join(words[:start])[:_LONGEST_CHANNEL].strip("_")
    return None


def own_word(place: str) -> str:
    """The last key of a place: the message's own name for what stands there.

    >>> own_word("lanes" + SEPARATOR + "count" + SEPARATOR + "[0]")
    'count'
    """
    return next((step for step in reversed(place.split(SEPARATOR)) if not step.startswith("[")), place)


class Rules:
    """The compiled `values` and `ignore` (or `long.words`) of one part.

    Args:
        values: pattern -> rule.
        ignore: patterns.
        maps: of captures.
        sentinels: the profile's.
        field: how a value is named; None: its place.

    Attributes:
        direct: the keys that have a meaning, where they are all there is to know.

    Raises:
        PatternError: a pattern that cannot be read.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        ignore: list[str],
        maps: Maps,
        sentinels: frozenset[float],
        field: Template | None,
    ) -> None:
        self.field, self._maps = field, maps
        self._literal: dict[str, _Rule | None] = {}
        self._wild: list[tuple[re.Pattern[str], tuple[str, ...], _Rule | None]] = []
        for text in ignore:
            self._add(text, None)
        for text, rule in values.items():
            try:
                self._add(text, _compiled(rule, sentinels))
            except PatternError as error:
                raise PatternError(f"{text}: {error}") from None
        # One look tells that nothing fits: made-up names are many, patterns may be, too.
        groups = [f"(?:{_ungrouped(regex.pattern)})" for regex, _, _ in self._wild]
        self._any = re.compile("|".join(groups), re.DOTALL) if groups else None
        given: list[tuple[tuple[str, ...], _Rule | None]] = [((), rule) for rule in self._literal.values()]
        given += [(names, rule) for _, names, rule in self._wild]
        uses = set(_captures_of(field))
        for names, one in given:
            if one is not None:
                uses |= (_captures_of(one.quantity) | _captures_of(one.channel)) - set(names)
        self._uses = tuple(sorted(uses))
        self.direct: tuple[str, ...] | None = None
        if not self._wild and not any(SEPARATOR in key for key in self._literal):
            self.direct = tuple(key for key, rule in self._literal.items() if rule is not None)
        self.alone = Meanings(self, {}, _KEPT)
        self._within: dict[tuple[str | None, ...], Meanings] = {}

    def _add(self, text: str, rule: _Rule | None) -> None:
        known = pattern(text, self._maps)
        if known.literal is not None:
            self._literal[known.literal] = rule
        else:
            self._wild.append((re.compile(known.regex, re.DOTALL), known.names, rule))

    def ignore_place(self, place: str) -> None:
        """Know a place as no measurement, unless it is one."""
        self._literal.setdefault(place, None)

    def within(self, captures: Mapping[str, str]) -> Meanings:
        """What members mean in an object on the way to which this was captured."""
        if not self._uses:
            return self.alone
        key = tuple(captures.get(name) for name in self._uses)
        known = self._within.get(key)
        if known is None:
            if len(self._within) >= _MOST_WITHIN:
                self._within.clear()
            outer = {name: text for name, text in zip(self._uses, key, strict=True) if text is not None}
            known = self._within[key] = Meanings(self, outer, _KEPT_WITHIN)
        return known

    def rule_of(self, place: str) -> tuple[_Rule | None, dict[str, str]] | None:
        """The rule of a place (None: no measurement) and what its pattern captures; None: no pattern knows it."""
        if place in self._literal:
            return self._literal[place], {}
        if self._any is None or self._any.fullmatch(place) is None:
            return None
        for regex, names, rule in self._wild:
            match = regex.fullmatch(place)
            captures = None if match is None else captured(match, names, self._maps)
            if captures is not None:
                return rule, captures
        return None


class Meanings:
    """What stands at the places of one kind of object; worked out once for each place.

    Args:
        rules: of the part.
        outer: what was captured on the way to the object.
        most: bound of what is kept.
    """

    def __init__(self, rules: Rules, outer: Mapping[str, str], most: int) -> None:
        self._rules, self._outer, self._most = rules, outer, most
        self._kept: dict[str, Meaning] = {}
        self.get = self._kept.get
        self.direct = rules.direct

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, place: str) -> Meaning:
        """What stands at a place (keys joined by `SEPARATOR`)."""
        if len(place) > _LONGEST_PLACE:
            return UNKNOWN
        if len(self._kept) >= self._most:
            self._kept.clear()
        found = self._rules.rule_of(place)
        meaning = UNKNOWN
        if found is not None:
            rule, captures = found
            meaning = IGNORED if rule is None else self._meaning(place, rule, captures)
        # Whoever makes up names does not fill the memory with them.
        if meaning is not UNKNOWN or len(place) <= _LONGEST_UNKNOWN:
            self._kept[place] = meaning
        return meaning

    def field(self, place: str) -> str | Template:
        """How a value that no pattern knows is named."""
        return self._field(printed(place), {})

    def _field(self, name: str, captures: Mapping[str, str]) -> str | Template:
        template = self._rules.field
        return name if template is None else template.bound({**self._outer, **captures, "key": name})

    def _meaning(self, place: str, compiled: _Rule, pattern_captures: Mapping[str, str]) -> Meaning:
        name = printed(place)
        captures = {**self._outer, **pattern_captures, "key": name}
        rule = compiled.rule
        quantity = own_word(place) if compiled.quantity is None else compiled.quantity.bound(captures)
        channel = "" if compiled.channel is None else compiled.channel.bound(captures)
        if rule.trailing_words and isinstance(quantity, str):
            quantity, before = trailing_words(quantity)
            channel = channel or before
        if isinstance(channel, str):
            channel = channel.casefold()
        field = self._field(name, pattern_captures)
        own_interval = compiled.interval is not None or rule.stamp is not None
        plain = (
            isinstance(quantity, str)
            and isinstance(channel, str)
            and isinstance(field, str)
            and is_name(quantity)
            and (channel == "" or is_channel(channel))
            and not (compiled.value_at or own_interval or rule.scale or rule.map or rule.no_value)
        )
        return Meaning(
            plain,
            quantity,
            channel,
            field,
            compiled.unit,
            compiled.unit_from,
            compiled.sentinels,
            frozenset(rule.no_value),
            compiled.value_at,
            rule,
            compiled.interval,
            own_interval,
        )


def _captures_of(text: Template | None) -> set[str]:
    """Which captures a text needs."""
    names = set() if text is None else {place.capture for place in text.paths()}
    return {name for name in names if name is not None and name != "key"}


def _ungrouped(regex: str) -> str:
    return re.sub(r"\(\?P<c\d+>", "(?:", regex)
