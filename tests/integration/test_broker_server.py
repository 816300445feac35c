"""The brokers we start: what they keep, what they lose, and how they end."""

import logging
import os
import signal
import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt
import psutil
import pytest

from bypuls import broker_server
from bypuls.broker_server import IotCore, Mosquitto, choose_broker
from bypuls.errors import ServerError, SettingsError
from bypuls.mosquitto_config import MosquittoOptions, access_rules
from bypuls.server_folder import LOOPBACK, free_port, wait_until

MESSAGES = 5000


class Client:
    """A paho client with what it received, for a few lines of test."""

    def __init__(self, broker, name, *, clean=True, user=None, password=None):
        self.received = []
        self.refused = threading.Event()
        self._connected = threading.Event()
        self._subscribed = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        if user:
            self.client.username_pw_set(user, password)
        self.client.max_inflight_messages_set(1000)
        self.client.on_message = lambda _c, _u, message: self.received.append((message.topic, message.payload))
        self.client.on_connect = lambda _c, _u, _f, code, _p: (
            self.refused if code.is_failure else self._connected
        ).set()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.connect(LOOPBACK, broker.folder.kept_port())
        self.client.loop_start()

    def __enter__(self):
        assert self._connected.wait(60)
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic):
        self._subscribed.clear()
        self.client.subscribe(topic, qos=1)
        assert self._subscribed.wait(60)

    def publish(self, topic, payloads):
        published = [self.client.publish(topic, payload, qos=1) for payload in payloads]
        for each in published:
            each.wait_for_publish(60)
        assert all(each.is_published() for each in published)

    def has(self, count):
        return wait_until(lambda: len(self.received) >= count, seconds=60)


def numbered():
    return [str(number).encode() for number in range(MESSAGES)]


@pytest.mark.broker
def test_mosquitto_keeps_thousands_of_messages_for_a_subscriber_that_is_away(mosquitto, unique):
    with Client(mosquitto, unique, clean=False) as away:
        away.subscribe(f"{unique}/#")
    with Client(mosquitto, f"{unique}-publisher") as publisher:
        publisher.publish(f"{unique}/x", numbered())
    with Client(mosquitto, unique, clean=False) as back:
        assert back.has(MESSAGES)
        assert [payload for _, payload in back.received] == numbered()


@pytest.mark.broker
def test_mosquitto_keeps_its_queue_over_a_clean_restart(new_mosquitto, unique):
    broker = new_mosquitto()
    broker.start()
    with Client(broker, unique, clean=False) as away:
        away.subscribe(f"{unique}/#")
    with Client(broker, f"{unique}-publisher") as publisher:
        publisher.publish(f"{unique}/x", numbered())
    broker.stop()
    broker.start()
    with Client(broker, unique, clean=False) as back:
        assert back.has(MESSAGES)
        assert [payload for _, payload in back.received] == numbered()


@pytest.mark.broker
def test_mosquitto_killed_loses_only_what_it_had_not_written_yet(new_mosquitto, unique):
    broker = new_mosquitto(autosave_seconds=1)
    broker.start()
    with Client(broker, unique, clean=False) as away:
        away.subscribe(f"{unique}/#")
    with Client(broker, f"{unique}-publisher") as publisher:
        publisher.publish(f"{unique}/x", numbered())
    published, saved = time.time(), broker.folder.path / "mosquitto.db"
    assert wait_until(lambda: saved.exists() and saved.stat().st_mtime > published + 0.5, seconds=60)
    os.kill(broker.pid, signal.SIGKILL)
    broker.stop()
    broker.start()
    with Client(broker, unique, clean=False) as back:
        assert back.has(MESSAGES)
    assert "loses what it got in the last 1 s" in broker.limits[0]


@pytest.mark.broker
def test_ten_megabytes_get_through_and_a_larger_packet_ends_its_sender_only(mosquitto, unique):
    with Client(mosquitto, unique) as listener, Client(mosquitto, f"{unique}-2") as publisher:
        listener.subscribe(f"{unique}/#")
        publisher.publish(f"{unique}/x", [b"x" * 10_000_000])
        assert listener.has(1)
        publisher.client.publish(f"{unique}/x", b"x" * 20_000_000, qos=0)
        publisher.publish(f"{unique}/x", [b"after"])
        assert listener.has(2)
        assert [len(payload) for _, payload in listener.received] == [10_000_000, 5]


