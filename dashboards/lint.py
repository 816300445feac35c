"""What a board must keep to, found in its JSON: what neither Grafana's schema nor Grafana itself would say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from dashboards.panels.links import KEEP
from dashboards.parts import ADDRESS, SOURCE_TYPE, SOURCE_UID

Json = Mapping[str, Any]

KINDS = frozenset({"row", "stat", "table", "timeseries", "bargauge", "state-timeline", "geomap", "text"})
"""What both Grafana and the built-in page draw."""

MACROS = frozenset(
    {"__timeFilter", "__timeFrom", "__timeTo", "__timeGroup", "__timeGroupAlias", "__interval", "__interval_ms"}
)
_WIDTH = 24
_UID = re.compile(r"[a-z0-9-]{1,40}")
_CALL = re.compile(r"\$([_a-zA-Z0-9]+)\(([^()]*(?:\([^)]*)?)\)")
_COLUMN = re.compile(r"[a-z_][\w]*(\.[a-z_]\w*)?")
_CLOCK = re.compile(
    r"\b(now\s*\(|current_(date|time|timestamp)\b|localtime(stamp)?\b|clock_timestamp|statement_timestamp)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}|\[\[|\$([a-zA-Z]\w*)")
_FROM = re.compile(r"\b(?:FROM|JOIN)\s+(?:LATERAL\s+)?(?:ONLY\s+)?\"?([a-zA-Z_][\w.]*)\"?(\s*\()?", re.IGNORECASE)
_NO_SOURCE = re.compile(r"\bextract\s*\(\s*\w+\s+FROM\b|\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b|'[^']*'", re.IGNORECASE)
_FUNCTIONS = frozenset({"generate_series", "jsonb_array_elements_text", "unnest"})
_TEXTS = frozenset({"title", "description", "noValue", "label", "content"})


def problems(boards: Mapping[str, Json], norwegian: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with these boards (file's name without .json -> its JSON), one line each."""
    found = [f"{name}: {problem}" for name, board in boards.items() for problem in _board(name, board)]
    found += [
        f"{other}: its {key} {second.get(key)!r} is that of {one} too"
        for (one, first), (other, second) in combinations(boards.items(), 2)
        for key in ("uid", "title")
        if first.get(key) == second.get(key)
    ]
    found += [
        f"{name}: no Norwegian for {text!r}"
        for name, board in boards.items()
        for text in _texts(board)
        if text not in norwegian
    ]
    return found


def _board(name: str, board: Json) -> Iterator[str]:
    if board.get("uid") != name or not _UID.fullmatch(name):
        yield f"uid {board.get('uid')!r}: it is the file's name, of a-z, 0-9 and -"
    if not board.get("title") or not board.get("description"):
        yield "needs a title and a description with the question it answers"
    panels = board.get("panels", [])
    ids = [panel.get("id") for panel in panels]
    if len(set(ids)) != len(ids) or not all(isinstance(number, int) and number > 0 for number in ids):
        yield f"panel ids {ids}: each its own, from 1 on"
    titles = [panel.get("title") for panel in panels]
    yield from (
        f"two panels are called {title!r}" for title in sorted({t for t in titles if t and titles.count(t) > 1})
    )
    yield from _places(panels)
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    for variable in variables.values():
        where = f"variable {variable['name']}: "
        yield from (where + problem for problem in _source(variable))
        yield from (where + problem for problem in _sql(variable.get("query", ""), variables))
    for panel in panels:
        where = f"panel {panel.get('id')} {panel.get('title')!r}: "
        yield from (where + problem for problem in _panel(panel, variables))
    yield from _links(board)


def _places(panels: list[Json]) -> Iterator[str]:
    for panel in panels:
        place = panel["gridPos"]
        if place["w"] < 1 or place["h"] < 1 or place["x"] < 0 or place["x"] + place["w"] > _WIDTH:
            yield f"panel {panel.get('id')} does not fit in {_WIDTH} columns: {dict(place)}"
    for one, other in combinations(panels, 2):
        a, b = one["gridPos"], other["gridPos"]
        if (
            a["x"] < b["x"] + b["w"]
            and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"]
            and b["y"] < a["y"] + a["h"]
        ):
            yield f"panels {one.get('id')} and {other.get('id')} overlap"


