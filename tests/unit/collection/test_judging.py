"""What becomes of what is said: results from their parts, the city's denominators, units, contradictions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bypuls.collection.judging import forbids, judge, questions
from bypuls.collection.said import Said
from bypuls.storage.reported_values import Reported
from bypuls.u4ssc.catalogue import load_catalogue

CATALOGUE = load_catalogue()
FACTS = {"population": 212_660.0, "households": 101_234.0}


def said(code, data_point="", **stated):
    numbers = {name: Decimal(str(stated.pop(name))) for name in ("value", "numerator", "denominator") if name in stated}
    return Said(point=CATALOGUE.point(code, data_point), given=frozenset(stated), **numbers, **stated)


def value_of(*args, facts=FACTS, **stated):
    judged = judge(said(*args, **stated), facts, None)
    assert judged.wrong == []
    return judged.reported.value


@pytest.mark.parametrize(
    ("code", "stated", "value"),
    [
        # Karmøy 2020 reported 27.27 % smart water meters: 3 of 11 in the proportion that gives it.
        ("EC: ICT: WS: 1C", {"numerator": 3, "denominator": 11}, pytest.approx(27.27, abs=0.005)),
        # VM31, VM129: "per 100 000" is a division by population / 100 000; here 3 deaths among 212 660.
        ("SC: SH: SA: 9C", {"numerator": 3}, pytest.approx(3 / 2.1266)),
        ("EN: E: E: 2C", {"numerator": 2_126_600_000}, pytest.approx(10_000)),
        ("EC: ICT: ICT: 5C", {"numerator": 78}, 78),
        ("EC: ICT: PS: 1A/number", {"numerator": 268}, 268),  # Stavanger 2021: 268 datasets, 100 %
        ("EC: ICT: PS: 1A/percent", {"numerator": 268, "denominator": 268}, 100),
        ("EN: E: E: 3C", {"value": 5, "unit": "MWh / innbygger / år"}, pytest.approx(18)),  # 1 MWh = 3.6 GJ
    ],
)
def test_a_value_follows_from_what_is_said(code, stated, value):
    code, _, data_point = code.partition("/")
    assert value_of(code, data_point, **stated) == value


@pytest.mark.parametrize(
    ("typed", "agrees"),
    [("27.27", True), ("27.3", True), ("27", True), ("27.2", True), ("26.9", False), ("0.2727", False)],
)
def test_a_typed_result_may_be_rounded_and_no_more(typed, agrees):
    judged = judge(said("EC: ICT: WS: 1C", value=typed, numerator=3, denominator=11), {}, None)
    assert bool(judged.reported) is agrees
    if agrees:
        assert judged.reported.value == 3 / 11 * 100


VERIFIED = Reported(code="EC: ICT: ICT: 1C", value=97.0, unit="%", verified="yes", comment="as seen")


@pytest.mark.parametrize(
    ("stated", "verified", "asked"),
    [
        ({"value": 97, "comment": "other"}, "yes", False),
        ({"value": 98}, "unknown", False),
        ({"numerator": 97, "denominator": 100}, "unknown", False),
        ({"not_reported": True}, "unknown", False),
        ({"value": 98, "verified": "no"}, "no", False),
        ({"value": 98, "verified": "yes"}, "yes", True),  # an exported file has it, and its number was changed
        ({"value": 97, "verified": "yes"}, "yes", False),
    ],
)
def test_a_verifiers_word_does_not_pass_to_another_number(stated, verified, asked):
    judged = judge(said("EC: ICT: ICT: 1C", **stated), {}, VERIFIED)
    assert judged.reported.verified == verified
    assert any("verifier saw" in warning.what for warning in judged.warnings) is asked


def test_a_share_below_one_percent_is_asked_about():
    judged = judge(said("EC: ICT: ICT: 1C", value=0.97), FACTS, None)
    assert judged.reported.value == 0.97
    assert "if 97 % is meant" in judged.warnings[0].what
    assert judge(said("EC: ICT: ICT: 1C", value=0.97, percent=True), FACTS, None).warnings == []


def test_a_spreadsheets_fifteen_digits_are_the_same_number():
    stored = Reported(code="EC: ICT: ICT: 1C", value=1 / 3, unit="%")
    assert judge(said("EC: ICT: ICT: 1C", value="0.333333333333333"), {}, stored).reported.value == 1 / 3
    assert judge(said("EC: ICT: ICT: 1C", value="0.33333333333"), {}, stored).reported.value != 1 / 3


def test_rules_about_several_values_refuse_no_single_one():
    shares = {"private": 80.0, "public": 50.0}
    values = {
        ("EC: I: T: 4A", mode): Reported(code="EC: I: T: 4A", data_point=mode, value=share, unit="%")
        for mode, share in shares.items()
    }
    (finding,) = [one for one in questions(CATALOGUE, values, {}, {}) if one.rule == "does_not_total"]
    assert not forbids(finding, {"EC: I: T: 4A"}, alone=True)
    assert forbids(finding, {"EC: I: T: 4A"}, alone=False)
    assert not forbids(finding, {"EN: EN: AQ: 1C"}, alone=False)
