"""Whether two values were computed the same way: definition and standards without texts. Pure; knows no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

SAID_ONLY = frozenset(
    {
        "bands",
        "direction",
        "domain",
        "id",
        "lateness",
        "periods",
        "question",
        "sdg",
        "source",
        "themes",
        "title",
        "trigger",
        "u4ssc",
    }
)
"""What a definition says about its numbers without changing them. Whatever else it says belongs to the method, members
that a later version adds too."""

SAID_OF_STANDARD = frozenset(
    {
        "colours",
        "colours_status",
        "complete_status",
        "edge_status",
        "labels",
        "note",
        "source",
        "status",
        "status_note",
        "title",
    }
)
"""The same of a standard: what is not a number or a rule."""


def method_of(definition: Mapping[str, Any]) -> str:
    """The fingerprint of how a definition computes: equal for versions that differ in their texts alone.

    >>> method_of({"unit": "d", "title": {"en": "Days"}}) == method_of({"unit": "d", "title": {"en": "Days above"}})
    True
    >>> method_of({"unit": "d"}) == method_of({"unit": "h"})
    False
    """
    return fingerprint(
        {name: value for name, value in definition.items() if name not in SAID_ONLY and value is not None}
    )


def numbers_of(standard: Mapping[str, Any]) -> str:
    """The fingerprint of a standard's numbers and rules, all its editions: equal for files that differ in texts alone.

    >>> numbers_of({"rules": {"day": 50}, "source": "a"}) == numbers_of({"rules": {"day": 50}, "source": "b"})
    True
    >>> numbers_of({"rules": {"day": 50}}) == numbers_of({"rules": {"day": 45}})
    False
    """
    return fingerprint({name: value for name, value in standard.items() if name not in SAID_OF_STANDARD})


def standards_of(definition: Mapping[str, Any], numbers: Mapping[str, str], said: str | None = None) -> dict[str, str]:
    """The standards that a definition computes by: those that its parameters name, and the one that the evidence says.

    Args:
        definition: as its file says.
        numbers: `numbers_of` every standard, by id.
        said: of the evidence: where the city names its own (`national`), or a formula has one.
    """
    named = {*_texts(definition.get("parameters") or {}), said}
    return {name: of for name, of in numbers.items() if name in named}


def full_method_of(definition: Mapping[str, Any], numbers: Mapping[str, str], said: str | None = None) -> str:
    """The fingerprint of how a value was computed and judged: the definition's and that of its standards' numbers."""
    return fingerprint([method_of(definition), standards_of(definition, numbers, said)])


def fingerprint(value: object) -> str:
    """`sha256:` and the hash of the canonical JSON; years that are members' names are written as text."""
    plain = msgspec.to_builtins(value, str_keys=True)
    return "sha256:" + hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
