"""Plausibility: the screening rules of the U4SSC KPIs Verification Manual (2022), p.28, 31, 32 and on KPI pages."""

import doctest

import pytest

from bypuls.u4ssc import sentences
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.plausibility import Entry, Known, check_reporting, check_values
from bypuls.u4ssc.sentences import SENTENCES

CATALOGUE = load_catalogue()
AIR, MODES, WASTE, WATER = "EN: EN: AQ: 1C", "EC: I: T: 4A", "EN: EN: WA: 1C", "EN: EN: WS: 4C"
KNOWN = Known(facts={"population": 200_000, "households": 100_000})


def rules(entries, known=None):
    """{(code, data point): rules} of what is found."""
    found = {}
    for finding in check_values(CATALOGUE, entries, known):
        found.setdefault((finding.code, finding.data_point), []).append(finding.rule)
    return found


def of_points(code, values):
    return {(code, point): Entry(value=value) for point, value in values.items()}


def test_nothing_to_ask_about_values_of_real_reports():
    """Published values (Verification Reports Karmøy 2020 p.14, Asker 2020 p.22) raise no question."""
    entries = {
        ("EC: ICT: ICT: 1C", ""): Entry(value=97.0, unit="%"),
        ("EC: ICT: ICT: 4C", "3g"): Entry(value=96.67),
        ("EC: ICT: ICT: 4C", "4g"): Entry(value=96.67),
        ("EC: I: WS: 1C", ""): Entry(value=100.0),
        ("EC: I: WS: 2C", ""): Entry(value=97.07),
        ("SC: SH: SI: 1C", ""): Entry(value=0.64),
        ("SC: SH: SA: 8C", ""): Entry(value=393.98),
        ("SC: SH: SA: 3A", ""): Entry(value=0),
    }
    assert rules(entries, KNOWN) == {}


@pytest.mark.parametrize(
    ("modes", "asked"),
    [
        ({"private": 50, "public": 20, "walking": 15, "cycling": 14, "para": 3}, False),  # 102: within 2
        ({"private": 50, "public": 20, "walking": 15, "cycling": 13, "para": 0}, False),  # 98
        ({"private": 50, "public": 20, "walking": 15, "cycling": 14, "para": 3.1}, True),
        ({"private": 50, "public": 20, "walking": 15, "cycling": 12.9, "para": 0}, True),
        ({"private": 50, "public": 20}, False),  # the others may still come
        ({"private": 90, "public": 20}, True),  # too much already
    ],
)
def test_mode_shares_total_100_within_2(modes, asked):
    found = rules(of_points(MODES, modes))
    assert (found != {}) == asked
    assert {rule for rules in found.values() for rule in rules} <= {"does_not_total"}


def test_waste_routes_total_100_within_2():
    routes = {"landfill": 5, "burnt": 0, "incinerated": 50, "open_dump": 0, "recycled": 40, "other": 2}
    assert rules(of_points(WASTE, routes)) == {(WASTE, "landfill"): ["does_not_total"]}
    assert rules(of_points(WASTE, routes | {"other": 3})) == {}


def test_wastewater_steps_do_not_rise():
    assert rules(of_points(WATER, {"primary": 90, "secondary": 90, "tertiary": 20})) == {}
    found = rules(of_points(WATER, {"primary": 80, "secondary": 90, "tertiary": 91}))
    assert found == {
        (WATER, "secondary"): ["above_the_step_before"],
        (WATER, "tertiary"): ["above_the_step_before"],
    }
    assert rules(of_points(WATER, {"primary": 80, "tertiary": 81})) == {(WATER, "tertiary"): ["above_the_step_before"]}


@pytest.mark.parametrize(
    ("unit", "asked"), [("µg/m3", False), ("μg/m³", False), ("ug/m3", False), ("ppb", True), ("mg/m3", True)]
)
def test_air_is_in_ug_m3(unit, asked):
    found = rules({(AIR, "no2"): Entry(value=20, unit=unit)})
    assert found == ({(AIR, "no2"): ["air_not_in_ug_m3"]} if asked else {})


@pytest.mark.parametrize(
    ("denominator", "rule"),
    [
        (2.0, None),  # population / 100 000
        (2.00001, None),  # as a template rounds
        (2.04, "prefilled_changed"),
        (2.11, "prefilled_apart_by_5_percent"),
        (1.89, "prefilled_apart_by_5_percent"),
        (200_000, "not_divided_by_100_000"),
    ],
)
def test_prefilled_population_per_100_000(denominator, rule):
    found = rules({("EC: P: IN: 2C", ""): Entry(numerator=6, denominator=denominator)}, KNOWN)
    assert found == ({} if rule is None else {("EC: P: IN: 2C", ""): [rule]})


