"""The audit: errors are planted in rollups, queues and KPI values; each is found, named, and put right."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bypuls.cli import app
from bypuls.clock import isoformat
from bypuls.errors import NotFound, SettingsError
from bypuls.settings import ProcessSettings
from bypuls.storage.database import connect
from processors.audit_agenda import Agenda
from processors.auditing import Audited, alive, audit_cities, begin_night, in_whole_hours, last_night
from processors.calculation import Catalogue
from processors.nightly import Nightly, night_of, spans_of
from processors.worker import drain, run
from tests.integration.processing import Town, at, hours, utc

pytestmark = pytest.mark.lane("plain")

FIRST = utc(2026, 3, 1, 23)  # 2 March begins in Trondheim, in both of the city's calendars
NOON = utc(2026, 3, 2, 12)
NOW = utc(2026, 3, 4, 2, 30)  # 03:30 there
SPAN = (FIRST, NOW.replace(minute=0))
DAY = timedelta(days=1)


FEW = ("air.pm10.mean", "air.pm10.exceedance_days.eu2030", "noise.laeq", "energy.electricity.consumption")


@pytest.fixture(scope="module")
def catalogue():
    """A few definitions: a town's two days are computed again by every test here."""
    every = Catalogue.load().definitions
    return Catalogue.of({name: every[name] for name in FEW})


@pytest.fixture(scope="module")
def computed(lanes, catalogue):
    """Two stations in a district with two days of PM10, noise, a meter; everything computed."""
    with lanes.lane("plain").database(migrated=True) as url:
        town = Town(url)
        town.area("sentrum")
        for number, site in enumerate(("elgeseter", "bakke")):
            town.site(site, area="sentrum")
            stream = town.datastream(site, "pm10")
            town.store(stream, hours(FIRST, [20.0 + number + step % 24 for step in range(50)]))
        town.site("meter", kind="building")
        level = town.datastream("elgeseter", "sound_level_laeq", interval="5 minutes")
        town.store(level, [(NOON + timedelta(minutes=5 * step), 60.0 + step % 3) for step in range(24)])
        meter = town.datastream("meter", "active_energy_import", interval=None, expected_spacing="1 hour")
        town.store(meter, hours(FIRST, [1000.0 + 2 * step for step in range(50)]))
        drain(town.connection, at(NOW), catalogue=catalogue)
        yield town
        town.connection.close()


@pytest.fixture
def filled(computed):
    """The town; every test leaves it as it found it."""
    yield computed
    computed.connection.execute("DELETE FROM audit_run")


def look(town, catalogue, *, mend=False, span=SPAN):
    """The lines of an audit, and what it came to."""
    with connect(town.url, "writer", autocommit=True) as connection:
        *_, (_, done) = audit_cities(connection, catalogue, town.slug, span, at(NOW), mend=mend)
    return done


def starts(done):
    return sorted({line.split(" ")[0] for line in done.lines})


def test_what_was_computed_in_the_ordinary_way_is_what_it_rests_on(filled, catalogue):
    before = filled.all("SELECT * FROM kpi_value ORDER BY 1, 2, 3, 4, 5, 6")
    done = look(filled, catalogue)
    assert done.lines == []
    assert done.checked["kpi_values"] > 150
    assert done.checked["datastream_days"] == 3 * 3 + 1  # the microphone was heard on one day
    assert done.summary().endswith(": no differences")
    assert filled.all("SELECT * FROM kpi_value ORDER BY 1, 2, 3, 4, 5, 6") == before
    assert filled.one("SELECT count(*) FROM kpi_due") == filled.one("SELECT count(*) FROM changed_bucket") == 0


OF = "WHERE datastream = %s AND bucket = '2026-03-02 12:00Z'"
PM10 = 1, "elgeseter-pm10-0 pm10 at elgeseter"
NOISE = 3, "elgeseter-sound_level_laeq-2 sound_level_laeq at elgeseter"
METER = 4, "meter-active_energy_import-3 active_energy_import at meter"


