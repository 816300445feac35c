"""What waits in the outbox reaches the broker, each message once however slow the broker is."""

import os
import signal
import threading
import time

import paho.mqtt.client as mqtt
import pytest

from bypuls.clock import utc_now
from bypuls.settings import IngestSettings
from bypuls.storage.database import connect
from ingest.compose import build

pytestmark = [pytest.mark.lane("plain"), pytest.mark.broker]

MESSAGES = 1200


def test_a_broker_that_hangs_for_a_while_gets_no_message_twice(migrated_url, new_mosquitto, unique):
    broker = new_mosquitto()
    broker.start()
    topic = f"bypuls/v1/{unique}/a/config"
    with connect(migrated_url, "writer", autocommit=True) as connection:
        connection.execute(
            """INSERT INTO outbox (source, topic, payload)
               SELECT 'live', %s, n::text::bytea FROM generate_series(1, %s) n""",
            (topic, MESSAGES),
        )
    heard = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: heard.append(int(message.payload))
    client.connect("127.0.0.1", int(broker.url.rpartition(":")[2]))
    client.subscribe(topic, 1)
    client.loop_start()
    stop, settings = threading.Event(), IngestSettings(instance=unique)
    ingest = build(lambda: connect(migrated_url, "writer", autocommit=True), broker.url, settings, utc_now)
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    try:
        wait(lambda: heard)
        os.kill(broker.pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(broker.pid, signal.SIGCONT)
        with connect(migrated_url, autocommit=True) as connection:
            wait(lambda: connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,))
        wait(lambda: len(heard) >= MESSAGES)
        time.sleep(1)
    finally:
        stop.set()
        thread.join(60)
        client.loop_stop()
    assert sorted(heard) == list(range(1, MESSAGES + 1))


def wait(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
