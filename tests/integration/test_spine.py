"""Two recorded years of Trondheim through a real broker into a real database, while processes are killed.

The indicators equal published reference numbers.
`make test` replays two months; `BYPULS_REPLAY=full` replays all, as CI does, and then compares the years too.
Numbers: `../shared/data/real/*.reference.json` (made with pandas, apart from the platform) and NILU's own day means.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from bypuls.places import postgres_tools
from bypuls.storage.backup import backup, restore
from bypuls.storage.database import connect
from tests import trondheim_air
from tests.unit.test_city import EXAMPLE

pytestmark = [pytest.mark.broker, pytest.mark.shared, pytest.mark.timeout(2400)]

AIR, TRAFFIC, DAILY = "trondheim_air_2019_2020", "trondheim_traffic_2019_2020", "trondheim_elgeseter_daily_2003_2025"
AIR_SITES = {"Elgeseter": "elgeseter", "Bakke kirke": "bakke-kirke", "E6-Tiller": "e6-tiller", "Torvet": "torvet"}
VALUES = {AIR: 130_024, TRAFFIC: 140_352}  # non-empty rows of the whole, as the data sets' .md files say
# Another city in the same database, with a site of the same slug as one of Trondheim's, at the same hours.
OTHER_CITY = """time,station,quantity,value,unit
2019-01-01T00:00:00Z,elgeseter,pm10,901,ug/m3
2019-01-01T01:00:00Z,elgeseter,pm10,902,ug/m3
"""
FULL = os.environ.get("BYPULS_REPLAY") == "full"
UNTIL = "2021" if FULL else "2019-02-28T23:00:00Z"  # the end of February in UTC+1
plain = pytest.mark.parametrize("replayed", ["plain"], indirect=True, scope="module")


class Replayed:
    """A database in which recorded files arrived through the broker."""

    def __init__(self, lane, url, broker_url, shared):
        self.lane, self.url, self.shared = lane, url, shared
        self._environment = os.environ | {"BYPULS_DATABASE_URL": url, "BYPULS_BROKER_URL": broker_url}
        self._environment["BYPULS_INGEST_INSTANCE"] = url.rpartition("/")[2]
        self._running: dict[str, subprocess.Popen] = {}

    def bypuls(self, *arguments):
        return subprocess.run(
            self._command(arguments), env=self._environment, check=True, capture_output=True, text=True
        )

    def start(self, *arguments):
        self._running[arguments[0]] = subprocess.Popen(self._command(arguments), env=self._environment)

    def kill(self, name):
        self._running[name].send_signal(signal.SIGKILL)
        self._running[name].wait()

    def stop(self):
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(60)

    def rows(self, query, *parameters):
        with connect(self.url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def count(self):
        return self.rows("SELECT count(*) FROM observation")[0][0]

    def wait(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, what()
            time.sleep(0.2)

    def series(self, kpi, scope, period, columns="start, value"):
        return self.rows(
            f"""SELECT {columns} FROM kpi_value
                WHERE city = 'trondheim' AND kpi = %s AND scope = %s AND period = %s ORDER BY start""",
            kpi, scope, period,
        )  # fmt: skip

    def site(self, station):
        query = "SELECT document->'stations'->%s->>%s FROM city WHERE slug = 'trondheim'"
        return self.rows(query, TRAFFIC, station)[0][0]

    def reference(self, name):
        return json.loads((self.shared / "data" / "real" / f"{name}.reference.json").read_text())

    def file(self, name):
        return self.shared / "data" / "real" / f"{name}.csv.gz"

    @staticmethod
    def _command(arguments):
        return [sys.executable, "-m", "bypuls", *map(str, arguments)]


def excerpt(file, folder):
    """The rows before UNTIL, and how many of them hold a value."""
    number = 0
    with gzip.open(file, "rt") as source, gzip.open(folder / file.name, "wt") as target:
        target.write(source.readline())
        for line in source:
            if line < UNTIL:
                target.write(line)
                number += line.split(",")[3] != ""
    return folder / file.name, number


@pytest.fixture(scope="module", params=["plain", "timescaledb"])
def replayed(request, lanes, mosquitto, shared, tmp_path_factory):
    """On plain PostgreSQL both data sets, with kills; on TimescaleDB the air alone, undisturbed."""
    data_sets = [AIR, TRAFFIC] if request.param == "plain" else [AIR]
    with ExitStack() as stack:
        url = stack.enter_context(lanes.lane(request.param).database(migrated=True))
        replayed = Replayed(request.param, url, mosquitto.url, shared)
        stack.callback(replayed.stop)
        replayed.bypuls("city", "add", shared / "data" / "cities" / "trondheim.yaml")
        replayed.bypuls("city", "add", EXAMPLE)
        replayed.start("ingest")
        replayed.start("process")
        excerpts = [excerpt(replayed.file(name), tmp_path_factory.mktemp(name)) for name in data_sets]
        if FULL:
            assert [number for _, number in excerpts] == [VALUES[name] for name in data_sets]
        city = shared / "data" / "cities" / "trondheim.yaml"
        files = [file for file, _ in excerpts]
        replay = subprocess.Popen(
            replayed._command(["simulate", "replay", *files, "--city", city]), env=replayed._environment
        )
        other = tmp_path_factory.mktemp("other") / "storvik.csv"
        other.write_text(OTHER_CITY)
        replayed.bypuls("simulate", "replay", other, "--city", EXAMPLE)
        total = sum(number for _, number in excerpts) + len(OTHER_CITY.splitlines()) - 1
        if request.param == "plain":
            for part in (0.2, 0.5):
                replayed.wait(lambda part=part: replayed.count() >= part * total, 300, replayed.count)
                for name in ("ingest", "process"):
                    replayed.kill(name)
                    replayed.start(name)
        assert replay.wait(600) == 0
        replayed.wait(lambda: replayed.count() == total, 300, lambda: f"{replayed.count()} of {total} are stored")
        replayed.stop()
        replayed.bypuls("process", "--once")
        yield replayed


def close(value, expected):
    """Relative 1e-6; the reference files round to six decimals themselves."""
    return value == pytest.approx(expected, rel=1e-6, abs=5.1e-7)


def test_every_value_is_stored_once_and_nothing_is_refused(replayed):
    assert replayed.rows("SELECT count(*) FROM quarantine") == [(0,)]
    assert replayed.rows("SELECT count(*) FROM observation_revision") == [(0,)]
    assert replayed.rows("SELECT count(*) FROM changed_bucket") == [(0,)]
    assert replayed.rows("SELECT count(*) FROM kpi_due") == [(0,)]
    hours = replayed.rows("SELECT sum(n_good + n_not_evaluated), sum(n_suspect + n_fail) FROM rollup_1h")
    assert hours == [(replayed.count(), 0)]


def test_another_citys_values_are_its_own_alone(replayed):
    """Trondheim's numbers equal the references all the same: the other tests show it."""
    query = """SELECT kpi, scope, value FROM kpi_value
               WHERE city = 'storvik' AND period = 'PT1H' AND kpi = 'air.pm10.mean' ORDER BY scope, start"""
    expected = [("air.pm10.mean", scope, value) for scope in ("elgeseter", "nordre", "storvik") for value in (901, 902)]
    assert replayed.rows(query) == expected
    assert replayed.rows(
        "SELECT count(*) FROM kpi_value WHERE city = 'trondheim' AND value > 900 AND unit = 'ug/m3'"
    ) == [(0,)]