@pytest.mark.parametrize(
    ("plant", "stream", "table", "says"),
    [
        (f"UPDATE rollup_5m SET sum = 50 {OF}", PM10, "rollup_5m", "stored sum 50, recomputed sum 33"),
        (f"DELETE FROM rollup_5m {OF}", PM10, "rollup_5m", "stored nothing, recomputed "),
        (f"UPDATE rollup_1h SET max = 99 {OF}", PM10, "rollup_1h", "stored max 99, recomputed max 33"),
        (f"UPDATE rollup_1h SET n_good = 7 {OF}", PM10, "rollup_1h", "stored n_good 7, recomputed n_good 1"),
        (f"DELETE FROM rollup_1h {OF}", PM10, "rollup_1h", "stored nothing, recomputed "),
        (f"UPDATE rollup_1h SET energy_sum = 1e6 {OF}", NOISE, "rollup_1h", "stored energy_sum 1000000, recomputed"),
        (f"UPDATE rollup_1h SET increase = 9 {OF}", METER, "rollup_1h", "stored increase 9.0, recomputed increase 2.0"),
    ],
    ids=["5m-wrong", "5m-gone", "1h-wrong", "1h-counts-too-many", "1h-gone", "1h-energy", "1h-register"],
)
def test_a_wrong_rollup_is_found_named_and_put_right(filled, catalogue, plant, stream, table, says):
    number, name = stream
    assert filled.connection.execute(plant, (number,)).rowcount == 1
    line = f"{table} trondheim: datastream {number} {name}, 2026-03-02T12:00:00Z: {says}"
    found = look(filled, catalogue).lines
    assert [one for one in found if one.startswith(line)], found
    assert not [one for one in found if one.startswith("kpi_value")]  # what rests on it is no second difference
    done = look(filled, catalogue, mend=True)
    assert done.repaired
    assert filled.one("SELECT count(*) FROM changed_bucket") > 0
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []


