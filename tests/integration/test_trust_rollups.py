"""Calibrations, invalid periods and dropped raw data, in rollups; expected numbers are worked out by hand."""

from datetime import timedelta

import pytest

from processors.audit import check_rollups, repair
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.integration.processing import hours, utc

NOON = utc(2026, 3, 2, 12)
NOW = utc(2026, 3, 2, 18)
LATER = NOW + timedelta(days=100)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


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


def hour_of(town, stream, columns, bucket=NOON):
    return town.one(f"SELECT {columns} FROM rollup_1h WHERE datastream = %s AND bucket = %s", (stream, bucket))


def every_hour(town, stream):
    return town.all(
        """SELECT bucket, n_good, n_invalidated, sum, min, max, first, last, increase, gap_increase, covered, slope,
                  intercept FROM rollup_1h WHERE datastream = %s ORDER BY bucket""",
        (stream,),
    )


def mark_all(town, stream):
    """As the API marks what a calibration or an invalidation changes."""
    town.connection.execute(
        """INSERT INTO changed_bucket (datastream, bucket)
           SELECT datastream, bucket FROM rollup_5m WHERE datastream = %(s)s
           UNION SELECT datastream, bucket FROM rollup_1h WHERE datastream = %(s)s""",
        {"s": stream},
    )


def calibrate(town, stream, slope, intercept, since=NOON - 24 * HOUR):
    town.connection.execute(
        """INSERT INTO calibration (datastream, valid_from, slope, intercept, who, why)
           VALUES (%s, %s, %s, %s, 'a', 'b')""",
        (stream, since, slope, intercept),
    )
    mark_all(town, stream)


def uncalibrate(town, stream):
    town.connection.execute(
        "UPDATE calibration SET removed_at = now(), removed_by = 'a', removed_why = 'b' WHERE datastream = %s",
        (stream,),
    )
    mark_all(town, stream)


def invalidate(town, stream, since, until):
    town.connection.execute(
        """INSERT INTO invalidation (city, datastream, since, until, why, who)
           VALUES (%s, %s, %s, %s, 'ants in the inlet', 'a')""",
        (town.slug, stream, since, until),
    )
    mark_all(town, stream)


def lift(town, stream):
    town.connection.execute(
        "UPDATE invalidation SET lifted_at = now(), lifted_by = 'a', lifted_why = 'no ants' WHERE datastream = %s",
        (stream,),
    )
    mark_all(town, stream)


def drop_raw(town, *, five_minutes=True):
    """As retention does: partitions or chunks go, whole."""
    tables = ["observation", "rollup_5m"] if five_minutes else ["observation"]
    for table in tables:
        if town.one("SELECT bypuls_edition()") == "plain":
            for (child,) in town.all("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
                                     (table,)):  # fmt: skip
                town.connection.execute(f"DROP TABLE {child}")
        else:
            town.connection.execute("SELECT drop_chunks(%s, older_than => '2100-01-01'::timestamptz)", (table,))
        assert town.one(f"SELECT count(*) FROM {table}") == 0


