"""Energy KPIs through real rollups: recorded meters equal their references; weather that comes late is counted."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from psycopg.types.json import Jsonb

from bypuls.kpi import load_definitions
from bypuls.settings import ProcessSettings, load
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.processing import at, hours, utc

NOW = utc(2026, 3, 10, 12)
JANUARY = utc(2023, 12, 31, 23)  # 2024 in Oslo
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.of({name: one for name, one in load_definitions().items() if name.startswith("energy.")})


def process(town, catalogue, now=NOW):
    return drain(town.connection, at(now), load(ProcessSettings), catalogue)


def store_all(town, stream, readings):
    """Many readings at once, as ingest would have stored them."""
    times, values = zip(*readings, strict=True)
    with town.connection.transaction():
        town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (min(times), max(times)))
        town.connection.execute(
            """INSERT INTO observation (datastream, time, value, received_at, flag)
               SELECT %s, t, v, now(), 1 FROM unnest(%s::timestamptz[], %s::float8[]) AS r (t, v)""",
            (stream, list(times), list(values)),
        )
        town.connection.execute(
            """INSERT INTO changed_bucket (datastream, bucket)
               SELECT DISTINCT %s, date_bin('5 minutes', t, '2000-01-01 00:00:00+00')
               FROM unnest(%s::timestamptz[]) AS t""",
            (stream, list(times)),
        )
        town.connection.execute(
            "UPDATE datastream SET first_time = %s, last_time = %s WHERE id = %s", (min(times), max(times), stream)
        )


def recorded(shared, name, station, quantity):
    with gzip.open(shared / "data/real" / f"{name}.csv.gz", "rt") as file:
        return [
            (datetime.fromisoformat(row["time"]).replace(tzinfo=UTC), float(row["value"]))
            for row in csv.DictReader(file)
            if (row["station"], row["quantity"]) == (station, quantity)
        ]


def reference(shared, name):
    return json.loads((shared / "data/real" / f"{name}.reference.json").read_text(encoding="utf-8"))


def monthly(town, kpi, scope):
    return {
        f"{start.astimezone(UTC) + timedelta(days=1):%Y-%m}": (value, hours_of["valid"])
        for start, value, hours_of in town.all(
            """SELECT start, value, evidence -> 'hours' FROM kpi_value
               WHERE kpi = %s AND scope = %s AND period = 'P1M' ORDER BY start""",
            (kpi, scope),
        )
    }


@pytest.mark.shared
@pytest.mark.lane("plain")
@pytest.mark.timeout(600)
def test_a_danish_heat_meters_months_equal_the_reference(town, catalogue, shared):
    """Cumulative registers of three years; the reference's month is the difference of registers, hour by hour."""
    stream = town.datastream(
        town.site("house", kind="household"), "heat_energy", interval=None, expected_spacing="1 hour"
    )
    store_all(town, stream, recorded(shared, "denmark_heat_meter_2018_2020", "heat-meter-660", "heat_energy_register"))
    process(town, catalogue)
    expected = reference(shared, "denmark_heat_meter_2018_2020")
    assert monthly(town, "energy.heat.consumption", "house") == {
        month: (pytest.approx(one["kwh"], abs=1e-3), one["hours"]) for month, one in expected["monthly_kwh"].items()
    }
    total, most, resets = town.one("SELECT sum(increase), max(increase), sum(resets) FROM rollup_1h")
    assert total == pytest.approx(expected["total_kwh"], abs=1e-3)
    assert most == pytest.approx(expected["max_hour_kwh"], abs=1e-3)
    assert resets == expected["negative_steps"]
    assert check_rollups(town.connection, utc(2019, 1, 1), utc(2019, 3, 1)) == []


@pytest.mark.shared
@pytest.mark.lane("plain")
@pytest.mark.timeout(600)
def test_two_buildings_electricity_equals_the_reference_as_intervals_and_as_a_register(town, catalogue, shared):
    """BDG2, hourly energy; the second building's is replayed as the register that would have counted it."""
    town.connection.execute("UPDATE city SET time_zone = 'UTC'")  # the file's hours have no offset
    first, second = (
        recorded(shared, "bdg2_two_buildings_2016", f"bdg2 building_{n}", "electricity_use_1h") for n in (1, 2)
    )
    one = town.datastream(town.site("one", kind="building"), "active_energy_period")
    two = town.datastream(
        town.site("two", kind="building"), "active_energy_import", interval=None, expected_spacing="1 hour"
    )
    store_all(town, one, first)
    registers = accumulate((value for _, value in second), initial=4711.0)
    times = [time for time, _ in second] + [second[-1][0] + HOUR]
    store_all(town, two, list(zip(times, registers, strict=True)))
    process(town, catalogue)
    expected = reference(shared, "bdg2_two_buildings_2016")["series"]
    for site, number in (("one", 1), ("two", 2)):
        series = expected[f"bdg2 building_{number}"]
        assert monthly(town, "energy.electricity.consumption", site) == {
            month: (pytest.approx(one["kwh"], abs=1e-3), one["hours"]) for month, one in series["monthly_kwh"].items()
        }
        year = {
            kpi: town.value(f"energy.electricity.{kpi}", "P1Y", utc(2016, 1, 1), scope=site)
            for kpi in ("consumption", "peak", "load_factor")
        }
        assert year["consumption"]["value"] == pytest.approx(series["total_kwh"], abs=1e-3)
        assert year["peak"]["value"] == pytest.approx(series["max_hour_kwh"], abs=1e-6)
        assert year["load_factor"]["value"] == pytest.approx(
            series["total_kwh"] / (series["max_hour_kwh"] * series["hours"])
        )
    both = sum(series["monthly_kwh"]["2016-02"]["kwh"] for series in expected.values())
    city = town.value("energy.electricity.consumption", "P1M", utc(2016, 2, 1), kind="city")
    assert (city["value"], city["quality"]) == (pytest.approx(both, abs=1e-3), "ok")


