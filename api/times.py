"""Times as the API takes and gives them: RFC 3339 in UTC with `Z`, beside it the city's own time with its offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_SPACED_OFFSET = re.compile(r"^(.*T.*) (\d{2}:?\d{2})$")
"""A `+` that a client did not escape arrives as a space."""
_FIRST, _LAST = 1800, 2300
"""Years a filter may name: with room to every side for offsets, and inside what PostgreSQL and Python both hold."""


def parse(text: object) -> datetime | date:
    """A time with its zone, or a day.

    >>> parse("2020-01-01T00:00:00+01:00").isoformat()
    '2019-12-31T23:00:00+00:00'
    >>> parse("2020-01-01")
    datetime.date(2020, 1, 1)

    Raises:
        ValueError: neither of the two; the message says how it is to be written.
    """
    if isinstance(text, datetime | date):
        return text
    text = _SPACED_OFFSET.sub(r"\1+\2", str(text).strip())
    try:
        found = date.fromisoformat(text) if _DAY.match(text) else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_wanted()) from None
    if not _FIRST <= found.year <= _LAST:
        message = f"the year must lie between {_FIRST} and {_LAST}"
        raise ValueError(message)
    if isinstance(found, datetime):
        if found.tzinfo is None:
            message = f"the time has no zone: write {text}Z for UTC, or its offset such as {text}%2B01:00"
            raise ValueError(message)
        return found.astimezone(UTC)
    return found


def _wanted() -> str:
    return "a time is written like 2020-01-31T12:00:00Z or 2020-01-31T13:00:00%2B01:00, a day like 2020-01-31"


Moment = Annotated[
    datetime | date,
    BeforeValidator(parse),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [{"format": "date-time"}, {"format": "date"}],
            "examples": ["2020-01-31T12:00:00Z", "2020-01-31"],
        }
    ),
]
"""A query parameter that is a time with its zone, or a day (then the midnight is meant with which it begins)."""


def instant(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """The instant a parameter means: a day begins at midnight in `zone`.

    >>> instant(date(2020, 7, 1), ZoneInfo("Europe/Oslo")).isoformat()
    '2020-06-30T22:00:00+00:00'
    """
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), zone).astimezone(UTC)


def local(moment: datetime, zone: ZoneInfo) -> str:
    """The city's own time with its offset.

    >>> local(datetime(2020, 7, 1, tzinfo=UTC), ZoneInfo("Europe/Oslo"))
    '2020-07-01T02:00:00+02:00'
    """
    return moment.astimezone(zone).isoformat()
