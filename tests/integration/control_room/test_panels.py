from __future__ import annotations

import itertools
import threading
import time
from datetime import timedelta

import pytest
from psycopg import sql as composed

from bypuls.server_folder import wait_until
from bypuls.storage.database import connect, open_pool
from dashboards.control_room import router
from dashboards.control_room.panels import answer_panel
from dashboards.control_room.queries import Limits, check_role, reading
from dashboards.macros import TimeRange
from dashboards.variables import Value, render
from tests.integration.api.seed import NOW
from tests.integration.control_room.conftest import opened

NOW_MS = int(NOW.timestamp() * 1000)


def test_a_series_comes_wide_on_a_full_grid(room):
    span = {"from": "2024-06-01T00:00:00Z", "to": "2024-06-01T06:00:00Z"}
    answer = room.ask(1, **span, city="beta").json()
    assert (answer["from"], answer["to"], answer["city"]) == (1_717_200_000_000, 1_717_221_600_000, "beta")
    (result,) = answer["results"]
    when, *lines = result["fields"]
    assert (when["name"], when["type"], result["rows"], result["truncated"]) == ("Time", "time", 7, False)
    assert when["values"] == [answer["from"] + hour * 3_600_000 for hour in range(7)]
    with connect(room.url) as connection:
        expected = connection.execute(
            """SELECT site, array_agg(value ORDER BY time) FROM (
                   SELECT site, time, avg(value) AS value FROM board_hour
                   WHERE city = 'beta' AND site IS NOT NULL AND property = 'pm10'
                         AND time BETWEEN '2024-06-01Z' AND '2024-06-01T06:00Z'
                   GROUP BY 1, 2) AS hours GROUP BY 1 ORDER BY 1"""
        ).fetchall()
    assert expected
    assert [(line["labels"]["site"], [value for value in line["values"] if value is not None]) for line in lines] == [
        (site, pytest.approx(values)) for site, values in expected
    ]


def test_every_type_arrives_as_what_it_is(room):
    fields = {one["name"]: (one["type"], one["values"][0]) for one in room.results(2)[0]["fields"]}
    assert fields == {
        "value": ("number", 34.5),
        "label": ("string", "Fair"),
        "newest": ("time", NOW_MS),
        "live": ("boolean", True),
        "nothing": ("number", None),
        "evidence": ("json", {"a": 1}),
        "list": ("string", "{1,2}"),
        "day": ("time", 1_717_977_600_000),
        "city": ("string", "alpha"),
    }


def test_hidden_queries_are_not_run_and_a_text_has_none(room):
    assert [one["refId"] for one in room.results(2)] == ["A", "B"]
    assert room.results(5) == []


def test_the_city_of_a_board_without_variables_is_the_one_asked_for(room):
    assert room.columns(2, city="beta")["city"] == ["beta"]
    found = room.problem(404, 2, city="atlantis")
    assert "atlantis" in found["detail"]
    assert "/control-room/cities" in found["hint"]


def test_days_begin_in_the_citys_own_zone(room):
    midnight = room.ask(2, **{"from": "now/d", "city": "alpha"}).json()["from"]
    assert (NOW_MS - midnight) / 3_600_000 == 14  # noon UTC is 14 o'clock in Oslo
    assert (NOW_MS - room.ask(2, **{"from": "now/d", "city": "beta"}).json()["from"]) / 3_600_000 == 13


@pytest.mark.parametrize(
    ("parameters", "interval"),
    [
        ({"from": "now-24h"}, 120_000),  # a thousand points, rounded
        ({"from": "now-24h", "interval_ms": "1"}, 60_000),  # the panel's own minimum
        ({"from": "now-24h", "interval_ms": "3600000"}, 3_600_000),
        ({"from": "now-3650d", "interval_ms": "1000"}, 63_072_000),  # at most five thousand points
    ],
)
def test_the_width_of_a_point_is_bounded(room, parameters, interval):
    assert room.ask(1, **parameters).json()["interval_ms"] == interval


