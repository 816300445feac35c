"""Many buckets of the same datastreams at once are read, compared and written otherwise than few: the same rows."""

import random
from datetime import timedelta

import pytest

from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.integration.processing import utc

START = utc(2026, 3, 2, 12)
END = START + timedelta(hours=2.5)
NOW = utc(2026, 3, 2, 18)
STORE = """
INSERT INTO observation (datastream, time, value, received_at, flag)
SELECT d, t, v, now(), f FROM unnest(%s::integer[], %s::timestamptz[], %s::float8[], %s::smallint[]) o (d, t, v, f)
ON CONFLICT (datastream, time) DO UPDATE SET value = excluded.value, flag = excluded.flag
"""
MARK = """
INSERT INTO changed_bucket (datastream, bucket)
SELECT d, b FROM generate_series(%s, %s - interval '1 s', interval '5 minutes') b, unnest(%s::integer[]) d ORDER BY b, d
"""
FIVE = """
SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max, first,
       first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase
FROM rollup_5m ORDER BY datastream, bucket
"""


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def rolled_up(town, catalogue, streams, at_once):
    """What all of it gives, so many buckets at once."""
    town.connection.execute(MARK, (START, END, streams))
    rollups = Rollups(catalogue)
    while rollups.batch(town.connection, at_once, NOW):
        pass
    assert check_rollups(town.connection, START, END) == []
    return town.all(FIVE)


def test_whatever_is_taken_at_once_the_rollups_are_the_same(town, catalogue):
    chance = random.Random(11)
    site = town.site("elgeseter")
    properties = ("pm10", "pm10", "pm25", "sound_level_laeq", "wind_direction", "vehicle_count_total")
    streams = [town.datastream(site, name, interval=None, channel=str(n)) for n, name in enumerate(properties)]
    readings = [
        (stream, START + timedelta(seconds=seconds), step * 2.0 if stream == streams[-1] else chance.gauss(40, 17.3),
         chance.choice((1, 1, 1, 1, 2, 2, 3, 4)))
        for stream in streams for step, seconds in enumerate(range(0, 9000, 47)) if chance.random() < 0.9
    ]  # fmt: skip
    readings += [(streams[0], START + timedelta(hours=1, milliseconds=n), 1e-160 * n, 1) for n in range(1, 400)]
    readings = [one for one in readings if not (one[0] == streams[1] and one[1].hour == 14)]  # nothing in an hour
    readings = [(*one[:3], 4 if one[0] == streams[2] and one[1].hour == 13 else one[3]) for one in readings]
    chance.shuffle(readings)
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, END))
    town.connection.execute(STORE, [list(column) for column in zip(*readings, strict=True)])
    town.connection.execute("UPDATE datastream SET first_time = %s, last_time = %s", (START, END))

    few = rolled_up(town, catalogue, streams, 5)
    assert len(few) > 150
    computed = town.one("SELECT max(computed_at) FROM rollup_5m")
    town.connection.execute("TRUNCATE rollup_5m, rollup_1h")
    assert rolled_up(town, catalogue, streams, 20_000) == few

    # Again, nothing is written; and where something changed, or raw data was dropped, that alone.
    town.connection.execute("UPDATE rollup_5m SET computed_at = computed_at - interval '1 day'")
    assert rolled_up(town, catalogue, streams, 20_000) == few
    assert town.one("SELECT count(*) FROM rollup_5m WHERE computed_at >= %s", (computed,)) == 0
    changed = [(stream, time, value + 1, 0 if stream == streams[3] else flag)
               for stream, time, value, flag in readings[::200]]  # fmt: skip
    town.connection.execute(STORE, [list(column) for column in zip(*changed, strict=True)])
    town.connection.execute("DELETE FROM observation WHERE datastream = %s AND time < %s",
                            (streams[0], START + timedelta(minutes=12)))  # fmt: skip
    standing = {row[:2]: row for row in few}
    again = rolled_up(town, catalogue, streams, 20_000)
    assert [row for row in again if row[0] == streams[0]][:3] == few[:3]  # outlived its readings
    written = town.one("SELECT count(*) FROM rollup_5m WHERE computed_at >= %s", (computed,))
    assert written == sum(row != standing[row[:2]] for row in again)
    assert 0 < written <= len(changed)
