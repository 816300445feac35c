"""Where something stands in a message: paths, texts with holes, patterns of members and of topics.

A member's place within an object is written as its keys joined by `SEPARATOR`, list positions as `[0]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

SEPARATOR = "\x1f"
_HOLE = re.compile(r"\{([^{}]*)\}")
_INDEX = re.compile(r"\[(\d+)\]")
_CAPTURE_NAME = re.compile(r"[A-Za-z_]\w*")
_LONGEST_TEXT = 128
_ANY_KEY = f"[^{SEPARATOR}]+"

Captures = Mapping[str, str]
Maps = Mapping[str, Mapping[str, str]]


class PatternError(ValueError):
    """A path, template or pattern that cannot be read."""


class Path(NamedTuple):
    """A place in a message: from the object at hand, from the root, or a capture."""

    steps: tuple[str | int, ...]
    rooted: bool = False
    capture: str | None = None

    def find(self, here: Any, root: Any, captures: Captures) -> Any:
        """What stands there; None where nothing does."""
        if self.capture is not None:
            return captures.get(self.capture)
        found = root if self.rooted else here
        for step in self.steps:
            if type(step) is str:
                if type(found) is not dict:
                    return None
                found = found.get(step)
            elif type(found) is list and step < len(found):  # type: ignore[operator]
                found = found[step]  # type: ignore[index]
            else:
                return None
        return found

    def place(self) -> str:
        """The place as members' places are written."""
        return SEPARATOR.join(step if type(step) is str else f"[{step}]" for step in self.steps)


def path(text: str) -> Path:
    r"""Read a path: `a.b`, `a[0]`, `/from.the.root`, `$capture`; a dot in a key is written `\.`.

    Raises:
        PatternError: nothing, or an empty key.
    """
    if text.startswith("$"):
        if not _CAPTURE_NAME.fullmatch(text[1:]):
            raise PatternError(f"{text!r} names no capture")
        return Path((), capture=text[1:])
    rooted = text.startswith("/")
    steps: list[str | int] = []
    for segment in _split(text[1:] if rooted else text):
        index = _INDEX.fullmatch(segment)
        steps.append(int(index[1]) if index else re.sub(r"\\(.)", r"\1", segment))
    if not steps or "" in steps:
        raise PatternError(f"{text!r} is no path")
    return Path(tuple(steps), rooted)


def _split(text: str) -> list[str]:
    """Segments between dots that are neither escaped nor within braces; an index in brackets is one of its own."""
    segments, current, depth, position = [], "", 0, 0
    while position < len(text):
        letter = text[position]
        if letter == "\\" and position + 1 < len(text):
            current += text[position : position + 2]
            position += 2
            continue
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and letter == ".":
            segments.append(current)
            current = ""
        elif depth == 0 and letter == "[" and (current or segments or position == 0):
            if current:
                segments.append(current)
            end = text.find("]", position)
            if end < 0:
                raise PatternError(f"{text!r} lacks a ]")
            segments.append(text[position : end + 1])
            current = ""
            position = end + 1
            if position < len(text) and text[position] == ".":
                position += 1
                if position == len(text):
                    raise PatternError(f"{text!r} ends in a dot")
            if position == len(text):
                return segments
            continue
        else:
            current += letter
        position += 1
    segments.append(current)
    return segments


class Template(NamedTuple):
    """A text with holes."""

    pieces: tuple[str | Path, ...]

    def fill(self, here: Any, root: Any, captures: Captures) -> str | None:
        """The text; None where a hole stays empty."""
        text = ""
        for piece in self.pieces:
            if isinstance(piece, Path):
                found = as_text(piece.find(here, root, captures))
                if found is None:
                    return None
                text += found
            else:
                text += piece
        return text

    def bound(self, captures: Captures) -> Template | str:
        """With these captures put in; a plain text where no hole is left."""
        pieces: list[str | Path] = []
        for piece in self.pieces:
            filled = piece
            if isinstance(piece, Path) and piece.capture is not None and piece.capture in captures:
                filled = captures[piece.capture]
            if isinstance(filled, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += filled
            else:
                pieces.append(filled)
        if all(isinstance(piece, str) for piece in pieces):
            return "".join(str(piece) for piece in pieces)
        return Template(tuple(pieces))

    def paths(self) -> list[Path]:
        """Its holes."""
        return [piece for piece in self.pieces if isinstance(piece, Path)]


def as_text(value: Any) -> str | None:
    """What a member says as a part of a name: a text or an integer, bounded; None for anything else."""
    kind = type(value)
    if kind is str:
        return value if 0 < len(value) <= _LONGEST_TEXT else None
    if kind is int:
        return str(value) if -(2**63) <= value < 2**64 else None
    if kind is float and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return None


def template(text: str, *, plain: bool) -> Template:
    """Read a text with holes.

    Args:
        text: as it stands in the profile.
        plain: a text without holes is meant as it stands; otherwise it is a path, unless it begins with `=`.

    Raises:
        PatternError: a hole that cannot be read.
    """
    if "{" in text:
        pieces: list[str | Path] = []
        end = 0
        for hole in _HOLE.finditer(text):
            if hole.start() > end:
                pieces.append(text[end : hole.start()])
            pieces.append(path(hole[1]))
            end = hole.end()
        if text[end:]:
            pieces.append(text[end:])
        if any(isinstance(piece, str) and ("{" in piece or "}" in piece) for piece in pieces):
            raise PatternError(f"{text!r} has a brace without its other half")
        return Template(tuple(pieces))
    if text.startswith("$"):
        return Template((path(text),))
    if plain:
        return Template((text,))
    return Template((text[1:],)) if text.startswith("=") else Template((path(text),))


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
    if not _CAPTURE_NAME.fullmatch(name):
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
    for part in _split(text) if text else ():
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


def printed(place: str) -> str:
    """A place as people read it.

    >>> printed(SEPARATOR.join(("lanes", "[0]", "count")))
    'lanes[0].count'
    """
    return place.replace(SEPARATOR + "[", "[").replace(SEPARATOR, ".")


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