def test_several_values_of_a_variable(room):
    parameters = [("from", "now-2d"), ("var-site", "square"), ("var-site", "hill")]
    answer = room.get("/control-room/boards/sample/panels/3", params=parameters).json()
    assert [field["name"] for field in answer["results"][0]["fields"]][:1] == ["mood"]


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE city; --", "x' OR '1'='1", "$__timeFrom()", "' UNION SELECT 1 --", "\\"]
)
@pytest.mark.parametrize("name", ["city", "site", "mood", "width"])
def test_a_value_that_is_not_offered_never_reaches_the_database(room, name, value):
    found = room.problem(400, 3, **{f"var-{name}": value})
    assert f"variable {name!r} does not offer" in found["detail"]


def test_an_offered_value_that_looks_like_a_macro_is_text(room):
    parameters = {"var-mood": "$__timeFrom()'--", "var-site": "hill"}
    assert room.columns(3, **parameters) == {
        "mood": ["$__timeFrom()'--"],
        "sites": ["hill"],
        "share": ["50%"],
    }


def test_a_site_whose_name_holds_quotes_is_quoted(room):
    with connect(room.url) as connection:
        names = connection.execute("SELECT count(*) FROM board_site WHERE name LIKE '%\"%'").fetchone()
    assert names[0] > 0
    assert room.ask(1, **{"var-site": "$__all"}).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"from": "yesterday"}, "time 'yesterday' cannot be read"),
        ({"from": "now", "to": "now-1h"}, "does not lie before"),
        ({"from": "now-20y"}, "longer than 10 years"),
        ({"interval_ms": "0"}, "interval_ms=0"),
        ({"interval_ms": "1e9"}, "interval_ms=1e9"),
        ({"interval_ms": "1000000000000"}, "interval_ms=1000000000000"),  # 31 years: no macro groups by "31y"
        ({"sql": "SELECT 1"}, "no parameter 'sql'"),
        ({"var-planet": "mars"}, "no variable 'planet'"),
        ({"var-city": ["alpha", "beta"]}, "takes one value"),
        ({"var-site": ["x" * 300]}, "too long"),
        ({"from": ["now-1h", "now-2h"]}, "given twice"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(room, parameters, said):
    found = room.problem(400, 3, **parameters)
    assert said in found["detail"]
    assert found["hint"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("boards/nope", "no board 'nope'"),
        ("boards/nope/panels/1", "no board"),
        ("boards/sample/panels/99", "no panel 99"),
    ],
)
def test_what_is_not_there(room, path, said):
    response = room.get(f"/control-room/{path}")
    assert response.status_code == 404
    assert said in response.json()["detail"]


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (11, 500, "wants more than reading"),
        (12, 500, "failed in the database (SQLSTATE 42601)"),
        (15, 500, "wants more than reading"),
        (16, 503, "this database does not have"),
        (17, 500, "unknown macro $__nope"),
        (18, 500, "failed in the database"),
        (19, 500, "failed in the database (SQLSTATE 22012)"),
    ],
)
def test_a_query_that_does_what_it_may_not_is_refused(room, number, status, said):
    found = room.problem(status, number)
    assert said in found["detail"]
    assert "hidden_words" not in str(found)
    with connect(room.url) as connection:
        assert connection.execute("SELECT count(*) FROM area WHERE slug = 'new'").fetchone() == (0,)


def test_the_next_question_after_a_refused_one_is_answered(room):
    for _ in range(4):
        room.problem(500, 11)
    assert room.results(2)[0]["rows"] == 1


def test_rows_past_the_limit_are_cut_and_it_says_so(room):
    started = time.monotonic()
    (result,) = room.results(14)
    assert (result["rows"], result["truncated"]) == (50, True)
    assert result["notices"] == ["only the first 50 rows are shown"]
    assert time.monotonic() - started < 5


def test_a_query_that_takes_too_long_is_ended(room, static):
    with opened(room.url, static, limits=Limits(seconds=0.3)) as hurried:
        found = hurried.problem(504, 13)
    assert "longer than 0.3 s" in found["detail"]
    assert "shorter time range" in found["hint"]