def test_rollups_equal_the_raw_data_recomputed(replayed):
    different = replayed.rows(
        """SELECT count(*) FROM (
               SELECT datastream, date_trunc('hour', time) AS bucket, count(*) AS n, sum(value) AS sum,
                      min(value), max(value)
               FROM observation GROUP BY 1, 2) raw
           FULL JOIN rollup_1h r USING (datastream, bucket)
           WHERE raw.n IS DISTINCT FROM r.n_good OR abs(raw.sum - r.sum) > 1e-9 * abs(raw.sum)
              OR raw.min IS DISTINCT FROM r.min OR raw.max IS DISTINCT FROM r.max"""
    )
    assert different == [(0,)]


@pytest.mark.parametrize("pollutant", ["pm10", "pm25"])
@pytest.mark.parametrize("station", AIR_SITES)
def test_monthly_means_and_data_capture_equal_the_reference(replayed, station, pollutant):
    reference = replayed.reference(AIR)["series"][f"{station}|{pollutant}"]
    stored = {
        (start + timedelta(hours=1)).strftime("%Y-%m"): (value, quality, evidence)
        for start, value, quality, evidence in replayed.series(
            f"air.{pollutant}.mean", AIR_SITES[station], "P1M", "start, value, quality, evidence"
        )
    }
    with_values = {
        month: numbers
        for month, numbers in reference["monthly"].items()
        if numbers["valid_hours"] and (FULL or month < "2019-03")
    }
    assert stored.keys() == with_values.keys()
    for month, numbers in with_values.items():
        value, quality, evidence = stored[month]
        assert close(value, numbers["mean"]), month
        assert evidence["hours"] == {"valid": numbers["valid_hours"], "expected": numbers["hours"]}, month
        assert quality == ("ok" if numbers["capture_pct"] >= 75 else "insufficient"), month


