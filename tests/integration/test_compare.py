"""`bypuls compare` and `bypuls plan` as somebody at a terminal sees them; a snapshot of another installation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.errors import NotFound, SettingsError
from bypuls.kpi import load_definitions
from bypuls.snapshot import CityHead, Content, KpiResult, Versions
from bypuls.snapshot_file import seal, write_snapshot
from bypuls.storage.comparisons import of_kpis
from bypuls.storage.target_results import target_results
from bypuls.storage.values import of_snapshot
from bypuls.u4ssc.catalogue import load_catalogue
from tests.plan_values import KPI, say_year

pytestmark = pytest.mark.lane("plain")

NO2 = "air.no2.mean"
EXAMPLES = Path(__file__).parents[2] / "docs/examples"


@pytest.fixture
def run(town, monkeypatch):
    monkeypatch.setenv("BYPULS_DATABASE_URL", town.url)

    def command(*arguments):
        done = CliRunner().invoke(app, [str(one) for one in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return command


def second_city(town, slug="nordby"):
    town.connection.execute(
        """INSERT INTO city (slug, name, country, time_zone, air_day_offset, network, document)
           VALUES (%s, '{}', 'NO', 'Europe/Oslo', '1 hour', 'smart', '{}')""",
        (slug,),
    )


def elsewhere(**changes):
    definition = load_definitions()[NO2]
    fields = {
        "kpi": NO2, "title": {"en": "NO2", "nb": "NO2"}, "domain": "air", "scope_kind": "city", "scope": "bergen",
        "scope_name": "Bergen", "period": "P1Y", "start": datetime(2022, 12, 31, 23, tzinfo=UTC),
        "ends": datetime(2023, 12, 31, 23, tzinfo=UTC), "value": 19.0, "unit": "ug/m3", "direction": "lower_is_better",
        "status": "final", "quality": "ok", "coverage": 0.96, "classes": ["reference"], "origins": ["measured"],
        "version": definition.version,
    }  # fmt: skip
    content = Content(
        city=CityHead(slug="bergen", name={"en": "Bergen", "nb": "Bergen"}, time_zone="Europe/Oslo"),
        year=2023,
        versions=Versions(program="0.1.0"),
        kpis=[
            KpiResult(**(fields | changes)),
            KpiResult(**(fields | {"scope_kind": "site", "scope": "x", "value": 1.0})),
        ],
    )
    return seal(content, datetime(2024, 2, 1, tzinfo=UTC))


def test_a_snapshot_of_another_installation_is_ranked_beside_ours(town, run, tmp_path):
    say_year(town.connection, "trondheim", NO2, 2023, 24.0, unit="ug/m3")
    file = tmp_path / "bergen.json"
    file.write_bytes(write_snapshot(elsewhere()))
    said = run("compare", "trondheim", "--snapshot", file, "--year", "2023")
    assert "1. bergen (bergen.json): 19\n" in said
    assert "2. trondheim: 24\n" in said
    found = json.loads(run("compare", "trondheim", "--snapshot", file, "--year", "2023", "--json"))
    assert [(one["city"], one["rank"]) for one in found[0]["groups"][0]] == [("bergen", 1), ("trondheim", 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "sha256:" + "9" * 64}, "ikke beregnet på samme måte"),
        ({"method": "sha256:" + "8" * 64}, "ikke beregnet på samme måte"),
        ({"classes": ["indicative"]}, "ulik klasse: trondheim referanse, bergen (bergen.json) indikativ"),
        ({"origins": ["simulated"]}, "bergen (bergen.json) er simulert, trondheim ikke: slikt sammenlignes aldri"),
        ({"coverage": 0.8}, "ulik andel av perioden er målt: trondheim 95 %, bergen (bergen.json) 80 %"),
        ({"quality": "insufficient", "reason": "low_coverage"}, "bergen (bergen.json): for lite er målt (lav dekning)"),
    ],
)
def test_a_snapshot_that_was_not_made_alike_is_refused(town, run, tmp_path, changes, said):
    say_year(town.connection, "trondheim", NO2, 2023, 24.0, unit="ug/m3")
    file = tmp_path / "bergen.json"
    file.write_bytes(write_snapshot(elsewhere(**changes)))
    answer = run("compare", "trondheim", "--snapshot", file, "--year", "2023", "--language", "nb")
    assert said in answer
    assert "1." not in answer


def test_a_snapshot_that_was_changed_is_not_read(town, run, tmp_path):
    file = tmp_path / "bergen.json"
    file.write_bytes(write_snapshot(elsewhere()).replace(b"19.0", b"9.0"))
    with pytest.raises(SettingsError, match="was changed after it was made"):
        run("compare", "trondheim", "--snapshot", file, "--year", "2023")
    file.write_bytes(write_snapshot(elsewhere()))
    with pytest.raises(SettingsError, match="is of 2023, not of 2022"):
        run("compare", "trondheim", "--snapshot", file, "--year", "2022")
    assert town.slug == "trondheim"


def test_cities_of_a_network_and_cities_without_a_value(town, run):
    second_city(town)
    town.connection.execute("UPDATE city SET network = 'smart'")
    say_year(town.connection, "trondheim", NO2, 2023, 24.0, unit="ug/m3")
    said = run("compare", "trondheim", "--network", "own", "--year", "2023")
    assert "no value: nordby" in said
    assert "none of these cities" in run("compare", "trondheim", "--with", "nordby", "--year", "2019")
    say_year(town.connection, "nordby", NO2, 2023, 21.0, unit="ug/m3", origins=["simulated"])
    assert "[simulated]" in run("compare", "trondheim", "--with", "nordby", "--year", "2023")
    with pytest.raises(NotFound, match="no city 'atlantis'"):
        run("compare", "trondheim", "--with", "atlantis", "--year", "2023")
    with pytest.raises(SettingsError, match="compare with whom"):
        run("compare", "trondheim", "--year", "2023")


def test_all_indicators_of_a_year_are_compared_each_by_itself(town):
    second_city(town)
    for city, no2, days in (("trondheim", 24.0, 20), ("nordby", 21.0, 25)):
        say_year(town.connection, city, NO2, 2023, no2, unit="ug/m3")
        say_year(town.connection, city, KPI, 2023, days)
    found = of_kpis(town.connection, 2023, ["trondheim", "nordby"], of_snapshot(elsewhere(), "b.json"))
    winners = {one["kpi"]: one["groups"][0][0]["city"] for one in found}
    # Of the same NO2 follows the data point of U4SSC, which the snapshot does not hold.
    assert winners == {NO2: "bergen", KPI: "trondheim", "EN: EN: AQ: 1C: no2": "nordby"}


def report(town, city, code, value, *, origin="reported", data_point="", unit="%", year=2023):
    town.connection.execute(
        """INSERT INTO reported_value (city, year, code, data_point, origin, value, unit, who)
           VALUES (%s, %s, %s, %s, %s, %s, %s, 'ada')""",
        (city, year, code, data_point, origin, value, unit),
    )


def test_reported_data_points_of_u4ssc_are_compared_with_their_label(town, run):
    second_city(town)
    code = "EC: ICT: ICT: 1C"
    unit = load_catalogue().point(code).unit
    report(town, "trondheim", code, 97.0, unit=unit)
    report(town, "nordby", code, 93.0, unit=unit)
    report(town, "nordby", "EC: I: T: 4A", 12.0, data_point="cycling")  # of one city alone: no line of its own
    found = json.loads(run("compare", "trondheim", "--with", "nordby", "--year", "2023", "--json"))
    assert [one["kpi"] for one in found] == [code]
    assert [(one["city"], one["rank"]) for one in found[0]["groups"][0]] == [("trondheim", 1), ("nordby", 2)]
    assert found[0]["label"]["nb"] == "beregnet av Bypuls, ikke verifisert av U4SSC"
    said = run("compare", "trondheim", "--with", "nordby", "--year", "2023")
    assert "computed by Bypuls, not U4SSC-verified" in said
    named = of_kpis(town.connection, 2023, ["trondheim", "nordby"], kpis=["EC: I: T: 4A: cycling"])[0]
    assert (named["groups"], named["without_value"]) == ([], ["trondheim"])
    with pytest.raises(NotFound, match="U4SSC has no KPI"):
        run("compare", "trondheim", "--with", "nordby", "--year", "2023", "--kpi", "EC: I: T: 99A")


def test_a_register_is_not_compared_with_what_a_city_reports(town):
    second_city(town)
    code = "EC: ICT: ICT: 1C"
    unit = load_catalogue().point(code).unit
    report(town, "trondheim", code, 97.0, unit=unit)
    report(town, "nordby", code, 93.0, unit=unit, origin="register")
    found = of_kpis(town.connection, 2023, ["trondheim", "nordby"], kpis=[code])[0]
    assert [one["code"] for one in found["pairs"][0]["obstacles"]] == ["origin_differs"]


def test_the_commands_of_the_how_to(town, run):
    said = run("city", "add", EXAMPLES / "storvik.yaml")
    assert "storvik: added" in said
    assert run("plan", "show", "storvik").startswith("no plan")
    assert run("plan", "add", EXAMPLES / "plan-storvik.yaml") == (
        "storvik: clean-air-2030 added; 2 goals, 1 measures, 3 targets\n"
    )
    assert run("plan", "add", EXAMPLES / "plan-storvik.yaml").startswith("storvik: clean-air-2030 unchanged")
    say_year(town.connection, "storvik", KPI, 2025, 28)
    say_year(town.connection, "storvik", NO2, 2025, 19.5, scope=("site", "torget"), unit="ug/m3")
    said = run("plan", "show", "storvik")
    assert "goal clean-air: OFF TRACK. The air in Storvik is safe to breathe (Miljøenheten)" in said
    assert "target no2-torget: reached; 2025: 19.5 ug/m3, required 23.6; 20 by 2029-12-31" in said
    assert "target pm10-days: OFF TRACK; 2025: 28 days, required 27.5" in said
    said = run("plan", "show", "storvik", "--language", "nb")
    assert "mål clean-air: IKKE I RUTE" in said
    assert "delmål cycling-share: ikke vurdert (det finnes ingen verdi ennå)" in said
    assert json.loads(run("plan", "show", "storvik", "--json"))["goals"][0]["status"] == "off_track"
    with pytest.raises(NotFound, match="no city 'atlantis'"):
        run("plan", "show", "atlantis")


def test_targets_as_a_report_of_a_year_holds_them(town, run):
    run("city", "add", EXAMPLES / "storvik.yaml")
    run("plan", "add", EXAMPLES / "plan-storvik.yaml")
    for year, value in ((2025, 28), (2026, 24)):
        say_year(town.connection, "storvik", KPI, year, value)
    days = [{one.kpi: one for one in target_results(town.connection, "storvik", year)}[KPI] for year in (2025, 2026)]
    assert [(one.required, one.actual, one.verdict) for one in days] == [(27.5, 28, "off_track"), (24, 24, "on_track")]
    assert days[0].target_year == 2029
    other = {one.kpi: one for one in target_results(town.connection, "storvik", 2025)}["EC: I: T: 4A: cycling"]
    assert (other.verdict, other.reason) == ("unknown", "no_value")
    assert set(other.title) >= {"en", "nb"}