def test_an_hours_last_value_and_what_it_expects_are_compared_and_what_was_never_there_goes(filled, catalogue):
    """Readings never become fewer: but an older one than what was never there says that none was dropped."""
    filled.connection.execute("UPDATE observation SET received_at = time + interval '1 hour' WHERE datastream = 1")
    before = {name: filled.all(f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("rollup_5m", "rollup_1h")}
    mine = OF.replace("%s", "1")
    alike = [f'to_jsonb(r) || \'{{"bucket": "{hour}"}}\'' for hour in ("2026-03-02 12:30Z", "2026-03-04 01:00Z")]
    for plant in (
        "UPDATE rollup_1h SET last = 7, expected = 9 WHERE datastream = 1 AND bucket = '2026-03-02 14:00Z'",
        "UPDATE rollup_5m SET n_good = 5 WHERE datastream = 1 AND bucket = '2026-03-02 16:00Z'",
        f"INSERT INTO rollup_5m SELECT (jsonb_populate_record(r, {alike[0]})).* FROM rollup_5m r {mine}",
        f"INSERT INTO rollup_1h SELECT (jsonb_populate_record(r, {alike[1]})).* FROM rollup_1h r {mine}",
    ):
        assert filled.connection.execute(plant).rowcount == 1
    done = look(filled, catalogue, mend=True)
    of = f"trondheim: datastream {PM10[0]} {PM10[1]}, 2026-03-0"
    assert f"rollup_1h {of}2T14:00:00Z: stored last 7, expected 9, recomputed last 35, expected 1" in done.lines
    assert f"rollup_5m {of}2T16:00:00Z: stored n_good 5, recomputed n_good 1" in done.lines
    assert [
        one
        for one in done.lines
        if one.startswith(f"rollup_5m {of}2T12:30:00Z: stored ") and "recomputed nothing" in one
    ]
    assert [
        one
        for one in done.lines
        if one.startswith(f"rollup_1h {of}4T01:00:00Z: stored ") and "recomputed nothing" in one
    ]
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []
    assert {name: filled.all(f"SELECT * FROM {name} ORDER BY 1, 2") for name in before} == before


def test_a_change_that_was_not_queued_is_told_from_a_wrong_sum(filled, catalogue):
    filled.connection.execute(
        "UPDATE observation SET value = 99, received_at = now() WHERE datastream = 1 AND time = %s", (NOON,)
    )
    found = look(filled, catalogue).lines
    assert len(found) == 1
    assert found[0].startswith("rollup_5m")
    assert ", recomputed max 99, min 99, sum 99, " in found[0]
    assert found[0].endswith(" (a change was not queued)")
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []
    assert filled.value("air.pm10.mean", "PT1H", NOON, scope="elgeseter")["value"] == 99
    filled.store(1, [(NOON, 33.0)])
    drain(filled.connection, at(NOW), catalogue=catalogue)


def test_a_reading_nobody_queued_is_found_at_the_end_of_its_series(filled, catalogue):
    filled.connection.execute(
        """INSERT INTO observation (datastream, time, value, received_at, flag)
           VALUES (1, %s, 5, now() - interval '10 minutes', 1)""",
        (NOW.replace(minute=0),),
    )
    filled.connection.execute("UPDATE datastream SET last_time = %s WHERE id = 1", (NOW.replace(minute=0),))
    with connect(filled.url, "writer", autocommit=True) as connection:
        later = at(datetime.now(UTC))
        *_, (_, done) = audit_cities(connection, catalogue, filled.slug, SPAN, later, mend=True)
    line = "changed_bucket trondheim: datastream 1 elgeseter-pm10-0 pm10 at elgeseter, 2026-03-04T02:00:00Z: "
    assert line + "holds readings, has no hour and is not queued" in done.lines
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert filled.one("SELECT count(*) FROM rollup_1h WHERE datastream = 1 AND bucket = %s", (NOW.replace(minute=0),))


DUE = "INSERT INTO kpi_due (kpi, city, site, period, start, due_at) VALUES (%s, 'trondheim', %s, %s, %s, %s)"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("air.pm10.no_such", "elgeseter", "P1D", FIRST, NOW), "is queued, and no definition asks for it"),
        (("air.pm10.day_mean.max", "elgeseter", "PT1H", NOON, NOW), "is queued, and no definition asks for it"),
        (("air.pm10.mean", "nowhere", "P1D", FIRST, NOW), "is queued, and the city has no such site"),
        (("air.pm10.mean", "elgeseter", "P1D", FIRST, NOW + 900 * DAY), "is stuck: it is due only at"),
    ],
    ids=["left the catalogue", "period", "site", "far"],
)
def test_a_wrong_row_of_the_queue_is_found_named_and_put_right(filled, catalogue, row, says):
    filled.connection.execute(DUE, row)
    found = look(filled, catalogue).lines
    assert [one for one in found if one.startswith(f"kpi_due trondheim: {row[0]} {row[2]} of site {row[1]}, ")]
    assert says in found[0]
    assert look(filled, catalogue, mend=True).repaired == 1
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []


