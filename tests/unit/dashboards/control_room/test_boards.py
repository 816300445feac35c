from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bypuls.errors import CatalogueError, SettingsError
from bypuls.settings import load
from dashboards.control_room.boards import Boards
from dashboards.control_room.options import _custom
from dashboards.control_room.pages import Pages
from dashboards.control_room.settings import ControlRoomSettings


def boards(folder, **board):
    (folder / "one.json").write_text(json.dumps({"uid": "one", "panels": [], **board}))
    return Boards(folder, folder / "none")


def test_a_panel_with_a_range_and_a_width_of_its_own(tmp_path):
    panel = {"id": 7, "interval": ">1h", "timeFrom": "48h", "maxDataPoints": 90, "targets": [{"rawSql": "SELECT 1"}]}
    found = boards(tmp_path, panels=[panel]).get("one").panel(7)
    assert (found.interval, found.time_from, found.points) == (timedelta(hours=1), timedelta(hours=48), 90)
    assert (found.targets[0].name, found.targets[0].format) == ("A", "time_series")


@pytest.mark.parametrize(
    "panel",
    [{"title": "no id"}, {"id": 1, "interval": "often"}, {"id": 1, "timeFrom": "now/d"}, {"id": 1, "targets": 5}],
)
def test_a_file_that_is_no_board_is_named(tmp_path, panel):
    with pytest.raises(CatalogueError, match=r"dashboards/json/one.json cannot be read"):
        boards(tmp_path, panels=[panel]).get("one")


def test_what_is_not_there_is_no_board(tmp_path):
    (tmp_path / "x.json").write_text('{"title": "no board"}')
    assert not Boards(tmp_path, tmp_path / "none").all
    assert not Boards(tmp_path / "none", tmp_path / "none").all


@pytest.mark.parametrize(
    ("text", "option"), [("5m", ("5m", "5m")), (" Calm : calm ", ("Calm", "calm")), ("a:b", ("a:b", "a:b"))]
)
def test_options_in_a_line(text, option):
    assert (_custom(text).text, _custom(text).value) == option


def test_tiles_come_from_nowhere_unless_told(monkeypatch):
    assert load(ControlRoomSettings).public["tiles"] is None
    monkeypatch.setenv("BYPULS_CONTROL_ROOM_TILE_URL", "https://{s}.tiles.example/{z}/{x}/{y}.png")
    settings = load(ControlRoomSettings)
    assert settings.tile_hosts == ("https://*.tiles.example",)
    policy = Pages(tile_hosts=settings.tile_hosts)._headers["Content-Security-Policy"]
    assert "img-src 'self' data: https://*.tiles.example;" in policy


@pytest.mark.parametrize("url", ["tiles.example", "ftp://x/y", "https://x; script-src *"])
def test_a_tile_address_that_is_none_is_refused(monkeypatch, url):
    monkeypatch.setenv("BYPULS_CONTROL_ROOM_TILE_URL", url)
    with pytest.raises(SettingsError, match="BYPULS_CONTROL_ROOM_TILE_URL"):
        load(ControlRoomSettings)
