"""What a process tells of itself: numbers, readiness, lines of its log."""

from __future__ import annotations

import io
import json
import logging
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bypuls.errors import ServerError, SettingsError
from bypuls.observing.listener import listening
from bypuls.observing.logs import JsonLines, configure
from bypuls.observing.metrics import MOST_SERIES, Counter, Gauge, Histogram, Metrics
from bypuls.observing.patience import Patient
from bypuls.settings import LogSettings, load
from ingest.reasons import refusal
from ingest.totals import Totals
from ingest.writer import Written

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(metrics):
    """Sample name and labels -> number, as Prometheus' own parser finds them."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_numbers_are_what_prometheus_reads():
    counter = Counter("bypuls_messages", "Messages.", ("source", "outcome"))
    counter.add(3, "own", "stored")
    counter.add(2, "own", "stored")
    spread = Histogram("bypuls_lag_seconds", "Lag.", (0.1, 1.0))
    spread.take([0.05, 0.1, 0.5, 7.0])
    found = read(Metrics("ingest", [counter, spread, Gauge("bypuls_rows", "Rows.", lambda: {("a b",): 4}, ("queue",))]))
    assert found["bypuls_messages_total", (("outcome", "stored"), ("source", "own"))] == 5
    assert found["bypuls_lag_seconds_bucket", (("le", "0.1"),)] == 2
    assert found["bypuls_lag_seconds_bucket", (("le", "1.0"),)] == 3
    assert found["bypuls_lag_seconds_bucket", (("le", "+Inf"),)] == found["bypuls_lag_seconds_count", ()] == 4
    assert found["bypuls_lag_seconds_sum", ()] == pytest.approx(7.65)
    assert found["bypuls_rows", (("queue", "a b"),)] == 4
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert found["bypuls_measures_failed", ()] == 0


def test_a_number_that_cannot_be_read_hides_no_other():
    def broken():
        raise OSError

    found = read(Metrics("api", [Gauge("bypuls_one", "One.", broken), Counter("bypuls_two", "Two.")]))
    assert found["bypuls_two_total", ()] == 0
    assert found["bypuls_measures_failed", ()] == 1


def test_labels_are_bounded():
    counter = Counter("bypuls_messages", "Messages.", ("source",))
    for number in range(MOST_SERIES + 50):
        counter.add(1, f"s{number}")
    assert len(counter.values) == MOST_SERIES + 1
    assert counter.values["other",] == 50


def test_a_batch_is_counted_by_source_and_outcome_and_its_refusals_by_reason():
    totals = Totals()
    totals.taken(NOON)
    assert totals.lag(NOON.replace(second=9)) == 9
    no_unit = [refusal("unknown_unit", "furlong")]
    totals.add(4, Written(stored=5, corrected=1, quarantined=2))
    totals.committed(["own", "own", "tts", "own"], [2, 0, 1, 3], [[], no_unit, no_unit, []], [0.2, 0.3, 0.4, 0.01])
    assert totals.outcomes.values == {
        ("own", "stored"): 2, ("own", "refused"): 1, ("tts", "partly"): 1,
    }  # fmt: skip
    assert totals.reasons.values == {("unknown_unit",): 2}
    assert totals.readings.values == {("stored",): 5, ("corrected",): 1}
    assert totals.lag(NOON) == 0.4
    found = read(Metrics("ingest", totals.measures()))
    assert found["bypuls_ingest_lag_seconds_count", ()] == 4
    assert found["bypuls_ingest_batch_messages_bucket", (("le", "10.0"),)] == 1
    totals.committed(["own", "own"], [1, 1], [[], []], [0.1, 0.1])
    assert totals.outcomes.values["own", "stored"] == 4


def test_what_keeps_ingest_from_its_work_is_said():
    totals = Totals()
    assert totals.problems(0, 60) == []
    totals.away()
    totals.away()
    assert totals.losses.values[()] == 1
    away, behind = totals.problems(75, 60)
    assert away.startswith("the database has not answered for ")
    assert behind == "a message waits for 75 s to be stored (more than 60 s)"


def test_who_asks_what_never_answers_is_told_in_time_and_asks_it_once():
    asked, gate = [], threading.Event()

    def ask():
        asked.append(1)
        assert gate.wait(60)
        return "at last"

    patient = Patient(ask)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            patient.answer(0.05)
    assert len(asked) == 1
    gate.set()
    assert patient.answer(60) == "at last"

    def fail():
        raise ServerError("gone")

    with pytest.raises(ServerError, match="gone"):
        Patient(fail).answer(5)


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_turn_that_does_not_end_is_said_whatever_it_hangs_in(monkeypatch):
    totals = Totals()
    totals.begin_turn()
    now = time.monotonic()
    monkeypatch.setattr("ingest.totals.time.monotonic", lambda: now + 75)
    assert totals.problems(0, 60) == ["ingest hangs: it has taken no message for 75 s (more than 60 s)"]
    totals.begin_turn()
    assert totals.problems(0, 60) == []


def test_a_process_that_serves_nobody_answers_on_its_port():
    trouble = []
    counter = Counter("bypuls_messages", "Messages.")
    with listening("127.0.0.1", 0, Metrics("ingest", [counter]), lambda: trouble) as address:
        counter.add(7)
        status, text = get(f"{address}/metrics")
        assert (status, "bypuls_messages_total 7.0" in text) == (200, True)
        assert get(f"{address}/health/ready") == (200, '{"status": "ready", "problems": []}')
        trouble.append("the broker is not connected")
        status, text = get(f"{address}/health/ready")
        assert (status, json.loads(text)["problems"]) == (503, trouble)
        assert get(f"{address}/health/live")[0] == 200
        assert get(f"{address}/elsewhere")[0] == 404
        port = int(address.rpartition(":")[2])
        with pytest.raises(ServerError, match=f"metrics cannot be served on 127.0.0.1:{port}"):
            listening("127.0.0.1", port, Metrics("ingest"), list).__enter__()
    with listening("127.0.0.1", None, Metrics("ingest"), list) as address:
        assert address is None


def test_a_log_for_machines_is_one_object_per_line():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("ingest"))
    log = logging.Logger("ingest.worker")  # noqa: LOG001 - heard by nobody else
    log.addHandler(handler)
    log.warning("%s; trying again in %.1f s", "gone\nfor good", 0.2, extra={"fields": {"city": "trondheim", "n": 3}})
    try:
        raise ValueError("Øl")  # noqa: TRY301
    except ValueError:
        log.exception("failed")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert first | {"time": ""} == {
        "time": "", "level": "warning", "process": "ingest", "logger": "ingest.worker",
        "event": "%s; trying again in %.1f s", "message": "gone\nfor good; trying again in 0.2 s",
        "fields": {"city": "trondheim", "n": 3},
    }  # fmt: skip
    assert datetime.fromisoformat(first["time"]).tzinfo == UTC
    assert "ValueError: Øl" in second["error"]


def test_who_does_not_wait_for_an_answer_leaves_no_line(capfd):
    body = threading.Event()

    class Slow:
        def text(self):
            assert body.wait(60)
            return b"x" * 10_000_000

    with listening("127.0.0.1", 0, Slow(), list) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it resets as it goes
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        body.set()
        assert get(f"{address}/health/live")[0] == 200
        time.sleep(0.2)
    assert capfd.readouterr().err == ""


def test_what_ends_a_process_is_one_object_too():
    code = """
import sys, threading
from bypuls.errors import ServerError
from bypuls.observing.logs import configure, say_why_it_ends
from bypuls.settings import LogSettings
configure("ingest", LogSettings(log_format="json"))
say_why_it_ends(ServerError("the broker refuses us"))
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("two\\nlines")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["event"] for one in said] == ["it ends: %s", "nobody caught this", "nobody caught this"]
    assert said[0]["message"] == "it ends: the broker refuses us"
    assert "ZeroDivisionError" in said[1]["error"]
    assert "ValueError: two" in said[2]["error"]


def test_the_formats_of_a_log_are_settings(monkeypatch):
    monkeypatch.setenv("BYPULS_LOG_FORMAT", "json")
    monkeypatch.setenv("BYPULS_LOG_LEVEL", "debug")
    settings = load(LogSettings)
    assert settings.log_level == "DEBUG"
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    try:
        configure("process", settings, stream)
        logging.getLogger("processors").debug("hello")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert json.loads(stream.getvalue())["process"] == "process"
    monkeypatch.setenv("BYPULS_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match="BYPULS_LOG_FORMAT"):
        load(LogSettings)
