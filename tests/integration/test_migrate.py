"""The schema: planned, applied once, refused when it cannot be; roles that can do what they must and no more."""

from __future__ import annotations

import threading

import psycopg
import pytest

from bypuls.cli import app
from bypuls.errors import DatabaseUnreachable, SchemaError, SettingsError
from bypuls.storage import migrate as module
from bypuls.storage.database import connect
from bypuls.storage.migrate import Migration, migrate, migrations, plan


def one(url, query):
    with connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_plan_changes_nothing_and_migrate_does_what_it_said(database_url):
    planned = plan(database_url)
    assert [migration.number for migration in planned.pending] == [migration.number for migration in migrations()]
    assert one(database_url, "SELECT to_regclass('observation')") is None
    assert [migration.number for migration in migrate(database_url).pending] == [m.number for m in planned.pending]
    assert migrate(database_url).pending == ()


def test_the_edition_is_found_out(lane, migrated_url):
    license_ = one(migrated_url, "SELECT current_setting('timescaledb.license', true)")
    expected = {None: "plain", "apache": "timescaledb-apache", "timescale": "timescaledb-community"}[license_]
    assert one(migrated_url, "SELECT bypuls_edition()") == expected
    assert (license_ is None) == (lane.name == "plain")


def test_two_migrations_at_once_take_turns(database_url):
    failures = []

    def run():
        try:
            migrate(database_url)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert one(database_url, "SELECT count(*) FROM schema_migration") == len(migrations())


def test_a_newer_database_is_refused_in_one_line(migrated_url):
    with connect(migrated_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migration VALUES (9999, 'later', 'x', now(), 1)")
    with pytest.raises(SchemaError, match="newer than this version of Bypuls") as caught:
        migrate(migrated_url)
    assert "\n" not in str(caught.value)


def test_an_edited_migration_is_refused(migrated_url):
    with connect(migrated_url, autocommit=True) as connection:
        connection.execute("UPDATE schema_migration SET checksum = 'x' WHERE number = 1")
    with pytest.raises(SchemaError, match="0001_reference differs"):
        plan(migrated_url)


def test_a_failing_migration_leaves_the_database_as_the_one_before_it_made_it(migrated_url, monkeypatch):
    bad = Migration(9000, "bad", "CREATE TABLE half (a int); SELECT 1 / 0;")
    shipped = migrations()
    monkeypatch.setattr(module, "migrations", lambda: [*shipped, bad])
    with pytest.raises(SchemaError, match="9000_bad failed and was rolled back: division by zero"):
        migrate(migrated_url)
    assert one(migrated_url, "SELECT to_regclass('half')") is None
    monkeypatch.undo()
    assert migrate(migrated_url).pending == ()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("reader", "INSERT INTO city (slug, name, time_zone, document) VALUES ('x', '{}', 'UTC', '{}')"),
        ("reader", "SELECT * FROM api_key"),
        ("reader", "SELECT who FROM audit_log"),
        ("reader", "SELECT document -> 'sites' FROM city"),
        ("reader", "SELECT payload FROM outbox"),
        ("reader", "SELECT document FROM public.memory"),
        ("writer", "CREATE TABLE mine (a int)"),
        ("writer", "SELECT * FROM api_key"),
        ("writer", "DELETE FROM audit_log"),
        ("grafana", "SELECT payload FROM quarantine"),
        ("grafana", "SELECT * FROM recent_message"),
        ("grafana", "SELECT * FROM audit_log"),
        ("grafana", "DELETE FROM observation"),
    ],
)
def test_roles_cannot_do_what_is_not_theirs(migrated_url, role, statement):
    with (
        connect(migrated_url, role, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.lane("plain")
def test_partitions_are_made_for_any_time_by_the_writer_too(migrated_url):
    with connect(migrated_url, "writer", autocommit=True) as connection:
        made = connection.execute("SELECT bypuls_ensure_partitions('1975-01-15', '1975-03-01')").fetchone()
        again = connection.execute("SELECT bypuls_ensure_partitions('1975-01-15', '1975-03-01')").fetchone()
    assert (made, again) == ((6,), (0,))


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("nonsense", SettingsError, "BYPULS_DATABASE_URL is like"),
        ("postgresql://nobody:secret@127.0.0.1:1/x", DatabaseUnreachable, "127.0.0.1:1/x does not answer"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_line_without_the_password(url, error, says):
    with pytest.raises(error, match=says) as caught:
        plan(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("command", [["source", "list"], ["bridge", "list"], ["token", "list"]], ids=" ".join)
def test_a_command_on_an_older_schema_is_one_line(database_url, monkeypatch, command):
    monkeypatch.setenv("BYPULS_DATABASE_URL", database_url)
    with pytest.raises(SchemaError, match="its schema is not this version's: run 'bypuls db migrate'"):
        app(command, standalone_mode=False)
