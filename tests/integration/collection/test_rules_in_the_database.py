"""What the database itself refuses, whoever writes: no second person, a changed signature, steps left out."""

from __future__ import annotations

import threading

import psycopg
import pytest

from bypuls.storage.database import connect

pytestmark = pytest.mark.lane("plain")

CODE = "EN: EN: EQ: 1C"
KEY = {"code": CODE}


@pytest.fixture
def connection(migrated_url):
    with connect(migrated_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO city (slug, name, time_zone, document)
               VALUES ('alpha', '{"en": "Alpha"}', 'Europe/Oslo', '{}');
               INSERT INTO collection_round (city, year, deadline, opened_by)
               VALUES ('alpha', 2024, '2025-03-01', 'kari')"""
        )
        connection.execute(
            """INSERT INTO assignment (city, year, code, unit, asked_by)
               VALUES ('alpha', 2024, %(code)s, 'Environment', 'kari')""",
            KEY,
        )
        yield connection


def enter(connection, value, who="ola", data_point="", verified="unknown"):
    connection.execute(
        """INSERT INTO reported_value (city, year, code, data_point, origin, value, unit, who, verified)
           VALUES ('alpha', 2024, %(code)s, %(point)s, 'reported', %(value)s, '%%', %(who)s, %(verified)s)
           ON CONFLICT (city, year, code, data_point, origin) DO UPDATE
           SET (value, who, verified, changed_at) =
               (excluded.value, excluded.who, excluded.verified, clock_timestamp())""",
        KEY | {"value": value, "who": who, "point": data_point, "verified": verified},
    )


def step(connection, to, who):
    column = to.removesuffix("ed") + "ed"
    connection.execute(
        f"UPDATE assignment SET state = '{to}', {column}_by = %(who)s, {column}_at = now() WHERE code = %(code)s",
        KEY | {"who": who},
    )


def state(connection):
    return connection.execute("SELECT state, entered_by, checked_by, signed_by FROM assignment").fetchone()


def reopen(connection, why="a meter was left out"):
    connection.execute(
        """UPDATE assignment
           SET (state, checked_by, checked_at, signed_by, signed_at, reopened_by, reopened_at, reopened_why)
           = ('entered', NULL, NULL, NULL, NULL, 'kari', now(), %(why)s) WHERE code = %(code)s""",
        KEY | {"why": why},
    )


def test_asked_entered_checked_signed(connection):
    assert state(connection) == ("asked", None, None, None)
    enter(connection, 90.0)
    assert state(connection) == ("entered", "ola", None, None)
    step(connection, "checked", "ola")
    step(connection, "signed", "kari")
    assert state(connection) == ("signed", "ola", "ola", "kari")


@pytest.mark.parametrize("to", ["checked", "signed"])
def test_no_step_is_left_out(connection, to):
    with pytest.raises(psycopg.errors.CheckViolation):
        step(connection, to, "kari")
    if to == "signed":
        enter(connection, 90.0)
        with pytest.raises(psycopg.errors.CheckViolation, match="asked, entered, checked, signed is the order"):
            step(connection, to, "kari")


def test_who_entered_any_of_the_values_does_not_sign(connection):
    enter(connection, 90.0, "kari", "a")
    enter(connection, 91.0, "ola", "b")
    step(connection, "checked", "per")
    for who in ("ola", "kari"):
        with pytest.raises(psycopg.errors.CheckViolation):
            step(connection, "signed", who)
    step(connection, "signed", "per")


def test_who_entered_a_number_does_not_sign_it_under_anothers_comment(connection):
    enter(connection, 90.0, "ola")
    for who, comment in (("per", "typo"), ("anne", "another")):
        connection.execute("UPDATE reported_value SET (comment, who) = (%s, %s)", [comment, who])
    step(connection, "checked", "per")
    for who in ("anne", "ola"):
        with pytest.raises(psycopg.errors.CheckViolation):
            step(connection, "signed", who)
    step(connection, "signed", "kari")


def test_who_entered_a_number_that_was_corrected_may_sign_the_correction(connection):
    enter(connection, 90.0, "ola")
    enter(connection, 91.0, "per")
    step(connection, "checked", "per")
    step(connection, "signed", "ola")
    assert state(connection) == ("signed", "per", "per", "ola")


@pytest.mark.parametrize(("entered", "signs"), [("cli:kari", "kari"), ("Kari", "kari"), ("kari", "cli:Kari")])
def test_one_person_under_two_names_is_no_second_person(connection, entered, signs):
    enter(connection, 90.0, entered)
    step(connection, "checked", "per")
    with pytest.raises(psycopg.errors.CheckViolation, match="a second person signs"):
        step(connection, "signed", signs)


def test_open_reads_see_values_and_nobodys_name(connection):
    enter(connection, 90.0)
    connection.execute("SET ROLE bypuls_reader")
    assert connection.execute("SELECT value, changed_at IS NOT NULL FROM reported_value").fetchone() == (90.0, True)
    for column, table in (
        ("who", "reported_value"),
        ("who", "reported_value_history"),
        ("opened_by", "collection_round"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT {column} FROM {table}")


def test_a_value_entered_anew_is_neither_checked_nor_signed(connection):
    enter(connection, 90.0)
    step(connection, "checked", "kari")
    enter(connection, 90.0, "ola")
    assert state(connection)[0] == "checked", "the same value is no new value"
    enter(connection, 91.0, "per")
    assert state(connection) == ("entered", "per", None, None)


def test_what_is_signed_stays_until_it_is_reopened_with_a_reason(connection):
    enter(connection, 90.0)
    step(connection, "checked", "kari")
    step(connection, "signed", "kari")
    for forbidden in (
        lambda: enter(connection, 91.0),
        lambda: enter(connection, 91.0, data_point="other"),
        lambda: connection.execute("DELETE FROM reported_value"),
        lambda: connection.execute(
            """UPDATE assignment SET (state, checked_by, checked_at, signed_by, signed_at) =
                                     ('entered', NULL, NULL, NULL, NULL)"""
        ),
        lambda: reopen(connection, " "),
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            forbidden()
    enter(connection, 90.0, verified="yes")
    assert state(connection)[0] == "signed", "a verifier's word comes after the signature"
    reopen(connection)
    assert state(connection) == ("entered", "ola", None, None)
    enter(connection, 91.0)
    values = connection.execute("SELECT value FROM reported_value_history ORDER BY superseded_at").fetchall()
    assert values == [(90.0,), (90.0,)], "before the verifier's word, and before the new value"


def test_a_value_that_is_taken_away_is_asked_for_again(connection):
    enter(connection, 90.0, data_point="a")
    enter(connection, 91.0, data_point="b")
    step(connection, "checked", "kari")
    connection.execute("DELETE FROM reported_value WHERE data_point = 'a'")
    assert state(connection) == ("entered", "ola", None, None)
    connection.execute("DELETE FROM reported_value")
    assert state(connection) == ("asked", None, None, None)


def test_a_closed_round_takes_nothing(connection):
    connection.execute("UPDATE collection_round SET (closed_at, closed_by) = (now(), 'kari')")
    with pytest.raises(psycopg.errors.CheckViolation, match="is closed"):
        enter(connection, 90.0)


def test_a_signature_and_a_new_value_at_once_take_turns(connection, migrated_url):
    """Whoever comes second sees what the first did: no signature under a value that its signer did not see."""
    enter(connection, 90.0)
    step(connection, "checked", "kari")
    outcome = []

    def sign():
        with connect(migrated_url, autocommit=True) as other:
            done = other.execute(
                "UPDATE assignment SET state = 'signed', signed_by = 'kari', signed_at = now() WHERE state = 'checked'"
            )
            outcome.append(done.rowcount)

    with connect(migrated_url) as writer:
        enter(writer, 91.0)
        signing = threading.Thread(target=sign)
        signing.start()
        signing.join(0.3)
        assert signing.is_alive(), "it waits for the value"
        writer.commit()
    signing.join(60)
    assert outcome == [0]
    assert state(connection) == ("entered", "ola", None, None)
