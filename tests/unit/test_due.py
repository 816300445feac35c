from datetime import UTC, datetime, timedelta

import pytest

from processors.calculation import Catalogue, Place
from processors.due import due_rows
from processors.windows import seconds

NOW = datetime(2026, 3, 14, 12, 7, 30, tzinfo=UTC)
PLACES = {"town": Place("town", "UTC", 3600, None)}


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def due(catalogue, *hours, kpi="air.pm10.mean"):
    """Period -> seconds until the value of the newest of its windows is due."""
    changed = [(1, seconds(hour) // 3600 * 3600, "town", "torget", "pm10") for hour in hours]
    rows = [row for row in due_rows(changed, catalogue, PLACES, NOW) if row[0] == kpi]
    return {period: (at - NOW).total_seconds() for _, _, _, period, _, at in sorted(rows, key=lambda row: row[4])}


def test_the_running_hour_and_day_are_due_at_once_and_month_and_year_in_rounds(catalogue):
    assert due(catalogue, NOW) == {"PT1H": 0, "P1D": 0, "P1M": 30, "P1Y": 150}


def test_readings_of_one_round_make_a_year_due_once(catalogue):
    changed = [(1, seconds(NOW) // 3600 * 3600, "town", "torget", "pm10")]
    times = {
        row[5]
        for step in range(0, 150, 7)
        for row in due_rows(changed, catalogue, PLACES, NOW + timedelta(seconds=step))
        if row[0] == "air.pm10.mean" and row[3] == "P1Y"
    }
    assert times == {datetime(2026, 3, 14, 12, 10, tzinfo=UTC)}


def test_a_history_makes_the_running_month_due_once_it_has_come_to_rest(catalogue):
    assert due(catalogue, NOW - timedelta(days=5)) == {"PT1H": 2, "P1D": 2, "P1M": 5, "P1Y": 5}
    assert due(catalogue, NOW, NOW - timedelta(days=5)) == {"PT1H": 0, "P1D": 0, "P1M": 5, "P1Y": 5}
