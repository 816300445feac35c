"""A query's expansion from what was typed: the work of `bypuls dashboards expand`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bypuls.errors import SettingsError
from dashboards.durations import parse_interval
from dashboards.macros import TimeRange
from dashboards.times import parse_time
from dashboards.variables import Value, render


def expand_text(
    sql: str,
    between: tuple[str, str],
    interval: str,
    now: datetime,
    time_zone: str,
    variables: Sequence[str],
    *,
    timescaledb: bool,
) -> str:
    """The expanded query; `between` is the range as typed, `variables` are texts name=value.

    Raises:
        BypulsError: one of them cannot be read, or the query cannot be expanded; the message says which and why.
    """
    zone = _zone(time_zone)
    start, end = parse_time(between[0], now, zone), parse_time(between[1], now, zone, "to")
    if start > end:
        message = f"--from {between[0]} lies behind --to {between[1]}: exchange them"
        raise SettingsError(message)
    today = now.astimezone(UTC).date()
    try:
        width = parse_interval(interval, today)
    except ValueError as error:
        message = f"--interval {interval} cannot be read: {error}"
        raise SettingsError(message) from None
    if width.nanoseconds <= 0:
        message = f"--interval must be positive, got {interval}"
        raise SettingsError(message)
    time_range = TimeRange(start, end, width.timedelta, today)
    return render(sql, _values(variables), time_range, timescaledb=timescaledb, trusted=True).sql


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"--time-zone {name!r} is not known: write it like Europe/Oslo"
        raise SettingsError(message) from None


def _values(texts: Sequence[str]) -> dict[str, Value]:
    found: dict[str, list[str]] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            message = f"--var {text!r} must be name=value"
            raise SettingsError(message)
        found.setdefault(name, []).append(value)
    return {name: Value(values, several=len(values) > 1) for name, values in found.items()}
