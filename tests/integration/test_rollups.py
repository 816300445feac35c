from datetime import timedelta

import pytest

from bypuls.storage.database import connect
from processors.audit import check_rollups, repair
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.integration.processing import hours, utc

NOON = utc(2026, 3, 2, 12)
NOW = utc(2026, 3, 2, 18)
FIVE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def site(town):
    return town.site("elgeseter")


def roll_up(town, catalogue, now=NOW):
    rollups = Rollups(catalogue)
    while rollups.batch(town.connection, 1000, now):
        pass


def hour_of(town, datastream, columns, bucket=NOON):
    return town.one(f"SELECT {columns} FROM rollup_1h WHERE datastream = %s AND bucket = %s", (datastream, bucket))


def test_only_good_and_not_evaluated_values_are_summed_and_the_others_counted(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    town.store(stream, [(NOON, 10.0)], flag=1)
    town.store(stream, [(NOON + 10 * MINUTE, 20.0)], flag=2)
    town.store(stream, [(NOON + 20 * MINUTE, 900.0)], flag=3)
    town.store(stream, [(NOON + 30 * MINUTE, -5.0), (NOON + 31 * MINUTE, 1e300)], flag=4)
    roll_up(town, catalogue)
    found = hour_of(
        town,
        stream,
        "n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max, first, last, buckets, expected",
    )
    assert found == (1, 1, 1, 2, 30.0, 500.0, 10.0, 20.0, 10.0, 20.0, 2, 6)


def test_a_number_too_large_to_add_stops_nothing_and_counts_as_failed(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None)
    town.store(stream, [(NOON, 1e200), (NOON + MINUTE, float("inf")), (NOON + 2 * MINUTE, 7.0)], flag=2)
    roll_up(town, catalogue)
    assert hour_of(town, stream, "n_not_evaluated, n_fail, sum") == (1, 2, 7.0)


def test_a_number_too_small_to_square_stops_nothing(town, site, catalogue):
    stream = town.datastream(site, "wind_direction", interval=None)
    town.store(stream, [(NOON, 1e-200), (NOON + MINUTE, 5e-324)])
    roll_up(town, catalogue)
    assert hour_of(town, stream, "n_good, max") == (2, 1e-200)


def test_levels_and_directions_keep_what_recombines(town, site, catalogue):
    level = town.datastream(site, "sound_level_laeq", interval=None)
    direction = town.datastream(site, "wind_direction", interval=None)
    town.store(level, [(NOON, 60.0), (NOON + 30 * MINUTE, 70.0)])
    town.store(direction, [(NOON, 350.0), (NOON + 30 * MINUTE, 10.0)])
    roll_up(town, catalogue)
    assert hour_of(town, level, "energy_sum") == pytest.approx(1e6 + 1e7)
    sine, cosine = hour_of(town, direction, "sin_sum, cos_sum")
    assert sine == pytest.approx(0, abs=1e-12)
    assert cosine == pytest.approx(2 * 0.984807753)  # cos 10 degrees


def test_a_counters_rises_resets_and_gaps_are_told_apart(town, site, catalogue):
    stream = town.datastream(site, "vehicle_count_total", interval=None, expected_spacing="10 minutes")
    readings = [(0, 100), (10, 110), (20, 125), (30, 4), (55, 10)]  # at 30: began anew; 55: 25 minutes later, a gap
    town.store(stream, [(NOON + minute * MINUTE, float(value)) for minute, value in readings])
    roll_up(town, catalogue)
    assert hour_of(town, stream, "increase, resets, gap_increase, dropped") == (10 + 15 + 4 + 6, 1, 6, 0)
    assert hour_of(town, stream, "covered") == pytest.approx(55 / 60)


def test_a_bucket_whose_raw_rows_are_gone_stands(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(NOON, [5.0]))
    roll_up(town, catalogue)
    town.remove(stream, NOON)
    roll_up(town, catalogue)
    assert town.one("SELECT count(*), min(sum) FROM rollup_5m") == (1, 5.0)
    assert town.one("SELECT count(*), min(sum) FROM rollup_1h") == (1, 5.0)


def test_an_hour_that_had_stood_keeps_its_history_and_a_running_one_does_not(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None)
    town.store(stream, [(NOON, 5.0)])
    roll_up(town, catalogue, NOON + 5 * MINUTE)
    town.store(stream, [(NOON + 20 * MINUTE, 7.0)])
    roll_up(town, catalogue, NOON + 25 * MINUTE)  # the hour is not over
    assert town.all("SELECT sum FROM rollup_1h_history") == []
    town.store(stream, [(NOON + 40 * MINUTE, 9.0)])
    roll_up(town, catalogue, NOON + 75 * MINUTE)  # 15 minutes after its end
    assert town.all("SELECT sum FROM rollup_1h_history") == [(12.0,)]
    town.store(stream, [(NOON + 40 * MINUTE, 9.0)])  # nothing new
    roll_up(town, catalogue, NOON + 300 * MINUTE)
    assert town.one("SELECT count(*) FROM rollup_1h_history") == 1


def test_nothing_is_lost_when_ingest_commits_between_the_workers_read_and_its_commit(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None)
    town.store(stream, [(NOON, 1.0)])
    rollups = Rollups(catalogue)

    class Interleaved(Rollups):
        def _queue_values(self, connection, now):
            # The worker has claimed and read; now ingest stores into the same bucket and commits.
            with connect(town.url, autocommit=True) as ingest:
                town.store(stream, [(NOON + MINUTE, 2.0)], connection=ingest)
            super()._queue_values(connection, now)

    assert Interleaved(catalogue).batch(town.connection, 1000, NOW) == 1
    assert hour_of(town, stream, "sum") == 1.0
    assert rollups.batch(town.connection, 1000, NOW) == 1
    assert hour_of(town, stream, "sum") == 3.0
    assert check_rollups(town.connection, NOON, NOW) == []


def test_two_workers_never_work_on_one_datastream_at_once(town, site, catalogue):
    stream, other = town.datastream(site, "pm10", interval=None), town.datastream(site, "pm25", interval=None)
    town.store(other, [(NOON - MINUTE, 1.0)])
    roll_up(town, catalogue)  # the chunk exists: making one keeps others out until the commit
    town.store(stream, [(NOON + step * MINUTE, float(step)) for step in range(30)])
    town.store(other, [(NOON, 1.0)])
    taken = []

    class Watched(Rollups):
        def _queue_values(self, connection, now):
            with connect(town.url, autocommit=True) as second:
                taken.append(Rollups(catalogue).batch(second, 1000, now))
            super()._queue_values(connection, now)

    first = Watched(catalogue)
    while first.batch(town.connection, 7, NOW):
        pass
    # A lane that the first holds gives the second nothing; the other datastream's lane is free for whoever comes.
    assert sum(taken) <= 1
    assert hour_of(town, stream, "sum, n_good") == (sum(range(30)), 30)
    assert check_rollups(town.connection, NOON, NOW) == []


def test_a_batch_that_dies_leaves_the_queue_as_it_was(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(NOON, [5.0]))

    class Dying(Rollups):
        def _queue_values(self, *_):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Dying(catalogue).batch(town.connection, 1000, NOW)
    assert town.one("SELECT count(*) FROM changed_bucket") == 1
    roll_up(town, catalogue)
    assert hour_of(town, stream, "sum") == 5.0
    assert town.one("SELECT count(*) FROM changed_bucket") == 0


def test_the_audit_finds_what_does_not_equal_the_raw_data_and_has_it_repaired(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(NOON, [5.0, 6.0]))
    roll_up(town, catalogue)
    assert check_rollups(town.connection, NOON, NOW) == []
    town.connection.execute("UPDATE rollup_5m SET sum = 50 WHERE bucket = %s", (NOON,))
    town.connection.execute("DELETE FROM rollup_1h WHERE bucket = %s", (NOON + timedelta(hours=1),))
    found = check_rollups(town.connection, NOON, NOW)
    assert {(one.table, one.bucket) for one in found} == {
        ("rollup_5m", NOON), ("rollup_1h", NOON), ("rollup_1h", NOON + timedelta(hours=1)),
    }  # fmt: skip
    repair(town.connection, found)
    roll_up(town, catalogue)
    assert check_rollups(town.connection, NOON, NOW) == []


def test_late_data_of_years_ago_finds_its_partition(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(utc(2003, 8, 20, 5), [5.0]) + hours(NOON, [6.0]))
    roll_up(town, catalogue)
    assert town.one("SELECT count(*) FROM rollup_1h") == 2


def test_changed_hours_queue_each_value_that_rests_on_them_once(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(NOON, [5.0, 6.0]))
    roll_up(town, catalogue)
    queued = town.all(
        "SELECT period, start, count(*) FROM kpi_due WHERE kpi = 'air.pm10.mean' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert queued == [
        ("P1D", utc(2026, 3, 1, 23), 1),
        ("P1M", utc(2026, 2, 28, 23), 1),
        ("P1Y", utc(2025, 12, 31, 23), 1),
        ("PT1H", NOON, 1),
        ("PT1H", NOON + timedelta(hours=1), 1),
    ]
