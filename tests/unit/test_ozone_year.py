"""When a year of ozone is valid: by its summer and its winter (2008/50/EC, Annex VII)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from processors.calculation import Catalogue
from tests.kpi_inputs import records_of, series_of, values_of

DAYS = [date(2023, 1, 1) + timedelta(days=number) for number in range(365)]
YEAR = int(datetime.fromisoformat("2023-01-01T00:00+01:00").timestamp())
SUMMER = range(4, 10)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def year(catalogue, kpi, lacks, now=datetime(2024, 6, 1, tzinfo=UTC)):
    """The year without the days that `lacks` says; each day has all its hours and their eight-hour means."""
    rows = [
        (1, YEAR + (24 * number + hour) * 3600, 50.0, 1, 1, 0, 0)
        for number, day in enumerate(DAYS)
        for hour in range(24)
        if not lacks(day) and YEAR + (24 * number + hour) * 3600 < now.timestamp()
    ]
    series = series_of([{"site": "a", "property": "o3"}])
    (value,) = values_of(catalogue, kpi, "P1Y", records_of(rows), series, now=now, wanted=[("a", YEAR)])
    return value


@pytest.mark.parametrize("edition", ["eu2008", "eu2030"])
@pytest.mark.parametrize(
    ("lacks", "quality", "summer"),
    [
        (lambda day: day.month not in SUMMER, "ok", 183),  # the winter does not count
        (lambda day: day.month == 7, "ok", 152),  # five of six months
        (lambda day: day.month in {7, 8}, "insufficient", 121),
        (lambda day: day.month in SUMMER and day.day in {7, 14, 21}, "ok", 183),  # 27 or 28 days of each month
        (lambda day: day.month in SUMMER and day.day in {7, 14, 21, 28}, "insufficient", 0),
    ],
)  # fmt: skip
def test_five_of_the_six_summer_months_make_a_year_of_exceedance_days(catalogue, edition, lacks, quality, summer):
    value = year(catalogue, f"air.o3.exceedance_days.{edition}", lacks)
    assert (value.value, value.quality, value.band) == (0.0, quality, None)
    assert value.evidence["summer_days"] == {"expected": 183, "valid": summer}
    assert value.evidence["days"]["expected"] == 365


def test_a_running_year_is_judged_by_the_summer_so_far_and_before_it_by_the_winter(catalogue):
    def said(now, lacks):
        value = year(catalogue, "air.o3.exceedance_days.eu2008", lacks, now)
        return value.quality, value.evidence["summer_days"]

    in_may, in_march = datetime(2023, 5, 11, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)
    assert said(in_may, lambda day: day.month < 4) == ("ok", {"expected": 40, "valid": 40})
    assert said(in_may, lambda day: day.month == 4) == ("insufficient", {"expected": 40, "valid": 10})
    assert said(in_march, lambda _: False)[0] == "ok"
    assert said(in_march, lambda day: day.month == 1) == ("insufficient", {"expected": 59, "valid": 28})


def test_a_mean_of_a_year_needs_its_share_of_summer_and_of_winter(catalogue):
    complete = year(catalogue, "air.o3.mean", lambda _: False)
    assert (complete.quality, complete.coverage) == ("ok", 1.0)
    half = year(catalogue, "air.o3.mean", lambda day: day.month in {6, 7})  # 83 % of the year, 67 % of the summer
    assert (half.quality, half.coverage) == ("insufficient", pytest.approx(122 / 183))
    assert half.evidence["half_year_hours"] == {"expected": 183 * 24, "valid": 122 * 24}
    assert half.evidence["hours"]["valid"] == 304 * 24
