"""What rollups and KPI values cost, and how large they are: a year of hourly values of twelve datastreams, one worker.

Prints figures; asserts nothing about time, for the machine may be busy.
"""

from datetime import timedelta
from time import perf_counter

import pytest

from bypuls.clock import utc_now
from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.rollup import Rollups
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town, utc

START = utc(2024, 12, 31, 23)
HOURS = 8760
BUCKETS, VALUES = 20_000, 20_000
AIR_SITES, ROADS = 4, 8
WORDS = """
A year of hourly values of twelve datastreams (PM10 at four sites, vehicles on eight roads) waits in the queue. One
worker rolls it up and computes every hour, day, month and year of every indicator that rests on it. CPU is the worker's
and the database's together; bytes are those of a table with its indexes, on plain PostgreSQL, divided by its rows.
"""
SIZES = """
SELECT sum(pg_total_relation_size(c.oid))::float8 / (SELECT greatest(count(*), 1) FROM {table}) FROM pg_class c
WHERE c.oid = '{table}'::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '{table}'::regclass)
"""


@pytest.mark.lane("plain")
@pytest.mark.timeout(3600)
def test_processing(lane):
    result = Result("processing", "A year of hours: rollups, KPI values and their size", WORDS)
    for _ in range(runs()):
        with lane.database(migrated=True) as url:
            result.add(a_year(Town(url)))
    result.write()


def a_year(town):
    streams = [town.datastream(town.site(f"air-{n}"), "pm10") for n in range(AIR_SITES)]
    streams += [town.datastream(town.site(f"road-{n}", kind="road"), "vehicle_count") for n in range(ROADS)]
    connection = town.connection
    connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, START + timedelta(hours=HOURS)))
    with connection.transaction():
        connection.execute(
            """INSERT INTO observation (datastream, time, value, received_at, flag)
               SELECT d, %s + h * interval '1 hour', 20 + 15 * sin(h / 7.0), now(), 1
               FROM generate_series(0, %s) h, unnest(%s::integer[]) d""",
            (START, HOURS - 1, streams),
        )
        connection.execute(
            "INSERT INTO changed_bucket (datastream, bucket) SELECT datastream, time FROM observation ORDER BY time"
        )
    catalogue = Catalogue.load()
    rollups, kpis = Rollups(catalogue), Kpis(catalogue)

    cpu, started, buckets = Cpu(connection), perf_counter(), 0
    while taken := rollups.batch(connection, BUCKETS, utc_now()):
        buckets += taken
    figures = {
        "rollups": (buckets / (perf_counter() - started), "buckets/s"),
        "rollups, CPU": (cpu.both() / buckets * 1e6, "µs/bucket"),
    }
    cpu, started = Cpu(connection), perf_counter()
    while kpis.batch(connection, VALUES, utc_now(), everything=True):
        pass
    computed = kpis.counts["computed"]
    figures |= {
        "KPI values": (computed / (perf_counter() - started), "values/s"),
        "KPI values, CPU": (cpu.both() / computed * 1e6, "µs/value"),
        "KPI values that stand": (town.one("SELECT count(*) FROM kpi_value") / len(streams), "values a site and year"),
    }
    connection.execute("VACUUM ANALYZE")
    for table in ("observation", "rollup_5m", "rollup_1h", "kpi_value"):
        figures[f"size of {table}"] = (town.one(SIZES.format(table=table)), "bytes/row")
    connection.close()
    return figures
