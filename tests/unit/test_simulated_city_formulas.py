"""The simulated city's formulas against what their sources say."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from simulators.city import air, energy, sound, traffic
from simulators.city.energy import USES
from simulators.city.holidays import Civil, DayKind, civil, day_kind, easter, on_leave, public_holidays
from simulators.city.randomness import key_of, normal, smooth, uniform
from simulators.city.traffic import Street
from simulators.city.weather import Weather, global_irradiance, relative_humidity, sun_elevation_sine, weather

HOUR, DAY = 3600, 86_400


def at(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def ones(number=1.0):
    return np.array([number])


def still_air(**given):
    plain = dict.fromkeys(Weather.__slots__, 0.0) | {"temperature": 10.0, "humidity": 70.0, "wind_speed": 3.5} | given
    return Weather(**{name: ones(value) for name, value in plain.items()})


# --- chance ----------------------------------------------------------------------------------------------------------


def test_chance_is_uniform_normal_and_independent_between_keys():
    index = np.arange(200_000)
    even, other = uniform(key_of(1, "a"), index), uniform(key_of(1, "b"), index)
    assert abs(even.mean() - 0.5) < 0.003
    assert abs(even.var() - 1 / 12) < 0.001
    assert abs(np.corrcoef(even, other)[0, 1]) < 0.01
    assert abs(np.corrcoef(even[1:], even[:-1])[0, 1]) < 0.01
    bell = normal(key_of(1, "a"), index)
    assert abs(bell.mean()) < 0.01
    assert abs(bell.std() - 1) < 0.01
    assert abs(np.mean(np.abs(bell) < 1.96) - 0.95) < 0.002


def test_a_slow_curve_keeps_its_variance_and_forgets_itself_after_its_period():
    times = np.arange(0, 4000 * DAY, 6 * HOUR)
    curve = smooth(key_of(1, "slow"), times, DAY)
    assert abs(curve.std() - 1) < 0.03
    assert np.corrcoef(curve[1:], curve[:-1])[0, 1] > 0.8
    assert abs(np.corrcoef(curve[8:], curve[:-8])[0, 1]) < 0.05  # two days apart


# --- calendar --------------------------------------------------------------------------------------------------------


def test_easter_falls_on_the_days_of_the_church_calendar():
    days = [(2000, 4, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
    assert [easter(year) for year, _, _ in days] == [date(*day) for day in days]


def test_the_public_holidays_of_2026_are_those_of_the_norwegian_law():
    expected = {(1, 1), (4, 2), (4, 3), (4, 5), (4, 6), (5, 1), (5, 14), (5, 17), (5, 24), (5, 25), (12, 25), (12, 26)}
    assert {(day.month, day.day) for day in public_holidays(2026)} == expected


def test_days_are_lived_as_workdays_saturdays_and_sundays():
    kinds = {
        date(2026, 11, 20): DayKind.WORKDAY,
        date(2026, 11, 21): DayKind.SATURDAY,
        date(2026, 11, 22): DayKind.SUNDAY,
        date(2026, 4, 2): DayKind.SUNDAY,  # Maundy Thursday
        date(2026, 4, 1): DayKind.SATURDAY,  # the Wednesday before
        date(2026, 12, 24): DayKind.SATURDAY,
        date(2027, 5, 17): DayKind.SUNDAY,
    }
    assert {day: day_kind(day) for day in kinds} == kinds
    assert [on_leave(date(2026, *day)) for day in ((7, 15), (7, 1), (12, 28), (3, 31), (11, 4))] == [1, 0, 1, 1, 0]


def test_civil_time_follows_the_clocks_change():
    found = civil(np.array([at(2026, 10, 25, 0, 30), at(2026, 10, 25, 1, 30), at(2026, 10, 24, 22, 30)]))
    assert found.hour.tolist() == [2.5, 2.5, 0.5]  # half past two comes twice
    assert found.weekday.tolist() == [6, 6, 6]


# --- weather ---------------------------------------------------------------------------------------------------------


def test_the_sun_stands_as_high_as_the_latitude_lets_it():
    noons = np.arange(at(2026, 6, 21), at(2026, 6, 22), 60)
    assert np.degrees(np.arcsin(sun_elevation_sine(noons).max())) == pytest.approx(90 - 61.45 + 23.45, abs=0.2)
    winter = np.arange(at(2026, 12, 21), at(2026, 12, 22), 60)
    height = sun_elevation_sine(winter)
    assert np.degrees(np.arcsin(height.max())) == pytest.approx(90 - 61.45 - 23.45, abs=0.2)
    # Solar noon at 5.85 E: 12:00 - 23.4 min - the equation of time (+1.8 min at the solstice).
    noon = (winter[height.argmax()] - winter[0]) / HOUR
    assert noon == pytest.approx(11.58, abs=0.06)


def test_haurwitz_and_kasten_czeplak_give_their_own_values():
    assert global_irradiance(ones(1.0), ones(0.0))[0] == pytest.approx(1098 * np.exp(-0.057))
    assert global_irradiance(ones(0.5), ones(1.0))[0] == pytest.approx(0.25 * 549 * np.exp(-0.114))
    assert global_irradiance(ones(-0.1), ones(0.0))[0] == 0


def test_humidity_follows_magnus():
    # Saturation vapour pressure: 23.37 hPa at 20 degrees, 12.27 hPa at 10 (WMO tables).
    assert relative_humidity(ones(20.0), ones(20.0))[0] == 100
    assert relative_humidity(ones(20.0), ones(10.0))[0] == pytest.approx(100 * 12.27 / 23.37, abs=0.2)


def test_the_seasons_of_a_west_coast():
    times = np.arange(at(2020, 1, 1), at(2026, 1, 1), 6 * HOUR)
    found, month = weather(13, times), times.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12 + 1
    means = [found.temperature[month == number].mean() for number in range(1, 13)]
    assert -4 < means[0] < 2
    assert 12 < means[6] < 18
    assert means[6] == pytest.approx(max(means), abs=1.5)
    rain_a_year = found.rain.mean() * 24 * 365.25
    assert 1200 < rain_a_year < 2800
    assert 2 < found.wind_speed.mean() < 5
    assert found.inversion[(month == 7)].max() < 0.5 < found.inversion[(month == 1)].max()
    assert found.rain[found.inversion > 0.3].mean() < 0.02 * found.rain.mean()


# --- traffic ---------------------------------------------------------------------------------------------------------


def test_at_capacity_a_trip_takes_15_percent_longer_as_the_bureau_of_public_roads_published():
    assert traffic.delay_factor(np.array([0.0, 0.5, 1.0, 2.0])).tolist() == [1.0, 1.009375, 1.15, 3.4]
    street = Street("x", 10_000, 2, 50.0, capacity=800, delay=0.15)
    assert traffic.speed(ones(1600.0), street)[0] == pytest.approx(50 / 1.15)


def test_a_year_of_hours_sums_to_the_streets_mean_day():
    hours = civil(np.arange(at(2026, 1, 1), at(2027, 1, 1), HOUR) + HOUR // 2)
    for shape in traffic.SHAPES:
        share = (traffic.share_of_day(shape, hours) * traffic.season(hours.year_day)).sum() / 365
        assert 0.93 < share < 1.0  # holidays and leave take a little away


def test_workdays_have_two_rushes_and_sundays_one_afternoon():
    monday = civil(np.arange(at(2026, 11, 15, 23, 30), at(2026, 11, 16, 23), HOUR))
    sunday = civil(np.arange(at(2026, 11, 21, 23, 30), at(2026, 11, 22, 23), HOUR))
    busy, calm = traffic.share_of_day("ring", monday), traffic.share_of_day("ring", sunday)
    assert busy[:12].argmax() == 7
    assert busy.argmax() == 15
    assert busy[7] > 1.5 * busy[10]
    assert 14 <= calm.argmax() <= 17
    assert calm.sum() < 0.7 * busy.sum()
    assert busy[3] < 0.05 * busy[15]


def test_holidays_are_sundays_for_traffic():
    good_friday = civil(np.arange(at(2026, 4, 2, 22, 30), at(2026, 4, 3, 22), HOUR))
    sunday = civil(np.arange(at(2026, 4, 18, 22, 30), at(2026, 4, 19, 22), HOUR))
    assert traffic.share_of_day("city", good_friday).tolist() == traffic.share_of_day("city", sunday).tolist()


def test_counts_scatter_like_a_poisson_process():
    expected = np.full(50_000, 100.0)
    counted = traffic.counted(expected, expected, normal(1, np.arange(50_000)))
    assert abs(counted.mean() - 100) < 0.2
    assert abs(counted.std() - 10) < 0.15


# --- sound -----------------------------------------------------------------------------------------------------------


def test_twice_the_traffic_is_three_decibels_more():
    levels = sound.traffic_level(np.array([400.0, 800.0]), np.array([50.0, 50.0]), 0.08)
    assert levels[1] - levels[0] == pytest.approx(3.0103, abs=1e-4)


def test_light_vehicles_at_50_give_the_nordic_methods_73_5_decibels_each():
    # LAeq of one passage a second is its exposure level LAE: 73.5 dB at 10 m and 50 km/h, 25 lg v above 40.
    assert sound.traffic_level(ones(3600.0), ones(50.0), 0.0)[0] == pytest.approx(73.5)
    assert sound.traffic_level(ones(3600.0), ones(80.0), 0.0)[0] == pytest.approx(73.5 + 25 * np.log10(1.6))
    assert sound.traffic_level(ones(3600.0), ones(50.0), 1.0)[0] == pytest.approx(80.5)
    assert sound.traffic_level(ones(3600.0), ones(50.0), 0.0, 20.0)[0] == pytest.approx(73.5 - 3.0103, abs=1e-4)


def test_equal_sources_add_three_decibels_and_a_weak_one_nothing_much():
    assert sound.together(ones(60.0), ones(60.0))[0] == pytest.approx(63.0103, abs=1e-4)
    assert sound.together(ones(60.0), ones(40.0))[0] == pytest.approx(60.0432, abs=1e-4)


# --- air -------------------------------------------------------------------------------------------------------------


def test_a_streets_increment_is_halved_by_twice_the_moving_air():
    low, high = (
        air.street_increment(ones(100.0), ones(0.5), 8.0)[0],
        air.street_increment(ones(100.0), ones(1.5), 8.0)[0],
    )
    assert low == pytest.approx(7 * 100 / (1.0 * 10))
    assert high == pytest.approx(low / 2)


def test_a_lid_and_a_calm_thicken_the_towns_air():
    free, lid = air.ventilation(still_air()), air.ventilation(still_air(wind_speed=0.8, inversion=0.9))
    assert free[0] == pytest.approx(1.0, abs=0.02)
    assert lid[0] == 0.12


def test_no2_takes_ozone_to_be_made_and_oxidant_is_kept():
    nox, background, ozone = ones(150.0), ones(10.0), ones(60.0)
    no2, o3 = air.partition(nox, background, ones(15.0), ozone, still_air(), 60.0)
    fresh = air.PRIMARY_SHARE * (150 - 15) / air.NO2_PER_PPB
    before = 10 / air.NO2_PER_PPB + 60 / air.O3_PER_PPB + fresh
    assert no2[0] / air.NO2_PER_PPB + o3[0] / air.O3_PER_PPB == pytest.approx(before)
    assert 10 < no2[0] < 150
    assert o3[0] < 60


def test_with_all_the_time_in_the_dark_no_or_ozone_is_used_up():
    for nox, ozone in ((30.0, 80.0), (400.0, 40.0)):
        no2, o3 = air.partition(ones(nox), ones(0.0), ones(0.0), ones(ozone), still_air(), 1e9)
        no = nox - no2[0]
        assert min(no, o3[0]) == pytest.approx(0, abs=0.01)


def test_sunlight_splits_no2_again():
    dark = air.partition(ones(60.0), ones(5.0), ones(5.0), ones(60.0), still_air(), 1500.0)[0]
    light = air.partition(ones(60.0), ones(5.0), ones(5.0), ones(60.0), still_air(irradiance=700.0), 1500.0)[0]
    assert light[0] < 0.9 * dark[0]


def test_dust_needs_studs_dry_roads_and_speed():
    def dust(day, wet, speed=50.0):
        when = civil(np.array([at(2026, *day, 12)]))
        return air.road_dust(ones(1000.0), ones(speed), 0.05, when, ones(wet))[0]

    assert dust((3, 20), 0.0) > 6 * dust((7, 20), 0.0)
    assert dust((3, 20), 0.0) > 2 * dust((11, 20), 0.0)
    assert dust((3, 20), 1.0) < 0.1 * dust((3, 20), 0.0)
    assert dust((3, 20), 0.0, 30.0) == pytest.approx(0.5 * dust((3, 20), 0.0, 50.0), rel=0.15)  # (30/50)^1.5 = 0.46


def test_stoves_burn_on_cold_evenings():
    evening, noon = civil(np.array([at(2026, 1, 12, 19)])), civil(np.array([at(2026, 1, 12, 11)]))
    cold, mild = still_air(felt_temperature=-5.0), still_air(felt_temperature=13.0)
    assert air.wood_smoke(cold, evening)[0] > 3 * air.wood_smoke(cold, noon)[0]
    assert air.wood_smoke(mild, evening)[0] == 0


def test_fireworks_are_seen_at_new_year_and_gone_by_noon():
    def smoke(*parts):
        return air.fireworks(still_air(), civil(np.array([at(*parts)])))[0]

    assert smoke(2026, 12, 31, 22, 55) == 0
    assert smoke(2026, 12, 31, 23, 30) > 100  # half past midnight in Oslo
    assert smoke(2027, 1, 1, 11) == 0


def test_an_optical_sensor_sees_more_in_damp_air():
    assert air.optical_growth(ones(50.0))[0] == pytest.approx(1 + 0.10 / 1.65)
    assert air.optical_growth(ones(90.0))[0] == air.optical_growth(ones(99.0))[0] == pytest.approx(1 + 0.9 / 1.65)


# --- energy ----------------------------------------------------------------------------------------------------------


def test_the_energy_signature_is_a_straight_line_below_the_balance_point():
    heat = energy.heating(np.array([-10.0, 0.0, 10.0, 16.0, 25.0]), 1.0, 16.0)
    assert heat.tolist() == [26.0, 16.0, 6.0, 0.0, 0.0]


def test_a_school_is_in_use_on_workdays_and_empty_on_sundays_and_in_july():
    def use(*parts):
        return energy.in_use(USES["school"], civil(np.array([at(*parts)])))[0]

    assert use(2026, 11, 18, 10) == 1
    assert use(2026, 11, 18, 22) == 0
    assert use(2026, 11, 22, 10) == 0
    assert use(2026, 7, 15, 10) == pytest.approx(0.05)


def test_municipal_buildings_use_of_the_order_of_the_national_statistics():
    times = np.arange(at(2025, 1, 1), at(2026, 1, 1), HOUR)
    when, felt = civil(times), weather(13, times).felt_temperature
    spans = {"school": (80, 200), "office": (90, 230), "nursing": (150, 320), "pool": (450, 1000)}
    for use, (low, high) in spans.items():
        heat = energy.building_heat(USES[use], felt, when, 1.0).sum() / 1000
        electricity = energy.building_electricity(USES[use], when, 1.0).sum() / 1000
        assert low < heat + electricity < high, use


def test_a_house_of_140_m2_uses_about_as_much_as_a_norwegian_household():
    times = np.arange(at(2025, 1, 1), at(2026, 1, 1), 900)
    felt = weather(13, times).felt_temperature
    used = energy.household_power(felt, civil(times), times // 900, 7, 1.0, car=False).sum() / 4 / 1000
    assert 11_000 < used < 19_000  # SSB: about 15 000 to 16 000 kWh a year


def test_hot_water_does_not_follow_the_weather():
    times = np.arange(at(2026, 5, 4), at(2026, 5, 11), 900)  # a plain week, Monday to Sunday (UTC)
    warm = np.full(len(times), 30.0)
    when = Civil(*(getattr(civil(times), name) for name in Civil.__slots__))
    week = energy.building_heat(USES["nursing"], warm, when, 1000.0).sum() / 4 / 1000
    assert week / 7 == pytest.approx(energy.hot_water_a_day(USES["nursing"], 1000.0), rel=0.02)
