"""`bypuls u4ssc`: a table is read, benchmarks are set, the year is shown and exported, as the how-to does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.errors import SettingsError

pytestmark = pytest.mark.lane("plain")
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
REGISTERS = ROOT / "bypuls/catalogue/registers"
PEOPLE = "region;kjønn;Personer 2020\n5001 Trondheim;Menn;102000\n5001 Trondheim;Kvinner;103163\n"
GINI = '"region";"Ginikoeffisient 2020"\n"5001 Trondheim";0,243\n'


@pytest.fixture
def run(migrated_url, monkeypatch, tmp_path):
    monkeypatch.setenv("BYPULS_DATABASE_URL", migrated_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=True)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    run("city", "add", EXAMPLES / "storvik.yaml")
    return run


def test_the_way_of_the_how_to(run, tmp_path):
    (tmp_path / "07459.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "09114.csv").write_text(GINI, encoding="cp1252")
    asked = ("--city", "storvik", "--region", "5001")
    said = run("u4ssc", "register", "ssb-07459-population", "--table", "07459.csv", *asked)
    assert "2020 population: 205163 {person}" in said
    gini = ("u4ssc", "register", REGISTERS / "ssb-09114-gini.yaml", "--table", "09114.csv", *asked)
    assert "nothing stored" in run(*gini, "--dry-run")
    assert "storvik: 1 new, 0 changed, 0 unchanged values; 0 facts" in run(*gini)
    assert "storvik: 0 new, 0 changed, 1 unchanged values" in run(*gini)
    assert "5 of 5 benchmarks set anew" in run("u4ssc", "benchmark", EXAMPLES / "storvik-u4ssc-benchmarks.yaml")
    assert "0 of 5 benchmarks set anew" in run("u4ssc", "benchmark", EXAMPLES / "storvik-u4ssc-benchmarks.yaml")

    shown = run("u4ssc", "show", "storvik", "--year", "2020", "--language", "nb")
    assert shown.startswith("storvik 2020: beregnet av Bypuls, ikke verifisert av U4SSC")
    assert "KPIs: 91 = 0 measured + 1 register + 0 reported + 90 missing" in shown
    assert "data points: 112 = 0 measured + 1 register + 0 reported + 111 missing" in shown
    assert "SC: SH: SI: 2C  Gini-koeffisient: 0.243 0-1, register; no benchmark" in shown
    whole = json.loads(run("u4ssc", "show", "storvik", "--year", "2020", "--json"))
    assert (len(whole["kpis"]), whole["facts"][0]["value"]) == (91, 205_163)

    assert "fiware.json: 1 entities" in run("u4ssc", "fiware", "storvik", "--year", "2020", "--out", "fiware.json")
    (entity,) = json.loads((tmp_path / "fiware.json").read_text(encoding="utf-8"))
    assert entity["kpiValue"]["value"] == 0.243


def test_a_file_that_is_not_there_is_one_line(run):
    with pytest.raises(SettingsError, match=r"missing\.yaml cannot be read"):
        run("u4ssc", "benchmark", "missing.yaml")


def test_a_mapping_that_is_not_there_names_those_that_are(run):
    with pytest.raises(SettingsError, match=r"none of those shipped: example-kostra-water, .*ssb-09114-gini"):
        run("u4ssc", "register", "ssb-1", "--table", "x.csv", "--city", "storvik")


def test_the_catalogue_is_printed_without_a_database(monkeypatch):
    monkeypatch.setenv("BYPULS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    lines = CliRunner().invoke(app, ["u4ssc", "catalogue", "--language", "nb"]).output.splitlines()
    assert len(lines) == 91
    assert lines[0] == "EC: ICT: ICT: 1C  Husholdninger med internett [%]; core"
