"""The columnstore, live where BYPULS_TEST_DSN names a server that has one; elsewhere it is said that there is none."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from psycopg import errors as pg

from bypuls.errors import SettingsError
from bypuls.storage import columnstore
from bypuls.storage.database import connect
from ingest.writer import Batch, Flag, Row, Writer
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.retention import apply
from processors.rollup import Rollups
from tests.integration.processing import at, hours, utc

NOON = utc(2026, 2, 3, 12)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATER = utc(2026, 11, 22)
community = pytest.mark.lane("community")
PATIENCE_SECONDS = 60.0


def edition(url):
    with connect(url, autocommit=True) as connection:
        return connection.execute("SELECT bypuls_edition()").fetchone()[0]


@pytest.fixture
def compressed(migrated_url, town):
    """A town with two series of three days, rolled up, compressed by the database's own job."""
    if (found := edition(migrated_url)) != "timescaledb-community":
        pytest.skip(f"lane community: the server at BYPULS_TEST_DSN is {found}")
    site = town.site("elgeseter")
    for _ in range(2):
        town.store(town.datastream(site, "pm10"), hours(NOON, [10.0 + n % 24 for n in range(72)]))
    roll_up(town)
    columnstore.enable(town.connection, timedelta(days=45), "kari")
    # A new database is found by the launcher within a minute: here at once.
    town.connection.execute("SELECT _timescaledb_functions.start_background_workers()")
    wait_for_jobs(town)
    return town


