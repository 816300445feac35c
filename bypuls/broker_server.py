"""The MQTT broker behind `bypuls up`: Mosquitto where it is installed, a lesser one from PyPI where it is not.

Starts and stops brokers; what Mosquitto is told stands in `bypuls.mosquitto_config`. Speaks no MQTT.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bypuls.account import server_account
from bypuls.errors import ServerError
from bypuls.mosquitto_config import IN_FLIGHT, MosquittoOptions, is_loopback, mosquitto_config, password_line
from bypuls.server_folder import LOOPBACK, ServerFolder, stop_process, wait_until

log = logging.getLogger(__name__)

MQTT_PORT = 1883
_SEARCHED = ":/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def find_mosquitto() -> str | None:
    """Path of the Mosquitto program; None where it is not installed."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + _SEARCHED)


class Mosquitto:
    """A Mosquitto of our own in `home`/broker, as the account `bypuls` when root starts it."""

    kind = "mosquitto"

    def __init__(self, home: Path, *, program: str, port: int | None = None, options: MosquittoOptions) -> None:
        """Name the broker; nothing starts yet. `options.folder` and `.port` are filled in by `start`."""
        self._program = program
        self._wanted_port = port
        self._options = options
        self.folder = ServerFolder(home / "broker", server_account(), what="the MQTT broker")
        self._process: subprocess.Popen[bytes] | None = None
        everywhere = options.address in {"0.0.0.0", "::"}  # noqa: S104 - a comparison, nothing is bound
        self._reached_at = LOOPBACK if everywhere else options.address

    @property
    def limits(self) -> tuple[str, ...]:
        """What this broker can lose, in sentences for people."""
        seconds = self._options.autosave_seconds
        return (
            f"killed or cut from power, Mosquitto loses what it got in the last {seconds} s and had not handed over",
        )

    @property
    def url(self) -> str:
        """Address (`mqtt://`) to reach it at from this machine, without user."""
        host = f"[{self._reached_at}]" if ":" in self._reached_at else self._reached_at
        return f"mqtt://{host}:{self.folder.kept_port()}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker; None when it does not run."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self, *, patience_seconds: float = 30) -> str:
        """Start the broker and return `url`.

        Raises:
            ServerError: another process owns the folder, the port is taken, or it does not come up.
            SettingsError: options that contradict each other.
        """
        if self.pid is not None:
            return self.url
        self.folder.prepare()
        self.folder.acquire()
        atexit.register(self.stop)
        try:
            self.folder.clear_orphan(signal.SIGTERM)
            port = self.folder.choose_port(self._wanted_port, preferred=MQTT_PORT, address=self._options.address)
            self._launch(port, patience_seconds)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Let the broker write its queue and end; safe to repeat."""
        process, self._process = self._process, None
        if process is not None:
            stop_process(process, [(signal.SIGTERM, 60), (signal.SIGKILL, 10)])
        self.folder.release()
        atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, port: int, patience_seconds: float) -> None:
        config = self._write(replace(self._options, folder=self.folder.path, port=port))
        written = self.folder.log.stat().st_size if self.folder.log.exists() else 0
        self._process = process = self.folder.spawn([self._program, "-c", config], farewell=signal.SIGTERM)
        wait_until(lambda: process.poll() is not None or self._accepts(port), seconds=patience_seconds)
        if process.poll() is not None or not self._accepts(port):
            raise ServerError(f"the MQTT broker did not start: {self.folder.last_words(written)}")

    def _accepts(self, port: int) -> bool:
        try:
            with socket.create_connection((self._reached_at, port), timeout=0.5):
                return True
        except OSError:
            return False

    def _write(self, options: MosquittoOptions) -> Path:
        if options.users:
            lines = [password_line(user, password) for user, password in options.users.items()]
            self.folder.write("users", "\n".join(lines) + "\n", for_server=True)
        if options.rules:
            self.folder.write("rules", options.rules, for_server=True)
        return self.folder.write("mosquitto.conf", mosquitto_config(options), for_server=True)


class IotCore:
    """The broker from PyPI, for a look at the platform where Mosquitto is not installed.

    Attributes:
        limits: what it lacks, in sentences for people.
    """

    kind = "iotcore"
    limits = (
        "the broker from PyPI keeps its queue in memory only: what is not stored yet is lost when it stops",
        "the broker from PyPI has no users and no access rules: everybody here may publish and read all",
    )

    def __init__(self, home: Path, *, port: int | None = None, options: MosquittoOptions) -> None:
        """Name the broker; nothing starts yet."""
        if not is_loopback(options.address) or options.users or options.rules:
            raise ServerError(
                "the broker from PyPI knows no users and no access rules: install Mosquitto, "
                "or set BYPULS_BROKER_URL to a broker of your own"
            )
        self._wanted_port = port
        self._options = options
        self.folder = ServerFolder(home / "broker", server_account(), what="the MQTT broker")
        self._broker: Any = None  # the package has types of its own only in part

    @property
    def url(self) -> str:
        """Address (`mqtt://`) on this machine."""
        return f"mqtt://{LOOPBACK}:{self.folder.kept_port()}"

    def start(self, *, patience_seconds: float = 30) -> str:
        """Start the broker, say what it lacks, and return `url`.

        Raises:
            ServerError: it is not installed, another process owns the folder, or the port is taken.
        """
        if self._broker is not None:
            return self.url
        self.folder.prepare()
        self.folder.acquire()
        atexit.register(self.stop)
        try:
            port = self.folder.choose_port(self._wanted_port, preferred=MQTT_PORT)
            self._broker = _iotcore_broker(port, self._options)
            self._broker.start(timeout=patience_seconds)
        except (OSError, RuntimeError) as error:
            self.stop()
            raise ServerError(f"the MQTT broker from PyPI did not start: {error}") from None
        except BaseException:
            self.stop()
            raise
        for limit in self.limits:
            log.warning("for development and demonstration only: %s", limit)
        return self.url

    def stop(self) -> None:
        """End the broker, and with it its queue; safe to repeat."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop()
        self.folder.release()
        atexit.unregister(self.stop)


def choose_broker(
    home: Path, *, port: int | None = None, options: MosquittoOptions | None = None
) -> Mosquitto | IotCore:
    """The best broker this machine has, not yet started: Mosquitto, else the one from PyPI.

    Raises:
        ServerError: neither is there, or the options need Mosquitto.
    """
    options = options or MosquittoOptions()
    program = find_mosquitto()
    if program is not None:
        return Mosquitto(home, program=program, port=port, options=options)
    return IotCore(home, port=port, options=options)


def _iotcore_broker(port: int, options: MosquittoOptions) -> Any:
    try:
        package = importlib.import_module("iotcore")
    except ImportError:
        raise ServerError(
            "no MQTT broker on this machine: install Mosquitto, or set BYPULS_BROKER_URL to a broker of your own"
        ) from None
    return package.Broker(
        port=port,
        listen=LOOPBACK,
        max_payload_size=options.max_packet_bytes,
        max_inflight_count=IN_FLIGHT * options.batch_messages,
    )
