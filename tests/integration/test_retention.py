"""Nothing goes before it was announced and proved; what goes leaves what was computed of it as it was said."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import islice

import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.clock import isoformat
from bypuls.errors import NotStorable
from bypuls.settings import ProcessSettings
from bypuls.storage.database import connect
from bypuls.storage.retention import Gone, outlook
from ingest.compose import quality_of
from ingest.decoding import Message
from ingest.pipeline import Pipeline
from ingest.registry import Registry
from ingest.sources import HISTORY
from ingest.validation import Catalogue as Formats
from ingest.validation import Reader
from ingest.writer import Batch, Row, Writer
from processors import retention
from processors.calculation import Catalogue
from processors.nightly import Nightly
from processors.retention import apply
from processors.rollup import Rollups
from processors.worker import drain
from tests.integration.processing import Town, at, hours, utc

OLD, NEW = utc(2020, 3, 2, 12), utc(2026, 10, 5, 12)
NOW = utc(2026, 11, 1)
LATER = NOW + timedelta(days=91)
AT_NIGHT = LATER + timedelta(hours=3)  # 04:00 in Trondheim
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
plain = pytest.mark.lane("plain")


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def stream(town, catalogue):
    """A series with a day of long ago and one of now, computed."""
    stream = town.datastream(town.site("elgeseter"), "pm10")
    town.store(stream, hours(OLD, [10.0 + n for n in range(24)]))
    town.store(stream, hours(NEW, [20.0] * 24))
    roll_up(town, catalogue)
    return stream


def roll_up(town, catalogue):
    rollups = Rollups(catalogue)
    while rollups.batch(town.connection, 1000, NOW):
        pass


def keep(town, **days):
    town.connection.execute("UPDATE city SET document = %s WHERE slug = %s", (Jsonb({"keep": days}), town.slug))


def run(town, now=NOW):
    """Lines, and parts that went."""
    with connect(town.url, "writer", autocommit=True) as connection:
        return [said for said in apply(connection, town.slug, at(now), "kari") if said is not None]


def time_passes(town):
    """What was announced was announced a while ago: the database goes by its own clock."""
    town.connection.execute("UPDATE retention SET warned_at = warned_at - interval '900 days', due_at = '2026-01-01'")


def said(town):
    columns = "datastream, bucket, n_good, sum, min, max, first, last, computed_at"
    values = "kpi, scope_kind, scope, period, start, value, quality, status, coverage, evidence"
    return (
        town.all(f"SELECT {columns} FROM rollup_1h WHERE bucket < '2026-01-01' ORDER BY 1, 2"),
        town.all(f"SELECT {values} FROM kpi_value WHERE start < '2021-02-01' ORDER BY 1, 2, 3, 4, 5"),
    )


def said_again(town, catalogue):
    """Every hour of then is asked for again, and so are the values that rest on it."""
    town.connection.execute(
        """INSERT INTO changed_bucket (datastream, bucket)
           SELECT datastream, bucket FROM rollup_1h WHERE bucket < '2026-01-01'"""
    )
    drain(town.connection, at(LATER), catalogue=catalogue)
    return said(town)


def readings(town):
    return town.one("SELECT count(*) FILTER (WHERE time < '2026-01-01'), count(*) FROM observation")


def late(town, *times_and_values):
    """Through ingest's pipeline and writer, as history."""
    device = town.one("SELECT external_id FROM device WHERE city = %s ORDER BY id LIMIT 1", (town.slug,))
    formats = Formats.load()
    reader = Reader(HISTORY, formats)
    with connect(town.url, "writer", autocommit=True) as connection:
        registry = Registry(connection, quality_of(formats.properties), 100, 100)
        pipeline = Pipeline(registry, lambda message, _: reader.read(message))
        readings = [{"time": isoformat(time), "property": "pm10", "value": value} for time, value in times_and_values]
        payload = json.dumps({"readings": readings}).encode()
        message = Message(f"bypuls/v1/{town.slug}/{device}/history", payload, LATER)
        prepared = pipeline.prepare([(message, HISTORY)])
        return Writer(connection).write(prepared.batch)


