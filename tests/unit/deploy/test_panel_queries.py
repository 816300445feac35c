"""Every panel of a board is asked for as Grafana's page does; against a Grafana made for the test."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.panel_queries import body, check, defaults, filled, grafana, panels_of, range_of

SOURCE = {"type": "grafana-postgresql-datasource", "uid": "bypuls-postgres"}
NOW = 1_800_000_000.0


def target(sql, ref="A"):
    return {"refId": ref, "datasource": SOURCE, "format": "table", "rawSql": sql}


def frame(*columns):
    fields = [{"name": name} for name, _ in columns]
    return {"schema": {"fields": fields}, "data": {"values": [values for _, values in columns]}}


BOARD = {
    "uid": "air",
    "time": {"from": "now-7d", "to": "now"},
    "templating": {
        "list": [
            {"name": "city", "type": "query", "datasource": SOURCE, "query": "SELECT city"},
            {
                "name": "site",
                "type": "query",
                "includeAll": True,
                "datasource": SOURCE,
                "query": {"rawSql": "SELECT site WHERE city = ${city:sqlstring}", "refId": "x"},
            },
            {"name": "period", "type": "custom", "current": {"value": "P1D"}},
        ]
    },
    "panels": [
        {"id": 1, "title": "Now", "targets": [target("SELECT ${site:sqlstring}"), target("SELECT 2", "B")]},
        {"id": 2, "type": "row", "panels": [{"id": 3, "title": "Inside", "targets": [target("SELECT broken")]}]},
        {"id": 4, "type": "text"},
    ],
}


class Fake:
    """Answers as Grafana: one result per query, 400 when one fails."""

    def __init__(self):
        self.asked = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked.append((self.path, self.headers["Authorization"], sent))
                results = {query["refId"]: fake.answer(query["rawSql"]) for query in sent["queries"]}
                self.send_response(400 if any("error" in one for one in results.values()) else 200)
                self.end_headers()
                self.wfile.write(json.dumps({"results": results}).encode())

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, sql):
        if "broken" in sql:
            return {"error": 'column "broken" does not exist', "status": 400}
        if sql.startswith("SELECT city"):
            return {"frames": [frame(("__text", ["Fjordvik", "Oslo"]), ("__value", ["fjordvik", "oslo"]))]}
        if sql.startswith("SELECT site"):
            return {"frames": [frame(("site", ["torget", "o'hara"]))]}
        return {"frames": [frame(("value", [1, 2, 3]))]}


@pytest.fixture
def fake():
    made = Fake()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_every_panel_is_asked_for_and_a_failing_one_is_told_with_its_error(fake):
    found = {one.panel: one for one in check(BOARD, grafana(fake.url, "admin", "word"), NOW)}
    assert (found[1].ok, found[1].rows, found[1].error) == (True, 6, None)
    assert (found[3].ok, found[3].error) == (False, 'A: column "broken" does not exist')
    assert set(found) == {1, 3}


def test_the_requests_are_those_of_grafanas_page(fake):
    check(BOARD, grafana(fake.url, "admin", "word"), NOW)
    path, authorization, sent = fake.asked[2]
    assert path == "/api/ds/query"
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"admin:word"
    assert (sent["from"], sent["to"]) == ("1799395200000", "1800000000000")
    first = sent["queries"][0]
    assert first["datasource"] == SOURCE
    assert first["rawSql"] == "SELECT 'torget','o''hara'"
    assert first["intervalMs"] == 604_800
    assert first["format"] == "table"


def test_variables_begin_with_the_first_value_or_with_all_and_later_ones_see_earlier_ones(fake):
    values = defaults(BOARD, grafana(fake.url, "admin", "word"), (0, 1))
    assert values == {"city": ["fjordvik"], "site": ["torget", "o'hara"], "period": ["P1D"]}
    assert fake.asked[1][2]["queries"][0]["rawSql"] == "SELECT site WHERE city = 'fjordvik'"


def test_a_variable_that_cannot_be_asked_for_fails_all_panels_of_its_board(fake):
    board = BOARD | {"templating": {"list": [{"name": "x", "type": "query", "datasource": SOURCE, "query": "broken"}]}}
    found = check(board, grafana(fake.url, "admin", "word"), NOW)
    assert [one.ok for one in found] == [False, False]
    assert "variable x: " in found[0].error


def test_a_grafana_that_does_not_answer_fails_the_panel_and_not_the_run():
    found = check(BOARD | {"templating": {}}, grafana("http://127.0.0.1:9", "admin", "word", seconds=1), NOW)
    assert [one.ok for one in found] == [False, False]


def test_macros_go_to_grafana_as_they_are():
    assert filled("$__timeFilter(time) ${a:sqlstring}", {"a": ["x"]}) == "$__timeFilter(time) 'x'"
    with pytest.raises(ValueError, match="no such variable"):
        filled("${b:sqlstring}", {"a": ["x"]})
    with pytest.raises(ValueError, match="another format"):
        filled("${a:raw}", {"a": ["x"]})


def test_a_board_without_a_range_of_the_usual_kind_is_asked_for_a_day():
    assert range_of({"time": {"from": "now/d"}}, NOW) == (1_799_913_600_000, 1_800_000_000_000)
    assert range_of({}, NOW) == (1_799_913_600_000, 1_800_000_000_000)


def test_panels_without_queries_ask_nothing():
    assert [panel["id"] for panel in panels_of(BOARD)] == [1, 3]
    assert body([], (0, 10))["queries"] == []
