import psycopg
import pytest


def test_every_test_gets_an_empty_database_of_its_own(database_url):
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        connection.execute("CREATE TABLE left_behind ()")
    assert found == (0,)


@pytest.mark.lane("plain")
def test_the_next_one_is_empty_again(lane):
    for _ in range(2):
        with lane.database() as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT to_regclass('left_behind')").fetchone() == (None,)
            connection.execute("CREATE TABLE left_behind ()")


def test_a_migrated_database_has_the_schema_and_is_made_quickly(migrated_url, lane):
    with psycopg.connect(migrated_url) as connection:
        assert connection.execute("SELECT to_regclass('observation') IS NOT NULL").fetchone() == (True,)
    del lane


@pytest.mark.lane("timescaledb")
def test_the_timescaledb_lane_has_timescaledb(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE TABLE measured (time timestamptz NOT NULL, value float8)")
        connection.execute("SELECT create_hypertable('measured', 'time')")
        connection.execute("INSERT INTO measured SELECT now() - n * interval '1 day', n FROM generate_series(1, 30) n")
        assert connection.execute("SELECT count(*) FROM measured").fetchone() == (30,)
