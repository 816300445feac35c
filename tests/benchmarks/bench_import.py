"""How many rows a second `bypuls import` stores: 200 datastreams, CSV and Parquet, a new database and the same again.

Asserts nothing about time, for the machine may be busy. BYPULS_BENCH_ROWS says how many rows (3 million).
"""

import contextlib
import os
import time
from datetime import UTC, datetime

import numpy as np
import psutil
import pyarrow as pa
import pytest
from pyarrow import compute, csv, parquet

from bypuls.embedded import EmbeddedPostgres
from bypuls.observation import SourceRank
from bypuls.settings import IngestSettings
from bypuls.storage.database import connect
from bypuls.storage.migrate import migrate
from ingest.decoding import Source
from ingest.importing.files import Reading, open_file
from ingest.importing.run import Import
from ingest.validation import Catalogue
from tests.benchmarks.results import Result, runs
from tests.integration.processing import Town
from tests.lanes.databases import reachable_folder

ROWS = int(os.environ.get("BYPULS_BENCH_ROWS", "3000000"))
STREAMS = 200
START = 1_735_689_600  # 2025-01-01
PROPERTIES = (("pm25", "ug/m3"), ("air_temperature", "Cel"), ("relative_humidity", "%"), ("vehicle_count", "1"))
SHAPES = {
    "5 min, by time": (300, True, "by-time"),  # each row is a bucket of its own; all series in every block
    "5 min, by device": (300, False, "by-device"),
    "1 min, by device": (60, False, "minutes"),  # the tests over time compare every row
}

WORDS = """
A file of history through the whole validation into a new database, then the same file once more. The server is the
embedded one with its own settings, fsync on. CPU is that of the import and of PostgreSQL together.
"""


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.timeout(7200)
def test_import(shape, form, tmp_path):
    step, by_time, name = SHAPES[shape]
    path = write(tmp_path / f"history.{form}", step, by_time=by_time)
    size = round(path.stat().st_size / 1e6)
    settings = {"rows": ROWS, "megabytes": size, "datastreams": STREAMS}
    result = Result(f"import-{name}-{form}", f"Importing {form.upper()}: {shape}", WORDS, settings=settings)
    catalogue = Catalogue.load()
    for _ in range(runs()):
        with server() as (url, postgres):
            before = spent(postgres)
            fresh = run(url, path, catalogue)
            work = (spent(postgres) - before) / ROWS * 1e6
            again = run(url, path, catalogue)
            with connect(url) as connection:
                assert connection.execute("SELECT count(*) FROM observation").fetchone() == (ROWS,)
        result.add({"new": (fresh, "rows/s"), "new, CPU": (work, "µs/row"), "the same again": (again, "rows/s")})
    result.write()


@contextlib.contextmanager
def server():
    with reachable_folder() as home, EmbeddedPostgres(home) as embedded:
        migrate(embedded.url)
        Town(embedded.url).connection.close()
        yield embedded.url, psutil.Process(embedded.pid)


def spent(postgres):
    """Seconds of CPU of this process and of the server's, those that have ended included."""
    time.sleep(0.5)
    with_ended = postgres.cpu_times()
    running = [sum(child.cpu_times()[:2]) for child in postgres.children()]
    return time.process_time() + with_ended.children_user + with_ended.children_system + sum(running)


def run(url, path, catalogue):
    source = Source("import", "", ("senml",), city="trondheim", rank=SourceRank.IMPORTED, trusts_payload_device=True)
    now = datetime.now(UTC)
    work = Import(lambda: connect(url, "writer", autocommit=True), catalogue, IngestSettings(), source, now, "bench")
    started = time.perf_counter()
    receipt = work.run([open_file(path, Reading(), source, catalogue, now)], lambda: False, lambda _: None)
    seconds = time.perf_counter() - started
    assert receipt.taken == receipt.read == ROWS, receipt.lines()
    return ROWS / seconds


def write(path, step, *, by_time):
    """A file as it is exported: values with two decimals, in the order of time or device after device."""
    chance = np.random.default_rng(7)
    each = ROWS // STREAMS
    stream, place = np.divmod(np.arange(ROWS), each) if not by_time else np.divmod(np.arange(ROWS), STREAMS)[::-1]
    times = pa.array((START + place * step) * 1_000_000, pa.timestamp("us", "UTC"))
    names = pa.array([f"box-{number // 4:03}" for number in range(STREAMS)])
    columns = {
        "time": times,
        "device": pa.DictionaryArray.from_arrays(stream.astype(np.int32), names),
        "property": pa.DictionaryArray.from_arrays((stream % 4).astype(np.int32), [name for name, _ in PROPERTIES]),
        "value": np.round(20 + 5 * np.sin(place / 50) + chance.normal(0, 0.3, ROWS), 2),
        "unit": pa.DictionaryArray.from_arrays((stream % 4).astype(np.int32), [unit for _, unit in PROPERTIES]),
    }
    if path.suffix == ".parquet":
        parquet.write_table(pa.table(columns), path)
        return path
    columns["time"] = compute.strftime(times, "%Y-%m-%dT%H:%M:%SZ")
    for name in ("time", "device", "property", "unit"):
        columns[name] = columns[name].cast(pa.string())
    csv.write_csv(pa.table(columns), path, csv.WriteOptions(quoting_style="needed"))
    return path
