"""What is said after a measure: which months count, what is taken off, when nothing is said."""

import random
from datetime import UTC, date, datetime
from math import exp

import pytest

from bypuls.effect_pairs import Judged, month_name, month_of
from bypuls.effect_words import CAUTIONS, NO_CONTROL, REASONS, WARNINGS, amount, cautions, reason, sentence
from bypuls.effects import REFUSALS, effect
from bypuls.kpi_value import KpiValue

LOCKED = datetime(2023, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 1, 15, tzinfo=UTC)
STREET, HILL, PARK = ("site", "street"), ("site", "hill"), ("site", "park")
CAUSAL = ("cause", "because", "due to", "led to", "effect of", "forårsak", "på grunn av", "førte til")


def measure(**given):
    return Judged(**({"starts": date(2024, 1, 1), "ends": None, "direction": "decrease", "locked_at": LOCKED} | given))


def value(month, number, **given):
    year, index = divmod(month, 12)
    start = datetime(year, index + 1, 1, tzinfo=UTC)
    ends = datetime((month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC)
    made = {"unit": "ug/m3", "coverage": 0.95, "classes": frozenset({"reference"}), "version": "one", "method": "m"}
    return KpiValue("storvik", "air.no2.mean", "site", "street", "P1M", start, ends, number, **(made | given))


def months(first, last):
    return range(month_of(date.fromisoformat(first + "-01")), month_of(date.fromisoformat(last + "-01")) + 1)


def series(of, first="2022-01", last="2024-12", **given):
    return [value(month, of(month), **given) for month in months(first, last)]


def season(month):
    return 20 + 3 * (month % 12)


def fallen(share, since="2024-01"):
    begins = month_of(date.fromisoformat(since + "-01"))
    return lambda month: season(month) * (share if month >= begins else 1)


def test_a_fall_is_found_and_what_fell_everywhere_is_taken_off():
    # by hand: the street falls to 0.72 of itself, the hill to 0.9: beside it to 0.8
    found = effect(measure(), {STREET: series(fallen(0.72))}, {HILL: series(fallen(0.9))}, NOW)
    assert (found.finding, found.years, found.change.verdict) == ("as_expected", 1, "decreased")
    assert exp(found.change.ratio.value) == pytest.approx(0.72)
    assert exp(found.control.ratio.value) == pytest.approx(0.9)
    assert exp(found.beside.ratio.value) == pytest.approx(0.8)
    assert [month_name(month) for month in found.change.months][::11] == ["2024-01", "2024-12"]
    # by hand: the months hold 20, 23 … 53 before, the median of which is 36.5
    assert (found.change.before, found.change.after) == pytest.approx((36.5, 36.5 * 0.72))
    assert found.placebo.verdict == "not_shown"


def test_what_fell_everywhere_is_no_finding():
    rng = random.Random(3)
    street, hill, park = (series(lambda month: fallen(0.8)(month) * exp(rng.gauss(0, 0.03))) for _ in range(3))
    found = effect(measure(), {STREET: street}, {HILL: hill, PARK: park}, NOW)
    assert found.change.verdict == "decreased"
    assert (found.beside.verdict, found.finding) == ("not_shown", "not_shown")
    assert effect(measure(), {STREET: series(fallen(0.8))}, {}, NOW).finding == "as_expected"
    assert effect(measure(direction="increase"), {STREET: series(fallen(0.8))}, {}, NOW).finding == "opposite"


def test_decibels_change_by_differences_only():
    found = effect(
        measure(), {STREET: series(lambda m: 60 - 3 * (m >= month_of(date(2024, 1, 1))), unit="dB[A]")}, {}, NOW
    )
    assert (found.change.ratio, found.change.difference.value, found.finding) == (None, -3, "as_expected")
    assert amount(found.change, "dB[A]", "en") == "-3 dB[A] (-3 to -3)"


def test_a_zero_has_no_ratio():
    found = effect(measure(), {STREET: series(lambda m: float(m % 12 == 0), unit="days")}, {}, NOW)
    assert (found.change.ratio, found.finding) == (None, "not_shown")


@pytest.mark.parametrize(
    ("given", "first", "last", "years"),
    [
        ({}, "2024-01", "2024-12", 1),
        # begun within a month: that month is neither before nor after
        ({"starts": date(2024, 1, 10)}, "2024-02", "2024-12", 1),
        ({"transition": 2}, "2024-03", "2024-12", 1),
        ({"starts": date(2023, 1, 1)}, "2023-01", "2023-12", 1),
        ({"ends": date(2024, 9, 30)}, "2024-01", "2024-09", 1),
        ({"ends": date(2024, 9, 29)}, "2024-01", "2024-08", 1),
    ],
)
def test_which_months_count(given, first, last, years):
    found = effect(measure(**given), {STREET: series(season)}, {}, NOW)
    assert (month_name(found.change.months[0]), month_name(found.change.months[-1])) == (first, last)
    assert found.years == years


def test_two_years_after_are_paired_with_two_before():
    found = effect(measure(starts=date(2023, 1, 1)), {STREET: series(fallen(0.8, "2023-01"), "2021-01")}, {}, NOW)
    assert (found.years, len(found.change.months)) == (2, 24)
    assert exp(found.change.ratio.value) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"locked_at": None}, "not_locked"),
        ({"status": "planned"}, "not_begun"),
        ({"starts": date(2025, 2, 1)}, "not_begun"),
        ({"status": "stopped"}, "no_end"),
        ({"starts": date(2024, 8, 1)}, "after_not_over"),
        ({"transition": 8}, "after_not_over"),
        ({"ends": date(2024, 5, 31)}, "too_few"),
        ({"starts": date(2018, 1, 1), "ends": date(2018, 12, 31)}, "no_values_after"),
        ({"starts": date(2022, 1, 1)}, "no_values_before"),
    ],
)
def test_nothing_is_said(given, refusal):
    found = effect(measure(**given), {STREET: series(season)}, {}, NOW)
    assert (found.finding, found.refusal, found.change) == ("refused", refusal, None)
    assert set(reason(found)) == {"en", "nb"}
    assert sentence(found, date(2024, 1, 1), "ug/m3") is None


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"version": "two", "method": "other"}, "definition_differs", "how the indicator is computed"),
        ({"classes": frozenset({"indicative"})}, "class_differs", "the class of the instruments"),
        ({"origins": frozenset({"simulated"})}, "simulated", "one is simulated"),
        ({"origins": frozenset({"modelled"})}, "origin_differs", "where the data come from"),
        ({"coverage": 0.7}, "coverage_differs", "how much was measured"),
        ({"quality": "insufficient"}, "insufficient", "too little was measured"),
    ],
)
def test_months_that_were_not_made_alike_are_refused(given, code, words):
    values = series(season, last="2023-12") + series(season, first="2024-01", **given)
    found = effect(measure(), {STREET: values}, {}, NOW)
    assert (found.refusal, found.differs[0], len(found.left_out)) == ("differs", code, 12)
    assert words in reason(found)["en"]


