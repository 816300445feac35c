"""How old what the API answers is: 2,000 devices at 1 Hz on 200 sites, every message of them.

A real broker, ingest, processor and API. Every device publishes a ramp, so the running hour's mean of a site says how
many of the site's messages are in it: each message's age is the time from publishing it until an answer that holds it.
BYPULS_BENCH_SECONDS (120), _DEVICES (2000), _READINGS (1; or 3) and _PROCESSORS (1) make it shorter, smaller or larger.
"""

import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import psutil
import pytest

from bypuls.city import read_city
from bypuls.server_folder import free_port, wait_until
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from simulators.load import Plan, city_file
from simulators.load_sender import Sender
from tests.benchmarks.results import Result, runs

SECONDS = int(os.environ.get("BYPULS_BENCH_SECONDS", "120"))
DEVICES = int(os.environ.get("BYPULS_BENCH_DEVICES", "2000"))
READINGS = int(os.environ.get("BYPULS_BENCH_READINGS", "1"))
PROCESSORS = int(os.environ.get("BYPULS_BENCH_PROCESSORS", "1"))
WARM_UP = 15  # seconds at the start that are not judged: datastreams are new, partitions are made
EACH = 10  # devices of a site
POLL_SECONDS = 0.1
PATIENCE = 300  # seconds after the last message
PROPERTIES = ("pm10", "no2", "relative_humidity")
STEP, BASE = 0.01, 10.0
WORDS = """
Devices publish once a second (QoS 1) to Mosquitto; ingest, processors and API are a process each, and the machine
carries all of it, load generator included. Somebody asks the API ten times a second for the running hour of every site
(/v1/kpi-values). The age of a message is the time from its publishing until the whole of an answer that holds it has
come. Every message is judged but those of the first seconds.
"""


class Ramp(Plan):
    """Every device's values rise by the same step: the mean of them says how many there are."""

    sent: list[tuple[int, int, float]] = []  # noqa: RUF012 - first message, the one after the last, when

    def frames(self, numbers, *, again=False):
        numbers = list(numbers)
        if again:
            assert not numbers, "a connection broke"
            return []
        self.sent.append((numbers[0], numbers[-1] + 1, time.monotonic()))
        return Plan.frames(self, numbers)

    def _payload(self, _, sequence, stamp):
        value = f"{BASE + STEP * sequence:.2f}"
        values = ",".join(f'"{name}":{value}' for name in PROPERTIES[:READINGS])
        return b'{"time":"%b","values":{%b}}' % (stamp, values.encode())


@pytest.mark.broker
@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_freshness(lane, new_mosquitto, tmp_path):
    name = "freshness"
    name += f"-{READINGS}-readings" * (READINGS > 1) + f"-{PROCESSORS}-processors" * (PROCESSORS > 1)
    result = Result(
        name,
        f"How fresh a number is: {told(READINGS, 'reading')} a message, {told(PROCESSORS, 'processor')}",
        WORDS,
        settings={
            "devices": DEVICES,
            "sites": DEVICES // EACH,
            "readings a message": READINGS,
            "processors": PROCESSORS,
            "seconds": SECONDS,
        },
        goals={"publish → answer of the API, p99": ("<=", 2.0)} if DEVICES == 2000 else {},
    )
    for number in range(runs()):
        with lane.database(migrated=True) as url, ExitStack() as stack:
            result.add(one_run(stack, url, new_mosquitto(), tmp_path / str(number)))
    result.write()


def told(number, what):
    return f"{number} {what}" + "s" * (number > 1)


