"""Expands the macros of Grafana's PostgreSQL data source: a panel's query runs the same with and without Grafana.

It follows Grafana 13 (pkg/tsdb/grafana-postgresql-datasource/macros.go and pkg/tsdb/sqlmacro, commit 446b3e1f) to the
letter, its oddities included, but for one: the calendar units M and y, whose length depends on the day of asking, are
refused unless the range says which day that is. Dashboard variables are another module's matter
(`dashboards.variables`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Literal

from bypuls.errors import BypulsError
from dashboards.durations import Duration, go_float, interval_text, parse_interval

_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
"""Ends at the first `)`, so an argument cannot hold a call."""

_SPACE = r"[\t\n\f\r ]"
_TAG_PAIR = r"[a-zA-Z0-9%_.-]+='[^'*]*'"
_TAG = re.compile(rf"/\*{_SPACE}*{_TAG_PAIR}(?:{_SPACE}*,{_SPACE}*{_TAG_PAIR})*{_SPACE}*\*/")
"""A comment that attributes a query (SQLCommenter): /*application='grafana',source='bi'*/."""
_MACRO_SIGN = re.compile(rf"\$(?:__[a-zA-Z0-9_]*|[_a-zA-Z0-9]+{_SPACE}*\()")
_DOLLAR_QUOTE = re.compile(r"\$(?:[a-zA-Z_][a-zA-Z0-9_]*)?\$")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MacroError(BypulsError):
    """A query whose macros cannot be expanded."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What a query is asked about: `start` and `end` with their zone, and the width of a point.

    Attributes:
        today: UTC's day from which on the calendar units M and y are counted; None refuses them.
    """

    start: datetime
    end: datetime
    interval: timedelta
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """How gaps on the grid of `seconds` are filled in the answer: with null, the value before, or `value`."""

    mode: Literal["null", "previous", "value"]
    seconds: float
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Expansion:
    """A query without macros, and how its answer's gaps are to be filled."""

    sql: str
    fill: Fill | None


def expand(sql: str, time_range: TimeRange, *, timescaledb: bool = False) -> Expansion:
    """Expand every macro of `sql`.

    >>> day = TimeRange(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC), timedelta(minutes=5))
    >>> expand("SELECT $__timeGroup(time, $__interval), v FROM t", day).sql
    'SELECT floor(extract(epoch from time)/300)*300 AS "time", v FROM t'

    Raises:
        MacroError: an unknown macro, or one with arguments it cannot take.
    """
    text = _with_globals(strip_comments(sql), time_range)
    engine = _Engine(time_range, timescaledb)
    return Expansion(_MACRO.sub(partial(engine.call, text), text), engine.fill)


def strip_comments(sql: str) -> str:
    r"""`sql` without its comments, but for those that attribute the query and hold no macro.

    What looks like a comment within quotes ('…', "…", $tag$…$tag$) stays. Backslashes escape nothing, and a block
    comment ends at its first `*/`: both as Grafana reads it.

    >>> strip_comments("SELECT '--', 1 -- one")
    "SELECT '--', 1 "
    """
    out: list[str] = []
    place = 0
    while place < len(sql):
        after = _after_quoted(sql, place)
        if after is not None:
            out.append(sql[place:after])
        elif sql.startswith("/*", place):
            end = sql.find("*/", place + 2)
            # Of a comment that never ends Grafana leaves the last character: it stops looking one before the end.
            after = end + 2 if end >= 0 else max(place + 2, len(sql) - 1)
            comment = sql[place:after]
            if end >= 0 and _TAG.fullmatch(comment) and not _MACRO_SIGN.search(comment):
                out.append(comment)
        elif sql.startswith("--", place):
            end = sql.find("\n", place)
            after = end if end >= 0 else len(sql)
        else:
            after = place + 1
            out.append(sql[place])
        place = after
    return "".join(out)


def _after_quoted(sql: str, place: int) -> int | None:
    """Where the quoted text that begins at `place` ends; None when none begins there."""
    sign = sql[place]
    if sign in "'\"":
        place += 1
        while True:
            end = sql.find(sign, place)
            if end < 0:
                return len(sql)
            if not sql.startswith(sign, end + 1):
                return end + 1
            place = end + 2  # doubled: it stands for itself
    tag = _DOLLAR_QUOTE.match(sql, place) if sign == "$" else None
    if tag is None:
        return None
    end = sql.find(tag[0], tag.end())
    return len(sql) if end < 0 else end + len(tag[0])


