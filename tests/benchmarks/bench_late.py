"""What late data costs beside TimescaleDB's continuous aggregates, in one database of its Community edition.

BYPULS_TEST_DSN names a server on this machine that has it; without one it is skipped. BYPULS_BENCH_STREAMS (3000).
"""

import os
from datetime import timedelta
from functools import cache

import pytest

from bypuls.clock import utc_now
from bypuls.storage.database import connect
from ingest.writer import Batch, Row, Writer
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town, utc

STREAMS = int(os.environ.get("BYPULS_BENCH_STREAMS", "3000"))
START, HOUR, MINUTE = utc(2026, 3, 2), timedelta(hours=1), timedelta(minutes=1)
END = START + 8 * HOUR
LATE = START + HOUR  # when it arrives, the end of this hour is six hours old
WORDS = """
3,000 series with a value a minute for eight hours stand rolled up twice in one database: by the platform, and as two
continuous aggregates (5 minutes, and hours of them) with the same counts, sums, least and greatest, first and last
values. For 1 % of the series an hour comes when it is 6 hours old, through ingest's writer; then each brings its 5
minutes and hours up to date. An aggregate keeps from when to when something changed, for all series together: so it
makes the hour anew of all of them, and where one transaction brings a live value beside late ones, all between, too.
CPU is the database's, and of the platform the worker's as well; who is first takes turns.
"""
AGGREGATED = """
    sum(n_good) AS n_good, sum(n_not_evaluated) AS n_not_evaluated, sum(n_suspect) AS n_suspect, sum(n_fail) AS n_fail,
    sum(sum) AS sum, sum(sum_squares) AS sum_squares, min(min) AS min, max(max) AS max,
    first(first, first_time) AS first, min(first_time) AS first_time, last(last, last_time) AS last,
    max(last_time) AS last_time
"""
AGGREGATES = [
    """CREATE MATERIALIZED VIEW late_5m WITH (timescaledb.continuous) AS
       SELECT datastream, time_bucket('5 minutes', time) AS bucket, count(*) FILTER (WHERE flag = 1) AS n_good,
              count(*) FILTER (WHERE flag = 2) AS n_not_evaluated, count(*) FILTER (WHERE flag = 3) AS n_suspect,
              count(*) FILTER (WHERE flag = 4) AS n_fail, sum(value) FILTER (WHERE flag < 3) AS sum,
              sum(value * value) FILTER (WHERE flag < 3) AS sum_squares, min(value) FILTER (WHERE flag < 3) AS min,
              max(value) FILTER (WHERE flag < 3) AS max, first(value, time) FILTER (WHERE flag < 3) AS first,
              min(time) FILTER (WHERE flag < 3) AS first_time, last(value, time) FILTER (WHERE flag < 3) AS last,
              max(time) FILTER (WHERE flag < 3) AS last_time
       FROM observation GROUP BY 1, 2 WITH NO DATA""",
    f"""CREATE MATERIALIZED VIEW late_1h WITH (timescaledb.continuous) AS
        SELECT datastream, time_bucket('1 hour', bucket) AS bucket, {AGGREGATED}
        FROM late_5m GROUP BY 1, 2 WITH NO DATA""",
]
STORE = """
INSERT INTO observation (datastream, time, value, received_at, flag)
SELECT d, b, 20 + d %% 7 + extract(minute FROM b) / 10, now(), 1
FROM generate_series(%s, %s - interval '1 second', interval '1 minute') b, unnest(%s::integer[]) d ORDER BY b, d
"""
MARK = """
INSERT INTO changed_bucket (datastream, bucket)
SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01Z') FROM observation ORDER BY 2, 1
"""
SAME = """
SELECT count(*), count(*) FILTER (WHERE (o.n_good, o.min, o.max, o.first, o.last, o.last_time)
                                        = (a.n_good, a.min, a.max, a.first, a.last, a.last_time)
                                    AND abs(o.sum - a.sum) < 1e-6)
FROM rollup_1h o FULL JOIN late_1h a USING (datastream, bucket)
"""


@pytest.mark.lane("community")
@pytest.mark.timeout(7200)
def test_late(lane):
    with lane.database(migrated=True) as url:
        town = Town(url)
        if town.one("SELECT bypuls_edition()") != "timescaledb-community":
            pytest.skip("the server at BYPULS_TEST_DSN has not TimescaleDB's Community edition")
        extension = town.one("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        result = Result(
            "late-aggregate",
            "Late data beside a continuous aggregate",
            WORDS,
            settings={
                "series": STREAMS,
                "server": f"PostgreSQL {town.one('SHOW server_version')}, TimescaleDB {extension}",
            },
            goals={"late, of a refresh": ("<=", 0.05), "late beside live, of a refresh": ("<=", 0.05)},
        )
        measured(town, url, result)
        town.connection.close()
    result.write()


def measured(town, url, result):
    count, ways = runs(), [rolled_up, refreshed]
    streams = prepared(town, 2 * count)
    with connect(url, "writer", autocommit=True) as connection:
        writer = Writer(connection)
        for run in range(count):
            figures = {}
            for case, live in (("late", ()), ("late beside live", (END + run * MINUTE,))):
                few = streams[2 * run + bool(live) :: 100]
                bring(writer, few, live)
                ways.reverse()
                seconds = {way: way(town) for way in ways}
                figures[f"{case}, CPU"] = (seconds[rolled_up], "s")
                figures[f"{case}, refresh, CPU"] = (seconds[refreshed], "s")
                figures[f"{case}, of a refresh"] = (seconds[rolled_up] / seconds[refreshed], "times")
                hours, same = town.one(SAME)
                assert hours == same > 7 * STREAMS
            result.add(figures)


def prepared(town, late):
    """Series in order; of each hundred, as many as `late` lack their hour."""
    sites = [town.site(f"air-{n}") for n in range(STREAMS // 10)]
    streams = [town.datastream(sites[n % len(sites)], "pm10", interval=None) for n in range(STREAMS)]
    town.connection.execute(STORE, (START, LATE, streams))
    town.connection.execute(STORE, (LATE, LATE + HOUR, [one for n, one in enumerate(streams) if n % 100 >= late]))
    town.connection.execute(STORE, (LATE + HOUR, END, streams))
    town.connection.execute("UPDATE datastream SET first_time = %s, last_time = %s", (START, END))
    town.connection.execute("VACUUM ANALYZE observation")
    for aggregate in AGGREGATES:
        town.connection.execute(aggregate)
    town.connection.execute(MARK)
    rolled_up(town)
    refreshed(town)
    town.connection.execute("VACUUM ANALYZE")
    return streams


def bring(writer, streams, live):
    """The hour of these series, in one transaction with what is live."""
    now = utc_now()
    times = [LATE + n * MINUTE for n in range(60)]
    rows = [Row(stream, time, 30.0 + n, 1, 1, now, 0) for stream in streams for n, time in enumerate(times)]
    rows += [Row(streams[0], time, 21.0, 1, 1, now, 0) for time in live]
    assert writer.write(Batch(rows=rows)).stored == len(rows)


def rolled_up(town):
    cpu = Cpu(town.connection)
    while worker().batch(town.connection, 20_000, utc_now()):
        pass
    return cpu.both()


@cache
def worker():
    """One for all runs: a processor runs on, too."""
    return Rollups(Catalogue.load())


def refreshed(town):
    cpu = Cpu(town.connection)
    for name in ("late_5m", "late_1h"):
        town.connection.execute(f"CALL refresh_continuous_aggregate('{name}', %s, %s)", (START, END + HOUR))
    return cpu.server()
