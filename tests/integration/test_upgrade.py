"""A database of every schema there ever was, with rows of its time, becomes one of the newest; and after a failure."""

# ruff: noqa: E501 - a row is one line

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from bypuls.errors import SchemaError
from bypuls.storage import migrate as module
from bypuls.storage.database import connect
from bypuls.storage.migrate import Migration, migrate, migrations, plan
from ingest.writer import Batch, Row, Writer
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.worker import drain

pytestmark = pytest.mark.lane("plain")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = datetime(2026, 3, 2, 11, tzinfo=UTC)

# What a platform of that schema had stored, table by table, as its software wrote it.
ROWS = {
    1: """
        INSERT INTO city (slug, name, country, time_zone, national_limits, document)
            VALUES ('by', '{"en": "Town", "nb": "By"}', 'NO', 'Europe/Oslo', 'norway_legal_limits', '{"slug": "by"}');
        INSERT INTO area (city, slug, name, population) VALUES ('by', 'sentrum', 'Sentrum', 9000);
        INSERT INTO site (city, slug, name, kind, latitude, longitude, area, attributes)
            VALUES ('by', 'torget', 'Torget', 'traffic', 63.4, 10.4, 'sentrum', '{"street": "Kongens gate"}'),
                   ('by', 'skolen', 'Skolen', 'building', 63.4, 10.5, 'sentrum', '{"floor_area": 2400}');
        INSERT INTO observed_property (id, domain, name, unit, aggregation)
            VALUES ('pm10', 'air', '{}', 'ug/m3', 'mean'), ('active_energy_import', 'energy', '{}', 'kW.h', 'counter');
        INSERT INTO device (city, external_id, keys, site, status, first_seen, last_seen)
            VALUES ('by', 'box-1', '{"eui": "0011223344556677"}', 'torget', 'active', '2026-03-02 10:00Z', '2026-03-02 12:00Z'),
                   ('by', 'meter-1', '{}', 'skolen', 'active', NULL, NULL), ('by', 'stranger', '{}', NULL, 'pending', NULL, NULL);
        INSERT INTO datastream (city, device, property, site, interval, class, first_time, last_time)
            VALUES ('by', 1, 'pm10', 'torget', '1 hour', 'reference', '2026-03-02 11:00Z', '2026-03-02 11:00Z'),
                   ('by', 2, 'active_energy_import', 'skolen', NULL, 'unknown', '2026-03-02 11:00Z', '2026-03-02 12:00Z');
        INSERT INTO calibration (datastream, valid_from, slope, intercept, who, why)
            VALUES (1, '2026-01-01', 1.1, -0.5, 'kari', 'compared in the laboratory');
        INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, source)
            VALUES ('by', 'city', 'by', 'population', '2026-01-01', 9000, '{person}', 'register');
        INSERT INTO source (name, document) VALUES ('tts', '{"format": "tts_v3", "city": "by"}');""",
    2: """
        SELECT bypuls_ensure_partitions('2026-03-02', '2026-03-02');
        INSERT INTO observation (datastream, time, value, received_at, flag) VALUES
            (1, '2026-03-02 11:00Z', 20.5, '2026-03-02 12:00:01Z', 1),
            (2, '2026-03-02 11:00Z', 1000, '2026-03-02 11:00:01Z', 2), (2, '2026-03-02 12:00Z', 1004, '2026-03-02 12:00:01Z', 2);
        INSERT INTO observation_revision (datastream, time, replaced_at, value, flag, rank, received_at, message_hash)
            VALUES (1, '2026-03-02 11:00Z', '2026-03-02 13:00Z', 19.5, 1, 1, '2026-03-02 12:00Z', 'ab');
        INSERT INTO changed_bucket (datastream, bucket) VALUES (1, '2026-03-02 11:00Z');
        INSERT INTO rollup_5m (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max,
                               first, first_time, last, last_time)
            VALUES (1, '2026-03-02 11:00Z', 1, 0, 0, 0, 20.5, 420.25, 20.5, 20.5, 20.5, '2026-03-02 11:00Z', 20.5, '2026-03-02 11:00Z'),
                   (2, '2026-03-02 11:00Z', 0, 1, 0, 0, 1000, 1e6, 1000, 1000, 1000, '2026-03-02 11:00Z', 1000, '2026-03-02 11:00Z');
        INSERT INTO rollup_1h (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum)
            VALUES (1, '2026-03-02 11:00Z', 1, 0, 0, 0, 1, 1, 20.5);
        INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason, detail,
                                hint, refusals)
            VALUES ('2026-03-02 12:00Z', '2026-03-02 12:00Z', 'by', 'own', 'bypuls/v1/by/box-1/observations', '{"pm10": 1}',
                    '\\x01', 'unit_missing', 'no unit', 'send one', '[{"code": "unit_missing"}]');
        INSERT INTO first_arrival VALUES ('bypuls-1', 7, '\\x02', '2026-03-02 12:00Z');
        INSERT INTO recent_message (device, slot, received_at, topic, payload, outcome)
            VALUES (1, 0, '2026-03-02 12:00Z', 't', '{}', '{"stored": 1, "refused": []}');
        INSERT INTO device_event (device, time, kind, detail) VALUES (1, '2026-03-02 10:00Z', 'online', '{}');
        INSERT INTO outbox (source, topic, payload) VALUES ('own', 'bypuls/v1/by/box-1/errors', '{}');""",
    3: """
        INSERT INTO kpi_definition (id, version, document) VALUES ('air.pm10.mean', 'sha256:old', '{}');
        INSERT INTO kpi_due (kpi, city, site, period, start) VALUES ('air.pm10.mean', 'by', 'torget', 'PT1H', '2026-03-02 11:00Z');
        INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality, coverage,
                               evidence, version, final_at)
            VALUES ('by', 'air.pm10.mean', 'site', 'torget', 'PT1H', '2026-03-02 10:00Z', '2026-03-02 11:00Z', 18.5, 'ug/m3',
                    'final', 'ok', 1, '{"datastreams": 1}', 'sha256:old', '2026-03-02 17:00Z');
        INSERT INTO api_key (name, hash) VALUES ('operations', '\\x03');
        INSERT INTO audit_log (who, city, what, target) VALUES ('cli:kari', 'by', 'city.add', 'by');""",
    4: """INSERT INTO device_event (device, time, kind, property, channel, detail)
          VALUES (2, '2026-03-01 10:00Z', 'swapped_meter', 'active_energy_import', '', '{"closing": 990, "opening": 0}');""",
    5: """
        INSERT INTO memory (scope, key, document) VALUES ('sparkplug', 'node', '{"aliases": {"1": "pm10"}}');
        INSERT INTO unit_conversion VALUES (1, '2026-03-02 11:00Z', 'ppb', 1.9125, 293.15, 101.325);""",
    6: """
        INSERT INTO bridge (name, city, document) VALUES ('nilu', 'by', '{"service": "nilu"}');
        INSERT INTO bridge_station (bridge, station, device, complete_to) VALUES ('nilu', 'x', 'box-1', '2026-03-02 11:00Z');
        INSERT INTO webhook_sender (source, token, first_at, last_at) VALUES ('tts', 'operations', now(), now());""",
    7: """INSERT INTO invalidation (city, datastream, since, until, why, who)
          VALUES ('by', 1, '2026-02-01', '2026-02-02', 'painted over', 'kari');""",
    8: """
        INSERT INTO collection_round (city, year, deadline, opened_by) VALUES ('by', 2025, '2026-06-01', 'kari');
        INSERT INTO assignment (city, year, code, unit, asked_by) VALUES ('by', 2025, 'EC: ICT: C: 1C', 'IT', 'kari');
        INSERT INTO reported_value (city, year, code, origin, value, unit, who)
            VALUES ('by', 2025, 'EC: ICT: C: 1C', 'reported', 97.5, '%', 'ola');
        INSERT INTO u4ssc_benchmark VALUES ('by', 'EC: ICT: C: 1C', '', '2025-01-01', 0, 100, 'council', 'kari');""",
    9: """
        INSERT INTO goal (city, slug, title, owner, source, status) VALUES ('by', 'air', '{}', 'unit', 'decision', 'adopted');
        INSERT INTO target (city, slug, goal, kpi, scope_kind, scope, period, direction, unit, base_year, base_value,
                            base_origin, value, due, source)
            VALUES ('by', 'pm10', 'air', 'air.pm10.mean', 'city', 'by', 'P1Y', 'lower_is_better', 'ug/m3', 2020, 20,
                    'measured', 15, '2030-12-31', 'decision');
        INSERT INTO measure (city, slug, goal, title, sites, starts, kpi, direction, owner, source, status, locked_at, locked_by)
            VALUES ('by', 'sweep', 'air', '{}', '{torget}', '2026-01-01', 'air.pm10.mean', 'decrease', 'unit', 'plan',
                    'running', now(), 'kari');""",
    10: """INSERT INTO household_group (city, slug, name, sites) VALUES ('by', 'homes', '{}', '{a,b,c,d,e}');""",
    11: """INSERT INTO report (city, kind, year, format, language, demonstration, hash, versions, document, made_at, who)
           VALUES ('by', 'city', 2025, 'pdf', 'nb', false, 'sha256:x', '{}', '\\x25', now(), 'kari');""",
    12: """INSERT INTO kpi_backlog (kpi, city, year) VALUES ('air.pm10.mean', 'by', 2026);""",
    15: """
        INSERT INTO audit_run (city, night, spans, finished_at, complete) VALUES ('by', '2026-03-03', '[]', now(), true);
        INSERT INTO heartbeat VALUES ('ingest', '1', now(), 0, '{}');""",
}  # fmt: skip

