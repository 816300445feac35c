"""Laws of the formulas, and that the forms for many values say what those for one say."""

import math
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.formulas import (
    air_index,
    energy,
    exceedance,
    level_of_service,
    noise,
    nowcast,
    registers,
    reliability,
    rounding,
    running_means,
    speed,
    travel_time,
    us_aqi,
    volume,
)
from bypuls.standards import Standards

STANDARDS = Standards.load()
SCALES = list(STANDARDS.scales.values())
TABLES = list(STANDARDS.index("us_aqi_2024").tables)

concentration = st.floats(0, 2000, allow_nan=False).map(lambda value: round(value, 4))
hours = st.lists(st.one_of(st.none(), st.floats(0, 300).map(lambda value: round(value, 2))), min_size=1, max_size=40)
times = st.lists(st.floats(1, 200), min_size=1, max_size=50)
levels = st.lists(st.floats(20, 120), min_size=1, max_size=50)


def array(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


# --- air -------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(SCALES), st.lists(st.one_of(concentration, st.just(math.nan)), min_size=1, max_size=20))
def test_classes_of_many_values_are_those_of_each_and_rise_with_the_value(scale, values):
    for pollutant, edges in scale.edges.items():
        tried = array([*values, *edges])
        found = scale.classes_of(pollutant, tried)
        for value, number in zip(tried.tolist(), found.tolist(), strict=True):
            above = [value > edge if scale.edge == "upper_inclusive" else value >= edge for edge in edges]
            assert number == (0 if math.isnan(value) else 1 + sum(above))


@given(st.sampled_from(TABLES), concentration, concentration)
def test_the_us_index_rises_with_the_concentration(table, one, other):
    low, high = sorted((one, other))
    first, second = us_aqi.index_of(table, low), us_aqi.index_of(table, high)
    if first is not None and second is not None:
        assert first <= second


@settings(max_examples=500)
@given(st.sampled_from(TABLES), st.integers(-5, 3_000_000))
def test_the_us_index_is_the_exact_line_of_the_truncated_concentration(table, ten_thousandths):
    value = ten_thousandths / (10_000 * 10**table.truncate_decimals)
    step = Decimal(1).scaleb(-table.truncate_decimals)
    cut = max(Decimal(ten_thousandths).scaleb(-4 - table.truncate_decimals).quantize(step, ROUND_DOWN), Decimal(0))
    row = next((row for row in table.rows if row.low <= cut <= row.high), None)
    if row is None and cut > table.rows[-1].high and table.open_ended:
        row = table.rows[-1]
    exact = None
    if row is not None:
        share = Fraction(cut - row.low) / Fraction(row.high - row.low)
        exact = math.floor(row.index_low + share * (row.index_high - row.index_low) + Fraction(1, 2))
    assert us_aqi.index_of(table, value) == exact


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.pollutant}-{table.averaging}")
def test_the_ends_of_every_row_have_the_indices_printed_beside_them(table):
    for row in table.rows:
        assert us_aqi.index_of(table, float(row.low)) == row.index_low
        assert us_aqi.index_of(table, float(row.high)) == row.index_high


@given(st.sampled_from(TABLES), concentration)
def test_nothing_falls_between_the_rows(table, value):
    inside = float(table.rows[0].low) <= value <= float(table.rows[-1].high)
    assert not inside or us_aqi.index_of(table, value) is not None


@given(hours)
def test_nowcast_of_every_hour_is_that_of_its_twelve_hours(values):
    series = nowcast.nowcasts(array(values))
    for at, found in enumerate(series.tolist()):
        one = nowcast.nowcast(values[at::-1])
        assert one is None if math.isnan(found) else one == pytest.approx(found, rel=1e-12)


@given(hours)
def test_nowcast_lies_within_its_hours_and_needs_two_of_the_newest_three(newest_first):
    found = nowcast.nowcast(newest_first)
    known = [hour for hour in newest_first[:12] if hour is not None]
    if sum(hour is not None for hour in newest_first[:3]) < 2:
        assert found is None
    else:
        assert min(known) - 1e-9 <= found <= max(known) + 1e-9


def test_ozones_surrogate_is_of_the_newest_of_three_hours_and_never_below_nought():
    # USEPA/O3-Nowcast, white paper: 0.85 C + 4.5 ppb
    assert nowcast.ozone_surrogate([40, 10, 10]) == pytest.approx(38.5)
    assert nowcast.ozone_surrogate([None, None, 20, 90]) == pytest.approx(21.5)
    assert nowcast.ozone_surrogate([None, None, None, 90]) is None
    assert nowcast.ozone_surrogate([-10]) == 0


@given(hours, st.integers(1, 24), st.data())
def test_running_means_are_those_of_each_window(values, window, data):
    needed = data.draw(st.integers(1, window))
    found = running_means.running_means(array(values), window, needed)
    for at, mean in enumerate(found.tolist()):
        one = running_means.mean_of(values[max(0, at - window + 1) : at + 1], needed)
        assert one is None if math.isnan(mean) else one == pytest.approx(mean, rel=1e-12)


