"""Hodges-Lehmann and signed ranks against published examples; how often nothing is taken for something."""

import random

import pytest

from bypuls.signed_rank import LEAST_PAIRS, MOST_DEPENDENCE, dependence, shift

# Iowa State University, Statistics 403 (W. R. Stephenson), "Membrane": permeability constants, Walsh averages.
MEMBRANE = [0.90, 1.13, 1.89, 1.14, 1.45, 1.38, 1.91, 1.64, 0.83, 1.46]
# The same course, "Walsh averages with ties": high temperatures of nine days of September.
DAYS = [31, 32, 20, 36, 23, 24, 27, 28, 30]
# Hollander and Wolfe (1973), section 3.1: Hamilton depression scale factor IV, the example of R's wilcox.test.
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
# Wilcoxon (1945), table II: heights of cross- less those of self-fertilized corn.
CORN = [14, 56, 60, 16, 6, 8, -48, 49, 24, 28, 29, 41, -67, 23, 75]
# stats.stackexchange.com/questions/613310: R's answer for pairs with ties (V = 181, p = 0.0005795, 2.18 to 4.35).
TIED = [3.93, 3.44, 21.79, 2.30, -0.40, 1.20, 2.88, 4.77, 6.78, 4.72, 1.95, 0.92, 3.59, -3.21, 3.71, 3.68, 5.43, 2.41]
TIED += [3.93]


def test_published_intervals():
    membrane = shift([value - 1.10 for value in MEMBRANE])
    assert membrane.value + 1.10 == pytest.approx(1.385)
    assert (membrane.low + 1.10, membrane.high + 1.10) == pytest.approx((1.13, 1.67))
    assert membrane.p == pytest.approx(0.038, abs=0.001)
    days = shift(DAYS, confidence=0.945)
    assert (days.value, days.low, days.high) == (28, 24, 31.5)


def test_published_tests():
    depression = shift([one - other for one, other in zip(BEFORE, AFTER, strict=True)])
    assert (depression.positive, depression.p, depression.exact) == (40, 0.0390625, True)
    corn = shift(CORN)
    assert (corn.positive, corn.p) == (96, pytest.approx(0.04126, abs=5e-6))


def test_ties_are_judged_as_r_does():
    tied = shift(TIED)
    assert (tied.positive, tied.exact) == (181, False)
    assert tied.p == pytest.approx(0.0005795, abs=5e-8)
    assert (tied.low, tied.high) == pytest.approx((2.18, 4.35))


def test_six_pairs_are_the_least_that_can_show_anything():
    # by hand: all of n signs alike have the share 2/2^n: 0.0625 of five, 0.03125 of six
    assert (shift([1.0, 2, 3, 4, 5]).low, shift([1.0, 2, 3, 4, 5]).p) == (None, 0.0625)
    six = shift([1.0, 2, 3, 4, 5, 6])
    assert (LEAST_PAIRS, six.low, six.high, six.p) == (6, 1, 6, 0.03125)


def test_no_difference_is_no_shift():
    nothing = shift([0.0] * 12)
    assert (nothing.value, nothing.low, nothing.high, nothing.p) == (0, 0, 0, 1)
    half = shift([0.0] * 6 + [1.0] * 6)
    assert half.p == shift([1.0] * 6).p  # zeros say nothing of a direction: six pairs are left
    assert (half.value, half.low, half.high) == (0.5, 0, 1)  # and lie in the interval


def test_how_much_neighbours_depend():
    values = [(1, 1.0), (2, 1.0), (3, 3.0), (4, 3.0)]
    # by hand: deviations -1 -1 1 1: products 1, -1, 1; spread 4; r1 = 1/4, free of bias 1/4 + (1 + 3/4) / 4 = 0.6875
    assert dependence(values) == pytest.approx(0.6875)
    assert dependence([(at, float((-1) ** at)) for at in range(12)]) == 0
    assert dependence([(at, 5.0) for at in range(12)]) == 0
    assert dependence([(at, float(at)) for at in range(24)]) == MOST_DEPENDENCE
    # months that are no neighbours say nothing of each other
    assert dependence([(at * 2, float(at)) for at in range(24)]) == 0


def test_dependent_months_widen_the_interval_or_leave_none():
    alone, together = shift(CORN), shift(CORN, dependence=0.3)
    assert together.low < alone.low < alone.high < together.high
    assert (alone.p, together.p) == (pytest.approx(0.04126, abs=5e-6), None)  # the test knows nothing of neighbours
    assert (shift(CORN, dependence=0.9).low, shift(CORN, dependence=0.9).high) == (-67, 75)  # as far as they reach
    assert shift(CORN[:11], dependence=0.9).low is None


def following(rng, n, carried):
    value, found = rng.gauss(0, 1), []
    for _ in range(n):
        found.append(value)
        value = carried * value + (1 - carried**2) ** 0.5 * rng.gauss(0, 1)
    return found


@pytest.mark.parametrize(("carried", "most"), [(0.0, 0.05), (0.4, 0.10)])
def test_nothing_is_rarely_taken_for_something(carried, most):
    """The share of years without any change that look changed; without the widening it is 17 % at 0.4."""
    rng, years, shown = random.Random(7), 600, 0
    for _ in range(years):
        values = following(rng, 12, carried)
        found = shift(values, dependence=dependence(list(enumerate(values))))
        shown += found.low is not None and not found.low <= 0 <= found.high
    assert shown / years <= most
