"""What a turn of the processor costs while 200 sites live: every second each of 2,000 datastreams has one more reading.

BYPULS_BENCH_SITES (200) makes it smaller. Asserts nothing about time, for the machine may be busy.
"""

import os
from datetime import timedelta

import pytest

from bypuls.clock import utc_now
from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.rollup import Rollups
from processors.schedule import sync_definitions
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town

SITES, EACH = int(os.environ.get("BYPULS_BENCH_SITES", "200")), 10
STOOD = 150  # readings that each datastream has in the running five minutes when the first turn begins
TURNS = 3
BUCKETS, VALUES = 20_000, 20_000
WORDS = """
Ten datastreams of PM10 at each site, at 1 Hz; the running five minutes are half full. A turn rolls up what one more
second brought and computes every running hour and day that rests on it, of sites and of the city. CPU is the
processor's and the database's together.
"""
STORE = """
INSERT INTO observation (datastream, time, value, received_at, flag)
SELECT d, %s + h * interval '1 second', 10 + h * 0.01, now(), 1
FROM generate_series(%s::integer, %s::integer) h, unnest(%s::integer[]) d
"""

MARK = """
INSERT INTO changed_bucket (datastream, bucket, since, until)
SELECT d, %(start)s, %(start)s + %(second)s * interval '1 second', %(start)s + %(second)s * interval '1 second'
FROM unnest(%(streams)s::integer[]) d
"""


@pytest.mark.lane("plain")
@pytest.mark.timeout(3600)
def test_a_turn(lane):
    result = Result("turn", "A turn of the processor", WORDS, settings={"sites": SITES, "datastreams": SITES * EACH})
    for _ in range(runs()):
        with lane.database(migrated=True) as url:
            result.add(turns(Town(url)))
    result.write()


def turns(town):
    sites = [town.site(f"air-{n}") for n in range(SITES)]
    streams = [
        town.datastream(site, "pm10", interval=None, expected_spacing="1 second") for site in sites for _ in range(EACH)
    ]
    connection, catalogue = town.connection, Catalogue.load()
    start = utc_now().replace(minute=0, second=0, microsecond=0)
    connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (start, start))
    connection.execute(STORE, (start, 0, STOOD - 1, streams))
    connection.execute("UPDATE datastream SET first_time = %s, last_time = %s", (start, start))
    connection.execute("ANALYZE")
    sync_definitions(connection, catalogue)
    rollups, kpis = Rollups(catalogue), Kpis(catalogue)
    spent = {"rollups": 0.0, "values": 0.0}
    computed = 0
    for turn in range(TURNS + 1):
        second = STOOD + turn
        connection.execute(STORE, (start, second, second, streams))
        connection.execute(MARK, {"start": start, "second": second, "streams": streams})
        now = start + timedelta(seconds=second + 1)
        cpu = Cpu(connection)
        rollups.batch(connection, BUCKETS, now, recent=True)
        rolled = cpu.both()
        kpis.batch(connection, VALUES, now, recent=True)
        if turn:  # the first one meets an empty house
            spent["rollups"] += rolled
            spent["values"] += cpu.both() - rolled
        else:
            computed = kpis.counts["computed"]
    connection.close()
    return {
        "rollups, CPU": (spent["rollups"] / TURNS / len(streams) * 1e6, "µs/datastream"),
        "KPI values, CPU": (spent["values"] / TURNS / computed * 1e6, "µs/value"),
        "KPI values a turn": (computed / SITES, "values/site"),
        "a turn, CPU": (sum(spent.values()) / TURNS, "s"),
    }
