"""Asks Grafana for every panel of a board, as its page does: targets and time range to /api/ds/query.

Nothing of a query is expanded here but the board's variables, with what their lists begin with; macros are Grafana's.
Needs nothing but Python.
"""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends a body to /api/ds/query; the answer's JSON, errors of single queries included."""
_VARIABLE = re.compile(r"\$\{(\w+):(\w+)\}")
_MOST_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one panel."""

    board: str
    panel: int
    title: str
    ok: bool
    rows: int
    milliseconds: int
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For the verdict."""
        return asdict(self)


def panels_of(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel that asks something, those inside rows too."""
    for panel in board.get("panels", []):
        yield from panels_of(panel)
        if panel.get("targets"):
            yield panel


def range_of(board: Mapping[str, Any], now: float) -> tuple[int, int]:
    """The board's own time range as epoch milliseconds; one that is not 'now-24h … now' becomes the last 24 hours."""
    found = re.fullmatch(r"now-(\d+)([mhdw])", board.get("time", {}).get("from", ""))
    seconds = int(found[1]) * {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[found[2]] if found else 86_400
    return int((now - seconds) * 1000), int(now * 1000)


def body(queries: list[dict[str, Any]], span: tuple[int, int]) -> dict[str, Any]:
    """What is posted for one panel."""
    start, end = span
    interval = max(1000, (end - start) // _MOST_POINTS)
    return {
        "from": str(start),
        "to": str(end),
        "queries": [one | {"intervalMs": interval, "maxDataPoints": _MOST_POINTS} for one in queries],
    }


def filled(sql: str, values: Mapping[str, list[str]]) -> str:
    """The query with its variables put in, quoted as `sqlstring` says.

    Raises:
        ValueError: a variable that the board does not have, or a format that boards do not use.
    """

    def put(match: re.Match[str]) -> str:
        name, how = match.groups()
        if name not in values or how != "sqlstring":
            message = f"{match[0]}: no such variable, or another format than sqlstring"
            raise ValueError(message)
        return ",".join("'" + value.replace("'", "''") + "'" for value in values[name])

    return _VARIABLE.sub(put, sql)


def defaults(board: Mapping[str, Any], ask: Ask, span: tuple[int, int]) -> dict[str, list[str]]:
    """The value each variable begins with, in the board's order: chained ones are asked with those before them.

    Raises:
        ValueError: a variable's query fails.
    """
    values: dict[str, list[str]] = {}
    for variable in board.get("templating", {}).get("list", []):
        name = variable["name"]
        if variable["type"] != "query":
            values[name] = _as_list(variable.get("current", {}).get("value", variable.get("query", "")))
            continue
        query = variable["query"]
        target = query if isinstance(query, dict) else {"rawSql": query}
        sql = filled(target["rawSql"], values)
        one = {"refId": "variable", "datasource": variable["datasource"], "format": "table", "rawSql": sql}
        error, frames = _of(ask(body([one], span)), "variable")
        if error:
            message = f"variable {name}: {error}"
            raise ValueError(message)
        options = _options(frames)
        values[name] = options if variable.get("includeAll") else options[:1] or [""]
    return values


def check(board: Mapping[str, Any], ask: Ask, now: float) -> list[Answer]:
    """Ask for every panel of a board; one answer each."""
    uid, span = board["uid"], range_of(board, now)
    panels = list(panels_of(board))
    try:
        values = defaults(board, ask, span)
    except (ValueError, KeyError) as problem:
        return [Answer(uid, one["id"], one.get("title", ""), False, 0, 0, str(problem)) for one in panels]
    return [_check(uid, one, values, ask, span) for one in panels]


def _check(
    uid: str, panel: Mapping[str, Any], values: Mapping[str, list[str]], ask: Ask, span: tuple[int, int]
) -> Answer:
    started, rows, errors = time.monotonic(), 0, []
    try:
        queries = [one | {"rawSql": filled(one["rawSql"], values)} for one in panel["targets"] if not one.get("hide")]
        answer = ask(body(queries, span))
    except (ValueError, OSError) as problem:
        errors.append(str(problem))
    else:
        for one in queries:
            error, frames = _of(answer, one["refId"])
            errors += [f"{one['refId']}: {error}"] if error else []
            rows += sum(_rows(frame) for frame in frames)
    took = round((time.monotonic() - started) * 1000)
    return Answer(uid, panel["id"], panel.get("title", ""), not errors, rows, took, "; ".join(errors) or None)


def _of(answer: Mapping[str, Any], ref: str) -> tuple[str | None, list[dict[str, Any]]]:
    result = answer.get("results", {}).get(ref)
    if result is None:
        return answer.get("message") or "Grafana's answer has no result of this query", []
    return result.get("error"), result.get("frames") or []


def _rows(frame: Mapping[str, Any]) -> int:
    columns = frame.get("data", {}).get("values") or []
    return len(columns[0]) if columns else 0


def _options(frames: list[dict[str, Any]]) -> list[str]:
    """What a list offers: the column __value where there is one, else the first."""
    found: list[str] = []
    for frame in frames:
        names = [field.get("name") for field in frame.get("schema", {}).get("fields", [])]
        columns = frame.get("data", {}).get("values") or [[]]
        found += [str(value) for value in columns[names.index("__value") if "__value" in names else 0]]
    return found


def _as_list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def grafana(url: str, user: str, password: str, *, seconds: float = 60) -> Ask:
    """A road to a Grafana. It answers 400 when a query fails, with the results beside: that is an answer too."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def ask(sent: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"{url}/api/ds/query", json.dumps(sent).encode(), headers)  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - an address of ours
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            found = _json_of(error)
        return dict(found)

    return ask


def _json_of(error: urllib.error.HTTPError) -> dict[str, Any]:
    text = error.read().decode(errors="replace")
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"message": f"HTTP {error.code}: {text[:200]}"}
