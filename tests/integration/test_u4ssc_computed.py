"""From observations to the U4SSC year: interruptions of a year become SAIFI and CAIDI, too little PM10 becomes none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from bypuls.settings import ProcessSettings, load
from bypuls.storage.u4ssc import assess
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.processing import at, hours, utc

YEAR = utc(2025, 12, 31, 23)  # Oslo's 2026
OVER = utc(2027, 2, 1)


@pytest.mark.lane("plain")
def test_a_year_of_interruptions_and_a_day_of_air(town):
    """Two interruptions: 300 customers for 60 minutes, 100 for 30; 1000 are served. SAIFI = 400 / 1000 = 0.4;
    CAIDI = (18 000 + 3 000) / 400 = 52.5 minutes (Verification Manual 2022 p.75-76)."""
    grid = town.site("grid", kind="grid")
    town.connection.execute("UPDATE site SET attributes = %s", (Jsonb({"customers_served": 1000}),))
    customers = town.datastream(grid, "customers_interrupted", interval="1 day")
    minutes = town.datastream(grid, "customer_minutes_interrupted", interval="1 day")
    days = [YEAR + timedelta(days=number, hours=1) for number in range(365)]
    struck = {days[40]: (300, 18_000), days[200]: (100, 3_000)}
    town.store(customers, [(day, struck.get(day, (0, 0))[0]) for day in days])
    town.store(minutes, [(day, struck.get(day, (0, 0))[1]) for day in days])
    town.store(town.datastream(town.site("torvet"), "pm10"), hours(utc(2026, 3, 2, 23), [10.0] * 24))
    drain(town.connection, at(OVER), load(ProcessSettings), Catalogue.load())

    found = assess(town.connection, "trondheim", 2026)
    points = {(point.code, point.data_point): point for point in found.points}
    often, long = points["EC: I: ES: 1C", ""], points["EC: I: ES: 2C", ""]
    assert (often.state, often.value, often.unit) == ("measured", 0.4, "interruptions / customer / year")
    assert (long.state, long.value, long.unit) == ("measured", 52.5, "minutes")
    assert not often.provisional
    assert often.evidence["inputs"].startswith("/v1/kpis/energy.outages.saifi/inputs?city=trondheim&scope_kind=city")
    pm10 = points["EN: EN: AQ: 1C", "pm_10"]
    assert (pm10.state, pm10.reason, pm10.candidates[0].value) == ("missing", "insufficient", 10.0)
    assert found.kpi_counts.measured == 2
