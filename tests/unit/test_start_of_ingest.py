"""Ingest started before its database: it waits, says so once, and begins."""

from __future__ import annotations

import logging
import threading

import pytest

from bypuls.errors import DatabaseUnreachable, SchemaError
from ingest import compose


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(compose, "_FIRST_PAUSE", 0.01)


def test_it_waits_with_one_line_until_the_database_answers(caplog):
    tries, built = [], object()

    def build():
        tries.append(1)
        if len(tries) < 4:
            raise DatabaseUnreachable("database at 10.0.0.1:5432 does not answer")
        return built

    with caplog.at_level(logging.INFO):
        assert compose.when_the_database_answers(build, threading.Event()) is built
    assert len(tries) == 4
    assert [one.getMessage() for one in caplog.records] == [
        "database at 10.0.0.1:5432 does not answer; ingest begins as soon as it does, and takes no message meanwhile"
    ]


def test_it_ends_when_told_to_while_it_waits_and_at_once_of_what_waiting_does_not_mend():
    stop = threading.Event()

    def away():
        stop.set()
        raise DatabaseUnreachable("away")

    def outdated():
        raise SchemaError("run 'bypuls db migrate'")

    assert compose.when_the_database_answers(away, stop) is None
    with pytest.raises(SchemaError):
        compose.when_the_database_answers(outdated, threading.Event())
