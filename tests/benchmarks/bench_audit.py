# ruff: noqa: T201 - a benchmark prints what it measured
"""What the nightly audit costs: rollups and KPI values apart, for each day of a datastream.

BYPULS_BENCH_STREAMS (50) and BYPULS_BENCH_DAYS (7) set the size. Asserts nothing about time, for the machine may be
busy.
"""

import os
from datetime import timedelta

import pytest

from processors.audit_agenda import Agenda, days_of
from processors.auditing import Audited, audit
from processors.calculation import Catalogue
from processors.worker import drain
from tests.benchmarks.cpu import Cpu
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town, at, utc

STREAMS = int(os.environ.get("BYPULS_BENCH_STREAMS", "50"))
DAYS = int(os.environ.get("BYPULS_BENCH_DAYS", "7"))
START = utc(2026, 3, 1, 23)
NOW = START + timedelta(days=DAYS + 9, hours=3)  # all of its days have been final for a while
MIX = (
    (("pm10", "pm25", "no2", "o3"), 2, "background"),
    (("vehicle_count", "vehicle_speed_mean"), 6, "road"),
    (("active_energy_import",), 14, "building"),
    (("sound_level_laeq",), 3, "road"),
    (("air_temperature", "relative_humidity", "wind_speed"), 4, "weather"),
)
"""Of fifty datastreams: kinds of sites, how many of each, and what is measured there."""

STORE = """
INSERT INTO observation (datastream, time, value, received_at, flag)
SELECT d.id, b, CASE WHEN p.aggregation = 'counter' THEN extract(epoch FROM b)::bigint / 300
                     ELSE 25 + round((20 * sin(extract(epoch FROM b) / 25000 + d.id))::numeric, 1) END, b, 1
FROM datastream d JOIN observed_property p ON p.id = d.property
CROSS JOIN generate_series(%s, %s - interval '1 second', interval '5 minutes') b ORDER BY b, d.id
"""
MARK = """
INSERT INTO changed_bucket (datastream, bucket) SELECT datastream, time FROM observation ORDER BY time, datastream
"""
WORDS = """
Air, roads, meters, microphones and weather, a value each five minutes, everything rolled up and computed. Then the
audit compares all of it with what it rests on, and finds nothing. CPU is the processor's and the database's together.
"""


@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_what_the_audit_costs(lane):
    with lane.database(migrated=True) as url:
        town, catalogue = built(url), Catalogue.load()
        count = town.one("SELECT count(*) FROM datastream")
        drain(town.connection, at(NOW), catalogue=catalogue)
        town.connection.execute("VACUUM ANALYZE")
        result = Result("audit", "What the nightly audit costs", WORDS, settings={"series": count, "days": DAYS})
        for _ in range(runs()):
            result.add(audited(town, catalogue))
        result.write()
        town.connection.close()


def built(url):
    town = Town(url)
    town.area("sentrum")
    for names, number, kind in MIX:
        for one in range(max(1, round(number * STREAMS / 50))):
            site = town.site(f"{kind}-{names[0].replace('_', '-')}-{one}", kind, "sentrum")
            for name in names:
                town.datastream(site, name, interval=None if name == "active_energy_import" else "5 minutes",
                                expected_spacing="5 minutes")  # fmt: skip
    end = START + timedelta(days=DAYS)
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, end))
    town.connection.execute(STORE, (START, end))
    town.connection.execute(
        "UPDATE datastream SET first_time = %s, last_time = %s", (START, end - timedelta(minutes=5))
    )
    town.connection.execute('UPDATE site SET attributes = \'{"free_flow_speed": 60, "floor_area": 1000, "lanes": 2}\'')
    town.connection.execute(MARK)
    town.connection.execute("ANALYZE")
    return town


def audited(town, catalogue):
    done = Audited(unreached=Agenda(tuple(days_of([(START, START + timedelta(days=DAYS))]))))
    cpu, rollups, before, days = Cpu(town.connection), 0.0, 0.0, 0
    for _ in audit(town.connection, catalogue, town.slug, done, at(NOW), mend=False):
        used = cpu.both()
        if done.checked["datastream_days"] > days:
            rollups += used - before
        before, days = used, done.checked["datastream_days"]
    assert not done.lines, done.lines[:3]
    values, days, compared = cpu.both() - rollups, done.checked["datastream_days"], done.checked["kpi_values"]
    print(f"\n{days} days of datastreams, {compared} values, {done.checked['not_compared']} not compared")
    return {
        "rollups, CPU": (rollups / days * 1e3, "ms/day of a datastream"),
        "KPI values, CPU": (values / days * 1e3, "ms/day of a datastream"),
        "KPI values, CPU a value": (values / compared * 1e6, "µs"),
        "values": (compared / days, "values/day of a datastream"),
    }