def test_rows_that_wait_too_long_and_values_nobody_finishes_are_said(filled, catalogue):
    filled.connection.execute(
        """INSERT INTO changed_bucket (datastream, bucket, queued_at) VALUES (1, %s, %s)""", (NOON, NOW - DAY)
    )
    filled.connection.execute(
        """UPDATE kpi_value SET status = 'provisional'
           WHERE kpi = 'air.pm10.mean' AND period = 'P1D' AND scope = 'bakke' AND start = %s""",
        (FIRST,),
    )
    found = look(filled, catalogue).lines
    assert any("is stuck: it waits since 2026-03-03T02:30:00Z" in one for one in found)
    assert any("air.pm10.mean P1D of site bakke, 2026-03-01T23:00:00Z: should be final since" in one for one in found)
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ("value = 77", ("site", "elgeseter", "PT1H", NOON), "stored 77 (ok), recomputed 33 (ok)"),
        ("value = 77", ("district", "sentrum", "P1D", FIRST), "stored 77 (ok), recomputed"),
        ("value = 77", ("city", "trondheim", "P1D", FIRST), "stored 77 (ok), recomputed"),
        ("quality = 'insufficient', reason = 'silent'", ("site", "bakke", "P1D", FIRST), "(insufficient), recomputed"),
        ("band = 'green'", ("site", "bakke", "P1D", FIRST), "[green] (ok), recomputed"),
    ],
    ids=["site", "district", "city", "quality", "band"],
)
def test_a_wrong_value_is_found_named_and_put_right(filled, catalogue, change, where, says):
    """Nothing else of the row changes: a fingerprint kept beside a value must not hide it."""
    key = "kpi = 'air.pm10.mean' AND scope_kind = %s AND scope = %s AND period = %s AND start = %s"
    what = "value, band, quality, reason, evidence, coverage, detail"
    right = filled.one(f"SELECT {what} FROM kpi_value WHERE {key}", where)
    assert filled.connection.execute(f"UPDATE kpi_value SET {change} WHERE {key}", where).rowcount == 1
    found = look(filled, catalogue).lines
    assert len(found) == 1
    assert found[0].startswith(f"kpi_value trondheim: air.pm10.mean {where[2]} of {where[0]} {where[1]}, ")
    assert says in found[0]
    assert look(filled, catalogue, mend=True).repaired == 1
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []
    assert filled.one(f"SELECT {what} FROM kpi_value WHERE {key}", where) == right


def test_wrong_evidence_under_a_right_number_is_found_named_and_put_right(filled, catalogue):
    """All else that a row says, and at once; the trigger that takes the marks from rows that change is off."""
    plants = {
        ("site", "elgeseter", "PT1H", NOON): ("coverage = 0.5", "coverage 0.5, recomputed 33 (ok) by coverage 1.0"),
        ("site", "bakke", "PT1H", NOON): (
            'evidence = evidence || \'{"inputs_hash": "sha256:0"}\'',
            'stored 34 (ok) by evidence.inputs_hash "sha256:0", recomputed 34 (ok) by evidence.inputs_hash "sha256:',
        ),
        ("site", "bakke", "P1D", FIRST): (
            "evidence = evidence #- '{left_out,fail}', unit = 'mg/m3'",
            'by unit "mg/m3", evidence.left_out {"suspect": 0}, recomputed',
        ),
        ("district", "sentrum", "PT1H", NOON): ('detail = \'{"site": "elgeseter"}\'', 'by detail.site "elgeseter"'),
        ("city", "trondheim", "P1D", FIRST): ("status = 'provisional'", "by provisional true, recomputed"),
        ("district", "sentrum", "P1D", FIRST): (
            "final_at = final_at + interval '1 hour'",
            "by final_at 2026-03-03T06:",
        ),
    }
    key = "kpi = 'air.pm10.mean' AND scope_kind = %s AND scope = %s AND period = %s AND start = %s"
    what = "value, band, quality, reason, evidence, coverage, detail, unit, status = 'provisional', final_at, content"
    right = [filled.one(f"SELECT {what} FROM kpi_value WHERE {key}", where) for where in plants]
    filled.connection.execute("ALTER TABLE kpi_value DISABLE TRIGGER kpi_value_says_else")
    for where, (change, _) in plants.items():
        assert filled.connection.execute(f"UPDATE kpi_value SET {change} WHERE {key}", where).rowcount == 1
    filled.connection.execute("ALTER TABLE kpi_value ENABLE TRIGGER kpi_value_says_else")
    done = look(filled, catalogue, mend=True)
    for where, (_, says) in plants.items():
        mine = [one for one in done.lines if f" air.pm10.mean {where[2]} of {where[0]} {where[1]}, " in one]
        assert len(mine) == 1, done.lines
        assert says in mine[0]
    assert done.differences == {"kpi_value": len(plants)}
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []
    assert [filled.one(f"SELECT {what} FROM kpi_value WHERE {key}", where) for where in plants] == right