def test_a_mean_is_calibrated_from_the_moment_it_says_and_the_observation_stays(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    town.store(stream, [(NOON + 10 * n * MINUTE, 10.0 + n) for n in range(6)])
    town.store(stream, [(NOON + HOUR, 20.0)])
    calibrate(town, stream, 2.0, -1.0, NOON + 30 * MINUTE)
    roll_up(town, catalogue)
    # 10, 11, 12 as sent; 13, 14, 15 become 25, 27, 29
    assert hour_of(town, stream, "sum, min, max, first, last, sum_squares") == (
        33 + 81, 10.0, 29.0, 10.0, 29.0, 100 + 121 + 144 + 625 + 729 + 841,
    )  # fmt: skip
    assert hour_of(town, stream, "slope::text, intercept::text") == ("NaN", "NaN")  # not one for the whole hour
    assert hour_of(town, stream, "sum, slope, intercept", NOON + HOUR) == (39.0, 2.0, -1.0)
    assert town.one("SELECT sum(value) FROM observation") == 75 + 20
    assert check_rollups(town.connection, NOON, NOW) == []
    uncalibrate(town, stream)
    roll_up(town, catalogue)
    assert hour_of(town, stream, "sum, slope") == (75.0, None)


def test_a_level_is_shifted_and_a_direction_turned(town, site, catalogue):
    level = town.datastream(site, "sound_level_laeq", interval=None)
    wind = town.datastream(site, "wind_direction", interval=None)
    town.store(level, [(NOON, 60.0), (NOON + 30 * MINUTE, 70.0)])
    town.store(wind, [(NOON, 350.0), (NOON + 30 * MINUTE, 10.0)])
    calibrate(town, level, 1.0, 3.0)
    calibrate(town, wind, 1.0, 20.0)
    roll_up(town, catalogue)
    assert hour_of(town, level, "energy_sum") == pytest.approx(10**6.3 + 10**7.3)
    assert hour_of(town, wind, "first, last") == (10.0, 30.0)  # 350 + 20 is 10, not 370
    assert hour_of(town, wind, "degrees(atan2(sin_sum, cos_sum))") == pytest.approx(20.0)
    assert check_rollups(town.connection, NOON, NOW) == []


def test_flags_stay_those_of_the_value_as_sent(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None)
    town.store(stream, [(NOON, 10.0)])
    town.store(stream, [(NOON + MINUTE, 2000.0)], flag=4)  # half of it would be plausible
    calibrate(town, stream, 0.5, 0.0)
    roll_up(town, catalogue)
    assert hour_of(town, stream, "n_good, n_fail, sum") == (1, 1, 5.0)


def test_values_of_an_invalid_period_are_counted_and_nothing_else(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    town.store(stream, [(NOON + 10 * n * MINUTE, 10.0 + n) for n in range(5)])
    town.store(stream, [(NOON + 50 * MINUTE, 99.0)], flag=3)
    invalidate(town, stream, NOON + 20 * MINUTE, NOON + 40 * MINUTE)
    roll_up(town, catalogue)
    # 10, 11, 14 are left; the end is not within
    assert hour_of(town, stream, "n_good, n_suspect, n_invalidated, sum, max") == (3, 1, 2, 35.0, 14.0)
    assert check_rollups(town.connection, NOON, NOW) == []
    town.store(stream, [(NOON + 25 * MINUTE, 1000.0)])  # comes late, into the period
    roll_up(town, catalogue)
    assert hour_of(town, stream, "n_good, n_invalidated, sum") == (3, 3, 35.0)
    lift(town, stream)
    roll_up(town, catalogue)
    assert hour_of(town, stream, "n_good, n_invalidated, max") == (6, None, 1000.0)
    assert check_rollups(town.connection, NOON, NOW) == []


def test_a_value_of_an_interval_is_invalid_when_any_part_of_it_is(town, site, catalogue):
    stream = town.datastream(site, "pm10")  # hourly means, stamped at their start
    town.store(stream, hours(NOON, [10.0, 11.0, 12.0, 13.0]))
    invalidate(town, stream, NOON + 90 * MINUTE, NOON + 2 * HOUR)
    roll_up(town, catalogue)
    assert [row[1:3] for row in every_hour(town, stream)] == [(1, None), (0, 1), (1, None), (1, None)]


@pytest.mark.parametrize("scope", ["device", "site"])
def test_a_device_or_site_is_invalid_with_all_that_hangs_there_also_what_comes_later(town, site, catalogue, scope):
    stream, other = town.datastream(site, "pm10", interval=None), town.datastream(site, "no2", interval=None)
    of = {"device": town.one("SELECT device FROM datastream WHERE id = %s", (stream,)), "site": site}[scope]
    town.connection.execute(
        f"""INSERT INTO invalidation (city, {scope}, since, until, why, who)
            VALUES (%s, %s, %s, %s, 'power cut', 'a')""",
        (town.slug, of, NOON, NOON + HOUR),
    )
    for one in (stream, other):
        town.store(one, [(NOON + MINUTE, 10.0)])
    new = town.datastream(site, "pm25", interval=None)
    town.store(new, [(NOON + MINUTE, 10.0)])
    roll_up(town, catalogue)
    counted = [hour_of(town, one, "n_invalidated") for one in (stream, other, new)]
    assert counted == ([1, None, None] if scope == "device" else [1, 1, 1])


def test_an_invalid_period_of_a_register_is_bridged_and_said_to_be_estimated(town, site, catalogue):
    stream = town.datastream(site, "active_energy_import", interval=None, expected_spacing="30 minutes")
    readings = [100.0, 101.0, 102.0, 999.0, 104.0, 105.0, 106.0]  # every 30 minutes from noon
    town.store(stream, [(NOON + 30 * n * MINUTE, value) for n, value in enumerate(readings)])
    roll_up(town, catalogue)
    invalidate(town, stream, NOON + 80 * MINUTE, NOON + 100 * MINUTE)  # the 999 alone
    roll_up(town, catalogue)
    # From 102 at 13:00 to 104 at 14:00: two, known by the difference, estimated in between.
    assert [row[8:11] for row in every_hour(town, stream)][:3] == [
        (2.0, None, 1.0), (2.0, 2.0, 1.0), (2.0, None, 1.0),
    ]  # fmt: skip
    assert hour_of(town, stream, "n_good, n_invalidated", NOON + HOUR) == (1, 1)
    assert check_rollups(town.connection, NOON, NOW) == []
    lift(town, stream)
    roll_up(town, catalogue)
    assert hour_of(town, stream, "gap_increase, n_invalidated", NOON + HOUR) == (None, None)
    assert check_rollups(town.connection, NOON, NOW) == []


def test_the_audit_knows_calibrations_and_invalid_periods(town, site, catalogue):
    stream = town.datastream(site, "pm10")
    town.store(stream, hours(NOON, [5.0, 6.0, 7.0]))
    roll_up(town, catalogue)
    calibrate(town, stream, 2.0, 0.0)
    invalidate(town, stream, NOON, NOON + HOUR)
    assert check_rollups(town.connection, NOON, NOW) == []  # what is queued is known to be old
    town.connection.execute("DELETE FROM changed_bucket")  # as if somebody had forgotten to queue it
    found = check_rollups(town.connection, NOON, NOW)
    assert {one.bucket for one in found} == {NOON, NOON + HOUR, NOON + 2 * HOUR}
    repair(town.connection, found)
    roll_up(town, catalogue)
    assert check_rollups(town.connection, NOON, NOW) == []
    assert [row[1:4] for row in every_hour(town, stream)] == [(0, 1, None), (1, None, 12.0), (1, None, 14.0)]


def _fill(town, site):
    mean = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    meter = town.datastream(site, "active_energy_import", interval=None, expected_spacing="1 hour")
    town.store(mean, [(NOON + 10 * n * MINUTE, 10.0 + n) for n in range(18)])
    # A gap of four hours at the end is bridged by hours without a reading.
    town.store(meter, [(NOON + n * HOUR + 7 * MINUTE, 100.0 + 3 * n) for n in (*range(14), 18)])
    return mean, meter


@pytest.mark.parametrize("five_minutes", [True, False])
def test_hours_outlive_their_raw_data(town, site, catalogue, five_minutes):
    streams = _fill(town, site)
    roll_up(town, catalogue)
    before = [every_hour(town, stream) for stream in streams]
    assert len(before[1]) == 19
    drop_raw(town, five_minutes=five_minutes)
    for stream in streams:
        mark_all(town, stream)
    roll_up(town, catalogue, LATER)
    assert [every_hour(town, stream) for stream in streams] == before
    assert town.one("SELECT count(*) FROM rollup_1h_history") == 0
    assert check_rollups(town.connection, NOON - HOUR, NOON + 24 * HOUR) == []
    # What comes years late, into an hour whose raw data is gone, cannot be worked in.
    for stream in streams:
        town.store(stream, [(NOON + 2 * HOUR + 33 * MINUTE, 500.0)])
    roll_up(town, catalogue, LATER)
    assert [every_hour(town, stream) for stream in streams] == before


def test_new_readings_after_raw_data_was_dropped_leave_the_old_hours_alone(town, site, catalogue):
    _, meter = _fill(town, site)
    roll_up(town, catalogue)
    before = every_hour(town, meter)
    drop_raw(town)
    new = [(NOON + (19 + n) * HOUR + 7 * MINUTE, 157.0 + 3 * n) for n in range(20)]
    town.store(meter, new)
    roll_up(town, catalogue, LATER)
    assert every_hour(town, meter)[: len(before) - 1] == before[:-1]
    town.store(meter, [(NOON + 35 * HOUR + 30 * MINUTE, 206.15)])
    roll_up(town, catalogue, LATER)
    assert every_hour(town, meter)[: len(before) - 1] == before[:-1]
    assert hour_of(town, meter, "increase, covered", NOON + 36 * HOUR) == (pytest.approx(3.0, abs=1.0), 1.0)


@pytest.mark.parametrize("five_minutes", [True, False])
def test_hours_without_raw_data_are_calibrated_by_their_sums(town, site, catalogue, five_minutes):
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    level = town.datastream(site, "sound_level_laeq", interval=None)
    wind = town.datastream(site, "wind_direction", interval=None)
    town.store(stream, [(NOON + 10 * n * MINUTE, 10.0 + n) for n in range(6)])
    town.store(level, [(NOON, 60.0), (NOON + 30 * MINUTE, 70.0)])
    town.store(wind, [(NOON, 350.0), (NOON + 30 * MINUTE, 10.0)])
    calibrate(town, stream, 2.0, 1.0)
    roll_up(town, catalogue)
    as_calibrated = hour_of(town, stream, "sum, sum_squares, min, max, first, last")
    drop_raw(town, five_minutes=five_minutes)
    uncalibrate(town, stream)
    roll_up(town, catalogue, LATER)
    plain = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert hour_of(town, stream, "sum, sum_squares, min, max, first, last, slope") == (
        pytest.approx(sum(plain)), pytest.approx(sum(x * x for x in plain)), 10.0, 15.0, 10.0, 15.0, None,
    )  # fmt: skip
    assert town.all("SELECT sum, slope, superseded_at FROM rollup_1h_history") == [(as_calibrated[0], 2.0, LATER)]
    calibrate(town, stream, 2.0, 1.0)
    calibrate(town, level, 1.0, 3.0)
    calibrate(town, wind, 1.0, 90.0)
    roll_up(town, catalogue, LATER + HOUR)
    assert hour_of(town, stream, "sum, sum_squares, min, max, first, last") == pytest.approx(as_calibrated)
    assert hour_of(town, level, "energy_sum") == pytest.approx(10**6.3 + 10**7.3)
    assert hour_of(town, wind, "degrees(atan2(sin_sum, cos_sum))") == pytest.approx(90.0)
    assert hour_of(town, wind, "first, last, min") == (80.0, 100.0, None)  # the least of turned angles is not known
    before = [every_hour(town, one) for one in (stream, level, wind)]
    for one in (stream, level, wind):
        mark_all(town, one)
    roll_up(town, catalogue, LATER + 2 * HOUR)
    assert [every_hour(town, one) for one in (stream, level, wind)] == before


@pytest.mark.parametrize("five_minutes", [True, False])
def test_an_hour_without_raw_data_is_invalid_as_a_whole_and_comes_back(town, site, catalogue, five_minutes):
    mean, meter = _fill(town, site)
    roll_up(town, catalogue)
    before = [every_hour(town, stream) for stream in (mean, meter)]
    drop_raw(town, five_minutes=five_minutes)
    for stream in (mean, meter):
        invalidate(town, stream, NOON + 70 * MINUTE, NOON + 75 * MINUTE)  # five minutes of an hour
    roll_up(town, catalogue, LATER)
    assert hour_of(town, mean, "n_good, n_invalidated, sum", NOON + HOUR) == (0, 6, None)
    assert hour_of(town, meter, "n_good, n_invalidated, increase, covered", NOON + HOUR) == (0, 1, None, 0.0)
    assert hour_of(town, mean, "n_good", NOON + 2 * HOUR) == 6
    assert check_rollups(town.connection, NOON, NOON + 24 * HOUR) == []
    for stream in (mean, meter):
        lift(town, stream)
    roll_up(town, catalogue, LATER + HOUR)
    assert [every_hour(town, stream) for stream in (mean, meter)] == before


def test_an_hour_that_was_partly_invalid_keeps_that_when_its_raw_data_goes(town, site, catalogue):
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    town.store(stream, [(NOON + 10 * n * MINUTE, 10.0 + n) for n in range(6)])
    invalidate(town, stream, NOON, NOON + 20 * MINUTE)
    roll_up(town, catalogue)
    drop_raw(town)
    mark_all(town, stream)
    roll_up(town, catalogue, LATER)
    assert hour_of(town, stream, "n_good, n_invalidated, sum") == (4, 2, 54.0)
    lift(town, stream)  # nobody knows the two any more
    roll_up(town, catalogue, LATER)
    assert hour_of(town, stream, "n_good, n_invalidated, sum") == (4, 2, 54.0)
