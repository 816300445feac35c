"""The parts of a mapping, compiled: where objects are, what must hold for them, what they say of device and time."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ingest.meanings import UNKNOWN, Meaning, Rules
from ingest.moments import Interval, TimeFrom, interval, time_from
from ingest.paths import Path, PatternError, Template, path, template
from ingest.patterns import Maps, segments
from ingest.profile_schema import Document, Part


class Step(NamedTuple):
    """One step on the way to the objects of a part: a key, or every member or item that fits.

    Attributes:
        memo: key -> what it captures; None: it does not fit.
    """

    key: str | None
    regex: re.Pattern[str] | None
    names: tuple[str, ...]
    first: int
    items: bool
    memo: dict[str, dict[str, str] | None]


class When(NamedTuple):
    """A condition. `present`: something stands there that is not false, or nothing does; else one of `wanted`.

    `negated`: none of them.
    """

    at: Path
    wanted: tuple[Any, ...]
    present: bool | None
    negated: bool = False


class CompiledPart(NamedTuple):
    """One compiled part.

    Attributes:
        when, when_root: conditions on the object, and on the message.
        setting: what says whose an object is and when; the same one for parts that say the same.
        device_at_root, times_at_root: they are the same for all of its objects.
        many: the message may hold several of its objects.
    """

    each: tuple[Step, ...]
    carry: tuple[tuple[str, Path], ...]
    when: tuple[When, ...]
    when_root: tuple[When, ...]
    device: Template | None
    device_at_root: bool
    channel: Template | None
    times: tuple[TimeFrom, ...]
    times_at_root: bool
    until: TimeFrom | None
    interval: Interval | None
    at_end: bool
    rules: Rules
    long: tuple[Path, Path, Path | None] | None
    keep: bool
    event: str | None
    many: bool
    setting: tuple[Any, ...] = ()


class CompiledMapping(NamedTuple):
    """One compiled mapping.

    Attributes:
        unknown: of numbers that no pattern knows; it carries the profile's sentinels.
    """

    parts: tuple[CompiledPart, ...]
    name: Template | None
    maps: Maps
    zone: str | None
    no_value: frozenset[str]
    unknown: Meaning


def compile_mapping(document: Document, name: str) -> CompiledMapping:
    """Compile a mapping of a profile.

    Raises:
        PatternError: saying at which place of the mapping.
    """
    given = document.mappings[name]
    parts: list[CompiledPart] = []
    for index, part in enumerate(given.parts):
        try:
            parts.append(_shared(_part(part, document), parts))
        except PatternError as error:
            raise PatternError(f"parts[{index}]: {error}") from None
    if not parts:
        raise PatternError("parts: at least one is needed")
    # What one part takes from the root is no value that another one does not know.
    for part in given.parts:
        for place in _used(part, rooted=True):
            for compiled in parts:
                if not compiled.each:
                    compiled.rules.ignore_place(place)
    return CompiledMapping(
        tuple(parts),
        template(given.name, plain=True) if given.payload == "value" else None,
        document.maps,
        document.zone,
        frozenset(word.casefold() for word in document.no_value),
        UNKNOWN._replace(sentinels=frozenset(document.sentinels)),
    )


def _shared(part: CompiledPart, parts: list[CompiledPart]) -> CompiledPart:
    """With the other parts' conditions and times where they are the same: they are then looked at once."""
    for known in parts:
        if known.when_root == part.when_root:
            part = part._replace(when_root=known.when_root)
        if known.times == part.times:
            part = part._replace(times=known.times)
        if known.setting == part.setting:
            part = part._replace(setting=known.setting)
    return part


def _part(part: Part, document: Document) -> CompiledPart:
    times = part.time if isinstance(part.time, list) else [part.time]
    values, long = part.values, None
    if part.long is not None:
        if part.values:
            raise PatternError("long and values do not stand beside each other: make two parts")
        values = part.long.words
        unit = None if part.long.unit is None else path(part.long.unit)
        long = (path(part.long.name), path(part.long.value), unit)
    field = None if part.field is None else template(part.field, plain=True)
    each = _each(part.each, document.maps)
    rules = Rules(values, part.ignore, document.maps, frozenset(document.sentinels), field)
    for place in _used(part, rooted=False):
        rules.ignore_place(place)
    device = None if part.device is None else template(part.device, plain=False)
    compiled_times = tuple(time_from(entry) for entry in times)
    conditions = [_condition(at, wanted) for at, wanted in part.when.items()]
    made = CompiledPart(
        each,
        tuple((capture, path(at)) for capture, at in part.carry.items()),
        tuple(condition for condition in conditions if not condition.at.rooted),
        tuple(condition for condition in conditions if condition.at.rooted),
        device,
        device is not None and all(place.rooted for place in device.paths()),
        None if part.channel is None else template(part.channel, plain=False),
        compiled_times,
        all(place.at.rooted for place in compiled_times),
        None if part.until is None else time_from(part.until),
        interval(part.interval),
        part.stamp == "end",
        rules,
        long,
        part.unknown == "keep",
        part.event,
        any(step.regex is not None for step in each),
    )
    return made._replace(
        setting=(made.many, made.device, made.channel, made.times, made.until, made.interval, made.at_end)
    )


def _used(part: Part, *, rooted: bool) -> list[str]:
    """Places that a part reads for something else than values."""
    times = part.time if isinstance(part.time, list) else [part.time]
    times = [*times, part.until] if part.until is not None else times
    paths = [path(at) for at in part.when]
    paths += [time_from(entry).at for entry in times]
    for text in (part.device, part.channel):
        if text is not None:
            paths += template(text, plain=False).paths()
    compiled = interval(part.interval)
    if compiled is not None and compiled.at is not None:
        paths.append(compiled.at)
    for rule in part.values.values():
        if rule.value is None and rule.unit is not None and not isinstance(rule.unit, str):
            paths.append(path(rule.unit.at))
    return [found.place() for found in paths if found.steps and found.rooted is rooted]


def _each(text: str, maps: Maps) -> tuple[Step, ...]:
    steps = []
    for segment in segments(text, maps, []):
        regex = None if segment.literal is not None and not segment.items else re.compile(segment.regex, re.DOTALL)
        steps.append(Step(segment.literal, regex, segment.names, segment.first, segment.items, {}))
    return tuple(steps)


def _several(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _condition(at: str, wanted: Any) -> When:
    if isinstance(wanted, bool):
        return When(path(at), (), wanted)
    if isinstance(wanted, dict):
        if set(wanted) != {"not"}:
            raise PatternError(f"when: {at}: a value, a list of values, true, false, or not: with values is meant")
        return _condition(at, _several(wanted["not"]))._replace(negated=True)
    return When(path(at), tuple(wanted) if isinstance(wanted, list) else (wanted,), None)
