"""Import of history: the same tables as the same rows sent live, however often, wherever it was cut off."""

from __future__ import annotations

import csv
import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from pyarrow import parquet

from bypuls.clock import isoformat
from bypuls.errors import SettingsError
from bypuls.observation import SourceRank
from bypuls.settings import IngestSettings, ProcessSettings, load
from bypuls.storage.database import connect
from ingest.compose import quality_of
from ingest.decoding import Message, Source
from ingest.importing.columns import Given
from ingest.importing.files import Reading, open_file
from ingest.importing.run import Import
from ingest.pipeline import Pipeline
from ingest.registry import Registry
from ingest.validation import Catalogue, Reader
from ingest.writer import Writer
from processors.calculation import Catalogue as Kpis
from processors.worker import drain
from tests.integration.processing import Town

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = datetime(2025, 3, 1, tzinfo=UTC)
SERIES = "JOIN datastream s ON s.id = datastream JOIN device d ON d.id = s.device"
TABLES = {
    "observation": f"SELECT d.external_id, s.property, s.channel, time, value, flag, rank FROM observation {SERIES} "
    "ORDER BY 1, 2, 3, 4",
    "observation_revision": "SELECT d.external_id, s.property, time, value, flag, rank FROM observation_revision "
    f"{SERIES} ORDER BY time, value",
    "changed_bucket": f"SELECT DISTINCT d.external_id, s.property, s.channel, bucket FROM changed_bucket {SERIES} "
    "ORDER BY 1, 2, 3, 4",
    "datastream": "SELECT d.external_id, s.property, s.channel, s.site, s.first_time, s.last_time, s.interval, "
    "s.class, s.origin FROM datastream s JOIN device d ON d.id = s.device ORDER BY 1, 2, 3",
    "device": "SELECT external_id, status FROM device ORDER BY 1",
}


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def contents(url, *tables):
    with connect(url) as connection:
        return {name: connection.execute(TABLES[name]).fetchall() for name in tables or TABLES}


def history(rank=SourceRank.IMPORTED, **more):
    return Source("import", "", ("senml",), city="trondheim", rank=rank, trusts_payload_device=True, **more)


def bring_in(url, catalogue, *paths, source=None, given=None, dry_run=False, errors=None, stop=None, **reading):
    source = source or history()
    opened = [
        open_file(path, Reading(given or Given(), zone=source.zone, **reading), source, catalogue, NOW)
        for path in paths
    ]
    work = Import(
        lambda: connect(url, "writer", autocommit=True),
        catalogue,
        IngestSettings(),
        source,
        NOW,
        "cli:test",
        errors,
        dry_run,
    )
    return work.run(opened, stop or (lambda: False), lambda _: None)


def send_live(url, catalogue, rows, rank=SourceRank.IMPORTED, size=7):
    """The same rows as messages, through the pipeline of live ingest."""
    source = Source("live", "#", ("own_json",), city="trondheim", rank=rank)
    with connect(url, "writer", autocommit=True) as connection:
        registry = Registry(connection, quality_of(catalogue.properties), 10_000, 500)
        reader = Reader(source, catalogue)
        pipeline, writer = Pipeline(registry, lambda message, _: reader.read(message)), Writer(connection)
        messages = [
            Message(
                f"bypuls/v1/trondheim/{device}/history",
                msgspec.json.encode(
                    {"readings": [{"time": time, "property": name, "value": float(value), "unit": unit}]}
                ),
                NOW,
            )
            for time, device, name, value, unit in rows
        ]
        for start in range(0, len(messages), size):
            writer.write(pipeline.prepare([(message, source) for message in messages[start : start + size]]).batch)


