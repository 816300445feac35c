"""A running control room on a database with two cities."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from bypuls.settings import ApiSettings
from bypuls.storage.database import connect, open_pool
from dashboards.control_room.boards import Boards
from dashboards.control_room.pages import Pages
from dashboards.control_room.queries import Limits
from dashboards.control_room.router import control_room
from tests.integration.api.conftest import served
from tests.integration.api.seed import NOW, seed

HERE = Path(__file__).parent


class Room:
    """A client of the control room; `panel` gives the results of a panel of the tests' board."""

    def __init__(self, client, url):
        self.client, self.url, self.get = client, url, client.get

    def ask(self, number, **parameters):
        return self.get(f"/control-room/boards/sample/panels/{number}", params=parameters)

    def results(self, number, **parameters):
        response = self.ask(number, **parameters)
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def columns(self, number, **parameters):
        return {one["name"]: one["values"] for one in self.results(number, **parameters)[0]["fields"]}

    def problem(self, status, number, **parameters):
        response = self.ask(number, **parameters)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        found = response.json()
        assert {"type", "title", "status", "detail", "hint", "instance"} == set(found)
        return found


@contextlib.contextmanager
def opened(url, static, role="grafana", limits=None, size=3):
    with open_pool(url, role, size) as pool, open_pool(url, "reader", 2) as reader:
        router = control_room(
            pool,
            lambda: NOW,
            boards=Boards(HERE / "boards", HERE / "translations"),
            pages=Pages(static),
            limits=limits or Limits(rows=50),
        )
        app = create_app(ApiSettings(), reader, clock=lambda: NOW, routers=(router,))
        with served(app) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield Room(client, url)


@pytest.fixture(scope="session")
def static(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    (folder / "js").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Bypuls</title>" + " " * 2000)
    (folder / "js" / "main.js").write_text("export const one = 1;\n")
    (folder / ".secret.js").write_text("no")
    (folder.parent / "beside.js").write_text("no")
    return folder


@pytest.fixture(scope="session")
def seeded_rooms(lanes):
    assert lanes
    with contextlib.ExitStack() as stack:
        yield stack, {}


@pytest.fixture
def room(lane, seeded_rooms, static):
    """A control room on a database that all tests share: nothing may be written."""
    stack, made = seeded_rooms
    if lane.name not in made:
        url = stack.enter_context(lane.database(migrated=True))
        with connect(url) as connection:
            seed(connection)
        made[lane.name] = stack.enter_context(opened(url, static))
    return made[lane.name]
