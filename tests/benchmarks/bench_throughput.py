"""How many messages a second are stored, how soon, and what each costs; beside `mosquitto_sub | psql` in one run.

Every message has three readings and QoS 1. BYPULS_BENCH_SECONDS says how long the paced run goes (600),
BYPULS_BENCH_RATE how many messages a second are published (10,000), BYPULS_BENCH_DEVICES by how many devices (1,000),
BYPULS_BENCH_MESSAGES how many wait at the broker when a backlog is drained (100,000).
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from bypuls.account import server_account
from bypuls.postgres_binaries import binaries_for
from bypuls.server_folder import wait_until
from bypuls.storage.database import connect
from simulators.load import Plan
from simulators.load_sender import Sender
from tests.benchmarks.results import Result, runs
from tests.benchmarks.throughput import CITY, Rig

SECONDS = int(os.environ.get("BYPULS_BENCH_SECONDS", "600"))
RATE = int(os.environ.get("BYPULS_BENCH_RATE", "10000"))
DEVICES = int(os.environ.get("BYPULS_BENCH_DEVICES", "1000"))
MESSAGES = int(os.environ.get("BYPULS_BENCH_MESSAGES", "100000"))
STALLED = 60
HISTORY = "bypuls/v1/{city}/{device}/history"
RIVAL = "rival/{city}/{device}"

# The database's own note of when each transaction was committed, against when the publisher was to send the message:
# its hurry, the broker and whatever held one of them up are in it. An observation that was touched again (a spike is
# flagged when the next value is there) counts as of then.
DELAYS = """
WITH pace (first, next, at) AS (SELECT * FROM unnest(%(first)s::bigint[], %(next)s::bigint[], %(at)s::float8[])),
stored AS (
    SELECT round(extract(epoch FROM o.time - %(start)s) * 1000 / %(spacing)s)::bigint * %(devices)s
           + substring(d.external_id FROM 6)::integer AS n,
           pg_xact_commit_timestamp(o.xmin) AS committed
    FROM observation o JOIN datastream s ON s.id = o.datastream JOIN device d ON d.id = s.device
    WHERE s.property = 'pm10' AND o.time >= %(start)s)
SELECT percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY
           extract(epoch FROM committed)::float8 - (at + (n - first) / %(rate)s::float8)),
       extract(epoch FROM max(committed))::float8