def test_more_questions_than_connections_wait_their_turn(room, static):
    with opened(room.url, static, size=1) as narrow:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(narrow.ask(2).status_code)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == [200] * 12


@pytest.mark.lane("plain")
def test_equal_questions_that_wait_are_asked_once(room, static, monkeypatch):
    asked, came = [], []
    in_order = router._Room._asked

    def counted(self, key, ask):
        came.append(key)
        return in_order(self, key, ask)

    def slowly(board, number, *rest):
        asked.append(number)
        if number == 5:
            held.wait(60)
        return answer_panel(board, number, *rest)

    held = threading.Event()
    monkeypatch.setattr(router, "answer_panel", slowly)
    monkeypatch.setattr(router._Room, "_asked", counted)
    answers = []
    with opened(room.url, static, size=1) as narrow:

        def ask(number):
            answers.append(narrow.ask(number, city="beta").status_code)

        threads = [threading.Thread(target=ask, args=(number,)) for number in [5, *[2] * 20, *[3] * 20]]
        threads[0].start()
        while not asked:
            time.sleep(0.01)
        for thread in threads[1:]:
            thread.start()
        assert wait_until(lambda: len(came) == len(threads), seconds=60)
        held.set()
        for thread in threads:
            thread.join(60)
        assert answers == [200] * 41
        assert asked[0] == 5
        assert len(asked) <= 5  # once each, and once more for what came late
        narrow.results(2)
    assert asked[-1] == 2


def test_without_the_role_boards_are_read_only_all_the_same(room, static):
    with opened(room.url, static, role="owner") as plain:
        assert plain.results(2)[0]["rows"] == 1
        assert "wants more than reading" in plain.problem(500, 11)["detail"]


def test_the_role_is_looked_for(room, caplog):
    with open_pool(room.url, "grafana", 1) as pool:
        assert check_role(pool)
    with open_pool(room.url, "owner", 1) as pool:
        assert not check_role(pool)
    assert "grafana_ro" in caplog.text


@pytest.mark.lane("plain")
def test_a_database_without_the_views_says_what_to_do(database_url, static):
    with opened(database_url, static, role="owner") as bare:
        found = bare.problem(503, 2)
    assert found["title"] == "The database has another version's schema"
    assert found["hint"] == "run 'bypuls db migrate'"


def test_a_database_that_went_away_is_waited_for(lane, static):
    with lane.database(migrated=True) as url:
        lost = opened(url, static)
        room = lost.__enter__()
        assert room.results(2)[0]["rows"] == 1
    try:
        found = room.problem(503, 2)
        assert found["title"] == "The database does not answer"
    finally:
        lost.__exit__(None, None, None)


STRANGE = [
    "'",
    "''",
    "\\",
    "\\'",
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    ";",
    "\n",
    "%s",
    "%",
    "${__from}",
    "$__timeFrom()",
    "\u2019",
    "é",
]


def test_the_database_reads_back_what_was_put_in(room):
    time_range = TimeRange(NOW - timedelta(hours=1), NOW, timedelta(minutes=1))
    values = [*STRANGE, *("".join(pair) for pair in itertools.product(STRANGE, repeat=2))]
    with open_pool(room.url, "grafana", 1) as pool, reading(pool, Limits(), None) as reader:
        sql = render(
            "SELECT unnest(ARRAY[${v:sqlstring}]) -- ${v:sqlstring}", {"v": Value(values, several=True)}, time_range
        ).sql
        columns, _ = reader.columns(sql, "the test")
    assert list(columns[0].values) == values


@pytest.mark.lane("plain")
def test_a_restart_of_the_database_is_survived(room, static):
    with opened(room.url, static) as again:
        again.results(2)
        with connect(room.url, autocommit=True) as connection:
            connection.execute(
                composed.SQL(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'bypuls grafana' AND datname = current_database()"
                )
            )
        assert again.results(2)[0]["rows"] == 1