def write_csv(path, rows, header=("time", "device", "property", "value", "unit")):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def rows_of(count=1500, *, step=60, seed=4):
    """Some devices' values in the order of time, with spikes, flats, gaps, sentinels and values out of range."""
    chance = random.Random(seed)
    rows = []
    for n in range(count):
        moment = START + timedelta(seconds=step * n + (7200 if n > count // 2 else 0))
        for device, name, unit in (
            ("box-1", "pm25", "ug/m3"),
            ("box-2", "air_temperature", "degF"),
            ("box-2", "vehicle_count", "1"),
        ):
            value = 20 + chance.gauss(0, 2)
            if 400 < n < 900:
                value = 21.5
            if chance.random() < 0.01:
                value = chance.choice([-9999, 85, 5000, 400, -3, 1e4])
            if name == "vehicle_count":
                value = abs(round(value))
            rows.append((moment.isoformat().replace("+00:00", "Z"), device, name, value, unit))
    return rows


def test_the_same_rows_live_and_imported_give_the_same_tables(lane, tmp_path, catalogue):
    rows = rows_of()
    with lane.database(migrated=True) as live, lane.database(migrated=True) as imported:
        for url in (live, imported):
            Town(url).connection.close()
        send_live(live, catalogue, rows, size=100)
        receipt = bring_in(imported, catalogue, write_csv(tmp_path / "a.csv", rows))
        expected, found = contents(live), contents(imported)
        for name in ("observation", "observation_revision", "changed_bucket"):
            assert found[name] == expected[name], name
        assert receipt.read == len(rows)
        assert receipt.stored.stored == len(expected["observation"])
        assert {row[5] for row in found["observation"]} >= {1, 3, 4}
        assert [row[:6] for row in found["datastream"]] == [
            (*row[:4], *times_of(expected, row)) for row in expected["datastream"]
        ]


def times_of(contents, stream):
    """Live ingest writes a datastream's last time with its housekeeping, which nobody does here."""
    times = [row[3] for row in contents["observation"] if row[:3] == stream[:3]]
    return min(times), max(times)


SAID = "city, kpi, scope_kind, scope, period, start, value, unit, band, detail, quality, reason, coverage, evidence"


@pytest.mark.shared
@pytest.mark.lane("plain")
def test_the_same_hours_live_and_imported_give_the_same_indicators(lane, tmp_path, catalogue, shared):
    """Computed as they come or when all are there. Bakke kirke begins late and has gaps: the city's hours say so."""
    sites = {"Elgeseter": "elgeseter", "Bakke kirke": "bakke-kirke"}
    with gzip.open(shared / "data/real/trondheim_air_2019_2020.csv.gz", "rt", encoding="utf-8") as file:
        recorded = [row for row in csv.DictReader(file) if row["station"] in sites and row["time"] < "2019-01-24"]
    rows = [(row["time"], sites[row["station"]], row["quantity"], row["value"], row["unit"]) for row in recorded]
    rows = [row for row in rows if row[3]]
    wanted = ("air.pm10.mean", "air.pm10.exceedance_days.eu2008", "air.pm25.running_24h", "air.eaqi")
    kpis = Kpis.of({kpi: one for kpi, one in Kpis.load().definitions.items() if kpi in wanted})
    found = {}
    with lane.database(migrated=True) as live, lane.database(migrated=True) as imported:
        for url in (live, imported):
            town = Town(url)
            for site in sites.values():
                town.connection.execute(_DEVICE, {"site": town.site(site)})
            if url == imported:
                bring_in(url, catalogue, write_csv(tmp_path / "a.csv", rows))
            else:
                for first in range(0, len(rows), 300):
                    send_live(url, catalogue, rows[first : first + 300], size=100)
                    drain(town.connection, lambda: NOW, load(ProcessSettings), kpis)
            drain(town.connection, lambda: NOW, load(ProcessSettings), kpis)
            found[url] = town.all(f"SELECT {SAID} FROM kpi_value ORDER BY kpi, scope_kind, scope, period, start")
            town.connection.close()
        assert found[live] == found[imported]
    hours = {site: {row[0] for row in rows if row[1:3] == (site, "pm10")} for site in sites.values()}
    begun = min(hours["bakke-kirke"])
    gaps = {hour for hour in hours["elgeseter"] - hours["bakke-kirke"] if hour > begun}
    half = {
        isoformat(row[5])
        for row in found[live]
        if (row[1], row[2], row[4]) == ("air.pm10.mean", "city", "PT1H") and row[12] == 0.5
    }
    assert gaps
    assert half == gaps | {hour for hour in hours["bakke-kirke"] - hours["elgeseter"] if hour > begun}


_DEVICE = """INSERT INTO device (city, external_id, site, status, class, readings)
             VALUES ('trondheim', %(site)s, %(site)s, 'active', 'reference',
                     '{"pm10": {"interval": "PT1H", "stamp": "start"},
                       "pm25": {"interval": "PT1H", "stamp": "start"}}')"""


def test_second_values_in_one_file_are_corrections_as_they_are_live(lane, tmp_path, catalogue):
    time = "2025-03-01T00:00:00Z"
    rows = [(time, "box-1", "pm10", value, "ug/m3") for value in (10, 12, 10, 12, 12, 14)]
    rows += [("2025-03-01T01:00:00Z", "box-1", "pm10", 5, "ug/m3")]
    with lane.database(migrated=True) as live, lane.database(migrated=True) as imported:
        for url in (live, imported):
            Town(url).connection.close()
        send_live(live, catalogue, rows, size=2)
        path = write_csv(tmp_path / "a.csv", rows)
        receipt = bring_in(imported, catalogue, path)
        assert (receipt.stored.stored, receipt.stored.corrected, receipt.stored.unchanged) == (2, 2, 3)
        tables = ("observation", "observation_revision", "changed_bucket")
        assert contents(imported, *tables) == contents(live, *tables)
        before = contents(imported)
        again = bring_in(imported, catalogue, path)
        assert (again.stored.stored, again.stored.corrected, again.stored.unchanged) == (0, 0, 7)
        assert contents(imported) == before


def test_the_order_of_a_files_rows_does_not_matter(lane, tmp_path, catalogue):
    rows = rows_of(600)
    found = []
    for order in (rows, rows[::-1], sorted(rows, key=lambda row: row[1:3])):
        with lane.database(migrated=True) as url:
            Town(url).connection.close()
            bring_in(url, catalogue, write_csv(tmp_path / "a.csv", order))
            found.append(contents(url, "observation", "changed_bucket", "datastream"))
    assert found[0] == found[1] == found[2]


def test_history_beneath_newer_live_values_is_judged_as_if_it_had_come_first(lane, tmp_path, catalogue):
    rows = rows_of(900)
    path = write_csv(tmp_path / "a.csv", rows)
    live = [(f"2026-03-01T00:{minute:02}:00Z", *rows[n][1:3], 20, rows[n][4]) for minute in range(30) for n in range(3)]
    with lane.database(migrated=True) as alone, lane.database(migrated=True) as beneath:
        for url in (alone, beneath):
            Town(url).connection.close()
        bring_in(alone, catalogue, path)
        send_live(beneath, catalogue, live, rank=SourceRank.LIVE)
        bring_in(beneath, catalogue, path)
        found = [row for row in contents(beneath, "observation")["observation"] if row[3].year == 2025]
        assert found == contents(alone, "observation")["observation"]


def test_a_file_in_two_parts_is_judged_as_one(lane, tmp_path, catalogue):
    """Also the value at the end of the first part, which turns out to be a spike only with the second."""
    rows = [row for row in rows_of(300) if row[1] == "box-1"]
    moment = len(rows) // 2
    rows[moment] = (*rows[moment][:3], 900, rows[moment][4])
    with lane.database(migrated=True) as whole, lane.database(migrated=True) as parts:
        for url in (whole, parts):
            Town(url).connection.close()
        bring_in(whole, catalogue, write_csv(tmp_path / "a.csv", rows))
        bring_in(parts, catalogue, write_csv(tmp_path / "b.csv", rows[: moment + 1]))
        bring_in(parts, catalogue, write_csv(tmp_path / "c.csv", rows[moment + 1 :]))
        expected = contents(whole, "observation")["observation"]
        assert contents(parts, "observation")["observation"] == expected
        assert next(row[5] for row in expected if row[4] == 900) == 3


def test_a_second_import_changes_nothing(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    path = write_csv(tmp_path / "a.csv", rows_of(400))
    first = bring_in(migrated_url, catalogue, path)
    with connect(migrated_url, autocommit=True) as connection:
        connection.execute("DELETE FROM changed_bucket")
        before = contents(migrated_url)
        second = bring_in(migrated_url, catalogue, path)
        assert contents(migrated_url) == before
        assert (second.stored.stored, second.stored.corrected) == (0, 0)
        assert second.stored.unchanged == first.stored.stored
        assert (second.new_datastreams, second.new_devices) == (0, 0)
        assert (first.new_datastreams, first.new_devices) == (3, 2)
        quarantine = connection.execute("SELECT source, reason, occurrences FROM quarantine ORDER BY reason").fetchall()
        assert {row[2] for row in quarantine} == {2}  # the same rows, seen twice
        assert len(quarantine) == first.quarantined


def test_verified_history_corrects_live_values_and_live_never_corrects_it(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    rows = [(f"2025-03-01T{hour:02}:00:00Z", "box-1", "pm10", 10 + hour, "ug/m3") for hour in range(24)]
    send_live(migrated_url, catalogue, rows, rank=SourceRank.LIVE)
    verified = [
        (time, device, name, value + (hour % 2), unit) for hour, (time, device, name, value, unit) in enumerate(rows)
    ]
    receipt = bring_in(
        migrated_url, catalogue, write_csv(tmp_path / "v.csv", verified), source=history(SourceRank.VERIFIED)
    )
    assert (receipt.stored.stored, receipt.stored.corrected, receipt.stored.unchanged) == (0, 12, 12)
    found = contents(migrated_url)
    assert {row[6] for row in found["observation"]} == {3}
    assert [row[3] for row in found["observation_revision"]] == [float(10 + hour) for hour in range(1, 24, 2)]
    send_live(migrated_url, catalogue, rows, rank=SourceRank.LIVE)
    assert contents(migrated_url, "observation", "observation_revision") == {
        name: found[name] for name in ("observation", "observation_revision")
    }


def test_a_dry_run_says_what_an_import_does_and_does_nothing(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    path = write_csv(tmp_path / "a.csv", rows_of(300))
    before = contents(migrated_url)
    tried = bring_in(migrated_url, catalogue, path, dry_run=True)
    assert contents(migrated_url) == before
    with connect(migrated_url) as connection:
        for table in ("audit_log", "quarantine"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    done = bring_in(migrated_url, catalogue, path)
    assert tried.document() | {"seconds": 0, "quarantined": 0} == done.document() | {"seconds": 0, "quarantined": 0}


def test_refused_rows_are_kept_by_reason_and_series_and_listed_with_their_lines(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    good = [(f"2025-03-01T00:{minute:02}:00Z", "box-1", "pm10", 10, "ug/m3") for minute in range(5)]
    bad = [
        ("2025-03-01T01:00:00Z", "box-1", "pm10", "1,5", "ug/m3"),
        ("2025-03-01T01:00:00", "box-1", "pm10", 1, "ug/m3"),
        ("soon", "box-1", "pm10", 1, "ug/m3"),
        ("", "box-1", "pm10", 1, "ug/m3"),
        ("2031-03-01T01:00:00Z", "box-1", "pm10", 1, "ug/m3"),
        ("1805-03-01T01:00:00Z", "box-1", "pm10", 1, "ug/m3"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", "Infinity", "ug/m3"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", -9999, "ug/m3"),
        ("2025-03-01T01:00:00Z", "", "pm10", 1, "ug/m3"),
        ("2025-03-01T01:00:00Z", "box-1", "joy", 1, "ug/m3"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", 1, ""),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", 1, "furlong"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", 1, "Cel"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10"),
        ("2025-03-01T01:00:00Z", "box-1", "pm10", "", "ug/m3"),
        ("2025-03-01T01:01:00Z", "box-1", "pm10", "NaN", "ug/m3"),
    ]
    expected = [
        "wrong_type", "time_without_zone", "time_unreadable", "time_missing", "time_in_future", "time_in_past",
        "non_finite", "sentinel", "device_missing", "unknown_property", "unit_missing", "unknown_unit",
        "unit_dimension_mismatch", "row_unreadable",
    ]  # fmt: skip
    errors = tmp_path / "errors.csv"
    receipt = bring_in(migrated_url, catalogue, write_csv(tmp_path / "a.csv", good + bad), errors=errors)
    assert receipt.stored.stored == 5
    assert receipt.empty == 2
    assert sorted(receipt.refused.elements()) == sorted(expected)
    with errors.open() as file:
        listed = sorted(csv.DictReader(file), key=lambda row: int(row["line"]))
    assert [row["code"] for row in listed] == expected
    assert [int(row["line"]) for row in listed] == list(range(7, 21))
    assert all(row["detail"] and row["hint"] for row in listed)
    assert "comma" in listed[0]["hint"]
    with connect(migrated_url) as connection:
        kept = connection.execute("SELECT reason, payload, city, device, topic FROM quarantine").fetchall()
        audited = connection.execute("SELECT what, after FROM audit_log ORDER BY id").fetchall()
    assert sorted(reason for reason, *_ in kept) == sorted(expected)
    sentinel = next(row for row in kept if row[0] == "sentinel")
    assert bytes(sentinel[1]).decode().splitlines()[1] == "14,2025-03-01T01:00:00Z,box-1,pm10,-9999,ug/m3,"
    assert sentinel[2:] == ("trondheim", "box-1", "import/trondheim/a.csv")
    assert [what for what, _ in audited] == ["import.begin", "import"]
    assert audited[1][1]["stored"] == 5
    assert audited[1][1]["refused"]["sentinel"] == 1


def test_a_file_that_is_wrong_from_end_to_end_fills_no_table(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    rows = [(START.isoformat(), f"box-{n % 700}", "pm10", n, "furlong") for n in range(5000)]
    receipt = bring_in(migrated_url, catalogue, write_csv(tmp_path / "a.csv", rows))
    assert receipt.all_refused
    assert receipt.refused == {"unknown_unit": 5000}
    assert receipt.quarantined == 201
    assert contents(migrated_url, "device") == {"device": []}


def test_strangers_are_refused_where_they_are_to_be(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    path = write_csv(tmp_path / "a.csv", rows_of(5))
    receipt = bring_in(migrated_url, catalogue, path, source=history(unknown_device="quarantine"))
    assert receipt.refused == {"unknown_device": 15}
    with pytest.raises(SettingsError, match="city 'atlantis' is not in the database"):
        bring_in(migrated_url, catalogue, path, source=Source("import", "", ("senml",), city="atlantis"))


def test_parquet_and_senml_hold_the_same_history(lane, tmp_path, catalogue):
    rows = rows_of(200)
    moments = [datetime.fromisoformat(row[0]) for row in rows]
    table = pa.table({
        "time": pa.array(moments, pa.timestamp("ns", "Europe/Oslo")),
        "station": pa.array([row[1] for row in rows]).dictionary_encode(),
        "parameter": [row[2] for row in rows],
        "value": [float(row[3]) for row in rows],
        "unit": [row[4] for row in rows],
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    packs = [
        msgspec.json.encode([{"bn": f"{row[1]}:", "n": row[2], "t": moment.timestamp(), "v": float(row[3]), "u": unit}])
        for row, moment in zip(rows, moments, strict=True)
        for unit in ("count" if row[4] == "1" else row[4],)
    ]
    (tmp_path / "a.senml").write_bytes(b"\n".join(packs))
    (tmp_path / "one.json").write_bytes(
        msgspec.json.encode([record for pack in packs for record in msgspec.json.decode(pack)])
    )
    write_csv(tmp_path / "a.csv", rows)
    with lane.database(migrated=True) as first:
        Town(first).connection.close()
        assert bring_in(first, catalogue, tmp_path / "a.csv").stored.stored > 590
        expected = contents(first, "observation")
    for name in ("a.parquet", "a.senml", "one.json"):
        with lane.database(migrated=True) as url:
            Town(url).connection.close()
            bring_in(url, catalogue, tmp_path / name)
            assert contents(url, "observation") == expected, name


def test_a_unit_that_the_command_line_says_of_a_property_holds_whatever_the_file_says(
    migrated_url, tmp_path, catalogue
):
    Town(migrated_url).connection.close()
    rows = [
        ("2025-03-01T00:00:00Z", "loop", "vehicle_count", 7, "vehicles/h"),
        ("2025-03-01T00:00:00Z", "box", "pm10", 0.5, ""),
        ("2025-03-01T01:00:00Z", "box", "pm10", 9, "ug/m3"),
    ]
    path = write_csv(tmp_path / "a.csv", rows)
    receipt = bring_in(migrated_url, catalogue, path)
    assert receipt.refused == {"unit_dimension_mismatch": 1, "unit_missing": 1}
    bring_in(migrated_url, catalogue, path, source=history(units={"vehicle_count": "1"}))
    assert contents(migrated_url, "observation")["observation"][-1][1:5:3] == ("vehicle_count", 7.0)
    again = bring_in(migrated_url, catalogue, path, source=history(units={"vehicle_count": "1", "pm10": "mg/m3"}))
    assert (again.stored.stored, again.stored.corrected, again.stored.unchanged) == (1, 1, 1)


def test_intervals_are_stored_at_their_start(migrated_url, tmp_path, catalogue):
    town = Town(migrated_url)
    town.site("road")
    town.connection.execute(
        """INSERT INTO device (city, external_id, site, status, readings)
           VALUES ('trondheim', 'loop', 'road', 'active', '{"vehicle_count": {"interval": "PT1H", "stamp": "end"}}')"""
    )
    bring_in(
        migrated_url,
        catalogue,
        write_csv(tmp_path / "a.csv", [("2025-03-01T01:00:00Z", "loop", "vehicle_count", 7, "1")]),
    )
    rows = [("2025-03-01T01:00:00Z", "box", "vehicle_count", 7, "1", "PT15M")]
    bring_in(
        migrated_url,
        catalogue,
        write_csv(tmp_path / "b.csv", rows, ("time", "device", "property", "value", "unit", "interval")),
    )
    found = town.all(
        "SELECT d.external_id, o.time, s.interval FROM observation o JOIN datastream s ON s.id = o.datastream "
        "JOIN device d ON d.id = s.device ORDER BY 1"
    )
    assert found == [
        ("box", datetime(2025, 3, 1, 1, tzinfo=UTC), timedelta(minutes=15)),
        ("loop", datetime(2025, 3, 1, 0, tzinfo=UTC), timedelta(hours=1)),
    ]  # fmt: skip
    town.connection.close()


def test_the_files_flags_can_make_a_value_worse_never_better(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    given = [(10, 1), (10, 3), (10, 4), (1e6, 1), (10, ""), (10, "bad")]
    rows = [(f"2025-03-01T0{n}:00:00Z", "box", "pm10", value, "ug/m3", flag) for n, (value, flag) in enumerate(given)]
    receipt = bring_in(
        migrated_url,
        catalogue,
        write_csv(tmp_path / "a.csv", rows, ("time", "device", "property", "value", "unit", "flag")),
    )
    assert [row[5] for row in contents(migrated_url, "observation")["observation"]] == [1, 3, 4, 4, 1]
    assert receipt.refused == {"wrong_type": 1}


def test_a_live_writer_that_is_quicker_with_a_key_costs_another_look_and_nothing_else(
    migrated_url, tmp_path, catalogue
):
    """Live ingest stores a value between the look at what stands and the COPY."""
    from ingest.importing import storing

    Town(migrated_url).connection.close()
    rows = rows_of(50)
    bring_in(migrated_url, catalogue, write_csv(tmp_path / "first.csv", rows[:3]))
    path, original, looked = write_csv(tmp_path / "a.csv", rows), storing.Store._sort, []

    def sort(self, chunk):
        found = original(self, chunk)
        if not looked:
            looked.append(chunk)
            with connect(migrated_url, autocommit=True) as other:
                for row in (20, 30):
                    other.execute(
                        """INSERT INTO observation (datastream, time, value, flag, rank, received_at)
                           VALUES (%s, %s, %s, 1, 1, now())""",
                        (
                            int(chunk.stream[row]),
                            storing.to_datetime(int(chunk.time[row])),
                            float(chunk.value[row]) + (row == 30),
                        ),
                    )
        return found

    storing.Store._sort = sort
    try:
        receipt = bring_in(migrated_url, catalogue, path)
    finally:
        storing.Store._sort = original
    assert receipt.stored.corrected == 1
    assert receipt.read - receipt.refused.total() == receipt.taken
    with connect(migrated_url) as connection:
        assert connection.execute("SELECT count(*) FROM observation").fetchone()[0] == receipt.taken
        assert connection.execute("SELECT count(*) FROM observation WHERE rank <> 2").fetchone() == (0,)


def test_beside_live_ingest_on_the_same_keys_nothing_is_lost_and_nothing_doubled(migrated_url, tmp_path, catalogue):
    Town(migrated_url).connection.close()
    rows = rows_of(1200)
    path = write_csv(tmp_path / "a.csv", rows)
    problems = []

    def live():
        try:
            send_live(
                migrated_url, catalogue, [row for row in rows if float(row[3]) != -9999], rank=SourceRank.LIVE, size=300
            )
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            problems.append(error)

    other = threading.Thread(target=live)
    other.start()
    receipt = bring_in(migrated_url, catalogue, path)
    other.join()
    assert problems == []
    found = contents(migrated_url)
    assert len(found["observation"]) == receipt.taken
    assert {row[6] for row in found["observation"]} == {2}
    assert found["observation_revision"] == []
    again = bring_in(migrated_url, catalogue, path)
    assert (again.stored.stored, again.stored.corrected) == (0, 0)


@pytest.mark.lane("plain")
def test_writers_that_need_the_same_months_at_once_all_get_them(migrated_url):
    problems, start = [], threading.Barrier(3)

    def make():
        with connect(migrated_url, "writer", autocommit=True) as connection:
            for year in range(1950, 1956):
                start.wait()
                try:
                    connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (f"{year}-01-01", f"{year}-12-31"))
                except Exception as error:  # noqa: BLE001 - told by the assertion below
                    problems.append(error)

    writers = [threading.Thread(target=make) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems == []


IN_SMALL_PIECES = """
import time
from bypuls.cli import main
from ingest.importing import csv_files
csv_files._PIECE = 40_000
decode = csv_files.CsvFile._blocks
def slowly(*of):
    time.sleep(0.5)
    yield from decode(*of)
csv_files.CsvFile._blocks = slowly
main()
"""


def test_killed_in_the_middle_the_same_command_goes_on(lane, tmp_path, catalogue):
    rows = rows_of(7000, step=10)
    path = write_csv(tmp_path / "a.csv", rows)
    with lane.database(migrated=True) as whole, lane.database(migrated=True) as cut:
        for url in (whole, cut):
            Town(url).connection.close()
        bring_in(whole, catalogue, path)
        # In small pieces, slowly, so that there is a middle; cut otherwise when it goes on.
        command = [sys.executable, "-c", IN_SMALL_PIECES, "import", path, "--city", "trondheim"]
        process = subprocess.Popen(
            command,
            env={**os.environ, "BYPULS_DATABASE_URL": cut},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with connect(cut, autocommit=True) as connection:
            give_up = time.monotonic() + 60
            while time.monotonic() < give_up and process.poll() is None:
                if connection.execute("SELECT EXISTS (SELECT FROM observation)").fetchone() == (True,):
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            while connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                     "AND pid <> pg_backend_pid() AND state <> 'idle'").fetchone() != (0,):  # fmt: skip
                time.sleep(0.05)
            some = connection.execute("SELECT count(*) FROM observation").fetchone()[0]
        expected = contents(whole, "observation", "changed_bucket", "datastream")
        assert 0 < some < len(expected["observation"])
        receipt = bring_in(cut, catalogue, path)
        assert contents(cut, "observation", "changed_bucket", "datastream") == expected
        assert receipt.stored.stored + some == len(expected["observation"])
        assert receipt.stored.unchanged == some


def test_the_command_imports_and_its_exit_code_says_whether_anything_passed(migrated_url, tmp_path):
    Town(migrated_url).connection.close()

    def run(*arguments):
        command = [Path(sys.executable).with_name("bypuls"), "import", *arguments]
        environment = {**os.environ, "BYPULS_DATABASE_URL": migrated_url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)

    (tmp_path / "single.csv").write_text("Tid;Målt\n2025-03-01 00:00;3,5\n2025-03-01 01:00;4,5\n", encoding="latin-1")
    done = run("single.csv", "--city", "trondheim", "--device", "bakke", "--property", "pm10", "--unit", "ug/m3",
               "--zone", "Europe/Oslo", "--encoding", "latin-1", "--decimal-comma")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 rows read" in done.stdout
    with connect(migrated_url) as connection:
        found = connection.execute("SELECT time, value FROM observation ORDER BY time").fetchall()
    assert found == [(datetime(2025, 2, 28, 23, tzinfo=UTC), 3.5), (datetime(2025, 3, 1, 0, tzinfo=UTC), 4.5)]
    (tmp_path / "bad.csv").write_text("time,device,property,value,unit\n2025-03-01T00:00:00Z,a,pm10,1,furlong\n")
    refused = run("bad.csv", "--city", "trondheim")
    assert refused.returncode == 1
    assert "unknown_unit: 1" in refused.stdout
    assert run("bad.csv").returncode == 2
    assert run("missing.csv", "--city", "trondheim").returncode == 2