def test_what_ought_not_exist_is_found_and_goes_into_the_history_when_a_person_asks(filled, catalogue):
    copy = """INSERT INTO kpi_value SELECT (jsonb_populate_record(v, %s)).* FROM kpi_value v WHERE kpi = 'air.pm10.mean'
              AND scope_kind = %s AND scope = %s AND period = %s AND start = %s"""
    beside, gone = NOON + timedelta(minutes=30), FIRST - 2 * DAY
    plants = [
        ({"scope": "nowhere"}, ("site", "bakke", "PT1H", NOON), "its city has no such site"),
        ({"scope": "nowhere"}, ("district", "sentrum", "P1D", FIRST), "its city has no such district"),
        ({"start": beside.isoformat()}, ("site", "bakke", "PT1H", NOON), "no such period begins then"),
        ({"start": gone.isoformat()}, ("city", "trondheim", "P1D", FIRST), "no site has a value there"),
    ]
    before = filled.all("SELECT * FROM kpi_value ORDER BY 1, 2, 3, 4, 5, 6")
    for other, where, _ in plants:
        assert filled.connection.execute(copy, (json.dumps(other), *where)).rowcount == 1
    span = (FIRST - 3 * DAY, SPAN[1])
    found = look(filled, catalogue, span=span).lines
    assert len(found) == len(plants), found
    for _, where, why in plants:
        start = f"kpi_value trondheim: air.pm10.mean {where[2]} of {where[0]} "
        assert [one for one in found if one.startswith(start) and one.endswith(f" (ok), {why}")]
    look(filled, catalogue, span=span, mend=True)
    assert filled.all("SELECT * FROM kpi_value ORDER BY 1, 2, 3, 4, 5, 6") == before
    kept = filled.all(
        "SELECT value FROM kpi_value_history WHERE scope = 'nowhere' OR start IN (%s, %s)", (beside, gone)
    )
    assert len(kept) == len(plants)
    assert look(filled, catalogue, span=span).lines == []


def test_a_revised_value_whose_history_is_gone_is_said(filled, catalogue):
    filled.connection.execute(
        """UPDATE kpi_value SET status = 'revised'
           WHERE kpi = 'air.pm10.mean' AND scope = 'bakke' AND period = 'PT1H' AND start = %s""",
        (NOON,),
    )
    line = (
        "kpi_value_history trondheim: air.pm10.mean PT1H of site bakke, 2026-03-02T12:00:00Z: stored 34 (ok), it was "
    )
    done = look(filled, catalogue)
    assert [one.startswith(line + "revised, and what it said before is not kept") for one in done.lines] == [True]
    filled.connection.execute("UPDATE kpi_value SET status = 'final' WHERE status = 'revised' AND scope = 'bakke'")


def test_sites_that_came_since_are_no_difference_and_are_counted_in(filled, catalogue):
    """A late history makes a sensor expected for a time of which all was said: no reading asks for that again."""
    late = filled.datastream(filled.site("late", area="sentrum"), "pm10")
    filled.store(late, hours(FIRST - DAY, [20.0]))
    drain(filled.connection, at(NOW), catalogue=catalogue)
    expected = "SELECT evidence -> 'sites_expected' FROM kpi_value WHERE kpi = 'air.pm10.mean' AND scope = 'sentrum'"
    expected += " AND period = 'PT1H' AND start = %s"
    assert filled.one(expected, (NOON,)) == 2
    done = look(filled, catalogue, mend=True)
    assert done.lines == []
    assert done.checked["aged"] > 40
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert filled.one(expected, (NOON,)) == 3
    assert look(filled, catalogue).checked["aged"] == 0
    filled.connection.execute("UPDATE device SET status = 'retired' WHERE site = 'late'")
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)


