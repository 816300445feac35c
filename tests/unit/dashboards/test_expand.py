from __future__ import annotations

import re
import subprocess
import sys

import pytest

DAY = ["--from", "2018-04-12T18:00:00Z", "--to", "1523556300000"]


def expand(*arguments, stdin=None):
    return subprocess.run(
        [sys.executable, "-m", "bypuls", "dashboards", "expand", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_query_is_printed():
    done = expand("--sql", "SELECT $__timeGroup(t,'5m'), v -- why\nFROM x WHERE $__timeFilter(t)", *DAY)
    assert done.stdout == (
        'SELECT floor(extract(epoch from t)/300)*300 AS "time", v \n'
        "FROM x WHERE t BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_with_timescaledb_a_variable_and_a_query_from_standard_input():
    sql = "SELECT $__timeGroupAlias(t,$__interval) WHERE s IN (${s:sqlstring})"
    done = expand("--sql", "-", *DAY, "--interval", "90s", "--var", "s=a", "--var", "s=b'", "--timescaledb", stdin=sql)
    assert done.stdout == "SELECT time_bucket('60.000s',t) AS \"time\" WHERE s IN ('a','b''')\n"


def test_months_are_as_long_as_grafana_would_have_them_today():
    done = expand("--sql", "SELECT $__timeGroup(t,'1M')", "--timescaledb")
    seconds = re.search(r"time_bucket\('(\d+)\.000s',t\)", done.stdout)
    assert seconds is not None
    assert 28 <= int(seconds[1]) / 86400 <= 31


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sql", "$__nope(1)"], "unknown macro $__nope"),
        (["--sql", "1", "--from", "yesterday"], "time 'yesterday' cannot be read"),
        (["--sql", "1", "--from", "now", "--to", "now-1h"], "lies behind"),
        (["--sql", "1", "--interval", "5"], "--interval 5 cannot be read"),
        (["--sql", "1", "--interval", "0s"], "must be positive"),
        (["--sql", "1", "--time-zone", "Oslo"], "is not known"),
        (["--sql", "1", "--var", "x"], "must be name=value"),
    ],
)
def test_what_is_wrong_is_one_line_on_stderr(arguments, said):
    done = expand(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
