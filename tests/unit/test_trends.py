"""Trends against published examples; each expectation names where it was published."""

import pytest

from bypuls.trends import (
    LEAST,
    mann_kendall,
    seasonal_mann_kendall,
    seasonal_theil_sen,
    seasonal_trend,
    theil_sen,
    trend,
)

# J. B. Little, College of the Holy Cross, "A Mann-Kendall Example (By Hand)": MannKendallByHand.txt
BY_HAND = [12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7]

# P. K. Sen (1968), Estimates of the regression coefficient based on Kendall's tau, his example.
SEN = list(zip([1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78], strict=True))


def test_the_example_by_hand_with_a_tie():
    found = mann_kendall(BY_HAND)
    assert (found.n, found.s) == (14, 54)
    assert found.variance == pytest.approx(14 * 13 * 33 / 18 - 2 * 1 * 9 / 18)
    assert found.z == pytest.approx(2.9058, abs=5e-5)
    assert found.p / 2 == pytest.approx(0.0018, abs=5e-5)  # the example's p is one-sided
    assert not found.exact
    # scipy 1.17.1, stats.kendalltau(range(14), values): tau-b 0.59669
    assert found.tau == pytest.approx(0.5966941897186163)


def test_the_same_values_backwards_fall_as_they_rose():
    there, back = mann_kendall(BY_HAND), mann_kendall(BY_HAND[::-1])
    assert (back.s, back.z, back.p) == (-there.s, -there.z, there.p)


@pytest.mark.parametrize(
    ("n", "s", "one_sided"),
    [
        # Gilbert (1987), table A18 (after Kendall 1975): probability of S or more by chance.
        (4, 6, 0.042),
        (5, 8, 0.042),
        (5, 10, 0.0083),
        (6, 11, 0.028),
        (7, 13, 0.035),
        (8, 16, 0.031),
        (9, 20, 0.022),
        (10, 21, 0.036),
        (10, 45, 0.00000028),
    ],
)
def test_few_values_have_their_exact_probability(n, s, one_sided):
    found = mann_kendall(_with_score(n, s))
    assert (found.s, found.exact) == (s, True)
    assert found.p / 2 == pytest.approx(one_sided, rel=0.03)


