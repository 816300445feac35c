"""What columns say of a value is what the rules for messages say of it, value by value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.errors import Refusal
from bypuls.properties import Properties
from bypuls.units import Units
from ingest.decoding import Reading, Source
from ingest.importing.block import FAULTS, FINE, FIRST_FAULT, Block, Sent
from ingest.importing.checking import Checker, refused_rows
from ingest.importing.judging import own
from ingest.registry import Datastream
from ingest.rules import SENTINELS, Rules, judge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MEASURED = (
    ("pm25", "ug/m3"),
    ("air_temperature", "degF"),
    ("vehicle_count", "1"),
    ("latitude", "deg"),
    ("pm10", "mg/m3"),
)


@pytest.fixture(scope="module")
def parts():
    shipped = Properties.load()
    silent = replace(shipped["pm25"], sentinels=frozenset({0.0, 7.0}))
    properties = Properties({**shipped.by_id, "pm25": silent}, shipped.words)
    source = Source("import", "", city="storvik")
    return source, properties, Rules(source, properties, Units.load(), lambda _: None)


def checker(parts, refuses=()):
    source, properties, rules = parts

    def resolve(keys, _source):
        return {
            key: Refusal("unknown_device", key.device)
            if key.device in refuses
            else Datastream(number, 1, None, own(properties[key.property], None))
            for number, key in enumerate(sorted(keys), 1)
        }

    return Checker(source, properties, lambda _: rules, resolve, NOW)


def block(rows, sent):
    count = len(rows)
    return Block(
        np.arange(2, count + 2),
        np.array([series for series, _ in rows], np.int32),
        sent,
        np.full(count, 1_735_689_600_000_000),
        np.array([value for _, value in rows], np.float64),
        np.zeros(count, np.uint8),
        None,
        lambda row: ("2025-01-01T00:00:00Z", rows[row][1]),
    )


SENT = [Sent("", f"box-{n}", name, "", unit) for n, (name, unit) in enumerate(MEASURED)]
VALUES = st.one_of(st.floats(-1e5, 1e5), st.sampled_from(sorted({*SENTINELS, 0.0, 7.0, 1e308, -1e308})))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SENT) - 1), VALUES), min_size=1, max_size=30))
def test_every_value_is_judged_as_in_a_message(parts, rows):
    _, _, rules = parts
    expected = []
    for series, value in rows:
        sent = SENT[series]
        reading = Reading(sent.device, "", sent.quantity, "", value, sent.unit, None)
        rule = rules.of(reading, sent.device)
        try:
            converted = value * rule.factor + rule.offset
            expected.append((converted, int(judge(rule.observed, reading, converted))))
        except Refusal as refused:
            expected.append(refused.code)
    checked = checker(parts).check(block(rows, SENT))
    accepted = iter(zip(checked.value.tolist(), checked.flag.tolist(), strict=True))
    faults = checked.block.fault.tolist()
    assert [next(accepted) if code == FINE else FAULTS[code - FIRST_FAULT] for code in faults] == expected


def test_a_series_that_is_refused_refuses_its_rows_and_no_others(parts):
    sent = [
        Sent("", "box-1", "pm25", "", "ug/m3"),
        Sent("", "box-2", "pm25", "", "ug/m3"),
        Sent("", "box-3", "joy", "", "ug/m3"),
        Sent("", "", "pm25", "", "ug/m3"),
        Sent("", "box-5", "pm25", "lane 1!", "ug/m3"),
        Sent("", "box-6", "pm25", "", "ug/m3", "often"),
    ]
    one = checker(parts, refuses={"box-2"})
    checked = one.check(block([(series, 5.0) for series in range(6)], sent))
    assert checked.stream.tolist() == [1]
    refused = refused_rows(checked).tolist()
    assert [one.explain(checked, row).code for row in refused] == [
        "unknown_device", "unknown_property", "device_missing", "bad_name", "wrong_type"
    ]  # fmt: skip
    assert list(one.streams) == [1]


def test_rows_around_the_window(parts):
    one = checker(parts)
    rows = block([(0, 5.0)] * 4, SENT)
    rows.time[:] = [int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000 for when in (
        (1899, 12, 31), (1900, 1, 1), (2026, 11, 22, 12, 5), (2026, 11, 22, 12, 5, 1))]  # fmt: skip
    checked = one.check(rows)
    assert [one.explain(checked, row).code for row in refused_rows(checked)] == ["time_in_past", "time_in_future"]
    assert len(checked.stream) == 2
