"""The platform as real processes under a measured load: what each costs, and how long a message takes to be stored.

Every process is one of ours or a server that it needs; CPU is counted by process, for other work on the machine changes
the time that passes and hardly the time that is worked.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import yaml

from bypuls.broker_server import Mosquitto, find_mosquitto
from bypuls.city import read_city
from bypuls.embedded import EmbeddedPostgres
from bypuls.mosquitto_config import MosquittoOptions
from bypuls.server_folder import free_port, wait_until
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from bypuls.storage.migrate import migrate
from simulators.load import Plan, city_file
from tests.lanes.databases import reachable_folder

_ROOT = Path(__file__).parents[2]
CITY = "load"


class Rig:
    """A broker, a database with a city of so many devices, and the processes that are started; a context manager.

    The database notes when each transaction was committed (`track_commit_timestamp`), which is when its rows are safe.
    """

    def __init__(self, devices: int) -> None:
        self.devices = devices
        self.peak_megabytes = 0.0
        self._processes: dict[str, subprocess.Popen] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(reachable_folder())
            settings = {"track_commit_timestamp": "on"}
            self.database = stack.enter_context(
                EmbeddedPostgres(self.folder / "home", port=free_port(), settings=settings)
            )
            self.url = self.database.url
            self.broker = stack.enter_context(
                Mosquitto(
                    self.folder / "broker", program=find_mosquitto(), port=free_port(), options=MosquittoOptions()
                )
            )
            migrate(self.url)
            file = self.folder / "city.yaml"
            file.write_text(yaml.safe_dump(city_file(self.plan(datetime.now(UTC), timedelta(seconds=1)))))
            with connect(self.url, autocommit=True) as connection:
                add_city(connection, read_city(file), "benchmark")
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _end(self):
        for name in tuple(self._processes):
            self.stop(name)

    def plan(self, start: datetime, spacing: timedelta) -> Plan:
        return Plan(CITY, start.replace(microsecond=0), self.devices, spacing)

    def start(self, name: str, **settings: str) -> None:
        """`ingest` or `process`; ingest is awaited until it has subscribed."""
        environment = os.environ | {"BYPULS_DATABASE_URL": self.url, "BYPULS_BROKER_URL": self.broker.url} | settings
        file = self.folder / f"{name}.log"
        before = self.connected(name)
        with file.open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "bypuls", name], env=environment, stdout=log, stderr=log, cwd=_ROOT
            )
        if name == "ingest":
            assert wait_until(lambda: self.connected(name) > before, seconds=60, every=0.02), self.log(name)

    def connected(self, name: str) -> int:
        return self.log(name).count("connected to broker")

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()

    def runs(self, name: str) -> bool:
        return name in self._processes

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU so far of each process, and of the database with all its backends."""
        spent = {name: _spent(psutil.Process(one.pid)) for name, one in self._processes.items()}
        spent["broker"] = _spent(psutil.Process(self.broker.pid))
        server = psutil.Process(self.database.pid)
        ended = server.cpu_times()
        spent["database"] = ended.children_user + ended.children_system
        for one in [server, *server.children()]:
            with contextlib.suppress(psutil.Error):
                spent["database"] += _spent(one)
        return spent

    def megabytes(self, name: str) -> float:
        return psutil.Process(self._processes[name].pid).memory_info().rss / 1e6

    @contextlib.contextmanager
    def database_standing_still(self):
        server = psutil.Process(self.database.pid)
        stopped = [server, *server.children(recursive=True)]
        for one in stopped:
            one.suspend()
        try:
            yield
        finally:
            for one in stopped:
                one.resume()

    @contextlib.contextmanager
    def watching_memory(self, name: str):
        """`peak_megabytes` is the most that the process held (RSS)."""
        over = threading.Event()

        def watch():
            while not over.wait(0.25):
                self.peak_megabytes = max(self.peak_megabytes, self.megabytes(name))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join(5)

    def missing(self, wanted: int, seconds: float) -> int:
        """Values that are not stored after so long without a new one."""
        found, since = -1, time.monotonic()
        while time.monotonic() - since < min(seconds, 30):
            with connect(self.url) as connection:  # quicker than to count values
                moving = connection.execute("SELECT last_value FROM changed_bucket_id_seq").fetchone()[0]
            if moving != found:
                found, since = moving, time.monotonic()
            elif self.observations() >= wanted:
                break
            time.sleep(0.5)
        return wanted - self.observations()

    def observations(self) -> int:
        with connect(self.url) as connection:
            return connection.execute("SELECT count(*) FROM observation").fetchone()[0]

    def replaced(self) -> int:
        """Values that came a second time as another one."""
        with connect(self.url) as connection:
            return connection.execute("SELECT count(*) FROM observation_revision").fetchone()[0]


def _spent(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])
