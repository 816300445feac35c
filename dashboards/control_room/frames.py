"""Turns a query's rows into the columns a panel draws, by the rules of Grafana's PostgreSQL data source.

Read from grafana 13 (sqleng/sql_engine.go, commit 043dd88a) and grafana-plugin-sdk-go (data/time_series.go LongToWide,
data/sqlutil/resample.go). Pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from bypuls.errors import BypulsError
from dashboards.macros import Fill, TimeRange
from dashboards.times import microseconds

FieldType = Literal["time", "number", "string", "boolean", "json"]
Format = Literal["time_series", "table"]

_SECOND = 1_000_000
_SECONDS_EXPONENT, _NANOSECONDS_EXPONENT = 9, 18


class FrameError(BypulsError):
    """A result that cannot be drawn as the panel wants it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column. Times are whole microseconds since 1970; a value that is not there is None."""

    name: str
    type: FieldType
    values: Sequence[Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of one length, and what is to be said about them."""

    fields: Sequence[Field]
    notices: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many values each column has."""
        return len(self.fields[0].values) if self.fields else 0


def frame(columns: Sequence[Field], form: Format, time_range: TimeRange, fill: Fill | None, row_limit: int) -> Frame:
    """What a panel with `form` gets for `columns`.

    Raises:
        FrameError: a time series without a column `time`, out of order, or with values that are no numbers.
    """
    if not columns or not columns[0].values:
        return Frame(())
    fields = _with_times(columns, form)
    if form == "table":
        return Frame(fields)
    return _series(fields, time_range, fill, row_limit)


def _with_times(columns: Sequence[Field], form: Format) -> list[Field]:
    """Numbers in `time` (in a table in `timeend` too) become times."""
    ends = {one.name for one in columns if form == "table" and one.name.lower() == "timeend"}
    return [_as_time(one) if one.name == "time" or one.name in ends else one for one in columns]


def _as_time(column: Field) -> Field:
    if column.type == "time":
        return column
    try:
        values = [None if value is None else _moment(float(value)) for value in column.values]
    except (TypeError, ValueError, OverflowError):
        message = f"column {column.name!r} holds no times: select a timestamptz, or seconds since 1970"
        raise FrameError(message) from None
    return replace(column, type="time", values=values)


def _moment(number: float) -> int:
    """Seconds when its decimal exponent is 9, nanoseconds when it is 18, milliseconds otherwise: in microseconds."""
    exponent = Decimal(repr(number)).adjusted() if number else 0
    if exponent == _SECONDS_EXPONENT:
        number *= 1e3
    elif exponent == _NANOSECONDS_EXPONENT:
        number /= 1e6
    return int(number) * 1000


def _series(fields: Sequence[Field], time_range: TimeRange, fill: Fill | None, row_limit: int) -> Frame:
    index = max((i for i, one in enumerate(fields) if one.name == "time"), default=None)
    if index is None:
        raise FrameError('time column is missing: name it "time", or make the panel\'s format a table')
    fields = [
        replace(one, name="Time") if i == index else one if one.name == "metric" else _as_number(one)
        for i, one in enumerate(fields)
    ]
    factors = [i for i, one in enumerate(fields) if one.type in {"string", "boolean"}]
    values = [i for i in range(len(fields)) if i != index and i not in factors]
    if not values:
        # Text alone is no series: it stays as it is (and a state timeline wants a code instead).
        return Frame(fields, ("the series has no numbers, so gaps are not filled",) if fill else ())
    if factors:
        wide = _wide(fields, index, factors, values, fill)
        if len(fields) == 3:  # noqa: PLR2004 - time, value, metric: series are named by the metric alone
            wide = [_named_by_metric(one) for one in wide]
        fields, index = wide, 0
    if fill is None:
        return Frame(fields)
    return _filled(Frame(fields), index, time_range, fill, row_limit)


def _as_number(column: Field) -> Field:
    if column.type in {"number", "string"}:
        return column
    if column.type == "json":
        message = f"column {column.name!r} is JSON: a time series takes numbers and texts"
        raise FrameError(message)
    convert = float if column.type == "boolean" else lambda value: value / 1000
    return replace(column, type="number", values=[None if one is None else convert(one) for one in column.values])


def _named_by_metric(one: Field) -> Field:
    if set(one.labels) != {"metric"}:
        return one
    return replace(one, name=one.labels["metric"], labels={})


def _wide(
    fields: Sequence[Field], index: int, factors: Sequence[int], values: Sequence[int], fill: Fill | None
) -> list[Field]:
    """A column for each value and combination of texts; texts become labels."""
    names = [fields[i].name for i in factors]
    if len(set(names)) < len(names):
        message = f"two text columns have one name ({', '.join(names)}): give each its own"
        raise FrameError(message)
    texts = [[_label(value) for value in fields[i].values] for i in factors]
    times: list[int] = []
    columns: dict[tuple[str, ...], list[list[Any]]] = {}
    for row, moment in enumerate(fields[index].values):
        if moment is None:
            raise FrameError("a time is null: leave such rows out, or order and group by time")
        if not times or moment > times[-1]:
            for series in columns.values():
                for column in series:
                    column.append(_missing(fill, column))
            times.append(moment)
        elif moment < times[-1]:
            raise FrameError("long series must be sorted ascending by time to be converted: ORDER BY time")
        key = tuple(column[row] for column in texts)
        if key not in columns:
            columns[key] = [[_missing(fill, ())] * len(times) for _ in values]
        for column, i in zip(columns[key], values, strict=True):
            column[-1] = fields[i].values[row]
    made = [
        Field(fields[i].name, fields[i].type, column, dict(zip(names, key, strict=True)))
        for key, series in columns.items()
        for i, column in zip(values, series, strict=True)
    ]
    made.sort(key=lambda one: (one.name, *(one.labels[name] for name in names)))
    return [replace(fields[index], values=times), *made]


def _label(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _missing(fill: Fill | None, before: Sequence[Any]) -> Any:
    if fill is None or fill.mode == "null":
        return None
    if fill.mode == "value":
        return fill.value
    return before[-1] if before else None


def _filled(series: Frame, index: int, time_range: TimeRange, fill: Fill, row_limit: int) -> Frame:
    """The series on the grid of the fill's interval, from before the range's start to its end.

    A grid point takes the last row of the interval that ends there.
    """
    if fill.seconds < 1:
        raise FrameError("gaps are filled on a grid of whole seconds: group by a second or more")
    whole = int(fill.seconds)
    seconds = microseconds(time_range.start) // _SECOND
    start = (abs(seconds) // whole * whole * (1 if seconds >= 0 else -1)) * _SECOND
    step, end = round(fill.seconds * _SECOND), microseconds(time_range.end)
    if (end - start) // step > row_limit:
        return replace(series, notices=(f"gaps are not filled: that would be more than {row_limit} points",))
    times = series.fields[index].values
    if any(moment is None for moment in times):
        return replace(series, notices=("gaps are not filled: a time is null",))
    grid, rows, before = _on_grid(times, range(start, end + 1, step), step)
    fields = []
    for i, one in enumerate(series.fields):
        if i == index:
            fields.append(replace(one, values=grid))
            continue
        values = [
            one.values[row] if row is not None else _missing(fill, one.values[last : last + 1] if last >= 0 else ())
            for row, last in zip(rows, before, strict=True)
        ]
        fields.append(replace(one, values=values))
    return Frame(fields)


def _on_grid(times: Sequence[int], grid: range, step: int) -> tuple[list[int], list[int | None], list[int]]:
    """For each point the row within its interval, if any, and the last row up to it (-1: none)."""
    rows: list[int | None] = []
    before: list[int] = []
    last = -1
    for moment in grid:
        found = None
        while last + 1 < len(times) and times[last + 1] <= moment:
            last += 1
            if times[last] > moment - step:
                found = last
        rows.append(found)
        before.append(last)
    return list(grid), rows, before
