import numpy as np

from processors.buckets import FIVE_MINUTES, FOREVER_AGO, Buckets, Raw, added, by_bucket, in_order, keys_of

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


def test_what_stood_goes_on_to_the_last_bit_as_if_all_had_been_read():
    random = np.random.default_rng(3)
    count = 3000
    every = Raw(
        random.integers(1, 4, count),
        random.permutation(np.arange(count)) * (FIVE_MINUTES // 1000),  # three buckets
        random.lognormal(sigma=20, size=count) * random.choice([-1, 1], count),
        random.choice([1, 1, 1, 2], count),
        *(random.lognormal(sigma=5, size=count) for _ in range(3)),
    )
    wanted = keys_of(every.datastream, every.time // FIVE_MINUTES)
    cut = random.integers(1, FIVE_MINUTES, 4)  # a datastream's later readings, in each bucket
    later = every.time % FIVE_MINUTES >= cut[every.datastream]
    doubtful = (random.random(count) < 0.1) | ((every.datastream == 1) & ~later)  # of one all that stood
    flags = np.where(doubtful, 3, every.flag)

    def of(rows):
        columns = (every.datastream, every.time, every.value, flags, every.energy, every.sine, every.cosine)
        return Raw(*(column[rows] for column in columns))

    whole = by_bucket(wanted, of(np.full(count, True)))
    gone_on = by_bucket(wanted, of(later), by_bucket(wanted, of(~later)))
    assert len(gone_on) == 9
    for name in Buckets.__slots__:
        np.testing.assert_array_equal(getattr(gone_on, name), getattr(whole, name), err_msg=name)


def test_what_is_added_without_a_value_that_counts_is_counted():
    wanted = keys_of(np.array([1]), np.array([0]))
    stood = by_bucket(wanted, raw((1, 0, 3.0, 1), (1, MINUTE, 5.0, 2)))
    found = by_bucket(wanted, raw((1, 2 * MINUTE, 9.0, 3)), stood)
    assert (found.n_good.tolist(), found.n_not_evaluated.tolist(), found.n_suspect.tolist()) == ([1], [1], [1])
    assert (found.sum.tolist(), found.min.tolist(), found.max.tolist()) == ([8.0], [3.0], [5.0])
    assert (found.last.tolist(), found.last_time.tolist(), found.newest.tolist()) == ([5.0], [MINUTE], [2 * MINUTE])


def test_marks_of_one_bucket_say_together_what_was_added():
    anything = (1, 8, FOREVER_AGO, FOREVER_AGO)
    marks = [(2, 0, 5, 6), (1, 7, 90, 95), (2, 0, 2, 3), (1, 8, 100, 100), (1, 7, 80, 85), anything]
    found = added(*np.array(marks, np.int64).T)
    assert (found.keys.datastream.tolist(), found.keys.bucket.tolist()) == ([1, 2], [7, 0])
    assert (found.since.tolist(), found.until.tolist()) == ([80, 2], [95, 6])
    assert len(added(*np.empty((4, 0), np.int64))) == 0
