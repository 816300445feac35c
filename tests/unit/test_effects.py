"""What is said after a measure: which months count, what is taken off, when nothing is said."""

import random
from datetime import UTC, date, datetime
from math import exp

import pytest

from bypuls.effect_pairs import Judged, month_name, month_of
from bypuls.effect_words import CAUTIONS, NO_CONTROL, REASONS, WARNINGS, amount, cautions, reason, sentence, shown
from bypuls.effects import REFUSALS, effect
from bypuls.kpi_value import KpiValue
from bypuls.signed_rank import shift

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
    assert amount(found.change, "dB[A]", "en") == "-3 dB (-3 to -3)"


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


def test_a_place_that_fell_as_far_the_year_before_is_no_finding():
    falling = series(lambda month: season(month) * (0.8 ** (month // 12 - 2022)))
    found = effect(measure(), {STREET: falling}, {}, NOW)
    assert exp(found.placebo.ratio.value) == pytest.approx(0.8)
    assert (found.change.verdict, found.finding) == ("decreased", "not_shown")
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
    assert said[-1]["en"].startswith("Changed by -20.0 % (-20.0 to -20.0 %) after 2024-01-01: 12 months")


def zeros_and(scale, level, zero):
    """Days a month, half as many from 2024 on; none in the months that `zero` names."""
    return series(lambda m: 0.0 if m % 12 in zero else scale * level(m), unit="days")


def halved(month):
    return (10 + month % 12) * (0.5 if month >= month_of(date(2024, 1, 1)) else 1)


def test_months_of_zero_are_not_judged_by_differences_between_places_of_another_size():
    # by hand: both fall to a half; of a place ten times as large that is ten times as many days
    large, small = zeros_and(10, halved, ()), zeros_and(1, halved, (6,))
    found = effect(measure(), {STREET: large}, {HILL: small}, NOW)
    assert (found.beside.difference, found.beside.ratio.value, found.finding) == (None, 0, "not_shown")
    assert len(found.beside.months) == 11
    text = sentence(found, date(2024, 1, 1), "days")
    assert "over 11 of these months" in text["en"]
    assert "over 11 av disse månedene" in text["nb"]


def test_where_too_many_months_are_zero_the_control_sites_are_shown_and_decide_only_against_a_finding():
    summer = range(2, 9)
    fell = effect(measure(), {STREET: zeros_and(10, halved, ())}, {HILL: zeros_and(1, halved, summer)}, NOW)
    assert (fell.no_control, fell.beside, fell.change.verdict) == ("no_ratio", None, "decreased")
    fallen_too = effect(measure(), {STREET: zeros_and(10, halved, summer)}, {HILL: series(halved, unit="days")}, NOW)
    assert (fallen_too.no_control, fallen_too.control.verdict, fallen_too.finding) == (
        "no_ratio",
        "decreased",
        "not_shown",
    )
    assert "no_control" in [one["code"] for one in cautions(fallen_too, "days")]


def test_beside_has_no_number_in_the_unit_where_a_ratio_decides():
    # by hand: 1000 to 900 is a tenth less, 10 to 8 a fifth: beside the hill the street rose by an eighth, but lost 98
    street, hill = (series(lambda m, a=a, b=b: b if m >= month_of(date(2024, 1, 1)) else a, unit="{vehicle}")
                    for a, b in ((1000.0, 900.0), (10.0, 8.0)))  # fmt: skip
    found = effect(measure(), {STREET: street}, {HILL: hill}, NOW)
    assert exp(found.beside.ratio.value) == pytest.approx(1.125)
    assert (found.beside.difference, shown(found.beside)["difference"], found.finding) == (None, None, "opposite")
    assert amount(found.beside, "{vehicle}", "nb") == "+12,5 % (+12,5 til +12,5 %)"


@pytest.mark.parametrize("given", [{"ends": date(9999, 12, 31)}, {"starts": date(3, 1, 1)}, {"starts": date.max}])
def test_a_day_at_the_end_of_the_calendar_is_a_day(given):
    found = effect(measure(**given), {STREET: series(season)}, {}, NOW)
    assert found.finding in ("not_shown", "refused")


def test_of_as_many_months_those_count_that_drop_no_place():
    # both years have twelve pairs, but one year back the park has none
    street, park = (
        series(fallen(0.8), "2021-01"),
        series(fallen(0.8), "2021-01", "2021-12") + series(fallen(0.8), "2023-01", "2024-12"),
    )
    values = {STREET: street, PARK: park}
    found = effect(measure(starts=date(2023, 1, 1), ends=date(2023, 12, 31)), values, {}, NOW)
    assert (found.years, found.places, found.dropped) == (2, (STREET, PARK), ())


def test_what_rounding_leaves_is_no_change():
    # by hand: nothing changes but the order of adding up: 0.1 + 0.2 is not 0.3
    street = series(lambda m: 0.1 + 0.2 if m >= month_of(date(2024, 1, 1)) else 0.3)
    found = effect(measure(direction="increase"), {STREET: street}, {}, NOW)
    assert (found.change.ratio.low, found.change.difference.low, found.finding) == (0, 0, "not_shown")
    levels = series(lambda m: 60.1 + 0.2 if m >= month_of(date(2024, 1, 1)) else 60.3, unit="dB")
    assert effect(measure(direction="increase"), {STREET: levels}, {}, NOW).finding == "not_shown"
    # up in one month as far as down in another: half of nothing is nothing, whatever the last digit says
    assert shift([0.1 + 0.2, -0.3] * 3 + [1.0] * 6).low == 0


def test_norwegian_has_decimal_commas_and_units_are_words():
    levels = effect(
        measure(), {STREET: series(lambda m: 60 - 2.5 * (m >= month_of(date(2024, 1, 1))), unit="dB[A]")}, {}, NOW
    )
    assert amount(levels.change, "dB[A]", "nb") == "-2,5 dB (-2,5 til -2,5)"
    assert amount(levels.change, "{vehicle}", "en") == "-2.5 vehicles (-2.5 to -2.5)"
    falling = effect(measure(), {STREET: series(lambda m: season(m) * 0.8 ** (m // 12 - 2022))}, {}, NOW)
    said = {one["code"]: one["text"]["nb"] for one in cautions(falling, "ug/m3")}
    assert said["placebo_moved"].endswith("-20,0 % (-20,0 til -20,0 %)")


def test_what_a_control_site_does_beside_the_others_is_no_finding():
    # by hand: the street falls by a tenth, one of three control sites rises by a fifth. Beside the other two that is
    # 20 % more, and the street lies no further from all three than 0.9/1.2^(1/3) - 1 = -15 %
    hill, park, bridge = (("site", slug) for slug in ("hill", "park", "bridge"))
    still = {hill: series(season), park: series(season)}
    street = {STREET: series(fallen(0.9))}
    risen = effect(measure(), street, still | {bridge: series(fallen(1.2))}, NOW)
    assert exp(risen.beside.ratio.value) == pytest.approx(0.9 / 1.2 ** (1 / 3))
    assert (risen.beside.verdict, risen.restless, risen.finding) == ("decreased", (bridge,), "not_shown")
    said = {one["code"]: one["text"]["en"] for one in cautions(risen, "ug/m3")}
    assert said["control_moved"].endswith(": bridge")
    assert sentence(risen, date(2024, 1, 1), "ug/m3")["en"].endswith("as much moved where or when nothing was done.")
    calm = effect(measure(), street, still | {bridge: series(season)}, NOW)
    assert (calm.restless, calm.finding) == ((), "as_expected")


def test_of_many_control_sites_one_in_twenty_may_lie_further_out():
    # by hand: 2 of 40 places alike are 5 %
    still = {("site", f"hill-{number}"): series(season) for number in range(38)}
    for strange, finding in ((1, "as_expected"), (2, "not_shown")):
        others = {("site", f"strange-{number}"): series(fallen(1.5)) for number in range(strange)}
        found = effect(measure(), {STREET: series(fallen(0.9))}, still | others, NOW)
        assert (len(found.restless), found.finding) == (strange, finding)


def a_year_of_its_own(rng):
    years = {2023: rng.gauss(0, 0.05), 2024: rng.gauss(0, 0.05)}
    return series(lambda m: season(m) * exp(years[m // 12] + rng.gauss(0, 0.05)), first="2023-01")


def test_places_that_differ_by_themselves_from_year_to_year_are_seldom_findings():
    """With years that differ by 5 % at each place nothing but that: 40 of 100 were findings before controls counted."""
    rng, findings, cities = random.Random(5), 0, 60
    for _ in range(cities):
        street, *hills = (a_year_of_its_own(rng) for _ in range(13))
        controls = {("site", f"hill-{number}"): values for number, values in enumerate(hills)}
        findings += effect(measure(), {STREET: street}, controls, NOW).finding != "not_shown"
    assert findings / cities <= 0.15
