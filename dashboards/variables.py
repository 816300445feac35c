"""Puts the values of dashboard variables into a query, as Grafana's page does before its server sees it.

Formats follow grafana/scenes (variables/interpolation/formatRegistry). One thing is stricter here: what stands within a
quoted value is never read again, so a value that looks like a macro, a comment or another variable is only text. For
that, quoted values go into the query as marks that no macro can see, and `filled` puts them in at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypuls.clock import isoformat
from bypuls.errors import BypulsError
from dashboards.durations import Duration, interval_text
from dashboards.macros import Expansion, TimeRange, expand
from dashboards.times import milliseconds

_VARIABLE = re.compile(
    r"\$(?P<bare>\w+)"
    r"|\[\[(?P<square>\w+?)(?::(?P<square_format>\w+))?\]\]"
    r"|\$\{(?P<brace>\w+)(?::(?P<brace_format>[^}]+))?\}",
    re.ASCII,
)
_MARK = re.compile("\ue000([0-9]+)\ue001")
_HARMLESS = re.compile(r"[\w.:+-]*", re.ASCII)
"""What may stand in a query without quotes: no blank, no quote, no bracket, no sign that begins a comment."""


class VariableError(BypulsError):
    """A variable that cannot be put into a query."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Value:
    """What is chosen for a variable.

    Attributes:
        values: one value, or several where the variable takes several.
        several: it takes several, or All: without a format its values are quoted.
        raw: what the board says All stands for (`allValue`); put in as it is.
    """

    values: Sequence[str]
    several: bool = False
    raw: str | None = None


def render(
    sql: str, variables: Mapping[str, Value], time_range: TimeRange, *, timescaledb: bool = False, trusted: bool = False
) -> Expansion:
    """A query as it can be run: variables first, then macros.

    `trusted` values (of whoever typed the command) may stand unquoted whatever they are; others only while harmless.

    Raises:
        VariableError: an unknown format, or a value that cannot stand where the query wants it.
        MacroError: an unknown macro, or one with arguments it cannot take.
    """
    if "\ue000" in sql:
        raise VariableError("the query holds U+E000, which is kept for variables: take it out")
    quoted: list[str] = []

    def put(found: re.Match[str]) -> str:
        name = found["bare"] or found["square"] or found["brace"]
        form = found["square_format"] or found["brace_format"]
        value = _global(name, form, time_range, bare=found["bare"] is not None)
        if value is not None:
            return value
        if name not in variables:
            return found[0]  # as Grafana does: it may be a macro, or the database's business
        value = _formatted(name, variables[name], form, trusted=trusted)
        if not value.startswith("'"):
            return value
        quoted.append(value)
        return f"\ue000{len(quoted) - 1}\ue001"

    expansion = expand(_VARIABLE.sub(put, sql), time_range, timescaledb=timescaledb)
    return Expansion(_MARK.sub(lambda mark: quoted[int(mark[1])], expansion.sql), expansion.fill)


def sql_string(values: Sequence[str]) -> str:
    r"""Values as SQL string literals, separated by commas.

    As Grafana does it, a double quote gains a backslash: such a value matches nothing, and is still one literal.

    >>> sql_string(["a", "O'Brien"])
    "'a','O''Brien'"
    """
    return ",".join("'" + value.replace("'", "''").replace('"', '\\"') + "'" for value in values)


def _global(name: str, form: str | None, time_range: TimeRange, *, bare: bool) -> str | None:
    if name in {"__from", "__to"}:
        return _date(time_range.start if name == "__from" else time_range.end, form)
    if bare:
        return None  # $__interval is the macros' business: they come after the comments
    interval = Duration.of(time_range.interval)
    if name == "__interval":
        return interval_text(interval)
    return str(interval.milliseconds) if name == "__interval_ms" else None


def _date(moment: datetime, form: str | None) -> str:
    number = milliseconds(moment)
    if form in {None, "date:ms", "raw"}:
        return str(number)
    if form in {"date", "date:iso"}:
        text = isoformat(moment.replace(microsecond=0)).removesuffix("Z")
        return f"{text}.{number % 1000:03d}Z"
    if form == "date:seconds":
        return str((number + 500) // 1000)
    message = f"format {form!r} of a time is not known: use date, date:iso, date:seconds or none"
    raise VariableError(message)


_Formatter = Callable[[Sequence[str]], str]
_UNQUOTED: Mapping[str, _Formatter] = {
    "csv": ",".join,
    "raw": ",".join,
    "pipe": "|".join,
    "text": " + ".join,
    "glob": lambda values: "{" + ",".join(values) + "}" if len(values) > 1 else ",".join(values),
    "json": lambda values: json.dumps(values, ensure_ascii=False) if len(values) != 1 else values[0],
}


def _formatted(name: str, value: Value, form: str | None, *, trusted: bool) -> str:
    if any("\0" in one or "\ue000" in one for one in value.values):
        message = f"variable {name!r}: a value holds a character that no query can hold (NUL or U+E000)"
        raise VariableError(message)
    if value.raw is not None:
        return value.raw
    if form == "sqlstring" or (form is None and (value.several or len(value.values) != 1)):
        # Nothing chosen is an IN () that no database takes: NULL matches nothing.
        return sql_string(value.values) if value.values else "NULL"
    if form is None:
        return _loose(name, value.values[0].replace("'", "''") if trusted else value.values[0], trusted=trusted)
    formatter = _UNQUOTED.get(form)
    if formatter is None:
        known = ", ".join(["sqlstring", *_UNQUOTED])
        message = f"variable {name!r}: format {form!r} is not known: use sqlstring (or {known})"
        raise VariableError(message)
    for one in value.values:
        _loose(name, one, trusted=trusted)
    return formatter(value.values)


def _loose(name: str, text: str, *, trusted: bool) -> str:
    if not trusted and (not _HARMLESS.fullmatch(text) or "--" in text):
        message = f"variable {name!r}: {text[:80]!r} cannot stand unquoted in a query: write ${{{name}:sqlstring}}"
        raise VariableError(message)
    return text
