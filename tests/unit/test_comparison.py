"""Comparison: what differs is refused, each difference with its own reason; ranks among comparable values only."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bypuls.comparison import CODES, COVERAGE_APART, SENTENCES, compare, obstacles
from bypuls.kpi_value import KpiValue


def value(city, number, year=2024, **changes):
    made = KpiValue(
        city, "air.no2.mean", "city", city, "P1Y",
        datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), number, "ug/m3",
        coverage=0.95, classes=frozenset({"reference"}), version="sha256:a", method="sha256:m",
    )  # fmt: skip
    return replace(made, **changes)


def codes(first, second, **options):
    return [one.code for one in obstacles(first, second, **options)]


def test_alike_in_everything_but_the_number_is_comparable():
    assert codes(value("oslo", 30.0), value("bergen", 28.0)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kpi": "air.pm10.mean"}, "indicator_differs"),
        ({"unit": "ppb"}, "unit_differs"),
        ({"period": "P1M"}, "period_differs"),
        ({"start": datetime(2023, 1, 1, tzinfo=UTC), "ends": datetime(2024, 1, 1, tzinfo=UTC)}, "time_differs"),
        ({"scope_kind": "district"}, "scope_differs"),
        ({"origins": frozenset({"simulated"})}, "simulated"),
        ({"origins": frozenset({"modelled"})}, "origin_differs"),
        ({"classes": frozenset({"indicative"})}, "class_differs"),
        ({"classes": frozenset({"reference", "indicative"})}, "class_differs"),
        ({"classes": frozenset()}, "class_differs"),
        ({"version": "sha256:b", "method": "sha256:n"}, "definition_differs"),
        ({"version": "sha256:b", "method": None}, "definition_differs"),
        ({"coverage": 0.8}, "coverage_differs"),
        ({"coverage": None}, "coverage_differs"),
        ({"quality": "insufficient", "reason": "low_coverage"}, "insufficient"),
        ({"quality": "undefined", "reason": "not_defined", "value": None}, "insufficient"),
        ({"status": "provisional"}, "provisional"),
    ],
)
def test_each_difference_is_refused_with_its_reason_from_both_sides(changes, code):
    plain, other = value("oslo", 30.0), replace(value("bergen", 28.0), **changes)
    for pair in ((plain, other), (other, plain)):
        found = obstacles(*pair)
        assert [one.code for one in found] == [code]
        assert set(found[0].text) == {"en", "nb"}
        assert "{" not in "".join(found[0].text.values())


def test_no_value_is_no_zero():
    assert codes(value("oslo", 30.0), value("bergen", None)) == ["no_value"]
    assert codes(value("oslo", 0.0), value("bergen", 1.0)) == []


def test_all_that_differs_is_said_not_the_first_alone():
    other = value("bergen", 28.0, unit="ppb", coverage=0.5, classes=frozenset({"unknown"}))
    assert codes(value("oslo", 30.0), other) == ["unit_differs", "class_differs", "coverage_differs"]


def test_reference_and_equivalent_count_the_same():
    assert codes(value("oslo", 30.0), value("bergen", 28.0, classes=frozenset({"equivalent"}))) == []


def test_another_version_that_computes_the_same_is_comparable():
    assert codes(value("oslo", 30.0), value("bergen", 28.0, version="sha256:b")) == []


def test_one_version_by_other_numbers_of_a_standard_is_refused_and_the_methods_are_named():
    first, second = value("oslo", 30.0, full_method="sha256:1"), value("bergen", 28.0, full_method="sha256:2")
    (found,) = obstacles(first, second)
    assert (found.code, found.text["en"]) == (
        "definition_differs", "they are not computed the same way: oslo by sha256:1, bergen by sha256:2",
    )  # fmt: skip
    assert codes(first, replace(second, full_method="sha256:1")) == []
    assert codes(first, replace(second, full_method="sha256:1", version="sha256:b", method="sha256:n")) == []
    assert codes(first, replace(second, full_method=None)) == []  # a file of before that does not say it


def test_coverage_may_lie_a_tenth_apart():
    assert codes(value("oslo", 30.0), value("bergen", 28.0, coverage=0.95 - COVERAGE_APART)) == []
    assert codes(value("oslo", 30.0), value("bergen", 28.0, coverage=0.95 - COVERAGE_APART - 0.001)) != []


def test_simulated_is_named_as_the_simulated_one_and_two_simulated_cities_are_alike():
    simulated, measured = value("fjordvik", 30.0, origins=frozenset({"simulated"})), value("oslo", 28.0)
    for pair in ((simulated, measured), (measured, simulated)):
        assert obstacles(*pair)[0].text["en"] == "fjordvik is simulated and oslo is not: the two are never compared"
    assert codes(simulated, replace(simulated, city="nabo", scope="nabo")) == []


def test_scopes_are_named_in_the_readers_language():
    text = obstacles(value("oslo", 30.0), value("bergen", 28.0, scope_kind="site", scope="danmarksplass"))[0].text
    assert text == {
        "en": "one is of a whole city, the other of a site",
        "nb": "den ene gjelder en hel by, den andre et målested",
    }


def test_a_city_is_compared_with_itself_over_time():
    before, after = value("oslo", 30.0, 2019), value("oslo", 25.0, 2024)
    assert codes(before, after) == ["time_differs"]
    assert codes(before, after, over_time=True) == []
    assert "oslo 2019" in obstacles(before, after)[0].text["nb"]


def test_ranks_are_best_first_and_equal_values_share_one():
    values = [value("a", 30.0), value("b", 20.0), value("c", 20.0), value("d", 40.0)]
    found = compare(values, "lower_is_better")
    assert [(values[one.index].city, one.rank) for one in found.groups[0]] == [("b", 1), ("c", 1), ("a", 3), ("d", 4)]
    assert [one.rank for one in compare(values, "neutral").groups[0]] == [None] * 4
    assert [values[one.index].city for one in compare(values, "higher_is_better").groups[0]] == ["d", "a", "b", "c"]


def test_there_is_no_table_across_what_is_not_comparable():
    box = frozenset({"indicative"})
    values = [
        value("a", 30.0), value("b", 5.0, classes=box), value("c", 20.0), value("d", 1.0, unit="ppb"),
        value("e", 6.0, classes=box),
    ]  # fmt: skip
    found = compare(values, "lower_is_better")
    assert [[(values[one.index].city, one.rank) for one in group] for group in found.groups] == [
        [("c", 1), ("a", 2)],
        [("b", 1), ("e", 2)],
    ]
    assert [values[index].city for index in found.alone] == ["d"]
    assert len(found.pairs) == 10


def test_a_chain_is_no_group():
    """a and b, b and c are a tenth apart, a and c two: only two of them are ranked."""
    values = [value("a", 1.0, coverage=1.0), value("b", 2.0, coverage=0.92), value("c", 3.0, coverage=0.84)]
    found = compare(values, "lower_is_better")
    assert [[values[one.index].city for one in group] for group in found.groups] == [["a", "b"]]
    assert [values[index].city for index in found.alone] == ["c"]


def test_one_value_alone_has_no_rank():
    found = compare([value("a", 1.0)], "lower_is_better")
    assert (found.pairs, found.groups, found.alone) == ((), (), (0,))


def test_every_code_has_its_sentence_in_both_languages():
    assert set(SENTENCES) == set(CODES)
    assert all(set(texts) == {"en", "nb"} for texts in SENTENCES.values())
