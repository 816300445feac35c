"""Targets: the path is worked out by hand, and every reason not to judge has its case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bypuls.kpi_value import KpiValue
from bypuls.method import method_of
from bypuls.targets import REASONS, Path, Target, goal_status, judge

# 21 days in 2024; 12 in 2027; 5 by the end of 2030. By hand: 3 fewer a year, then 7/3 fewer a year.
FALLING = Path("lower_is_better", (2024, 21.0), ((2027, 12.0),), 5.0, date(2030, 12, 31))
# The share of bicycles: 8 % in 2020, 20 % by the end of 2030: 1.2 more a year.
RISING = Path("higher_is_better", (2020, 8.0), (), 20.0, date(2030, 12, 31))
TARGET = Target(FALLING, "days", "measured", "sha256:a", "sha256:m")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def year_value(year, value, /, **changes):
    start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(hours=1)  # a year of the air calendar, UTC+1
    made = KpiValue(
        "storvik", "air.pm10.exceedance_days.eu2030", "city", "storvik", "P1Y", start,
        datetime(year + 1, 1, 1, tzinfo=UTC) - timedelta(hours=1), value, "days", coverage=0.95,
        classes=frozenset({"reference"}), judges_law=True, version="sha256:a", method="sha256:m",
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("year", "required"),
    [(2019, 21), (2024, 21), (2025, 18), (2026, 15), (2027, 12), (2028, 12 - 7 / 3), (2030, 5), (2035, 5)],
)
def test_the_path_bends_at_an_intermediate_point(year, required):
    assert FALLING.required_for_year(year) == pytest.approx(required)


@pytest.mark.parametrize(("year", "required"), [(2020, 8), (2021, 9.2), (2025, 14), (2030, 20), (2031, 20)])
def test_a_path_upwards(year, required):
    assert RISING.required_for_year(year) == pytest.approx(required)


def test_the_path_within_a_year_and_across_a_leap_day():
    # 30 June 2025 is day 181 of 365: 21 - 3 * 181/365
    assert FALLING.required(date(2025, 6, 30)) == pytest.approx(21 - 3 * 181 / 365)
    # 2028 has 366 days: its end is where it would be in any other year
    assert FALLING.required(date(2028, 12, 31)) == pytest.approx(12 - 7 / 3)


def test_a_due_date_within_a_year_is_reached_on_that_day():
    path = Path("lower_is_better", (2024, 10.0), (), 0.0, date(2026, 6, 30))  # 1 year and 181/365
    assert path.required(date(2026, 6, 30)) == 0
    assert path.required(date(2025, 12, 31)) == pytest.approx(10 * (1 - 1 / (1 + 181 / 365)))


def test_a_year_as_good_as_required_is_on_track():
    found = judge(TARGET, [year_value(2024, 21), year_value(2025, 18)], NOW)
    assert (found.status, found.required, found.distance, found.reason) == ("on_track", 18, 0, None)
    assert found.progress == pytest.approx(3 / 16)


def test_one_day_more_is_off_track_and_says_by_how_much():
    found = judge(TARGET, [year_value(2025, 19)], NOW)
    assert (found.status, found.distance) == ("off_track", 1)


def test_upwards_less_is_off_track():
    target = Target(RISING, "%", "reported")
    values = [year_value(2025, share, unit="%", judges_law=False, version=None, method=None) for share in (13.9, 14.0)]
    assert [judge(target, [one], NOW).status for one in values] == ["off_track", "on_track"]
    assert judge(target, values[:1], NOW).distance == pytest.approx(0.1)


def test_reached_before_its_time():
    found = judge(TARGET, [year_value(2025, 5)], NOW)
    assert (found.status, found.progress, found.overdue) == ("reached", 1, False)


def test_past_its_date_a_target_is_reached_or_off_track():
    late = datetime(2032, 3, 1, tzinfo=UTC)
    missed, met = judge(TARGET, [year_value(2031, 6)], late), judge(TARGET, [year_value(2031, 5)], late)
    assert (missed.status, missed.overdue) == ("off_track", True)
    assert (met.status, met.overdue) == ("reached", False)


def test_the_running_year_is_shown_and_not_judged():
    running = year_value(2026, 40, status="provisional")
    found = judge(TARGET, [year_value(2025, 17), running], NOW)
    assert (found.status, found.value.label, found.running) == ("on_track", "2025", running)
    alone = judge(TARGET, [running], NOW)
    assert (alone.status, alone.reason, alone.running) == ("not_judged", "provisional", running)
    assert alone.value is None


def test_a_value_called_final_of_a_year_that_is_not_over_is_not_judged():
    assert judge(TARGET, [year_value(2026, 1)], NOW).reason == "provisional"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quality": "insufficient", "value": 3.0}, "insufficient_coverage"),
        ({"quality": "undefined", "value": None}, "undefined"),
        ({"unit": "h"}, "unit_differs"),
        ({"origins": frozenset({"simulated"})}, "origin_differs"),
        ({"origins": frozenset({"measured", "simulated"})}, "origin_differs"),
        ({"classes": frozenset({"reference", "indicative"})}, "class_may_not_judge"),
        ({"classes": frozenset()}, "class_may_not_judge"),
        ({"version": "sha256:b", "method": "sha256:other"}, "definition_changed"),
        ({"version": "sha256:b", "method": None}, "definition_changed"),
    ],
)
def test_what_may_not_be_judged_says_why_and_nothing_older_is_taken(changes, reason):
    good, bad = year_value(2025, 18), year_value(2026, 3, **changes)
    found = judge(TARGET, [bad, good], datetime(2027, 6, 1, tzinfo=UTC))
    assert (found.status, found.reason, found.distance) == ("not_judged", reason, None)
    assert found.value == bad
    assert set(found.sentence) == {"en", "nb"}


def test_a_version_with_other_texts_is_the_same_method():
    assert judge(TARGET, [year_value(2025, 17, version="sha256:b")], NOW).status == "on_track"


def test_indicative_instruments_may_judge_what_is_no_law():
    value = year_value(2025, 17, classes=frozenset({"indicative"}), judges_law=False)
    assert judge(TARGET, [value], NOW).status == "on_track"


def test_a_simulated_base_is_held_against_simulated_values_only():
    target = replace(TARGET, base_origin="simulated")
    simulated = year_value(2025, 17, origins=frozenset({"simulated"}))
    assert judge(target, [simulated], NOW).status == "on_track"
    assert judge(target, [year_value(2025, 17)], NOW).reason == "origin_differs"


def test_no_value_and_none_since_the_base_are_told_apart():
    assert judge(TARGET, [], NOW).reason == "no_value"
    assert judge(TARGET, [year_value(2024, 21)], NOW).reason == "no_value_since_base"


def test_an_old_value_says_that_it_is_old():
    assert not judge(TARGET, [year_value(2025, 17)], NOW).stale
    assert judge(TARGET, [year_value(2025, 17)], datetime(2027, 6, 1, tzinfo=UTC)).stale


def test_every_reason_is_said_in_both_languages():
    assert all(set(texts) == {"en", "nb"} and all(texts.values()) for texts in REASONS.values())


@pytest.mark.parametrize(
    ("targets", "goal"),
    [
        ([], "not_judged"),
        (["not_judged"], "not_judged"),
        (["reached", "reached"], "reached"),
        (["reached", "on_track"], "on_track"),
        (["on_track", "not_judged"], "partly_judged"),
        (["reached", "not_judged"], "partly_judged"),
        (["reached", "not_judged", "off_track"], "off_track"),
    ],
)
def test_a_goal_is_as_good_as_its_worst_target(targets, goal):
    assert goal_status(targets) == goal


def test_a_method_is_what_computes_not_what_is_said():
    definition = {"id": "a", "title": {"en": "A"}, "parameters": {"limit": 45}, "coverage": {"year": 0.9}, "unit": "d"}
    assert method_of(definition | {"title": {"en": "B"}, "source": "a better one"}) == method_of(definition)
    for change in ({"parameters": {"limit": 50}}, {"coverage": {"year": 0.75}}, {"window": {"last_hours": 8}}):
        assert method_of(definition | change) != method_of(definition)


def test_a_value_knows_its_period_in_every_calendar():
    assert year_value(2025, 1).label == "2025"
    west = replace(
        year_value(2025, 1), start=datetime(2025, 1, 1, 8, tzinfo=UTC), ends=datetime(2026, 1, 1, 8, tzinfo=UTC)
    )
    assert west.label == "2025"
    month = replace(
        west, period="P1M", start=datetime(2025, 2, 28, 23, tzinfo=UTC), ends=datetime(2025, 3, 31, 22, tzinfo=UTC)
    )
    assert (month.label, month.month) == ("2025-03", 3)