def _panel(panel: Json, variables: Mapping[str, Any]) -> Iterator[str]:
    kind = panel.get("type")
    if kind not in KINDS:
        yield f"unknown type {kind!r}: one of {', '.join(sorted(KINDS))}"
        return
    if not panel.get("title"):
        yield "needs a title"
    if kind == "row":
        return
    if not panel.get("description"):
        yield "needs a description: its question and its source"
    if kind == "text":
        return
    defaults = panel["fieldConfig"]["defaults"]
    yield from (f"needs {name}" for name in ("unit", "decimals", "noValue") if defaults.get(name) in {None, ""})
    if kind == "timeseries" and defaults["custom"].get("spanNulls") is not False:
        yield "spanNulls must be false: a gap stays a gap"
    yield from _source(panel)
    targets = panel.get("targets", [])
    refs = [target.get("refId") for target in targets]
    if not targets or len(set(refs)) != len(refs):
        yield f"needs targets with a refId each: {refs}"
    for target in targets:
        yield from _target(target, kind, variables)


def _target(target: Json, kind: str, variables: Mapping[str, Any]) -> Iterator[str]:
    sql, form = target.get("rawSql", ""), target.get("format")
    yield from _source(target)
    yield from _sql(sql, variables)
    allowed = {"timeseries": {"time_series"}, "state-timeline": {"time_series"}, "stat": {"table", "time_series"}}
    if form not in allowed.get(kind, {"table"}):
        yield f"format {form!r} does not suit a {kind}"
    if form == "time_series" and not re.search(r"\bORDER BY\s+(1\b|time\b|\"time\")", sql, re.IGNORECASE):
        yield "a time series must be ordered by time"
    if form == "time_series" and not re.search(r"\$__timeGroupAlias\(|\btime\b", sql):
        yield "a time series needs a column called time"


def _source(node: Json) -> Iterator[str]:
    source = node.get("datasource") or {}
    if (source.get("uid"), source.get("type")) != (SOURCE_UID, SOURCE_TYPE):
        yield f"data source must be {SOURCE_UID} ({SOURCE_TYPE}), not {source.get('uid')!r} ({source.get('type')!r})"


def _sql(sql: str, variables: Mapping[str, Any]) -> Iterator[str]:
    if not sql.strip():
        yield "has no SQL"
        return
    for name, given in _CALL.findall(sql):
        if name not in MACROS:
            yield f"${name}(…) is no macro of Grafana's that we use"
        elif name in {"__timeFilter", "__timeGroup", "__timeGroupAlias"}:
            column = given.split(",")[0].strip()
            if not _COLUMN.fullmatch(column):
                yield f"${name}({column}…): a macro takes a bare column; Grafana ends it at the first bracket"
    if _CLOCK.search(sql):
        yield "asks the clock: now is $__timeTo()::timestamptz"
    for braced, bare in _VARIABLE.findall(sql):
        name, _, form = braced.partition(":")
        if bare or form != "sqlstring":
            yield f"variable {bare or braced or '[[…]]'}: only as ${{name:sqlstring}}, which is quoted safely"
        elif name not in variables:
            yield f"variable {name} is not one of this board's"
    yield from _relations(sql)


def _relations(sql: str) -> Iterator[str]:
    text = _NO_SOURCE.sub(" ", sql)
    own = {name.lower() for name in re.findall(r"(?:\bWITH\s+|\)\s*,\s*)(\w+)\s+AS\s*\(", text, re.IGNORECASE)}
    for name, call in _FROM.findall(text):
        if call and name.lower() in _FUNCTIONS | {"lateral"}:
            continue
        if not name.startswith("board_") and name.lower() not in own:
            yield f"reads {name}: boards read views board_* only"


def _links(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        url = node.get("url")
        inside = isinstance(url, str) and url.startswith(("/d/", ADDRESS)) and f"{ADDRESS}/v1/" not in url
        if inside and KEEP not in str(url):
            yield f"link {url} loses time and choices: it needs {KEEP}"
        for value in node.values():
            yield from _links(value)
    elif isinstance(node, list):
        for value in node:
            yield from _links(value)


def _texts(node: Any) -> Iterator[str]:
    """What a reader sees: titles, descriptions, labels, words of mappings, headings."""
    if isinstance(node, list):
        for value in node:
            yield from _texts(value)
    if not isinstance(node, Mapping):
        return
    if node.get("id") == "displayName":
        yield str(node["value"])
    for key, value in node.items():
        if key in _TEXTS and isinstance(value, str) and value:
            yield value
        elif key == "options" and node.get("type") == "value":
            yield from (str(result["text"]) for result in value.values())
        else:
            yield from _texts(value)
