"""Recorded hours and quarters through rollups and queue into stored values, equal to references or to plain arithmetic.

Ozone and NO2 of a year (Valencia), two and a half months of quarter-hourly sound levels with a change of the clock in
them, and a month of weather (Trondheim).
"""

import csv
import gzip
import json
import math
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from bypuls.settings import ProcessSettings, load
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.processing import Town, at, utc

pytestmark = [pytest.mark.shared, pytest.mark.integration, pytest.mark.timeout(300)]

OSLO, OFFSET = ZoneInfo("Europe/Oslo"), timezone(timedelta(hours=1))
PERIODS = {
    "air.no2.mean": ("P1M",), "air.no2.exceedance_hours.eu2008": ("P1Y",), "air.no2.exceedance_days.eu2030": ("P1Y",),
    "air.o3.max_8h": ("P1D",), "air.o3.exceedance_days.eu2008": ("P1Y",), "air.o3.exceedance_days.who2021": ("P1Y",),
    "noise.laeq": ("P1M",), "noise.lden": ("P1D", "P1M"), "noise.lnight": ("P1D",),
    "weather.temperature.mean": ("P1M",), "weather.temperature.min": ("P1M",), "weather.temperature.max": ("P1M",),
    "weather.precipitation.sum": ("P1M",), "weather.wind.mean": ("P1M",), "weather.wind.direction": ("P1M",),
}  # fmt: skip
WEATHER = {"air_temperature": "air_temperature", "precipitation_1h": "precipitation", "wind_speed": "wind_speed",
           "wind_from_direction": "wind_direction"}  # fmt: skip
JANUARY = (utc(2019, 12, 31, 23), utc(2020, 1, 31, 23))


