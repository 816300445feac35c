"""What is read of the rollups is what is in them, whatever is null in which hour."""

from datetime import timedelta

import numpy as np
import pytest

from processors.readings import read
from processors.windows import seconds
from tests.integration.processing import Town, utc

START = utc(2026, 3, 1)
STATISTICS = ("sum", "min", "max", "last", "energy_sum", "sin_sum", "cos_sum", "increase", "gap_increase", "covered")


@pytest.fixture
def town(migrated_url):
    town = Town(migrated_url)
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, START + timedelta(days=30)))
    yield town
    town.connection.close()


@pytest.fixture(autouse=True, params=[48, 0], ids=["short", "long"])
def form(request, monkeypatch):
    """Long spans come as a row each, short ones all in one row."""
    monkeypatch.setattr("processors.readings._SHORT", request.param)


def store(town, datastream, rows):
    """Hours from START on: each a dict of what is not null."""
    for step, row in rows:
        columns = {"n_good": 1, "n_not_evaluated": 0, "n_suspect": 0, "n_fail": 0, "buckets": 1} | row
        names = ", ".join(columns)
        town.connection.execute(
            f"""INSERT INTO rollup_1h (datastream, bucket, computed_at, {names})
                VALUES (%s, %s, now(), {", ".join(["%s"] * len(columns))})""",
            (datastream, START + timedelta(hours=step), *columns.values()),
        )


# In one datastream nothing is null, in one everything, and in others some: nulls at both ends, and a number that holds
# what says null on the wire (32 ones).
ONES = float(np.nextafter(2.0, 0.0))
ALL = dict(zip(STATISTICS, (1.5, -2.0, float("inf"), 0.0, 3e300, -0.5, 0.5, 7.0, 0.25, 1.0), strict=True))
ROWS = {
    "whole": [(step, ALL) for step in range(5)],
    "empty": [(step, {"n_good": 0, "n_fail": 3, "dropped": 4}) for step in range(5)],
    "mixed": [
        (0, {}),
        (1, {"sum": ONES, "min": -ONES, "expected": 12}),
        (2, {"sum": float("nan"), "min": 2.0}),
        (3, ALL),
        (4, {}),
    ],
    "last": [(0, ALL), (7, {"n_suspect": 2, "last": 5e-324}), (9, {"n_not_evaluated": 3, "sum": 4.0})],
}


def test_null_is_nan_and_everything_else_what_it_was(town):
    site = town.site("bakke")
    ids = {name: town.datastream(site, "pm10", channel=name) for name in ROWS}
    for name, rows in ROWS.items():
        store(town, ids[name], rows)
    spans = [(number, seconds(START), seconds(START + timedelta(hours=8))) for number in ids.values()]
    records = read(town.connection, "rollup_1h", spans[::-1])
    expected = [(ids[name], step, row) for name, rows in ROWS.items() for step, row in rows if step < 8]
    assert records["datastream"].tolist() == [number for number, _, _ in expected]
    assert records["bucket"].tolist() == [seconds(START) + step * 3600 for _, step, _ in expected]
    valid = [row.get("n_good", 1) + row.get("n_not_evaluated", 0) for _, _, row in expected]
    assert records["n_valid"].tolist() == valid
    assert records["n_suspect"].tolist() == [row.get("n_suspect", 0) for _, _, row in expected]
    assert records["n_fail"].tolist() == [row.get("n_fail", 0) + row.get("dropped", 0) for _, _, row in expected]
    assert records["expected"].tolist() == [row.get("expected", -1) for _, _, row in expected]
    for name in STATISTICS:
        np.testing.assert_array_equal(records[name], [row.get(name, np.nan) for _, _, row in expected])


def test_spans_of_one_datastream_come_in_order_and_empty_ones_are_nothing(town):
    one = town.datastream(town.site("bakke"), "pm10")
    store(town, one, [(step, {"sum": float(step)}) for step in range(24)])
    at = [seconds(START + timedelta(hours=step)) for step in range(40)]
    records = read(town.connection, "rollup_1h", [(one, at[20], at[22]), (one + 1, at[0], at[9]), (one, at[3], at[5])])
    assert records["sum"].tolist() == [3.0, 4.0, 20.0, 21.0]
    assert len(read(town.connection, "rollup_1h", [(one, at[30], at[39])])) == 0
    assert len(read(town.connection, "rollup_1h", [])) == 0
