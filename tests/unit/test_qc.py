"""Quality tests: the vectors of ioos_qc, and the same flags one value at a time as for the whole series."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls import qc
from bypuls.observation import Quality
from bypuls.properties import Thresholds
from bypuls.qc_stream import HELD, Correction, Stream

GOLDEN = Path(__file__).parents[1] / "golden" / "vectors" / "qc.csv"


def vectors(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["standard"].startswith("qartod_")]


def flags(standard, given):
    values = given.get("values", [])
    times = [position * given.get("step_s", 1) for position in range(len(values))]
    match standard:
        case "qartod_gross_range":
            return qc.gross_range(values, given["fail"], given.get("suspect"))
        case "qartod_spike":
            return qc.spike(values, given["suspect"], given["fail"], given["method"])
        case "qartod_rate_of_change":
            return qc.rate_of_change(times, values, given["threshold_per_s"], given.get("fail_per_s"))
        case "qartod_flat_line":
            return qc.flat_line(times, values, given["tolerance"], given["suspect_s"], given["fail_s"])
        case "qartod_climatology":
            moments = [datetime.fromisoformat(time).replace(tzinfo=UTC) for time, _ in given["points"]]
            ends = given["tspan"]
            if given.get("period") is None:
                ends = [datetime.fromisoformat(end).replace(tzinfo=UTC) for end in ends]
            climate = qc.Climate(ends[0], ends[1], given["vspan"], period=given.get("period"))
            return qc.climatology(moments, [value for _, value in given["points"]], [climate])
        case "qartod_compare":
            return [qc.compare(*map(Quality, column)) for column in zip(*given["vectors"], strict=True)]
    pytest.fail(f"no such standard: {standard}")


def check(rows):
    wrong = []
    for row in rows:
        got = flags(row["standard"], json.loads(row["inputs"]))
        if got != json.loads(row["expected"])["flags"]:
            wrong.append((row["case_id"], got, row["expected"]))
    assert not wrong
    assert rows


def test_flags_equal_those_of_ioos_qc():
    check(vectors(GOLDEN))


@pytest.mark.shared
def test_every_shared_vector_is_met(shared):
    check(vectors(shared / "data" / "vectors" / "qc.csv"))


numbers = st.one_of(st.none(), st.integers(-6, 6).map(lambda n: n / 2))
steps = st.sampled_from([1, 1, 1, 2, 3, 7])
series = st.lists(st.tuples(steps, numbers), max_size=60)
limits = st.one_of(st.none(), st.sampled_from([0.25, 0.5, 1, 2]))
thresholds = st.builds(
    Thresholds,
    gross_fail=st.sampled_from([None, (-2.5, 2.5), (-9, 9)]),
    gross_suspect=st.sampled_from([None, (-2, 2)]),
    spike_method=st.sampled_from(["average", "differential"]),
    spike_suspect=limits,
    spike_fail=limits,
    rate_suspect=limits,
    rate_fail=limits,
    flat_tolerance=st.one_of(st.none(), st.sampled_from([0.5, 0.6, 2])),
    flat_suspect=st.one_of(st.none(), st.integers(1, 6).map(float)),
    flat_fail=st.one_of(st.none(), st.integers(1, 12).map(float)),
    max_gap=st.sampled_from([2.0, 5.0, float("inf")]),
)


def arrived(stream, times, values):
    """The final flags when the values come one by one."""
    final = {}
    for time, value in zip(times, values, strict=True):
        flag, correction = stream.push(time, value)
        final[time] = flag
        if correction is not None:
            assert final[correction.time] != correction.flag
            final[correction.time] = correction.flag
    return list(final.values())


def timed(pairs):
    time, times = 1000.0, []
    for step, _ in pairs:
        time += step
        times.append(time)
    return times, [value for _, value in pairs]


@settings(max_examples=500, deadline=None)
@given(series, thresholds)
def test_values_that_arrive_get_the_flags_of_the_whole_series(pairs, limits):
    times, values = timed(pairs)
    assert arrived(Stream(limits), times, values) == qc.judge(times, values, limits)


@settings(max_examples=200, deadline=None)
@given(series, thresholds.filter(lambda limits: limits.max_gap < float("inf")), st.data())
def test_a_restart_changes_no_flag(pairs, limits, data):
    times, values = timed(pairs)
    cut = data.draw(st.integers(0, len(pairs)))
    stream = Stream(limits)
    arrived(stream, times[:cut], values[:cut])
    restored = Stream(limits)
    recent = [
        (time, value)
        for time, value in zip(times[:cut], values[:cut], strict=True)
        if time >= times[cut - 1] - restored.history_seconds
    ]
    if restored.history_values is not None:
        recent = recent[len(recent) - min(restored.history_values, len(recent)) :]
    restored.restore(reversed(recent))
    for time, value in zip(times[cut:], values[cut:], strict=True):
        assert restored.push(time, value) == stream.push(time, value)


def test_the_newest_value_is_corrected_when_the_next_one_shows_that_it_was_a_spike():
    stream = Stream(Thresholds(gross_fail=(-50, 50), spike_suspect=5, spike_fail=10))
    assert stream.push(0, 1.0) == (Quality.GOOD, None)
    assert stream.push(60, 30.0) == (Quality.GOOD, None)
    assert stream.push(120, 1.5) == (Quality.GOOD, Correction(60, 30.0, Quality.FAIL))


def test_late_and_repeated_values_are_judged_by_their_range_and_leave_the_state_alone():
    stream = Stream(Thresholds(gross_fail=(-50, 50), spike_fail=10))
    stream.push(0, 1.0)
    stream.push(60, 2.0)
    assert stream.push(30, 40.0) == (Quality.GOOD, None)
    assert stream.push(60, 99.0) == (Quality.FAIL, None)
    assert stream.push(120, 1.0) == (Quality.GOOD, None)


def test_hourly_means_get_the_gross_range_test_only(properties):
    """Reference instruments report zeros for many hours: all are good."""
    stream = Stream(properties["pm10"].qc)
    assert {stream.push(3600.0 * hour, 0.0)[0] for hour in range(200)} == {Quality.GOOD}


def test_a_stuck_sensor_becomes_suspect_and_then_fails(properties):
    stream = Stream(properties["air_temperature"].qc)
    given = [stream.push(300.0 * n, 4.2)[0] for n in range(12 * 25)]
    assert given[: 12 * 6 - 1] == [Quality.GOOD] * (12 * 6 - 1)
    assert given[12 * 7] is Quality.SUSPECT
    assert given[-1] is Quality.FAIL


def test_memory_stays_bounded_when_a_value_creeps():
    stream = Stream(Thresholds(flat_tolerance=1e9, flat_suspect=1e9, max_gap=10))
    for n in range(60_000):
        stream.push(float(n), float(n))
    assert len(stream._lows) + len(stream._highs) <= HELD + 2


@pytest.fixture(scope="module")
def properties():
    from bypuls.properties import Properties

    return Properties.load()
