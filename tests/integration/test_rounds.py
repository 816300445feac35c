from datetime import timedelta

import pytest

from bypuls.storage.database import connect
from processors.calculation import Catalogue
from processors.claims import claim
from processors.kpis import Kpis
from processors.rollup import Rollups
from tests.integration.processing import utc

NOON = utc(2026, 3, 2, 12)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def living(town, catalogue):
    """Stores the reading of a second of the running hour and rolls it up; the same processor each time."""
    stream = town.datastream(town.site("elgeseter"), "pm10", interval=None, expected_spacing="1 hour")
    rollups = Rollups(catalogue)

    def live(second):
        town.store(stream, [(NOON + second * SECOND, 10.0 + second)])
        rollups.batch(town.connection, 1000, NOON + (second + 1) * SECOND, recent=True)

    return live


def queued(town):
    """Period -> rows of one KPI."""
    rows = town.all("SELECT period, count(*) FROM kpi_due WHERE kpi = 'air.pm10.mean' GROUP BY period")
    return dict(rows)


def mean_of_the_month(town):
    return town.value("air.pm10.mean", "P1M", utc(2026, 2, 28, 23), scope="elgeseter")["value"]


def test_a_running_month_waits_once_for_its_round_and_an_hour_as_often_as_it_changes(town, living):
    for second in range(3):
        living(second)
    assert queued(town) == {"PT1H": 3, "P1D": 3, "P1M": 1, "P1Y": 1}
    living(61)  # the next minute's round; the year's is the same
    assert queued(town) == {"PT1H": 4, "P1D": 4, "P1M": 2, "P1Y": 1}


def test_what_somebody_took_is_queued_again(town, living, catalogue):
    living(0)
    Kpis(catalogue).batch(town.connection, 10_000, NOON + SECOND, everything=True)
    assert queued(town) == {}
    living(1)
    assert queued(town) == {"PT1H": 1, "P1D": 1, "P1M": 1, "P1Y": 1}
    living(2)
    assert queued(town) == {"PT1H": 2, "P1D": 2, "P1M": 1, "P1Y": 1}


def test_what_somebody_is_taking_is_queued_again(town, living, catalogue):
    living(0)
    with connect(town.url) as other:
        # It has read the hour of one reading, and does not see the second.
        claimed = claim(other, 10_000, 1_000_000, NOON + SECOND, everything=True)
        living(1)
        Kpis(catalogue).compute(other, claimed, NOON + SECOND)
        other.commit()
    assert queued(town) == {"PT1H": 1, "P1D": 1, "P1M": 1, "P1Y": 1}
    Kpis(catalogue).batch(town.connection, 10_000, NOON + 60 * SECOND)
    assert mean_of_the_month(town) == 10.5


def test_nobody_takes_what_is_not_queued_again(town, living, catalogue):
    """A worker whose clock is ahead, while a reading is being rolled up that found its month waiting."""
    living(0)
    town.connection.execute("BEGIN")
    living(1)
    with connect(town.url) as other:
        assert len(claim(other, 10_000, 1_000_000, NOON + 600 * SECOND, everything=True)) == 0
    town.connection.execute("COMMIT")
    with connect(town.url, autocommit=True) as other:
        assert Kpis(catalogue).batch(other, 10_000, NOON + 600 * SECOND, everything=True) > 0
    assert mean_of_the_month(town) == 10.5


def test_a_batch_that_was_rolled_back_queued_nothing(town, living):
    town.connection.execute("BEGIN")
    living(0)
    town.connection.execute("ROLLBACK")
    living(1)
    assert queued(town) == {"PT1H": 1, "P1D": 1, "P1M": 1, "P1Y": 1}
