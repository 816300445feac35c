"""The servers of the database lanes, and throw-away databases on them."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from bypuls.embedded import EmbeddedPostgres
from bypuls.server_folder import free_port
from tests.lanes import timescaledb

NAMES = ("plain", "timescaledb")


class Lane:
    """One server; every database made on it is dropped again."""

    def __init__(self, name: str, admin_url: str) -> None:
        self.name = name
        self._admin_url = admin_url
        self._template: str | None = None

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{database}"))

    @contextlib.contextmanager
    def database(self, *, migrated: bool = False) -> Iterator[str]:
        """A new database, empty or at this version's schema; dropped at the end with whoever is still connected."""
        name = f"test_{secrets.token_hex(6)}"
        # template0: nobody can be connected to it, TimescaleDB's launcher included.
        self._create(name, self._migrated_template() if migrated else "template0")
        try:
            yield self.url(name)
        finally:
            self._drop(name)

    @contextlib.contextmanager
    def copy(self, url: str) -> Iterator[str]:
        """A new database like that one, to which nobody is connected; dropped at the end."""
        name = f"test_{secrets.token_hex(6)}"
        self._create(name, urlsplit(url).path.removeprefix("/"))
        try:
            yield self.url(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        if self._template is not None:
            self._drop(self._template)

    def _migrated_template(self) -> str:
        if self._template is None:
            from bypuls.storage.migrate import migrate

            name = f"template_{secrets.token_hex(6)}"
            self._create(name, "template0")
            try:
                migrate(self.url(name))
            except BaseException:
                self._drop(name)
                raise
            self._template = name
            self._execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
            self._disconnect(name)
        return self._template

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        for attempt in range(20):
            try:
                return self._execute(statement)
            except psycopg.errors.ObjectInUse:
                if attempt == 19:
                    raise
                self._disconnect(template)
                time.sleep(0.1)
        return None

    def _drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _disconnect(self, name: str) -> None:
        self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def _execute(self, statement, arguments=None) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(statement, arguments)


class Lanes:
    """The lanes of one test run, each started when a test first asks for it."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._lanes: dict[str, Lane | str] = {}

    def lane(self, name: str) -> Lane:
        if name not in self._lanes:
            try:
                lane = Lane(name, self._start(name))
                self._stack.callback(lane.close)
                self._lanes[name] = lane
            except timescaledb.Unavailable as error:
                self._lanes[name] = f"lane {name}: {error}"
        found = self._lanes[name]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    def _start(self, name: str) -> str:
        if name in {"timescaledb", "community"}:
            given = os.environ.get("BYPULS_TEST_DSN")
            if given:
                return given
            if name == "community":
                raise timescaledb.Unavailable("needs BYPULS_TEST_DSN: a server with TimescaleDB's Community edition")
            server = timescaledb.Server(timescaledb.prepare(), free_port())
            self._stack.callback(server.stop)
            return server.start()
        home = Path(self._stack.enter_context(reachable_folder()))
        embedded = EmbeddedPostgres(home, settings={"fsync": "off", "max_connections": "200"})
        self._stack.enter_context(embedded)
        return embedded.url_of("postgres")


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder that the servers' account can enter also when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="bypuls-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
