"""What is generated from the boards and committed: their JSON, translations and page in docs; written, or compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dashboards.boards
from bypuls.plugins import discover
from bypuls.properties import Properties
from dashboards.builder import Board, document
from dashboards.documentation import page
from dashboards.parts import ADDRESS
from dashboards.text import translations

ROOT = Path(__file__).parents[1]
JSON_FOLDER = "dashboards/json"
"""Grafana reads every file in it as a dashboard, so nothing else lies there."""
PAGE = "docs/boards.md"
NORWEGIAN = "dashboards/translations/nb.json"


def boards() -> list[Board]:
    """Every board there is, by uid."""
    return sorted(discover(dashboards.boards, Board, "board").values(), key=lambda board: board.uid)


def generated(address: str = ADDRESS) -> dict[str, str]:
    """Path (from the checkout) -> text of every generated file. `address`: where Bypuls answers, for links."""
    made = {board.uid: document(board) for board in boards()}
    files = {f"{JSON_FOLDER}/{uid}.json": _json(board).replace(ADDRESS, address) for uid, board in made.items()}
    files[NORWEGIAN] = _json(dict(sorted({**_properties(), **translations(list(made.values()))}.items())))
    files[PAGE] = page(made)
    return files


def _properties() -> dict[str, str]:
    """What is measured, in words: rows of boards name it."""
    catalogue = Properties.load()
    return {catalogue[name].names["en"]: catalogue[name].names["nb"] for name in catalogue}


def documents(address: str = ADDRESS) -> dict[str, dict[str, Any]]:
    """Every board's JSON by uid, as it is written."""
    made = {board.uid: _json(document(board)).replace(ADDRESS, address) for board in boards()}
    return {uid: json.loads(text) for uid, text in made.items()}


def write(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Write what differs, remove boards that are no more; returns what was changed."""
    changed = differing(files, root)
    for path in changed:
        target = root / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8")
        else:
            target.unlink()
    return changed


def differing(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Paths whose file is not what is generated: missing, different, or of a board that is no more."""
    wrong = [path for path, text in files.items() if _read(root / path) != text]
    stale = [f"{JSON_FOLDER}/{file.name}" for file in sorted((root / JSON_FOLDER).glob("*.json"))]
    return wrong + [path for path in stale if path not in files]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _json(made: Any) -> str:
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"
