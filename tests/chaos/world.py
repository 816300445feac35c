"""The platform as real processes, with a load generator before it and proxies between its parts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psutil
import psycopg
import yaml

from bypuls.broker_server import Mosquitto, find_mosquitto
from bypuls.city import read_city
from bypuls.embedded import EmbeddedPostgres
from bypuls.mosquitto_config import MosquittoOptions
from bypuls.server_folder import free_port, wait_until
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from bypuls.storage.migrate import migrate
from ingest.source_files import SourceFile, add_source
from simulators.load import TOPIC, Plan, city_file
from simulators.load_sender import Sender
from tests.chaos.judge import Sent, judge
from tests.chaos.nats import Nats
from tests.chaos.proxy import Proxy
from tests.lanes.databases import reachable_folder

LARGE_BYTES = 20_000
_ROOT = Path(__file__).parents[2]
SHARED_TOPIC = "shared-load/{city}/{device}"


@dataclass(frozen=True)
class Setting:
    """What a fault needs of its world."""

    rate: float = 100
    poison: float = 0.01
    timeless: float = 0.1
    devices: int = 20
    broker: str = "mosquitto"
    instances: tuple[str, ...] = ("1",)
    shared: bool = False
    disk_megabytes: int | None = None
    stepped_clock: bool = False
    postgres: dict[str, str] = field(default_factory=dict)


class World:
    """A context manager: everything runs inside it, and ends with it."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        # Three days ago: every hour and day of it is over, so that its KPI values do not depend on when they are asked.
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
        topic = SHARED_TOPIC if setting.shared else TOPIC
        self.plan = Plan(
            "chaos", start, setting.devices, timedelta(seconds=10), setting.poison, setting.timeless, LARGE_BYTES, topic
        )
        self.senders: list[Sender] = []
        self.ended: list[str] = []
        self.peak_megabytes = 0.0
        self._stack = contextlib.ExitStack()
        self._processes: dict[str, subprocess.Popen] = {}
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._over.set()
        self._stack.close()

    def _set_up(self):
        setting = self.setting
        self.folder = self._stack.enter_context(reachable_folder())
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        home = self.folder / "home"
        if setting.disk_megabytes:
            self._mount(home, setting.disk_megabytes)
        self.database = EmbeddedPostgres(home, port=free_port(), settings=setting.postgres)
        self._stack.callback(self._stop_database)
        self.url = self.database.start()
        self.broker = self._broker()
        self._stack.callback(self.broker.stop)
        self.broker.start()
        self.migrate()
        self._register()
        self.ingest_to_broker = self._stack.enter_context(Proxy(urlsplit(self.broker.url).port))
        self.ingest_to_database = self._stack.enter_context(Proxy(urlsplit(self.url).port))
        self.process_to_database = self._stack.enter_context(Proxy(urlsplit(self.url).port))
        self._stack.callback(self._keep_logs)
        self._stack.callback(self._kill_all)
        watch = threading.Thread(target=self._watch_memory, daemon=True)
        self._stack.callback(watch.join, 5)
        watch.start()
        for instance in setting.instances:
            self.start(f"ingest-{instance}")
        self.start("process")
        for instance in setting.instances:
            self.wait_until_it_listens(f"ingest-{instance}", 1)

    def _keep_logs(self):
        """Where BYPULS_CHAOS_LOGS names a folder."""
        kept = os.environ.get("BYPULS_CHAOS_LOGS")
        if kept:
            target = Path(kept) / self.folder.name
            target.mkdir(parents=True, exist_ok=True)
            for file in [*self.folder.glob("*.log"), *self.folder.glob("*/*/server.log")]:
                shutil.copy(file, target / f"{file.parent.name}-{file.name}")

    def _mount(self, home: Path, megabytes: int):
        home.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "bypuls-chaos", str(home)]
        subprocess.run(command, check=True)
        self._stack.callback(subprocess.run, ["umount", str(home)], check=False)

    def _stop_database(self):
        self.resume_database()
        self.database.stop()

    def _broker(self):
        if self.setting.broker == "nats":
            return Nats(self.folder / "nats")
        return Mosquitto(
            self.folder / "mosquitto", program=find_mosquitto(), port=free_port(), options=MosquittoOptions()
        )

    def migrate(self):
        migrate(self.url)

    def _register(self):
        file = self.folder / "city.yaml"
        file.write_text(yaml.safe_dump(city_file(self.plan)))
        with connect(self.url, autocommit=True) as connection:
            add_city(connection, read_city(file), "chaos")
            if self.setting.shared:
                shared = {"name": "shared-load", "topic_filter": "shared-load/+/+", "share": "ingest",
                          "identity": "shared-load/{city}/{device}", "canonical_units": True,
                          "formats": ["own_json"]}  # fmt: skip
                add_source(connection, msgspec.convert(shared, SourceFile), "chaos")

    # --- processes ---------------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        kind, _, instance = name.partition("-")
        network = self.process_to_database if kind == "process" else self.ingest_to_database
        environment = os.environ | {
            "BYPULS_DATABASE_URL": _at_port(self.url, network.port),
            "BYPULS_BROKER_URL": _at_port(self.broker.url, self.ingest_to_broker.port),
            "BYPULS_INGEST_INSTANCE": instance or "1",
            "BYPULS_INGEST_MAX_PAYLOAD_BYTES": str(LARGE_BYTES - 1),
            "BYPULS_CHAOS_CLOCK": str(self.clock),
        }
        module = "tests.chaos.stepped" if self.setting.stepped_clock else "bypuls"
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, kind], env=environment, stdout=log, stderr=log, cwd=_ROOT
            )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self._processes.pop(name)
        if process.poll() is not None:
            self.ended.append(f"{name} ended by itself ({process.returncode}): {self.last_line(name)}")
        process.send_signal(number)
        process.wait(60)

    def restart_what_ended(self) -> None:
        """As a service manager does; what ended is told in the row."""
        for name, process in tuple(self._processes.items()):
            if process.poll() is not None:
                self.ended.append(f"{name} ended by itself ({process.returncode}): {self.last_line(name)}")
                self.start(name)

    def last_line(self, name: str) -> str:
        lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _kill_all(self):
        for process in self._processes.values():
            process.kill()
            process.wait(60)

    def wait_until_it_listens(self, name: str, times: int) -> None:
        """Until ingest has connected to the broker, subscriptions and all, so often since the world began."""
        log = self.folder / f"{name}.log"
        self.wait(
            lambda: log.read_text(errors="replace").count("connected to broker") >= times,
            60,
            lambda: f"{name}: {self.last_line(name)}",
        )

    def _watch_memory(self):
        while not self._over.wait(0.25):
            for name, process in tuple(self._processes.items()):
                if name.startswith("ingest"):
                    with contextlib.suppress(psutil.Error):
                        size = psutil.Process(process.pid).memory_info().rss / 1e6
                        self.peak_megabytes = max(self.peak_megabytes, size)

    def step_clock(self, seconds: float) -> None:
        """By how much the clock of ingest and processor is wrong from now on."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{seconds}")
        fresh.replace(self.clock)

    # --- network -----------------------------------------------------------------------------------------------------

    def connections_of(self, name: str, port: int) -> list[tuple[int, int]]:
        """Local and remote port of a process's connections to a port of ours."""
        connections = psutil.Process(self._processes[name].pid).net_connections("tcp")
        return [(each.laddr.port, port) for each in connections if each.raddr and each.raddr.port == port]

    def drop_packets(self, near: int, far: int) -> None:
        """Both ways between two loopback ports, until the world ends."""
        for source, target in ((near, far), (far, near)):
            rule = ["OUTPUT", "-o", "lo", "-p", "tcp", "--sport", str(source), "--dport", str(target), "-j", "DROP"]
            subprocess.run(["iptables", "-I", *rule], check=True)
            self._stack.callback(subprocess.run, ["iptables", "-D", *rule], check=False)

    # --- database ----------------------------------------------------------------------------------------------------

    def kill_database(self) -> None:
        os.kill(self.database.pid, signal.SIGKILL)
        self.database.stop()

    def stall_database(self) -> None:
        for process in self._database_processes():
            process.suspend()

    def resume_database(self) -> None:
        for process in self._database_processes():
            process.resume()

    def _database_processes(self):
        if self.database.pid is None:
            return []
        server = psutil.Process(self.database.pid)
        return [server, *server.children(recursive=True)]

    # --- load --------------------------------------------------------------------------------------------------------

    def send(self, messages: int | None = None) -> Sender:
        """Begin to send, where the last sender ended."""
        first = sum(sender.receipt.sent for sender in self.senders)
        name = f"chaos-{len(self.senders)}"
        sender = Sender(self.broker.url, self.plan, client_id=name, rate=self.setting.rate, first=first)
        self.senders.append(sender)
        thread = threading.Thread(target=sender.run, args=(self._over, messages), daemon=True)
        self._threads.append(thread)
        thread.start()
        return sender

    def finish(self, seconds: float = 120) -> None:
        """Send no more, and wait until the broker has acknowledged what was sent."""
        for sender, thread in zip(self.senders, self._threads, strict=True):
            sender.finish()
            thread.join(seconds)
            assert not thread.is_alive(), "the broker did not acknowledge what was sent"

    @property
    def acknowledged(self) -> int:
        return sum(sender.receipt.acknowledged for sender in self.senders)

    def processed(self) -> int:
        """Messages stored or in quarantine, as far as anybody can be asked."""
        query = "SELECT (SELECT count(*) FROM observation) / 3 + (SELECT count(*) FROM quarantine)"
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
                return connection.execute(query).fetchone()[0]
        except psycopg.Error:
            return -1

    def wait(self, condition, seconds, what):
        assert wait_until(condition, seconds=seconds, every=0.1), what()

    def caught_up(self, seconds: float = 300) -> float:
        """Seconds until no more than one second's messages wait; what ended meanwhile is started again."""
        began = time.monotonic()

        def even():
            self.restart_what_ended()
            acknowledged = self.acknowledged
            return self.processed() >= acknowledged - max(self.setting.rate, 10)

        self.wait(even, seconds, lambda: f"{self.processed()} of {self.acknowledged} are stored or in quarantine")
        return time.monotonic() - began

    def settle(self, seconds: float = 120, *, losing: bool = False) -> None:
        """Wait until everything is stored, or nothing comes any more; then end the processes as an operator does."""
        newest, since, began = -1, time.monotonic(), time.monotonic()
        patience = 20 if losing else 30
        while time.monotonic() - began < seconds:
            self.restart_what_ended()
            found = self.processed()
            if found != newest:
                newest, since = found, time.monotonic()
            if found >= self.acknowledged or time.monotonic() - since > patience:
                break
            time.sleep(0.2)
        time.sleep(1.5)  # a second delivery would come now
        for name in tuple(self._processes):
            self.kill(name, signal.SIGTERM)

    def sent(self) -> Sent:
        resent = frozenset().union(*(sender.receipt.resent for sender in self.senders))
        under_way = frozenset().union(*(sender.receipt.under_way for sender in self.senders))
        return Sent(self.plan, sum(sender.receipt.sent for sender in self.senders), under_way, resent)

    def judge(self, **changes):
        return judge(self.url, replace(self.sent(), **changes))


def _at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0] + f":{port}"))
