"""Values of streets, meters and microphones against published examples and plain arithmetic on records."""

import csv
import gzip
import json
import math
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from processors.calculation import Catalogue
from processors.windows import seconds
from tests.kpi_inputs import TRONDHEIM, records_of, series_of, values_of

OSLO = ZoneInfo("Europe/Oslo")
MILE = 1.609344


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def local(*parts):
    return seconds(datetime(*parts, tzinfo=OSLO))


def site(catalogue, kpi, period, start, readings, *, place=TRONDHEIM, **attributes):
    """The value of one site whose hours are {property: {second: value}}."""
    series = series_of(
        [{"id": n, "site": "a", "property": name, "attributes": attributes} for n, name in enumerate(readings, start=1)]
    )
    rows = [
        (n, at, value, 1, 1, 0, 0, 1 if "energy" in name else float("nan"), float("nan"))
        for n, (name, hours) in enumerate(readings.items(), start=1)
        for at, value in hours.items()
    ]
    (value,) = values_of(catalogue, kpi, period, records_of(rows), series, wanted=[("a", start)], place=place)
    return value


def hourly(start, count, value):
    return {start + hour * 3600: value for hour in range(count)}


@pytest.mark.parametrize(
    ("volume", "road", "free_flow", "expected"),
    [
        # crosstraffic/transportations-library, HCM 7 example problems: vectors hcm-fw-02 and hcm-fw-03
        (4000, {"peak_hour_factor": 0.85, "heavy_share": 0.08, "terrain": "level"}, 67.3, (1694, 65.4, 25.9, "C")),
        (5000, {"peak_hour_factor": 0.96, "heavy_share": 0.04, "terrain": "rolling"}, 70, (1875, 64.7, 29.0, "D")),
    ],
)
def test_a_freeways_density_is_that_of_the_manuals_examples(catalogue, volume, road, free_flow, expected):
    start, (flow, speed, density, level) = local(2024, 1, 8, 8), expected
    road = {"facility": "freeway", "lanes": 3, "free_flow_speed": free_flow * MILE, **road}
    value = site(catalogue, "traffic.los.freeway", "PT1H", start, {"vehicle_count": {start: volume}}, **road)
    assert value.band == level
    assert value.detail["flow"] == pytest.approx(flow, rel=0.006)
    assert value.detail["speed"] == pytest.approx(speed * MILE, rel=0.006)
    assert value.detail["density_per_mile"] == pytest.approx(density, rel=0.006)
    assert value.detail["density_per_km"] == pytest.approx(density / MILE, rel=0.006)


def test_an_hour_in_which_nobody_passes_has_no_travel_time(catalogue):
    """A radar that does not count shows 10 km/h while nobody passes the loop beside it; who passes drives 50 of 60."""
    start, hours = local(2024, 1, 1), 31 * 24
    series = series_of(
        [
            {"site": "a", "property": name, "device": name, "attributes": {"free_flow_speed": 60}}
            for name in ("vehicle_count", "vehicle_speed_mean")
        ]
    )
    rows = []
    for hour in range(hours):
        passing = hour % 2 == 0
        for stream, value in ((1, 100 * passing), (2, 50 if passing else 10)):
            rows.append((stream, start + hour * 3600, value, 1, 1, 0, 0))
    (value,) = values_of(catalogue, "traffic.congestion_index", "P1M", records_of(rows), series, wanted=[("a", start)])
    assert value.value == pytest.approx(60 / 50 - 1)
    assert (value.coverage, value.detail["hours"]) == (1.0, 23 * 2), "8 and 16 o'clock of 23 working days"


def test_major_event_days_are_shown_beside_and_stay_in_the_value(catalogue):
    """Thirty days of April: SAIDI of 1 and e by turns, and one of e^8; the threshold worked by hand.

    ln SAIDI: fifteen 0, fourteen 1 and one 8: mean 22/30, the squares' sum 14 + 64 - 30 x (22/30)^2 = 61.866667, over
    29: standard deviation 1.460590. exp(0.733333 + 2.5 x 1.460590) = 80.2.
    """
    start = local(2024, 4, 1)
    saidi = [math.exp(8) if day == 29 else (1.0, math.e)[day % 2] for day in range(30)]
    noons = [start + (24 * day + 12) * 3600 for day in range(30)]
    value = site(
        catalogue, "energy.outages.saidi", "P1M", start,
        {"customers_interrupted": dict.fromkeys(noons, 10.0),
         "customer_minutes_interrupted": dict(zip(noons, (1000 * one for one in saidi), strict=True))},
        customers_served=1000,
    )  # fmt: skip
    assert value.value == pytest.approx(15 + 14 * math.e + math.exp(8))
    major = value.detail["major"]
    assert major["threshold"] == pytest.approx(80.2, abs=0.1)
    assert (major["days"], major["days_of_history"]) == (1, 30)
    assert major["saidi_without"] == pytest.approx(15 + 14 * math.e)
    assert value.evidence["major_event_days"] == "status single_source"


