"""Time as an argument: whoever needs the time takes a `Clock`, so that tests and replays can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the current time, with its zone."""


def utc_now() -> datetime:
    """The system's time in UTC."""
    return datetime.now(UTC)


def isoformat(time: datetime) -> str:
    """RFC 3339 in UTC with a `Z`, as every part of the platform writes times.

    >>> isoformat(datetime(2026, 1, 5, 11, tzinfo=UTC))
    '2026-01-05T11:00:00Z'
    """
    text = time.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"
