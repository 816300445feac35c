"""Rollups of registers: interpolated, told apart, and the same whatever comes late, is corrected or is swapped."""

from __future__ import annotations

import random
from datetime import timedelta

import numpy as np
import pytest

from bypuls.city import City, DeviceEntry, ReadingEntry, SiteEntry
from bypuls.storage.cities import add_city
from processors.audit import check_rollups, repair
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.integration.processing import hours, utc

NOON = utc(2026, 3, 2, 12)
NOW = utc(2026, 6, 2, 18)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def site(town):
    return town.site("school", kind="building")


def roll_up(town, catalogue, limit=1000):
    rollups = Rollups(catalogue)
    while rollups.batch(town.connection, limit, NOW):
        pass


def register(town, site, spacing="1 hour", **meant):
    stream = town.datastream(site, "active_energy_import", interval=None, expected_spacing=spacing)
    if meant:
        town.connection.execute(
            """UPDATE device SET readings = jsonb_build_object('active_energy_import', %s::jsonb)
               WHERE id = (SELECT device FROM datastream WHERE id = %s)""",
            (str(meant).replace("'", '"'), stream),
        )
    return stream


def increases(town, stream):
    """Hour after NOON -> increase."""
    rows = town.all("SELECT bucket, increase FROM rollup_1h WHERE datastream = %s ORDER BY bucket", (stream,))
    return {(bucket - NOON) // HOUR: increase for bucket, increase in rows}


def rows_of(town, stream):
    both = []
    for table, more in (("rollup_5m", ""), ("rollup_1h", ", covered, dropped")):
        both.append(
            town.all(
                f"""SELECT bucket, n_good, n_suspect, n_fail, sum, min, max, increase, gap_increase, resets {more}
                    FROM {table} WHERE datastream = %s ORDER BY bucket""",
                (stream,),
            )
        )
    return both


def swap(town, stream, time, closing, opening, *, mark=True):
    town.connection.execute(
        """INSERT INTO device_event (device, time, kind, property, detail)
           SELECT device, %s, 'swapped_meter', property,
                  jsonb_build_object('closing', %s::float8, 'opening', %s::float8)
           FROM datastream WHERE id = %s
           ON CONFLICT (device, time, kind, property, channel) DO UPDATE SET detail = excluded.detail""",
        (time, closing, opening, stream),
    )
    if mark:
        town.mark(stream, time)


def test_hourly_readings_give_each_hour_what_was_used_in_it(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [100.0, 103.0, 104.5]))
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 3.0, 1: 1.5, 2: None}


def test_a_late_reading_of_a_register_changes_the_hours_around_it(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, [(NOON, 100.0), (NOON + 2 * HOUR, 160.0)])
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 30.0, 1: 30.0, 2: None}
    town.store(stream, [(NOON + HOUR, 150.0)])
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 50.0, 1: 10.0, 2: None}


def test_a_gap_is_bridged_by_hours_without_readings_that_say_so(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, [(NOON, 100.0), (NOON + HOUR, 110.0), (NOON + 5 * HOUR, 150.0)])
    roll_up(town, catalogue)
    rows = town.all("SELECT increase, gap_increase, covered, n_good, buckets FROM rollup_1h ORDER BY bucket")
    assert rows == [(10, None, 1, 1, 1), (10, 10, 1, 1, 1), *[(10, 10, 1, 0, 0)] * 3, (None, None, None, 1, 1)]
    town.store(stream, [(NOON + hour * HOUR, value) for hour, value in ((2, 111.0), (3, 111.0), (4, 145.0))])
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 10, 1: 1, 2: 0, 3: 34, 4: 5, 5: None}
    assert town.one("SELECT count(gap_increase) FROM rollup_1h") == 0


def test_hours_of_a_gap_go_when_what_bridged_it_goes(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, [(NOON, 100.0), (NOON + 5 * HOUR, 150.0)])
    roll_up(town, catalogue)
    assert len(increases(town, stream)) == 6
    town.store(stream, [(NOON + 5 * HOUR, 150.0)], flag=4)  # judged later: it is no reading
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: None, 5: None}