def test_a_value_that_lacks_is_found_and_computed(filled, catalogue):
    filled.connection.execute(
        "DELETE FROM kpi_value WHERE kpi = 'air.pm10.mean' AND period = 'PT1H' AND start = %s", (NOON,)
    )
    done = look(filled, catalogue, mend=True)
    assert done.differences == {"kpi_value": 4}  # two sites, the district, the city
    assert all("stored nothing, recomputed 3" in one for one in done.lines)
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []


def test_a_city_is_no_stranger_where_its_sites_values_lack(filled, catalogue):
    filled.connection.execute(
        "DELETE FROM kpi_value WHERE kpi = 'air.pm10.mean' AND period = 'PT1H' AND scope_kind = 'site' AND start = %s",
        (NOON,),
    )
    done = look(filled, catalogue, mend=True)
    assert done.differences == {"kpi_value": 2}
    assert all(" of site " in one and "stored nothing, recomputed 3" in one for one in done.lines)
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert look(filled, catalogue).lines == []


def test_what_waits_anyway_is_no_difference(filled, catalogue):
    filled.connection.execute("UPDATE rollup_5m SET sum = 50 WHERE datastream = 1 AND bucket = %s", (NOON,))
    filled.mark(1, NOON)
    filled.connection.execute(
        "UPDATE kpi_value SET value = 77 WHERE kpi = 'air.pm10.mean' AND start = %s AND scope = 'elgeseter'", (NOON,)
    )
    done = look(filled, catalogue)
    assert done.lines == []
    assert done.checked["not_compared"]
    drain(filled.connection, at(NOW), catalogue=catalogue)
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)


def test_the_command_says_each_and_ends_with_one(filled, catalogue, monkeypatch, capsys):
    monkeypatch.setattr(Catalogue, "load", lambda: catalogue)
    monkeypatch.setattr("bypuls.clock.utc_now", at(NOW))
    monkeypatch.setenv("BYPULS_DATABASE_URL", filled.url)
    given = ["check", "rollups", "--since", "2026-03-02", "--until", "2026-03-04", "--city", "trondheim"]
    with pytest.raises(SystemExit) as caught:
        app(given)
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip().endswith("no differences")
    filled.connection.execute("UPDATE rollup_5m SET sum = 50 WHERE datastream = 1 AND bucket = %s", (NOON,))
    with pytest.raises(SystemExit) as caught:
        app([*given, "--repair"])
    out = capsys.readouterr().out.splitlines()
    assert caught.value.code == 1
    assert out[0].startswith("rollup_5m trondheim: datastream 1 ")
    assert "1 in rollup_5m" in out[-1]
    assert out[-1].endswith("queued to be put right")
    assert filled.one("SELECT differences FROM audit_run")["rollup_5m"] == 1
    drain(filled.connection, at(NOW), catalogue=catalogue)


def test_times_and_cities_that_do_not_fit_are_one_line(filled, catalogue):
    with pytest.raises(SettingsError, match="--since is before --until"):
        in_whole_hours(NOW, NOON, NOW)
    assert in_whole_hours(None, NOON + timedelta(minutes=3), NOW) == (NOON - DAY, NOON + timedelta(hours=1))
    with (
        connect(filled.url, "writer", autocommit=True) as connection,
        pytest.raises(NotFound, match="no city 'bergen'"),
    ):
        next(audit_cities(connection, catalogue, "bergen", SPAN, at(NOW), mend=False))