def one_run(stack, url, broker, folder):
    wait_for_room_in_the_hour()
    folder.mkdir()
    broker.start()
    stack.callback(broker.stop)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=10)
    plan = Ramp("load", start, DEVICES, timedelta(seconds=1))
    plan.sent.clear()
    document = folder / "city.json"
    document.write_text(json.dumps(city_file(plan, EACH)))
    with connect(url, "owner", autocommit=True) as connection:
        add_city(connection, read_city(document), "benchmark")
        server = psutil.Process(connection.info.backend_pid).parent()
    port = free_port()
    environment = os.environ | {
        "BYPULS_DATABASE_URL": url,
        "BYPULS_BROKER_URL": broker.url,
        "BYPULS_HOME": str(folder),
        "BYPULS_LOG_LEVEL": "WARNING",
        "BYPULS_API_PORT": str(port),
    }
    processes = {name: started(stack, environment, name) for name in ("ingest", "process", "serve")}
    for number in range(2, PROCESSORS + 1):
        instance = {"BYPULS_PROCESS_INSTANCE": str(number)}
        processes[f"process {number}"] = started(stack, environment | instance, "process")
    assert wait_until(lambda: answers(port), seconds=60), "the API does not answer"
    time.sleep(max(0.0, start.timestamp() - time.time()))
    sender = Sender(broker.url, plan, rate=DEVICES, window=20_000)
    sending = threading.Thread(target=sender.run, args=(threading.Event(),), daemon=True)
    before = spent(processes, server, broker)
    sending.start()
    with asking(port) as connection:
        seen = watched(connection, sender, SECONDS)
    sending.join(30)
    took = {name: seconds - before[name] for name, seconds in spent(processes, server, broker).items()}
    resident = {name: psutil.Process(process.pid).memory_info().rss for name, process in processes.items()}
    assert all(process.poll() is None for process in processes.values())
    figures = judged(plan, seen)
    figures |= {f"{name} CPU": (100 * seconds / SECONDS, "% of a core") for name, seconds in took.items()}
    return figures | {f"{name} memory": (size / 1e6, "MB") for name, size in resident.items()}


def wait_for_room_in_the_hour():
    """The running hour's mean holds the whole run."""
    left = 3600 - time.time() % 3600
    if left < SECONDS + 60:
        time.sleep(left + 1)


def started(stack, environment, name):
    process = subprocess.Popen([sys.executable, "-m", "bypuls", name], env=environment, stdout=subprocess.DEVNULL)
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
    return process


def spent(processes, server, broker):
    """Seconds of CPU so far."""
    found = {name: sum(psutil.Process(process.pid).cpu_times()[:2]) for name, process in processes.items()}
    ended = server.cpu_times()
    sessions = [sum(child.cpu_times()[:2]) for child in server.children()]
    found["database"] = ended.children_user + ended.children_system + sum(sessions)
    found["broker"] = sum(psutil.Process(broker.pid).cpu_times()[:2])
    return found


def answers(port):
    try:
        with asking(port) as connection:
            return ask(connection) is not None
    except OSError:
        return False


def asking(port):
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60))


def ask(connection):
    """Site -> mean of the running hour, as the API says it."""
    query = "city=load&kpi=air.pm10.mean&scope_kind=site&period=PT1H&latest=true&include=insufficient"
    connection.request("GET", f"/v1/kpi-values?{query}")
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return {value["scope"]: value["value"] for value in msgspec.json.decode(body)["data"]}


def watched(connection, sender, seconds):
    """(when, site -> value) of every answer until the last message is in it, or patience ends."""
    seen = []
    begin = now = time.monotonic()
    while now < begin + seconds or not all_in(seen[-1][1], sender.receipt.sent):
        if now > begin + seconds:
            sender.finish()
        if now > begin + seconds + PATIENCE:
            break
        time.sleep(max(0.0, now + POLL_SECONDS - time.monotonic()))
        now = time.monotonic()
        values = ask(connection)
        seen.append((time.monotonic(), values))
    return seen


def all_in(values, sent):
    return sum(map(count, values.values())) >= sent


def count(value):
    """How many of a site's messages its mean holds: the mean of devices' means of 0 … k-1 steps each."""
    return round(EACH * (2 * (value - BASE) / STEP + 1))


def judged(plan, seen):
    sent = np.empty(plan.sent[-1][1])
    for first, last, when in plan.sent:
        sent[first:last] = when
    ages = []
    for site in range(DEVICES // EACH):
        rounds = len(sent) // DEVICES
        mine = sent[: rounds * DEVICES].reshape(rounds, DEVICES)[:, site * EACH : (site + 1) * EACH].ravel()
        slug = f"site-{site:04d}"
        held = np.maximum.accumulate([count(values[slug]) if slug in values else 0 for _, values in seen])
        at = np.searchsorted(held, np.arange(1, len(mine) + 1))  # the first answer that holds so many
        when = np.append([when for when, _ in seen], np.inf)[at]
        ages.append((when - mine)[WARM_UP * EACH :])
    ages = np.concatenate(ages)
    assert np.isfinite(ages).all(), f"{(~np.isfinite(ages)).sum()} of {len(ages)} messages are in no answer"
    steps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(seen)]
    return {
        "publish → answer of the API, median": (np.median(ages), "s"),
        "publish → answer of the API, p99": (np.quantile(ages, 0.99), "s"),
        "longest": (ages.max(), "s"),
        "between two answers, median": (np.median(steps), "s"),
        "published": (len(sent) / (plan.sent[-1][2] - plan.sent[0][2]), "messages/s"),
    }
