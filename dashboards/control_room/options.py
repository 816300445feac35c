"""What a board's variables offer, and which of it holds: each is asked with those before it chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.control_room.boards import Board, Variable
from dashboards.control_room.frames import Field
from dashboards.control_room.problems import wrong_value
from dashboards.control_room.queries import Reader
from dashboards.macros import TimeRange
from dashboards.variables import Value, render

ALL = "$__all"
_SHOWN = 10

Chosen = tuple[tuple[str, tuple[str, ...]], ...]
"""Variables with what is chosen for each."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value and how it is called."""

    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A variable with what it offers and what holds."""

    variable: Variable
    options: Sequence[Option]
    current: Sequence[str]

    @property
    def value(self) -> Value:
        """What goes into queries."""
        several = self.variable.multi or self.variable.include_all
        if ALL not in self.current:
            return Value(self.current, several)
        return Value([one.value for one in self.options], several=True, raw=self.variable.all_value)

    @property
    def public(self) -> dict[str, Any]:
        """What the page gets."""
        options = [{"text": one.text, "value": one.value} for one in self.options]
        if self.variable.include_all:
            options.insert(0, {"text": "All", "value": ALL})
        several = self.variable.multi
        return {
            "name": self.variable.name,
            "label": self.variable.label,
            "type": self.variable.type,
            "multi": several,
            "include_all": self.variable.include_all,
            "options": options,
            "current": list(self.current) if several else next(iter(self.current), None),
        }


def offers(board: Board, reader: Reader, time_range: TimeRange, chosen: Chosen, *, strict: bool) -> list[Offer]:
    """Every variable of `board`; `strict` refuses a value that is not offered, else the default takes its place.

    Raises:
        Problem: no such variable; or, if strict, no such value.
    """
    names = [variable.name for variable in board.variables]
    for name, _ in chosen:
        if name not in names:
            raise wrong_value(
                f"board {board.uid!r} has no variable {name!r}", f"its variables are {', '.join(names) or 'none'}"
            )
    made: list[Offer] = []
    for variable in board.variables:
        before = {offer.variable.name: offer.value for offer in made}
        options = _options(board, variable, reader, time_range, before)
        wanted: Sequence[str] | None = dict(chosen).get(variable.name)
        if wanted is None and variable.name == "city" and reader.place.city is not None:
            wanted = [reader.place.city]
        made.append(Offer(variable, options, _current(variable, options, wanted, strict=strict)))
    return made


def _options(
    board: Board, variable: Variable, reader: Reader, time_range: TimeRange, before: Mapping[str, Value]
) -> list[Option]:
    if variable.type == "query":
        sql = render(variable.query, before, time_range, timescaledb=reader.place.timescaledb).sql
        columns, _ = reader.columns(sql, f"variable {variable.name!r} of board {board.uid!r}")
        return _from_columns(columns)
    if variable.type in {"custom", "interval"}:
        return [_custom(part) for part in variable.query.split(",") if part.strip()]
    if variable.type == "constant":
        return [Option(variable.query, variable.query)]
    return []


def _from_columns(columns: Sequence[Field]) -> list[Option]:
    """`__text` and `__value`, or the first column for both; a text once."""
    if not columns:
        return []
    by_name = {column.name: column.values for column in columns}
    values = by_name.get("__value", columns[0].values)
    texts = by_name.get("__text", values)
    found = {str(value): str(text) for text, value in zip(texts, values, strict=True) if value is not None}
    return [Option(text, value) for value, text in found.items()]


def _custom(part: str) -> Option:
    text, colon, value = part.strip().partition(" : ")
    return Option(text.strip(), value.strip() if colon else text.strip())


def _current(
    variable: Variable, options: Sequence[Option], wanted: Sequence[str] | None, *, strict: bool
) -> Sequence[str]:
    known = {one.value for one in options} | ({ALL} if variable.include_all else set())
    if wanted:
        unknown = [value for value in wanted if value not in known]
        if not unknown and (variable.multi or len(wanted) == 1):
            return list(dict.fromkeys(wanted))
        if strict:
            raise _refused(variable, options, unknown)
    default = [value for value in variable.current if value in known]
    if default:
        return default if variable.multi else default[:1]
    if variable.include_all:
        return [ALL]
    return [options[0].value] if options else []


def _refused(variable: Variable, options: Sequence[Option], unknown: Sequence[str]) -> Exception:
    if not unknown:
        return wrong_value(f"variable {variable.name!r} takes one value", "give var-" + variable.name + " once")
    shown = ", ".join(one.value for one in options[:_SHOWN]) or "nothing now"
    more = f" and {len(options) - _SHOWN} more" if len(options) > _SHOWN else ""
    return wrong_value(f"variable {variable.name!r} does not offer {unknown[0][:80]!r}", f"it offers {shown}{more}")
