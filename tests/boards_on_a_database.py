"""Runs the committed boards' queries as Grafana would: variables, macros, the read-only role."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from dashboards.macros import TimeRange
from dashboards.variables import Value, render
from tests.seeded_city import NOW

JSON = Path(__file__).parents[1] / "dashboards" / "json"
_BACK = {"h": "hours", "d": "days"}


@dataclass
class Ran:
    board: str
    panel: int
    title: str
    ref: str
    format: str
    columns: list[str]
    rows: list[tuple]
    milliseconds: float

    @property
    def name(self):
        return f"{self.board} {self.panel} {self.title} {self.ref}"


def boards():
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(JSON.glob("*.json"))}


def time_range(board, panel=None, *, now=NOW, days=None):
    """The board's own range (or so many days) up to now, and the width of a point Grafana would choose."""
    back = board["time"]["from"].removeprefix("now-")
    start = now - (timedelta(days=days) if days else timedelta(**{_BACK[back[-1]]: int(back[:-1])}))
    least = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
    width = (now - start) / ((panel or {}).get("maxDataPoints") or 400)
    return TimeRange(start, now, max(width, least[(panel or {}).get("interval") or "5m"]))


def run(connection, board, *, timescaledb, times=1, now=NOW, days=None):
    """Every target of every panel; `times` runs each so often and keeps the median."""
    variables = choices(connection, board, timescaledb=timescaledb)
    for panel in board["panels"]:
        for target in panel.get("targets") or []:
            sql = render(
                target["rawSql"], variables, time_range(board, panel, now=now, days=days), timescaledb=timescaledb
            ).sql
            taken = []
            for _ in range(times):
                started = time.perf_counter()
                cursor = connection.execute(sql)
                rows = cursor.fetchall()
                taken.append((time.perf_counter() - started) * 1000)
            columns = [column.name for column in cursor.description]
            named = (board["uid"], panel["id"], panel["title"], target["refId"], target["format"])
            yield Ran(*named, columns, rows, median(taken))


def choices(connection, board, *, timescaledb):
    """What is chosen when nobody chose: the first city, All of the others."""
    chosen = {}
    for variable in board["templating"]["list"]:
        sql = render(variable["query"], chosen, time_range(board), timescaledb=timescaledb).sql
        offered = [str(row[1]) for row in connection.execute(sql).fetchall()]
        assert offered, f"{board['uid']}: variable {variable['name']} offers nothing, and IN () is no SQL"
        several = variable["multi"]
        chosen[variable["name"]] = Value(offered if several else offered[:1], several)
    return chosen