def test_days_without_a_report_are_no_days_without_interruptions(catalogue):
    start = local(2024, 4, 1)
    days = hourly(start, 15 * 24, 0.0)
    told = {"customers_interrupted": days, "customer_minutes_interrupted": days}
    half = site(catalogue, "energy.outages.saidi", "P1M", start, told, customers_served=1000)
    assert (half.value, half.quality, half.coverage) == (0, "insufficient", 0.5)
    nothing = site(catalogue, "energy.outages.saidi", "P1M", local(2024, 5, 1), told, customers_served=1000)
    assert (nothing.value, nothing.quality, nothing.reason) == (None, "undefined", "silent")


def test_factors_of_norway_say_nothing_of_a_city_elsewhere(catalogue):
    start = local(2023, 1, 9)
    abroad = {"place": replace(TRONDHEIM, country="SE"), "road_length": 1, "heavy_share": 0.1}
    for kpi, name in (
        ("energy.electricity.co2.delivered", "active_energy_import"),
        ("energy.electricity.co2.residual", "active_energy_import"),
        ("traffic.co2", "vehicle_count"),
    ):
        readings = {name: hourly(start, 24, 10.0)}
        value = site(catalogue, kpi, "P1D", start, readings, **abroad)
        assert (value.value, value.quality, value.reason) == (None, "undefined", "not_defined")
        assert value.detail["why"] == "the factors are those of NO, the city is in SE"
        at_home = {**abroad, "place": replace(TRONDHEIM, country="NO")}
        assert site(catalogue, kpi, "P1D", start, readings, **at_home).value > 0


@pytest.mark.parametrize(("year", "hours"), [(2023, 8760), (2024, 8784)])
def test_the_load_factor_of_a_leap_year_has_its_hours(catalogue, year, hours):
    """10 kW in every hour but one of 20 kW: (10 x hours + 10) / (20 x hours)."""
    start = local(year, 1, 1)
    loads = hourly(start, hours, 10.0) | {start: 20.0}
    value = site(catalogue, "energy.electricity.load_factor", "P1Y", start, {"active_energy_import": loads})
    assert value.value == pytest.approx((10 * hours + 10) / (20 * hours))
    assert (value.coverage, value.detail["hours"]) == (1.0, hours)


@pytest.mark.parametrize(("day", "night"), [(date(2024, 3, 30), 7), (date(2024, 10, 26), 9)])
def test_a_night_in_which_the_clock_changes_has_seven_or_nine_hours(catalogue, day, night):
    evening = local(day.year, day.month, day.day, 23)
    levels = {"sound_level_laeq": hourly(evening, night, 50.0) | hourly(evening + night * 3600, 1, 90.0)}
    value = site(catalogue, "noise.lnight", "P1D", local(day.year, day.month, day.day), levels)
    assert value.value == pytest.approx(50)
    assert (value.coverage, value.evidence["hours"]) == (1.0, {"expected": night, "valid": night})


EMPTY = [
    ("traffic.los.urban_street", "PT1H"), ("traffic.planning_time_index", "P1M"), ("traffic.aadt", "P1Y"),
    ("traffic.heavy_share", "P1D"), ("traffic.co2", "P1D"), ("traffic.bicycles", "P1D"), ("traffic.v85", "PT1H"),
    ("energy.electricity.base_load", "P1M"), ("energy.electricity.co2.delivered", "P1D"),
    ("energy.self_consumption", "P1D"), ("energy.outages.saifi.rolling", "P1M"),
    ("energy.public_buildings.per_m2", "P1M"), ("noise.l10", "P1D"), ("noise.share_above_55", "P1D"),
    ("noise.lday", "P1D"), ("noise.lden", "P1Y"),
]  # fmt: skip


@pytest.mark.parametrize(("kpi", "period"), EMPTY)
def test_a_site_without_any_hour_has_no_value_and_a_reason(catalogue, kpi, period):
    definition = catalogue.definitions[kpi]
    start = {"PT1H": local(2024, 1, 1), "P1D": local(2024, 1, 1), "P1M": local(2024, 1, 1), "P1Y": local(2024, 1, 1)}
    attributes = {
        "free_flow_speed": 60, "base_free_flow_speed": 60, "road_length": 1, "heavy_share": 0.1, "floor_area": 100,
        "customers_served": 100,
    }  # fmt: skip
    value = site(catalogue, kpi, period, start[period], {name: {} for name in definition.inputs}, **attributes)
    assert (value.value, value.quality, value.reason) == (None, "undefined", "silent")


