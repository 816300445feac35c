"""Answers one panel: its range, its variables, its queries and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from dashboards.control_room.boards import Board, Panel
from dashboards.control_room.frames import Field, frame
from dashboards.control_room.options import Chosen, offers
from dashboards.control_room.problems import wrong_value
from dashboards.control_room.queries import Limits, Pool, Reader, reading
from dashboards.macros import TimeRange
from dashboards.times import milliseconds, parse_time
from dashboards.variables import Value, render

LONGEST = timedelta(days=366 * 10)
POINTS = 1000
"""Points a panel gets unless it says otherwise."""
MOST_POINTS = 5000
_NARROWEST = timedelta(seconds=1)
# As Grafana rounds an interval (packages/grafana-data, rangeutil.roundInterval): up to a limit, to a step.
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks with: the range as text, the width of a point it can show, the city and the variables."""

    start: str
    end: str
    interval: timedelta | None
    city: str | None
    chosen: Chosen


def answer_panel(board: Board, number: int, question: Question, pool: Pool, now: datetime, limits: Limits) -> Any:
    """The answer of panel `number`.

    Raises:
        Problem: it cannot be answered; why and how to mend it.
    """
    panel = board.panel(number)
    with reading(pool, limits, question.city) as reader:
        time_range = _time_range(question, now, reader, panel)
        values = {
            offer.variable.name: offer.value
            for offer in offers(board, reader, time_range, question.chosen, strict=True)
        }
        results = [_result(board, panel, i, reader, time_range, values, limits) for i in range(len(panel.targets))]
    return {
        "panel": number,
        "city": reader.place.city,
        "from": milliseconds(time_range.start),
        "to": milliseconds(time_range.end),
        "interval_ms": time_range.interval // timedelta(milliseconds=1),
        "results": results,
    }


def answer_variables(board: Board, question: Question, pool: Pool, now: datetime, limits: Limits) -> Any:
    """Every variable with its options; a value that is no longer offered gives way to the default."""
    with reading(pool, limits, question.city) as reader:
        time_range = _time_range(question, now, reader, None)
        return [one.public for one in offers(board, reader, time_range, question.chosen, strict=False)]


def _result(
    board: Board,
    panel: Panel,
    index: int,
    reader: Reader,
    time_range: TimeRange,
    values: Mapping[str, Value],
    limits: Limits,
) -> dict[str, Any]:
    target = panel.targets[index]
    started = perf_counter()
    expansion = render(target.sql, values, time_range, timescaledb=reader.place.timescaledb)
    what = f"panel {panel.id} ({target.name}) of board {board.uid!r}"
    columns, truncated = reader.columns(expansion.sql, what)
    made = frame(columns, target.format, time_range, expansion.fill, limits.rows)
    notices = [*made.notices, *([f"only the first {limits.rows} rows are shown"] if truncated else [])]
    return {
        "refId": target.name,
        "fields": [_public(one) for one in made.fields],
        "rows": made.rows,
        "truncated": truncated,
        "notices": notices,
        "milliseconds": round((perf_counter() - started) * 1000, 1),
    }


def _public(field: Field) -> dict[str, Any]:
    """Times in milliseconds; numbers that are none become null when the answer is written."""
    values = field.values
    if field.type == "time":
        values = [None if value is None else value // 1000 for value in values]
    return {"name": field.name, "type": field.type, "labels": field.labels, "values": values}


def _time_range(question: Question, now: datetime, reader: Reader, panel: Panel | None) -> TimeRange:
    zone = reader.place.zone
    start, end = parse_time(question.start, now, zone), parse_time(question.end, now, zone, "to")
    if panel is not None and panel.time_from is not None:
        start = end - panel.time_from
    if start >= end:
        raise wrong_value(f"from={question.start} does not lie before to={question.end}", "exchange or widen them")
    if end - start > LONGEST:
        raise wrong_value(f"the range from {question.start} to {question.end} is longer than 10 years", "shorten it")
    points = min((panel.points if panel else None) or POINTS, MOST_POINTS)
    wanted = question.interval or _rounded((end - start) / points)
    narrowest = max(panel.interval if panel else timedelta(), _NARROWEST, (end - start) / MOST_POINTS)
    # A width that is not a round number of seconds would be cut when it is written in a query.
    width = max(wanted, narrowest)
    return TimeRange(start, end, timedelta(seconds=-(-width // timedelta(seconds=1))))


def _rounded(width: timedelta) -> timedelta:
    seconds = width.total_seconds()
    return timedelta(seconds=next((step for step in _STEPS if step >= seconds), _STEPS[-1]))
