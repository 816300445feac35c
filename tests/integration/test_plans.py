"""Plans in the database: the file, what it changes, what is locked, how it all stands."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
import yaml

from bypuls.errors import NotFound, SettingsError
from bypuls.plan import Plan, read_plan
from bypuls.storage import values
from bypuls.storage.plans import Author, MeasureLocked, add_plan, lock_measure, put_measure, put_target, withdraw
from bypuls.storage.standing import goals, plans, targets
from tests.integration.processing import utc
from tests.plan_values import KPI, say_year

EXAMPLE = Path(__file__).parents[2] / "docs/examples/plan-storvik.yaml"
NOW = utc(2026, 6, 1)
NO2 = "air.no2.mean"


@pytest.fixture
def storvik(town):
    town.slug = "storvik"
    town.connection.execute("UPDATE city SET slug = 'storvik'")
    town.area("nordre")
    for site in ("torget", "elgeseter", "brua"):
        town.site(site, area="nordre")
    town.site("home", kind="household")
    return town


def changed(change):
    document = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    change(document)
    return msgspec.convert(document, Plan)


def audits(town):
    return [what for (what,) in town.all("SELECT what FROM audit_log ORDER BY id")]


def test_a_file_is_added_once_and_audited_once(storvik):
    added = add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    assert (added.new, added.changed) == (True, True)
    assert added.entries == {"goal": 2, "target": 3, "measure": 1}
    assert audits(storvik) == ["plan.add"]
    stamps = storvik.all("SELECT changed_at FROM target UNION ALL SELECT changed_at FROM measure")
    again = add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    assert (again.new, again.changed) == (False, False)
    assert audits(storvik) == ["plan.add"]
    assert storvik.all("SELECT changed_at FROM target UNION ALL SELECT changed_at FROM measure") == stamps
    row = storvik.one("SELECT direction, scope_kind, scope, base_value, due FROM target WHERE slug = 'pm10-days'")
    assert row == ("lower_is_better", "city", "storvik", 31, date(2029, 12, 31))
    # U4SSC's direction is not stated for this one; its code is as the catalogue spells it
    code = storvik.one("SELECT code, data_point, direction FROM target WHERE slug = 'cycling-share'")
    assert code == ("EC: I: T: 4A", "cycling", "higher_is_better")


def test_what_a_file_no_longer_names_is_withdrawn_and_comes_back(storvik):
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    shorter = add_plan(storvik.connection, changed(lambda d: d["goals"].pop()), "ada")
    assert shorter.withdrawn == {"goal": ["cycling"], "target": ["cycling-share"], "measure": []}
    assert storvik.one("SELECT count(*) FROM target") == 3
    assert [goal["goal"] for goal in goals(storvik.connection, "storvik", NOW)] == ["clean-air"]
    assert len(goals(storvik.connection, "storvik", NOW, withdrawn=True)) == 2
    assert audits(storvik) == ["plan.add", "target.withdraw", "goal.withdraw", "plan.add"]
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    assert len(goals(storvik.connection, "storvik", NOW)) == 2


def test_the_same_file_takes_back_what_was_changed_otherwise(storvik):
    plan = read_plan(EXAMPLE)
    add_plan(storvik.connection, plan, "ada")
    entry = msgspec.structs.replace(plan.goals[0].targets[0], target=msgspec.structs.replace(
        plan.goals[0].targets[0].target, value=25))  # fmt: skip
    with storvik.connection.transaction():
        assert put_target(storvik.connection, Author("api", "storvik"), "clean-air", entry)
    before, after = storvik.one("SELECT before, after FROM audit_log WHERE what = 'target.change'")
    assert (before, after) == ({"value": 18.0}, {"value": 25.0})
    assert storvik.one("SELECT plan FROM target WHERE slug = 'pm10-days'") == "clean-air-2030"
    assert add_plan(storvik.connection, plan, "ada").changed
    assert storvik.one("SELECT value FROM target WHERE slug = 'pm10-days'") == 18
    assert audits(storvik)[-1] == "plan.add"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(city="atlantis"), "no city 'atlantis'"),
        (lambda d: d["goals"][0]["targets"][0].update(kpi="air.pm1.mean"), "no kpi 'air.pm1.mean'"),
        (lambda d: d["goals"][0]["targets"][0].update(unit="ug/m3"), "is in 'days', not in 'ug/m3'"),
        (
            lambda d: d["goals"][0]["targets"][0].update(
                direction="higher_is_better", base={"year": 2024, "value": 2}, points=[]
            ),
            "is lower_is_better; leave direction out",
        ),
        (lambda d: d["goals"][0]["targets"][0]["target"].update(value=40), "40 is worse than 31"),
        (lambda d: d["goals"][0]["targets"][1].update(scope={"kind": "site", "slug": "port"}), "has no site 'port'"),
        (lambda d: d["goals"][0]["targets"][1].update(scope={"kind": "site", "slug": "home"}), "is a household"),
        (lambda d: d["goals"][1]["targets"][0].update(u4ssc="EC: I: T: 99A"), "U4SSC has no KPI"),
        (lambda d: d["goals"][1]["targets"][0].update(data_point="flying"), "has no data point 'flying'"),
        (lambda d: d["goals"][1]["targets"][0].pop("direction"), "no better and worse of its own"),
        (lambda d: d["goals"][0]["measures"][0].update(kpi="air.pm1.mean"), "measure studded-tyre-fee: no kpi"),
        (lambda d: d["goals"][0]["measures"][0].update(control_sites=["harbour"]), "has no site 'harbour'"),
        (lambda d: d["goals"][0]["measures"][0].update(areas=["soendre"]), "has no area 'soendre'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_city_or_catalogue_is_refused_whole(storvik, change, said):
    with pytest.raises(SettingsError) as caught:
        add_plan(storvik.connection, changed(change), "ada")
    assert said in str(caught.value)
    assert storvik.one("SELECT (SELECT count(*) FROM plan) + (SELECT count(*) FROM goal)") == 0


@pytest.mark.lane("plain")
def test_two_plans_do_not_share_a_name(storvik):
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    with pytest.raises(SettingsError, match="goal clean-air: the name is taken by plan 'clean-air-2030'"):
        add_plan(storvik.connection, changed(lambda d: d.update(plan="other")), "ada")


def test_a_locked_measure_changes_in_status_and_owner_only(storvik):
    connection = storvik.connection
    add_plan(connection, read_plan(EXAMPLE), "ada")
    author = Author("ada", "storvik")
    with connection.transaction():
        lock_measure(connection, author, "studded-tyre-fee")
        lock_measure(connection, author, "studded-tyre-fee")
    assert audits(storvik) == ["plan.add", "measure.lock"]

    def measure(**given):
        return changed(lambda d: d["goals"][0]["measures"][0].update(given))

    for given, name in (
        ({"sites": ["brua"]}, "sites"),
        ({"from": date(2025, 12, 1)}, "starts"),
        ({"to": date(2026, 5, 1)}, "ends"),
        ({"kpi": NO2}, "kpi"),
        ({"direction": "increase", "expected": {"difference": 2}}, "direction, expected"),
        ({"control_sites": ["brua"]}, "control_sites"),
        ({"kpis": [NO2]}, "kpis"),
        ({"expected": {"percent": -5}}, "expected"),
        ({"transition_months": 3}, "transition_months"),
        ({"nearby": []}, "nearby"),
        ({"title": {"en": "Another"}}, "title"),
    ):
        with pytest.raises(MeasureLocked, match=f"studded-tyre-fee is locked since .*: {name} may not change"):
            add_plan(connection, measure(**given), "ada")
    add_plan(connection, measure(status="stopped", owner="Bydrift"), "ada")
    assert storvik.one("SELECT status, owner FROM measure") == ("stopped", "Bydrift")
    # Nor past the program: the database keeps it too.
    for statement in (
        "UPDATE measure SET kpi = 'x'",
        "UPDATE measure SET transition_months = 3",
        "UPDATE measure SET locked_at = NULL, locked_by = NULL",
        "DELETE FROM measure",
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="is locked"):
            connection.execute(statement)
    # Withdrawn it stays in sight.
    add_plan(connection, changed(lambda d: d["goals"][0].update(measures=[])), "ada")
    shown = plans(connection, "storvik", NOW)["goals"][0]["measures"]
    assert [(one["measure"], one["withdrawn_at"] is not None) for one in shown] == [("studded-tyre-fee", True)]


@pytest.mark.lane("plain")
def test_what_is_not_there_is_neither_locked_nor_withdrawn(storvik):
    author = Author("ada", "storvik")
    with pytest.raises(NotFound, match="no measure 'nothing'"):
        lock_measure(storvik.connection, author, "nothing")
    with pytest.raises(NotFound, match="no target 'nothing'"):
        withdraw(storvik.connection, author, "target", "nothing")
    entry = read_plan(EXAMPLE).goals[0].measures[0]
    with pytest.raises(SettingsError, match="no goal 'clean-air'"):
        put_measure(storvik.connection, author, "clean-air", entry)


def standing_of(town, slug, now=NOW, **options):
    return next(one for one in targets(town.connection, "storvik", now, **options) if one["target"] == slug)


def test_targets_stand_by_the_newest_finished_year(storvik):
    say_year(storvik.connection, "storvik", KPI, 2024, 31)
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    assert standing_of(storvik, "pm10-days")["reason"] == "no_value_since_base"
    say_year(storvik.connection, "storvik", KPI, 2025, 28)
    found = standing_of(storvik, "pm10-days")
    # by hand: (31 + 24) / 2 = 27.5 in 2025
    assert (found["status"], found["required"], found["distance"]) == ("off_track", 27.5, 0.5)
    assert found["latest"]["period"] == "2025"
    assert found["required_this_year"] == 24
    assert "/v1/kpi-values?city=storvik" in found["latest"]["evidence"]
    say_year(storvik.connection, "storvik", KPI, 2025, 27)
    say_year(storvik.connection, "storvik", KPI, 2026, 19, status="provisional")
    found = standing_of(storvik, "pm10-days")
    assert (found["status"], found["running"]["value"]) == ("on_track", 19)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"quality": "insufficient", "reason": "low_coverage"}, "insufficient_coverage"),
        ({"status": "provisional"}, "provisional"),
        ({"classes": ["reference", "indicative"]}, "class_may_not_judge"),
        ({"origins": ["simulated"]}, "origin_differs"),
        ({"version": "sha256:later", "changes": {"coverage": {"day": 0.5}}}, "definition_changed"),
    ],
)
def test_targets_are_not_judged_by_what_may_not_judge(storvik, said, reason):
    say_year(storvik.connection, "storvik", KPI, 2024, 31)
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    say_year(storvik.connection, "storvik", KPI, 2025, 10, **said)
    found = standing_of(storvik, "pm10-days")
    assert (found["status"], found["reason"]) == ("not_judged", reason)
    assert set(found["sentence"]) == {"en", "nb"}


@pytest.mark.lane("plain")
def test_a_definition_whose_texts_changed_is_still_the_same(storvik):
    say_year(storvik.connection, "storvik", KPI, 2024, 31)
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    say_year(
        storvik.connection, "storvik", KPI, 2025, 10, version="sha256:later", changes={"title": {"en": "Days over"}}
    )
    assert standing_of(storvik, "pm10-days")["status"] == "reached"


@pytest.mark.lane("plain")
def test_a_corrected_text_does_not_set_the_base_anew(storvik):
    say_year(storvik.connection, "storvik", KPI, 2024, 31)
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    first = storvik.one("SELECT version FROM target WHERE slug = 'pm10-days'")
    say_year(storvik.connection, "storvik", KPI, 2024, 31, version="sha256:later", changes={"coverage": {"day": 0.5}})
    add_plan(storvik.connection, changed(lambda d: d["goals"][0]["targets"][0].update(note="see annex")), "ada")
    assert storvik.one("SELECT version, note FROM target WHERE slug = 'pm10-days'") == (first, "see annex")
    add_plan(storvik.connection, changed(lambda d: d["goals"][0]["targets"][0]["base"].update(value=33)), "ada")
    assert storvik.one("SELECT version FROM target WHERE slug = 'pm10-days'") == "sha256:later"


def test_a_forecast_is_given_when_asked_for_and_always_labelled(storvik):
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    for year in range(2021, 2026):
        say_year(storvik.connection, "storvik", KPI, year, 40 - 3 * (year - 2020))  # 25 in 2025, three fewer a year
    assert "forecast" not in standing_of(storvik, "pm10-days")
    found = standing_of(storvik, "pm10-days", forecast=True)["forecast"]
    assert found["value"] == pytest.approx(25 - 4 * 3)
    assert (found["n"], found["would_be_reached"]) == (5, True)
    assert "not a measured value" in found["label"]["en"]
    assert "ikke en målt verdi" in found["label"]["nb"]
    short = standing_of(storvik, "no2-torget", forecast=True)["forecast"]
    assert (short["value"], short["reason"]) == (None, "too_few_years")


def test_a_goal_with_its_targets_measures_indicators_and_owner_in_one_answer(storvik):
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    say_year(storvik.connection, "storvik", KPI, 2025, 28)
    say_year(storvik.connection, "storvik", NO2, 2025, 19.5, scope=("site", "torget"), unit="ug/m3")
    found = plans(storvik.connection, "storvik", NOW)
    goal = found["goals"][0]
    assert (goal["goal"], goal["owner"], goal["status"]) == ("clean-air", "Miljøenheten", "off_track")
    assert goal["targets_by_status"] == {"off_track": 1, "reached": 1}
    assert goal["measures_by_status"] == {"running": 1}
    assert goal["kpis"] == [NO2, KPI]
    assert (goal["nothing_running"], goal["late_measures"]) == (False, [])
    assert found["goals"][1]["status"] == "not_judged"
    assert found["status"] == {"off_track": 1, "not_judged": 1}
    add_plan(storvik.connection, changed(lambda d: d["goals"][0]["measures"][0].update(status="planned")), "ada")
    goal = plans(storvik.connection, "storvik", NOW)["goals"][0]
    assert (goal["nothing_running"], goal["late_measures"]) == (True, ["studded-tyre-fee"])


@pytest.mark.lane("plain")
def test_values_of_a_year_are_found_whatever_its_calendar(storvik):
    say_year(storvik.connection, "storvik", KPI, 2025, 5, offset=timedelta(hours=-1))
    say_year(storvik.connection, "storvik", NO2, 2025, 20, offset=timedelta(hours=12), unit="ug/m3")
    found = values.of_cities(storvik.connection, ["storvik"], "P1Y", values.year_span(2025))
    assert [(one.kpi, one.label) for one in found] == [(NO2, "2025"), (KPI, "2025")]
    assert values.of_cities(storvik.connection, ["storvik"], "P1Y", values.year_span(2024)) == []


@pytest.mark.lane("plain")
def test_a_target_of_u4ssc_takes_what_was_reported_and_carries_the_label(storvik):
    add_plan(storvik.connection, read_plan(EXAMPLE), "ada")
    say_year(storvik.connection, "storvik", KPI, 2025, 28)  # of that year nothing is reported: it is not there
    storvik.connection.execute(
        """INSERT INTO reported_value (city, year, code, data_point, origin, value, unit, who)
           VALUES ('storvik', 2024, 'EC: I: T: 4A', 'cycling', 'reported', 9.5, '%', 'ada')"""
    )
    found = standing_of(storvik, "cycling-share")
    # by hand: 9 in 2023, 15 in 2030, six in seven years: 9.857 in 2024
    assert (found["status"], found["latest"]["value"], found["latest"]["period"]) == ("off_track", 9.5, "2024")
    assert found["required"] == pytest.approx(9 + 6 / 7)
    assert found["label"]["en"] == "computed by Bypuls, not U4SSC-verified"
    assert found["unverified"] is True
    assert found["latest"]["origins"] == ["reported"]
