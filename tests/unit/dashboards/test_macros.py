"""Expectations marked G are those of Grafana's own tests: pkg/tsdb/grafana-postgresql-datasource/macros_test.go and
pkg/tsdb/sqlmacro at commit 446b3e1f (TestMacroEngine, TestInterpolateSQLCommenter, TestStripSQLComments)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.durations import go_float, interval_text, parse_interval
from dashboards.macros import Fill, MacroError, TimeRange, expand, strip_comments

START = datetime(2018, 4, 12, 18, tzinfo=UTC)
FIVE = TimeRange(START, START + timedelta(minutes=5), timedelta(minutes=10))
OLD = TimeRange(datetime(1960, 2, 1, 7, tzinfo=UTC), datetime(1965, 2, 3, 8, tzinfo=UTC), timedelta(minutes=1))
HALF = TimeRange(
    datetime(1960, 2, 1, 7, 0, 0, 500_000, UTC), datetime(1980, 2, 3, 8, 0, 0, 500_000, UTC), timedelta(minutes=1)
)


def plain(sql, time_range=FIVE):
    return expand(sql, time_range).sql


def bucketed(sql):
    return expand(sql, FIVE, timescaledb=True).sql


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # G
        ("select $__time(time_column)", 'select time_column AS "time"'),
        ("select min($__time(time_column))", 'select min(time_column AS "time")'),
        (
            "WHERE $__timeFilter(time_column)",
            "WHERE time_column BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'",
        ),
        ("select $__timeFrom()", "select '2018-04-12T18:00:00Z'"),
        ("select $__timeTo()", "select '2018-04-12T18:05:00Z'"),
        (
            "SELECT $__timeGroup(time_column,'5m'), value",
            'SELECT floor(extract(epoch from time_column)/300)*300 AS "time", value',
        ),
        (
            "SELECT $__timeGroup(time_column,'5m') as time, value",
            "SELECT floor(extract(epoch from time_column)/300)*300 as time, value",
        ),
        ("SELECT $__timeGroup(time_column,'5m')", "SELECT floor(extract(epoch from time_column)/300)*300"),
        (
            "SELECT $__timeGroupAlias(time_column,'5m')",
            'SELECT floor(extract(epoch from time_column)/300)*300 AS "time"',
        ),
        ("$__timeGroup(time_column , '5m')", "floor(extract(epoch from time_column)/300)*300"),
        ("select $__unixEpochFilter(time)", "select time >= 1523556000 AND time <= 1523556300"),
        ("select $__unixEpochNanoFilter(time)", "select time >= 1523556000000000000 AND time <= 1523556300000000000"),
        ("select $__unixEpochNanoFrom()", "select 1523556000000000000"),
        ("select $__unixEpochNanoTo()", "select 1523556300000000000"),
        (
            "SELECT $__unixEpochGroup(time_column+time_adjustment,'5m')",
            "SELECT floor((time_column+time_adjustment)/300)*300",
        ),
        (
            "SELECT $__unixEpochGroupAlias(time_column+time_adjustment,'5m')",
            'SELECT floor((time_column+time_adjustment)/300)*300 AS "time"',
        ),
        ("SELECT $__interval /*app='grafana',source='bi'*/", "SELECT 10m /*app='grafana',source='bi'*/"),
        ("SELECT 1 /*i='$__interval'*/", "SELECT 1 "),
        ("SELECT 1 /*k='$__timeFilter(t'*/ WHERE (x = 1)", "SELECT 1  WHERE (x = 1)"),
        # by the rules of macros.go
        ("select $__timeEpoch(t)", 'select extract(epoch from t) as "time"'),
        ("select $__interval_ms, '$__interval'", "select 600000, '10m'"),
        ("select $__unixEpochFrom(), $__unixEpochTo()", "select 1523556000, 1523556300"),
        ("select $__timeGroup(t, $__interval)", "select floor(extract(epoch from t)/600)*600"),
        (
            "$__timeGroup(t,1d) $__timeGroup(t,1w)",
            "floor(extract(epoch from t)/86400)*86400 floor(extract(epoch from t)/604800)*604800",
        ),
        ("$__timeGroup(t,'30d')", "floor(extract(epoch from t)/2.592e+06)*2.592e+06"),
        ("$__timeGroup(t,20ms)", "floor(extract(epoch from t)/0.02)*0.02"),
        ("$__timeGroup(t,1h30m)", "floor(extract(epoch from t)/5400)*5400"),
        ("select $1, $name, now()", "select $1, $name, now()"),
        ("select '$__timeFrom()'", "select ''2018-04-12T18:00:00Z''"),
    ],
)
def test_a_query_expands_as_grafana_expands_it(sql, expected):
    assert plain(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [  # G
        ("GROUP BY $__timeGroup(time_column,'5m')", "GROUP BY time_bucket('300.000s',time_column)"),
        ("GROUP BY $__timeGroup(time_column , '5m')", "GROUP BY time_bucket('300.000s',time_column)"),
        ("GROUP BY $__timeGroup(time_column , '12d')", "GROUP BY time_bucket('1036800.000s',time_column)"),
        ("GROUP BY $__timeGroup(time_column , '20ms')", "GROUP BY time_bucket('0.020s',time_column)"),
        ("SELECT $__timeGroupAlias(t,5m)", "SELECT time_bucket('300.000s',t) AS \"time\""),
        ("SELECT $__unixEpochGroup(t,5m)", "SELECT floor((t)/300)*300"),
    ],
)
def test_with_timescaledb_time_is_grouped_by_time_bucket(sql, expected):
    assert bucketed(sql) == expected


@pytest.mark.parametrize(
    ("time_range", "sql", "expected"),
    [  # G
        (OLD, "$__timeFilter(t)", "t BETWEEN '1960-02-01T07:00:00Z' AND '1965-02-03T08:00:00Z'"),
        (OLD, "$__unixEpochFilter(t)", "t >= -312915600 AND t <= -154886400"),
        (OLD, "$__unixEpochNanoFrom()", "-312915600000000000"),
        (HALF, "$__timeFilter(t)", "t BETWEEN '1960-02-01T07:00:00.5Z' AND '1980-02-03T08:00:00.5Z'"),
        (HALF, "$__unixEpochFrom()", "-312915600"),
    ],
)
def test_times_before_1970_and_fractions_of_a_second(time_range, sql, expected):
    assert plain(sql, time_range) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [  # G
        ("SELECT 1 -- a comment", "SELECT 1 "),
        ("SELECT /* a comment */ 1", "SELECT  1"),
        ("SELECT /*\n  multiline\n  comment\n*/ 1", "SELECT  1"),
        ("SELECT '-- not a comment' AS label", "SELECT '-- not a comment' AS label"),
        ("SELECT '/* not a comment */' AS label", "SELECT '/* not a comment */' AS label"),
        ('SELECT "col -- name" FROM t', 'SELECT "col -- name" FROM t'),
        ('SELECT "col /* name */" FROM t', 'SELECT "col /* name */" FROM t'),
        ("SELECT 'it''s fine -- not a comment' AS v", "SELECT 'it''s fine -- not a comment' AS v"),
        ('SELECT "col ""-- name""" FROM t', 'SELECT "col ""-- name""" FROM t'),
        ("SELECT '-- in string' AS a -- real comment", "SELECT '-- in string' AS a "),
        ("SELECT '/* in string */' AS a /* real comment */", "SELECT '/* in string */' AS a "),
        ("SELECT col FROM t WHERE col > 1", "SELECT col FROM t WHERE col > 1"),
        ("SELECT 1 -- comment\nFROM t", "SELECT 1 \nFROM t"),
        ("SELECT $$ -- not a comment $$", "SELECT $$ -- not a comment $$"),
        ("SELECT $$ /* not a comment */ $$", "SELECT $$ /* not a comment */ $$"),
        ("SELECT $body$ -- not a comment $body$", "SELECT $body$ -- not a comment $body$"),
        ("SELECT $__timeFrom() -- comment", "SELECT $__timeFrom() "),
        ("SELECT $1 -- comment", "SELECT $1 "),
        (
            "SELECT 1 AS value\n/*application='grafana',source='bi',route='test',feature='repro'*/;",
            "SELECT 1 AS value\n/*application='grafana',source='bi',route='test',feature='repro'*/;",
        ),
        ("SELECT 1 /*application='grafana',feature='panel'*/", "SELECT 1 /*application='grafana',feature='panel'*/"),
        ("SELECT 1 /*range='$__timeFilter(t)'*/", "SELECT 1 "),
        # by the rules of macros.go
        ("SELECT 'open -- quote", "SELECT 'open -- quote"),
        ("SELECT $a$ -- open", "SELECT $a$ -- open"),
        ("SELECT 1 /* open", "SELECT 1 n"),
        ("SELECT 1 /*", "SELECT 1 "),
        ("SELECT 1 /*/", "SELECT 1 /"),
        ("/* a /* b */ c */", " c */"),
        ("SELECT 1 /* a='1' , b='2' */ x", "SELECT 1 /* a='1' , b='2' */ x"),
        ("SELECT 1 /* a='$1' */", "SELECT 1 /* a='$1' */"),
        ("SELECT 1 /* a='$f (' */", "SELECT 1 "),
        ("SELECT 1 - -1", "SELECT 1 - -1"),
    ],
)
def test_comments_are_stripped_as_grafana_strips_them(sql, expected):
    assert strip_comments(sql) == expected


