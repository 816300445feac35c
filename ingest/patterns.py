"""Patterns of the places in a message, and of topics, with captures: what a profile's rules are found by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ingest.paths import CAPTURE_NAME, SEPARATOR, PatternError, split

_ANY_KEY = f"[^{SEPARATOR}]+"

Maps = Mapping[str, Mapping[str, str]]


class Pattern(NamedTuple):
    """A pattern of places. `literal` where it stands for one place only.

    Attributes:
        regex: of the whole place, with a group per capture.
        names: of the captures; the first is group c0, the next c1, ….
    """

    literal: str | None
    regex: str
    names: tuple[str, ...]


class Segment(NamedTuple):
    """One step of a pattern of places.

    Attributes:
        items: it is a position in a list.
        names: of its captures; the first is group `c<first>`.
    """

    literal: str | None
    regex: str
    items: bool = False
    names: tuple[str, ...] = ()
    first: int = 0


def _within_a_key(regex: str) -> str:
    """A capture's own pattern, whose dots stop where the key ends."""
    kept, listed, position = "", False, 0
    while position < len(regex):
        letter = regex[position]
        if letter == "\\":
            kept += regex[position : position + 2]
            position += 2
            continue
        listed = letter == "[" or (listed and letter != "]")
        kept += f"[^{SEPARATOR}]" if letter == "." and not listed else letter
        position += 1
    return kept


def _hole(text: str, any_one: str, maps: Maps, names: list[str]) -> str:
    name, colon, regex = text.partition(":")
    if not CAPTURE_NAME.fullmatch(name):
        raise PatternError(f"{{{text}}} names no capture")
    if name in names:
        raise PatternError(f"{{{name}}} stands twice")
    if not colon:
        regex = "|".join(re.escape(word) for word in sorted(maps[name], key=len, reverse=True)) if name in maps else ""
    if any_one == _ANY_KEY:
        regex = _within_a_key(regex)
    try:
        re.compile(regex)
    except re.error as error:
        raise PatternError(f"{{{text}}}: {error}") from None
    names.append(name)
    return f"(?P<c{len(names) - 1}>{regex or any_one})"


def _segment(text: str, maps: Maps, names: list[str]) -> Segment:
    """One segment of a pattern; its captures are added to `names`."""
    if text == "[]":
        return Segment(None, r"\[\d+\]", items=True)
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        if inner.startswith("{"):
            return Segment(None, rf"\[{_hole(inner[1:-1], chr(92) + 'd+', maps, names)}\]", items=True)
        return Segment(text, re.escape(text), items=True)
    literal, regex, position = "", "", 0
    wild = False
    while position < len(text):
        letter = text[position]
        if letter == "\\" and position + 1 < len(text):
            literal += text[position + 1]
            regex += re.escape(text[position + 1])
            position += 2
            continue
        if letter == "{":
            end = _closing(text, position)
            regex += _hole(text[position + 1 : end], _ANY_KEY, maps, names)
            wild, position = True, end
        elif letter == "*":
            wild = True
            regex += f"[^{SEPARATOR}]*"
        else:
            literal += letter
            regex += re.escape(letter)
        position += 1
    return Segment(None if wild else literal, regex)


def _closing(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return position
    raise PatternError(f"{text!r} lacks a }}")


def segments(text: str, maps: Maps, names: list[str]) -> tuple[Segment, ...]:
    """The steps of a pattern; the names of its captures are added to `names`.

    Raises:
        PatternError: it cannot be read.
    """
    steps: list[Segment] = []
    for part in split(text) if text else ():
        first = len(names)
        step = _segment(part, maps, names)
        steps.append(step._replace(names=tuple(names[first:]), first=first))
    return tuple(steps)


def pattern(text: str, maps: Maps) -> Pattern:
    r"""Read a pattern of places: `a.b`, `{capture}`, `{capture:regex}`, `*` within a key, `**` the rest, `a[]`, `\.`.

    Raises:
        PatternError: it cannot be read.
    """
    names: list[str] = []
    rest = text.endswith("**")
    steps = list(segments(text[:-2].removesuffix(".") if rest else text, maps, names))
    if not steps and not rest:
        raise PatternError("a pattern is empty")
    regex = SEPARATOR.join(step.regex for step in steps)
    if rest:
        regex += f"{SEPARATOR if steps else ''}.*"
    literal = None
    if not rest and all(step.literal is not None for step in steps):
        literal = SEPARATOR.join(step.literal or "" for step in steps)
    return Pattern(literal, regex, tuple(names))


def captured(match: re.Match[str], names: tuple[str, ...], maps: Maps, first: int = 0) -> dict[str, str] | None:
    """What the groups of a match mean; None where a map does not know a text (under a pattern of its own)."""
    captures = {}
    for index, name in enumerate(names, first):
        text = match[f"c{index}"]
        if name in maps:
            mapped = maps[name].get(text)
            if mapped is None:
                return None
            text = mapped
        captures[name] = text
    return captures


class TopicTemplate(NamedTuple):
    """A topic with captures.

    Attributes:
        weight: more words of its own make it fit closer than another template that fits, too.
    """

    regex: re.Pattern[str]
    names: tuple[str, ...]
    weight: tuple[int, int]


def topic_template(text: str, maps: Maps) -> TopicTemplate:
    """Read a topic template: `{x}` a level or a part of one, `{x...}` one or more, `{x:regex}`, `+`, `#` the rest.

    `**/` at the start: whatever stands before, or nothing.

    Raises:
        PatternError: it cannot be read.
    """
    names: list[str] = []
    levels, plain, many = [], 0, 0
    before = text.startswith("**/")
    for level in _levels(text.removeprefix("**/")):
        if level == "#":
            levels.append("#")
            many += 1
        elif level == "+":
            levels.append("[^/]+")
        else:
            regex, position = "", 0
            while position < len(level):
                if level[position] == "{":
                    end = _closing(level, position)
                    hole = level[position + 1 : end]
                    spread = hole.endswith("...")
                    many += spread
                    regex += _hole(hole.removesuffix("..."), ".+" if spread else "[^/]+", maps, names)
                    position = end + 1
                else:
                    regex += re.escape(level[position])
                    plain += 1
                    position += 1
            levels.append(regex)
    if "#" in levels[:-1]:
        raise PatternError(f"{text!r}: # stands at the end only")
    whole = "/".join(levels)
    if levels[-1] == "#":
        whole = ".*" if len(levels) == 1 else "/".join(levels[:-1]) + "(?:/.*)?"
    if before:
        whole = f"(?:.+/)?{whole}"
    return TopicTemplate(re.compile(whole, re.DOTALL), tuple(names), (plain, -many - before))


def _levels(text: str) -> list[str]:
    levels, depth = [""], 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if letter == "/" and depth == 0:
            levels.append("")
        else:
            levels[-1] += letter
    return levels
