"""The commands: a template is written, filled, taken in, written again; a round is opened; what is missing is told."""

from __future__ import annotations

import json

import openpyxl
import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.errors import BypulsError, NotFound, SettingsError
from bypuls.storage.database import connect

pytestmark = pytest.mark.lane("plain")

ASKED = """\
- {unit: Rådmannens stab, kpis: ["*"]}
- {unit: Miljø, contact: "Kari Berg, kari@example.org", kpis: ["EN: EN", "en:e"]}
- {unit: Helse, kpis: ["EN: EN: EQ: 2A"]}
"""


@pytest.fixture
def bypuls(migrated_url, monkeypatch, tmp_path):
    """Runs a command in an empty folder; gives its exit code and its lines."""
    monkeypatch.setenv("BYPULS_DATABASE_URL", migrated_url)
    monkeypatch.chdir(tmp_path)
    with connect(migrated_url) as connection:
        connection.execute(
            """INSERT INTO city (slug, name, time_zone, document)
               VALUES ('storvik', '{"nb": "Storvik", "en": "Storvik"}', 'Europe/Oslo', '{}');
               INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, source) VALUES
               ('storvik', 'city', 'storvik', 'households', '2020-01-01', 21900, '1', 'fictional')"""
        )

    def run(*arguments):
        result = CliRunner().invoke(app, ["u4ssc", *arguments])
        if isinstance(result.exception, BypulsError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output.splitlines()

    run.url, run.folder = migrated_url, tmp_path
    return run


def sql(bypuls, statement):
    with connect(bypuls.url) as connection:
        return connection.execute(statement).fetchall()


def fill(path, **cells):
    """Type into the row of Household Internet Access."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    heads = {cell.value: cell.column for cell in sheet[5]}
    row = next(n for n in range(6, sheet.max_row + 1) if sheet.cell(n, 1).value == "EC: ICT: ICT: 1C")
    for head, content in cells.items():
        sheet.cell(row, heads[head]).value = content
    book.save(path)


def test_a_template_is_filled_and_taken_in(bypuls):
    code, lines = bypuls("template", "storvik", "t.xlsx", "--year", "2024")
    assert (code, lines[0]) == (0, "t.xlsx: 112 rows")
    assert "population" in lines[1]
    fill("t.xlsx", Teller="21 300", Kilde="SSB, 06998")
    code, lines = bypuls("import", "storvik", "t.xlsx", "--year", "2024", "--dry-run")
    assert (code, lines[-1]) == (0, "112 rows read: 1 would be stored, 0 unchanged, 111 left empty; 0 to look at")
    assert sql(bypuls, "SELECT count(*) FROM reported_value") == [(0,)]
    code, lines = bypuls("import", "storvik", "t.xlsx", "--year", "2024")
    assert (code, lines[-1]) == (0, "112 rows read: 1 stored, 0 unchanged, 111 left empty; 0 to look at")
    ((value, who, source),) = sql(bypuls, "SELECT value, who, source FROM reported_value")
    assert (value, who.startswith("cli:"), source) == (pytest.approx(100 * 21300 / 21900), True, "SSB, 06998")
    for name, language in (("e.csv", "nb"), ("e.csv", "en"), ("e.xlsx", "en")):
        code, lines = bypuls("export", "storvik", name, "--year", "2024", "--language", language)
        assert (code, lines[0]) == (0, f"{name}: 1 values in 112 rows")
        code, lines = bypuls("import", "storvik", name, "--year", "2024")
        assert (code, lines[-1]) == (0, "112 rows read: 0 stored, 1 unchanged, 111 left empty; 0 to look at")
    assert sql(bypuls, "SELECT what FROM audit_log WHERE what LIKE 'reported%'") == [("reported_value.put",)]


def test_a_wrong_cell_is_named_and_nothing_is_stored(bypuls):
    bypuls("template", "storvik", "t.xlsx", "--year", "2024", "--language", "en")
    fill("t.xlsx", Numerator=22000)
    code, lines = bypuls("import", "storvik", "t.xlsx", "--year", "2024")
    assert code == 1
    assert lines[0].startswith("refused: U4SSC values!E6: EC: ICT: ICT: 1C: ")
    assert "nothing is stored until they are mended" in lines[-1]
    assert sql(bypuls, "SELECT count(*) FROM reported_value") == [(0,)]
    code, lines = bypuls("import", "storvik", "t.xlsx", "--year", "2023")
    assert (code, "the file is of 2024, not of 2023" in lines[0]) == (1, True)


def test_a_round_is_opened_and_what_is_missing_is_listed_by_contact(bypuls):
    (bypuls.folder / "asked.yaml").write_text(ASKED, encoding="utf-8")
    code, lines = bypuls("round", "storvik", "--year", "2024", "--deadline", "2025-03-01", "--asked", "asked.yaml")
    assert (code, lines[0]) == (
        0,
        "round 2024 of storvik: opened, until 2025-03-01; 91 KPIs, 91 of them asked of a unit",
    )
    code, lines = bypuls("missing", "storvik", "--year", "2024")
    heads = [line for line in lines if not line.startswith("  ")]
    assert heads == [
        "Helse: 1 missing, until 2025-03-01, 1 late",
        "Miljø, Kari Berg, kari@example.org: 27 missing, until 2025-03-01, 27 late",
        "Rådmannens stab: 84 missing, until 2025-03-01, 84 late",
    ]
    _, lines = bypuls("missing", "storvik", "--year", "2024", "--format", "json")
    assert len(json.loads("\n".join(lines))) == 112
    (bypuls.folder / "asked.csv").write_text("code;unit;contact\nSC: EH: H;Helse;\n", encoding="utf-8")
    code, lines = bypuls("round", "storvik", "--year", "2025", "--deadline", "2026-03-01", "--asked", "asked.csv")
    assert lines[1] == "86 are asked of those whom the last round asked"
    # 12 core and 5 advanced KPIs of Environment, without the one that Helse is asked for, in two rounds.
    assert bypuls("forget", "storvik", "Kari Berg, kari@example.org")[1] == ["taken out of 32 assignments"]


def test_what_cannot_be_done_is_one_line(bypuls):
    for arguments, kind, words in (
        (("template", "atlantis", "t.xlsx", "--year", "2024"), NotFound, "no city 'atlantis'"),
        (("template", "storvik", "t.pdf", "--year", "2024"), SettingsError, "must end in .xlsx or .csv"),
        (("import", "storvik", "none.xlsx", "--year", "2024"), SettingsError, "none.xlsx: No such file"),
        (("round", "storvik", "--year", "2024"), NotFound, "no collection round 2024"),
        (("round", "storvik", "--year", "2024", "--asked", "a.yaml"), SettingsError, "a.yaml cannot be read"),
    ):
        with pytest.raises(kind, match=words) as caught:
            bypuls(*arguments)
        assert "\n" not in str(caught.value)
    for text, words in (
        ("- {unit: x, kpis: [QQ]}", "no KPI 'QQ'"),
        ("- {unit: x}", "kpis"),
        ("- {unit: x, kpis: ['*'], mail: y}", "mail"),
    ):
        (bypuls.folder / "a.yaml").write_text(text)
        with pytest.raises(SettingsError, match=words):
            bypuls("round", "storvik", "--year", "2024", "--deadline", "2025-01-01", "--asked", "a.yaml")
