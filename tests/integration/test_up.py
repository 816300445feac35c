"""`bypuls up`: one command, and a value published is a value read; stopped, it leaves nothing running."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psutil
import pytest

from bypuls.server_folder import free_port
from simulators.publisher import Publisher
from tests.processes import is_gone
from tests.unit.test_city import EXAMPLE

pytestmark = [pytest.mark.integration, pytest.mark.broker]

REPLAY = ["simulate", "replay", "x.csv", "--city", str(EXAMPLE)]


class Up:
    def __init__(self, home, *options, city=EXAMPLE, program=("-m", "bypuls"), errors=subprocess.DEVNULL):
        self.port = free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("BYPULS_")}
        self.process = subprocess.Popen(
            [sys.executable, *program, "up", *(["--city", str(city)] if city else []), *options],
            env=environment | {"BYPULS_HOME": str(home), "BYPULS_API_PORT": str(self.port), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # as from a shell: a process group that a terminal's Ctrl-C reaches as a whole
        )

    def read_until(self, pattern, seconds=120):
        deadline, seen = time.monotonic() + seconds, ""
        while not (match := re.search(pattern, seen)):
            assert time.monotonic() < deadline, seen
            line = self.process.stdout.readline()
            assert line, seen
            seen += line
        return match

    def get(self, path, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                    return json.load(answer)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def relatives(self):
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def up(server_home):
    started = []

    def start(*options, **given):
        one = Up(server_home, *options, **given)
        started.append(one)
        return one

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.process.stdout.close()


def kpi_value(up):
    found = up.get("/v1/kpi-values?city=storvik&kpi=air.pm10.mean&scope_kind=site&period=PT1H")["data"]
    return found[0]["value"] if found else None


def test_a_value_published_is_a_kpi_read_and_a_second_up_goes_on_with_it(up):
    first = up()
    broker = first.read_until(r"(mqtt://\S+)")[1]
    first.get("/health/ready")
    with Publisher(broker, "device") as publisher:
        publisher.publish("bypuls/v1/storvik/nilu-torget/observations", b'{"pm10": 23.5}')
    deadline = time.monotonic() + 60
    while (value := kpi_value(first)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert value == 23.5
    family = first.relatives()
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(90) == 0
    assert running_of(family) == []

    second = up()
    second.read_until("Ctrl-C")
    assert kpi_value(second) == 23.5
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(90) == 0


def test_it_ends_by_itself_after_the_seconds_it_was_given(up):
    one = up("--seconds", "1")
    assert one.process.wait(120) == 0


def test_killed_servers_and_processes_are_started_again_and_nothing_handed_over_is_lost(up):
    one = up()
    broker = one.read_until(r"(mqtt://\S+)")[1]
    one.get("/health/ready")
    with Publisher(broker, "device") as publisher:
        publisher.publish("bypuls/v1/storvik/nilu-torget/observations", b'{"pm10": 1}')
        publisher.flush(10)
    postmaster = next(child for child in psutil.Process(one.process.pid).children() if "postgres" in child.name())
    ingest = next(child for child in one.relatives() if "ingest" in child.cmdline())
    postmaster.kill()
    ingest.kill()
    with Publisher(broker, "device") as publisher:
        publisher.publish("bypuls/v1/storvik/nilu-torget/observations", b'{"pm10": 2}')
        publisher.flush(10)
    deadline = time.monotonic() + 60
    values = []
    while values != [1.0, 2.0]:
        assert time.monotonic() < deadline, values
        time.sleep(0.5)
        with contextlib.suppress(OSError):
            path = "/v1/observations?city=storvik&property=pm10"
            values = sorted(row["value"] for row in one.get(path, seconds=5)["data"])


def test_killed_it_leaves_nothing_running(up):
    one = up()
    one.read_until("Ctrl-C")
    one.get("/health/live")
    family = one.relatives()
    one.process.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def running_of(family):
    return [process for process in family if not is_gone(process)]


def newest(up, seconds=120):
    """The cities once the newest observation is of this minute or the one before."""
    deadline = time.monotonic() + seconds
    while True:
        cities = up.get("/control-room/cities")
        if cities and cities[0]["newest"] and time.time() - cities[0]["newest"] / 1000 < 120:
            return cities
        assert time.monotonic() < deadline, cities
        time.sleep(0.5)


def register(up, since):
    """The readings of a meter that is read each quarter hour: (time, value), oldest first."""
    path = "/v1/observations?city=fjordvik&device=el-raadhuset&property=active_energy_import&limit=1000"
    rows = up.get(f"{path}&from={since:%Y-%m-%dT%H:%M:%SZ}")["data"]
    return sorted((row["time"], row["value"]) for row in rows)


def test_the_simulated_city_is_there_with_its_past_and_a_second_up_goes_on_without_gap_or_double(up, server_home):
    begun = datetime.now(UTC)
    first = up("--days", "0.5", city=None)
    first.read_until("the city is alive", seconds=120)
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/") as page:
        assert "text/html" in page.headers["Content-Type"]
    assert [(city["slug"], city["simulated"]) for city in newest(first)] == [("fjordvik", True)]
    before = register(first, begun - timedelta(days=1))
    assert len(before) >= 46  # half a day, but for what is not uploaded yet
    family = first.relatives()
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(90) == 0
    assert running_of(family) == []

    state = server_home / "simulator" / "fjordvik.json"
    told = json.loads(state.read_text())
    backwards = told | {"published": told["published"] - 3600}  # as after a crash: an hour is sent again
    state.write_text(json.dumps(backwards))
    second = up(city=None)
    second.read_until("the city is alive")
    newest(second)
    after = register(second, begun - timedelta(days=1))
    assert after[: len(before)] == before
    times = [datetime.fromisoformat(time) for time, _ in after]
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=15)}
    assert [value for _, value in after] == sorted(value for _, value in after)
    assert json.loads(state.read_text())["start"] == told["start"]
    family = second.relatives()
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(90) == 0
    assert running_of(family) == []


SLOW_INGEST_WITHOUT_MOSQUITTO = """
import subprocess, bypuls.broker_server
from bypuls.cli import main
start = subprocess.Popen
def slowly(command, **options):
    slow = ["sh", "-c", 'sleep 8; exec "$@"', "sh"] if "ingest" in command else []
    return start([*slow, *command], **options)
