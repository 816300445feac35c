"""Texts that people type: what may be stored of them, and how a file holds them without their becoming a formula."""

from __future__ import annotations

import re
import unicodedata

MOST_LETTERS = 4000

_LINES = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n|\uff1d\uff0b\uff0d\uff20]")
"""What spreadsheets may take for a formula or a command, behind any apostrophes of ours."""


class BadText(ValueError):
    """A text that cannot be stored: the message says why."""


def clean(text: str) -> str | None:
    """The text without blanks around it, its lines ended by one mark; None: nothing is left.

    Raises:
        BadText: it is too long, or holds what is no letter.
    """
    text = _LINES.sub("\n", text).strip()
    if len(text) > MOST_LETTERS:
        message = f"the text has {len(text)} letters: {MOST_LETTERS} are stored"
        raise BadText(message)
    for letter in text:
        if (
            unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") and letter not in "\n\t"
        ) or letter in "\ufffe\uffff":
            message = f"the text holds {letter!r}, which is no letter: type it again without"
            raise BadText(message)
    return text or None


def guarded(text: str) -> str:
    """A text as it is written into a cell: an apostrophe keeps it from being read as a formula.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("a = b")
    ("'=1+1", "''=1+1", 'a = b')
    """
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """The text of a cell that `guarded` wrote.

    >>> unguarded("'=1+1"), unguarded("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text