@pytest.mark.whole_years
@pytest.mark.parametrize("pollutant", ["pm10", "pm25"])
@pytest.mark.parametrize("station", AIR_SITES)
def test_two_years_give_the_references_data_capture_largest_day_and_exceedance_days(replayed, station, pollutant):
    reference = replayed.reference(AIR)["series"][f"{station}|{pollutant}"]
    site = AIR_SITES[station]
    years = replayed.series(f"air.{pollutant}.data_capture", site, "P1Y", "start, value, evidence")
    valid = sum(evidence["hours"]["valid"] for *_, evidence in years)
    expected = sum(evidence["hours"]["expected"] for *_, evidence in years)
    assert (valid, expected) == (reference["valid_hours"], reference["hours_in_span"])
    assert close(100 * valid / expected, reference["data_capture_pct"])
    for _, value, evidence in years:
        assert value == pytest.approx(100 * evidence["hours"]["valid"] / evidence["hours"]["expected"])
    largest = max(value for _, value in replayed.series(f"air.{pollutant}.day_mean.max", site, "P1Y"))
    assert close(largest, reference["max_24h_calendar_mean"])
    if pollutant == "pm10":
        for kpi, limit in (("eu2008", 50), ("eu2030", 45)):
            days = replayed.series(f"air.pm10.exceedance_days.{kpi}", site, "P1Y")
            assert sum(value for _, value in days) == reference[f"days_24h_mean_over_{limit}_ug_m3_rounded"]


@pytest.mark.whole_years
@pytest.mark.parametrize("pollutant", ["pm10", "pm25"])
def test_elgeseters_day_means_are_nilus_own(replayed, pollutant):
    """But for what the publisher did to the hours: PM10 clipped at 220 on three days, negative values set to 0."""
    nilu = {}
    with gzip.open(replayed.file(DAILY), "rt") as file:
        for row in csv.DictReader(file):
            if row["quantity"] == f"{pollutant}_24h_mean" and row["value"] and row["time"][:4] in {"2019", "2020"}:
                nilu[row["time"][:10]] = float(row["value"])
    ours = {
        (start + timedelta(hours=1)).date().isoformat(): value
        for start, value, evidence in replayed.series(
            f"air.{pollutant}.mean", "elgeseter", "P1D", "start, value, evidence"
        )
        if evidence["hours"]["valid"] == 24
    }
    differences = {day: abs(value - nilu[day]) for day, value in ours.items() if day in nilu}
    check = replayed.reference(AIR)["check_against_trondheim_elgeseter_daily_2003_2025"][pollutant]
    assert len(differences) == check["complete_days"]
    assert sum(differences.values()) / len(differences) == pytest.approx(check["mean_abs_diff"], abs=1e-6)
    assert max(differences.values()) == pytest.approx(check["max_abs_diff"], abs=1e-6)
    further_off = {day for day, difference in differences.items() if difference > 0.6}
    clipped, zeroed = {"2019-09-25", "2019-09-26", "2019-09-27"}, {"2020-05-16", "2020-12-08"}
    assert further_off == (clipped if pollutant == "pm10" else zeroed)


@plain
@pytest.mark.whole_years
def test_the_documentations_air_chapter_is_what_comes_of_the_hours(replayed):
    """Whatever else was replayed beside them: traffic is no part of it."""
    assert trondheim_air.made(replayed.url, replayed.shared) == trondheim_air.PAGE.read_text(encoding="utf-8")


