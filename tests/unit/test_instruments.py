"""Several instruments at one site. Expected means are those of pandas, expected classes are written down by hand."""

import numpy as np
import pandas as pd
import pytest

from processors.instruments import Duplicates, Readings, best_class

HOUR = 3600


def readings(*rows):
    """Rows are (site, property, hour, valid)."""
    site, name, hour, valid = zip(*rows, strict=True)
    return Readings(np.array(site), np.array(name), np.array(hour) * HOUR, np.array(valid, dtype=bool))


def test_the_mean_of_instruments_is_that_of_pandas_to_the_last_bit():
    random = np.random.default_rng(7)
    count = 5000
    key = pd.DataFrame({"site": random.integers(0, 5, count), "name": random.integers(0, 3, count),
                        "hour": random.integers(0, 40, count)})  # fmt: skip
    numbers = np.where(random.random(count) < 0.2, np.nan, random.normal(1e3, 1e6, count))
    same = Duplicates.of(
        Readings(key["site"].to_numpy(), key["name"].to_numpy(), key["hour"].to_numpy() * HOUR, np.ones(count, bool))
    )
    expected = key.assign(number=numbers).groupby(["site", "name", "hour"])["number"].mean().to_numpy()
    np.testing.assert_array_equal(same.mean(numbers[same.rows]), expected)


def test_hours_that_are_not_valid_count_only_where_none_is():
    same = Duplicates.of(readings((0, 0, 1, True), (0, 0, 2, False), (0, 0, 1, False), (0, 0, 2, False)))
    assert same.mean(np.array([3.0, 10.0, 99.0, 20.0])[same.rows]).tolist() == [3.0, 15.0]


@pytest.mark.parametrize(
    ("needed", "kept"),
    [
        pytest.param(2, [True, True, False, False, False], id="the better one has enough hours"),
        pytest.param(3, [False, False, True, True, True], id="only the other has enough hours"),
        pytest.param(4, [True, True, False, False, False], id="none has enough hours"),
    ],
)
def test_one_class_of_instruments_counts_in_a_window(needed, kept):
    rows = readings(*((0, 0, hour, True) for hour in (0, 1)), *((0, 0, hour, True) for hour in (0, 1, 2)))
    rank = np.array([0, 0, 11, 11, 11])
    assert best_class(rows, np.zeros(5, dtype=np.int64), rank, needed).tolist() == kept


def test_a_class_without_a_valid_hour_stands_behind_one_that_has_some():
    rows = readings((0, 0, 0, False), (0, 0, 0, True))
    assert best_class(rows, np.zeros(2, dtype=np.int64), np.array([0, 11]), 5).tolist() == [False, True]
