"""Live values over a real server: complete, in order, resumable, and ending when they should."""

import contextlib
import json
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from api import changes as changes_module
from api import server as server_module
from api.resources.events import endpoints
from bypuls.server_folder import wait_until
from bypuls.storage.database import connect
from tests.integration.api.seed import CUT_EVERYBODY, KPI, say_value


class Stream:
    """One client; `next` gives the next event as (id, name, data), `until` a number of them."""

    def __init__(self, response):
        self.lines = response.iter_lines()
        self.comments = 0

    def next(self):
        event = {}
        for line in self.lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif "data" in event:
                return event["id"], event["event"], json.loads(event["data"])
        return None

    def values(self, number):
        return [self.next()[2]["value"] for _ in range(number)]


@contextlib.contextmanager
def stream(api, query="", headers=None, timeout=60):
    with (
        httpx.Client(base_url=api.url, timeout=timeout) as client,
        client.stream("GET", f"/v1/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        found = Stream(response)
        assert found.next()[1] == "position"
        yield found


def say(api, city, value, **options):
    with connect(api.database_url) as connection:
        say_value(connection, city, value, **options)


def test_a_new_value_comes_at_once_with_everything_a_list_shows(own_api, monkeypatch):
    monkeypatch.setattr(changes_module, "_POLL_SECONDS", 1000)  # not by a poll
    with stream(own_api, "?city=alpha") as events:
        say(own_api, "alpha", 41.5)
        number, name, value = events.next()
    assert (name, value["value"], value["kpi"], value["start_local"]) == (
        "kpi_value",
        41.5,
        KPI,
        "2024-06-01T02:00:00+02:00",
    )
    row = own_api.data(f"/v1/kpi-values?city=alpha&kpi={KPI}&scope=square&from=2024-06-01T00:00:00Z")[0]
    assert value == row
    assert number.count(".") == 1


def test_only_the_wanted_citys_and_kpis_values_come(own_api):
    with stream(own_api, "?city=alpha&kpi=air.a&kpi=air.b") as events:
        say(own_api, "beta", 1, kpi="air.a")
        say(own_api, "alpha", 2, kpi="air.c")
        say(own_api, "alpha", 3, kpi="air.a")
        say(own_api, "alpha", 4, kpi="air.b")
        assert events.values(2) == [3, 4]
    with stream(own_api) as events:
        say(own_api, "beta", 5)
        assert events.next()[2]["city"] == "beta"


def test_a_summary_says_what_changed_and_how_often(own_api):
    with stream(own_api, "?city=alpha&summary=true") as events:
        with connect(own_api.database_url) as connection:
            for day in range(1, 4):
                say_value(connection, "alpha", day, kpi="air.a", start=datetime(2024, 6, day, tzinfo=UTC))
            say_value(connection, "beta", 9, kpi="air.a")
        number, name, value = events.next()
        assert (name, value) == (
            "changed",
            {
                "changed": [
                    {"city": "alpha", "kpi": "air.a", "period": "P1D", "values": 3, "newest": "2024-06-03T00:00:00Z"}
                ]
            },
        )
        say(own_api, "alpha", 5, kpi="air.b")
        assert events.next()[2]["changed"][0]["kpi"] == "air.b"
    with stream(own_api, f"?city=alpha&summary=true&after={number}") as events:
        assert [one["kpi"] for one in events.next()[2]["changed"]] == ["air.b"]


def test_a_value_that_became_insufficient_is_news(own_api):
    with stream(own_api, "?city=alpha") as events:
        say(own_api, "alpha", None, quality="undefined")
        assert events.next()[2]["quality"] == "undefined"


def test_after_a_break_a_client_goes_on_where_it_was(own_api):
    with stream(own_api, "?city=alpha") as events:
        say(own_api, "alpha", 1, kpi="air.a")
        seen = events.next()[0]
    with connect(own_api.database_url) as connection:
        for n in range(1200):
            say_value(connection, "alpha", n, kpi=f"air.n{n}")
    for start in ({"headers": {"Last-Event-ID": seen}}, {"query": f"?after={seen}"}):
        with stream(own_api, **start) as events:
            assert events.values(1200) == list(range(1200))


def test_a_position_from_another_database_begins_now(own_api):
    with stream(own_api, headers={"Last-Event-ID": "18446744073709551615.7"}) as events:
        say(own_api, "alpha", 8)
        assert events.values(1) == [8]


def test_a_late_commit_is_not_skipped(own_api):
    with stream(own_api, "?city=alpha") as events, connect(own_api.database_url) as slow:
        say_value(slow, "alpha", 1, kpi="air.slow")  # begun earlier, committed later
        say(own_api, "alpha", 2, kpi="air.fast")
        time.sleep(0.5)
        slow.commit()
        assert events.values(2) == [1, 2]


def test_values_come_without_a_notification_too(own_api):
    with stream(own_api, "?city=alpha") as events, connect(own_api.database_url) as connection:
        connection.execute(
            """UPDATE kpi_value SET value = 77, xact = pg_current_xact_id(), seq = nextval('kpi_value_seq')
               WHERE city = 'alpha' AND scope_kind = 'site' AND quality = 'ok' AND value = 10"""
        )
        connection.commit()
        assert events.values(1) == [77]


def test_streams_go_on_after_the_database_cut_their_connections(own_api):
    with stream(own_api, "?city=alpha") as events:
        own_api.sql(CUT_EVERYBODY)
        time.sleep(0.2)
        say(own_api, "alpha", 5)
        assert events.values(1) == [5]


@pytest.mark.lane("plain")
def test_a_quiet_stream_shows_that_it_lives(own_api, monkeypatch):
    monkeypatch.setattr(endpoints, "HEARTBEAT_SECONDS", 0.1)
    with stream(own_api) as events:
        saying = threading.Thread(
            target=lambda: wait_until(lambda: events.comments >= 3, seconds=60) and say(own_api, "alpha", 1)
        )
        saying.start()
        assert events.next() is not None
        saying.join()


@pytest.mark.lane("plain")
def test_too_many_streams_are_refused_and_a_closed_one_makes_room(own_api, monkeypatch):
    monkeypatch.setattr(own_api.app.state.context.changes, "_most", 1)
    with stream(own_api):
        answer = own_api.get("/v1/events")
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#problem-busy")
    deadline = time.monotonic() + 60
    while own_api.app.state.context.changes._streams and time.monotonic() < deadline:
        time.sleep(0.02)
    with stream(own_api):
        pass


@pytest.mark.lane("plain")
def test_streams_end_cleanly_when_the_server_does(migrated_url, monkeypatch):
    from tests.integration.api.conftest import seeded

    monkeypatch.setattr(server_module, "_GRACE_SECONDS", 1000)  # no answer under way is waited for
    with contextlib.ExitStack() as stack:
        with seeded(migrated_url) as make:
            api = make()
            events = stack.enter_context(stream(api))
        assert events.next() is None
    assert not [one for one in threading.enumerate() if one.name == "kpi changes"]


def test_nobody_listens_before_somebody_streams(own_api):
    own_api.get("/v1/cities")
    assert own_api.app.state.context.changes._thread is None
    assert changes_module._POLL_SECONDS <= 2