@pytest.mark.broker
def test_a_device_reaches_its_own_topics_only(new_mosquitto, unique):
    users = {"ingest": "one", "lamp": "two"}
    broker = new_mosquitto(users=users, rules=access_rules(["trondheim"], full=["ingest"]))
    broker.start()
    with (
        Client(broker, f"{unique}-i", user="ingest", password="one") as ingest,
        Client(broker, f"{unique}-l", user="lamp", password="two") as lamp,
    ):
        ingest.subscribe("bypuls/v1/#")
        lamp.publish("bypuls/v1/trondheim/neighbour/observations", [b"forged"])
        lamp.publish("bypuls/v1/oslo/lamp/observations", [b"elsewhere"])
        lamp.publish("bypuls/v1/trondheim/lamp/observations", [b"own"])
        assert ingest.has(1)
        assert [payload for _, payload in ingest.received] == [b"own"]


@pytest.mark.broker
@pytest.mark.parametrize(("user", "password"), [(None, None), ("lamp", "wrong"), ("stranger", "two")])
def test_nobody_signs_in_without_the_right_password_once_there_are_users(new_mosquitto, unique, user, password):
    broker = new_mosquitto(users={"lamp": "two"})
    broker.start()
    client = Client(broker, unique, user=user, password=password)
    try:
        assert client.refused.wait(60)
    finally:
        client.__exit__()


@pytest.mark.broker
def test_a_second_broker_on_the_same_folder_is_refused(new_mosquitto):
    broker = new_mosquitto()
    broker.start()
    second = new_mosquitto(home=broker.folder.path.parent)
    with pytest.raises(ServerError, match=f"already run by process {os.getpid()}"):
        second.start()


@pytest.mark.broker
def test_a_taken_port_is_one_clear_line(server_home):
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"the MQTT broker cannot listen on port {taken}"):
            choose_broker(server_home, port=taken).start()


@pytest.mark.broker
def test_it_listens_on_loopback_only_and_refuses_to_be_open_to_everybody(mosquitto, server_home):
    listening = {c.laddr.ip for c in psutil.Process(mosquitto.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {LOOPBACK}
    with pytest.raises(SettingsError, match="for everybody"):
        choose_broker(server_home, port=free_port(), options=MosquittoOptions(address="0.0.0.0")).start()


@pytest.mark.broker
@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves its account")
def test_root_runs_the_broker_as_an_unprivileged_account(mosquitto):
    assert psutil.Process(mosquitto.pid).uids().effective == mosquitto.folder.account.uid != 0


@pytest.mark.broker
def test_mosquitto_is_preferred_where_it_is_installed(server_home):
    assert isinstance(choose_broker(server_home), Mosquitto)


@pytest.fixture
def no_mosquitto(monkeypatch):
    monkeypatch.setattr(broker_server, "find_mosquitto", lambda: None)


needs_iotcore = pytest.mark.skipif(sys.version_info >= (3, 14), reason="iotcore has no wheel for this Python")


@needs_iotcore
@pytest.mark.usefixtures("no_mosquitto")
def test_without_mosquitto_the_broker_from_pypi_serves_and_says_what_it_lacks(server_home, unique, caplog):
    caplog.set_level(logging.WARNING)
    broker = choose_broker(server_home, port=free_port())
    assert isinstance(broker, IotCore)
    broker.start()
    try:
        with Client(broker, unique) as client:
            client.subscribe(f"{unique}/#")
            client.publish(f"{unique}/x", [b"a", b"x" * 1_000_000])
            assert client.has(2)
    finally:
        broker.stop()
    assert "development and demonstration only" in caplog.text
    assert "memory only" in caplog.text
    assert "no access rules" in caplog.text


@pytest.mark.usefixtures("no_mosquitto")
def test_the_broker_from_pypi_is_refused_where_users_are_wanted(server_home):
    with pytest.raises(ServerError, match="install Mosquitto"):
        choose_broker(server_home, options=MosquittoOptions(users={"ingest": "secret"}))


@pytest.mark.usefixtures("no_mosquitto")
def test_without_any_broker_the_message_says_what_to_do(server_home, monkeypatch):
    monkeypatch.setitem(sys.modules, "iotcore", None)
    with pytest.raises(ServerError, match="install Mosquitto, or set BYPULS_BROKER_URL"):
        choose_broker(server_home, port=free_port()).start()
