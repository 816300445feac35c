"""The number that a member holds: as JSON, as text, with its unit behind it, as a word."""

from __future__ import annotations

import re
from typing import Any

from bypuls.errors import Refusal
from ingest.meanings import Meaning
from ingest.paths import Path
from ingest.reasons import refusal, shortened
from ingest.strict_json import number

_WITH_SUFFIX = re.compile(r"\s*([+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)\s*([^\d\s].{0,20})?", re.DOTALL)
# Meters write registers with zeros in front; elsewhere these make a serial number.
_PADDED = re.compile(r"^([+-]?)0+(?=\d)")
_LONGEST_WORD = 64
_BEGINS_NUMBERS = frozenset("0123456789-+.")


def amount_of(meaning: Meaning, value: Any, field: str, no_value: frozenset[str]) -> tuple[float, str | None] | None:
    """The number, and the unit behind it; None where nothing was measured.

    Args:
        meaning: of the member.
        value: what it holds.
        field: for the error.
        no_value: texts, in small letters, that stand where nothing was measured.

    Raises:
        Refusal: there is something else.
    """
    rule = meaning.rule
    if type(value) is bool:
        word = "true" if value else "false"
        return (rule.map[word], None) if word in rule.map else None
    if type(value) is dict or type(value) is list:
        raise refusal("wrong_type", f"{shortened(value)} is no number", field=field)
    suffix = None
    if type(value) is str:
        text = value.strip()
        if text in rule.map:
            return rule.map[text], None
        if len(text) <= _LONGEST_WORD and (not text or text.casefold() in no_value):
            return None
        if text in meaning.nothing:
            return None
        match = _WITH_SUFFIX.fullmatch(text) if rule.suffix else None
        if match is not None:
            value, suffix = _PADDED.sub(r"\1", match[1], count=1), match[2]
    sent = number(value, field)
    return None if sent is None or sent in meaning.nothing else (sent, suffix)


def text_amount(text: str) -> float | None:
    """The number that a text is; None: it wants a closer look."""
    if text[:1] not in _BEGINS_NUMBERS:
        return None
    try:
        return number(text, "")
    except Refusal:
        return None


def bare(value: Any) -> Any:
    """A bare value: the number that a text is, else the text."""
    if type(value) is str:
        try:
            return number(value, "")
        except Refusal:
            pass
    return value


def holds(at: Path, value: Any) -> bool:
    """Whether a path leads to something, were it null."""
    found: Any = value
    for step in at.steps:
        if isinstance(step, str):
            if type(found) is not dict or step not in found:
                return False
            found = found[step]
        elif type(found) is list and step < len(found):
            found = found[step]
        else:
            return False
    return True