@given(st.lists(st.tuples(st.floats(-10, 400), st.sampled_from([50.0, 3.4, 37.5, 200.0])), max_size=30))
def test_exceedances_of_many_are_those_of_each(pairs):
    values, limits = array([value for value, _ in pairs]), array([limit for _, limit in pairs])
    decimals = np.array([0 if limit in {50.0, 200.0} else 1 for _, limit in pairs], dtype=np.int64)
    one_by_one = [
        exceedance.exceeds(value, limit, count)
        for value, limit, count in zip(values.tolist(), limits.tolist(), decimals.tolist(), strict=True)
    ]
    assert exceedance.exceeding(values, limits, decimals).tolist() == one_by_one


def test_nothing_is_above_an_infinite_limit_and_a_gap_above_none():
    found = exceedance.exceeding(array([1e9, None]), array([math.inf, 5]), np.zeros(2, dtype=np.int64))
    assert found.tolist() == [False, False]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(0, 40), st.integers(0, 20))
def test_the_deciding_rank_is_above_the_limit_exactly_when_more_than_allowed_are(values, allowed, limit):
    decides = exceedance.highest(values, exceedance.rank_from_top(allowed))
    above = sum(value > limit for value in values)
    assert (decides is not None and decides > limit) == (above > allowed)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_truncation_is_never_more_and_rounding_never_further_than_half(value, decimals):
    step = 10.0**-decimals
    cut, near = float(rounding.truncate(value, decimals)), float(rounding.round_half_up(value, decimals))
    assert abs(cut) <= abs(value) + 1e-8
    assert abs(value - cut) < step + 1e-8
    assert abs(value - near) <= step / 2 + 1e-8


@given(st.lists(st.floats(0, 600), min_size=1, max_size=20))
def test_the_norwegian_number_is_its_class_and_a_fraction(values):
    scale = STANDARDS.scale("norway_classes")
    for pollutant in scale.edges:
        found = air_index.continuous_index(scale, pollutant, array(values))
        assert np.floor(found).tolist() == scale.classes_of(pollutant, array(values)).tolist()
        assert (found <= 4.999).all()
    assert math.isnan(air_index.continuous_index(scale, "NO2", array([None]))[0])


# --- traffic ---------------------------------------------------------------------------------------------------------


@given(st.floats(45, 80), st.floats(0, 2400), st.floats(0, 2400))
def test_freeways_get_slower_and_denser_with_their_flow(free_flow, one, other):
    low, high = sorted((one, other))
    slow, fast = level_of_service.freeway_speed(high, free_flow), level_of_service.freeway_speed(low, free_flow)
    assert (slow is None) == (high > level_of_service.freeway_capacity(free_flow))
    if slow is not None:
        assert slow <= fast <= free_flow
        assert low / fast <= high / slow + 1e-9


@given(times, st.floats(1, 100))
def test_a_buffer_is_what_lies_between_mean_and_late(values, free_flow):
    tti, pti = travel_time.travel_time_index(values, free_flow), travel_time.planning_time_index(values, free_flow)
    assert travel_time.buffer_index(values) == pytest.approx(pti / tti - 1, abs=1e-9)
    assert travel_time.congestion_index(values, free_flow) == pytest.approx(tti - 1)


@given(st.lists(st.tuples(st.floats(1, 5000), st.floats(1, 80)), min_size=1, max_size=10))
def test_a_facilitys_speed_is_no_more_than_the_mean_by_length(stretches):
    lengths, speeds = [length for length, _ in stretches], [one for _, one in stretches]
    arithmetic = sum(length * one for length, one in stretches) / sum(lengths)
    found = travel_time.harmonic_speed(lengths, speeds)
    assert min(speeds) - 1e-9 <= found <= arithmetic + 1e-9


def test_junctions_have_their_own_table():
    # HCM 7, Exhibits 19-8 and 20-2
    table = STANDARDS.rule("hcm7_junction_delay").values
    assert level_of_service.delay_level(35, table["signalised_upper"]) == "C"
    assert level_of_service.delay_level(35, table["unsignalised_upper"]) == "D"
    assert level_of_service.delay_level(80.1, table["signalised_upper"]) == "F"
    assert level_of_service.delay_level(None, table["signalised_upper"]) is None


def test_v85_by_rank_takes_a_vehicles_own_speed_and_the_curve_goes_between():
    # TxDOT: of 125 vehicles the 106th
    assert speed.v85_by_rank(np.arange(1.0, 126.0)) == 106
    assert speed.v85_by_rank([]) is None
    assert speed.v85_interpolated([[30, 0], [50, 100]]) == pytest.approx(47)


