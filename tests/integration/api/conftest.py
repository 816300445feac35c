"""A running API on a database with two cities, and a client for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import httpx
import pytest

from api.app import create_app
from api.server import listen, new_server
from api.tokens import create_token
from bypuls.settings import ApiSettings
from bypuls.storage.database import connect, open_pool
from tests.integration.api.seed import NOW, seed


class Api:
    """What a test of the API works with: `get`, `patch` … are httpx's."""

    def __init__(self, client, app, url, database_url, streams, token):
        self.client, self.app, self.url, self.database_url = client, app, url, database_url
        self.streams, self.token = streams, token
        self.get, self.patch, self.post = client.get, client.patch, client.post

    @property
    def admin(self):
        return {"Authorization": f"Bearer {self.token}"}

    def data(self, path, **options):
        """The rows of a list."""
        response = self.client.get(path, **options)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def sql(self, statement, parameters=None):
        with connect(self.database_url) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def new_token(self, name, scopes=("admin",), city=None):
        with connect(self.database_url) as connection:
            return create_token(connection, name, scopes, city)

    def from_afar(self, path, headers=None, address="203.0.113.7"):
        """The answer to a client on another machine."""

        async def ask():
            transport = httpx.ASGITransport(self.app, client=(address, 40000))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@contextlib.contextmanager
def served(app):
    """Serve an app on a free loopback port; gives the address, ends as SIGTERM would end it."""
    server = new_server(app)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            deadline = time.monotonic() + 60
            while not server.started:
                assert thread.is_alive(), "the server ended at its start"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.005)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the server did not end"


@contextlib.contextmanager
def seeded(database_url):
    """A function that makes running APIs on one seeded database; keywords go to `create_app`."""
    with contextlib.ExitStack() as stack:
        with connect(database_url) as connection:
            streams = seed(connection)
            token = create_token(connection, "operations")

        def make(**options):
            pool = stack.enter_context(open_pool(database_url, "reader", 4))
            if "write_pool" not in options:
                options["write_pool"] = stack.enter_context(open_pool(database_url, "editor", 2))
            options.setdefault("clock", lambda: NOW)
            app = create_app(ApiSettings(), pool, **options)
            url = stack.enter_context(served(app))
            client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
            return Api(client, app, url, database_url, streams, token)

        yield make


@pytest.fixture
def new_api(migrated_url):
    """A function that makes running APIs on a database of this test's own."""
    with seeded(migrated_url) as make:
        yield make


@pytest.fixture
def own_api(new_api):
    """An API on a database of this test's own: for tests that write."""
    return new_api()


@pytest.fixture(scope="session")
def shared_apis(lanes):
    """Running APIs for tests that only read, one per lane; they end before the lanes' servers do."""
    assert lanes
    with contextlib.ExitStack() as stack:
        yield stack, {}


@pytest.fixture
def api(lane, shared_apis):
    """An API on a database that all reading tests share: nothing may be written."""
    stack, made = shared_apis
    if lane.name not in made:
        url = stack.enter_context(lane.database(migrated=True))
        made[lane.name] = stack.enter_context(seeded(url))()
    return made[lane.name]
