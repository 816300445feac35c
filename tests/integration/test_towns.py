from datetime import timedelta

import pandas as pd
import pytest

from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.readings import read_series
from processors.rollup import Rollups
from processors.towns import Towns
from tests.integration.processing import hours, utc

DAY = utc(2026, 3, 2, 23)
LATER = DAY + timedelta(days=3)

SAID = """SELECT kpi, scope_kind, scope, period, start, value, band, quality, evidence FROM kpi_value
          ORDER BY kpi, scope_kind, scope, period, start"""


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def stream(town):
    return town.datastream(town.site("elgeseter"), "pm10")


@pytest.mark.usefixtures("stream")
def test_a_city_is_read_again_when_anything_changed_that_values_rest_on(town):
    towns = Towns()

    def now():
        return towns.of(town.connection, [town.slug])[town.slug]

    known = now()
    town.connection.execute("UPDATE datastream SET last_time = now()")  # as every reading does
    assert now() is known
    for change in (
        "UPDATE datastream SET first_time = '2026-01-01'",
        "UPDATE datastream SET class = 'indicative'",
        "UPDATE datastream SET origin = 'simulated'",
        "UPDATE datastream SET expected_spacing = '10 minutes'",
        "UPDATE device SET status = 'retired'",
        """UPDATE site SET attributes = '{"lanes": 2}'""",
        "UPDATE site SET kind = 'background'",
        "UPDATE city SET time_zone = 'Europe/London'",
    ):
        town.connection.execute(change)
        before, known = known, now()
        assert known is not before, change
        pd.testing.assert_frame_equal(known.series, read_series(town.connection, [town.slug])[town.slug])
        assert now() is known
    town.datastream(town.site("torvet"), "pm10")
    assert len(now().series) == 2
    town.connection.execute("DELETE FROM datastream")
    assert len(now().series) == 0


def test_a_processor_that_runs_on_says_what_a_new_one_would(town, stream, catalogue):
    """Sites, classes and areas change while it computes the same hours again."""
    rollups, old = Rollups(catalogue), Kpis(catalogue)
    town.store(stream, hours(DAY, [10.0] * 24))
    for change in (
        "SELECT",
        "UPDATE datastream SET class = 'indicative'",
        "INSERT INTO area (city, slug, name) VALUES ('trondheim', 'midtbyen', 'Midtbyen')",
        "UPDATE site SET area = 'midtbyen'",
        "UPDATE datastream SET class = 'reference'",
    ):
        town.connection.execute(change)
        said = []
        for kpis in (old, Kpis(catalogue)):
            for step in range(24):
                town.mark(stream, DAY + timedelta(hours=step))
            rollups.batch(town.connection, 1000, LATER)
            assert kpis.batch(town.connection, 10_000, LATER, everything=True) > 0
            said.append(town.all(SAID))
            town.connection.execute("DELETE FROM kpi_value")
        assert said[0] == said[1], change
    assert {kind for _, kind, *_ in said[0]} == {"site", "district", "city"}