def test_the_processor_audits_at_night_keeps_the_result_and_mends(filled, catalogue, caplog):
    filled.connection.execute(
        "UPDATE rollup_1h SET max = 99 WHERE datastream = 1 AND bucket = %s", (NOW - DAY + timedelta(minutes=-30),)
    )
    stop = threading.Event()
    thread = threading.Thread(
        target=run,
        args=(lambda: connect(filled.url, "writer"), stop, at(NOW), ProcessSettings(poll_seconds=0.05)),
        kwargs={"catalogue": catalogue},
    )
    thread.start()
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and not filled.one(
            "SELECT count(*) FROM audit_run WHERE finished_at IS NOT NULL"
        ):
            time.sleep(0.2)
        while time.monotonic() < until and filled.one("SELECT count(*) FROM rollup_1h WHERE max = 99"):
            time.sleep(0.2)
    finally:
        stop.set()
        thread.join()
    row = filled.one(
        "SELECT city, night, complete, differences, repaired, checked, examples FROM audit_run"
    )  # fmt: skip
    assert row[:5] == ("trondheim", date(2026, 3, 4), True, {"rollup_1h": 1}, 1)
    assert row[5]["kpi_values"] > 50
    assert row[6][0].startswith("rollup_1h trondheim: datastream 1 elgeseter-pm10-0")
    assert filled.one("SELECT count(*) FROM rollup_1h WHERE max = 99") == 0
    assert [one for one in caplog.records if one.levelname == "ERROR" and "audit of trondheim" in one.getMessage()]


def test_what_is_measured_in_a_household_is_not_kept_in_the_result(filled, catalogue):
    filled.connection.execute("UPDATE site SET kind = 'household' WHERE slug = 'meter'")
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)
    filled.connection.execute("DELETE FROM audit_run")
    filled.connection.execute("UPDATE rollup_1h SET increase = 9 WHERE datastream = 4 AND bucket = %s", (NOON,))
    done = look(filled, catalogue, mend=True)
    assert done.differences["rollup_1h"] == 1
    assert done.public == []
    assert filled.one("SELECT differences, examples FROM audit_run") == ({"rollup_1h": 1}, [])
    filled.connection.execute("UPDATE site SET kind = 'building' WHERE slug = 'meter'")
    drain(filled.connection, at(NOW), catalogue=catalogue)
    look(filled, catalogue, mend=True)
    drain(filled.connection, at(NOW), catalogue=catalogue)


def test_every_older_week_has_its_night():
    zone, first = ZoneInfo("Europe/Oslo"), utc(2026, 9, 1, 10)
    audited, seen = {}, []
    for step in range(30):
        night = date(2026, 11, 2) + timedelta(days=step)
        (since, until), week = spans_of(night, zone, first, audited)
        # What is final six hours after its day, as most is, was not when the night after it was audited.
        assert since.astimezone(zone).date() == night - 2 * DAY
        assert until.astimezone(zone).date() == night
        assert week[1] - week[0] in {7 * DAY, 7 * DAY + timedelta(hours=1)}  # the clock changes
        assert week[1] < until - 7 * DAY  # all of it is final
        audited[week[0]] = night
        seen.append(week)
    assert len(set(seen[:8])) == 8  # from 31 August to 25 October
    assert {since.astimezone(zone).date() for since, _ in seen} == {date(2026, 8, 31) + 7 * n * DAY for n in range(12)}
    assert seen[0] == (utc(2026, 10, 11, 22), utc(2026, 10, 18, 22))
    assert spans_of(date(2026, 3, 30), zone, None, {}) == [(utc(2026, 3, 27, 23), utc(2026, 3, 29, 22))]  # 47 hours
    assert spans_of(date(2026, 9, 14), zone, first, {}) == [(utc(2026, 9, 11, 22), utc(2026, 9, 13, 22))]
    assert night_of(NOW, zone, 3) == date(2026, 3, 4)
    assert night_of(NOW - timedelta(hours=1), zone, 3) is None
    assert night_of(NOW + timedelta(hours=6), zone, 3) is None