@pytest.mark.usefixtures("stream")
def test_what_goes_was_announced_before_and_leaves_what_was_said_of_it(town, catalogue):
    assert run(town) == []  # for ever, unless the city says otherwise
    keep(town, observations_days=400)
    before = said_again(town, catalogue)
    assert [row[2:4] for row in before[0]] == [(1, 10.0 + n) for n in range(24)]
    announced = run(town)
    parts = outlook(town.connection, town.slug, NOW).parts
    assert announced == [f"announced: {part} go on 2026-12-01 at the earliest" for part in parts]
    assert len(parts) == 1
    assert run(town, NOW + timedelta(days=29)) == []  # not yet
    assert readings(town) == (24, 48)
    time_passes(town)
    (gone,) = run(town, LATER)
    assert (type(gone), gone.kind, gone.rows, gone.bytes > 0) == (Gone, "observations", 24, True)
    assert parts[0].name not in {name for (name,) in town.all("SELECT name FROM bypuls_parts('observations')")}
    assert readings(town) == (0, 24)
    assert outlook(town.connection, town.slug, LATER).kept_from == parts[0].until
    # Asked for again: the hours stand, and so does every number with its evidence.
    assert said_again(town, catalogue) == before
    assert len(before[1]) > 24
    trail = town.all("SELECT what, who FROM audit_log WHERE what ^@ 'retention' ORDER BY id")
    assert trail == [("retention.warn", "kari"), ("retention.drop", "kari")]


@plain
def test_late_data_of_a_dropped_time_is_kept_aside_and_its_hours_stand(town, stream, catalogue):
    keep(town, observations_days=400)
    before = said(town)
    run(town)
    time_passes(town)
    run(town, LATER)
    # Beside an hour's value, in its place, and into an hour that had none.
    written = late(town, (OLD + 30 * MINUTE, 999.0), (OLD, 999.0), (OLD + 40 * HOUR, 999.0))
    assert (written.stored, written.quarantined) == (0, 1)
    roll_up(town, catalogue)
    assert (readings(town), said(town)) == ((0, 24), before)
    reason, refusals = town.one("SELECT reason, refusals FROM quarantine WHERE octet_length(payload) > 0")
    assert (reason, len(refusals)) == ("raw_dropped", 3)
    assert late(town, (NEW + 30 * MINUTE, 30.0)).stored == 1
    # A process that has not heard of it yet, or an import, is refused by the table itself.
    rows = [Row(stream, OLD + 30 * MINUTE, 999.0, 1, 2, LATER, 0)]
    dropped = pytest.raises(NotStorable, match=r"raw data of trondheim before 2020-0.*was dropped")
    with connect(town.url, "writer", autocommit=True) as connection, dropped:
        Writer(connection).write(Batch(rows=rows))
    assert readings(town) == (0, 25)


@pytest.mark.usefixtures("stream")
def test_another_citys_rows_stay(town, catalogue):
    other = Town(town.url, "bergen")
    theirs = other.datastream(other.site("danmarksplass"), "pm10")
    other.store(theirs, hours(OLD, [5.0] * 3))
    roll_up(town, catalogue)
    keep(town, observations_days=400)
    run(town)
    time_passes(town)
    (gone,) = run(town, LATER)
    assert (gone.rows, gone.bytes) == (24, 0)
    assert town.all("SELECT DISTINCT datastream, value FROM observation WHERE time < '2026-01-01'") == [(theirs, 5.0)]
    with connect(town.url, "writer", autocommit=True) as connection:
        assert Writer(connection).write(Batch(rows=[Row(theirs, OLD + 9 * HOUR, 5.0, 1, 1, LATER, 0)])).stored == 1
    # Theirs go too: then the part goes, also where a process still believes that it is there.
    roll_up(town, catalogue)
    with connect(town.url, "writer", autocommit=True) as connection:
        writer = Writer(connection)
        writer.write(Batch(rows=[Row(theirs, NEW, 5.0, 1, 1, LATER, 0), Row(theirs, OLD, 5.0, 1, 1, LATER, 0)]))
        roll_up(town, catalogue)
        keep(other, observations_days=400)
        run(other)
        time_passes(other)
        (gone,) = run(other, LATER)
        assert (gone.rows, gone.bytes > 0) == (4, True)
        third = Town(town.url, "molde")
        mine = third.datastream(third.site("torget"), "pm10")
        assert writer.write(Batch(rows=[Row(mine, OLD, 7.0, 1, 1, LATER, 0)])).stored == 1
        third.connection.close()
    other.connection.close()


