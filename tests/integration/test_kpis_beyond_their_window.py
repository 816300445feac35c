"""Values that rest on hours outside their window, on several channels, on another number of the hour than its mean."""

from datetime import timedelta

import pytest

from bypuls.settings import ProcessSettings, load
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.processing import at, hours, utc

DAY = utc(2026, 3, 2, 23)  # an air day and a civil day of Oslo's winter
LATER = utc(2026, 3, 10, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def process(town, catalogue, now=LATER):
    return drain(town.connection, at(now), load(ProcessSettings), catalogue)


def attributes(town, site, document):
    town.connection.execute("UPDATE site SET attributes = %s WHERE slug = %s", (document, site))


def test_an_evening_that_comes_late_changes_the_next_days_largest_eight_hour_mean(town, catalogue):
    ozone = town.datastream(town.site("hill", kind="background"), "o3")
    town.store(ozone, hours(DAY - timedelta(days=1), [40.0] * 48))
    process(town, catalogue)
    assert town.value("air.o3.max_8h", "P1D", DAY, scope="hill")["value"] == 40.0
    town.store(ozone, hours(DAY - timedelta(hours=7), [120.0] * 7))
    process(town, catalogue)
    value = town.value("air.o3.max_8h", "P1D", DAY, scope="hill")
    assert (value["value"], value["status"], value["detail"]) == (110.0, "revised", {"ends": "2026-03-03T00:00:00Z"})
    assert value["evidence"]["means"] == {"expected": 24, "valid": 24}
    assert value["evidence"]["rests_on"] == [["2026-03-02T16:00:00Z", "2026-03-03T23:00:00Z"]]
    year = town.value("air.o3.exceedance_days.who2021", "P1Y", utc(2025, 12, 31, 23), scope="hill")
    assert (year["value"], year["evidence"]["days"]["valid"]) == (2.0, 2)


def test_a_change_late_in_the_year_is_seen_by_the_next_years_first_day(town, catalogue):
    year = utc(2025, 12, 31, 23)
    ozone = town.datastream(town.site("hill", kind="background"), "o3")
    town.store(ozone, hours(year - timedelta(days=1), [40.0] * 72))
    process(town, catalogue)
    town.store(ozone, hours(year - timedelta(hours=7), [150.0] * 7))
    process(town, catalogue)
    value = town.value("air.o3.exceedance_days.eu2008", "P1Y", year, scope="hill")
    assert (value["value"], value["band"], value["detail"]["averaged_over_years"]) == (1.0, None, 3)


def test_a_day_without_ozone_after_one_with_it_says_nothing(town, catalogue):
    town.store(town.datastream(town.site("hill", kind="background"), "o3"), hours(DAY, [40.0] * 24))
    process(town, catalogue)
    assert town.value("air.o3.max_8h", "P1D", DAY + timedelta(days=1), scope="hill") is None


def test_a_noise_day_is_complete_at_seven_on_the_next(town, catalogue):
    levels = town.datastream(town.site("street"), "sound_level_laeq")
    evening = DAY + timedelta(hours=23)
    town.store(levels, hours(DAY + timedelta(hours=7), [60.0] * 16))
    process(town, catalogue, evening)
    running = town.value("noise.lden", "P1D", DAY, scope="street")
    assert (running["value"], running["quality"], running["status"]) == (None, "undefined", "provisional")
    assert running["detail"]["evening"] == pytest.approx(60)
    town.store(levels, hours(evening, [50.0] * 8))
    process(town, catalogue, evening + timedelta(hours=8))
    night = town.value("noise.lnight", "P1D", DAY, scope="street")
    assert (night["value"], night["band"], night["coverage"]) == (pytest.approx(50), "above", 1.0)
    value = town.value("noise.lden", "P1D", DAY, kind="city")
    assert (value["quality"], value["status"], value["band"]) == ("ok", "provisional", "yellow")
    assert value["value"] == pytest.approx(61.3366, abs=1e-4)  # 10 lg((12 + 4 x 3.16228 + 8) x 10^6 / 24)
    assert (value["detail"]["site"], value["evidence"]["standard_status"]) == ("street", "unverified")


def test_two_sound_level_meters_are_averaged_by_their_energy(town, catalogue):
    site = town.site("street")
    for level in (60.0, 70.0):
        town.store(town.datastream(site, "sound_level_laeq"), hours(DAY, [level]))
    process(town, catalogue)
    value = town.value("noise.laeq", "PT1H", DAY, scope=site)
    assert value["value"] == pytest.approx(67.4036, abs=1e-4)  # 10 lg(5.5 x 10^6)


def test_the_coldest_observation_counts_not_the_coldest_hour(town, catalogue):
    roof = town.site("roof", kind="weather")
    stream = town.datastream(roof, "air_temperature", interval=None, expected_spacing="10 minutes")
    values = [2.0, -3.0, 2.0, 4.0, 9.0, 2.0] * 24
    town.store(stream, [(DAY + 10 * step * MINUTE, value) for step, value in enumerate(values)])
    process(town, catalogue)
    for kpi, expected in (("min", -3.0), ("max", 9.0), ("mean", pytest.approx(16 / 6))):
        assert town.value(f"weather.temperature.{kpi}", "P1D", DAY, scope="roof")["value"] == expected


def test_a_box_that_measures_the_air_and_its_own_warmth_does_not_make_the_citys_weather(town, catalogue):
    town.store(town.datastream(town.site("roof", kind="weather"), "air_temperature"), hours(DAY, [5.0] * 24))
    town.store(town.datastream(town.site("lamp-post", kind="traffic"), "air_temperature"), hours(DAY, [15.0] * 24))
    process(town, catalogue)
    for kpi in ("weather.temperature.mean", "weather.temperature.max", "energy.degree_days"):
        value = town.value(kpi, "P1D", DAY, kind="city")
        assert (value["value"], value["evidence"]["sites"]) == (12.0 if kpi.startswith("energy") else 5.0, 1)


def test_directions_within_an_hour_recombine_exactly(town, catalogue):
    stream = town.datastream(town.site("mast"), "wind_direction", interval=None, expected_spacing="30 minutes")
    pairs = [(350.0, 10.0)] * 12 + [(45.0, 135.0)] * 12  # an hour of each: length cos 10 at 0, cos 45 at 90 degrees
    readings = [
        (DAY + 30 * step * MINUTE, value) for step, value in enumerate(value for pair in pairs for value in pair)
    ]
    town.store(stream, readings)
    process(town, catalogue)
    value = town.value("weather.wind.direction", "P1D", DAY, scope="mast")
    assert value["value"] == pytest.approx(35.6790, abs=1e-4)  # atan2(0.707107, 0.984808)


def test_travel_time_is_weighed_lane_by_lane_with_the_counts_of_its_own(town, catalogue):
    site, counter = town.site("ring", kind="road"), town.site("path", kind="road")
    attributes(town, site, '{"free_flow_speed": 60}')
    for lane, volume, speed in (("1", 300.0, 60.0), ("2", 100.0, 20.0)):
        device = town.one(
            "INSERT INTO device (city, external_id, site, status) VALUES (%s, %s, %s, 'active') RETURNING id",
            (town.slug, f"loop-{lane}", site),
        )
        for name, value in (("vehicle_count", volume), ("vehicle_speed_mean", speed)):
            stream = town.one(
                """INSERT INTO datastream (city, device, property, site, interval, class, origin, channel)
                   VALUES (%s, %s, %s, %s, '1 hour', 'reference', 'measured', %s) RETURNING id""",
                (town.slug, device, name, site, lane),
            )
            town.store(stream, hours(DAY, [value]))
    town.store(town.datastream(counter, "vehicle_count"), hours(DAY, [50.0]))
    process(town, catalogue)
    value = town.value("traffic.travel_time_index", "PT1H", DAY, scope=site)
    assert value["value"] == pytest.approx((300 * 1 + 100 * 3) / 400)
    assert value["detail"] == {"volume": 400.0, "speed": pytest.approx(40.0), "free_flow_speed": 60.0}
    assert (value["quality"], value["evidence"]["datastreams"]) == ("ok", 4)
    # A counter without speed has no index, and the city does not wait for it.
    assert town.value("traffic.travel_time_index", "PT1H", DAY, scope=counter) is None
    city = town.value("traffic.travel_time_index", "PT1H", DAY, kind="city")
    assert (city["value"], city["coverage"], city["evidence"]["sites_expected"]) == (pytest.approx(1.5), 1.0, 1)


def test_the_european_index_is_whole_where_its_pollutants_are_and_names_what_lacks(town, catalogue):
    whole, partial = town.site("square", kind="background"), town.site("street", kind="traffic")
    for name, value in (("no2", 20.0), ("o3", 110.0), ("pm10", 10.0)):
        town.store(town.datastream(whole, name), hours(DAY, [value]))
    town.store(town.datastream(partial, "pm10"), hours(DAY, [10.0]))
    process(town, catalogue)
    value = town.value("air.eaqi", "PT1H", DAY, scope=whole)
    assert (value["value"], value["band"], value["detail"]["decided_by"]) == (3.0, "Moderate", ["O3"])
    assert value["detail"]["complete"]
    assert "partial" not in value["evidence"]
    lacking = town.value("air.eaqi", "PT1H", DAY, scope=partial)
    assert (lacking["evidence"]["partial"], lacking["evidence"]["missing"]) == (True, ["NO2"])
    city = town.value("air.eaqi", "PT1H", DAY, kind="city")
    assert (city["detail"]["site"], city["evidence"]["partial"]) == ("square", True)


def test_a_running_day_and_year_have_their_provisional_values(town, catalogue):
    dust = town.datastream(town.site("street"), "pm10")
    town.store(dust, hours(utc(2025, 12, 31, 23), [60.0] * 24))
    town.store(dust, hours(DAY, [10.0, 20.0, 30.0]))
    process(town, catalogue, DAY + timedelta(hours=3, minutes=5))
    so_far = town.value("air.pm10.mean", "P1D", DAY, scope="street")
    assert (so_far["value"], so_far["status"], so_far["quality"]) == (20.0, "provisional", "insufficient")
    assert so_far["evidence"]["hours"] == {"expected": 24, "valid": 3}
    year = town.value("air.pm10.exceedance_days.eu2030", "P1Y", utc(2025, 12, 31, 23), scope="street")
    assert (year["value"], year["status"], year["detail"]) == (1.0, "provisional", {"limit": 45.0, "allowed": 18})
    assert (year["band"], year["evidence"]["days"]) == ("open", {"expected": 61, "valid": 1})
