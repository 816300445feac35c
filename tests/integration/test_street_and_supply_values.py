"""Values of streets, meters, supply and noise through the database: from observations to values with evidence."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.json import Jsonb

from bypuls.kpi import load_definitions
from bypuls.settings import ProcessSettings, load
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.processing import at, hours, utc
from tests.integration.test_energy_values import store_all

pytestmark = pytest.mark.integration

OSLO = ZoneInfo("Europe/Oslo")
HOUR = timedelta(hours=1)
NOW = utc(2026, 6, 20, 12)
DAY = utc(2026, 5, 3, 22)  # Monday 4 May in Oslo
MAY = utc(2026, 4, 30, 22)


@pytest.fixture(scope="module")
def definitions():
    return load_definitions()


@pytest.fixture
def process(town, definitions):
    def run(*wanted, now=NOW):
        chosen = {name: one for name, one in definitions.items() if name.startswith(wanted)}
        return drain(town.connection, at(now), load(ProcessSettings), Catalogue.of(chosen))

    return run


def place(town, slug, kind, **attributes):
    site = town.site(slug, kind=kind)
    town.connection.execute("UPDATE site SET attributes = %s WHERE slug = %s", (Jsonb(attributes), slug))
    return site


def test_a_swapped_meter_changes_neither_co2_nor_base_load(town, process):
    """2 kWh an hour for a day; at half past 12 the meter is swapped: 525 on the old one, 4 on the new."""
    stream = town.datastream(
        place(town, "school", "building"), "active_energy_import", interval=None, expected_spacing="1 hour"
    )
    before = hours(DAY - HOUR, [498.0 + 2 * step for step in range(14)])  # to 12:00, 524
    after = hours(DAY + 13 * HOUR, [5.0 + 2 * step for step in range(13)])
    store_all(town, stream, before + after)
    town.connection.execute(
        """INSERT INTO device_event (device, time, kind, property, detail)
           SELECT device, %s, 'swapped_meter', property,
                  '{"closing": 525, "opening": 4}' FROM datastream WHERE id = %s""",
        (DAY + 12.5 * HOUR, stream),
    )
    town.mark(stream, DAY + 12.5 * HOUR)
    process("energy.electricity.")
    used = town.value("energy.electricity.consumption", "P1D", DAY, scope="school")
    assert (used["value"], used["quality"]) == (pytest.approx(48), "ok")
    residual = town.value("energy.electricity.co2.residual", "P1D", DAY, scope="school")
    assert residual["value"] == pytest.approx(48 * 0.402)  # NVE: 402 g/kWh in 2020, the last there is
    said = residual["evidence"]
    assert (said["estimate"], said["standard_status"], said["edition"]) == (True, "single_source", "2020")
    delivered = town.value("energy.electricity.co2.delivered", "P1D", DAY, kind="city")
    assert delivered["value"] == pytest.approx(48 * 0.015)
    assert (delivered["evidence"]["estimate"], delivered["evidence"]["standard_status"]) == (True, "single_source")
    month = town.value("energy.electricity.base_load", "P1M", MAY, scope="school")
    assert (month["value"], month["quality"]) == (pytest.approx(2), "insufficient")


@pytest.mark.lane("plain")
def test_interruptions_of_twelve_months_and_one_that_is_told_late(town, process):
    """A report of 0 every noon from 1 June 2025; 100 of 1000 customers out for 90 minutes in May 2026."""
    grid = place(town, "grid", "grid", customers_served=1000)
    streams = [
        town.datastream(grid, name, interval=None, expected_spacing="1 day")
        for name in ("customers_interrupted", "customer_minutes_interrupted")
    ]
    noons = [utc(2025, 6, 1, 10) + timedelta(days=day) for day in range(365)]
    for stream in streams:
        store_all(town, stream, [(noon, 0.0) for noon in noons])
    process("energy.outages.")
    rolling = {name: ("energy.outages." + name + ".rolling", "P1M", MAY) for name in ("saidi", "saifi", "caidi")}
    saidi = town.value(*rolling["saidi"], scope="grid")
    assert (saidi["value"], saidi["quality"], saidi["coverage"]) == (0, "ok", 1.0)
    caidi = town.value(*rolling["caidi"], scope="grid")
    assert (caidi["value"], caidi["quality"], caidi["reason"]) == (None, "undefined", "not_defined")
    for stream, number in zip(streams, (100.0, 9000.0), strict=True):
        store_all(town, stream, [(utc(2026, 5, 12, 15), number)])
    process("energy.outages.")
    values = {name: town.value(*key, kind="city") for name, key in rolling.items()}
    assert {name: value["value"] for name, value in values.items()} == {
        "saidi": pytest.approx(9), "saifi": pytest.approx(0.1), "caidi": pytest.approx(90),
    }  # fmt: skip
    assert values["saidi"]["evidence"]["days"] == {"expected": 365, "valid": 365}
    assert town.value("energy.outages.saidi", "P1M", MAY, scope="grid")["value"] == pytest.approx(9)
    april = town.value("energy.outages.saidi.rolling", "P1M", utc(2026, 3, 31, 22), scope="grid")
    assert april["value"] == 0


@pytest.mark.lane("plain")
def test_a_street_in_the_peak_hours_of_a_month(town, process):
    """May 2026: 15 km/h from 7 to 9 and 15 to 17, else 60 km/h; public holidays do not count."""
    street = place(town, "street", "road", free_flow_speed=60, base_free_flow_speed=60, facility="urban_street")
    times = [MAY + step * HOUR for step in range(744)]
    slow = {7, 8, 15, 16}
    speeds = [15.0 if time.astimezone(OSLO).hour in slow else 60.0 for time in times]
    store_all(town, town.datastream(street, "vehicle_count"), [(time, 100.0) for time in times])
    store_all(town, town.datastream(street, "vehicle_speed_mean"), list(zip(times, speeds, strict=True)))
    process("traffic.")
    for kpi, expected in (("travel_time_index.peak", 4), ("planning_time_index", 4), ("buffer_index", 0)):
        value = town.value(f"traffic.{kpi}", "P1M", MAY, scope="street")
        assert (value["value"], value["quality"], value["coverage"]) == (pytest.approx(expected), "ok", 1.0), kpi
        # Twenty-one weekdays, three of them holidays: 1, 14 and 25 May.
        assert value["evidence"]["hours"] == {"expected": 72, "valid": 72}
    assert town.value("traffic.congestion_index", "P1M", MAY, kind="city")["value"] == pytest.approx(3)
    level = town.value("traffic.los.urban_street", "PT1H", DAY + 7 * HOUR, scope="street")
    assert (level["value"], level["band"]) == (6, "F")  # 9.3 mi/h of 37.3: at most 30 % of it is F
    level = town.value("traffic.los.urban_street", "PT1H", DAY + 10 * HOUR, kind="city")
    assert (level["value"], level["band"], level["detail"]["site"]) == (1, "A", "street")


@pytest.mark.lane("plain")
def test_levels_of_five_minutes_give_l10_and_the_share_of_loud_time(town, process):
    square = place(town, "square", "background")
    stream = town.datastream(square, "sound_level_laeq", interval="15 minutes")
    quarters = [DAY + step * timedelta(minutes=15) for step in range(96)]
    store_all(town, stream, [(time, 70.0 if step < 12 else 50.0) for step, time in enumerate(quarters)])
    process("noise.")
    loud = town.value("noise.l10", "P1D", DAY, scope="square")
    assert (loud["value"], loud["quality"]) == (pytest.approx(70), "ok")  # 12 of 96 are louder: more than a tenth
    assert (loud["evidence"]["estimate"], loud["detail"]["levels"]) == (True, 96)
    assert town.value("noise.l90", "P1D", DAY, kind="city")["value"] == pytest.approx(50)
    assert town.value("noise.share_above_65", "P1D", DAY, scope="square")["value"] == pytest.approx(12.5)
    assert town.value("noise.lday", "P1D", DAY, scope="square")["value"] == pytest.approx(50)


def test_a_counter_that_fell_silent_counts_no_bicycles_rather_than_none(town, process):
    path = place(town, "path", "road")
    store_all(town, town.datastream(path, "bicycle_count"), hours(DAY, [5.0] * 24))
    process("traffic.bicycles")
    assert town.value("traffic.bicycles", "P1D", DAY, scope="path")["value"] == 120
    tomorrow = DAY + 24 * HOUR
    process("traffic.bicycles", now=tomorrow + 25 * HOUR)
    silent = town.value("traffic.bicycles", "P1D", tomorrow, scope="path")
    assert (silent["value"], silent["quality"], silent["reason"]) == (None, "undefined", "silent")
