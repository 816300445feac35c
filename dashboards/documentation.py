"""The page that lists every board and panel with its question and source, for docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.look import BASIS

_HEAD = """# Boards

Generated from `dashboards/boards` by `bypuls dashboards build`; do not edit.

Grafana and the built-in page show the same definitions. Every number has its unit, its question and its source; every
value leads to its evidence. How to add a panel: [how-to/add-a-panel.md](how-to/add-a-panel.md).
"""


def page(boards: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of all boards."""
    return _HEAD + "".join(_board(uid, board) for uid, board in sorted(boards.items()))


def _board(uid: str, board: Mapping[str, Any]) -> str:
    lines = [f"\n## {board['title']} (`{uid}`)\n", f"{board['description']}\n"]
    choices = ", ".join(variable["name"] for variable in board["templating"]["list"])
    lines.append(f"Range: {board['time']['from']} to now. Choices: {choices or 'none'}.\n")
    lines += ["| id | panel | question | rests on |", "|---|---|---|---|"]
    for panel in board["panels"]:
        if panel["type"] == "row":
            lines.append(f"| | **{_cell(panel['title'])}** | | |")
            continue
        question, _, source = str(panel["description"]).partition(f" {BASIS}: ")
        lines.append(f"| {panel['id']} | {_cell(panel['title'])} | {_cell(question)} | {_cell(source)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
