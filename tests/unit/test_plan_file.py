"""A plan's file: the example reads, and each thing that cannot be is one line with its place."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from bypuls.errors import SettingsError
from bypuls.plan import read_plan

EXAMPLE = Path(__file__).parents[2] / "docs/examples/plan-storvik.yaml"


def test_the_example_reads_as_it_says():
    plan = read_plan(EXAMPLE)
    assert (plan.plan, plan.city, plan.status) == ("clean-air-2030", "storvik", "adopted")
    assert [goal.slug for goal in plan.goals] == ["clean-air", "cycling"]
    target = plan.goals[0].targets[0]
    path = target.path("lower_is_better")
    # its comment, by hand: 31 in 2024, 24 in 2026, 18 in 2029
    assert [path.required_for_year(year) for year in (2025, 2026, 2027, 2029)] == [27.5, 24, 22, 18]
    assert plan.goals[1].targets[0].indicator == "EC: I: T: 4A: cycling"
    measure = plan.goals[0].measures[0]
    assert (measure.starts, measure.ends, measure.control_sites) == (date(2025, 11, 1), None, ["torget"])
    assert measure.nearby[0].kind == "instrument"
    assert (measure.kpis, measure.transition_months, measure.expected.difference) == (["air.pm10.mean"], 1, -2)


def changed(tmp_path, change):
    document = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    change(document)
    file = tmp_path / "plan.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def first_target(document):
    return document["goals"][0]["targets"][0]


def first_measure(document):
    return document["goals"][0]["measures"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("source"), "missing required field `source`"),
        (lambda d: first_target(d).pop("source"), "missing required field `source` - at `$.goals[0].targets[0]`"),
        (lambda d: first_target(d).update(source="  "), "$.goals[0].targets[0].source"),
        (lambda d: d["goals"][0].pop("owner"), "missing required field `owner`"),
        (lambda d: first_target(d).update(sorce="x"), "unknown field `sorce`"),
        (lambda d: first_target(d).update(u4ssc="EC: I: T: 4A"), "give kpi (an id of ours) or u4ssc"),
        (lambda d: first_target(d).pop("kpi"), "give kpi (an id of ours) or u4ssc"),
        (lambda d: first_target(d).update(scope={"kind": "site"}), "needs its slug"),
        (lambda d: first_target(d).update(scope={"kind": "city", "slug": "storvik"}), "of kind city none"),
        (lambda d: first_target(d)["target"].update(by=date(2024, 12, 31)), "no whole year"),
        (lambda d: first_target(d)["target"].update(by=date(2025, 6, 30)), "no whole year"),
        (
            lambda d: first_target(d).update(period="P1M", target={"value": 18, "by": date(2024, 11, 30)}, points=[]),
            "does not lie after the base year 2024",
        ),
        (lambda d: first_target(d).update(points=[{"year": 2031, "value": 1}]), "points must lie in order"),
        (
            lambda d: first_target(d).update(points=[{"year": 2027, "value": 1}, {"year": 2026, "value": 2}]),
            "points must lie in order",
        ),
        (lambda d: first_target(d).update(direction="higher_is_better"), "18 is worse than the base 31"),
        (lambda d: first_target(d).update(period="P1D"), "$.goals[0].targets[0].period"),
        (lambda d: d["goals"][0].update(sdg=["18.1"]), "$.goals[0].sdg"),
        (lambda d: d["goals"][1].update(slug="clean-air"), "goal clean-air stands twice"),
        (lambda d: d["goals"][0]["measures"][0].update(to=date(2025, 1, 1)), "ends (2025-01-01) before it begins"),
        (lambda d: first_measure(d).update(to=date(9999, 12, 31)), "9999-12-31 lies outside of the years 1900 to 2200"),
        (lambda d: first_measure(d).update({"from": date(3, 1, 1)}), "0003-01-01 lies outside"),
        (lambda d: first_measure(d).update(nearby=[{"what": "x", "to": date(2201, 1, 1)}]), "2201-01-01 lies outside"),
        (lambda d: d["goals"][0]["measures"][0].update(control_sites=["elgeseter"]), "both a site of the measure and"),
        (lambda d: d["goals"][0]["measures"][0].update(status="finished"), "$.goals[0].measures[0].status"),
        (lambda d: first_measure(d).update(kpis=["air.no2.mean", "air.no2.mean"]), "kpis names others than kpi"),
        (lambda d: first_measure(d).update(kpis=[first_measure(d)["kpi"]]), "kpis names others than kpi, each once"),
        (lambda d: first_measure(d).update(expected={}), "percent or difference, one of the two"),
        (lambda d: first_measure(d).update(expected={"percent": -1, "difference": -1}), "one of the two"),
        (lambda d: first_measure(d).update(expected={"percent": 5}), "5 does not go with direction decrease"),
        (lambda d: first_measure(d).update(expected={"percent": -100}), "$.goals[0].measures[0].expected.percent"),
        (lambda d: first_measure(d).update(transition_months=25), "$.goals[0].measures[0].transition_months"),
        (lambda d: d.update(goals=[]), "$.goals"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, change, said):
    with pytest.raises(SettingsError) as caught:
        read_plan(changed(tmp_path, change))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "list.yaml").write_text("[1, 2]")
    (tmp_path / "broken.yaml").write_text("{")
    for name, said in (
        ("list.yaml", "must be a mapping"),
        ("broken.yaml", "is not YAML"),
        ("none.yaml", "cannot be read"),
    ):
        with pytest.raises(SettingsError, match=said):
            read_plan(tmp_path / name)
