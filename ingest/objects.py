"""Where a mapping's parts find their objects in a message, and what a message may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ingest.parts import CompiledPart, Step, When
from ingest.paths import Captures
from ingest.patterns import Maps, captured
from ingest.reasons import refusal

_MOST_MEMBERS = 20_000
_MOST_NEW_NAMES = 2_000
_OBJECT = 4
_EXACT = 2**53
_LONGEST_WORD = 64
_KEPT_KEYS = 1024


class Budget:
    """What one message may cost: members looked at, and names that were never seen."""

    __slots__ = ("_members", "_new_names")

    def __init__(self) -> None:
        self._members, self._new_names = _MOST_MEMBERS, _MOST_NEW_NAMES

    def spend(self, members: int) -> None:
        """Look at so many members.

        Raises:
            Refusal: `too_large`.
        """
        self._members -= members
        if self._members < 0:
            raise refusal("too_large", f"more than {_MOST_MEMBERS} members in one message")

    def new_name(self) -> None:
        """Meet a name that was never seen.

        Raises:
            Refusal: `too_large`.
        """
        self._new_names -= 1
        if self._new_names < 0:
            raise refusal("too_large", f"more than {_MOST_NEW_NAMES} names that were never seen in one message")


class Found(NamedTuple):
    """An object, the part that reads it, and what was captured on the way to it."""

    part: CompiledPart
    node: Any
    captures: Captures


class Objects:
    """Finds the objects of parts in one message.

    Args:
        root: the message.
        captures: from its topic.
        maps: of captures.
        budget: what it may cost.
    """

    __slots__ = ("_budget", "_captures", "_maps", "_root")

    def __init__(self, root: Any, captures: Captures, maps: Maps, budget: Budget) -> None:
        self._root, self._captures, self._maps, self._budget = root, captures, maps, budget

    def found(self, parts: tuple[CompiledPart, ...]) -> list[Found]:
        """Which part reads which object.

        Raises:
            Refusal: `too_large`.
        """
        found: list[Found] = []
        holds, checked = True, None
        for part in parts:
            if part.when_root is not checked:
                checked = part.when_root
                holds = self._fits(checked, self._root, self._captures)
            if not holds:
                continue
            if not part.each:
                if not part.when or self._fits(part.when, self._root, self._captures):
                    found.append(Found(part, self._root, self._captures))
            else:
                for node, captures in self._nodes(part):
                    if not part.when or self._fits(part.when, node, captures):
                        found.append(Found(part, node, captures))
        return found

    def _nodes(self, part: CompiledPart) -> list[tuple[Any, Mapping[str, str]]]:
        """The objects that a part reads, with what was captured on the way."""
        found: list[tuple[Any, Mapping[str, str]]] = [(self._root, self._captures)]
        for step in part.each:
            if part.carry:
                found = [(node, self._carried(part, node, captures)) for node, captures in found]
            further: list[tuple[Any, Mapping[str, str]]] = []
            for node, captures in found:
                if step.key is not None and not step.items:
                    if type(node) is dict and step.key in node:
                        further.append((node[step.key], captures))
                elif type(node) is (list if step.items else dict):
                    self._budget.spend(len(node))
                    further += self._matching(step, node, captures)
            found = further
        return [(node, captures) for node, captures in found if type(node) is dict or type(node) is list]

    def _carried(self, part: CompiledPart, node: Any, captures: Mapping[str, str]) -> Mapping[str, str]:
        """The captures, and what this object gives to those below it."""
        own = {}
        for capture, at in part.carry:
            member = at.find(node, self._root, captures)
            kind = type(member)
            if kind is float or (kind is int and -_EXACT < member < _EXACT):
                own[capture] = repr(member)
            elif kind is str and 0 < len(member) <= _LONGEST_WORD:
                own[capture] = member
        return {**captures, **own} if own else captures

    def _matching(self, step: Step, node: Any, captures: Mapping[str, str]) -> Iterator[tuple[Any, Mapping[str, str]]]:
        memo = step.memo
        members = node.items() if type(node) is dict else ((f"[{index}]", item) for index, item in enumerate(node))
        for key, member in members:
            if type(member) is not dict and type(member) is not list:
                continue
            own = memo[key] if key in memo else _captures_of(step, key, self._maps)
            if own is not None:
                # An object costs more than a member; made-up ones do not keep everybody waiting.
                self._budget.spend(_OBJECT)
                yield member, {**captures, **own} if own else captures

    def _fits(self, conditions: tuple[When, ...], node: Any, captures: Mapping[str, str]) -> bool:
        for at, wanted, present, negated in conditions:
            found = at.find(node, self._root, captures)
            if present is not None:
                if (found is not None and found is not False) is not present:
                    return False
            elif negated is any(found == one and isinstance(found, bool) is isinstance(one, bool) for one in wanted):
                return False
        return True


def _captures_of(step: Step, key: str, maps: Maps) -> dict[str, str] | None:
    """What a key captures; None where it does not fit. Devices repeat their few keys for ever."""
    if step.regex is None or len(key) > _LONGEST_WORD:
        return None
    match = step.regex.fullmatch(key)
    own = None if match is None else captured(match, step.names, maps, step.first)
    if len(step.memo) >= _KEPT_KEYS:
        step.memo.clear()
    step.memo[key] = own
    return own
