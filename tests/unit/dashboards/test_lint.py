"""A deliberately broken board for every rule: each is found, and the sound one is not complained about."""

# ruff: noqa: E501 - a broken board is one line

from __future__ import annotations

import copy

import pytest

from dashboards.lint import problems
from dashboards.panels.links import KEEP
from dashboards.parts import SOURCE_TYPE, SOURCE_UID

SOURCE = {"type": SOURCE_TYPE, "uid": SOURCE_UID}
SQL = (
    "SELECT $__timeGroupAlias(h.time, $__interval, NULL), avg(h.value) AS value FROM board_hour h GROUP BY 1 ORDER BY 1"
)
NORWEGIAN = {
    "Board": "Tavle", "What?": "Hva?", "Lines": "Linjer", "Why?": "Hvorfor?", "no data": "ingen data", "City": "By", "Go": "Gå",
}  # fmt: skip


def sound():
    target = {"refId": "A", "datasource": SOURCE, "format": "time_series", "rawSql": SQL}
    defaults = {"unit": "dB", "decimals": 0, "noValue": "no data", "custom": {"spanNulls": False}, "links": []}
    panel = {
        "id": 1, "type": "timeseries", "title": "Lines", "description": "Why?", "datasource": SOURCE, "targets": [target],
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "fieldConfig": {"defaults": defaults, "overrides": []},
    }  # fmt: skip
    variable = {"name": "city", "label": "City", "query": "SELECT city FROM board_city", "datasource": SOURCE}
    return {
        "uid": "one", "title": "Board", "description": "What?", "panels": [panel], "templating": {"list": [variable]},
        "links": [{"title": "Go", "url": f"/d/two?{KEEP}"}],
    }  # fmt: skip


def target(board):
    return board["panels"][0]["targets"][0]


def with_sql(sql):
    def breaks(board):
        target(board)["rawSql"] = sql

    return breaks


def put(path, value):
    def breaks(board):
        *way, last = path
        node = board
        for step in way:
            node = node[step]
        node[last] = value

    return breaks


def second_panel(**changed):
    def breaks(board):
        board["panels"].append(copy.deepcopy(board["panels"][0]) | {"id": 2, "title": "Go"} | changed)

    return breaks


PANEL = ("panels", 0)
DEFAULTS = (*PANEL, "fieldConfig", "defaults")
BELOW = {"x": 0, "y": 8, "w": 12, "h": 8}
BROKEN = {
    "uid unlike the file": (put(("uid",), "other"), "it is the file's name"),
    "board without title": (put(("title",), ""), "needs a title and a description"),
    "same id twice": (second_panel(id=1, gridPos=BELOW), "each its own"),
    "id zero": (put((*PANEL, "id"), 0), "from 1 on"),
    "same title twice": (second_panel(title="Lines", gridPos=BELOW), "two panels are called 'Lines'"),
    "overlap": (second_panel(gridPos={"x": 11, "y": 7, "w": 2, "h": 2}), "panels 1 and 2 overlap"),
    "too wide": (put((*PANEL, "gridPos"), {"x": 13, "y": 0, "w": 12, "h": 8}), "does not fit in 24 columns"),
    "unknown type": (put((*PANEL, "type"), "piechart"), "unknown type 'piechart'"),
    "no panel title": (put((*PANEL, "title"), ""), "needs a title"),
    "no description": (put((*PANEL, "description"), ""), "its question and its source"),
    "no unit": (put((*DEFAULTS, "unit"), ""), "needs unit"),
    "no decimals": (put((*DEFAULTS, "decimals"), None), "needs decimals"),
    "no words for no data": (put((*DEFAULTS, "noValue"), None), "needs noValue"),
    "gaps bridged": (put((*DEFAULTS, "custom", "spanNulls"), True), "a gap stays a gap"),
    "no targets": (put((*PANEL, "targets"), []), "needs targets"),
    "wrong source": (put((*PANEL, "targets", 0, "datasource"), {"uid": "x", "type": SOURCE_TYPE}), "must be bypuls-postgres"),
    "empty SQL": (with_sql(" "), "has no SQL"),
    "call in a macro": (with_sql("SELECT $__timeFilter(coalesce(a, b)) AS time FROM board_hour ORDER BY time"), "takes a bare column"),
    "unknown macro": (with_sql("SELECT $__unixEpochFilter(x) AS time FROM board_hour ORDER BY time"), "no macro of Grafana's"),
    "clock": (with_sql("SELECT now() AS time FROM board_hour ORDER BY time"), "asks the clock"),
    "clock without brackets": (with_sql("SELECT CURRENT_DATE AS time FROM board_hour ORDER BY 1"), "asks the clock"),
    "unquoted variable": (with_sql("SELECT time FROM board_hour WHERE city = '$city' ORDER BY time"), "variable city"),
    "csv variable": (with_sql("SELECT time FROM board_hour WHERE city IN (${city:csv}) ORDER BY time"), "quoted safely"),
    "square variable": (with_sql("SELECT time FROM board_hour WHERE city = '[[city]]' ORDER BY time"), "quoted safely"),
    "foreign variable": (with_sql("SELECT time FROM board_hour WHERE a = ${area:sqlstring} ORDER BY time"), "area is not one of"),
    "a table": (with_sql("SELECT time FROM observation ORDER BY time"), "reads observation"),
    "a joined table": (with_sql("SELECT time FROM board_hour JOIN api_key ON true ORDER BY time"), "reads api_key"),
    "unordered": (with_sql("SELECT time, value FROM board_hour"), "ordered by time"),
    "no time": (with_sql("SELECT value FROM board_hour ORDER BY 1"), "column called time"),
    "wrong format": (put((*PANEL, "targets", 0, "format"), "table"), "does not suit a timeseries"),
    "link that forgets": (put(("links", 0, "url"), "/d/two"), "loses time and choices"),
    "no Norwegian": (put((*PANEL, "description"), "Wherefore?"), "no Norwegian for 'Wherefore?'"),
    "clock in a variable": (put(("templating", "list", 0, "query"), "SELECT now() FROM board_city"), "variable city: asks the clock"),
}  # fmt: skip


def test_a_sound_board_has_no_problem():
    assert problems({"one": sound()}, NORWEGIAN) == []


@pytest.mark.parametrize("name", BROKEN)
def test_every_rule_finds_the_board_that_breaks_it(name):
    breaks, words = BROKEN[name]
    board = sound()
    breaks(board)
    found = problems({"one": board}, NORWEGIAN)
    assert any(words in problem for problem in found), found


def test_two_boards_of_one_title_or_uid_stop_grafana_from_importing_any():
    second = sound()
    found = problems({"one": sound(), "two": second}, NORWEGIAN)
    assert "two: its title 'Board' is that of one too" in found
    assert "two: its uid 'one' is that of one too" in found


def test_names_of_ctes_extract_and_set_functions_are_no_relations():
    board = sound()
    target(board)["rawSql"] = """WITH top AS (SELECT 1 FROM board_site), more AS (SELECT 2 FROM top)
        SELECT extract(epoch FROM h.time) AS time FROM more m JOIN board_hour h ON h.a IS DISTINCT FROM m.b
        CROSS JOIN LATERAL generate_series(1, 2) s WHERE h.x = 'text FROM nowhere' ORDER BY time"""
    assert problems({"one": board}, NORWEGIAN) == []