def wait_for_jobs(town):
    """Until the database's scheduler has compressed what is old; nobody but it is asked."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not all(table.compressed for table in columnstore.status(town.connection)):
        assert time.monotonic() < end, town.all("SELECT * FROM timescaledb_information.job_errors")
        time.sleep(0.2)


def roll_up(town):
    rollups = Rollups(Catalogue.load())
    while rollups.batch(town.connection, 1000, LATER):
        pass


def proved(town):
    """Whether every rollup is what its raw data says."""
    day = NOON.replace(hour=0)
    return check_rollups(town.connection, day, day + timedelta(days=5), [1, 2]) == []


def row(value, time_, *, rank=1):
    return Row(1, time_, value, 1, rank, LATER, 0)


def test_an_edition_without_a_columnstore_says_so(migrated_url):
    has = {"plain": "plain PostgreSQL", "timescaledb-apache": "TimescaleDB's Apache-2 edition"}.get(
        edition(migrated_url)
    )
    with connect(migrated_url, autocommit=True) as connection:
        if has is None:  # a server of one's own
            assert [table.after for table in columnstore.status(connection)] == [None, None]
            return
        for ask in (columnstore.status, lambda it: columnstore.enable(it, timedelta(days=30), "kari")):
            with pytest.raises(SettingsError, match=f"not available in this edition: {has} has no columnstore"):
                ask(connection)
        assert connection.execute("SELECT count(*) FROM audit_log").fetchone() == (0,)


@community
def test_new_values_are_copied_straight_into_what_is_compressed(compressed):
    late = [row(30.0, NOON + 7 * MINUTE), row(31.0, NOON + 5 * HOUR + MINUTE)]
    with connect(compressed.url, "writer", autocommit=True) as connection:
        writer = Writer(connection)
        assert writer._append(late) is True
        # A key that lies compressed is found, too: then the batch goes by way of staging.
        with connection.transaction():
            assert writer._append([row(10.0, NOON)]) is False
        copying = "COPY observation (datastream, time, value, flag, rank, received_at) FROM STDIN"
        with pytest.raises(pg.UniqueViolation), connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.write_row((1, NOON, 10.0, 1, 1, LATER))
    roll_up(compressed)
    assert compressed.one("SELECT n_good, max FROM rollup_1h WHERE datastream = 1 AND bucket = %s", (NOON,)) == (2, 30)
    assert compressed.one("SELECT count(*) FROM observation") == 146
    assert proved(compressed)


@community
def test_repeats_corrections_and_later_flags_of_what_is_compressed_go_the_same_way_as_ever(compressed):
    again = [row(10.0 + n, NOON + n * HOUR) for n in range(12)]
    mixed = [*again, row(999.5, NOON + 12 * HOUR), row(5.0, NOON + 13 * MINUTE)]
    with connect(compressed.url, "writer", autocommit=True) as connection:
        writer = Writer(connection)
        written = writer.write(Batch(rows=mixed, hashes={0: "b"}))
        assert (written.stored, written.corrected, written.repeated) == (1, 1, 12)
        written = writer.write(Batch(rows=mixed, hashes={0: "b"}))
        assert (written.stored, written.corrected, written.repeated) == (0, 0, 14)
        writer.write(Batch(flags=[Flag(1, NOON + 2 * HOUR, 12.0, 4, 0)]))
    assert compressed.all("SELECT value, message_hash FROM observation_revision") == [(22.0, "b")]
    roll_up(compressed)
    for bucket, counted in ((0, (2, 0, 10.0)), (2, (0, 1, None)), (12, (1, 0, 999.5))):
        found = compressed.one(
            "SELECT n_good, n_fail, max FROM rollup_1h WHERE datastream = 1 AND bucket = %s", (NOON + bucket * HOUR,)
        )
        assert found == counted
    assert compressed.one("SELECT count(*) FROM observation") == 145
    assert proved(compressed)


@community
def test_a_compressed_chunk_is_dropped_as_any_other_and_its_hours_stay(compressed):
    compressed.connection.execute("""UPDATE city SET document = '{"keep": {"observations_days": 62}}'""")
    before = compressed.all("SELECT * FROM rollup_1h ORDER BY datastream, bucket")
    with connect(compressed.url, "writer", autocommit=True) as connection:
        announced = [said for said in apply(connection, compressed.slug, at(LATER), "kari") if said is not None]
        assert [said.startswith("announced: observations of trondheim, 2026-0") for said in announced] == [True]
        compressed.connection.execute("UPDATE retention SET warned_at = '2025-11-01', due_at = '2026-01-01'")
        gone = [said for said in apply(connection, compressed.slug, at(LATER), "kari") if said is not None]
    assert [(part.kind, part.rows, part.bytes > 0) for part in gone] == [("observations", 144, True)]
    assert compressed.one("SELECT count(*) FROM observation") == 0
    assert compressed.all("SELECT * FROM rollup_1h ORDER BY datastream, bucket") == before


@community
def test_the_days_are_changed_by_asking_again(compressed):
    columnstore.enable(compressed.connection, timedelta(days=60), "kari")
    assert [table.after for table in columnstore.status(compressed.connection)] == [timedelta(days=60)] * 2
    jobs = compressed.one("SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_schema = 'public'")
    assert jobs == 2


@community
def test_arrivals_are_cut_down_before_they_are_compressed(migrated_url, town):
    if (found := edition(migrated_url)) != "timescaledb-community":
        pytest.skip(f"lane community: the server at BYPULS_TEST_DSN is {found}")
    stream = town.datastream(town.site("elgeseter"), "pm10")
    town.store(stream, hours(NOON, [10.0] * 5))
    # On the second, within a step, long after (over a change of clocks), and before its time: by a device's clock.
    arrivals = [20.0, 27.123456, 90 * 86400 + 19.5, -3.25, 0.0]
    expected = [20, 20, 90 * 86400 + 10, -10, 0]
    for n, seconds in enumerate(arrivals):
        moment = NOON + n * HOUR
        town.connection.execute(
            "UPDATE observation SET received_at = %s WHERE time = %s", (moment + timedelta(seconds=seconds), moment)
        )
    columnstore.enable(town.connection, timedelta(days=45), "kari", arrival_seconds=10)
    roll_up(town)
    job = town.one("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'bypuls_compress_observations'")
    town.connection.execute("SET TIME ZONE 'Europe/Oslo'")
    town.connection.execute("CALL run_job(%s)", (job,))
    kept = town.all("SELECT extract(epoch FROM received_at - time)::float8, value FROM observation ORDER BY time")
    assert kept == [(seconds, 10.0) for seconds in expected]
    table = columnstore.status(town.connection)[0]
    assert (table.after, table.arrival_seconds, table.chunks, table.compressed) == (timedelta(days=45), 10, 1, 1)
    assert proved(town)
    # Exact again from now on: the database's own policy takes over.
    columnstore.enable(town.connection, timedelta(days=45), "kari")
    jobs = town.all("SELECT proc_name FROM timescaledb_information.jobs WHERE config ? 'compress_after'")
    assert jobs == [("policy_compression",)] * 2