def test_a_comma_behind_the_first_of_equal_groups_names_them_all():
    """The first place with the same text decides, as in Grafana: GROUP BY must not repeat the macro."""
    assert plain("SELECT $__timeGroup(t,1m), v GROUP BY $__timeGroup(t,1m)").count('AS "time"') == 2
    assert 'AS "time"' not in plain("SELECT $__timeGroup(t,1m) AS x, v GROUP BY $__timeGroup(t,1m), 2")


def test_an_argument_ends_at_the_first_bracket_and_splits_at_commas():
    assert plain("$__timeFilter(coalesce(a,b))") == (
        "coalesce(a BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z')"
    )


@pytest.mark.parametrize(
    ("sql", "fill"),
    [
        ("$__timeGroup(t,5m)", None),
        ("$__timeGroup(t,5m,NULL)", Fill("null", 300)),
        ("$__timeGroupAlias(t,'5m', previous)", Fill("previous", 300)),
        ("$__unixEpochGroup(t,1m,-1.5)", Fill("value", 60, -1.5)),
        ("$__timeGroup(t,5m,NULL) $__timeGroup(t,1m,0)", Fill("value", 60, 0)),
        ("$__timeGroup(t,5m,NULL,1)", None),
    ],
)
def test_the_third_argument_says_how_gaps_are_filled(sql, fill):
    assert expand(sql, FIVE).fill == fill
    assert "NULL" not in plain(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("$__nope(x)", "unknown macro $__nope"),
        ("$f(x)", "unknown macro $f"),
        ("SELECT $1(2)", "unknown macro $1"),
        ("$__timeGroup(t)", "needs a time column, an interval"),
        ("$__timeGroup(t,5x)", "interval 5x cannot be read"),
        ("$__timeGroup(t,'5 m')", "cannot be read"),
        ("$__timeGroup(t,\n'5m')", "cannot be read"),
        ("$__timeGroup(t,1M)", "depends on today"),
        ("$__timeGroup(t,0s)", "must be positive"),
        ("$__timeGroup(t,-5m)", "must be positive"),
        ("$__unixEpochGroup(t,0)", "must be positive"),
        ("$__timeGroup(t,5m,null)", "fill value null cannot be read"),
        ("$__timeGroup(t,5m,1_0)", "fill value 1_0 cannot be read"),
    ],
)
def test_what_cannot_be_expanded_is_one_clear_line(sql, said):
    with pytest.raises(MacroError) as raised:
        plain(sql)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("today", "interval", "days"),
    [
        (date(2026, 11, 22), "1M", 30),
        (date(2026, 11, 22), "1y", 365),
        (date(2027, 12, 31), "2M", 62),  # Go: 31 February is 2 March, in a leap year
        (date(2027, 3, 1), "1y", 366),
    ],
)
def test_months_and_years_are_counted_from_the_day_of_asking(today, interval, days):
    told = TimeRange(START, START, timedelta(minutes=1), today)
    assert (
        expand(f"$__timeGroup(t,'{interval}')", told, timescaledb=True).sql == f"time_bucket('{days * 86400}.000s',t)"
    )


