"""Reads a service's answer by its definition: values with property, channel, unit, time and interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.city import slug
from bypuls.errors import Refusal
from ingest.bridges.definition import Condition, Definition, Meaning, ReadingRule, Scalar, Words, as_meaning
from ingest.bridges.paths import ChangedShape, Node, items, member
from ingest.reasons import shortened
from ingest.strict_json import is_channel, number
from ingest.timestamps import read_time

_LONGEST_CHANNEL = 32
Chosen = Mapping[str, Scalar | list[Scalar]]


class Key(NamedTuple):
    """What a value is of."""

    time: datetime
    property: str
    channel: str


class Value(NamedTuple):
    """One value as the service gives it; `key.time` is the start of its interval."""

    key: Key
    value: float
    unit: str | None
    interval: timedelta | None


@dataclass(slots=True)
class Answer:
    """What one answer held.

    Attributes:
        left_out: why -> how many: values that the city's choices or the definition leave out.
        newest: end of the newest value that there is, left out or not.
    """

    values: list[Value] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None


def read_answer(document: Any, definition: Definition, chosen: Chosen) -> Answer:
    """The values of one answer, in its order.

    Raises:
        ChangedShape: it does not look as documented, or a value is no number or no time.
    """
    answer = Answer()
    for rule in definition.readings:
        if any(chosen[name] != value for name, value in rule.chosen.items()):
            continue
        for node in items(document, rule.each):
            try:
                _read(node, rule, chosen, answer)
            except Refusal as refused:
                message = f"{node.place}: {refused.detail}"
                raise ChangedShape(message) from None
    return answer


def _read(node: Node, rule: ReadingRule, chosen: Chosen, answer: Answer) -> None:
    value = number(member(node, rule.value), rule.value)
    if value is None or not all(
        member(node, path) == condition.is_ for path, condition in rule.when.items() if _selects(condition)
    ):
        return
    meaning = _meaning(node, rule, answer)
    if meaning is None:
        return
    time, interval = _interval(node, rule, meaning)
    end = time + (interval or timedelta())
    answer.newest = end if answer.newest is None else max(answer.newest, end)
    for path, condition in rule.when.items():
        if not _selects(condition) and not _holds(member(node, path), condition, chosen):
            answer.left_out[path.removesuffix("?").rpartition(".")[2]] += 1
            return
    channel = meaning.channel or _channel(node, rule)
    answer.values.append(Value(Key(time, meaning.property, channel), value, _text(node, rule.unit), interval))


def _selects(condition: Condition) -> bool:
    """Whether the condition says which value is meant (and not whether it is good enough)."""
    return condition.one_of is None and condition.at_least is None


def _holds(found: Any, condition: Condition, chosen: Chosen) -> bool:
    if condition.one_of is not None:
        allowed = chosen[condition.one_of]
        return found in allowed if isinstance(allowed, list) else found == allowed
    least, reached = chosen[condition.at_least or ""], number(found, "a share")
    if not isinstance(least, int | float):
        return False
    return least <= 0 if reached is None else reached >= least


def _meaning(node: Node, rule: ReadingRule, answer: Answer) -> Meaning | None:
    if isinstance(rule.property, str):
        return Meaning(rule.property)
    word = member(node, rule.property.at)
    found = rule.property.words.get(word) if isinstance(word, str) else None
    if found is None:
        answer.left_out[f"{shortened(word, 40)} is not in the bridge's words"] += 1
        return None
    return as_meaning(found)


def _interval(node: Node, rule: ReadingRule, meaning: Meaning) -> tuple[datetime, timedelta | None]:
    time = read_time(member(node, rule.time), field=rule.time)
    interval = meaning.interval or rule.interval
    if rule.until is not None:
        interval = read_time(member(node, rule.until), field=rule.until) - time
        if interval <= timedelta():
            message = f"{node.place}: it ends ({rule.until}) before it begins ({rule.time})"
            raise ChangedShape(message)
    if interval is not None and rule.stamp == "end":
        time -= interval
    return time, interval


def _text(node: Node, told: str | Words) -> str | None:
    if isinstance(told, str):
        return told
    found = member(node, told.at)
    if found is None:
        return None
    if not isinstance(found, str):
        message = f"{node.place}: {told.at} is {shortened(found)}; a text is meant"
        raise ChangedShape(message)
    word = told.words.get(found, found)
    return word.property if isinstance(word, Meaning) else word


def _channel(node: Node, rule: ReadingRule) -> str:
    """A channel as we write it: of a heading such as «Oslo S» `oslo-s`."""
    if isinstance(rule.channel, str):
        return rule.channel
    found = member(node, rule.channel.at)
    if found is None:
        return ""
    text = str(found)
    name = text.lower() if is_channel(text) else slug(text)[:_LONGEST_CHANNEL].rstrip("-")
    if not name:
        message = f"{node.place}: {rule.channel.at} is {shortened(found)}, which names no channel"
        raise ChangedShape(message)
    return name
