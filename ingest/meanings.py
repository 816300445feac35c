"""What the members of one part of a mapping mean: patterns compiled once, answers kept per place. It reads no value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from bypuls.properties import find
from ingest.moments import Interval, interval
from ingest.paths import (
    SEPARATOR,
    Maps,
    Path,
    PatternError,
    Template,
    captured,
    path,
    pattern,
    printed,
    template,
)
from ingest.profile_schema import UnitAt, Value
from ingest.strict_json import is_channel, is_name

_KEPT = 4096
_LONGEST_PLACE = 256
_LONGEST_CHANNEL = 32


class UnitFrom(NamedTuple):
    """A unit that stands in the message."""

    at: Path
    words: Mapping[str, str]


class Meaning(NamedTuple):
    """What stands at a place.

    Attributes:
        plain: a JSON number there needs nothing but its sentinels looked at.
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

    >>> trailing_words("living_room_pm25"), trailing_words("relative_humidity"), trailing_words("flux_capacitor")
    (('pm25', 'living_room'), ('relative_humidity', ''), ('flux_capacitor', ''))
    """
    words = text.split("_")
    for start in range(len(words)):
        run = "_".join(words[start:])
        if run and find(run) is not None:
            # Two rooms of one device are two series.
            return run, "_".join(words[:start])[:_LONGEST_CHANNEL].strip("_")
    return text, ""


def own_word(place: str) -> str:
    """The last key of a place: the message's own name for what stands there.

    >>> own_word("lanes" + SEPARATOR + "count" + SEPARATOR + "[0]")
    'count'
    """
    return next((step for step in reversed(place.split(SEPARATOR)) if not step.startswith("[")), place)


class Meanings:
    """The compiled `values` and `ignore` (or `long.words`) of one part.

    Args:
        values: pattern -> rule.
        ignore: patterns.
        maps: of captures.
        sentinels: the profile's.
        field: how a value is named; None: its place.

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
        self._maps, self._field, self._sentinels = maps, field, sentinels
        self._literal: dict[str, _Rule | None] = {}
        self._wild: list[tuple[re.Pattern[str], tuple[str, ...], _Rule | None]] = []
        self._kept: dict[str, Meaning] = {}
        self.get = self._kept.get
        for text in ignore:
            self.ignore(text)
        for text, rule in values.items():
            try:
                known, compiled = pattern(text, maps), _compiled(rule, sentinels)
            except PatternError as error:
                raise PatternError(f"{text}: {error}") from None
            if known.literal is not None:
                self._literal[known.literal] = compiled
            else:
                self._wild.append((re.compile(known.regex, re.DOTALL), known.names, compiled))
        # One look tells that nothing fits: made-up names are many, patterns may be, too.
        groups = [f"(?:{_ungrouped(regex.pattern)})" for regex, _, _ in self._wild]
        self._any = re.compile("|".join(groups), re.DOTALL) if groups else None

    def ignore(self, text: str) -> None:
        """Know a pattern of members as no measurement."""
        known = pattern(text, self._maps)
        if known.literal is not None:
            self._literal.setdefault(known.literal, None)
        else:
            self._wild.append((re.compile(known.regex, re.DOTALL), known.names, None))

    def ignore_place(self, place: str) -> None:
        """Know a place as no measurement, unless it is one."""
        self._literal.setdefault(place, None)

    def of(self, place: str) -> Meaning:
        """What stands at a place (keys joined by `SEPARATOR`)."""
        if len(place) > _LONGEST_PLACE:
            return UNKNOWN
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        meaning = self._kept[place] = self._of(place)
        return meaning

    def _of(self, place: str) -> Meaning:
        if place in self._literal:
            rule = self._literal[place]
            return IGNORED if rule is None else self._meaning(rule, place, {})
        if self._any is None or self._any.fullmatch(place) is None:
            return UNKNOWN
        for regex, names, rule in self._wild:
            match = regex.fullmatch(place)
            if match is None:
                continue
            captures = captured(match, names, self._maps)
            if captures is not None:
                return IGNORED if rule is None else self._meaning(rule, place, captures)
        return UNKNOWN

    def _meaning(self, compiled: _Rule, place: str, captures: dict[str, str]) -> Meaning:
        name = printed(place)
        captures = {**captures, "key": name}
        rule = compiled.rule
        quantity = own_word(place) if compiled.quantity is None else compiled.quantity.bound(captures)
        channel = "" if compiled.channel is None else compiled.channel.bound(captures)
        if rule.trailing_words and isinstance(quantity, str):
            quantity, before = trailing_words(quantity)
            channel = channel or before
        if isinstance(channel, str) and is_channel(channel):
            channel = channel.casefold()
        if isinstance(channel, str):
            channel = channel.casefold()
        field = name if self._field is None else self._field.bound(captures)
        plain = (
            isinstance(quantity, str)
            and isinstance(channel, str)
            and (channel == "" or is_channel(channel))
            and is_name(quantity)
            and isinstance(field, str)
            and compiled.unit_from is None
            and compiled.value_at is None
            and compiled.interval is None
            and rule.stamp is None
            and rule.scale is None
            and not rule.map
            and not rule.no_value
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
            compiled.interval is not None or rule.stamp is not None,
        )

    def unknown_field(self, place: str) -> str | Template:
        """How a value that no pattern knows is named."""
        name = printed(place)
        return name if self._field is None else self._field.bound({"key": name})


def _ungrouped(regex: str) -> str:
    return re.sub(r"\(\?P<c\d+>", "(?:", regex)
