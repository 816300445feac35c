"""Points, bands and sums, against the worked examples of the Verification Report Kristiansund (2020) p.12."""

import doctest

import pytest

from bypuls.u4ssc import scoring
from bypuls.u4ssc.scoring import band_of, percent_of_target, points_of, score_of, value_of


def test_the_reports_first_example():
    """1 + 3 + 4 + 1 = 9 of 16 = 56.25 %: band 33-66 %."""
    score = score_of([1, 3, 4, 1])
    assert (score.points, score.possible, score.percent, score.band) == (9, 16, 56.25, "33_66")


def test_the_reports_second_example():
    """3 + 4 + 2 = 9 of 12 = 75 %: band 66-95 %."""
    score = score_of([3, 4, 2])
    assert (score.points, score.possible, score.percent, score.band) == (9, 12, 75.0, "66_95")


def test_what_is_not_reported_or_has_no_benchmark_counts_in_neither_sum():
    assert score_of([3, None, 4, 2, None]) == score_of([3, 4, 2])
    empty = score_of([None, None])
    assert (empty.points, empty.possible, empty.percent, empty.band) == (0, 0, None, None)


def test_a_group_cannot_fall_below_a_quarter():
    """Every scored data point has at least one of four points, so 25 % is the least; that is the lowest band."""
    assert (score_of([1, 1, 1]).percent, score_of([1, 1, 1]).band) == (25.0, "lt_33")


@pytest.mark.parametrize(
    ("percent", "band", "points"),
    [
        (-40, "lt_33", 1),
        (0, "lt_33", 1),
        (32.999, "lt_33", 1),
        (33, "33_66", 2),
        (65.999, "33_66", 2),
        (66, "66_95", 3),
        (94.999, "66_95", 3),
        (95, "gte_95", 4),
        (180, "gte_95", 4),
    ],
)
def test_bands_and_their_edges(percent, band, points):
    """Points by band: 1, 2, 3, 4; an edge is of the upper band, as in the NTNU tool (>= 95, >= 66, >= 33)."""
    assert (band_of(percent), points_of(band)) == (band, points)


@pytest.mark.parametrize(
    ("value", "start", "target", "percent"),
    [
        (80, 0, 100, 80),  # more is better
        (12.5, 25, 0, 50),  # less is better: from 25 down to 0
        (25, 25, 5, 0),
        (5, 25, 5, 100),
        (4, 25, 5, 105),  # beyond the target
        (30, 25, 5, -25),  # worse than the start
        (1.2, 2.5, 1.5, 130),
    ],
)
def test_percent_of_target_in_both_directions(value, start, target, percent):
    assert percent_of_target(value, start, target) == pytest.approx(percent)


def test_an_edge_is_met_though_floats_miss_it():
    for edge, band in ((33, "33_66"), (66, "66_95"), (95, "gte_95")):
        for start, target in ((0, 1), (25, 5), (0.1, 0.7), (1.3, 0.3), (9032.14, 4000)):
            value = start + (target - start) * edge / 100
            assert band_of(percent_of_target(value, start, target)) == band


def test_a_value_from_what_the_template_asks_for():
    """Per 100 000: the denominator is population / 100 000 (Verification Manual 2022 p.31), so the multiplier is 1."""
    assert value_of(3, 24_274 / 100_000, 1) == pytest.approx(12.3589, abs=1e-4)
    assert value_of(485, 500, 100) == 97
    assert value_of(1, 0, 100) is None
    assert value_of(None, 5, 100) is None
    assert value_of(1e308, 1e-308, 100) is None


def test_the_examples_in_the_module():
    assert doctest.testmod(scoring).failed == 0
