"""Goals, targets, measures and plans through the API: read by everybody, written with a token and an audit row."""

import csv
import io

import pytest

from api.given import columns_of
from api.resources.goals.schemas import Goal
from api.resources.measures.schemas import EffectChange, Measure, MeasureEffect
from api.resources.plans.schemas import GoalWithParts
from api.resources.targets.schemas import Target, TargetValue
from bypuls.storage.database import connect
from tests.integration.api.seed import NOW
from tests.plan_values import KPI, say_year

# NOW is 10 June 2024: the newest finished year is 2023.
CITY = "?city=alpha"
GOAL = {"title": {"en": "Clean air", "nb": "Ren luft"}, "sdg": ["11.6"], "owner": "Environment", "source": "Plan 2022"}
TARGET = {
    "goal": "air",
    "kpi": KPI,
    "unit": "days",
    "base": {"year": 2020, "value": 30},
    "target": {"value": 18, "by": "2026-12-31"},
    "source": "Plan 2022, table 1",
}
MEASURE = {
    "goal": "air",
    "title": {"en": "Street cleaning"},
    "sites": ["square"],
    "from": "2023-03-01",
    "kpi": KPI,
    "direction": "decrease",
    "control_sites": ["hill"],
    "nearby": [{"what": "new instrument", "kind": "instrument", "from": "2023-02-01", "sites": ["square"]}],
    "owner": "Roads",
    "source": "Plan 2022, measure 1",
}


@pytest.fixture
def planned(own_api):
    put(own_api, "/v1/goals/air", GOAL)
    put(own_api, "/v1/targets/pm10", TARGET)
    put(own_api, "/v1/measures/cleaning", MEASURE)
    return own_api