@plain
def test_what_is_not_proved_does_not_go(town, stream, catalogue):
    keep(town, observations_days=400)
    run(town)
    time_passes(town)
    town.mark(stream, OLD)
    (line,) = run(town, LATER)
    assert "1 changes of its time wait to be rolled up" in line
    town.connection.execute("DELETE FROM changed_bucket")
    town.connection.execute("UPDATE rollup_5m SET sum = sum + 1 WHERE bucket = %s", (OLD,))
    (line,) = run(town, LATER)
    assert "2 rollups of 2020-03-02 are not what their raw data says: 'bypuls check rollups --city trondheim" in line
    town.connection.execute("UPDATE rollup_5m SET sum = sum - 1 WHERE bucket = %s", (OLD,))
    town.connection.execute("DELETE FROM rollup_1h WHERE bucket = %s", (OLD,))
    (line,) = run(town, LATER)
    assert "1 rollups of 2020-03-02" in line
    town.mark(stream, OLD)
    roll_up(town, catalogue)
    town.connection.execute(
        """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals, replay_asked_at)
           VALUES (now(), now(), %s, 's', 't', 'p', 'h', 'unknown_unit', '', '', '[]', now())""",
        (town.slug,),
    )
    (line,) = run(town, LATER)
    assert "1 refused messages wait to be read again" in line
    assert readings(town) == (24, 48)
    assert outlook(town.connection, town.slug, LATER).parts[0].hindrance in line
    town.connection.execute("UPDATE quarantine SET replayed_at = now()")
    # Whoever began to write before it was closed may still bring a value.
    with psycopg.connect(town.url) as slow:
        slow.execute("UPDATE datastream SET expected_spacing = NULL WHERE id = %s", (stream,))
        town.connection.execute("UPDATE retention SET closed_at = NULL, barrier = NULL")
        steps = apply(town.connection, town.slug, at(LATER), "kari")
        assert [next(steps) for _ in range(3)] == [None] * 3
        slow.rollback()
        assert [type(one) for one in steps if one is not None] == [Gone]


