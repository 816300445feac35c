"""NO2 and ozone of Valencia and Beijing: the formulas give the reference numbers, which others computed."""

import csv
import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest

from processors.calculation import Catalogue, Place
from processors.windows import instant
from tests.kpi_inputs import records_of, series_of, values_of

pytestmark = pytest.mark.shared

RELATIVE = 1e-6
# Valencia's file names no zone; a complete grid says it is a fixed offset, and any will do.
DATA_SETS = {
    "valencia_air_2022": Place("valencia", "Europe/Madrid", 3600, "eu_2008_50"),
    "beijing_prsa_2016_2017": Place("beijing", "Asia/Shanghai", 8 * 3600, "eu_2008_50"),
}


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module", params=DATA_SETS)
def recorded(request, shared):
    place = DATA_SETS[request.param]
    zone = timezone(timedelta(seconds=place.air_day_offset))
    folder = shared / "data/real"
    ids, rows = {}, []
    with gzip.open(folder / f"{request.param}.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["quantity"] in {"no2", "o3"} and row["value"]:
                key = row["station"], row["quantity"]
                time = datetime.fromisoformat(row["time"])
                time = time if time.tzinfo else time.replace(tzinfo=zone)
                number = ids.setdefault(key, len(ids) + 1)
                rows.append((number, time.timestamp(), float(row["value"]), 1, 1, 0, 0))
    series = series_of([{"site": station, "property": quantity, "kind": "background"} for station, quantity in ids])
    reference = json.loads((folder / f"{request.param}.reference.json").read_text(encoding="utf-8"))["series"]

    def values(catalogue, kpi, period):
        found = defaultdict(list)
        for value in values_of(catalogue, kpi, period, records_of(rows), series, place=place):
            found[value.scope].append(value)
        return found

    of = {quantity: {name.split("|")[0]: one for name, one in reference.items() if name.endswith(f"|{quantity}")}
          for quantity in ("no2", "o3")}  # fmt: skip
    return values, of, place


def day(text, place):
    """The local day of an ISO instant."""
    return (datetime.fromisoformat(text) + timedelta(seconds=place.air_day_offset)).strftime("%Y-%m-%d")


@pytest.mark.parametrize("name", ["no2", "o3"])
def test_monthly_means_are_the_references(recorded, catalogue, name):
    values, of, place = recorded
    means = values(catalogue, f"air.{name}.mean", "P1M")
    assert of[name]
    for station, reference in of[name].items():
        months = {day(instant(value.start).isoformat(), place)[:7]: value for value in means[station]}
        for month, numbers in reference["monthly"].items():
            value = months[month]
            assert value.value == pytest.approx(numbers["mean"], rel=RELATIVE)
            assert value.evidence["hours"] == {"expected": numbers["hours"], "valid": numbers["valid_hours"]}
            assert value.quality == ("ok" if numbers["capture_pct"] >= 75 else "insufficient")


def test_hours_and_days_of_no2_above_the_limits_are_the_references(recorded, catalogue):
    values, of, _ = recorded
    hours = values(catalogue, "air.no2.exceedance_hours.eu2008", "P1Y")
    means, days = values(catalogue, "air.no2.mean", "P1D"), values(catalogue, "air.no2.exceedance_days.eu2030", "P1Y")
    capture = values(catalogue, "air.no2.data_capture", "P1Y")
    for station, reference in of["no2"].items():
        # Whole numbers are recorded: rounding, which the reference leaves out, changes no hour.
        assert sum(value.value for value in hours[station]) == reference["hours_over_200_ug_m3"]
        valid = [value.value for value in means[station] if value.quality == "ok"]
        assert len(valid) == reference["valid_days"]
        assert sum(mean > 50 for mean in valid) == reference["days_24h_mean_over_50_ug_m3"]
        # Ours rounds the mean half up first, as the reporting guidance asks: 50.4 is not above 50.
        assert sum(value.value for value in days[station]) == sum(mean >= 50.5 for mean in valid)
        assert max(valid) == pytest.approx(reference["max_24h_calendar_mean"], rel=RELATIVE)
        assert sum(value.evidence["hours"]["valid"] for value in capture[station]) == reference["valid_hours"]


def test_the_largest_eight_hour_means_of_ozone_are_the_references(recorded, catalogue):
    values, of, place = recorded
    days = values(catalogue, "air.o3.max_8h", "P1D")
    for station, reference in of["o3"].items():
        expected = reference["o3_daily_max_8h"]
        valid = [value for value in days[station] if value.quality == "ok"]
        assert len(valid) == expected["valid_days"]
        worst = max(valid, key=lambda value: value.value)
        assert worst.value == pytest.approx(expected["max_ug_m3"], rel=RELATIVE)
        assert day(instant(worst.start).isoformat(), place) == expected["day"]
        assert sum(value.value > 120 for value in valid) == expected["days_over_120_ug_m3"]
        assert sum(value.value > 100 for value in valid) == expected["days_over_100_ug_m3"]


@pytest.mark.parametrize(("kpi", "limit"), [("eu2008", 120), ("eu2030", 120), ("who2021", 100)])
def test_days_of_ozone_above_the_limits_are_those_whose_rounded_largest_mean_is(recorded, catalogue, kpi, limit):
    values, of, _ = recorded
    largest = values(catalogue, "air.o3.max_8h", "P1D")
    days, years = (values(catalogue, f"air.o3.exceedance_days.{kpi}", period) for period in ("P1D", "P1Y"))
    for station, reference in of["o3"].items():
        valid = [value.value for value in largest[station] if value.quality == "ok"]
        count = sum(mean >= limit + 0.5 for mean in valid)
        assert count <= reference["o3_daily_max_8h"][f"days_over_{limit}_ug_m3"]
        assert sum(value.value for value in years[station]) == count
        assert sum(value.value for value in days[station] if value.quality == "ok") == count
        assert sum(value.evidence["days"]["valid"] for value in years[station]) == len(valid)