def test_a_gap_over_months_is_bridged_in_each_of_them(town, site, catalogue):
    stream = register(town, site)
    end = NOON + timedelta(days=70)
    town.store(stream, [(NOON, 100.0), (end, 100.0 + 24 * 70)])
    roll_up(town, catalogue)
    assert town.one("SELECT count(*), sum(increase), sum(gap_increase) FROM rollup_1h") == (
        24 * 70 + 1, pytest.approx(24 * 70), pytest.approx(24 * 70),
    )  # fmt: skip
    assert check_rollups(town.connection, NOON - HOUR, end + HOUR) == []


def test_a_wrap_is_known_by_the_capacity_in_the_registry(town, site, catalogue):
    stream, plain = register(town, site, capacity=100000), register(town, site)
    for one in (stream, plain):
        town.store(one, hours(NOON, [99_850.0, 120.0, 130.0]))
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 270.0, 1: 10.0, 2: None}
    assert increases(town, plain) == {0: 120.0, 1: 10.0, 2: None}
    assert town.all("SELECT datastream FROM rollup_1h WHERE resets > 0") == [(plain,)]


def test_a_capacity_that_the_citys_file_adds_later_is_worked_in(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [99_850.0, 120.0, 130.0]))
    roll_up(town, catalogue)
    device = town.one(
        "SELECT v.external_id FROM device v JOIN datastream d ON d.device = v.id WHERE d.id = %s", (stream,)
    )
    meant = {"energy": ReadingEntry(property="active_energy_import", capacity=100_000)}
    city = City(
        city=town.slug,
        name={"en": "Here"},
        time_zone="Europe/Oslo",
        sites=[SiteEntry(slug=site, name="School", kind="building")],
        devices=[DeviceEntry(id=device, site=site, readings=meant)],
    )
    add_city(town.connection, city, "test")
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 270.0, 1: 10.0, 2: None}
    add_city(town.connection, city, "test")
    assert town.one("SELECT count(*) FROM changed_bucket") == 0


def test_a_swap_that_is_told_late_is_read_through(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [8000.0, 8010.0, 4.0, 6.0]))
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 10, 1: 4, 2: 2, 3: None}  # taken for a restart
    swap(town, stream, NOON + HOUR + 30 * MINUTE, 8016.0, 1.0)
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 10, 1: 9, 2: 2, 3: None}
    assert town.one("SELECT sum(resets) FROM rollup_1h") == 0
    swap(town, stream, NOON + HOUR + 30 * MINUTE, 8016.0, 2.0)
    roll_up(town, catalogue)
    assert increases(town, stream)[1] == 8


def test_a_reading_that_strays_is_left_out_and_counted_and_no_reset(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [5000.0, 5001.0, 0.0]))
    roll_up(town, catalogue)
    assert town.one("SELECT sum(resets), sum(dropped) FROM rollup_1h") == (1, 0)  # so far it looks like a restart
    town.store(stream, hours(NOON + 3 * HOUR, [5003.0, 5004.0]))
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 1, 1: 1, 2: 1, 3: 1, 4: None}
    assert town.one("SELECT sum(resets), sum(dropped) FROM rollup_1h") == (0, 1)


def test_readings_that_quality_control_refused_are_no_register(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [100.0, 110.0, 120.0]))
    town.store(stream, [(NOON + HOUR, 90_000.0)], flag=4)
    roll_up(town, catalogue)
    assert increases(town, stream) == {0: 10, 1: 10, 2: None}