def recorded(shared, name):
    with gzip.open(shared / "data/real" / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["value"]:
                yield row["station"], row["quantity"], row["time"], float(row["value"])


@pytest.mark.shared
def test_the_aadt_of_a_recorded_street_is_that_of_its_cells(catalogue, shared):
    """Elgeseter gate 2019 and 2020: month by weekday, from the file itself; the mean of days is the reference's."""
    days = defaultdict(lambda: defaultdict(list))
    hours = {}
    for station, _, time, value in recorded(shared, "trondheim_traffic_2019_2020"):
        if station == "Elgeseter":
            at = datetime.fromisoformat(time)
            day = at.astimezone(OSLO).date()
            days[day.year][day].append(value)
            hours[seconds(at)] = value
    for year in (2019, 2020):
        cells = defaultdict(list)
        for day, values in days[year].items():
            cells[day.weekday(), day.month].append(sum(values))
        means = [
            sum(sum(cells[weekday, month]) / len(cells[weekday, month]) for month in range(1, 13)) / 12
            for weekday in range(7)
        ]
        value = site(catalogue, "traffic.aadt", "P1Y", local(year, 1, 1), {"vehicle_count": hours})
        assert value.value == pytest.approx(sum(means) / 7)
        assert (value.quality, value.coverage) == ("ok", 1.0)
    both = [sum(values) for year in (2019, 2020) for values in days[year].values()]
    path = shared / "data/real/trondheim_traffic_2019_2020.reference.json"
    reference = json.loads(path.read_text(encoding="utf-8"))["stations"]["Elgeseter"]["mean_daily"]
    assert sum(both) / len(both) == pytest.approx(reference)


@pytest.mark.shared
def test_the_energy_of_recorded_months_times_the_factor_is_their_co2(catalogue, shared):
    """BDG2: the reference's months of 2016 by NVE's residual mix of 2016 (530 g/kWh); delivered has no factor then."""
    path = shared / "data/real/bdg2_two_buildings_2016.reference.json"
    reference = json.loads(path.read_text(encoding="utf-8"))["series"]["bdg2 building_1"]
    hours = {  # as if the building stood in Oslo: the file has no zone
        seconds(datetime.fromisoformat(time).replace(tzinfo=OSLO)): value
        for station, _, time, value in recorded(shared, "bdg2_two_buildings_2016")
        if station == "bdg2 building_1"
    }
    loads = {"active_energy_period": hours}
    start = local(2016, 2, 1)
    residual = site(catalogue, "energy.electricity.co2.residual", "P1M", start, loads)
    assert residual.value == pytest.approx(reference["monthly_kwh"]["2016-02"]["kwh"] * 0.530)
    assert (residual.evidence["estimate"], residual.evidence["standard_status"]) == (True, "single_source")
    assert residual.evidence["estimate_why"].keys() == {"en", "nb"}
    delivered = site(catalogue, "energy.electricity.co2.delivered", "P1M", start, loads)
    assert (delivered.value, delivered.quality) == (None, "undefined")
    base = site(catalogue, "energy.electricity.base_load", "P1M", start, loads)
    month = sorted(value for at, value in hours.items() if start <= at < local(2016, 3, 1))
    at = 0.025 * (len(month) - 1)
    low = int(at)
    assert base.value == pytest.approx(month[low] + (at - low) * (month[low + 1] - month[low]))
    assert min(month) <= base.value < sum(month) / len(month)


@pytest.mark.shared
def test_l10_and_l90_of_a_recorded_day_are_its_percentiles(catalogue, shared):
    """An indoor sensor's quarter hours of 2019-03-06 (a fixed offset; its level means nothing outdoors)."""
    quarters = {
        seconds(datetime.fromisoformat(time).replace(tzinfo=UTC)) - 3600: value
        for _, _, time, value in recorded(shared, "trondheim_noise_indoor_2019")
    }
    start = local(2019, 3, 6)
    day = sorted(value for at, value in quarters.items() if start <= at < start + 86_400)
    assert len(day) == 96

    def percentile(share):
        at = share * 95
        return day[int(at)] + (at - int(at)) * (day[int(at) + 1] - day[int(at)])

    levels = {"sound_level_laeq": quarters}
    for kpi, share in (("noise.l10", 0.9), ("noise.l90", 0.1)):
        value = site(catalogue, kpi, "P1D", start, levels)
        assert value.value == pytest.approx(percentile(share))
        assert value.evidence["estimate"] is True
    above = site(catalogue, "noise.share_above_55", "P1D", start, levels)
    assert above.value == pytest.approx(100 * sum(level > 55 for level in day) / 96)