# The same where the catalogue's properties are there already.
OF_NOW = ";".join(part for part in ROWS[1].split(";") if "INTO observed_property" not in part)


def contents(connection):
    """Every table's rows as documents, those of pending work aside: what was queued may have been done."""
    tables = connection.execute(
        """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
             AND NOT relispartition AND relname NOT IN ('schema_migration', 'observed_property') ORDER BY 1"""
    ).fetchall()
    return {
        name: [row for (row,) in connection.execute(f'SELECT to_jsonb(t) FROM "{name}" t').fetchall()]
        for (name,) in tables
    }


@pytest.fixture(scope="module")
def catalogue():
    every = Catalogue.load().definitions
    return Catalogue.of({"air.pm10.mean": every["air.pm10.mean"]})


@pytest.mark.timeout(600)
def test_a_database_of_every_schema_is_brought_to_the_newest_with_all_it_holds(lane, catalogue):
    functions = files("bypuls.storage").joinpath("views/01_functions.sql").read_text(encoding="utf-8")
    shipped = migrations()
    assert set(ROWS) <= {migration.number for migration in shipped}
    with lane.database() as walking:
        for migration in shipped:
            with connect(walking, autocommit=True) as connection:
                module._apply(connection, migration)
                if migration.number == 2:  # then as now a function, not a migration, makes the months
                    connection.execute("SET check_function_bodies = off")
                    connection.execute(functions)
                connection.execute(ROWS.get(migration.number, ""))
                before = contents(connection)
            assert [one.number for one in plan(walking).pending] == [
                one.number for one in shipped if one.number > migration.number
            ]
            with lane.copy(walking) as old:
                migrate(old)
                with connect(old, autocommit=True) as connection:
                    after = contents(connection)
                    for table, rows in before.items():
                        for row in rows:
                            assert any(row.items() <= found.items() for found in after[table]), (migration, table, row)
                    # What was there then is read by the software of now: views of readers and boards, rollups, KPIs.
                    assert connection.execute("SELECT count(*) FROM board_datastream").fetchone() == (2,)
                if migration.number in {3, shipped[-1].number}:
                    computes(old, catalogue)


