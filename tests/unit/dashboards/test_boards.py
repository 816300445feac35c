"""The committed boards: generated, linted, in both languages, resting on what the catalogue has."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.errors import CatalogueError
from bypuls.kpi import load_definitions
from dashboards.files import NORWEGIAN, ROOT, boards, differing, generated, write
from dashboards.lint import problems
from dashboards.parts import ADDRESS, SOURCE_TYPE, SOURCE_UID
from dashboards.text import Text, translations
from tests.boards_on_a_database import boards as committed

UIDS = ["air", "city-now", "energy-noise", "fleet", "platform", "traffic"]
TILES = {1: "Air", 2: "Traffic", 3: "Energy", 4: "Noise", 5: "Sites", 6: "Needs a hand"}


def test_what_is_committed_is_what_the_code_generates():
    assert differing(generated()) == [], "run 'bypuls dashboards build' and commit what it writes"


def test_every_module_of_boards_is_a_board_and_none_is_listed_anywhere():
    assert [board.uid for board in boards()] == UIDS


def test_the_committed_boards_keep_to_every_rule():
    assert problems(committed(), _norwegian()) == []


def test_build_writes_what_differs_and_check_says_so_with_exit_1(tmp_path):
    run = CliRunner()
    first = run.invoke(app, ["dashboards", "build", "--folder", str(tmp_path)])
    assert first.exit_code == 0
    assert "written: dashboards/json/air.json" in first.output
    assert run.invoke(app, ["dashboards", "build", "--check", "--folder", str(tmp_path)]).exit_code == 0

    changed = tmp_path / "dashboards/json/air.json"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Luft", "x") + " ", encoding="utf-8")
    (tmp_path / "dashboards/json/gone.json").write_text("{}", encoding="utf-8")
    found = run.invoke(app, ["dashboards", "build", "--check", "--folder", str(tmp_path)])
    assert found.exit_code == 1
    assert "differs: dashboards/json/air.json" in found.output
    assert "differs: dashboards/json/gone.json" in found.output

    assert write(generated(), tmp_path) == ["dashboards/json/air.json", "dashboards/json/gone.json"]
    assert differing(generated(), tmp_path) == []


def test_links_lead_to_the_address_asked_for():
    made = generated("https://pulse.example.org")
    assert ADDRESS not in made["dashboards/json/city-now.json"]
    assert "https://pulse.example.org/evidence/" in made["dashboards/json/air.json"]


def test_city_now_keeps_its_panel_ids_and_has_no_variables():
    board = committed()["city-now"]
    titles = {panel["id"]: panel["title"] for panel in board["panels"]}
    assert titles.keys() == set(range(1, 12))
    assert {number: titles[number] for number in TILES} == TILES
    assert board["templating"]["list"] == []


def test_variables_stand_in_the_same_order_on_every_board():
    for uid in set(UIDS) - {"city-now", "platform"}:
        names = [variable["name"] for variable in committed()[uid]["templating"]["list"]]
        assert names == ["city", "area", "site"], uid


def test_every_indicator_a_board_asks_for_is_in_the_catalogue():
    text = "".join((ROOT / f"dashboards/json/{uid}.json").read_text(encoding="utf-8") for uid in UIDS)
    named = set(re.findall(r"'((?:air|traffic|noise|energy|weather|sensors)\.[a-z0-9_.]+)'", text))
    assert named
    assert sorted(named - load_definitions().keys()) == []


def test_colours_of_classes_are_the_houses_own():
    text = (ROOT / "dashboards/json/air.json").read_text(encoding="utf-8")
    for colour in ("#a6dcef", "#5fb7a8", "#f4d94e", "#ee8434", "#c22f4b", "#5b2470"):
        assert colour in text
    assert "#50f0e6" not in text


def test_a_text_with_two_translations_is_refused():
    with pytest.raises(CatalogueError, match="'Day' has two translations: 'Dag' and 'Døgn'"):
        translations([Text("Day", "Dag"), {"x": Text("Day", "Døgn")}])


def test_what_grafana_is_provisioned_with_is_what_the_boards_refer_to():
    folder = ROOT / "deploy/grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/bypuls.yaml").read_text(encoding="utf-8"))["datasources"]
    assert (source["uid"], source["type"], source["user"]) == (SOURCE_UID, SOURCE_TYPE, "grafana_ro")
    assert source["jsonData"]["timescaledb"] is True
    assert source["editable"] is False
    (provider,) = yaml.safe_load((folder / "dashboards/bypuls.yaml").read_text(encoding="utf-8"))["providers"]
    assert (provider["folderUid"], provider["allowUiUpdates"]) == ("bypuls", False)


def _norwegian():
    return json.loads((ROOT / NORWEGIAN).read_text(encoding="utf-8"))
