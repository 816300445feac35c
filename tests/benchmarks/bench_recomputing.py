"""Raw data rolled up anew: a thousand one-minute series, by one, two and four processes; and what comes late.

BYPULS_BENCH_STREAMS (1000) and BYPULS_BENCH_DAYS (1; 30 is the month of the goal) set the size; figures are rates, so
that a day stands for the month. Asserts nothing about time, for the machine may be busy.
"""

import multiprocessing
import os
from datetime import timedelta
from time import perf_counter, process_time, sleep

import pytest

from bypuls.clock import utc_now
from bypuls.storage.database import connect
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town, utc

STREAMS = int(os.environ.get("BYPULS_BENCH_STREAMS", "1000"))
DAYS = float(os.environ.get("BYPULS_BENCH_DAYS", "1"))
START = utc(2026, 3, 2)
BUCKETS = 20_000
PROCESSES = (1, 2, 4)
WORDS = """
Series of PM10, a value a minute, lie in the table of observations and every five minutes of them wait in the queue. One
process empties the queue, then two that share it, then four, each time from the beginning: rollups of 5 minutes and of
hours are made, and what rests on them is queued. "New": no rollup stands yet, all are written. "Again": all of it waits
once more and every number is found as it stands. What two and four do is beside the one of the same run. CPU is the
database's and the processes' together.
"""
LATE_WORDS = """
3,000 series with a value each five minutes stand rolled up for eight hours. For 1 % of them the hour that is 6 hours
old comes late. What rolling up that hour takes, beside rolling up anew all that came since then: the range of time that
a continuous aggregate would refresh, for all series. CPU is the worker's and the database's together.
"""
STORE = """
INSERT INTO observation (datastream, time, value, received_at, flag)
SELECT d, b, 20 + d %% 7 + extract(minute FROM b) / 10, now(), 1
FROM generate_series(%s, %s - interval '1 second', %s) b, unnest(%s::integer[]) d ORDER BY b, d
"""
MARK = """
INSERT INTO changed_bucket (datastream, bucket)
SELECT d, b
FROM generate_series(%s, %s - interval '1 second', interval '5 minutes') b, unnest(%s::integer[]) d ORDER BY b, d
"""


@pytest.mark.lane("plain")
@pytest.mark.timeout(14_400)
def test_recomputing(lane):
    settings = {"series": STREAMS, "days": DAYS}
    goals = {f"{name}, 2 processes": (">=", 500_000.0) for name in ("new", "again")}
    result = Result("recomputing", "Raw data rolled up anew", WORDS, settings=settings, goals=goals)
    for _ in range(runs()):
        with lane.database(migrated=True) as url:
            result.add(recomputed(Town(url)))
    result.write()


@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_late(lane):
    result = Result("recomputing-late", "Late data", LATE_WORDS, goals={"late, of all": ("<=", 0.05)})
    for _ in range(runs()):
        with lane.database(migrated=True) as url:
            result.add(late(Town(url)))
    result.write()


def recomputed(town):
    streams, end = series(town, STREAMS), START + timedelta(days=DAYS)
    stored(town, streams, START, end, "1 minute")
    count, figures, seconds = town.one("SELECT count(*) FROM observation"), {}, {}
    for processes in PROCESSES:
        town.connection.execute("TRUNCATE rollup_5m, rollup_1h, rollup_1h_history")
        for name in ("new", "again"):
            town.connection.execute("TRUNCATE changed_bucket, kpi_due")
            town.connection.execute(MARK, (START, end, streams))
            town.connection.execute("ANALYZE changed_bucket")
            cpu = Cpu(town.connection)
            seconds[name, processes], clients = shared(town.url, processes)
            figure = f"{name}, one process" if processes == 1 else f"{name}, {processes} processes"
            figures[figure] = (count / seconds[name, processes], "observations/s")
            figures[f"{figure}, CPU"] = ((cpu.server() + clients) / count * 1e6, "µs/observation")
            if processes > 1:
                figures[f"{figure}, of one"] = (seconds[name, 1] / seconds[name, processes], "times")
    assert town.one("SELECT sum(n_good) FROM rollup_1h") == count
    town.connection.close()
    return figures


def late(town):
    streams, end = series(town, 3000), START + timedelta(hours=8)
    stored(town, streams, START, end, "5 minutes")
    town.connection.execute(MARK, (START, end, streams))
    emptied(town.connection)
    hour, few = START + timedelta(hours=1), streams[::100]
    town.connection.execute(
        "UPDATE observation SET value = value + 1 WHERE datastream = ANY(%s) AND time >= %s AND time < %s",
        (few, hour, hour + timedelta(hours=1)),
    )
    seconds = []
    for since, until, changed in ((hour, hour + timedelta(hours=1), few), (hour, end, streams)):
        town.connection.execute(MARK, (since, until, changed))
        cpu = Cpu(town.connection)
        emptied(town.connection)
        seconds.append(cpu.both())
    town.connection.close()
    return {
        "late, CPU": (seconds[0], "s"),
        "all since then, CPU": (seconds[1], "s"),
        "late, of all": (seconds[0] / seconds[1], "times"),
    }


def series(town, count):
    sites = [town.site(f"air-{n}") for n in range(count // 10 or 1)]
    return [town.datastream(sites[n % len(sites)], "pm10", interval=None) for n in range(count)]


def stored(town, streams, start, end, spacing):
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (start, end))
    town.connection.execute(STORE, (start, end, spacing, streams))
    town.connection.execute("UPDATE datastream SET first_time = %s, last_time = %s", (start, end))
    town.connection.execute("VACUUM ANALYZE observation")


def emptied(connection):
    rollups = Rollups(Catalogue.load())
    while rollups.batch(connection, BUCKETS, utc_now()):
        pass


def shared(url, processes):
    """Seconds until so many processes have emptied the queue, from when all are ready; their CPU seconds since then."""
    context = multiprocessing.get_context("spawn")
    ready, spent = context.Barrier(processes + 1), context.SimpleQueue()
    started = [context.Process(target=worked, args=(url, ready, spent)) for _ in range(processes)]
    for process in started:
        process.start()
    ready.wait(300)
    began = perf_counter()
    for process in started:
        process.join()
    seconds = perf_counter() - began
    assert all(process.exitcode == 0 for process in started)
    return seconds, sum(spent.get() for _ in started)


def worked(url, ready, spent):
    with connect(url, "writer", autocommit=True) as connection:
        rollups = Rollups(Catalogue.load())
        ready.wait(300)
        began = process_time()
        # Others may hold every lane that still has rows: then there is nothing for this one until they commit.
        while rollups.batch(connection, BUCKETS, utc_now()) or waiting(connection):
            pass
        spent.put(process_time() - began)


def waiting(connection):
    row = connection.execute("SELECT EXISTS (SELECT FROM changed_bucket)").fetchone()
    if row[0]:
        sleep(0.01)
    return row[0]