def test_prefilled_households_changed():
    entry = Entry(value=97, numerator=97_000, denominator=106_000)
    found = rules({("EC: ICT: ICT: 1C", ""): entry}, KNOWN)
    assert found == {("EC: ICT: ICT: 1C", ""): ["value_is_not_of_its_parts", "prefilled_apart_by_5_percent"]}


def test_one_denominator_is_one_number_in_every_kpi():
    """VM28: 10 % for denominators in the consistency check."""
    codes = ("EC: ICT: ICT: 1C", "EC: I: WS: 1C", "EC: I: WS: 4C")
    same = {(code, ""): Entry(numerator=90, denominator=100) for code in codes}
    assert rules(same) == {}
    assert rules(same | {("EC: I: WA: 1C", ""): Entry(numerator=90, denominator=109)}) == {}
    assert rules(same | {("EC: I: WA: 1C", ""): Entry(numerator=90, denominator=111)}) == {
        ("EC: I: WA: 1C", ""): ["denominators_disagree"]
    }


@pytest.mark.parametrize(
    ("code", "entry", "expected"),
    [
        ("EC: ICT: ICT: 1C", Entry(value=100.5), ["over_100_percent"]),
        ("EC: ICT: ICT: 1C", Entry(value=-1), ["negative"]),
        ("EC: ICT: ICT: 1C", Entry(value=float("nan")), ["not_a_number"]),
        ("EC: ICT: ICT: 1C", Entry(numerator=11, denominator=10), ["over_100_percent", "numerator_above_denominator"]),
        ("EC: ICT: ICT: 1C", Entry(numerator=11, denominator=0), ["denominator_is_zero"]),
        ("EC: ICT: ICT: 1C", Entry(value=97, unit="households"), ["other_unit"]),
        ("EN: EN: WS: 2C", Entry(value=170, unit="litres / capita / day"), []),  # its unit is not confirmed
        ("SC: EH: ED: 2C", Entry(value=104), []),  # "may exceed 100 % when pupils come from outside the city" (VM118)
        ("SC: SH: SA: 3A", Entry(value=0.5), ["not_yes_or_no"]),
        ("EC: P: IN: 1C", Entry(value=5.2), ["unusually_high"]),  # VM56
        ("EC: I: WS: 5C", Entry(value=89), ["unusually_low"]),  # VM72
        ("EC: I: ES: 3C", Entry(value=89), ["unusually_low"]),  # VM77
        ("EN: EN: EQ: 1C", Entry(value=50), ["usually_all_or_nothing"]),  # VM107
        ("EN: EN: EQ: 1C", Entry(value=100), []),
        ("EC: I: T: 5A", Entry(value=0.9), ["under_its_least"]),
        ("EC: I: T: 5A", Entry(numerator=26, denominator=20), []),  # 1.30: VM82's example
    ],
)
def test_a_value_alone(code, entry, expected):
    assert rules({(code, ""): entry}).get((code, ""), []) == expected


def test_safe_water_does_not_exceed_basic_water():
    entries = {("EC: I: WS: 1C", ""): Entry(value=95), ("EC: I: WS: 2C", ""): Entry(value=97)}
    assert rules(entries) == {("EC: I: WS: 2C", ""): ["above_the_wider_kpi"]}


@pytest.mark.parametrize(("value", "asked"), [(150, False), (151, True), (50, False), (49, True)])
def test_a_jump_against_last_year_is_asked_about(value, asked):
    """Our own rule: it says so."""
    key = ("SC: SH: SA: 8C", "")
    found = check_values(CATALOGUE, {key: Entry(value=value)}, Known(last_year={key: 100}))
    assert [finding.rule for finding in found] == (["jump"] if asked else [])
    assert all(finding.source == "Bypuls: no rule of U4SSC" for finding in found)


@pytest.mark.parametrize(("missing", "asked"), [(18, False), (19, True)])
def test_more_than_a_fifth_unreported(missing, asked):
    """18 of 91 are 19.8 %, 19 are 20.9 %."""
    codes = list(CATALOGUE.kpis)[missing:]
    found = check_reporting(CATALOGUE, {next(CATALOGUE.of(code)).key for code in codes})
    assert [finding.rule for finding in found] == (["over_20_percent_unreported"] if asked else [])


def test_a_finding_speaks_both_languages():
    (finding,) = check_values(CATALOGUE, {("EC: P: IN: 2C", ""): Entry(numerator=6, denominator=2.11)}, KNOWN)
    assert finding.text["en"] == "the denominator 2.11 (population) differs by more than 5 % from 2"
    assert finding.text["nb"] == "nevneren 2,11 (folketall) avviker med over 5 % fra 2"
    assert finding.source == "U4SSC KPIs Verification Manual (2022) p.31"


def test_every_sentence_names_the_same_numbers_in_both_languages():
    import string

    for rule, (_, texts) in SENTENCES.items():
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
        assert names[0] == names[1], rule


def test_the_examples_in_the_module():
    assert doctest.testmod(sentences).failed == 0