def history(seed):
    """Readings of three days as they happened, with what registers do; and the swap."""
    chance = random.Random(seed)
    time, value, readings = NOON, 4000.0, []
    while time < NOON + timedelta(days=3):
        time += chance.choice([MINUTE, 4 * MINUTE, 15 * MINUTE, HOUR, HOUR, 7 * HOUR])
        value += chance.choice([0, 0.1, 2.5, 7])
        if chance.random() < 0.05:
            value = chance.choice([0.0, 0.3, 99_999.0, value / 3])
        readings.append((time, 0.0 if chance.random() < 0.06 else value))
    return readings, (chance.choice(readings)[0] - MINUTE, value + 20, 3.0)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_order_readings_come_in_the_rollups_are_the_same(town, site, catalogue, seed):
    readings, event = history(seed)
    in_order, shuffled = register(town, site, capacity=100000), register(town, site, capacity=100000)
    swap(town, in_order, *event)
    town.store(in_order, readings)
    roll_up(town, catalogue)

    chance = random.Random(seed + 100)
    late = chance.sample(readings, len(readings))
    told = chance.randrange(len(late))
    for number in range(0, len(late), 9):
        part = late[number : number + 9]
        # Some come wrong and are corrected, or removed and sent again.
        town.store(shuffled, [(time, value + 500) for time, value in part[:2]] + part[2:])
        if number <= told < number + 9:
            swap(town, shuffled, *event)
        if chance.random() < 0.7:
            roll_up(town, catalogue, limit=chance.choice([1, 3, 1000]))
        town.store(shuffled, part[:2])
        if chance.random() < 0.3:
            town.remove(shuffled, part[-1][0])
            roll_up(town, catalogue)
            town.store(shuffled, part[-1:])
    roll_up(town, catalogue)
    assert rows_of(town, shuffled) == rows_of(town, in_order)
    assert check_rollups(town.connection, NOON, NOON + timedelta(days=5)) == []


def test_the_audit_recomputes_what_registers_say_from_the_raw_readings(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [100.0, 110.0, 120.0, 130.0]))
    town.store(stream, [(NOON + 9 * HOUR, 190.0)])
    roll_up(town, catalogue)
    until = NOON + 12 * HOUR
    assert check_rollups(town.connection, NOON, until) == []
    town.connection.execute("UPDATE rollup_1h SET increase = 99 WHERE bucket = %s", (NOON + HOUR,))
    town.connection.execute("DELETE FROM rollup_1h WHERE bucket = %s", (NOON + 5 * HOUR,))
    town.connection.execute("UPDATE rollup_5m SET increase = 7 WHERE bucket = %s", (NOON + 2 * HOUR,))
    town.connection.execute(
        """INSERT INTO rollup_1h (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, buckets, increase,
                                  covered)
           VALUES (%s, %s, 0, 0, 0, 0, 0, 5, 1)""",
        (stream, NOON + 10 * HOUR),
    )
    found = check_rollups(town.connection, NOON, until)
    assert {(one.table, (one.bucket - NOON) // HOUR) for one in found} == {
        ("rollup_1h", 1), ("rollup_1h", 5), ("rollup_1h", 10), ("rollup_5m", 2),
    }  # fmt: skip
    repair(town.connection, found)
    roll_up(town, catalogue)
    assert check_rollups(town.connection, NOON, until) == []


def test_the_audit_leaves_out_what_still_waits(town, site, catalogue):
    stream = register(town, site)
    town.store(stream, hours(NOON, [100.0, 110.0, 120.0]))
    roll_up(town, catalogue)
    town.store(stream, [(NOON + HOUR, 111.0)])
    assert check_rollups(town.connection, NOON, NOON + 5 * HOUR) == []


def test_thousands_of_registers_at_once_take_one_look(town, site, catalogue):
    streams = [register(town, site, spacing="15 minutes") for _ in range(20)]
    for stream in streams:
        town.store(stream, [(NOON + step * 15 * MINUTE, float(step)) for step in range(200)])
    roll_up(town, catalogue, limit=20_000)
    totals = np.array(town.all("SELECT sum(increase) FROM rollup_1h GROUP BY datastream"))
    assert totals == pytest.approx(199)