def test_what_was_made_like_the_newest_counts_and_nothing_else():
    # half of the year simulated before and after, the other half measured: only the newest kind is said something of
    split = [month_of(date(2023, 6, 1)), month_of(date(2024, 6, 1))]
    simulated = frozenset({"simulated"})
    values = [
        value(month, season(month), origins=simulated if month % 12 < split[0] % 12 else frozenset({"measured"}))
        for month in months("2023-01", "2024-12")
    ]
    found = effect(measure(), {STREET: values}, {}, NOW)
    assert [month_name(month) for month in found.change.months] == [f"2024-{month:02}" for month in range(6, 13)]
    assert not found.simulated
    assert {one.codes for one in found.left_out} == {("simulated",)}


def test_a_place_with_too_few_months_is_named_and_does_not_count():
    values = {STREET: series(fallen(0.8)), PARK: series(season, first="2024-01")}
    found = effect(measure(), values, {}, NOW)
    assert (found.places, found.dropped) == ((STREET,), (PARK,))
    assert "places_dropped" in [one["code"] for one in cautions(found, "ug/m3")]


def test_controls_with_too_few_months_are_said_to_be_missing():
    found = effect(measure(), {STREET: series(fallen(0.8))}, {HILL: series(season, first="2024-01")}, NOW)
    assert (found.no_control, found.beside, found.finding) == ("too_few", None, "as_expected")


def test_a_place_that_fell_by_itself_the_year_before_is_warned_of():
    falling = series(lambda month: season(month) * (0.8 ** (month // 12 - 2022)))
    found = effect(measure(), {STREET: falling}, {}, NOW)
    assert exp(found.placebo.ratio.value) == pytest.approx(0.8)
    said = {one["code"]: one["text"]["en"] for one in cautions(found, "ug/m3")}
    assert said["placebo_moved"].startswith("it moved before anything was done, too: -20.0 %")


@pytest.mark.parametrize(("share", "least"), [(0.8, 0.93), (1.0, 0.93)])
def test_the_true_change_lies_in_its_interval(share, least):
    """95 % of intervals hold the truth: a fall of a fifth, and nothing at all; with weather that both places share."""
    rng, held, cities = random.Random(11), 0, 200
    for _ in range(cities):
        weather = {month: rng.gauss(0, 0.15) for month in months("2023-01", "2024-12")}
        street, hill = (
            [value(month, of(month) * exp(shared + rng.gauss(0, 0.05))) for month, shared in weather.items()]
            for of in (fallen(share), season)
        )
        found = effect(measure(), {STREET: street}, {HILL: hill}, NOW).beside.ratio
        held += found.low is None or exp(found.low) <= share <= exp(found.high)
    assert held / cities >= least


def test_words_are_there_in_both_languages_and_tell_of_no_cause():
    assert set(REASONS) == set(REFUSALS)
    assert set(WARNINGS) == set(CAUTIONS)
    found = effect(measure(), {STREET: series(fallen(0.8))}, {HILL: series(season)}, NOW)
    said = [*REASONS.values(), *WARNINGS.values(), *NO_CONTROL.values(), sentence(found, date(2024, 1, 1), "ug/m3")]
    for texts in said:
        assert set(texts) == {"en", "nb"}
        assert not [word for word in CAUSAL for text in texts.values() if word in text.lower()]
    assert said[-1]["en"].startswith("Changed by -20.0 % (-20.0 to -20.0 %), -7.3 ug/m3 after 2024-01-01: 12 months")
