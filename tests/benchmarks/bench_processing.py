# ruff: noqa: T201 - a benchmark prints what it measured
"""How many buckets and KPI values a second: one worker, a year of hourly values of twelve datastreams.

Prints figures; asserts nothing about time, for the machine may be busy.
"""

from datetime import timedelta
from time import perf_counter

import pytest

from bypuls.clock import utc_now
from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.rollup import Rollups
from tests.integration.processing import Town, utc

START = utc(2024, 12, 31, 23)
HOURS = 8760
BUCKETS, VALUES = 20_000, 20_000


@pytest.mark.lane("plain")
def test_processing(migrated_url):
    town = Town(migrated_url)
    streams = [town.datastream(town.site(f"air-{n}"), name) for n in range(4) for name in ("pm10",)]
    streams += [town.datastream(town.site(f"road-{n}", kind="road"), "vehicle_count") for n in range(8)]
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, START + timedelta(hours=HOURS)))
    with town.connection.transaction():
        town.connection.execute(
            """INSERT INTO observation (datastream, time, value, received_at, flag)
               SELECT d, %s + h * interval '1 hour', 20 + 15 * sin(h / 7.0), now(), 1
               FROM generate_series(0, %s) h, unnest(%s::integer[]) d""",
            (START, HOURS - 1, streams),
        )
        town.connection.execute(
            "INSERT INTO changed_bucket (datastream, bucket) SELECT datastream, time FROM observation ORDER BY time"
        )
    catalogue = Catalogue.load()
    rollups, kpis = Rollups(catalogue), Kpis(catalogue)

    started, buckets = perf_counter(), 0
    while taken := rollups.batch(town.connection, BUCKETS, utc_now()):
        buckets += taken
    seconds = perf_counter() - started
    print(f"\nrollups: {buckets} buckets in {seconds:.1f} s, {buckets / seconds:.0f} a second")

    started = perf_counter()
    while kpis.batch(town.connection, VALUES, utc_now(), everything=True):
        pass
    seconds, computed = perf_counter() - started, kpis.counts["computed"]
    print(f"KPI values: {computed} in {seconds:.1f} s, {computed / seconds:.0f} a second")
    town.connection.close()
