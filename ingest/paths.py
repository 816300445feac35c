"""Where something stands in a message: paths, and texts with holes that paths fill.

A member's place within an object is written as its keys joined by `SEPARATOR`, list positions as `[0]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

SEPARATOR = "\x1f"
_HOLE = re.compile(r"\{([^{}]*)\}")
_INDEX = re.compile(r"\[(\d+)\]")
CAPTURE_NAME = re.compile(r"[A-Za-z_]\w*")
_LONGEST_TEXT = 128

Captures = Mapping[str, str]


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
        if not CAPTURE_NAME.fullmatch(text[1:]):
            raise PatternError(f"{text!r} names no capture")
        return Path((), capture=text[1:])
    rooted = text.startswith("/")
    steps: list[str | int] = []
    for segment in split(text[1:] if rooted else text):
        index = _INDEX.fullmatch(segment)
        steps.append(int(index[1]) if index else re.sub(r"\\(.)", r"\1", segment))
    if not steps or "" in steps:
        raise PatternError(f"{text!r} is no path")
    return Path(tuple(steps), rooted)


def split(text: str) -> list[str]:
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


def printed(place: str) -> str:
    """A place as people read it.

    >>> printed(SEPARATOR.join(("lanes", "[0]", "count")))
    'lanes[0].count'
    """
    return place.replace(SEPARATOR + "[", "[").replace(SEPARATOR, ".")