def read(shared, name):
    with gzip.open(shared / "data/real" / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["value"]:
                time = datetime.fromisoformat(row["time"])
                yield (
                    row["station"],
                    row["quantity"],
                    time if time.tzinfo else time.replace(tzinfo=OFFSET),
                    row["value"],
                )


@pytest.fixture(scope="module")
def recorded(lanes, shared):
    """The stored values by KPI and period: (site, start) -> row; and the readings they rest on."""
    readings = defaultdict(list)
    for _, quantity, time, value in read(shared, "valencia_air_2022"):
        if quantity in {"no2", "o3"}:
            readings["francia", quantity, "1 hour"].append((time, float(value)))
    for _, _, time, value in read(shared, "trondheim_noise_indoor_2019"):
        readings["ntnu", "sound_level_laeq", "15 minutes"].append((time, float(value)))
    for station, quantity, time, value in read(shared, "trondheim_weather_2019_2020"):
        if station == "Voll" and quantity in WEATHER and JANUARY[0] <= time < JANUARY[1]:
            readings["voll", WEATHER[quantity], "1 hour"].append((time, float(value)))
    definitions = Catalogue.load().definitions
    catalogue = Catalogue.of({kpi: replace(definitions[kpi], periods=periods) for kpi, periods in PERIODS.items()})
    with ExitStack() as stack:
        town = Town(stack.enter_context(lanes.lane("plain").database(migrated=True)))
        stack.callback(town.connection.close)
        for (site, name, interval), series in readings.items():
            if not town.one("SELECT 1 FROM site WHERE slug = %s", (site,)):
                town.site(site, kind="weather" if site == "voll" else "traffic")
            store(town, town.datastream(site, name, interval=interval), series)
        drain(town.connection, at(utc(2026, 1, 1)), load(ProcessSettings), catalogue)
        stored = defaultdict(dict)
        for kpi, period, site, start, *row in town.all(
            """SELECT kpi, period, scope, start, value, quality, detail, evidence, coverage FROM kpi_value
               WHERE scope_kind = 'site'"""
        ):
            stored[kpi, period][site, start] = row
        yield stored, readings


def store(town, datastream, series):
    with town.connection.transaction(), town.connection.cursor() as cursor:
        for month in {time.replace(day=1, hour=0, minute=0) for time, _ in series}:
            cursor.execute("SELECT bypuls_ensure_partitions(%s, %s)", (month, month + timedelta(days=31)))
        with cursor.copy("COPY observation (datastream, time, value, received_at, flag) FROM STDIN") as copy:
            for time, value in series:
                copy.write_row((datastream, time, value, utc(2023, 1, 1), 1))
        cursor.execute(
            """INSERT INTO changed_bucket (datastream, bucket)
               SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') FROM observation
               WHERE datastream = %s""",
            (datastream,),
        )
        first, last = series[0][0], series[-1][0]
        cursor.execute(
            "UPDATE datastream SET (first_time, last_time) = (%s, %s) WHERE id = %s", (first, last, datastream)
        )


def reference(shared, quantity):
    document = json.loads((shared / "data/real/valencia_air_2022.reference.json").read_text(encoding="utf-8"))
    (found,) = (one for name, one in document["series"].items() if name.endswith(f"|{quantity}"))
    return found


def level(values):
    return 10 * math.log10(sum(10 ** (value / 10) for value in values) / len(values))


def test_no2_equals_the_reference(recorded, shared):
    stored, expected = recorded[0], reference(shared, "no2")
    months = stored["air.no2.mean", "P1M"]
    assert len(months) == len(expected["monthly"]) == 12
    for (_, start), (value, _, _, evidence, _) in months.items():
        numbers = expected["monthly"][start.astimezone(OFFSET).strftime("%Y-%m")]
        assert value == pytest.approx(numbers["mean"], rel=1e-6)
        assert evidence["hours"]["valid"] == numbers["valid_hours"]
    ((hours, *_),) = stored["air.no2.exceedance_hours.eu2008", "P1Y"].values()
    ((days, *_),) = stored["air.no2.exceedance_days.eu2030", "P1Y"].values()
    assert (hours, days) == (expected["hours_over_200_ug_m3"], expected["days_24h_mean_over_50_ug_m3"])


def test_ozone_equals_the_reference(recorded, shared):
    stored, expected = recorded[0], reference(shared, "o3")["o3_daily_max_8h"]
    days = {
        start: value for (_, start), (value, quality, *_) in stored["air.o3.max_8h", "P1D"].items() if quality == "ok"
    }
    assert len(days) == expected["valid_days"]
    worst = max(days, key=days.get)
    assert days[worst] == pytest.approx(expected["max_ug_m3"], rel=1e-6)
    assert worst.astimezone(OFFSET).date().isoformat() == expected["day"]
    assert sum(value > 100 for value in days.values()) == expected["days_over_100_ug_m3"]
    ((over_120, _, detail, _, _),) = stored["air.o3.exceedance_days.eu2008", "P1Y"].values()
    assert (over_120, detail["allowed"]) == (expected["days_over_120_ug_m3"], 25)
    ((over_100, _, _, evidence, _),) = stored["air.o3.exceedance_days.who2021", "P1Y"].values()
    assert over_100 == sum(value >= 100.5 for value in days.values())  # half up first, unlike the reference
    assert evidence["days"] == {"expected": 365, "valid": expected["valid_days"]}


def test_noise_equals_what_the_quarters_give_one_by_one(recorded):
    stored, readings = recorded
    parts, months, civil = (defaultdict(lambda: defaultdict(list)) for _ in range(3))
    for time, value in readings["ntnu", "sound_level_laeq", "15 minutes"]:
        local = time.astimezone(OSLO)
        begun = local.replace(tzinfo=None) - timedelta(hours=7)  # a noise day begins at 7 by the clock
        part = "day" if 7 <= local.hour < 19 else "evening" if 19 <= local.hour < 23 else "night"
        parts[begun.date()][part].append(value)
        months[begun.strftime("%Y-%m")][part].append(value)
        civil[local.strftime("%Y-%m")]["all"].append(value)

    def lden(found):
        weights = {"day": (12, 0), "evening": (4, 5), "night": (8, 10)}
        total = sum(weight * 10 ** ((level(found[part]) + more) / 10) for part, (weight, more) in weights.items())
        return 10 * math.log10(total / 24)

    complete = 0
    for (_, start), (value, quality, detail, _, _) in stored["noise.lden", "P1D"].items():
        found = parts[start.astimezone(OSLO).date()]
        if quality == "ok":
            assert value == pytest.approx(lden(found), rel=1e-9)
            assert detail["night"] == pytest.approx(level(found["night"]), rel=1e-9)
            complete += 1
    assert complete >= 77
    # The night of 30 March 2019 has seven hours.
    value, quality, _, _, coverage = stored["noise.lnight", "P1D"]["ntnu", utc(2019, 3, 29, 23)]
    night = parts[date(2019, 3, 30)]["night"]
    assert (len(night), value, quality, coverage) == (28, pytest.approx(level(night), rel=1e-9), "ok", 1.0)
    march = stored["noise.lden", "P1M"]["ntnu", utc(2019, 2, 28, 23)]
    assert (march[0], march[1], march[4]) == (pytest.approx(lden(months["2019-03"]), rel=1e-9), "ok", 1.0)
    assert stored["noise.laeq", "P1M"]["ntnu", utc(2019, 2, 28, 23)][0] == pytest.approx(level(civil["2019-03"]["all"]))


def test_a_month_of_weather_equals_plain_arithmetic(recorded):
    stored, readings = recorded
    values = {name: [value for _, value in readings["voll", name, "1 hour"]] for name in WEATHER.values()}
    assert {len(found) for found in values.values()} == {744}
    warmth, wind = values["air_temperature"], [math.radians(angle) for angle in values["wind_direction"]]
    angle = math.degrees(math.atan2(sum(map(math.sin, wind)), sum(map(math.cos, wind)))) % 360
    for kpi, expected in {
        "temperature.mean": sum(warmth) / 744, "temperature.min": min(warmth), "temperature.max": max(warmth),
        "precipitation.sum": sum(values["precipitation"]), "wind.mean": sum(values["wind_speed"]) / 744,
        "wind.direction": angle,
    }.items():  # fmt: skip
        value, quality, *_ = stored[f"weather.{kpi}", "P1M"]["voll", JANUARY[0]]
        assert (value, quality) == (pytest.approx(expected, rel=1e-9), "ok"), kpi
