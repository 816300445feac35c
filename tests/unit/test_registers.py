"""Registers: rollover, restart, swap, stray readings and gaps; whatever comes, near readings alone decide."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.formulas.registers import (
    BRIDGED,
    HOUR,
    NEIGHBOURS,
    SECOND,
    Register,
    Swap,
    rises,
    steps_of,
    strays,
    used_by_hour,
)
from processors.calculators.degree_days import heating_degrees
from processors.calculators.load_factor import load_factor

MINUTE = 60 * SECOND
HOURLY = Register(gap=2 * HOUR)


def used(readings, swaps=(), register=HOURLY, since=0, until=10**17):
    """(hours, five minutes) of readings (microseconds, value)."""
    times = np.array([time for time, _ in readings], dtype=np.int64)
    values = np.array([value for _, value in readings], dtype=float)
    return used_by_hour(times, values, list(swaps), register, since, until)


def increases(readings, **given):
    hours, _ = used(readings, **given)
    return {start // HOUR: value for start, value in zip(hours.start.tolist(), hours.increase.tolist(), strict=True)}


def total(values, swaps=(), register=HOURLY, step=MINUTE):
    readings = [(1000 * HOUR + number * step, value) for number, value in enumerate(values)]
    hours, five = used(readings, swaps, register)
    assert np.nansum(five.increase) == pytest.approx(np.nansum(hours.increase), abs=1e-6)
    return np.nansum(hours.increase), int(hours.resets.sum()), int(hours.dropped.sum())


def counter_reset(values, t=None):
    increase, resets, _ = total(values, register=Register(gap=10**15), step=SECOND)
    span = 1 if t is None else t[-1] - t[0]
    changes = int((np.diff(values) != 0).sum())
    return {"delta": increase, "resets": resets, "changes": changes, "rate": increase / span}


def register_reset(before, after, event):
    assert event == "none"
    _, _, fell = rises(np.array([float(before)]), np.array([float(after)]), np.ones(1), HOURLY)
    return {"naive_delta": after - before, "flag": bool(fell[0])}


def register_delta(v0, v1):
    return {"delta": total([v0, v1])[0]}


def register_rollover(v0, v1, modulus, max_plausible_delta=None):
    register = Register(gap=10 * HOUR, capacity=modulus, most_per_hour=max_plausible_delta)
    rise, _, fell = rises(np.array([float(v0)]), np.array([float(v1)]), np.ones(1), register)
    return {"delta": None, "event": "reset"} if fell[0] else {"delta": rise[0]}


def register_reset_known(previous, closing, opening, after):
    swap = Swap(1000 * HOUR + SECOND, closing, opening)
    return {"delta": total([previous, after], [swap])[0]}


def lasting(kwh, peak_kw, hours):
    return {"load_factor": load_factor(kwh, peak_kw, hours)}


def hdd(t_mean):
    return {"hdd": heating_degrees(np.array([float(t_mean)]), 17.0)[0]}


RULES = {
    rule.__name__: rule
    for rule in (counter_reset, register_reset, register_delta, register_rollover, register_reset_known)
} | {"load_factor": lasting, "hdd_base17": hdd}


@pytest.mark.shared
def test_the_given_vectors_pass(shared):
    tried = 0
    for row in csv.DictReader((shared / "data/vectors/energy.csv").read_text(encoding="utf-8").splitlines()):
        if row["standard"] in RULES:
            got = RULES[row["standard"]](**json.loads(row["inputs"]))
            for key, expected in json.loads(row["expected"]).items():
                wanted = expected if expected is None else pytest.approx(expected, abs=float(row["tolerance"]))
                assert got[key] == wanted, row["case_id"]
            tried += 1
    assert tried >= 12


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # timescaledb-toolkit, counter_agg tests: every fall there is a reset, the new reading counts
        ([0, 10, 20, 20, 50, 10], (60, 1, 0)), ([10, 20, 10], (20, 1, 0)), ([10, 5, 30, 15], (45, 2, 0)),
        # a device that sends 0 until it has read its meter
        ([5000.2, 0, 5000.4, 5000.6], (0.4, 0, 1)), ([5000.2, 0, 0, 0, 0, 0, 5000.7], (0.5, 0, 5)),
        # six zeros are a restart, and a rise that nothing tells apart from use
        ([5000.0] + [0] * 6 + [1.0], (1.0, 1, 0)),
        # a reading that jumped back and forth
        ([5000.2, 5000.1, 5000.3], (0.1, 0, 1)), ([5000, 4294967.295, 5001], (1, 0, 1)),
        ([5000, 5800, 5001], (1, 0, 1)),
        # a fall that is no restart and no stray: nothing is counted for it
        ([5000, 4000, 4001], (1, 1, 0)),
        # a register that starts again each night keeps its days: what comes back to near zero is no stray
        ([0, 5, 0, 3, 0], (8, 2, 0)), ([0.5, 9, 0.5, 8, 0.5], (17, 2, 0)),
        ([7], (0, 0, 0)), ([7, 7], (0, 0, 0)),
    ],
)  # fmt: skip
def test_falls_are_told_apart(values, expected):
    increase, resets, dropped = total(values)
    assert (pytest.approx(increase), resets, dropped) == expected


def test_a_register_wraps_at_its_known_capacity_only_near_it():
    wrapping = Register(gap=2 * HOUR, capacity=100_000)
    assert total([99_850, 120], register=wrapping) == (pytest.approx(270), 0, 0)
    assert total([50_000, 120], register=wrapping) == (pytest.approx(120), 1, 0)
    assert total([99_850, 120]) == (pytest.approx(120), 1, 0)  # without a capacity: a restart


def test_more_than_the_connection_delivers_is_counted_as_nothing():
    bounded = Register(gap=2 * HOUR, capacity=100_000, most_per_hour=100)
    assert total([10, 15, 900, 905], register=bounded, step=HOUR) == (pytest.approx(10), 1, 0)
    assert total([99_850, 120], register=bounded, step=HOUR)[1] == 1  # 270 in an hour


def test_a_step_is_spread_over_the_hours_it_spans_and_energy_is_conserved():
    readings = [(10 * HOUR + 30 * MINUTE, 100.0), (12 * HOUR, 106.0), (13 * HOUR, 110.0)]
    hours, five = used(readings)
    assert increases(readings) == {10: 2.0, 11: 4.0, 12: 4.0}
    assert hours.covered.tolist() == [0.5, 1.0, 1.0]
    assert np.isnan(hours.estimated).all()
    assert five.increase.tolist() == [pytest.approx(np.nan, nan_ok=True), 6.0, 4.0]


def test_a_gap_is_interpolated_and_marked_as_estimated():
    readings = [(10 * HOUR, 100.0), (11 * HOUR, 110.0), (15 * HOUR, 150.0), (16 * HOUR, 155.0)]
    hours, _ = used(readings)
    assert increases(readings) == {10: 10, 11: 10, 12: 10, 13: 10, 14: 10, 15: 5}
    assert np.isnan(hours.estimated).tolist() == [True, False, False, False, False, True]
    assert np.nansum(hours.estimated) == 40


def test_a_very_long_gap_is_spread_over_no_hours():
    readings = [(10 * HOUR, 100.0), (10 * HOUR + BRIDGED + 1, 150.0), (11 * HOUR + BRIDGED, 151.0)]
    hours, five = used(readings)
    assert np.nansum(hours.increase) == pytest.approx(1, abs=1e-3)
    assert np.nansum(five.increase) == 51  # what was read stands where it was read


def test_a_swapped_meter_is_read_through_its_closing_and_opening_register():
    readings = [(10 * HOUR, 8000.0), (12 * HOUR, 4.0)]
    swap = Swap(11 * HOUR, 8006.0, 1.0)
    hours, _ = used(readings, [swap])
    assert increases(readings, swaps=[swap]) == {10: 6.0, 11: 3.0}
    assert hours.resets.sum() == 0
    again = Swap(11 * HOUR + 30 * MINUTE, 2.0, 3.0)
    assert increases(readings, swaps=[swap, again]) == {10: 6.0, 11: 2.0}


def test_a_swap_that_contradicts_its_readings_counts_nothing_where_it_does():
    readings = [(10 * HOUR, 8000.0), (12 * HOUR, 4.0)]
    assert increases(readings, swaps=[Swap(11 * HOUR, 7000.0, 1.0)]) == {
        11: 3.0,
        12: pytest.approx(np.nan, nan_ok=True),
    }


def test_a_reading_at_the_time_of_the_swap_is_the_new_meters():
    readings = [(10 * HOUR, 8000.0), (11 * HOUR, 1.5), (12 * HOUR, 2.0)]
    assert increases(readings, swaps=[Swap(11 * HOUR, 8006.0, 1.5)]) == {10: 6.0, 11: 0.5}


def test_nothing_strays_across_a_swap():
    values = np.array([5000.0, 2.0, 5000.5])
    assert strays(values, np.zeros(3, dtype=np.int64)).tolist() == [False, True, False]
    assert strays(values, np.array([0, 1, 1])).tolist() == [False, False, False]


steps = st.lists(
    st.tuples(
        st.sampled_from([7, 60, 300, 900, 3600, 10_000, 90_000, 10_000_000]),
        st.sampled_from([0.0, 0.1, 1.5, 40.0, -0.1, -3.0, "zero", "jump", "back"]),
    ),
    min_size=1,
    max_size=120,
)


def walk(moves):
    time, value, before, readings = 1_700_000_000, 500.0, 500.0, []
    for seconds, move in moves:
        time += seconds
        was = value
        value = (
            {"zero": 0.0, "jump": value * 20 + 7, "back": before}.get(move) if isinstance(move, str) else value + move
        )
        value, before = max(value, 0.0), was
        readings.append((time * SECOND, value))
    return readings


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(0, 119), st.integers(0, 119), st.lists(st.integers(0, 119), max_size=2))
def test_an_hour_rests_on_the_readings_near_it_alone(moves, one, other, swapped):
    """What a window with its neighbours gives is, to the last bit, what all readings together give."""
    readings = walk(moves)
    swaps = [Swap(readings[at % len(readings)][0] - SECOND, 600.0, 1.0) for at in sorted(set(swapped))]
    low, high = sorted((one % len(readings), other % len(readings)))
    since, until = readings[low][0] // HOUR * HOUR, readings[high][0] // HOUR * HOUR + HOUR
    inside = [number for number, (time, _) in enumerate(readings) if since <= time < until]
    near = readings[max(0, inside[0] - NEIGHBOURS) : inside[-1] + 1 + NEIGHBOURS]
    for all_of_it, part in zip(
        used(readings, swaps, since=since, until=until), used(near, swaps, since=since, until=until), strict=True
    ):
        for name in ("start", "increase", "estimated", "resets", "covered", "dropped"):
            np.testing.assert_array_equal(getattr(all_of_it, name), getattr(part, name), err_msg=name)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_hours_add_up_to_what_the_steps_say_and_nothing_is_negative(moves):
    readings = walk(moves)
    times, values = (np.array(column) for column in zip(*readings, strict=True))
    good = ~strays(values.astype(float), np.zeros(len(values), dtype=np.int64))
    steps = steps_of(times[good], values[good].astype(float), [], HOURLY)
    short = steps.end - steps.begin <= BRIDGED
    hours, five = used(readings)
    assert np.nansum(hours.increase) == pytest.approx(steps.rise[short].sum())
    assert np.nansum(five.increase) == pytest.approx(steps.rise.sum())
    assert (hours.increase[~np.isnan(hours.increase)] >= 0).all()
    assert (np.nan_to_num(hours.estimated) <= np.nan_to_num(hours.increase) + 1e-9).all()
    assert (hours.covered <= 1).all()