class Hours:
    """A night's time, of which every step takes a minute."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        self.seconds += 60
        return self.seconds


def night(town, catalogue, minutes, monkeypatch):
    """What becomes of a night's audit that may take so long; the one before becomes the last night's."""
    town.connection.execute("DELETE FROM audit_run WHERE night < '2026-03-04'")
    town.connection.execute("UPDATE audit_run SET night = night - 1 WHERE finished_at IS NOT NULL")
    monkeypatch.setattr("processors.nightly.time", Hours())
    settings = ProcessSettings(audit_minutes=minutes)
    nightly = Nightly(lambda: connect(town.url, "writer"), catalogue, at(NOW), settings)
    for _ in range(500):
        nightly.turn(busy=False)
        newest = "SELECT complete, differences, unreached, spans FROM audit_run WHERE finished_at IS NOT NULL"
        if row := town.one(f"{newest} AND night = '2026-03-04'"):
            nightly.close()
            return row
    raise AssertionError("the night has no end")


def test_what_a_night_did_not_reach_the_next_begins_with(filled, catalogue, monkeypatch, caplog):
    """Each night comes further, whatever its time is enough for."""
    wrong = "kpi = 'air.pm10.mean' AND scope = 'bakke' AND period = 'PT1H' AND start = %s"
    late = FIRST + DAY + timedelta(hours=20)  # of the second day
    filled.connection.execute(f"UPDATE kpi_value SET value = 77 WHERE {wrong}", (late,))
    complete, differences, unreached, _ = night(filled, catalogue, 3, monkeypatch)
    assert (complete, differences) == (False, {})
    days = [(since, since + DAY) for since in (FIRST, FIRST + DAY)]
    assert Agenda.of_json(unreached) == Agenda(tuple(days), stream=4)  # that day's rollups were compared
    assert "the time was over before 2026-03-01 23:00 to 2026-03-03 23:00 (UTC): the next night" in caplog.text
    said = "the audit of the night to 2026-03-04 did not reach 2026-03-01 23:00 to 2026-03-03 23:00 (UTC)"
    assert last_night(filled.connection, filled.slug) == said + ": the next night goes on there"
    assert filled.one("SELECT complete, unreached FROM board_audit") == (False, 2)
    nights = 1
    while not differences:
        before = Agenda.of_json(unreached)
        complete, differences, unreached, spans = night(filled, catalogue, 4, monkeypatch)
        assert [[isoformat(since), isoformat(until)] for since, until in before.spans()] == spans[1:]
        after = Agenda.of_json(unreached)
        assert len(after.days) < len(before.days) or (after.stream, after.group) > (before.stream, before.group)
        nights += 1
    assert differences == {"kpi_value": 1}
    assert nights > 2  # not within reach of the second night either
    drain(filled.connection, at(NOW), catalogue=catalogue)
    assert filled.value("air.pm10.mean", "PT1H", late, scope="bakke")["value"] != 77
    assert night(filled, catalogue, 600, monkeypatch)[:3] == (True, {}, None)
    assert last_night(filled.connection, filled.slug) is None


def test_an_audit_whose_processor_died_is_taken_up_where_it_was(filled, catalogue, monkeypatch):
    left = Agenda(((FIRST + DAY, FIRST + 2 * DAY),), stream=3)
    done = Audited(checked=Counter(datastream_days=7), differences=Counter(rollup_5m=1), public=["rollup_5m x"])
    done.unreached = left
    number = begin_night(filled.connection, filled.slug, date(2026, 3, 4), left, [])
    alive(filled.connection, number, done)
    filled.connection.execute("UPDATE audit_run SET heartbeat_at = heartbeat_at - interval '1 hour'")
    complete, differences, unreached, _ = night(filled, catalogue, 600, monkeypatch)
    assert (complete, differences, unreached) == (True, {"rollup_5m": 1}, None)
    assert filled.one("SELECT checked FROM audit_run")["datastream_days"] == 7 + 1  # the fourth's second day
