# ruff: noqa: T201 - a benchmark prints what it measured
"""Every board's queries on a city of a thousand datastreams: a year of hours and of indicators, on both editions.

Prints the slowest panels at the board's own range and over a year; asserts nothing about time.
"""

import contextlib

import pytest

from bypuls.storage.database import connect
from tests.boards_on_a_database import boards, run
from tests.seeded_city import seed

TIMES = 17
SHOWN = 8


@pytest.mark.parametrize("days", [None, 365], ids=["own range", "a year"])
def test_boards_of_a_thousand_datastreams(thousand, lane, days):
    with connect(thousand(lane), "grafana", autocommit=True) as connection:
        ran = [
            one
            for board in boards().values()
            for one in run(connection, board, timescaledb=lane.name == "timescaledb", times=3, days=days)
        ]
    ran.sort(key=lambda one: -one.milliseconds)
    print(f"\n{lane.name}, {f'{days} days' if days else 'own range'}: {len(ran)} queries")
    for one in ran[:SHOWN]:
        print(f"{one.milliseconds:8.1f} ms {len(one.rows):6d} rows  {one.name}")


@pytest.fixture(scope="module")
def thousand(lanes):  # noqa: ARG001 - the servers outlast what is on them
    """Lane -> address of its seeded database."""
    with contextlib.ExitStack() as stack:
        made = {}

        def of(lane):
            if lane.name not in made:
                made[lane.name] = stack.enter_context(lane.database(migrated=True))
                with connect(made[lane.name]) as connection:
                    seed(connection, times=TIMES)
                    count = connection.execute("SELECT count(*) FROM datastream").fetchone()[0]
                print(f"\n{lane.name}: {count} datastreams")
            return made[lane.name]

        yield of
