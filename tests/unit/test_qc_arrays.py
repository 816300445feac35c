"""Quality control by arrays says of every value what the stream says of it, wherever the series is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.properties import Thresholds
from bypuls.qc_arrays import push_many
from bypuls.qc_stream import Stream

SPANS = st.one_of(st.none(), st.tuples(st.floats(-40, -1), st.floats(1, 40)))
LIMITS = st.one_of(st.none(), st.floats(0.01, 20))
SECONDS = st.one_of(st.none(), st.sampled_from([60.0, 300.0, 900.0, 3600.0]))
THRESHOLDS = st.builds(
    Thresholds,
    gross_fail=SPANS,
    gross_suspect=SPANS,
    spike_method=st.sampled_from(["average", "differential"]),
    spike_suspect=LIMITS,
    spike_fail=LIMITS,
    rate_suspect=st.one_of(st.none(), st.floats(0.001, 1)),
    rate_fail=st.one_of(st.none(), st.floats(0.001, 1)),
    flat_tolerance=st.one_of(st.none(), st.sampled_from([0.001, 0.5, 2.0])),
    flat_suspect=SECONDS,
    flat_fail=SECONDS,
    max_gap=st.sampled_from([60.0, 300.0, 900.0]),
)


def one_by_one(stream, times, values):
    """What pushing says in the end: a value's flag is corrected by its successor."""
    flags, before, newest = [], None, None
    for time, value in zip(times, values, strict=True):
        known = stream._times[1]
        flag, correction = stream.push(time, value)
        if correction is not None and newest is None:
            before = correction
        elif correction is not None:
            flags[newest] = int(correction.flag)
        flags.append(int(flag))
        if stream._times[1] > known:
            newest = len(flags) - 1
    return flags, before


def series(seed, rows):
    """Steps, flats, gaps, spikes and repeated times, as they come in stretches."""
    random = np.random.default_rng(seed)
    steps, values, level = [], [], 0.0
    while len(values) < rows:
        length = int(random.integers(1, 120))
        step = random.choice([1.0, 20.0, 60.0, 61.5, 300.0])
        kind = random.integers(0, 4)
        for _ in range(length):
            steps.append(
                float(
                    random.choice(
                        [step, step, step, step, 0.0, 1000.0, -40.0], p=[0.3, 0.3, 0.2, 0.15, 0.02, 0.02, 0.01]
                    )
                )
            )
            if kind == 0:
                values.append(level)
            elif kind == 1:
                values.append(level + float(random.normal(0, 0.2)))
            elif kind == 2:
                level += float(random.normal(0, 3))
                values.append(level)
            else:
                values.append(float(random.choice([0.0, 0.4, 0.9, 25.0, -50.0])))
    times = 1.6e9 + np.cumsum(np.array(steps[:rows]))
    return times, np.array(values[:rows])


@settings(max_examples=150, deadline=None)
@given(THRESHOLDS, st.integers(0, 2**32), st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_arrays_and_the_stream_agree_wherever_the_series_is_cut(thresholds, seed, cuts):
    times, values = series(seed, sum(cuts))
    slow, quick, start = Stream(thresholds), Stream(thresholds), 0
    for cut in cuts:
        part = slice(start, start + cut)
        flags, before = one_by_one(slow, times[part].tolist(), values[part].tolist())
        found, correction = push_many(quick, times[part], values[part])
        assert found.tolist() == flags
        assert correction == before
        assert (quick._times, quick._values, quick._flag) == (slow._times, slow._values, slow._flag)
        if slow._flat_seconds and cut:
            for stream in (slow, quick):
                stream.take_waiting()
            oldest = slow._times[1] - slow._flat_seconds
            for one, other in ((quick._lows, slow._lows), (quick._highs, slow._highs)):
                assert [sample for sample in one if sample[0] >= oldest] == [s for s in other if s[0] >= oldest]
        start += cut


@pytest.mark.parametrize("rows", [0, 1, 47, 48, 5000])
def test_a_level_series_is_flat_after_its_time(rows):
    thresholds = Thresholds(gross_fail=(0, 100), flat_tolerance=0.001, flat_suspect=3600.0, flat_fail=7200.0)
    times, values = 1.7e9 + 60.0 * np.arange(rows), np.full(rows, 20.0)
    flags, correction = push_many(Stream(thresholds), times, values)
    expected, _ = one_by_one(Stream(thresholds), times.tolist(), values.tolist())
    assert flags.tolist() == expected
    assert correction is None
    if rows == 5000:
        assert sorted(set(expected)) == [1, 3, 4]