@plain
@pytest.mark.usefixtures("stream")
def test_no_way_around_the_announcement(town):
    part = town.one("SELECT since, until FROM bypuls_parts('observations') ORDER BY since LIMIT 1")
    with connect(town.url, "writer", autocommit=True) as connection:
        assert connection.execute("SELECT bypuls_drop_part('observations', %s, %s)", part).fetchone() == (None,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE observation_202003")
    with connect(town.url, "reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT bypuls_drop_part('observations', %s, %s)", part)
    assert readings(town) == (24, 48)


@plain
@pytest.mark.usefixtures("stream")
def test_rollups_outlive_raw_data_and_hours_outlive_both(town, catalogue):
    keep(town, observations_days=400, five_minutes_days=400)
    before = said(town)
    run(town)
    time_passes(town)
    town.connection.execute("UPDATE retention SET due_at = '9999-01-01' WHERE kind = 'observations'")
    (line,) = run(town, LATER)
    assert "raw data of its time is still kept" in line
    time_passes(town)
    assert [(one.kind, one.rows) for one in run(town, LATER)] == [("observations", 24), ("five_minutes", 24)]
    assert town.one("SELECT count(*) FROM rollup_5m WHERE bucket < '2026-01-01'") == 0
    town.connection.execute("INSERT INTO changed_bucket (datastream, bucket) SELECT datastream, bucket FROM rollup_1h")
    roll_up(town, catalogue)
    assert said(town)[0] == before[0]


@plain
@pytest.mark.usefixtures("stream")
def test_a_city_that_changes_its_mind_keeps(town):
    keep(town, observations_days=400)
    run(town)
    time_passes(town)
    keep(town)
    assert run(town, LATER) == ["stays after all: observations of trondheim, 2020-03-01 to 2020-04-01"]
    keep(town, observations_days=400)
    assert run(town, LATER)[0].startswith("announced")
    assert readings(town) == (24, 48)


@plain
@pytest.mark.usefixtures("stream")
def test_a_proof_that_is_interrupted_goes_on_unless_its_rollups_changed(town, monkeypatch):
    keep(town, observations_days=400)
    run(town)
    time_passes(town)
    proved = []
    real = retention.check_rollups
    monkeypatch.setattr(retention, "check_rollups", lambda *given: proved.append(given[1].day) or real(*given))

    def some(steps):
        with connect(town.url, "writer", autocommit=True) as connection:
            taken = list(islice(apply(connection, town.slug, at(LATER), "me"), steps))
        days, proved[:] = list(proved), []
        return days, taken

    days, _ = some(10)
    assert days == list(range(1, 11))
    days, _ = some(5)
    assert days == list(range(10, 15))  # the tenth was looked at, and not yet written down
    town.connection.execute("UPDATE rollup_1h SET computed_at = %s WHERE bucket = %s", (LATER, OLD))
    days, taken = some(None)
    assert days == list(range(1, 32))
    assert isinstance(taken[-1], Gone)
    assert readings(town) == (0, 24)


@plain
@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize("right", [True, False])
def test_at_night_it_is_applied_after_an_audit_that_found_nothing_wrong(town, right):
    keep(town, observations_days=400)
    run(town)
    time_passes(town)
    town.connection.execute("DELETE FROM kpi_due")
    if not right:  # an error in what the audit looks at, not in what is to go
        town.connection.execute("INSERT INTO kpi_due (kpi, city, site, period, start, due_at) "
                                "VALUES ('no.such', 'trondheim', 'elgeseter', 'P1D', %s, %s)", (NEW, NEW))  # fmt: skip
    nightly = Nightly(lambda: connect(town.url, "writer"), Catalogue.of({}), at(AT_NIGHT), ProcessSettings())
    for _ in range(200):
        nightly.turn(busy=False)
    nightly.close()
    assert town.one("SELECT complete, differences FROM audit_run") == (True, {} if right else {"kpi_due": 1})
    assert readings(town) == ((0, 24) if right else (24, 48))


@plain
@pytest.mark.usefixtures("stream")
def test_the_command_says_what_goes_and_does_it_only_when_told(town, monkeypatch):
    monkeypatch.setenv("BYPULS_DATABASE_URL", town.url)
    keep(town, observations_days=400)

    def say(*words, code=0):
        done = CliRunner().invoke(app, ["retention", *words])
        assert (done.exit_code, done.exception if code == 0 else None) == (code, None), done.output
        return done.output

    part = "observation_202003: observations, 24 rows, 2020-03-02 12:00 to 2020-03-03 11:00"
    shown = say("show", town.slug)
    assert "observations: 400 days" in shown
    assert part in shown
    assert "to be announced, 30 days before it goes" in shown
    assert "0 of 1 parts would go now" in say("apply", "--all")
    assert town.one("SELECT count(*) FROM retention") == 0
    assert "announced: observations of trondheim" in say("apply", town.slug, "--yes")
    time_passes(town)
    assert "1 of 1 parts would go now; --yes does it (this was a dry run)" in say("apply", town.slug)
    assert readings(town) == (24, 48)
    town.mark(town.one("SELECT min(datastream) FROM observation"), OLD)
    assert "not dropped: observations of trondheim" in say("apply", town.slug, "--yes", code=1)
    town.connection.execute("DELETE FROM changed_bucket")
    assert "dropped: observations of trondheim, 2020-03-01 to 2020-04-01: 24 rows" in say("apply", "--all", "--yes")
    assert "dropped so far: 1 parts, 24 rows" in say("show", "--all")
    shown = "SELECT kind, days, announced, dropped, rows, dropped_before FROM board_retention"
    assert town.all(shown) == [("observations", 400, 0, 1, 24, utc(2020, 4, 1))]
    assert readings(town) == (0, 24)
