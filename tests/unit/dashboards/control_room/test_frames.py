"""Expectations marked G are those of Grafana's own: pkg/tsdb/grafana-postgresql-datasource/testdata/time_series (golden
files) and grafana-plugin-sdk-go data/sqlutil/resample_test.go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.control_room.frames import Field, FrameError, frame
from dashboards.macros import Fill, TimeRange
from dashboards.times import microseconds

DAY = datetime(2023, 12, 24, tzinfo=UTC)
ROWS = 1000


def at(text, day=DAY):
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return microseconds(day + timedelta(hours=hours, minutes=minutes, seconds=sum(seconds)))


def times(*texts):
    return Field("time", "time", [None if text is None else at(text) for text in texts])


def numbers(*values, name="v"):
    return Field(name, "number", values)


def texts(*values, name="c"):
    return Field(name, "string", values)


def between(start, end):
    start, end = (timedelta(microseconds=at(text)) + datetime(1970, 1, 1, tzinfo=UTC) for text in (start, end))
    return TimeRange(start, end, timedelta(minutes=1))


def series(*columns, fill=None, span=("14:15:03", "14:45:03"), rows=ROWS):
    return frame(columns, "time_series", between(*span), fill, rows)


def shown(made):
    return [(one.name, dict(one.labels), list(one.values)) for one in made.fields[1:]]


GRID = [at(f"14:{minute}") for minute in range(15, 50, 5)]
TWO = (
    times("14:20", "14:20", "14:35", "14:35"),
    texts("a", "b", "a", "b"),
    numbers(15.0, 115.0, 50.0, 150.0),
)


def test_gaps_of_wide_series_filled_with_a_value():  # G: fill_value_wide
    made = series(
        times("14:20", "14:35"), numbers(15, 50, name="v1"), numbers(115, 150, name="v2"), fill=Fill("value", 300, 27)
    )
    assert made.fields[0] == Field("Time", "time", GRID)
    assert shown(made) == [("v1", {}, [27, 15, 27, 27, 50, 27, 27]), ("v2", {}, [27, 115, 27, 27, 150, 27, 27])]


@pytest.mark.parametrize(
    ("fill", "a"),
    [
        (Fill("previous", 300), [None, 15, 15, 15, 50, 50, 50]),  # G: fill_previous
        (Fill("null", 300), [None, 15, None, None, 50, None, None]),  # G: fill_null
        (Fill("value", 300, 27), [27, 15, 27, 27, 50, 27, 27]),  # G: fill_value
    ],
)
def test_gaps_of_long_series(fill, a):
    made = series(*TWO, fill=fill)
    assert list(made.fields[0].values) == GRID
    assert shown(made)[0] == ("v", {"c": "a"}, a)
    assert [name for name, _, _ in shown(made)] == ["v", "v"]


def test_a_text_named_metric_names_the_series():  # G: 7x_compat_metric_label
    made = series(times("14:30:03", "14:30:03", "14:31:03"), numbers(10, 110, 20), texts("a", "b", "a", name="metric"))
    assert shown(made) == [("a", {}, [10, 20]), ("b", {}, [110, None])]


def test_with_more_columns_metric_is_a_label_like_others():
    made = series(times("14:30"), numbers(1), numbers(2, name="w"), texts("a", name="metric"))
    assert shown(made) == [("v", {"metric": "a"}, [1]), ("w", {"metric": "a"}, [2])]


def test_long_becomes_wide_sorted_by_name_then_labels():
    made = series(
        times("14:30", "14:30", "14:31"),
        texts("z", None, "b"),
        texts("1", "1", "0", name="d"),
        numbers(1, 2, 3, name="w"),
        numbers(4, 5, 6),
    )
    assert shown(made) == [
        ("v", {"c": "", "d": "1"}, [5, None]),
        ("v", {"c": "b", "d": "0"}, [None, 6]),
        ("v", {"c": "z", "d": "1"}, [4, None]),
        ("w", {"c": "", "d": "1"}, [2, None]),
        ("w", {"c": "b", "d": "0"}, [None, 3]),
        ("w", {"c": "z", "d": "1"}, [1, None]),
    ]


def test_missing_cells_of_a_long_series_take_the_fill_before_the_grid_does():
    made = series(times("14:20", "14:25", "14:25"), texts("a", "a", "b"), numbers(1, 2, 3), fill=Fill("value", 300, 0))
    assert shown(made)[1] == ("v", {"c": "b"}, [0, 0, 3, 0, 0, 0, 0])


def test_a_grid_point_takes_the_last_row_of_its_interval():  # G: interval 2s; fill null
    made = series(
        times("3:4:18", "3:4:19", "3:4:24"), numbers(10, 12, 15), fill=Fill("null", 2), span=("3:4:18", "3:4:26")
    )
    assert shown(made) == [("v", {}, [10, 12, None, 15, None])]


def test_rows_outside_the_range_are_left_out_by_filling():  # G: rows outside timerange window
    made = series(
        times("3:4:19", "3:4:20", "3:4:24", "3:4:27"),
        numbers(10, 12, 15, 18),
        fill=Fill("null", 1),
        span=("3:4:20", "3:4:24"),
    )
    assert shown(made) == [("v", {}, [12, None, None, None, 15])]


def test_values_become_numbers_and_other_times_milliseconds():
    made = series(times("14:30"), Field("b", "boolean", [True]), Field("t", "time", [1_500_000]), texts("x"))
    assert shown(made) == [("b", {"c": "x"}, [1.0]), ("t", {"c": "x"}, [1500.0])]


def test_text_alone_is_not_pivoted():
    made = series(times("14:30", "14:31"), texts("a", "b", name="metric"), texts("on", "off", name="state"))
    assert [one.name for one in made.fields] == ["Time", "metric", "state"]


def test_wide_series_may_be_unsorted_and_have_times_that_are_null():
    made = series(times("14:31", None, "14:30"), numbers(1, 2, 3))
    assert list(made.fields[0].values) == [at("14:31"), None, at("14:30")]


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (1_700_000_000, 1_700_000_000_000_000),  # seconds
        (1_700_000_000.5, 1_700_000_000_500_000),
        (1_700_000_000_000, 1_700_000_000_000_000),  # milliseconds
        (1_700_000_000_000_000_000, 1_700_000_000_000_000),  # nanoseconds
        (999_999_999, 999_999_999_000),  # before 2001-09-09 seconds are taken for milliseconds
        (9_999_999_999.9, 9_999_999_999_900_000),
        (0, 0),
    ],
)
def test_the_exponent_says_what_a_numeric_time_is_in(number, moment):
    made = series(Field("time", "number", [number]), numbers(1))
    assert list(made.fields[0].values) == [moment]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((Field("Time", "time", [0]), numbers(1)), "time column is missing"),
        ((times("14:31", "14:30"), numbers(1, 2), texts("a", "a")), "must be sorted ascending by time"),
        ((times(None), numbers(1), texts("a")), "a time is null"),
        ((Field("time", "string", ["noon"]), numbers(1)), "holds no times"),
        ((Field("time", "json", [{}]), numbers(1)), "holds no times"),
        ((times("14:30"), Field("v", "json", [{}])), "is JSON"),
        ((times("14:30"), numbers(1), texts("a"), texts("b")), "two text columns have one name"),
    ],
)
def test_what_is_no_time_series_says_why(columns, said):
    with pytest.raises(FrameError, match=said):
        series(*columns)


def test_no_rows_are_no_fields():
    assert series(times(), numbers()).fields == ()
    assert series().rows == 0


def test_a_table_stays_as_it_is_but_for_its_times():
    columns = (
        Field("time", "number", [1_700_000_000]),
        Field("TimeEnd", "number", [1_700_000_001]),
        texts("a"),
        Field("b", "boolean", [True]),
    )
    made = frame(columns, "table", between("1:00", "2:00"), Fill("null", 60), ROWS)
    assert [(one.name, one.type, one.values[0]) for one in made.fields] == [
        ("time", "time", 1_700_000_000_000_000),
        ("TimeEnd", "time", 1_700_000_001_000_000),
        ("c", "string", "a"),
        ("b", "boolean", True),
    ]


def test_a_grid_past_the_row_limit_is_not_filled_and_says_so():
    made = series(times("14:30"), numbers(1), fill=Fill("null", 1), rows=10)
    assert made.rows == 1
    assert "more than 10 points" in made.notices[0]


def test_a_null_time_leaves_gaps_and_says_so():
    made = series(times("14:30", None), numbers(1, 2), fill=Fill("null", 60))
    assert made.notices == ("gaps are not filled: a time is null",)


def test_less_than_a_second_cannot_be_filled():
    with pytest.raises(FrameError, match="whole seconds"):
        series(times("14:30"), numbers(1), fill=Fill("null", 0.5))