subprocess.Popen = slowly
bypuls.broker_server.find_mosquitto = lambda: None
main()
"""


def test_with_the_broker_from_pypi_the_past_waits_for_ingest(up):
    """It speaks no MQTT 5, so that nobody says when nobody listens: what came too early would be gone."""
    begun = datetime.now(UTC)
    one = up("--days", "0.2", city=None, program=("-c", SLOW_INGEST_WITHOUT_MOSQUITTO))
    one.read_until("the city is alive", seconds=120)
    deadline = time.monotonic() + 60
    while len(register(one, begun - timedelta(days=1))) < 18:
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.parametrize("delay", [3.0, 6.0])
def test_ctrl_c_while_all_is_starting_ends_all_without_a_word_too_much(up, tmp_path, delay):
    with (tmp_path / "errors").open("w+") as errors:
        one = up("--days", "1", city=None, errors=errors)
        one.read_until("schema")
        time.sleep(delay)
        family = one.relatives()
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.process.wait(90) == 0
        assert running_of(family) == []
        assert "Traceback" not in (tmp_path / "errors").read_text()
    assert "alive" not in one.process.stdout.read()


def test_a_second_up_in_the_same_folder_says_so(up, server_home):
    one = up()
    one.get("/health/live")
    done = subprocess.run(
        [sys.executable, "-m", "bypuls", "up"],
        env=os.environ | {"BYPULS_HOME": str(server_home), "BYPULS_API_PORT": str(one.port)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        f"bypuls: port {one.port} is taken, and another 'bypuls up' has {server_home}: stop that one, "
        f"or set both BYPULS_HOME and BYPULS_API_PORT to others\n"
    )


def test_a_taken_port_is_one_clear_line(server_home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "bypuls", "up"],
            env=os.environ | {"BYPULS_HOME": str(server_home), "BYPULS_API_PORT": port},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"bypuls: port {port} is taken: stop what listens there, or set BYPULS_API_PORT to another one"
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (
            ["db", "plan"],
            {"BYPULS_DATABASE_URL": "postgresql://nobody:pw@127.0.0.1:1/x"},
            "127.0.0.1:1/x does not answer",
        ),
        (["ingest"], {"BYPULS_DATABASE_URL": "x=", "BYPULS_BROKER_URL": "mqtt://h"}, "BYPULS_DATABASE_URL"),
        (["ingest"], {"BYPULS_BROKER_URL": "http://h"}, "no database"),
        (
            ["process", "--once"],
            {"BYPULS_PROCESS_POLL_SECONDS": "-1", "BYPULS_DATABASE_URL": "postgresql:///x"},
            "POLL",
        ),
        (["serve"], {"BYPULS_API_PORT": "99999", "BYPULS_DATABASE_URL": "postgresql:///x"}, "setting BYPULS_API_PORT"),
        (["city", "add", "nowhere.yaml"], {}, "city file nowhere.yaml cannot be read"),
        ([*REPLAY, "--speed", "warp"], {"BYPULS_BROKER_URL": "mqtt://h"}, "--speed"),
        (REPLAY, {"BYPULS_BROKER_URL": "mqtt://127.0.0.1:1"}, "does not answer"),
        (["check", "decode", "--topic", "a", "--file", "nowhere"], {}, "payload file nowhere cannot be read"),
    ],
)
def test_what_cannot_work_is_one_line_and_not_zero(arguments, environment, says, server_home):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("BYPULS_")}
    done = subprocess.run(
        [sys.executable, "-m", "bypuls", *arguments],
        env=clean | {"BYPULS_HOME": str(server_home)} | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("bypuls: "), done.stderr
    assert says in lines[-1]
    assert "Traceback" not in done.stderr
