"""Where things stand in a service's answer, and what to say when they stand elsewhere than documented.

`a.b[].c[]` names every item of a list of lists. From an item, `x.y` is a member, `../x` one of the item around it. A
`?` behind a name: it may be absent; without, a missing name means that the answer's shape has changed. null is a value
that nobody measured, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bypuls.errors import BypulsError, CatalogueError
from ingest.reasons import shortened

_STEP = re.compile(r"([\w@:-]+)(\?)?((?:\[\])*)")


class ChangedShape(BypulsError):
    """An answer does not look as its service documents it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path, and how often its value is a list whose every item is meant."""

    name: str
    optional: bool
    lists: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the items of lists around it (nearest first, the whole answer last), and where it stands."""

    value: Any
    around: tuple[Any, ...]
    place: str


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """Read a path without its `../`.

    >>> steps("edges[].node")
    (Step(name='edges', optional=False, lists=1), Step(name='node', optional=False, lists=0))

    Raises:
        CatalogueError: it is none.
    """
    found = []
    rest = path
    if rest.startswith("[]"):  # the answer itself is a list
        found.append(Step("", optional=False, lists=1))
        rest = rest[2:].removeprefix(".")
    for part in rest.split(".") if rest else ():
        match = _STEP.fullmatch(part)
        if match is None:
            message = f"{path!r} is no path: names with . between them, [] behind a list, ? behind what may be absent"
            raise CatalogueError(message)
        found.append(Step(match[1], bool(match[2]), len(match[3]) // 2))
    return tuple(found)


def items(document: Any, path: str) -> Iterator[Node]:
    """Every item that a path names, in order.

    Raises:
        ChangedShape: a name is missing, or something else stands there.
    """
    yield from _descend(Node(document, (document,), "the answer"), steps(path))


def member(node: Node, path: str) -> Any:
    """The value of a path from an item; None where it is null, or absent and allowed to be.

    Raises:
        ChangedShape: a name is missing, or something else stands there.
    """
    value, around, place = node.value, node.around, node.place
    rest = path
    while rest.startswith("../"):
        value, around, rest = around[0], around[1:], rest[3:]
        place = f"what is around {place}"
    for step in steps(rest):
        if value is None:
            return None
        value = _named(value, step, place)
        place = f"{place}.{step.name}"
    return value


def check_path(path: str, *, within: str | None = None) -> None:
    """Read a path of a definition; `within`: the item from which it leads.

    Raises:
        CatalogueError: it is none, goes further up than there are items, or names lists where one value is meant.
    """
    ups = len(path) - len(rest := path.replace("../", ""))
    found = steps(rest)
    if within is None:
        return
    if any(step.lists for step in found):
        message = f"{path!r} names a list where one value is meant"
        raise CatalogueError(message)
    depth = sum(step.lists for step in steps(within))
    if ups // 3 > depth:
        message = f"{path!r} goes further up than {within!r} goes down"
        raise CatalogueError(message)


def _descend(node: Node, rest: tuple[Step, ...]) -> Iterator[Node]:
    """`node.around` holds on the way also the item that is being looked into, first of all."""
    if not rest:
        inside = node.around[1:] if node.around[0] is node.value else node.around
        yield Node(node.value, inside, node.place)
        return
    step, *others = rest
    value = _named(node.value, step, node.place) if step.name else node.value
    place = f"{node.place}.{step.name}" if step.name else node.place
    if value is None:
        if step.optional:
            return
        message = f"{place} is null"
        raise ChangedShape(message)
    for inner in _lists(Node(value, node.around, place), step.lists):
        yield from _descend(inner, tuple(others))


def _lists(node: Node, depth: int) -> Iterator[Node]:
    if depth == 0:
        yield node
        return
    if not isinstance(node.value, list):
        message = f"{node.place} is {shortened(node.value)}; a list is meant"
        raise ChangedShape(message)
    for n, one in enumerate(node.value):
        yield from _lists(Node(one, (one, *node.around), f"{node.place}[{n}]"), depth - 1)


def _named(value: Any, step: Step, place: str) -> Any:
    if not isinstance(value, dict):
        message = f"{place} is {shortened(value)}; an object is meant"
        raise ChangedShape(message)
    if step.name not in value and not step.optional:
        message = f"{place} has no {step.name!r} any more (it has {', '.join(map(str, list(value)[:8])) or 'nothing'})"
        raise ChangedShape(message)
    return value.get(step.name)
