"""The faults: what is done to the platform while it works. Each takes its world, and returns when the fault is over."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bypuls.errors import SchemaError
from bypuls.storage import migrate as migrations_module
from bypuls.storage.backup import backup, restore
from bypuls.storage.migrate import Migration, migrate
from tests.chaos.nats import find_nats
from tests.chaos.world import Setting, World


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        words: what is done, for people.
        inject: does it.
        loses: the broker itself loses here: the count is a finding about the broker, not a fault of ours.
        missing: why it cannot be done on this machine, or None.
    """

    name: str
    words: str
    inject: Callable[[World], None]
    setting: Setting = field(default_factory=Setting)
    loses: bool = False
    missing: Callable[[], str | None] = lambda: None


def nothing(world):
    time.sleep(5)
    world.restart_what_ended()


def kill_ingest(world, times=5):
    chance = random.Random(world.plan.start.toordinal())
    for time_ in range(1, times + 1):
        world.wait_until_it_listens("ingest-1", time_)
        time.sleep(chance.uniform(0.0, 3.0))
        world.kill("ingest-1")
        world.start("ingest-1")


def kill_processor(world, times=5):
    chance = random.Random(world.plan.start.toordinal() + 1)
    for _ in range(times):
        time.sleep(chance.uniform(2.0, 6.0))
        world.kill("process")
        world.start("process")


def restart_database(world):
    world.database.stop()
    time.sleep(2)
    world.database.start()


def kill_database(world, times=2):
    for _ in range(times):
        world.kill_database()
        time.sleep(1)
        world.database.start()
        time.sleep(3)


def kill_backend(world):
    """One backend killed makes the server throw out all sessions and recover."""
    for _ in range(2):
        backends = [each for each in world._database_processes()[1:] if "postgres: bypuls" in " ".join(each.cmdline())]
        backends[0].kill()
        time.sleep(1)
        world.wait(lambda: world.processed() >= 0, 60, lambda: "the database did not come back")
        time.sleep(3)


def restart_broker(world):
    for _ in range(2):
        world.broker.stop()
        time.sleep(1)
        world.broker.start()
        time.sleep(4)


def stall_database(world, seconds=60):
    world.stall_database()
    time.sleep(seconds)
    world.resume_database()


def cut(network, seconds=10):
    def inject(world):
        proxy = getattr(world, network)
        proxy.cut()
        time.sleep(seconds)
        proxy.mend()

    return inject


def forget(name, network):
    """A firewall that forgot the connection: its packets vanish for good, new connections are let through."""

    def inject(world):
        for near, far in world.connections_of(name, getattr(world, network).port):
            world.drop_packets(near, far)
        waiting = 5 * world.setting.rate
        world.wait(lambda: world.acknowledged - world.processed() > waiting, 60, lambda: "nothing was held up")

    return inject


def fill_disk(world, seconds=10):
    filler = world.database.folder.path.parent / "filler"
    with filler.open("wb") as file:
        piece = b"\0" * (1 << 20)
        try:
            while True:
                file.write(piece)
                file.flush()
        except OSError:
            pass
    time.sleep(seconds)
    full = shutil.disk_usage(filler.parent).free
    filler.unlink()
    assert full < 1 << 20, "the disk was not full"
    for _ in range(40):  # a server that gave up is started again, as a service manager does
        if world.database.pid is None:
            world.database.stop()
            world.database.start()
        time.sleep(0.1)


def step_clock(world):
    for seconds in (3600, -3600, 0):
        world.step_clock(seconds)
        time.sleep(5)


def slow_consumer(world, seconds=20):
    world.ingest_to_broker.slow(bytes_per_second=20_000)
    time.sleep(seconds)
    world.ingest_to_broker.mend()


def kill_one_of_two(world):
    for time_ in range(1, 4):
        world.wait_until_it_listens("ingest-2", time_)
        time.sleep(2)
        world.kill("ingest-2")
        time.sleep(3)
        world.start("ingest-2")


def failing_migration(world):
    """It locks what ingest writes to, works for a while, and fails."""
    shipped = migrations_module.migrations()
    bad = Migration(9000, "bad", "ALTER TABLE observation ADD half integer; SELECT pg_sleep(5); SELECT 1 / 0;")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations_module, "migrations", lambda: [*shipped, bad])
        with pytest.raises(SchemaError, match="9000_bad failed and was rolled back"):
            world.migrate()


def move_by_backup(world):
    """Ingest and processor end, a backup is restored beside, and they go on there; devices go on sending all along."""
    for name in ("ingest-1", "process"):
        world.kill(name, signal.SIGTERM)
    file = world.folder / "moved.dump"
    backup(world.url, file, world.database.binaries)
    _restored(world, file)
    for name in ("ingest-1", "process"):
        world.start(name)