FROM stored JOIN pace ON n >= first AND n < next
"""
EXPAND = """
INSERT INTO observation (datastream, time, value, flag, rank, received_at)
SELECT s.id, (r.payload->>'time')::timestamptz, e.value::float8, 1, 1, now()
FROM raw r CROSS JOIN jsonb_each_text(r.payload->'values') e
JOIN device d ON d.city = 'load' AND d.external_id = split_part(r.topic, '/', 3)
JOIN datastream s ON s.device = d.id AND s.property = e.key
"""


@pytest.mark.timeout(2 * SECONDS * runs(1) + 1800)
def test_sustained():
    result = Result(
        f"throughput-{SECONDS}-seconds",
        f"Messages a second, sustained for {SECONDS} seconds",
        "Messages of three readings are published at QoS 1 at a fixed rate to Mosquitto and stored by one ingest with "
        "quality control, while one processor makes rollups and KPI values of them. Publisher, broker, database (fsync "
        "on), ingest and processor share the machine. Published to stored is the time from when a message was due to "
        "the commit of its transaction, as the database notes it.",
        settings={"messages a second": RATE, "seconds": SECONDS, "devices": DEVICES, "readings": 3},
        goals={"stored": (">=", 10_000), "published to stored, 99 %": ("<=", 1.0), "lost": ("<=", 0)},
    )
    for _ in range(runs(1)):
        with Rig(DEVICES) as rig:
            register(rig)
            rig.start("process")
            result.add(paced(rig))
    result.write()


@pytest.mark.timeout(1800)
def test_backlog_beside_sub_and_psql():
    result = Result(
        "throughput-backlog",
        "Draining a backlog, beside mosquitto_sub | psql",
        "As many messages wait in a persistent session; then ingest, with decoding, quality control and the queue of "
        "what is to be rolled up, and in the same run `mosquitto_sub | psql`, a COPY and a statement that expands the "
        "JSON into the same table with the same index, each drain one. No processor runs. The rival acknowledges "
        "before anything is stored, checks nothing, and a second delivery would end it.",
        settings={"messages": MESSAGES, "devices": DEVICES, "readings": 3},
        goals={"times the rival": (">=", 1.0), "lost": ("<=", 0)},
    )
    with Rig(DEVICES) as rig:
        register(rig)
        for number in range(runs()):
            start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10 - 2 * number)
            ours, theirs = drained(rig, start), rival(rig, start + timedelta(days=1))
            result.add(ours | theirs | {"times the rival": (ours["stored"][0] / theirs["rival: stored"][0], "times")})
    result.write()


@pytest.mark.timeout(1800)
def test_memory_while_the_database_stands_still():
    result = Result(
        "throughput-stalled",
        "Memory while the database stands still",
        "The database is stopped for a minute (SIGSTOP) while the publisher goes on, and then goes on itself. Ingest "
        "holds no more than the broker's in-flight window and its own bounded inbox; the rest waits at the broker.",
        settings={"messages a second": RATE, "seconds standing still": STALLED, "devices": DEVICES},
        goals={"lost": ("<=", 0)},
    )
    for _ in range(runs(1)):
        with Rig(DEVICES) as rig:
            register(rig)
            result.add(stalled(rig))
    result.write()


def stalled(rig):
    messages, held = (STALLED + 20) * RATE, rig.observations()
    plan = rig.plan(datetime.now(UTC), timedelta(milliseconds=round(1000 * DEVICES / RATE)))
    before = rig.megabytes("ingest")
    with rig.watching_memory("ingest"):
        publisher = threading.Thread(target=send, args=(rig, plan, messages, RATE), daemon=True)
        publisher.start()
        time.sleep(10)
        with rig.database_standing_still():
            time.sleep(STALLED)
        publisher.join()
        began = time.monotonic()
        missing = rig.missing(held + 3 * messages, seconds=600)
    return {
        "ingest memory before": (before, "MB"),
        "ingest memory, most": (rig.peak_megabytes, "MB"),
        "lost": (missing / 3, "messages"),
        "even after": (time.monotonic() - began, "s"),
    }


def register(rig):
    """Each device speaks once, so that its datastreams are there."""
    rig.start("ingest")
    send(rig, rig.plan(datetime.now(UTC) - timedelta(hours=2), timedelta(seconds=1)), DEVICES)
    assert wait_until(lambda: rig.observations() >= 3 * DEVICES, seconds=60, every=0.2), rig.log("ingest")


def send(rig, plan, messages, rate=None):
    sender = Sender(rig.broker.url, plan, client_id="bypuls-load", rate=rate, window=8000)
    sender.run(threading.Event(), messages)
    return sender.receipt


def paced(rig):
    spacing = timedelta(milliseconds=round(1000 * DEVICES / RATE))
    plan, messages, held = rig.plan(datetime.now(UTC), spacing), SECONDS * RATE, rig.observations()
    before, publishing = rig.cpu(), time.thread_time()
    with rig.watching_memory("ingest"):
        receipt = send(rig, plan, messages, RATE)
        publishing = time.thread_time() - publishing
        missing = rig.missing(held + 3 * messages, seconds=300)
    spent = {name: (now - before[name]) / messages * 1e6 for name, now in rig.cpu().items()}
    begun = [number for number, _ in receipt.paces]
    asked = {
        "first": begun, "next": [*begun[1:], messages], "at": [at for _, at in receipt.paces], "start": plan.start,
        "spacing": 1000 * spacing.total_seconds(), "devices": DEVICES, "rate": RATE,
    }  # fmt: skip
    with connect(rig.url) as connection:
        delays, last = connection.execute(DELAYS, asked).fetchone()
        behind = connection.execute(
            "SELECT coalesce(extract(epoch FROM now() - min(queued_at)), 0) FROM changed_bucket"
        )
        rollups = float(behind.fetchone()[0])
    rig.stop("ingest")
    return {
        "published": (messages / receipt.seconds, "messages/s"),
        "stored": ((messages - missing / 3) / (last - receipt.paces[0][1]), "messages/s"),
        "lost": (missing / 3, "messages"),
        "stored twice": (rig.replaced(), "values"),
        "published to stored, half": (delays[0], "s"),
        "published to stored, 99 %": (delays[1], "s"),
        "published to stored, longest": (delays[2], "s"),
        "oldest bucket to be rolled up": (rollups, "s"),
        "publisher CPU": (publishing / messages * 1e6, "µs/message"),
        **{f"{name.replace('process', 'processor')} CPU": (each, "µs/message") for name, each in spent.items()},
        "ingest memory": (rig.peak_megabytes, "MB"),
    }


def drained(rig, start):
    if rig.runs("ingest"):
        rig.stop("ingest")
    plan = Plan(CITY, start, DEVICES, timedelta(seconds=1), topic=HISTORY)
    held = rig.observations()
    send(rig, plan, MESSAGES)
    rig.start("ingest")
    before = rig.cpu()
    missing = rig.missing(held + 3 * MESSAGES, seconds=600)
    spent = {name: (now - before[name]) / MESSAGES * 1e6 for name, now in rig.cpu().items()}
    query = """SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(received_at))::float8
               FROM observation WHERE time >= %s AND time < %s"""
    with connect(rig.url) as connection:
        (seconds,) = connection.execute(query, (start, start + timedelta(days=1))).fetchone()
    return {
        "stored": (MESSAGES / seconds, "messages/s"),
        "lost": (missing / 3, "messages"),
        "stored twice": (rig.replaced(), "values"),
        **{f"{name} CPU": (each, "µs/message") for name, each in spent.items()},
    }


def rival(rig, start):
    plan = Plan(CITY, start, DEVICES, timedelta(seconds=1), topic=RIVAL)
    port = rig.broker.url.rpartition(":")[2]
    subscribe = ["mosquitto_sub", "-p", port, "-c", "-i", "rival", "-q", "1", "-t", "rival/#"]
    subprocess.run([*subscribe, "-E"], check=True)
    held = rig.observations()
    send(rig, plan, MESSAGES)
    tell = [
        "CREATE TEMP TABLE raw (topic text, payload jsonb)", "COPY raw FROM STDIN", "ANALYZE raw", EXPAND,
    ]  # fmt: skip
    psql = [binaries_for(server_account()) / "psql", rig.url, "-q", "-1", "-v", "ON_ERROR_STOP=1"]
    before, children, began = rig.cpu(), worked(), time.monotonic()
    with subprocess.Popen([*subscribe, "-C", str(MESSAGES), "-F", "%t\t%p"], stdout=subprocess.PIPE) as receiving:
        subprocess.run([*psql, *(part for one in tell for part in ("-c", one))], stdin=receiving.stdout, check=True)
    seconds, spent = time.monotonic() - began, {name: now - before[name] for name, now in rig.cpu().items()}
    assert rig.observations() - held == 3 * MESSAGES
    return {
        "rival: stored": (MESSAGES / seconds, "messages/s"),
        "rival: mosquitto_sub and psql CPU": ((worked() - children) / MESSAGES * 1e6, "µs/message"),
        "rival: database CPU": (spent["database"] / MESSAGES * 1e6, "µs/message"),
        "rival: broker CPU": (spent["broker"] / MESSAGES * 1e6, "µs/message"),
    }


def worked():
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