def computes(url, catalogue):
    with connect(url) as connection:
        drain(connection, lambda: NOON, catalogue=catalogue)
        assert check_rollups(connection, datetime(2026, 3, 2, tzinfo=UTC), NOON) == []
    with connect(url, "reader", autocommit=True) as connection:
        rows = connection.execute(
            """SELECT start, value, version = %s FROM kpi_value
               WHERE kpi = 'air.pm10.mean' AND scope = 'torget' AND period = 'PT1H' ORDER BY start""",
            (catalogue.definitions["air.pm10.mean"].version,),
        ).fetchall()
        # Calibrated: 1.1 * 20.5 - 0.5; what was said before stands.
        assert [(start, pytest.approx(value)) for start, value, _ in rows][-1] == (HOUR, 22.05)
        increase = connection.execute("SELECT increase FROM rollup_1h WHERE datastream = 2").fetchone()
        assert increase == (4,)


def test_a_failing_migration_leaves_a_database_that_the_old_software_goes_on_with(lane, monkeypatch):
    shipped = migrations()
    bad = Migration(
        9000, "bad", "ALTER TABLE observation ADD doubt real; DROP TABLE kpi_due CASCADE; "
        "UPDATE kpi_value SET value = 0; SELECT 1 / 0;"
    )  # fmt: skip
    good = Migration(9000, "good", "CREATE TABLE later (a int)")
    with lane.database(migrated=True) as url:
        with connect(url, autocommit=True) as connection:
            connection.execute(OF_NOW)
            connection.execute(ROWS[2])
            connection.execute(ROWS[3])
            before = contents(connection)
        monkeypatch.setattr(module, "migrations", lambda: [*shipped, bad])
        with pytest.raises(SchemaError, match="9000_bad failed and was rolled back: division by zero"):
            migrate(url)
        monkeypatch.undo()
        found = plan(url)
        assert found.pending == ()
        assert found.applied[-1] == shipped[-1].number
        with connect(url, autocommit=True) as connection:
            assert contents(connection) == before
        with connect(url, "writer", autocommit=True) as connection:
            assert Writer(connection).write(Batch(rows=[Row(1, NOON, 21.0, 1, 1, NOON, 0)])).stored == 1
        with connect(url, "reader", autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM observation").fetchone() == (4,)
        monkeypatch.setattr(module, "migrations", lambda: [*shipped, good])
        assert [one.number for one in migrate(url).pending] == [9000]