def _restored(world, file):
    import psycopg

    with psycopg.connect(world.database.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    world.url = world.database.url_of("restored")
    restore(world.url, file, world.database.binaries)
    migrate(world.url)


def kill_broker(world, seconds=15):
    """Ingest is away, so the broker holds all that comes; then it is killed."""
    world.kill("ingest-1", signal.SIGTERM)
    time.sleep(seconds)
    _kill_broker(world)
    world.start("ingest-1")
    world.wait_until_it_listens("ingest-1", 2)


def kill_broker_at_work(world):
    for _ in range(3):
        time.sleep(3)
        _kill_broker(world)
        time.sleep(2)


def _kill_broker(world):
    os.kill(world.broker.pid, signal.SIGKILL)
    world.broker.stop()
    world.broker.start()


def no_mount():
    try:
        probe = subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
        )
    except OSError:
        return "no right to mount a small file system"
    return None if probe.returncode == 0 and os.geteuid() == 0 else "no right to mount a small file system"


def no_iptables():
    try:
        probe = subprocess.run(["iptables", "-L", "-n"], check=False, capture_output=True)
    except OSError:
        return "iptables is not installed"
    return None if probe.returncode == 0 else "no right to change the packet filter"


def no_nats():
    return None if find_nats() else "nats-server is not installed (apt-get install nats-server)"


SMALL_DISK = {"shared_buffers": "'64MB'", "max_wal_size": "'64MB'", "min_wal_size": "'32MB'"}

FAULTS = [
    Fault("none", "nothing", nothing),
    Fault("ingest-killed", "ingest killed (SIGKILL) 5 times at random moments", kill_ingest),
    Fault("processor-killed", "processor killed (SIGKILL) 5 times at random moments", kill_processor),
    Fault("two-workers", "two ingest workers on a shared subscription, one killed 3 times and started again 3 s later",
          kill_one_of_two, Setting(instances=("1", "2"), shared=True)),
    Fault("database-restarted", "database restarted, away for 2 s", restart_database),
    Fault("database-killed", "database killed (SIGKILL) twice", kill_database),
    Fault("backend-killed", "one of the database's sessions killed (SIGKILL) twice", kill_backend),
    Fault("database-stalled", "database stalled for 60 s (SIGSTOP)", stall_database),
    Fault("disk-full", "the database's disk full for 10 s", fill_disk,
          Setting(disk_megabytes=320, postgres=SMALL_DISK), missing=no_mount),
    Fault("broker-restarted", "broker restarted twice (SIGTERM)", restart_broker),
    Fault("ingest-broker-cut", "network between ingest and broker cut for 10 s", cut("ingest_to_broker")),
    Fault("ingest-database-cut", "network between ingest and database cut for 10 s", cut("ingest_to_database")),
    Fault("processor-database-cut", "network between processor and database cut for 10 s",
          cut("process_to_database")),
    Fault("ingest-database-forgotten", "a firewall forgets ingest's connection to the database: its packets vanish",
          forget("ingest-1", "ingest_to_database"), missing=no_iptables),
    Fault("ingest-broker-forgotten", "a firewall forgets ingest's connection to the broker: its packets vanish",
          forget("ingest-1", "ingest_to_broker"), missing=no_iptables),
    Fault("slow-consumer", "ingest gets 20 kB/s from the broker for 20 s", slow_consumer),
    Fault("poison", "5 % of the messages are poison", nothing, Setting(poison=0.05)),
    Fault("clock-stepped", "clock of ingest and processor stepped by +1 h, -2 h and +1 h", step_clock,
          Setting(stepped_clock=True)),
    Fault("failing-migration", "a migration that locks the observations for 5 s and fails", failing_migration),
    Fault("moved-by-backup", "stopped, backed up, restored into another database and started there", move_by_backup),
    Fault("mosquitto-killed-at-work", "Mosquitto killed (SIGKILL) 3 times while ingest keeps up", kill_broker_at_work,
          loses=True),
    Fault("mosquitto-killed-holding", "Mosquitto killed (SIGKILL) while it holds 15 s of messages", kill_broker,
          loses=True),
    Fault("nats-killed-at-work", "nats-server (JetStream) killed (SIGKILL) 3 times while ingest keeps up",
          kill_broker_at_work, Setting(broker="nats"), loses=True, missing=no_nats),
    Fault("nats-killed-holding", "nats-server (JetStream) killed (SIGKILL) while it holds 15 s of messages",
          kill_broker, Setting(broker="nats"), loses=True, missing=no_nats),
]  # fmt: skip