def test_more_years_than_a_duration_holds_are_refused():
    with pytest.raises(MacroError, match="longer than 292 years"):
        expand("$__timeGroup(t,99999y)", TimeRange(START, START, timedelta(minutes=1), START.date()))


def test_a_macro_without_brackets_goes_to_the_database():
    assert plain("select $__timeFrom") == "select $__timeFrom"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1.5h", 5400),
        ("+1s", 1),
        ("-1m", -60),
        ("0", 0),
        (".5s", 0.5),
        ("2w", 1_209_600),
        ("1m30s500ms", 90.5),
    ],
)
def test_intervals(text, seconds):
    assert parse_interval(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "1d12h", "5m ", "1.d", "--1s", "1e3s", ".s", "9" * 30 + "d"])
def test_what_is_no_interval(text):
    with pytest.raises(ValueError, match=r"."):
        parse_interval(text)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (timedelta(microseconds=1), "1ms"),
        (timedelta(milliseconds=20), "20ms"),
        (timedelta(seconds=90), "1m"),
        (timedelta(hours=25), "1d"),
        (timedelta(days=800), "2y"),
    ],
)
def test_an_interval_is_told_in_its_largest_unit(interval, text):
    assert expand("$__interval", TimeRange(START, START, interval)).sql == text
    assert interval_text(parse_interval(f"{interval / timedelta(microseconds=1):.0f}us")) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(300.0, "300"), (0.02, "0.02"), (604800.0, "604800"), (1e6, "1e+06"), (1209600.0, "1.2096e+06"), (1e-6, "1e-06")],
)
def test_numbers_are_written_as_go_writes_them(number, text):
    assert go_float(number) == text


@given(st.text(alphabet="ab'\"$-/*\n ()t=,", max_size=40))
def test_stripping_never_fails_nor_adds(sql):
    stripped = strip_comments(sql)
    assert len(stripped) <= len(sql)
