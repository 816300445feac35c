import numpy as np

from processors.buckets import FIVE_MINUTES, Raw, by_bucket, in_order, keys_of

NOTHING = np.empty(0)
MINUTE = FIVE_MINUTES // 5


def raw(*readings):
    """Readings are (datastream, microseconds since 2000, value, flag)."""
    streams, times, values, flags = (np.array(column) for column in zip(*readings, strict=True))
    return Raw(streams, times, values.astype(float), flags, NOTHING, NOTHING, NOTHING)


def test_sums_are_added_in_the_order_of_time_to_the_last_bit():
    random = np.random.default_rng(7)
    values = random.lognormal(sigma=20, size=2000)
    first = np.concatenate([[0], np.sort(random.choice(np.arange(1, 2000), 60, replace=False))])
    total = []
    for part in np.split(values, first[1:]):
        added = 0.0
        for value in part.tolist():
            added += value
        total.append(added)
    assert in_order(values, first).tolist() == total


def test_whatever_order_readings_come_in_each_bucket_has_its_own():
    wanted = keys_of(np.array([2, 1, 1, 1]), np.array([0, 7, 0, 0]))
    found = by_bucket(
        wanted,
        raw(
            (2, 4 * MINUTE, 8.0, 1),
            (1, 2 * MINUTE, 3.0, 2),
            (1, 1 * MINUTE, 5.0, 1),
            (1, 5 * MINUTE, 99.0, 1),  # of the next bucket, which nobody wants
            (1, 36 * MINUTE, 1e101, 1),
            (1, 37 * MINUTE, float("nan"), 2),
            (1, 38 * MINUTE, 4.0, 3),
        ),
    )
    assert found.datastream.tolist() == [1, 1, 2]
    assert found.bucket.tolist() == [0, 7 * FIVE_MINUTES, 0]
    assert found.n_good.tolist() == [1, 0, 1]
    assert found.n_not_evaluated.tolist() == [1, 0, 0]
    assert found.n_suspect.tolist() == [0, 1, 0]
    assert found.n_fail.tolist() == [0, 2, 0]
    np.testing.assert_array_equal(found.sum, [8.0, np.nan, 8.0])
    np.testing.assert_array_equal(found.first, [5.0, np.nan, 8.0])
    np.testing.assert_array_equal(found.last, [3.0, np.nan, 8.0])
    assert found.first_time.tolist()[0] == MINUTE
    assert found.last_time.tolist()[0] == 2 * MINUTE


def test_before_2000_buckets_are_of_their_datastream():
    found = by_bucket(keys_of(np.array([1, 2]), np.array([-3, -3])), raw((2, -2 * FIVE_MINUTES - 1, 6.0, 1)))
    assert (found.datastream.tolist(), found.bucket.tolist()) == ([2], [-3 * FIVE_MINUTES])


def test_much_is_cut_by_time_and_what_lies_near_is_read_together():
    keys = keys_of(np.repeat([1, 2], 4), np.tile([0, 1, 2, 30], 2))
    assert [piece.bucket.tolist() for piece in keys.pieces(4)] == [[0, 1, 0, 1], [2, 30, 2, 30]]
    assert [column.tolist() for column in keys.spans(12)] == [[1, 1, 2, 2], [0, 30, 0, 30], [3, 31, 3, 31]]
