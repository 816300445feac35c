"""`bypuls up`: embedded servers and all processes under one roof, stopped together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from bypuls.broker_server import Mosquitto, choose_broker
from bypuls.connected import missing
from bypuls.embedded import EmbeddedPostgres
from bypuls.errors import ServerError
from bypuls.server_folder import dying_with_parent, port_is_free
from bypuls.settings import ApiSettings, BrokerSettings, DatabaseSettings, load
from bypuls.storage.migrate import migrate

_LOG = logging.getLogger(__name__)
_STOP_SECONDS = 20.0
_CHECK_SECONDS = 0.5
_RESTARTS = 5
_SETTLED_SECONDS = 60.0


@dataclass(slots=True)
class _Child:
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started: float = 0.0
    after: Callable[[], bool] | None = None
    """Not started for the first time before this holds."""

    def start(self) -> None:
        self.starts += 1
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bypuls", *self.command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is ours alone: we stop them, one after the other
            preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, prepared before the fork
        )

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Running:
    """What `servers` started: addresses, and what of them a person should know."""

    database_url: str
    broker_url: str
    notes: list[str] = field(default_factory=list)
    embedded: list[EmbeddedPostgres | Mosquitto] = field(default_factory=list)


@contextmanager
def servers(say: Callable[[str], None]) -> Iterator[Running]:
    """The database and the broker: those of the settings, else embedded ones for the time of the `with` block."""
    settings, broker_settings, api = load(DatabaseSettings), load(BrokerSettings), load(ApiSettings)
    if not port_is_free(api.port, api.host):
        if not settings.database_url and EmbeddedPostgres(settings.home).folder.owned_by_another():
            message = (
                f"port {api.port} is taken, and another 'bypuls up' has {settings.home}: stop that one, "
                f"or set both BYPULS_HOME and BYPULS_API_PORT to others"
            )
        else:
            message = f"port {api.port} is taken: stop what listens there, or set BYPULS_API_PORT to another one"
        raise ServerError(message)
    with ExitStack() as stack:
        notes: list[str] = []
        embedded: list[EmbeddedPostgres | Mosquitto] = []
        if settings.database_url:
            database_url = settings.database_url
        else:
            say("starting PostgreSQL …")
            postgres = stack.enter_context(EmbeddedPostgres(settings.home))
            embedded.append(postgres)
            database_url = postgres.url
        if broker_settings.broker_url:
            broker_url = broker_settings.broker_url
        else:
            say("starting the MQTT broker …")
            broker = choose_broker(settings.home)
            stack.callback(broker.stop)
            broker_url = broker.start()
            notes.extend(broker.limits)
            if isinstance(broker, Mosquitto):
                embedded.append(broker)
        say("bringing the schema up to date …")
        migrate(database_url)
        yield Running(database_url, broker_url, notes, embedded)


def supervise(running: Running, commands: Sequence[list[str]], stop: threading.Event) -> None:
    """Run one process per command until `stop` is set; one that dies, an embedded server too, is started again.

    Who pretends to be devices begins when ingest is connected: a broker drops what nobody subscribed to, and only
    those of MQTT 5 say so.

    Raises:
        ServerError: a process dies again and again, or a server cannot be started.
    """
    environment = os.environ | {"BYPULS_DATABASE_URL": running.database_url, "BYPULS_BROKER_URL": running.broker_url}
    children = [_Child(command, environment) for command in commands]
    for ingest in (child for child in children if child.command[0] == "ingest"):
        for child in (child for child in children if child.command[0] == "simulate"):
            child.after = partial(_is_connected, ingest, running.broker_url)
    try:
        while not stop.is_set():
            for one in (*running.embedded, *children):
                if not stop.is_set():
                    _keep(one)
            stop.wait(_CHECK_SECONDS)
    finally:
        for child in reversed(children):
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        for child in reversed(children):
            child.stop()


def _keep(one: EmbeddedPostgres | Mosquitto | _Child) -> None:
    """Start what does not run and should."""
    if not isinstance(one, _Child):
        if one.pid is None:
            _LOG.warning("%s died; starting it again", type(one).__name__)
            one.stop()  # lets go of its folder
            one.start()
    elif one.process is None:
        if one.after is None or one.after():
            one.start()
    elif (code := one.process.poll()) is not None:
        _revive(one, code)


def _revive(child: _Child, code: int) -> None:
    if time.monotonic() - child.started > _SETTLED_SECONDS:
        child.starts = 0
    if child.starts > _RESTARTS:
        message = f"'bypuls {' '.join(child.command)}' stopped {child.starts} times (exit {code}): see its lines above"
        raise ServerError(message)
    _LOG.warning("'bypuls %s' ended with %s; starting it again", " ".join(child.command), code)
    child.start()


def _is_connected(ingest: _Child, broker_url: str) -> bool:
    broker = urlsplit(broker_url)
    port = broker.port or (8883 if broker.scheme == "mqtts" else 1883)
    return ingest.process is not None and not missing(ingest.process.pid, [port])


def api_address() -> str:
    """Where the API will listen."""
    settings = load(ApiSettings)
    return f"http://{settings.host}:{settings.port}"


def without_password(url: str) -> str:
    """An address that may be shown."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://{tail}" if at else url
