"""A backup restored into an empty database is the same database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from bypuls.city import read_city
from bypuls.errors import DatabaseError, SettingsError
from bypuls.places import postgres_tools
from bypuls.server_folder import wait_until
from bypuls.storage.backup import backup, restore
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from bypuls.storage.migrate import migrate
from ingest.writer import Batch, Row, Writer
from tests.unit.test_city import EXAMPLE

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES = ["city", "area", "site", "device", "observation", "observation_revision", "changed_bucket", "audit_log"]


def contents(url):
    with connect(url, autocommit=True) as connection:
        return {table: connection.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for table in TABLES}


@pytest.fixture
def filled(lane):
    with lane.database(migrated=True) as url:
        with connect(url, autocommit=True) as connection:
            add_city(connection, read_city(EXAMPLE), "test")
            times = [NOON - timedelta(days=30 * n) for n in range(20)]
            rows = [Row(stream, time, stream + 0.5, 1, 1, NOON, 0) for stream in (1, 2) for time in times]
            writer = Writer(connection)
            writer.write(Batch(rows=rows))
            writer.write(Batch(rows=[rows[0]._replace(value=7.0)]))
        yield url


def test_a_restored_database_holds_the_same_rows_and_goes_on(filled, lane, tmp_path):
    size = backup(filled, tmp_path / "city.dump", postgres_tools())
    assert size == (tmp_path / "city.dump").stat().st_size > 10_000
    with lane.database() as empty:
        restore(empty, tmp_path / "city.dump", postgres_tools())
        assert contents(empty) == contents(filled)
        assert not migrate(empty).pending
        with connect(empty, "writer", autocommit=True) as connection:
            later = Row(1, NOON + timedelta(days=90), 1.0, 1, 1, NOON, 0)
            assert Writer(connection).write(Batch(rows=[later])).stored == 1


@pytest.mark.lane("plain")
def test_restore_never_writes_over_a_database_in_use(filled, tmp_path):
    backup(filled, tmp_path / "city.dump", postgres_tools())
    with pytest.raises(DatabaseError, match="is not empty"):
        restore(filled, tmp_path / "city.dump", postgres_tools())


@pytest.mark.lane("plain")
def test_what_cannot_be_written_or_read_is_named(filled, database_url, tmp_path):
    with pytest.raises(SettingsError, match="cannot be written"):
        backup(filled, tmp_path / "nowhere" / "city.dump", postgres_tools())
    with pytest.raises(SettingsError, match="is not there"):
        restore(database_url, tmp_path / "city.dump", postgres_tools())
    (tmp_path / "city.dump").write_text("no backup")
    with pytest.raises(SettingsError, match="is no backup"):
        restore(database_url, tmp_path / "city.dump", postgres_tools())


@pytest.mark.lane("plain")
def test_a_backup_while_values_come_has_all_that_was_acknowledged_before_and_holds_up_nobody(filled, lane, tmp_path):
    """Each batch begins another month, whose partitions are made beside pg_dump, and is committed before the next."""
    done, stop, failed = [], threading.Event(), []

    def write():
        try:
            with connect(filled, "writer", autocommit=True) as connection:
                writer, number = Writer(connection), 0
                while not stop.is_set():
                    time = NOON - timedelta(days=31 * (number % 100), seconds=number + 1)
                    writer.write(Batch(rows=[Row(stream, time, float(number), 1, 1, NOON, 0) for stream in (1, 2)]))
                    done.append(number)
                    number += 1
        except Exception as error:  # noqa: BLE001 - the test says it
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert wait_until(lambda: len(done) > 20, seconds=60)
        before = len(done)
        backup(filled, tmp_path / "city.dump", postgres_tools())
        after = len(done)
        assert wait_until(lambda: len(done) > after, seconds=60)
    finally:
        stop.set()
        thread.join()
    assert failed == []
    assert after > before, "ingest goes on while the backup is written"
    with lane.database() as empty:
        restore(empty, tmp_path / "city.dump", postgres_tools())
        with connect(empty, autocommit=True) as connection:
            query = "SELECT value::integer, count(*) FROM observation WHERE time <> date_trunc('hour', time)"
            stored = dict(connection.execute(f"{query} GROUP BY 1").fetchall())
            queued = connection.execute("SELECT count(*) FROM changed_bucket").fetchone()[0]
        assert stored.keys() >= set(range(before))
        assert stored == dict.fromkeys(range(len(stored)), 2), "of no batch a half, and none without the one before it"
        assert queued >= 2 * len(stored), "what was not rolled up yet still waits"
