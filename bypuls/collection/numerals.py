"""Numbers as people type them: decimal comma or point, spaces or marks between thousands, percent signs. Pure.

Nothing is guessed: `1,234` is 1.234 in Oslo and 1234 in London, and is refused unless the rest of the file tells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

Mark = Literal[".", ","]
"""What stands before the decimals in a file."""

_SPACES = re.compile(r"(?<=\d)[ \u00a0\u2007\u2009\u200a\u202f'\u2019](?=\d)")
"""Between thousands: space, no-break, figure, thin, hair and narrow no-break space, apostrophes."""
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<digits>\d[\d.,]*|[.,]\d+)(?P<exponent>[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = {mark: re.compile(rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+", re.ASCII) for mark in ".,"}
_SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u2007\u2009\u200a\u202f'\u2019]\d{3})+(?:[.,eE].*)?", re.ASCII)
_OTHER: dict[str, Mark] = {".": ",", ",": "."}


class NotANumber(ValueError):
    """A text that is no number, or may be two: the message says how to write it."""


def parse(text: str, mark: Mark | None = None) -> Decimal:
    """A number as somebody typed it; a percent sign is not part of it.

    Args:
        text: without the blanks around it.
        mark: the file's decimal mark, where it is known: settles `1,234`.

    >>> parse("1 234,5"), parse("1.234,5"), parse("1,234.5"), parse("0,125")
    (Decimal('1234.5'), Decimal('1234.5'), Decimal('1234.5'), Decimal('0.125'))
    >>> parse("1,234", ",")
    Decimal('1.234')

    Raises:
        NotANumber: it is none, or may be two.
    """
    found = _NUMBER.fullmatch(_plain(text))
    if found is None:
        message = f"{_shown(text)} is no number: write digits, with one comma or point before the decimals"
        raise NotANumber(message)
    digits = _without_groups(text, found["digits"], mark)
    number = Decimal(f"{found['sign']}{digits}{found['exponent'] or ''}")
    if not math.isfinite(float(number)):
        message = f"{_shown(text)} is too large a number"
        raise NotANumber(message)
    return number


def decimal_mark(texts: Iterable[str]) -> Mark | None:
    """The mark before decimals in those texts that leave no doubt; None where there are none, or both.

    >>> decimal_mark(["1,234", "12,5", "no number"])
    ','
    """
    seen = {mark for text in texts if (mark := _certain(text)) is not None}
    return seen.pop() if len(seen) == 1 else None


def _certain(text: str) -> Mark | None:
    found = _NUMBER.fullmatch(_plain(text.strip().removesuffix("%").strip()))
    if found is None:
        return None
    digits = found["digits"]
    marks = {mark for mark in ".," if mark in digits}
    if len(marks) == 2:  # noqa: PLR2004 - both marks
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if len(marks) == 1:
        mark: Mark = "." if "." in marks else ","
        if digits.count(mark) == 1 and not _may_be_group(digits, mark):
            return mark
        if digits.count(mark) > 1 and _GROUPED[mark].fullmatch(digits):
            return _OTHER[mark]
    return None


def _plain(text: str) -> str:
    text = text.strip().replace("\u2212", "-")
    # A blank is between thousands only where it leaves groups of three: "12 34" is two numbers.
    return _SPACES.sub("", text) if _SPACED.fullmatch(text.lstrip("+-")) else text


def _without_groups(text: str, digits: str, mark: Mark | None) -> str:
    marks = [one for one in ".," if one in digits]
    if not marks:
        return digits
    if len(marks) == 2:  # noqa: PLR2004 - both marks
        last = "." if digits.rindex(".") > digits.rindex(",") else ","
        whole, _, decimals = digits.rpartition(last)
        if last in whole or not _GROUPED[_OTHER[last]].fullmatch(whole):
            message = f"{_shown(text)} is no number: thousands are groups of three digits"
            raise NotANumber(message)
        return f"{whole.replace(_OTHER[last], '')}.{decimals}"
    (one,) = marks
    if digits.count(one) > 1:
        if not _GROUPED[one].fullmatch(digits) or mark == one:
            message = f"{_shown(text)} is no number: thousands are groups of three digits"
            raise NotANumber(message)
        return digits.replace(one, "")
    if _may_be_group(digits, one) and _SPACED.fullmatch(text.strip().lstrip("+-\u2212")) is None:
        if mark is None:
            raise NotANumber(_doubtful(text, digits, one))
        if mark != one:
            return digits.replace(one, "")
    return digits.replace(one, ".")


def _may_be_group(digits: str, mark: str) -> bool:
    whole, _, decimals = digits.partition(mark)
    return len(decimals) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")  # noqa: PLR2004 - a thousand


def _doubtful(text: str, digits: str, mark: str) -> str:
    return (
        f"{_shown(text)} may be {digits.replace(mark, '.')} or {digits.replace(mark, '')}: "
        "type it as a number of the spreadsheet, or with another number of decimals"
    )


def _shown(text: str) -> str:
    return repr(" ".join(text.split())[:40])
