"""The idempotent batch: whatever is delivered again, corrected or refused leaves the database as one delivery would."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bypuls.storage.database import connect
from ingest.writer import Batch, Flag, Post, Quarantined, Row, Writer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def writer(migrated_url):
    with connect(migrated_url, "writer", autocommit=True) as connection:
        yield Writer(connection)


def row(value, *, time=NOON, stream=1, flag=1, rank=1, message=0):
    return Row(stream, time, value, flag, rank, NOON, message)


def rows_of(writer, query):
    return writer._connection.execute(query).fetchall()


def stored(writer):
    return rows_of(writer, "SELECT value, flag, rank FROM observation ORDER BY datastream, time")


def revisions(writer):
    return rows_of(writer, "SELECT value, rank, message_hash FROM observation_revision ORDER BY replaced_at")


def test_a_batch_is_stored_and_its_buckets_are_queued_once(writer):
    times = [NOON + timedelta(minutes=minutes) for minutes in (0, 1, 2, 7)]
    written = writer.write(Batch(rows=[row(n, time=time) for n, time in enumerate(times)]))
    assert (written.stored, written.corrected, written.repeated) == (4, 0, 0)
    buckets = rows_of(writer, "SELECT bucket FROM changed_bucket ORDER BY bucket")
    assert buckets == [(NOON,), (NOON + timedelta(minutes=5),)]


def test_a_mark_says_what_was_added_where_nothing_else_happened(writer):
    marks = "SELECT bucket, since, until FROM changed_bucket ORDER BY bucket, since"
    later, last = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    writer.write(
        Batch(rows=[row(1.0, time=later), row(2.0, time=last), row(3.0), row(4.0, time=NOON + timedelta(hours=1))])
    )
    hour = NOON + timedelta(hours=1)
    assert rows_of(writer, marks) == [(NOON, NOON, last), (hour, hour, hour)]
    writer._connection.execute("DELETE FROM changed_bucket")
    # Some of it comes again: only what is new was added.
    writer.write(
        Batch(rows=[row(3.0), row(5.0, time=later + timedelta(seconds=1)), row(6.0, time=last + timedelta(seconds=1))])
    )
    assert rows_of(writer, marks) == [(NOON, later + timedelta(seconds=1), last + timedelta(seconds=1))]
    writer._connection.execute("DELETE FROM changed_bucket")
    writer.write(Batch(rows=[row(9.0, rank=2)], flags=[Flag(1, last, 2.0, 3, 0)]))
    assert rows_of(writer, marks) == [(NOON, None, None)] * 2  # corrected, and judged


def test_the_same_batch_again_changes_nothing_and_queues_nothing(writer):
    batch = Batch(rows=[row(10.0), row(11.0, time=NOON + timedelta(hours=1))])
    writer.write(batch)
    writer._connection.execute("DELETE FROM changed_bucket")
    written = writer.write(batch)
    assert (written.stored, written.corrected, written.repeated) == (0, 0, 2)
    assert rows_of(writer, "SELECT * FROM changed_bucket") == []
    assert revisions(writer) == []


def test_another_value_for_a_key_is_a_correction_that_keeps_what_it_replaced(writer):
    writer.write(Batch(rows=[row(10.0)]))
    written = writer.write(Batch(rows=[row(12.0, message=7)], hashes={7: "b"}))
    assert (written.stored, written.corrected) == (0, 1)
    assert stored(writer) == [(12.0, 1, 1)]
    assert revisions(writer) == [(10.0, 1, "b")]


# HOUSE.md: A, B, then A and B again after a crash leaves B and one revision.
@pytest.mark.parametrize("batches", [["A", "B", "A", "B"], ["AB", "AB"], ["ABAB"], ["A", "BAB"]])
def test_a_redelivered_value_that_was_corrected_does_not_come_back(writer, batches):
    values = {"A": 10.0, "B": 12.0}
    for batch in batches:
        writer.write(Batch(rows=[row(values[name]) for name in batch]))
    assert stored(writer) == [(12.0, 1, 1)]
    assert [value for value, *_ in revisions(writer)] == [10.0]


def test_a_lower_rank_never_replaces_a_higher_one(writer):
    writer.write(Batch(rows=[row(10.0, rank=3)]))
    written = writer.write(Batch(rows=[row(12.0, rank=1)]))
    assert (written.corrected, written.repeated) == (0, 1)
    assert stored(writer) == [(10.0, 1, 3)]


def test_a_verified_value_replaces_a_live_one_and_a_confirmed_one_rises_in_rank_without_a_revision(writer):
    later = NOON + timedelta(minutes=5)
    writer.write(Batch(rows=[row(10.0), row(20.0, time=later)]))
    written = writer.write(Batch(rows=[row(11.0, rank=3), row(20.0, rank=3, time=later)]))
    assert written.corrected == 1
    assert stored(writer) == [(11.0, 1, 3), (20.0, 1, 3)]
    assert [value for value, *_ in revisions(writer)] == [10.0]


def test_a_flag_judged_later_is_no_revision_and_queues_its_bucket(writer):
    writer.write(Batch(rows=[row(10.0)]))
    writer._connection.execute("DELETE FROM changed_bucket")
    writer.write(Batch(flags=[Flag(1, NOON, 10.0, 3, 0)]))
    assert stored(writer) == [(10.0, 3, 1)]
    assert revisions(writer) == []
    assert rows_of(writer, "SELECT bucket FROM changed_bucket") == [(NOON,)]


def test_times_decades_apart_find_their_place(writer):
    times = [datetime(1975, 6, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC), NOON]
    writer.write(Batch(rows=[row(1.0, time=time) for time in times]))
    assert [time for (time,) in rows_of(writer, "SELECT time FROM observation ORDER BY time")] == times


def test_a_refused_message_is_one_row_however_often_it_comes(writer):
    refusals = [{"code": "unknown_unit", "detail": "furlongs", "hint": "send ug/m3", "field": "pm25"}]
    entry = Quarantined(NOON, None, "live", "a/b", b"\x00\xff", b"hash", refusals, 0, "dev-1", "own_json", 0)
    for _ in range(3):
        writer.write(Batch(quarantined=[entry], posts=[Post("live", "a/b/errors", b"{}", 0)]))
    assert rows_of(writer, "SELECT payload, reason, occurrences FROM quarantine") == [(b"\x00\xff", "unknown_unit", 3)]
    assert rows_of(writer, "SELECT count(*) FROM outbox") == [(3,)]


def test_a_batch_is_stored_whole_or_not_at_all(writer):
    bad = Quarantined(
        NOON, None, "live", "a\0b", b"", b"hash", [{"code": "x", "detail": "", "hint": ""}], 0, None, None, 0
    )
    with pytest.raises(Exception, match="NUL"):
        writer.write(Batch(rows=[row(10.0)], quarantined=[bad]))
    assert stored(writer) == []
    assert writer.write(Batch(rows=[row(10.0)])).stored == 1


def test_one_known_key_among_new_ones_takes_nothing_from_the_others(writer):
    """New rows are appended at once; a batch that holds a known key is merged, and the next is appended again."""
    writer.write(Batch(rows=[row(10.0)]))
    again = [row(float(n), time=NOON + timedelta(minutes=n), stream=1 + n % 2) for n in range(5, 0, -1)] + [row(10.0)]
    written = writer.write(Batch(rows=again))
    assert (written.stored, written.corrected, written.repeated) == (5, 0, 1)
    written = writer.write(Batch(rows=[row(1.0, time=NOON + timedelta(hours=1))]))
    assert (written.stored, written.repeated) == (1, 0)
    expected = [(1, 0), (1, 2), (1, 4), (1, 60), (2, 1), (2, 3), (2, 5)]
    keys = rows_of(writer, "SELECT datastream, time FROM observation ORDER BY datastream, time")
    assert keys == [(stream, NOON + timedelta(minutes=minutes)) for stream, minutes in expected]
    queued = rows_of(writer, "SELECT DISTINCT datastream, bucket FROM changed_bucket ORDER BY datastream, bucket")
    assert queued == [
        (stream, NOON + timedelta(minutes=minutes)) for stream, minutes in [(1, 0), (1, 60), (2, 0), (2, 5)]
    ]


@pytest.mark.lane("plain")
def test_two_writers_that_correct_one_value_keep_what_each_replaced(migrated_url, writer):
    writer.write(Batch(rows=[row(10.0)]))
    with connect(migrated_url, "writer", autocommit=True) as other, ThreadPoolExecutor(1) as pool:
        second = Writer(other)
        with writer._connection.transaction():
            writer.write(Batch(rows=[row(11.0)], hashes={0: "a"}))
            second._all_new = False  # a COPY would wait for the key
            waiting = pool.submit(second.write, Batch(rows=[row(12.0)], hashes={0: "b"}))
            patience = time.monotonic() + 60
            while not rows_of(writer, "SELECT FROM pg_locks WHERE NOT granted"):
                assert not waiting.done()
                assert time.monotonic() < patience
        assert waiting.result(60).corrected == 1
    assert [value for value, *_ in revisions(writer)] == [10.0, 11.0]
    assert stored(writer) == [(12.0, 1, 1)]