def test_the_average_day_of_a_year_does_not_weigh_the_months_that_were_counted_more():
    # AASHTO: July, counted on every day, at 2000 a day; January, counted in one week, at 1000: 1500, not near 2000
    days = [date(2026, 7, 1) + timedelta(days=n) for n in range(31)]
    days += [date(2026, 1, 5) + timedelta(days=n) for n in range(7)]
    months, weekdays = (
        np.array([day.month for day in days], dtype=np.int64),
        np.array([day.weekday() for day in days], dtype=np.int64),
    )
    volumes = np.where(months == 7, 2000.0, 1000.0)
    assert volume.average_annual_daily_traffic(months, weekdays, volumes) == pytest.approx(1500)
    no_sunday = weekdays != 6
    assert volume.average_annual_daily_traffic(months[no_sunday], weekdays[no_sunday], volumes[no_sunday]) is None


def test_densities_per_mile_and_per_kilometre():
    # standards.yaml, hcm_freeway_los: 11/18/26/35/45 per mile are 6.8/11.2/16.2/21.7/28.0 per kilometre
    table = STANDARDS.rule("hcm7_freeway").values
    assert [round(volume.per_kilometre(top), 1) for top in table["upper"].values()] == list(
        table["upper_per_km"].values()
    )


# --- energy ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 50), min_size=2, max_size=40))
def test_a_register_that_only_rises_used_what_it_rose(increments):
    readings = np.cumsum(increments)
    rise, explained, fell = registers.rises(
        readings[:-1], readings[1:], np.ones(len(readings) - 1), registers.Register(gap=registers.HOUR)
    )
    assert explained.all()
    assert not fell.any()
    assert rise.sum() == pytest.approx(readings[-1] - readings[0])


def test_no_dropout_sets_the_base_load():
    loads = np.concatenate([np.full(199, 12.0), [0.0, np.nan]])
    assert energy.base_load(loads, STANDARDS.rule("base_load").values["near_base_percentile"]) == 12
    assert energy.base_load(np.array([np.nan]), 2.5) is None


def test_heat_without_degree_days_is_not_corrected():
    assert energy.corrected_heat(1000, 200, 400, 500) == 1200
    assert energy.corrected_heat(1000, 200, 0, 500) is None


def test_emissions_take_the_factor_of_their_year_or_of_the_newest_before_it():
    factors = STANDARDS.rule("co2_electricity_norway").values["physically_delivered"]
    assert energy.factor_of_year(factors, 2023) == (2023, 15)
    assert energy.factor_of_year(factors, 2021) == (2020, 8)
    assert energy.factor_of_year(factors, 2015) == (2019, 17)
    assert energy.emitted(1_000_000, 15) == 15


interruptions = st.lists(
    st.builds(reliability.Interruption, st.integers(1, 500), st.floats(0, 600)), min_size=0, max_size=20
)


@given(interruptions, st.integers(1, 10_000))
def test_caidi_is_saidi_by_saifi(events, served):
    found = reliability.indices(events, served)
    if not any(event.minutes > 5 for event in events):
        assert (found.saidi, found.saifi, found.caidi) == (0, 0, None)
    else:
        assert found.caidi == pytest.approx(found.saidi / found.saifi)


def test_the_threshold_of_major_event_days():
    # exp(alpha + 2.5 beta): ln of e^1 and e^3 has mean 2 and standard deviation sqrt 2
    assert reliability.major_event_threshold([math.e, 0, math.e**3]) == pytest.approx(math.exp(2 + 2.5 * math.sqrt(2)))
    assert reliability.major_event_threshold([0, 5]) is None


# --- noise -----------------------------------------------------------------------------------------------------------


@given(levels, st.floats(-10, 10))
def test_a_level_rises_as_all_its_levels_do_and_is_no_less_than_their_mean(values, more):
    found = noise.energy_mean(values)
    assert sum(values) / len(values) - 1e-9 <= found <= max(values) + 1e-9
    assert noise.energy_mean([value + more for value in values]) == pytest.approx(found + more)


@given(st.floats(20, 100))
def test_a_level_that_never_changes_has_an_lden_6_4_higher(value):
    # 10 lg ((12 + 4 x 10^0.5 + 8 x 10) / 24)
    assert noise.lden(np.full((1, 3), value))[0] == pytest.approx(value + 6.3949, abs=1e-3)


@given(levels, st.integers(0, 100), st.integers(0, 100))
def test_what_is_exceeded_more_of_the_time_is_quieter(values, one, other):
    few, many = sorted((one, other))
    assert noise.exceedance_level(values, few) >= noise.exceedance_level(values, many) - 1e-9


@settings(max_examples=50)
@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), st.sampled_from(["Europe/Oslo", "America/New_York", "UTC"]))
def test_day_evening_and_night_make_up_the_time_from_night_to_night(day, zone):
    found = noise.period_hours(day, ZoneInfo(zone))
    assert (found["day"], found["evening"]) == (12, 4)
    assert found["night"] in {7, 8, 9}


def test_a_facade_reflects_three_decibels():
    # 2002/49/EC, Annex I
    assert noise.free_field(63) == 60