def _with_score(n, s):
    """An order of 1 to n with that score: the falling pairs are made one after the other from the end."""
    falling, values = (n * (n - 1) // 2 - s) // 2, []
    left = list(range(1, n + 1))
    while left:
        step = min(falling, len(left) - 1)
        values.append(left.pop(step))
        falling -= step
    return values


def test_sens_own_example():
    # R's deming 1.4 tests the same: slope 4, limits 26/7 and 35/8 at 93 %; intercept as median of y - 4 t.
    found = theil_sen(SEN, 0.93)
    assert found.slope == 4
    assert found.low == pytest.approx(26 / 7)
    assert found.high == pytest.approx(35 / 8)
    assert found.intercept == 6
    assert found.at(10) == 46


def test_the_slope_of_the_example_by_hand():
    # scipy 1.17.1, stats.theilslopes(values, range(14), 0.95): 0.566667, interval 0.325 to 0.866667
    found = theil_sen(list(enumerate(BY_HAND)))
    assert found.slope == pytest.approx(0.566666666667)
    # rounded outwards, so it holds the rounded one
    assert 0.28 < found.low <= 0.325
    assert 0.866666 <= found.high < 0.92


def test_one_wild_year_does_not_turn_the_line():
    steady = [(year, 10.0 + year) for year in range(9)]
    wild = [*steady[:4], (4, 900.0), *steady[5:]]
    assert theil_sen(wild).slope == pytest.approx(1, abs=0.01)


def test_gaps_count_as_the_time_they_took():
    assert theil_sen([(2010, 30), (2011, 28), (2015, 20), (2016, 18), (2020, 10)]).slope == -2


def test_equal_values_have_no_trend():
    found = trend([(year, 7.0) for year in range(2010, 2020)])
    assert (found.test.s, found.test.p, found.test.tau) == (0, 1.0, None)
    assert (found.line.slope, found.line.low, found.line.high) == (0, 0, 0)


def test_fewer_than_five_values_are_no_trend():
    years = [(year, float(year)) for year in range(2020, 2020 + LEAST)]
    assert trend(years[:-1]) is None
    assert trend(years).test.p == pytest.approx(2 / 120)
    assert (trend(years).line.low, trend(years).line.high) == (1, 1)
    # why five: with four not even an unbroken rise is significant
    assert mann_kendall([1, 2, 3, 4]).p > 0.05


# Nottingham Castle, mean monthly air temperature 1920-1939, °F (Anderson 1976; R's data set nottem).
NOTTEM = """
40.6 40.8 44.4 46.7 54.1 58.5 57.7 56.4 54.3 50.5 42.9 39.8 44.2 39.8 45.1 47.0 54.1 58.7 66.3 59.9 57.0 54.2 39.7 42.8
37.5 38.7 39.5 42.1 55.7 57.8 56.8 54.3 54.3 47.1 41.8 41.7 41.8 40.1 42.9 45.8 49.2 52.7 64.2 59.6 54.4 49.2 36.3 37.6
39.3 37.5 38.3 45.5 53.2 57.7 60.8 58.2 56.4 49.8 44.4 43.6 40.0 40.5 40.8 45.1 53.8 59.4 63.5 61.0 53.0 50.0 38.1 36.3
39.2 43.4 43.4 48.9 50.6 56.8 62.5 62.0 57.5 46.7 41.6 39.8 39.4 38.5 45.3 47.1 51.7 55.0 60.4 60.5 54.7 50.3 42.3 35.2
40.8 41.1 42.8 47.3 50.9 56.4 62.2 60.5 55.4 50.2 43.0 37.3 34.8 31.3 41.0 43.9 53.1 56.9 62.5 60.3 59.8 49.2 42.9 41.9
41.6 37.1 41.2 46.9 51.2 60.4 60.1 61.6 57.0 50.9 43.0 38.8 37.1 38.4 38.4 46.5 53.5 58.4 60.6 58.2 53.8 46.6 45.5 40.6
42.4 38.4 40.3 44.6 50.9 57.0 62.1 63.5 56.3 47.3 43.6 41.8 36.2 39.3 44.5 48.7 54.2 60.8 65.5 64.9 60.1 50.2 42.1 35.8
39.4 38.2 40.4 46.9 53.4 59.6 66.5 60.4 59.2 51.2 42.8 45.8 40.0 42.6 43.5 47.1 50.0 60.5 64.6 64.0 56.8 48.6 44.2 36.4
37.3 35.0 44.0 43.9 52.7 58.6 60.0 61.1 58.1 49.6 41.6 41.3 40.8 41.0 38.4 47.4 54.1 58.6 61.4 61.8 56.3 50.9 41.4 37.1
42.1 41.2 47.3 46.6 52.4 59.0 59.6 60.4 57.0 50.7 47.8 39.2 39.4 40.9 42.4 47.8 52.4 58.0 60.7 61.8 58.2 46.7 46.6 37.8
"""


def test_seasons_are_compared_with_their_like():
    values = [float(text) for text in NOTTEM.split()]
    assert len(values) == 240
    found = seasonal_mann_kendall([values[month::12] for month in range(12)])
    # scipy 1.17.1, stats.mstats.kendalltau_seasonal: 'global p-value (indep)'; sen_seasonal_slopes: inter_slope
    assert found.p == pytest.approx(0.036448181572619844)
    assert found.n == 240
    line = seasonal_theil_sen([list(enumerate(values[month::12])) for month in range(12)])
    assert line.slope == pytest.approx(0.05)
    assert line.low <= 0.05 <= line.high


def test_a_season_does_not_hide_a_steady_rise():
    """Winter is far above summer; every month rises by 0.5 a year."""
    seasons = [
        [(year + month / 12, 100 * (month in (0, 1, 11)) + 0.5 * year) for year in range(6)] for month in range(12)
    ]
    found = seasonal_trend(seasons)
    assert found.line.slope == pytest.approx(0.5)
    assert found.test.p < 1e-6
    assert seasonal_theil_sen(seasons).low == pytest.approx(0.5)
    # All months in one series say less: half of its pairs only tell winter from summer.
    assert mann_kendall([value for _, value in sorted(point for one in seasons for point in one)]).tau < 0.6
    assert found.test.tau == 1


def test_seasons_of_four_years_are_too_few():
    assert seasonal_trend([[(year, float(year)) for year in range(4)] for _ in range(12)]) is None
