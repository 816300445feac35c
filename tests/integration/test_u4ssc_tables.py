"""What the tables of U4SSC promise whoever writes them: history is kept, a second person signs."""

from __future__ import annotations

import psycopg
import pytest

from bypuls.storage.database import connect

POPULATION = """INSERT INTO reported_value (city, year, code, origin, value, unit, who)
                VALUES ('trondheim', 2020, 'EC: P: IN: 2C', 'reported', %s, '1', 'anne')
                ON CONFLICT (city, year, code, data_point, origin) DO UPDATE
                    SET value = excluded.value, changed_at = now()"""


@pytest.mark.lane("plain")
def test_what_a_reported_value_replaced_is_kept_once(town):
    for value in (3, 3, 5):
        town.connection.execute(POPULATION, (value,))
    assert town.all("SELECT value FROM reported_value") == [(5,)]
    assert town.all("SELECT value, superseded_at >= changed_at FROM reported_value_history") == [(3, True)]
    town.connection.execute("DELETE FROM reported_value")
    assert [row[0] for row in town.all("SELECT value FROM reported_value_history ORDER BY superseded_at")] == [3, 5]


@pytest.mark.lane("plain")
def test_the_api_may_write_what_is_reported_and_its_history_follows(town):
    with connect(town.url, "editor", autocommit=True) as editor:
        editor.execute(POPULATION, (3,))
        editor.execute(POPULATION, (4,))
        editor.execute("DELETE FROM reported_value")
        for statement in ("DELETE FROM reported_value_history", "UPDATE reported_value_history SET value = 5"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                editor.execute(statement)
    assert town.all("SELECT value FROM reported_value_history ORDER BY superseded_at") == [(3,), (4,)]


@pytest.mark.lane("plain")
def test_a_second_person_signs(town):
    town.connection.execute("INSERT INTO collection_round VALUES ('trondheim', 2020, '2021-03-01', now(), 'anne')")
    town.connection.execute(
        """INSERT INTO assignment (city, year, code, unit, asked_by)
           VALUES ('trondheim', 2020, 'EC: P: IN: 2C', 'Plan', 'anne')"""
    )
    signing = "UPDATE assignment SET state = 'signed', signed_by = %s, signed_at = now()"
    with pytest.raises(psycopg.errors.CheckViolation):  # nobody entered it
        town.connection.execute(signing, ("carl",))
    for state in ("entered", "checked"):
        town.connection.execute(f"UPDATE assignment SET state = '{state}', {state}_by = 'berit', {state}_at = now()")
    with pytest.raises(psycopg.errors.CheckViolation):
        town.connection.execute(signing, ("berit",))
    town.connection.execute(signing, ("carl",))
    assert town.all("SELECT state, signed_by FROM assignment") == [("signed", "carl")]


@pytest.mark.lane("plain")
def test_a_benchmark_needs_a_source_and_a_distance(town):
    insert = """INSERT INTO u4ssc_benchmark (city, code, valid_from, start_value, target_value, source, who)
                VALUES ('trondheim', 'EC: P: IN: 2C', '2020-01-01', %s, %s, %s, 'anne')"""
    for given in ((0, 100, " "), (100, 100, "plan"), (0, float("nan"), "plan"), (0, float("inf"), "plan")):
        with pytest.raises(psycopg.errors.CheckViolation):
            town.connection.execute(insert, given)
    town.connection.execute(insert, (0, 100, "Kommuneplan 2020, p. 3"))
