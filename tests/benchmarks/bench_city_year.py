# ruff: noqa: T201 - a benchmark prints what it measured
"""All KPIs of a city-year of 500 datastreams, recomputed from hourly rollups by two processes.

Asserts nothing about time, for the machine may be busy. BYPULS_BENCH_STREAMS makes the city smaller,
BYPULS_BENCH_ONLY=days (or hours) computes less: only the whole of it meets the goal or does not.
"""

import os
from datetime import timedelta
from time import perf_counter

import pytest

from processors.calculation import Catalogue
from processors.recomputation import Year, recompute
from processors.schedule import sync_definitions
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
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
WORDS = """
Every indicator that a city's hourly rollups of one year allow, of hours, days, months and the year, of sites, districts
and the city, computed again by two processes and compared with what stands. First nothing stands yet, and every value
is written with its evidence; then nothing has changed, and nothing is written. CPU is that of the processes and of the
database together.
"""


@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_a_city_year(migrated_url):
    started = perf_counter()
    town, count = build(migrated_url)
    hours = town.one("SELECT count(*) FROM rollup_1h")
    print(f"\n{count} datastreams, {hours} hours: {perf_counter() - started:.0f} s")
    what = os.environ.get("BYPULS_BENCH_ONLY", "all")
    result = Result(
        "city-year" if what == "all" else f"city-year-{what}",
        "A city's year computed again" + ("" if what == "all" else f": {what}"),
        WORDS,
        settings={"datastreams": count, "hours": hours, "periods": " ".join(PERIODS[what])},
        goals={"nothing changed": ("<=", GOAL)} if count >= 500 and what == "all" else {},
    )
    first = computed(town, migrated_url, PERIODS[what], "nothing stands yet")
    town.connection.execute("VACUUM (ANALYZE) kpi_value")  # as autovacuum does within a minute
    for run in range(runs()):
        figures = computed(town, migrated_url, PERIODS[what], "nothing changed")
        result.add(figures if run else figures | first)
    result.write()
    town.connection.close()


def computed(town, url, periods, what):
    cpu, started = Cpu(town.connection), perf_counter()
    done = recompute(url, Year(town.slug, 2024, periods), NOW)
    seconds = perf_counter() - started
    used = cpu.both()
    assert done.written == (done.values if what == "nothing stands yet" else 0)
    return {
        what: (seconds, "s"),
        f"{what}: CPU": (used, "s"),
        f"{what}: of it the database": (cpu.server(), "s"),
        f"{what}: CPU a value": (used / done.values * 1e6, "µs"),
        "values": (done.values, "values"),
    }