def _with_globals(sql: str, time_range: TimeRange) -> str:
    interval = Duration.of(time_range.interval)
    for name, text in (
        ("$__interval_ms", str(interval.milliseconds)),
        ("$__interval", interval_text(interval)),
        ("$__unixEpochFrom()", str(_unix(time_range.start))),
        ("$__unixEpochTo()", str(_unix(time_range.end))),
    ):
        sql = sql.replace(name, text)
    return sql


class _Engine:
    """Expands the macros of one query, and keeps the filling that the last group asks for."""

    def __init__(self, time_range: TimeRange, timescaledb: bool) -> None:  # noqa: FBT001 - private
        self.fill: Fill | None = None
        self._range = time_range
        self._timescaledb = timescaledb
        start, end = _quoted(time_range.start), _quoted(time_range.end)
        self._macros: Mapping[str, Callable[[str, list[str]], str]] = {
            "__time": lambda _, of: f'{of[0]} AS "time"',
            "__timeEpoch": lambda _, of: f'extract(epoch from {of[0]}) as "time"',
            "__timeFilter": lambda _, of: f"{of[0]} BETWEEN {start} AND {end}",
            "__timeFrom": lambda *_: start,
            "__timeTo": lambda *_: end,
            "__timeGroup": self._time_group,
            "__timeGroupAlias": lambda name, of: f'{self._time_group(name, of)} AS "time"',
            "__unixEpochFilter": lambda _, of: self._between(of[0], _unix),
            "__unixEpochNanoFilter": lambda _, of: self._between(of[0], _unix_nanoseconds),
            "__unixEpochNanoFrom": lambda *_: str(_unix_nanoseconds(time_range.start)),
            "__unixEpochNanoTo": lambda *_: str(_unix_nanoseconds(time_range.end)),
            "__unixEpochGroup": self._epoch_group,
            "__unixEpochGroupAlias": lambda name, of: f'{self._epoch_group(name, of)} AS "time"',
        }

    def call(self, sql: str, found: re.Match[str]) -> str:
        """What one call in `sql` stands for."""
        name = found[1]
        if name == "__timeGroup":
            # A comma directly behind means the old way of naming the column. The first place with the same text decides
            # for all of them.
            behind = sql.index(found[0]) + len(found[0])
            if sql.startswith(",", behind):
                name = "__timeGroupAlias"
        macro = self._macros.get(name)
        if macro is None:
            known = ", ".join(f"${one}" for one in self._macros)
            raise MacroError(f"unknown macro ${name}: the PostgreSQL data source has {known}")
        return macro(name, [part.strip(" ") for part in found[2].split(",")])

    def _between(self, column: str, number: Callable[[datetime], int]) -> str:
        return f"{column} >= {number(self._range.start)} AND {column} <= {number(self._range.end)}"

    def _time_group(self, name: str, arguments: list[str]) -> str:
        interval = self._interval(name, arguments)
        if self._timescaledb:
            return f"time_bucket('{interval.seconds:.3f}s',{arguments[0]})"
        width = go_float(interval.seconds)
        return f"floor(extract(epoch from {arguments[0]})/{width})*{width}"

    def _epoch_group(self, name: str, arguments: list[str]) -> str:
        width = go_float(self._interval(name, arguments).seconds)
        return f"floor(({arguments[0]})/{width})*{width}"

    def _interval(self, name: str, arguments: list[str]) -> Duration:
        if len(arguments) < 2:  # noqa: PLR2004 - column and interval
            message = f"macro ${name} needs a time column, an interval and, if gaps are to be filled, a fill value"
            raise MacroError(message)
        try:
            interval = parse_interval(arguments[1].strip("'"), self._range.today)
        except ValueError as error:
            message = f"macro ${name}: interval {arguments[1]} cannot be read: {error}"
            raise MacroError(message) from None
        if interval.nanoseconds <= 0:
            message = f"macro ${name}: the interval must be positive, got {arguments[1]}"
            raise MacroError(message)
        if len(arguments) == 3:  # noqa: PLR2004 - with a fourth argument Grafana fills nothing
            self.fill = _fill(name, interval.seconds, arguments[2])
        return interval


def _fill(name: str, seconds: float, text: str) -> Fill:
    if text == "NULL":
        return Fill("null", seconds)
    if text == "previous":
        return Fill("previous", seconds)
    if not _NUMBER.fullmatch(text):
        message = f"macro ${name}: fill value {text} cannot be read: write NULL, previous or a number"
        raise MacroError(message)
    return Fill("value", seconds, float(text))


def _quoted(time: datetime) -> str:
    """RFC 3339 as Go writes it: in UTC, the fraction without trailing zeros."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"'{text.rstrip('0') if '.' in text else text}Z'"


def _unix(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(seconds=1)


def _unix_nanoseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000
