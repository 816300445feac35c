"""The committed boards as the control room serves them: without their SQL for the page, with it for the queries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from bypuls.errors import CatalogueError
from dashboards.control_room.frames import Format
from dashboards.control_room.problems import not_found
from dashboards.durations import parse_interval

_SQL_OF_TARGET = ("rawSql", "sql")
_SQL_OF_VARIABLE = ("query", "definition")


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    name: str
    sql: str
    format: Format


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel asks, with its narrowest point (`interval`), its most points and a range of its own, if any."""

    id: int
    title: str
    targets: Sequence[Target]
    interval: timedelta
    points: int | None
    time_from: timedelta | None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a board; `query` is SQL for the type query, the options' text for custom and interval."""

    name: str
    label: str
    type: str
    query: str
    multi: bool
    include_all: bool
    all_value: str | None
    current: Sequence[str]


@dataclass(frozen=True, slots=True)
class Board:
    """One board."""

    uid: str
    title: str
    description: str
    tags: Sequence[str]
    panels: Mapping[int, Panel]
    variables: Sequence[Variable]
    public: bytes

    def panel(self, number: int) -> Panel:
        """Its panel `number`.

        Raises:
            Problem: it has none of that number.
        """
        if number not in self.panels:
            known = ", ".join(str(one) for one in sorted(self.panels))
            raise not_found(f"board {self.uid!r} has no panel {number}", f"its panels are {known}")
        return self.panels[number]


class Boards:
    """Every board in a folder of JSON files, and their texts in other languages; read when first asked for."""

    def __init__(self, folder: Traversable | None = None, translations: Traversable | None = None) -> None:
        self._folder = folder or files("dashboards").joinpath("json")
        self._translations = translations or files("dashboards").joinpath("translations")

    @cached_property
    def all(self) -> Mapping[str, Board]:
        """Boards by uid, in the order of their titles; City now first.

        Raises:
            CatalogueError: a file is no board.
        """
        found = [board for name, text in _texts(self._folder) if (board := _board(name, text)) is not None]
        return {board.uid: board for board in sorted(found, key=lambda one: (one.uid != "city-now", one.title))}

    def get(self, uid: str) -> Board:
        """The board `uid`.

        Raises:
            Problem: there is none.
        """
        board = self.all.get(uid)
        if board is None:
            raise not_found(f"no board {uid!r}", f"the boards are {', '.join(self.all) or 'not built yet'}")
        return board

    @cached_property
    def translations(self) -> Mapping[str, bytes]:
        """Language -> its texts by the English ones, as JSON: the files `<language>.json`."""
        return {name.removesuffix(".json"): text for name, text in _texts(self._translations)}


def _texts(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".json"):
                yield file.name, file.read_bytes()


def _is_board(document: Any) -> bool:
    return isinstance(document, dict) and "panels" in document and "uid" in document


def _board(name: str, text: bytes) -> Board | None:
    document = json.loads(text)
    if not _is_board(document):
        return None
    try:
        panels = {panel.id: panel for panel in map(_panel, _panels(document["panels"]))}
        variables = [_variable(one) for one in document.get("templating", {}).get("list", [])]
    except (KeyError, TypeError, ValueError) as error:
        message = f"dashboards/json/{name} cannot be read as a board ({error}): run 'bypuls dashboards build'"
        raise CatalogueError(message) from error
    return Board(
        uid=document["uid"],
        title=document.get("title", document["uid"]),
        description=document.get("description") or "",
        tags=document.get("tags") or [],
        panels=panels,
        variables=variables,
        public=_without_sql(document),
    )


def _panels(panels: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Panels, those in a folded row among them."""
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels") or [])


def _panel(panel: Mapping[str, Any]) -> Panel:
    interval, time_from = panel.get("interval"), panel.get("timeFrom")
    return Panel(
        id=panel["id"],
        title=panel.get("title") or "",
        targets=[
            Target(one.get("refId", "A"), one["rawSql"], "table" if one.get("format") == "table" else "time_series")
            for one in panel.get("targets") or []
            if one.get("rawSql") and not one.get("hide")
        ],
        interval=parse_interval(interval.removeprefix(">")).timedelta if interval else timedelta(),
        points=panel.get("maxDataPoints"),
        time_from=parse_interval(time_from).timedelta if time_from else None,
    )


def _variable(one: Mapping[str, Any]) -> Variable:
    query, current = one.get("query", ""), (one.get("current") or {}).get("value", [])
    if isinstance(query, dict):
        query = query.get("rawSql") or query.get("query") or ""
    return Variable(
        name=one["name"],
        label=one.get("label") or one["name"],
        type=one["type"],
        query=query,
        multi=bool(one.get("multi")),
        include_all=bool(one.get("includeAll")),
        all_value=one.get("allValue") or None,
        current=[str(value) for value in (current if isinstance(current, list) else [current]) if value != ""],
    )


def _without_sql(document: Mapping[str, Any]) -> bytes:
    """The board as the page gets it: SQL stays on the server."""
    public = json.loads(json.dumps(document))
    for panel in _panels(public["panels"]):
        for target in panel.get("targets") or []:
            for key in _SQL_OF_TARGET:
                target.pop(key, None)
    for variable in public.get("templating", {}).get("list", []):
        if variable.get("type") == "query":
            for key in _SQL_OF_VARIABLE:
                variable.pop(key, None)
    for annotation in public.get("annotations", {}).get("list", []):
        for key in _SQL_OF_TARGET:
            annotation.pop(key, None)
            (annotation.get("target") or {}).pop(key, None)
    return json.dumps(public, ensure_ascii=False, separators=(",", ":")).encode()
