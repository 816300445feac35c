"""The simulated city's first minute, what it then costs to live, and how old a number is when it is shown.

The real processes against a real broker and database. Asserts nothing about time, for the machine may be busy: seconds
of the processor and of its database session say more than those of the clock.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
import psutil
import pytest

from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from simulators.city.town import city_document
from tests.benchmarks.results import Result, runs

LONGEST, STEADY, PROBES = 600.0, 120.0, 15
WORDS = """
The simulated city of `make up`, from the start of ingest, processor and simulator on: when its thirty days are there,
the four tiles have a value of now, all is rolled up and all is computed (with the CPU of the processor and its database
session so far); what two minutes of living then cost; and how old a reading is when the hour and the day that rest on
it stand in the database.
"""
PROBE = ("fjordvik", "lcs-barnehagen", "pm10")
TILES = """SELECT count(DISTINCT kpi) = 4 FROM kpi_value
           WHERE scope_kind = 'city' AND period IN ('PT1H', 'P1D') AND ends > now() - interval '2 hours'
             AND kpi IN ('air.eaqi', 'traffic.volume', 'energy.electricity.consumption', 'noise.laeq')"""
HISTORY = "SELECT count(last_time) > 100 AND max(last_time) > now() - interval '30 minutes' FROM datastream"
ROLLED = "SELECT NOT EXISTS (SELECT FROM changed_bucket WHERE queued_at < now() - interval '5 seconds')"
COMPUTED = "SELECT NOT EXISTS (SELECT FROM kpi_due WHERE due_at < now() - interval '3 seconds')"
SHOWN = """SELECT max(v.seq) FROM device d
           JOIN kpi_value v ON v.city = d.city AND v.scope_kind = 'site' AND v.scope = d.site
           WHERE d.city = %s AND d.external_id = %s AND v.period = %s AND v.kpi = %s"""


@pytest.mark.broker
@pytest.mark.lane("plain")
@pytest.mark.timeout(7200)
def test_first_minute(lane, new_mosquitto, tmp_path):
    result = Result("first-minute", "The simulated city's first minute", WORDS)
    for number in range(runs()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with lane.database(migrated=True) as url:
            result.add(one_run(url, new_mosquitto(), folder))
    result.write()


def one_run(url, broker, folder):
    broker.start()
    environment = os.environ | {
        "BYPULS_DATABASE_URL": url,
        "BYPULS_BROKER_URL": broker.url,
        "BYPULS_HOME": str(folder),
        "BYPULS_LOG_LEVEL": "WARNING",
    }
    with ExitStack() as stack:
        look = stack.enter_context(connect(url, "owner", autocommit=True))
        add_city(look, city_document(), "benchmark")
        started = time.monotonic()
        processes = {name: start(stack, environment, *name.split()) for name in ("ingest", "process", "simulate city")}
        costs, figures = Costs(processes["process"].pid, look), {}
        for what, query in (("history", HISTORY), ("tiles", TILES), ("rolled up", ROLLED), ("computed", COMPUTED)):
            wait_for(look, query, started)
            figures[what] = (time.monotonic() - started, "s")
            figures[f"{what}, CPU"] = (sum(costs.seconds()), "s")
        costs = Costs(processes["process"].pid, look)
        time.sleep(STEADY)
        python, server = costs.seconds()
        ages = [probe(broker.url, look) for _ in range(PROBES)]
        return figures | {
            "live, processor": (100 * python / STEADY, "% of a core"),
            "live, its database session": (100 * server / STEADY, "% of a core"),
            "publish → hour and day, median": (statistics.median(ages), "s"),
            "publish → hour and day, longest": (max(ages), "s"),
        }


def start(stack, environment, *arguments):
    command = [sys.executable, "-m", "bypuls", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
    return process


def wait_for(look, query, started):
    while time.monotonic() - started < LONGEST:
        if look.execute(query).fetchone() == (True,):
            return
        time.sleep(1)
    pytest.fail(f"not within {LONGEST:.0f} s: {query}")


class Costs:
    """Seconds of CPU that the processor and its session use from now on."""

    def __init__(self, pid, look):
        self._process, self._look = psutil.Process(pid), look
        self._python, self._server = self._used()

    def seconds(self):
        python, server = self._used()
        return python - self._python, server - self._server

    def _used(self):
        ports = [one.laddr.port for one in self._process.net_connections() if one.raddr]
        query = "SELECT pid FROM pg_stat_activity WHERE client_port = ANY(%s)"
        sessions = [psutil.Process(pid) for (pid,) in self._look.execute(query, (ports,)).fetchall()]
        return tuple(sum(sum(one.cpu_times()[:2]) for one in group) for group in ([self._process], sessions))


def probe(broker_url, look):
    """Seconds from publishing one more reading until the hour's and the day's value stand in the database."""
    city, device, name = PROBE

    def shown():
        return [
            look.execute(SHOWN, (city, device, period, f"air.{name}.mean")).fetchone()[0] for period in ("PT1H", "P1D")
        ]

    time.sleep(3.7)
    before = shown()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    host, _, port = broker_url.rpartition("@")[2].rpartition("//")[2].partition(":")
    client.connect(host, int(port))
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    sent = time.monotonic()
    payload = json.dumps({"time": datetime.now(UTC).isoformat(), name: 20 + sent % 1})
    client.publish(f"bypuls/v1/{city}/{device}/observations", payload, qos=1)
    while time.monotonic() - sent < LONGEST and any(a == b for a, b in zip(before, shown(), strict=True)):
        time.sleep(0.02)
    age = time.monotonic() - sent
    client.disconnect()
    client.loop_stop()
    return age
