"""Every board in a browser: it is drawn whole, says nothing wrong and asks nobody outside."""

import json
from pathlib import Path

import pytest

JSON = Path(__file__).parents[2] / "dashboards" / "json"
BOARDS = sorted(file.stem for file in JSON.glob("*.json"))


def address_of(uid):
    return "/" if uid == "city-now" else f"/board/{uid}"


@pytest.mark.parametrize("uid", BOARDS)
def test_every_panel_of_every_board_ends_with_something_to_read(visit, uid):
    seen = visit(address_of(uid)).resize_to_content()
    panels = {panel["panel"]: panel for panel in seen.panels()}
    board = json.loads((JSON / f"{uid}.json").read_text(encoding="utf-8"))
    wanted = {panel["id"] for panel in board["panels"] if panel["type"] not in {"row", "text"}}
    assert set(panels) == wanted
    assert {number: panel["state"] for number, panel in panels.items() if panel["state"] in {"loading", "failed"}} == {}
    assert [number for number, panel in panels.items() if not panel["text"].strip()] == []