TRAFFIC_STATIONS = ["Bakkekirke", "Elgeseter", "Grillstadtunnelen", "Innherredsveien", "Jernbanebrua", "Moholtlia",
                    "Oslovegen", "Strindheim"]  # fmt: skip


@plain
@pytest.mark.whole_years
@pytest.mark.parametrize("station", TRAFFIC_STATIONS)
def test_traffic_by_hour_day_and_month_equals_the_reference(replayed, station):
    reference, site = replayed.reference(TRAFFIC)["stations"][station], replayed.site(station)
    hours = replayed.series("traffic.volume", site, "PT1H")
    assert len(hours) == reference["valid_hours"]
    assert sum(value for _, value in hours) == reference["total"]
    assert max(value for _, value in hours) == reference["max_hour"]
    days = replayed.series("traffic.volume", site, "P1D", "start, value, quality")
    assert sum(value for _, value, _ in days) == reference["total"]
    complete = [value for _, value, quality in days if quality == "ok"]
    assert len(complete) == reference["complete_days"]
    assert close(sum(complete) / len(complete), reference["mean_daily"])


@plain
@pytest.mark.whole_years
@pytest.mark.parametrize("kind", ["weekday", "weekend"])
@pytest.mark.parametrize("station", TRAFFIC_STATIONS)
def test_the_years_hourly_profiles_recombine_to_the_references_profile(replayed, station, kind):
    reference, site = replayed.reference(TRAFFIC)["stations"][station], replayed.site(station)
    years = replayed.series(f"traffic.volume.{kind}_profile", site, "P1Y", "start, value, detail")
    assert len(years) == 2
    for hour, expected in enumerate(reference[f"{kind}_hourly_profile"]):
        n = [detail["n"][hour] for *_, detail in years]
        mean = sum(detail["hours"][hour] * count for (*_, detail), count in zip(years, n, strict=True)) / sum(n)
        assert close(mean, expected), hour
    days = [detail["days"] for *_, detail in years]
    daily = sum(value * count for (_, value, _), count in zip(years, days, strict=True)) / sum(days)
    assert close(daily, reference[f"mean_daily_{kind}"])


@plain
@pytest.mark.whole_years
def test_the_citys_volume_is_that_of_its_eight_points(replayed):
    """trondheim_traffic_2019_2020.md: 146 660 on 2020-03-11 and 84 009 on 2020-03-17, which are days in UTC."""
    days = {}
    for start, value in replayed.series("traffic.volume", "trondheim", "PT1H"):
        days[start.date().isoformat()] = days.get(start.date().isoformat(), 0) + value
    assert (days["2020-03-11"], days["2020-03-17"]) == (146_660, 84_009)


@plain
def test_monthly_traffic_equals_the_reference(replayed):
    for station, reference in replayed.reference(TRAFFIC)["stations"].items():
        months = replayed.series("traffic.volume.mean_daily", replayed.site(station), "P1M", "start, value, detail")
        got = {
            (start + timedelta(hours=2)).strftime("%Y-%m"): (value, detail["days"]) for start, value, detail in months
        }
        assert "2019-01" in got
        for month in ["2019-01", *(got if FULL else [])]:
            expected = reference["monthly_mean_daily"][month]
            assert close(got[month][0], expected["mean"]), (station, month)
            assert got[month][1] == expected["days"], (station, month)


def test_a_backup_restored_holds_the_same_kpi_values(replayed, lanes, tmp_path):
    backup(replayed.url, tmp_path / "city.dump", postgres_tools())
    # The same rows with every column but the server's own transaction numbers: the sum of each row's hash.
    columns = """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
                 WHERE attrelid = 'kpi_value'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'xact'"""
    row = f"ROW({replayed.rows(columns)[0][0]})::text"
    query = f"SELECT sum(hashtextextended({row}, 0)), count(*) FROM kpi_value"
    with lanes.lane(replayed.lane).database() as empty:
        restore(empty, tmp_path / "city.dump", postgres_tools())
        with connect(empty, autocommit=True) as connection:
            restored = connection.execute(query).fetchall()
    assert restored == replayed.rows(query)
    assert restored[0][1] > 10_000
