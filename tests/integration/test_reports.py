"""A city's report from a database: what is refused, what is kept, and that the same inputs give the same hash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from psycopg.types.json import Jsonb

from bypuls.errors import NotAllowed, NotFound
from bypuls.kpi import load_definitions
from bypuls.method import numbers_of
from bypuls.snapshot_file import parse_snapshot, read_snapshot
from bypuls.storage.database import connect
from bypuls.storage.standard_numbers import note_numbers, shipped_numbers
from processors.reports.making import Order, keep_report, make_report
from processors.reports.sources import InstalledSources
from tests.city_snapshot import MADE
from tests.integration.processing import Town

pytestmark = [pytest.mark.integration]
ROOT = Path(__file__).parents[2]
YEAR = 2025
START, ENDS = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)


class ReportedTown(Town):
    """A city with some values of a year, as the processor leaves them."""

    def __init__(self, url):
        super().__init__(url, "storvik")
        self.connection.execute("""UPDATE city SET name = '{"en": "Storvik", "nb": "Storvik"}'""")
        self.site("torget")
        self.site("nordre")
        self.site("hjemme", "household")

    def measures(self, origin="measured", site="torget", **given):
        datastream = self.datastream(site, "pm10", origin=origin)
        self.connection.execute(
            "UPDATE datastream SET first_time = %s, last_time = %s WHERE id = %s", (START, ENDS, datastream)
        )
        self.value_of("air.pm10.mean", site=site, origin=origin, **given)

    def value_of(self, kpi, value=12.5, *, site=None, origin="measured", year=YEAR, detail=None, band=None, **given):
        definition = load_definitions()[kpi]
        self.connection.execute(
            "INSERT INTO kpi_definition (id, version, document) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (kpi, definition.version, Jsonb(dict(definition.document), dumps=lambda one: json.dumps(one, default=str))),
        )
        evidence = {"class": ["reference"], "origin": [origin], "inputs_hash": "sha256:" + "1" * 64,
                    "hours": {"expected": 8760, "valid": 8500}, "left_out": {"suspect": 3, "fail": 4},
                    "version": definition.version, "window": [START.isoformat(), ENDS.isoformat()]}  # fmt: skip
        row = {"status": "final", "quality": "ok", "reason": None, "coverage": 0.97} | given
        move = (year - YEAR) * 366
        self.connection.execute(
            """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail,
                                      status, quality, reason, coverage, evidence, version, final_at)
               VALUES ('storvik', %(kpi)s, %(kind)s, %(scope)s, 'P1Y',
                       %(start)s::timestamptz + %(move)s * interval '1 day',
                       %(ends)s::timestamptz + %(move)s * interval '1 day', %(value)s, %(unit)s, %(band)s, %(detail)s,
                       %(status)s, %(quality)s, %(reason)s, %(coverage)s, %(evidence)s, %(version)s, %(ends)s)""",
            row | {"kpi": kpi, "kind": "site" if site else "city", "scope": site or "storvik", "start": START,
                   "ends": ENDS, "value": value, "unit": definition.unit, "evidence": Jsonb(evidence), "band": band,
                   "detail": Jsonb(detail) if detail else None, "version": definition.version, "move": move},
        )  # fmt: skip

    def report(self, **changes):
        fields = {"city": "storvik", "year": YEAR, "format": "json", "language": "en"}
        with connect(self.url, "reader") as connection:
            return make_report(connection, Order(**(fields | changes)), InstalledSources(), MADE)


@pytest.fixture
def reported(migrated_url):
    made = ReportedTown(migrated_url)
    yield made
    made.connection.close()


@pytest.mark.lane("plain")
def test_an_unknown_city_is_named(reported):
    with pytest.raises(NotFound, match="no city 'atlantis': 'bypuls city add FILE' adds one"):
        reported.report(city="atlantis")


def test_a_year_is_collected_with_its_evidence(reported):
    reported.measures()
    reported.value_of("air.pm10.mean", 11.0)
    reported.value_of("air.pm10.exceedance_days.eu2008", 42, band="above",
                      detail={"limit": 50.0, "allowed": 35, "site": "torget"})  # fmt: skip
    content = reported.report().snapshot.content
    assert not content.demonstration
    assert [(one.kpi, one.scope, one.value) for one in content.kpis] == [
        ("air.pm10.exceedance_days.eu2008", "storvik", 42.0),
        ("air.pm10.mean", "storvik", 11.0),
        ("air.pm10.mean", "torget", 12.5),
    ]
    judged = content.kpis[0]
    assert (judged.limit, judged.allowed, judged.band, judged.decided_by) == (50.0, 35.0, "above", "torget")
    assert (judged.start, judged.classes, judged.origins) == (START, ["reference"], ["measured"])
    assert content.versions.definitions["air.pm10.mean"] == load_definitions()["air.pm10.mean"].version
    assert [note.kind for note in content.notes if note.subject == "torget: air.pm10.mean"] == ["left_out"]
    assert sum(content.u4ssc.kpi_states.values()) == 91
    assert sum(content.u4ssc.data_point_states.values()) == 112
    assert len(content.missing) == content.u4ssc.data_point_states["missing"]


@pytest.mark.lane("plain")
def test_the_same_inputs_give_the_same_hash_and_a_change_another(reported):
    reported.measures()
    first, again = reported.report(), reported.report()
    assert first.document == again.document
    assert parse_snapshot(first.document).hash == first.snapshot.hash
    reported.connection.execute("UPDATE kpi_value SET value = 12.6")
    assert reported.report().snapshot.hash != first.snapshot.hash


@pytest.mark.lane("plain")
def test_a_report_says_by_which_method_and_another_standard_or_definition_is_another(reported):
    reported.value_of("air.pm10.mean", 11.0)
    reported.value_of("air.pm10.exceedance_days.eu2008", 42)

    def made():
        found = reported.report().snapshot.content
        return found.versions, {one.kpi: one.method for one in found.kpis}

    (versions, methods), numbers = made(), dict(shipped_numbers())
    assert made() == (versions, methods)
    assert versions.numbers == {"eu_2008_50": numbers["eu_2008_50"]}
    law = yaml.safe_load((ROOT / "bypuls/catalogue/standards/eu_2008_50.yaml").read_text())
    assert numbers_of(law | {"title": {"en": "Limits"}}) == numbers["eu_2008_50"]
    law["editions"][0]["limits"][0]["value"] = 45  # another installation that judges PM10's days by another number
    note = "INSERT INTO standard_numbers (standard, numbers) VALUES ('eu_2008_50', %s)"
    note_numbers(reported.connection)
    reported.connection.execute(note, (numbers_of(law),))
    assert made() == (versions, methods), "the law of today is not that of when it was computed"
    reported.connection.execute("UPDATE kpi_value SET computed_at = clock_timestamp()")
    other, others = made()
    assert other.method != versions.method
    assert others["air.pm10.mean"] == methods["air.pm10.mean"]
    assert others["air.pm10.exceedance_days.eu2008"] != methods["air.pm10.exceedance_days.eu2008"]
    reported.connection.execute("DELETE FROM standard_numbers")
    reported.connection.execute(
        "UPDATE kpi_definition SET document = jsonb_set(document, '{coverage,year}', '0.5') WHERE id = 'air.pm10.mean'"
    )
    assert made()[1]["air.pm10.mean"] != methods["air.pm10.mean"]
    reported.connection.execute(
        "UPDATE kpi_definition SET document = jsonb_set(document, '{title,en}', '\"Dust\"') WHERE id LIKE '%eu2008'"
    )
    assert made()[1]["air.pm10.exceedance_days.eu2008"] == methods["air.pm10.exceedance_days.eu2008"]


@pytest.mark.lane("plain")
def test_simulated_data_are_refused_in_one_line_unless_it_is_a_demonstration(reported):
    reported.measures("simulated")
    with pytest.raises(NotAllowed) as refusal:
        reported.report()
    assert "1 of 1 datastreams" in str(refusal.value)
    assert "--demonstration" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    content = reported.report(demonstration=True).snapshot.content
    assert content.demonstration
    assert content.notes[0].kind == "simulated"


@pytest.mark.lane("plain")
def test_simulated_sensors_without_values_are_refused_too_and_measured_ones_are_no_demonstration(reported):
    reported.measures()
    assert not reported.report(demonstration=True).snapshot.content.demonstration
    datastream = reported.datastream("nordre", "no2", origin="simulated")
    reported.connection.execute(
        "UPDATE datastream SET first_time = %s, last_time = %s WHERE id = %s", (START, ENDS, datastream)
    )
    with pytest.raises(NotAllowed, match="1 of 2 datastreams"):
        reported.report()
    reported.report(year=YEAR - 3)  # when it did not exist yet


@pytest.mark.lane("plain")
def test_what_is_measured_in_a_household_is_in_no_report(reported):
    reported.measures()
    reported.value_of("energy.electricity.consumption", 4321.0, site="hjemme")
    made = reported.report()
    assert all(one.scope != "hjemme" for one in made.snapshot.content.kpis)
    assert b"4321" not in made.document


@pytest.mark.lane("plain")
def test_a_year_belongs_to_the_calendar_year_its_middle_lies_in(reported):
    reported.value_of("air.pm10.mean", 9.0, year=2024)
    reported.value_of("air.pm10.mean", 10.0)
    reported.value_of("air.pm10.mean", 11.0, year=2026)
    assert [[one.value for one in reported.report(year=year).snapshot.content.kpis] for year in (2024, 2025, 2026)] == [
        [9.0], [10.0], [11.0]
    ]  # fmt: skip


@pytest.mark.lane("plain")
def test_five_falling_years_are_a_trend_and_four_are_too_few(reported):
    """Mann-Kendall of five falling values: S = -10, two-sided p = 2/120 = 0.0167 (exact distribution)."""
    for year, value in zip(range(2021, 2026), (20, 18, 17, 15, 12), strict=True):
        reported.value_of("air.pm10.mean", value, year=year)
    found = reported.report().snapshot.content.trends[0]
    assert (found.verdict, [one.year for one in found.years]) == ("falling", [2021, 2022, 2023, 2024, 2025])
    assert found.p == pytest.approx(2 / 120)
    assert reported.report(year=2024).snapshot.content.trends[0].verdict == "too_short"


@pytest.mark.lane("plain")
def test_what_was_made_is_kept_once_and_audited(reported):
    reported.measures()
    order = Order("storvik", YEAR, "html", "nb")
    for _ in range(2):
        with connect(reported.url, "reader") as connection:
            made = make_report(connection, order, InstalledSources(), MADE)
        with connect(reported.url, "writer") as connection:
            keep_report(connection, order, made, "cli:kari")
    assert reported.all("SELECT city, year, format, language, demonstration, hash, document, who FROM report") == [
        ("storvik", YEAR, "html", "nb", False, made.snapshot.hash, made.document, "cli:kari")
    ]
    assert (
        reported.all("SELECT what, who FROM audit_log WHERE what = 'report.make'") == [("report.make", "cli:kari")] * 2
    )


@pytest.mark.lane("plain")
def test_the_command_writes_a_file_or_refuses_in_one_line(reported, tmp_path):
    reported.measures("simulated")
    environment = os.environ | {"BYPULS_DATABASE_URL": reported.url}

    def run(*arguments):
        command = [sys.executable, "-m", "bypuls", "report", "city", "storvik", "--year", str(YEAR), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)

    refused = run("--format", "pdf")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("bypuls: storvik 2025 holds simulated data")
    assert list(tmp_path.iterdir()) == []
    made = run("--format", "pdf", "--demonstration", "--language", "en")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "city-report-storvik-2025-en.pdf").read_bytes().startswith(b"%PDF")
    run("--format", "json", "--demonstration", "--out", "one.json")
    assert read_snapshot(tmp_path / "one.json").content.demonstration