def put(api, path, body, status=200):
    answer = api.client.put(path + CITY, json=body, headers=api.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def delete(api, path, status=200):
    answer = api.client.delete(path + CITY, headers=api.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def say(api, *args, **given):
    with connect(api.database_url) as connection:
        say_year(connection, *args, **given)
        connection.commit()


def audits(api):
    return [what for (what,) in api.sql("SELECT what FROM audit_log WHERE what NOT LIKE 'token.%' ORDER BY id")]


def test_goal_measures_indicators_owner_and_status_in_one_answer(planned):
    # by hand: 30 in 2020, 18 in 2026, two fewer a year: 24 in 2023
    say(planned, "alpha", KPI, 2023, 25)
    found = planned.get("/v1/plans" + CITY).json()
    goal = found["goals"][0]
    assert (goal["goal"], goal["status"], goal["owner"], goal["kpis"]) == ("air", "off_track", "Environment", [KPI])
    assert goal["targets"][0]["required"] == 24
    assert goal["targets"][0]["distance"] == 1
    assert (goal["measures"][0]["late"], goal["nothing_running"]) == (True, True)
    assert found["status"] == {"off_track": 1}
    assert planned.get("/v1/plans?city=beta").json()["goals"] == []
    evidence = planned.get(goal["targets"][0]["latest"]["evidence"]).json()["data"]
    assert [row["value"] for row in evidence] == [25]


def test_answers_have_the_fields_that_are_documented(planned):
    say(planned, "alpha", KPI, 2023, 24)
    goal = planned.get("/v1/plans" + CITY).json()["goals"][0]
    for model, row in ((Goal, planned.data("/v1/goals" + CITY)[0]), (GoalWithParts, goal)):
        assert set(row) == set(columns_of(model))
    latest = goal["targets"][0].pop("latest")
    assert set(latest) == set(columns_of(TargetValue))
    assert set(columns_of(Measure)) == set(goal["measures"][0])
    assert set(goal["targets"][0]) <= set(columns_of(Target))


def test_lists_are_json_and_csv(planned):
    say(planned, "alpha", KPI, 2023, 24)
    rows = planned.data("/v1/targets" + CITY + "&status=on_track")
    assert [row["target"] for row in rows] == ["pm10"]
    assert planned.data("/v1/targets" + CITY + "&status=reached") == []
    assert planned.data("/v1/targets" + CITY + "&forecast=true")[0]["forecast"]["reason"] == "too_few_years"
    assert [row["goal"] for row in planned.data("/v1/goals" + CITY)] == ["air"]
    assert [row["measure"] for row in planned.data("/v1/measures" + CITY + "&status=planned")] == ["cleaning"]
    text = planned.get("/v1/targets" + CITY + "&format=csv").text
    line = next(csv.DictReader(io.StringIO(text)))
    assert (line["target"], line["status"], line["due"]) == ("pm10", "on_track", "2026-12-31")


def test_a_put_again_changes_nothing_and_leaves_no_audit_row(planned):
    before = audits(planned)
    assert before == ["goal.add", "target.add", "measure.add"]
    put(planned, "/v1/goals/air", GOAL)
    put(planned, "/v1/targets/pm10", TARGET)
    put(planned, "/v1/measures/cleaning", MEASURE)
    assert audits(planned) == before
    changed = put(planned, "/v1/targets/pm10", TARGET | {"target": {"value": 15, "by": "2026-12-31"}})
    assert changed["value"] == 15
    assert audits(planned)[-1] == "target.change"
    who, old, new = planned.sql("SELECT who, before, after FROM audit_log ORDER BY id DESC LIMIT 1")[0]
    assert (who, old, new) == ("operations", {"value": 18.0}, {"value": 15.0})


def test_a_locked_measure_is_a_conflict_and_stays_in_sight(planned):
    locked = planned.post("/v1/measures/cleaning/lock" + CITY, headers=planned.admin).json()
    assert locked["locked_by"] == "operations"
    refused = put(planned, "/v1/measures/cleaning", MEASURE | {"control_sites": []}, 409)
    assert "control_sites may not change any more" in refused["detail"]
    assert put(planned, "/v1/measures/cleaning", MEASURE | {"status": "running", "owner": "Parks"})["owner"] == "Parks"
    assert delete(planned, "/v1/measures/cleaning")["withdrawn_at"]
    assert [row["withdrawn_at"] is not None for row in planned.data("/v1/measures" + CITY)] == [True]
    assert audits(planned)[3:] == ["measure.lock", "measure.change", "measure.withdraw"]


def test_what_is_withdrawn_is_out_of_sight_and_not_gone(planned):
    delete(planned, "/v1/goals/air")
    for noun in ("goals", "targets", "measures"):
        assert planned.data(f"/v1/{noun}{CITY}") == []
        assert len(planned.data(f"/v1/{noun}{CITY}&include=withdrawn")) == 1
    assert "no goal 'air' that still counts" in delete(planned, "/v1/goals/air", 404)["detail"]
    assert put(planned, "/v1/goals/air", GOAL)["withdrawn_at"] is None


@pytest.mark.lane("plain")
def test_a_goal_is_in_sight_as_long_as_a_locked_measure_of_it(planned):
    put(planned, "/v1/measures/sweeping", MEASURE)
    planned.post("/v1/measures/cleaning/lock" + CITY, headers=planned.admin)
    delete(planned, "/v1/goals/air")
    goal = planned.get("/v1/plans" + CITY).json()["goals"][0]
    assert (goal["withdrawn_at"] is None, goal["targets"]) == (False, [])
    assert [one["measure"] for one in goal["measures"]] == ["cleaning"]
    assert planned.get("/v1/plans" + CITY).json()["status"] == {}
    assert [row["measure"] for row in planned.data("/v1/measures/effects" + CITY)] == ["cleaning"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/targets/x", TARGET | {"goal": "none"}, "no goal 'none'"),
        ("/v1/targets/x", TARGET | {"kpi": "air.none"}, "no kpi 'air.none'"),
        ("/v1/targets/x", TARGET | {"unit": "h"}, "is in 'days', not in 'h'"),
        ("/v1/targets/x", TARGET | {"target": {"value": 40, "by": "2026-12-31"}}, "40 is worse than 30"),
        ("/v1/targets/x", TARGET | {"source": ""}, "source"),
        ("/v1/targets/x", TARGET | {"source": "   "}, "source"),
        ("/v1/targets/x", {name: value for name, value in TARGET.items() if name != "source"}, "source"),
        ("/v1/targets/x", TARGET | {"scope": {"kind": "site", "slug": "moon"}}, "no site 'moon'"),
        ("/v1/targets/X", TARGET, "slug"),
        ("/v1/measures/x", MEASURE | {"control_sites": ["square"]}, "both a site of the measure and a control site"),
        ("/v1/measures/x", MEASURE | {"to": "2023-01-01"}, "before it begins"),
        ("/v1/measures/x", MEASURE | {"to": "9999-12-31"}, "9999-12-31 lies outside of the years 1900 to 2200"),
        ("/v1/goals/x", GOAL | {"sdg": ["18"]}, "sdg"),
        ("/v1/goals/x", GOAL | {"colour": "green"}, "colour"),
    ],
)
@pytest.mark.lane("plain")
def test_what_cannot_be_is_refused_in_one_line(planned, path, body, said):
    refused = put(planned, path, body, 422)
    assert said in refused["detail"]
    assert audits(planned) == ["goal.add", "target.add", "measure.add"]


@pytest.mark.lane("plain")
def test_writing_needs_a_token_of_this_city(planned):
    for path, body in (("/v1/goals/x", GOAL), ("/v1/targets/x", TARGET), ("/v1/measures/x", MEASURE)):
        assert planned.client.put(path + CITY, json=body).status_code == 401
    beta = {"Authorization": f"Bearer {planned.new_token('beta', city='beta')}"}
    reading = {"Authorization": f"Bearer {planned.new_token('reading', scopes=['read'])}"}
    for headers in (beta, reading):
        assert planned.client.put("/v1/goals/x" + CITY, json=GOAL, headers=headers).status_code == 403
        assert planned.client.delete("/v1/targets/pm10" + CITY, headers=headers).status_code == 403
        assert planned.post("/v1/measures/cleaning/lock" + CITY, headers=headers).status_code == 403
    assert planned.get("/v1/plans?city=atlantis").status_code == 404
    assert NOW.year == 2024


@pytest.mark.lane("plain")
def test_what_changed_after_a_measure(planned):
    no2 = {"kpi": "air.no2.mean", "expected": {"percent": -25}, "kpis": [KPI], "status": "running"}
    put(planned, "/v1/measures/cleaning", MEASURE | no2)
    asked = "/v1/measures/effects" + CITY
    assert [(row["kpi"], row["refusal"]) for row in planned.data(asked)] == [
        ("air.no2.mean", "not_locked"),
        (KPI, "not_locked"),
    ]
    planned.post("/v1/measures/cleaning/lock" + CITY, headers=planned.admin)
    months = (
        [(2022, month) for month in range(3, 13)] + [(2023, month) for month in range(1, 13)] + [(2024, 1), (2024, 2)]
    )
    for year, month in months:
        # by hand: a fifth less in the square from March 2023 on; on the hill nothing
        fallen = 0.8 if (year, month) >= (2023, 3) else 1
        for site, value in (("square", (30 + month) * fallen), ("hill", 20 + month)):
            say(planned, "alpha", "air.no2.mean", year, value, scope=("site", site), month=month, unit="ug/m3")
    found, days = planned.data(asked)
    assert set(found) == set(columns_of(MeasureEffect))
    assert (found["finding"], found["years_apart"], found["simulated"]) == ("as_expected", 1, False)
    assert set(found["change"]) == set(columns_of(EffectChange))
    assert (found["change"]["n"], found["change"]["months"][0]) == (12, "2023-03")
    assert found["change"]["percent"] == pytest.approx(-20)
    assert found["change"]["percent_high"] == pytest.approx(-20)
    assert (found["control_sites"], found["control"]["percent"]) == (["hill"], 0)
    assert found["expected"] == {"percent": -25, "difference": None, "source": None, "within": False}
    assert {"what": "new instrument", "kind": "instrument", "from": "2023-02-01", "to": None, "sites": ["square"]} in (
        found["changed_too"]
    )
    assert "weather_not_adjusted" in [one["code"] for one in found["cautions"]]
    assert "after 2023-03-01" in found["sentence"]["en"]
    assert (days["primary"], days["refusal"], days["change"]) == (False, "no_values_after", None)
    line = next(csv.DictReader(io.StringIO(planned.get(asked + "&format=csv").text)))
    assert (line["measure"], line["finding"]) == ("cleaning", "as_expected")
    assert planned.data(asked + "&measure=other") == planned.data(asked + "&goal=other") == []
    assert len(planned.data(asked + "&kpi=" + KPI)) == 1