def heated(town):
    """A school with heat, and two weather stations, one with normals."""
    school = town.datastream(
        town.site("school", kind="building"), "heat_energy", interval=None, expected_spacing="1 hour"
    )
    town.site("office", kind="building")
    met = town.datastream(town.site("met", kind="weather"), "air_temperature")
    town.connection.execute(
        "UPDATE site SET attributes = %s WHERE slug = 'school'", (Jsonb({"heat_base_load": 24, "heated_area": 500}),)
    )
    town.connection.execute(
        "UPDATE site SET attributes = %s WHERE slug = 'met'", (Jsonb({"degree_days_normal": [620.0] * 12}),)
    )
    return school, met


def test_temperature_that_comes_late_corrects_every_building(town, catalogue):
    school, met = heated(town)
    store_all(town, school, hours(JANUARY, [1000.0 + 10 * hour for hour in range(745)]))
    store_all(town, met, hours(JANUARY, [2.0] * 700))
    process(town, catalogue)
    key = ("energy.heat.degree_day_corrected", "P1M", JANUARY)
    value = town.value(*key, scope="school")
    assert (value["quality"], value["coverage"]) == ("ok", pytest.approx(29 / 31))
    assert value["value"] == pytest.approx(
        29 * 24 + 29 * 216 * 20 / 15
    )  # 240 kWh a day, 24 of them base; 620 / 31 = 20
    store_all(town, met, hours(JANUARY + 700 * HOUR, [12.0] * 44))
    process(town, catalogue)
    value = town.value(*key, scope="school")
    degree_days = 29 * 15 + (4 * 15 + 20 * 5) / 24 + 5
    assert value["detail"]["degree_days"] == pytest.approx(degree_days)
    assert value["value"] == pytest.approx(31 * 24 + 31 * 216 * 620 / degree_days)
    assert value["evidence"]["days"] == {"expected": 31, "valid": 31}
    assert town.value(*key, kind="city")["value"] == value["value"]
    assert town.value(*key, scope="met") is None
    assert town.value(*key, scope="office") is None
    # Nothing more is due, also by the clock.
    assert process(town, catalogue).values == 0


def test_degree_days_are_of_weather_sites_alone(town, catalogue):
    _, met = heated(town)
    indoors = town.datastream(town.site("parken", kind="background"), "air_temperature")
    store_all(town, met, hours(JANUARY, [2.0] * 24))
    store_all(town, indoors, hours(JANUARY, [-30.0] * 24))
    process(town, catalogue)
    assert town.value("energy.degree_days", "P1D", JANUARY, scope="met")["value"] == 15
    assert town.value("energy.degree_days", "P1D", JANUARY, scope="parken") is None
    city = town.value("energy.degree_days", "P1D", JANUARY, kind="city")
    assert (city["value"], city["quality"]) == (15, "ok")


def test_a_gap_over_midnight_is_told_in_the_evidence_of_both_days_and_of_the_city(town, catalogue):
    school, _ = heated(town)
    values = [1000.0 + 10 * hour for hour in range(49)]
    readings = [pair for hour, pair in enumerate(hours(JANUARY, values)) if hour not in range(21, 27)]
    store_all(town, school, readings)
    process(town, catalogue)
    days = [town.value("energy.heat.consumption", "P1D", JANUARY + n * 24 * HOUR, scope="school") for n in (0, 1)]
    assert [day["value"] for day in days] == [pytest.approx(240), pytest.approx(240)]
    # A gap from 20 to 27: of the first day's 24 hours 20 are measured, of the second's 21.
    assert [day["coverage"] for day in days] == [pytest.approx(20 / 24), pytest.approx(21 / 24)]
    assert {day["quality"] for day in days} == {"insufficient"}
    assert days[0]["evidence"]["estimated"] == {"hours": 4, "amount": pytest.approx(40), "of": pytest.approx(240)}
    assert town.value("energy.heat.consumption", "P1D", JANUARY, kind="city")["evidence"]["estimated"]["hours"] == 4
    month = town.value("energy.heat.consumption", "P1M", JANUARY, scope="school")
    assert month["coverage"] == pytest.approx(48 / 744)
    assert month["evidence"]["estimated"]["hours"] == 7
    per_m2 = town.value("energy.heat.per_m2", "P1M", JANUARY, scope="school")
    assert per_m2["value"] == pytest.approx(480 / 500)
