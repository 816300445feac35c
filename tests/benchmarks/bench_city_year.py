# ruff: noqa: T201 - a benchmark prints what it measured
"""All KPIs of a city-year of 500 datastreams, recomputed from hourly rollups by two processes.

Prints figures; asserts nothing about time, for the machine may be busy. What it takes is said in CPU seconds of the two
processes and the server, too: others on the machine change those little. BYPULS_BENCH_STREAMS makes the city smaller,
BYPULS_BENCH_ONLY=days (or hours) computes less.
"""

import os
import resource
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest

from processors.calculation import Catalogue
from processors.recomputation import Year, recompute
from processors.schedule import sync_definitions
from tests.integration.processing import Town, utc

START, END = utc(2023, 12, 31, 22), utc(2024, 12, 31, 23)
NOW = utc(2025, 6, 1)
STREAMS = int(os.environ.get("BYPULS_BENCH_STREAMS", "500"))

# Of 500 datastreams: 40 air stations, 60 roads with two lanes (count and speed), buildings and their heat, microphones,
# weather stations.
AIR = (("pm10", "pm25", "no2", "o3"), 40, "background")
ROADS = (("vehicle_count", "vehicle_speed_mean"), 60, "road")
BUILDINGS = (("active_energy_import",), 70, "building")
NOISE = (("sound_level_laeq",), 10, "road")
WEATHER = (("air_temperature", "relative_humidity", "wind_speed", "precipitation"), 5, "weather")

FILL = """
INSERT INTO rollup_1h (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum,
                       sum_squares, min, max, first, first_time, last, last_time, energy_sum, increase, covered,
                       computed_at)
SELECT d.id, b, 1, 0, 0, 0, 1, 1, v, v * v, v, v, v, b, v, b,
       CASE WHEN p.aggregation = 'energy_mean' THEN power(10, v / 10) END,
       CASE WHEN p.aggregation = 'counter' THEN v END, CASE WHEN p.aggregation = 'counter' THEN 1 END, b
FROM datastream d JOIN observed_property p ON p.id = d.property
CROSS JOIN generate_series(%s, %s, interval '1 hour') b
CROSS JOIN LATERAL (SELECT extract(epoch FROM b)::bigint / 3600 AS hour) h
CROSS JOIN LATERAL (SELECT round((25 + 20 * sin(hour / 7.0 + d.id)
                                  + abs(hashint8(d.id * 1000003 + hour)) %% 100 / 10.0)::numeric, 1)::float8 AS v) x
WHERE d.id = ANY(%s) AND abs(hashint8(d.id * 7919 + hour)) %% 50 <> 0
"""


def build(url):
    town = Town(url)
    town.area("sentrum")
    share = STREAMS / 500
    ids = []
    for names, count, kind in (AIR, ROADS, BUILDINGS, NOISE, WEATHER):
        for number in range(max(1, round(count * share))):
            site = town.site(f"{kind}-{names[0].replace('_', '-')}-{number}", kind, "sentrum")
            lanes = ("north", "south") if kind == "road" and len(names) > 1 else ("",)
            ids += [town.datastream(site, name, channel=lane) for name in names for lane in lanes]
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, END))
    town.connection.execute(FILL, (START, END - timedelta(hours=1), ids))
    town.connection.execute("UPDATE datastream SET first_time = %s, last_time = %s", (START, END - timedelta(hours=1)))
    town.connection.execute('UPDATE site SET attributes = \'{"free_flow_speed": 60, "floor_area": 1000, "lanes": 2}\'')
    town.connection.execute("ANALYZE")
    sync_definitions(town.connection, Catalogue.load())
    return town, len(ids)


GOAL = 60
PERIODS = {"all": ("PT1H", "P1D", "P1M", "P1Y"), "days": ("P1D", "P1M", "P1Y"), "hours": ("PT1H",)}


class Cpu:
    """CPU seconds of this process and its children that have ended, and of the server with all of its processes."""

    def __init__(self, connection):
        self._server = int(_stat(connection.info.backend_pid)[1])

    def seconds(self):
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ticks = sum(map(int, _stat(self._server)[11:15]))  # its own, and what its children that have ended took
        for process in Path("/proc").glob("[0-9]*"):
            try:
                stat = _stat(process.name)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat[1]) == self._server:
                ticks += sum(map(int, stat[11:13]))
        return sum(one.ru_utime + one.ru_stime for one in used), ticks / os.sysconf("SC_CLK_TCK")


def _stat(process):
    """What the kernel says of a process after its name: [0] state, [1] parent, [11] to [14] ticks of CPU."""
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()


@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_a_city_year(migrated_url):
    started = perf_counter()
    town, count = build(migrated_url)
    cpu = Cpu(town.connection)
    print(
        f"\n{count} datastreams, {town.one('SELECT count(*) FROM rollup_1h')} hours: {perf_counter() - started:.0f} s"
    )
    periods = PERIODS[os.environ.get("BYPULS_BENCH_ONLY", "all")]
    for run in ("nothing stands yet", "nothing changed"):
        load, (ours, server), started = os.getloadavg()[0], cpu.seconds(), perf_counter()
        done = recompute(migrated_url, Year(town.slug, 2024, periods), NOW)
        seconds = perf_counter() - started
        after = cpu.seconds()
        ours, server = after[0] - ours, after[1] - server
        print(
            f"{', '.join(periods)}, {run}: {done.values} values in {seconds:.1f} s at a load of {load:.1f}; "
            f"{done.written} written; CPU {ours + server:.1f} s, of it the server {server:.1f} s; "
            f"{(ours + server) / done.values * 1e6:.1f} us a value"
        )
        if count >= 500 and len(periods) == 4:
            met = "met" if seconds <= GOAL else "NOT met"
            print(f"the goal of {GOAL} s for a city-year of 500 datastreams is {met} in this run ({seconds:.1f} s)")
        else:
            much = (ours + server) * 500 / count / 2
            print(
                f"no verdict on the goal of {GOAL} s: this is not all of 500 datastreams; 500 of them would take about "
                f"{much:.0f} s on two cores that do nothing else"
            )
    town.connection.close()
