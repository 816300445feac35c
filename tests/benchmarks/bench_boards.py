# ruff: noqa: T201 - a benchmark prints what it measured
"""Every board's queries on a city of a thousand datastreams: a year of hours and of indicators, on both editions.

At the board's own range and over a year; asserts nothing about time, for the machine may be busy.
"""

import contextlib
from statistics import median

import pytest

from bypuls.storage.database import connect
from tests.benchmarks.results import Result, runs
from tests.boards_on_a_database import boards, run
from tests.seeded_city import seed

TIMES = 17
WORDS = """
Every panel's query of every board, as the reader of boards, on a seeded city with a year of hours and of indicators;
the quickest of three times each.
"""


@pytest.mark.parametrize("days", [None, 365], ids=["own range", "a year"])
def test_boards_of_a_thousand_datastreams(thousand, lane, days):
    span = "a year" if days else "the board's own range"
    name = f"boards-{'year' if days else 'own'}-{lane.name}"
    settings = {"datastreams": thousand(lane)[1]}
    result = Result(name, f"Queries of boards over {span}, {lane.name}", WORDS, settings=settings)
    with connect(thousand(lane)[0], "grafana", autocommit=True) as connection:
        for _ in range(runs()):
            ran = [
                one
                for board in boards().values()
                for one in run(connection, board, timescaledb=lane.name == "timescaledb", times=3, days=days)
            ]
            taken = [one.milliseconds for one in ran]
            slowest = max(ran, key=lambda one: one.milliseconds)
            print(f"\nslowest: {slowest.name}, {len(slowest.rows)} rows")
            result.add({
                "queries": (len(ran), ""),
                "median": (median(taken), "ms"),
                "slowest": (max(taken), "ms"),
                "all one after another": (sum(taken) / 1000, "s"),
            })  # fmt: skip
    result.write()


@pytest.fixture(scope="module")
def thousand(lanes):  # noqa: ARG001 - the servers outlast what is on them
    """Lane -> address of its seeded database, how many datastreams it has."""
    with contextlib.ExitStack() as stack:
        made = {}

        def of(lane):
            if lane.name not in made:
                url = stack.enter_context(lane.database(migrated=True))
                with connect(url) as connection:
                    seed(connection, times=TIMES)
                    count = connection.execute("SELECT count(*) FROM datastream").fetchone()[0]
                made[lane.name] = url, count
            return made[lane.name]

        yield of
