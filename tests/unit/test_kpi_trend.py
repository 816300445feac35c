"""Which values a trend rests on, and when there is none: each refusal has its case."""

import doctest
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bypuls import kpi_trend, method, plan, targets, trends
from bypuls.kpi_trend import REFUSALS, SENTENCES, trend_of
from bypuls.kpi_value import KpiValue

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def year(number, value, /, **changes):
    made = KpiValue(
        "oslo", "air.no2.mean", "city", "oslo", "P1Y", datetime(number, 1, 1, tzinfo=UTC),
        datetime(number + 1, 1, 1, tzinfo=UTC), value, "ug/m3", coverage=0.9, classes=frozenset({"reference"}),
        version="sha256:a", method="sha256:m",
    )  # fmt: skip
    return replace(made, **changes)


def month(number, of, value):
    following = datetime(number + of // 12, of % 12 + 1, 1, tzinfo=UTC)
    return year(number, value, period="P1M", start=datetime(number, of, 1, tzinfo=UTC), ends=following)


FALLING = [year(2015 + n, 40.0 - 2 * n) for n in range(8)]


def test_a_fall_is_better_where_less_is_better():
    found = trend_of(FALLING, "lower_is_better", NOW)
    assert (found.verdict, found.better, found.trend.line.slope) == ("falling", True, -2)
    assert trend_of(FALLING, "higher_is_better", NOW).better is False
    assert trend_of(FALLING, "neutral", NOW).better is None


def test_the_order_given_does_not_matter():
    assert trend_of(FALLING[::-1], "neutral", NOW) == trend_of(FALLING, "neutral", NOW)


def test_ups_and_downs_show_no_trend_and_are_not_refused():
    found = trend_of([year(2015 + n, 30.0 + n % 2) for n in range(8)], "lower_is_better", NOW)
    assert (found.verdict, found.refusal, found.better) == ("none", None, None)


def test_what_does_not_count_is_left_out_and_named():
    odd = [
        year(2023, 99.0, quality="insufficient"),
        year(2024, None),
        year(2025, 99.0, status="provisional"),
        year(2026, 99.0),
    ]
    found = trend_of([*FALLING, *odd], "lower_is_better", NOW)
    assert found.trend == trend_of(FALLING, "lower_is_better", NOW).trend
    assert [(one.label, why) for one, why in found.left_out] == [
        ("2023", "insufficient"),
        ("2024", "no_value"),
        ("2025", "provisional"),
        ("2026", "provisional"),
    ]


@pytest.mark.parametrize(
    ("values", "options", "refusal", "changes"),
    [
        ([], {}, "too_few", ()),
        (FALLING[:4], {}, "too_few", ()),
        ([replace(one, period="P1D") for one in FALLING], {}, "period_too_short", ()),
        (FALLING, {"overlapping": True}, "overlapping", ()),
        ([*FALLING[:5], *(replace(one, unit="ppb") for one in FALLING[5:])], {}, "unit_changed", ("2020",)),
        (
            [*FALLING[:5], *(replace(one, version="sha256:b", method="sha256:n") for one in FALLING[5:])],
            {},
            "definition_changed",
            ("2020",),
        ),
        (
            [*FALLING[:3], replace(FALLING[3], classes=frozenset({"indicative"})), *FALLING[4:]],
            {},
            "class_changed",
            ("2018", "2019"),
        ),
        ([*FALLING[:7], replace(FALLING[7], origins=frozenset({"simulated"}))], {}, "origin_changed", ("2022",)),
    ],
)
def test_refusals(values, options, refusal, changes):
    found = trend_of(values, "lower_is_better", NOW, **options)
    assert (found.verdict, found.refusal, found.changes, found.trend) == ("refused", refusal, changes, None)
    assert set(found.sentence) == {"en", "nb"}


def test_other_texts_and_equivalent_instruments_are_no_change():
    values = [
        *FALLING[:5],
        *(replace(one, version="sha256:b", classes=frozenset({"equivalent"})) for one in FALLING[5:]),
    ]
    assert trend_of(values, "lower_is_better", NOW).verdict == "falling"


def test_months_are_compared_with_their_like():
    months = [month(2018 + n, of, 10.0 * of - 0.5 * n) for n in range(6) for of in range(1, 13)]
    found = trend_of(months, "lower_is_better", NOW)
    assert (found.verdict, found.trend.seasonal) == ("falling", True)
    assert found.trend.line.slope == pytest.approx(-0.5)
    assert trend_of(months[:48], "lower_is_better", NOW).refusal == "too_few"


@pytest.mark.parametrize("module", [kpi_trend, method, plan, targets, trends])
def test_examples_in_the_modules_hold(module):
    assert doctest.testmod(module).failed == 0


def test_every_refusal_has_its_sentence_in_both_languages():
    assert set(SENTENCES) == set(REFUSALS)
    assert all(set(texts) == {"en", "nb"} for texts in SENTENCES.values())
