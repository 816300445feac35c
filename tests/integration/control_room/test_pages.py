from __future__ import annotations

import pytest

from dashboards.control_room.boards import Boards
from dashboards.control_room.router import CLIENT_ROUTES


def test_boards_are_listed_and_carry_no_sql(room):
    assert room.get("/control-room/boards").json() == [
        {"uid": "sample", "title": "Sample", "description": "What the control room's tests ask.", "tags": ["test"]}
    ]
    text = room.get("/control-room/boards/sample").text
    assert '"gridPos"' in text
    assert "SELECT" not in text
    assert '"5m,1h"' in text


def test_translations_are_beside_the_boards(room):
    assert room.get("/control-room/translations/nb").json() == {"Sample": "Prøve"}
    assert room.get("/control-room/translations/fr").json() == {}
    assert room.get("/control-room/translations/sample").json() == {}


def test_cities(room):
    cities = room.get("/control-room/cities").json()
    assert [(one["slug"], one["time_zone"], one["simulated"]) for one in cities] == [
        ("alpha", "Europe/Oslo", False),
        ("beta", "Europe/London", False),
    ]
    assert [one["default"] for one in cities].count(True) == 1
    assert cities[0]["languages"] == ["nb", "en"]
    assert isinstance(cities[0]["newest"], int)


def test_variables_offer_what_belongs_to_the_one_before(room):
    offered = {one["name"]: one for one in room.get("/control-room/boards/sample/variables").json()}
    assert [one["value"] for one in offered["city"]["options"]] == ["alpha", "beta"]
    assert offered["city"]["current"] == "alpha"
    assert offered["site"]["options"][0] == {"text": "All", "value": "$__all"}
    assert offered["site"]["current"] == ["$__all"]
    assert offered["width"]["current"] == "1h"
    assert offered["mood"]["options"][0] == {"text": "Calm", "value": "calm"}


def test_a_city_can_be_given_once_for_all_boards(room):
    offered = room.get("/control-room/boards/sample/variables", params={"city": "beta"}).json()
    assert offered[0]["current"] == "beta"


def test_a_value_that_is_no_longer_offered_gives_way_to_the_default(room):
    offered = room.get("/control-room/boards/sample/variables", params={"var-site": "gone"}).json()
    assert offered[1]["current"] == ["$__all"]


@pytest.mark.parametrize(
    "path",
    [route.format(uid="air", slug="x", rest="y") if ":" not in route else "/evidence/a/b" for route in CLIENT_ROUTES],
)
def test_the_pages_own_addresses_give_the_page(room, path):
    response = room.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/nothing", "/board", "/site/a/b", "/static/nothing.js"])
def test_other_addresses_are_not_found(room, path):
    assert room.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/.secret.js",
        "/static/%2e%2e/beside.js",
        "/static/js/../../beside.js",
        "/static//etc/passwd.js",
        "/static/js",
        "/static/main.py",
    ],
)
def test_only_files_of_the_page_are_served(room, path):
    response = room.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"].endswith("json")


def test_a_file_is_sent_once(room):
    first = room.get("/static/js/main.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    again = room.get("/static/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_a_client_cannot_unpack_is_sent_plain(room):
    response = room.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in response.headers
    assert room.client.head("/").status_code == 200


def test_the_committed_boards_can_be_read():
    for board in Boards().all.values():
        assert board.panels, board.uid


def test_settings_say_what_time_it_is_for_the_server(room):
    assert room.get("/control-room/settings").json()["now"] > 1_700_000_000_000
