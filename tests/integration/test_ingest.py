"""Messages through a real broker into a real database: stored, or in quarantine with a reason; none lost or twice."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as mqtt
import pytest

from bypuls.city import City, DeviceEntry, SiteEntry
from bypuls.clock import isoformat, utc_now
from bypuls.errors import BrokerError
from bypuls.observation import Origin
from bypuls.settings import IngestSettings
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest.compose import build
from ingest.source_files import add_source, read_source
from simulators.publisher import Publisher

pytestmark = pytest.mark.broker


class Platform:
    """An ingest that can be started, stopped and asked."""

    def __init__(self, url, broker_url, city, **settings):
        self.url, self.broker_url, self.city = url, broker_url, city
        self._settings = IngestSettings(instance=city, **settings)
        self._stop, self._thread = threading.Event(), None
        self.ingest = None

    def start(self):
        self._stop = threading.Event()
        self.ingest = build(self.open, self.broker_url, self._settings, utc_now)
        self._thread = threading.Thread(target=self.ingest.run, args=(self._stop,))
        self._thread.start()
        self.wait(lambda: all(broker.connected for broker in self.ingest._brokers))
        return self

    def open(self):
        return connect(self.url, "writer", autocommit=True)

    def stop(self):
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)
            assert not self._thread.is_alive()

    def publish(self, device, payload, *, kind="observations", city=None, retain=False):
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        with Publisher(self.broker_url, f"device-{self.city}-{time.monotonic_ns()}") as publisher:
            publisher.publish(f"bypuls/v1/{city or self.city}/{device}/{kind}", text, retain=retain)
            publisher.flush(10)

    def rows(self, query, *parameters):
        with connect(self.url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def wait_until_it_hears_of_the_registry(self):
        """As it does when it next speaks with the database, which is every second."""
        self.wait(lambda: self.ingest._pipeline.registry_changed)

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)

    def assert_soon(self, query, expected, seconds=60):
        deadline = time.monotonic() + seconds
        while (got := self.rows(query)) != expected:
            assert time.monotonic() < deadline, f"{query}: {got}, not {expected}"
            time.sleep(0.05)


@pytest.fixture
def platform(migrated_url, mosquitto, unique):
    city = City(
        city=unique,
        name={"en": "Here"},
        time_zone="Europe/Oslo",
        sites=[SiteEntry(slug="square", name="Square", kind="traffic")],
    )
    with connect(migrated_url, autocommit=True) as connection:
        add_city(connection, city, "test")
    platform = Platform(migrated_url, mosquitto.url, unique)
    yield platform
    platform.stop()


@contextlib.contextmanager
def heard(broker_url, topic):
    """The payloads that come on a topic, from now on: the broker has said that it hands them over."""
    payloads, listening = [], threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: payloads.append(message.payload)
    client.on_subscribe = lambda *_: listening.set()
    client.connect("127.0.0.1", int(broker_url.rpartition(":")[2]))
    client.subscribe(topic, 1)
    client.loop_start()
    try:
        assert listening.wait(60)
        yield payloads
    finally:
        client.disconnect()
        client.loop_stop()


def port_of(broker):
    return ["-h", "127.0.0.1", "-p", broker.url.rpartition(":")[2]]


def test_a_message_of_a_known_device_is_stored_in_canonical_units_at_its_place(platform):
    platform.start()
    stamp = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    reading = {"quantity": "no2", "value": 0.05, "unit": "mg/m3"}
    platform.publish("square", {"time": isoformat(stamp), "readings": [reading]})
    platform.assert_soon("SELECT value, flag FROM observation", [(50.0, 1)])
    assert platform.rows("SELECT property, site, device FROM datastream JOIN observation ON id = datastream")[0][
        :2
    ] == (
        "no2",
        "square",
    )
    assert platform.rows("SELECT time FROM observation") == [(stamp,)]


def test_mosquitto_pub_is_all_a_device_needs(platform, mosquitto):
    platform.start()
    topic = f"bypuls/v1/{platform.city}/square/observations"
    subprocess.run(
        [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            mosquitto.url.rpartition(":")[2],
            "-q",
            "1",
            "-t",
            topic,
            "-m",
            '{"pm25": 12.5}',
        ],
        check=True,
    )
    platform.assert_soon("SELECT value FROM observation", [(12.5,)])


def test_a_stranger_is_stored_as_a_pending_device_of_no_place(platform):
    platform.start()
    platform.publish("newcomer", {"pm10": 20})
    platform.assert_soon("SELECT value FROM observation", [(20.0,)])
    assert platform.rows("SELECT status, site FROM device WHERE external_id = 'newcomer'") == [("pending", None)]


def test_what_is_refused_is_in_quarantine_with_its_reason_and_the_device_is_told(platform, mosquitto):
    platform.start()
    topic = f"bypuls/v1/{platform.city}/square/errors"
    with heard(mosquitto.url, topic) as messages:
        platform.publish("square", {"readings": [{"quantity": "pm25", "value": 12.5, "unit": "furlongs"}]})
        platform.assert_soon("SELECT reason, device, stored FROM quarantine", [("unknown_unit", "square", 0)])
        platform.wait(lambda: messages)
    assert json.loads(messages[0])["refused"][0]["code"] == "unknown_unit"
    assert platform.rows("SELECT count(*) FROM observation") == [(0,)]


BAD = {
    "invalid_json": [b'{"temperature": 21.4, "humidity": 4', b"\xff\xfe\x00"],
    "non_finite": [b'{"pm25": NaN}'],
    "wrong_type": [b'{"pm25": [1, 2]}', b'{"pm25": "12,5"}'],
    "time_unreadable": [b'{"pm25": 12, "time": "yesterday"}'],
    "time_in_past": [b'{"pm25": 12, "time": "1970-01-01T00:00:00Z"}', b'{"pm25": 12, "time": 5}'],
    "time_in_future": [b'{"pm25": 12, "time": "2099-12-31T23:59:59Z"}'],
    "too_deep": [b"[" * 10_000],
    "empty": [b"{}"],
    "too_large": [b'{"pm25": 1' + b" " * 10_000_000 + b"}"],
    "bad_name": [b'{"a\\u0000b": 2}'],
}


def test_bad_messages_stop_nothing_and_each_is_in_quarantine_with_its_reason(platform):
    platform.start()
    for n, payload in enumerate(payload for payloads in BAD.values() for payload in payloads):
        platform.publish("square", payload)
        platform.publish("square", {"pm25": n, "time": isoformat(utc_now() - timedelta(seconds=n))})
    expected = sorted((reason, len(payloads)) for reason, payloads in BAD.items())
    platform.assert_soon("SELECT reason, count(*) FROM quarantine GROUP BY 1 ORDER BY 1", expected)
    platform.assert_soon("SELECT count(*) FROM observation", [(sum(len(payloads) for payloads in BAD.values()),)])
    kept = {bytes(payload) for (payload,) in platform.rows("SELECT payload FROM quarantine")}
    assert kept == {payload for payloads in BAD.values() for payload in payloads}


def test_an_unknown_city_is_refused_and_taken_as_soon_as_it_is_added_and_replayed(platform):
    platform.start()
    other = f"{platform.city}x"
    platform.publish("square", {"pm10": 3}, city=other)
    platform.assert_soon("SELECT reason FROM quarantine", [("unknown_city",)])
    with connect(platform.url, autocommit=True) as connection:
        add_city(connection, City(city=other, name={"en": "There"}, time_zone="Europe/Oslo"), "test")
    platform.rows("UPDATE quarantine SET replay_asked_at = now() RETURNING id")
    platform.assert_soon("SELECT replay_outcome FROM quarantine", [("1 stored",)])
    assert platform.rows("SELECT city, value FROM datastream JOIN observation ON id = datastream") == [(other, 3.0)]


def test_a_retained_value_without_a_time_is_no_observation(platform):
    platform.publish("square", {"pm10": 99}, retain=True)
    platform.start()
    platform.publish("square", {"pm10": 5})
    platform.assert_soon("SELECT value FROM observation", [(5.0,)])
    platform.publish("square", b"", retain=True)


def test_a_disabled_device_is_refused_from_the_moment_it_is_disabled(platform):
    platform.start()
    platform.publish("square", {"pm10": 1})
    platform.assert_soon("SELECT value FROM observation", [(1.0,)])
    platform.rows("UPDATE device SET status = 'disabled' RETURNING id")
    platform.wait_until_it_hears_of_the_registry()
    platform.publish("square", {"pm10": 2})
    platform.assert_soon("SELECT reason FROM quarantine", [("device_disabled",)])


def test_what_was_published_while_ingest_was_away_is_stored_when_it_is_back(platform):
    platform.start()
    platform.publish("square", {"pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    platform.stop()
    start = datetime(2026, 11, 1, tzinfo=UTC)
    with Publisher(platform.broker_url, f"device-{platform.city}") as publisher:
        for n in range(3000):
            text = json.dumps({"time": isoformat(start + timedelta(seconds=n)), "values": {"pm10": n}})
            publisher.publish(f"bypuls/v1/{platform.city}/square/observations", text.encode())
    platform.start()
    platform.assert_soon("SELECT count(*) FROM observation", [(3001,)])


@pytest.mark.lane("plain")
def test_since_when_a_datastream_speaks_is_known_with_its_first_value_and_until_when_at_the_end(platform):
    platform.start()
    start = datetime(2026, 11, 1, tzinfo=UTC)
    platform.ingest._housekeeping_at = time.monotonic() + 3600  # what it writes now and then is not written
    for hour in (3, 4, 1, 2):
        platform.publish("square", {"time": isoformat(start + timedelta(hours=hour)), "values": {"pm10": hour}})
        platform.assert_soon(f"SELECT count(*) FROM observation WHERE value = {hour}", [(1,)])
        first = 3 if hour > 2 else 1
        assert platform.rows("SELECT first_time FROM datastream") == [(start + timedelta(hours=first),)]
    platform.stop()
    spoke = platform.rows(
        "SELECT first_time, last_time, last_seen IS NOT NULL FROM datastream JOIN device d ON d.id = device"
    )
    assert spoke == [(start + timedelta(hours=1), start + timedelta(hours=4), True)]


def test_a_database_that_is_away_is_waited_for_and_nothing_is_acknowledged_meanwhile(platform):
    platform.start()
    platform.publish("square", {"pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    platform.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bypuls writer' "
                  "AND datname = current_database()")  # fmt: skip
    platform.publish("square", {"pm10": 2, "pm25": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(3,)])


def test_the_last_messages_of_a_device_are_kept_with_what_became_of_them(platform):
    platform.start()
    platform.publish("square", {"pm10": 1, "what": 2})
    query = "SELECT outcome->>'stored', outcome->'refused'->0->>'code' FROM recent_message"
    platform.assert_soon(query, [("1", "unknown_property")])


@pytest.mark.lane("plain")
def test_where_many_speak_at_once_the_messages_of_each_are_kept_in_turn(platform, monkeypatch):
    monkeypatch.setattr("ingest.housekeeping._REMEMBERED_PER_ROUND", 2)
    monkeypatch.setattr("ingest.worker._HOUSEKEEPING_SECONDS", 0.5)
    platform.start()
    for device in "abcde":
        platform.publish(device, {"pm10": 1})
    platform.assert_soon("SELECT count(DISTINCT device), count(*) FROM recent_message", [(5, 5)])


@pytest.mark.lane("plain")
def test_two_brokers_at_once_each_with_its_source(platform, new_mosquitto, tmp_path):
    second = new_mosquitto()
    second.start()
    file = tmp_path / "source.yaml"
    file.write_text(
        f"name: second\nbroker: {second.url}\ntopic_filter: plant/+\nformats: [senml]\n"
        f"city: {platform.city}\ntrusts_payload_device: true\n"
    )
    with connect(platform.url, autocommit=True) as connection:
        add_source(connection, read_source(file), "test")
    platform.start()
    platform.publish("square", {"pm10": 1})
    with Publisher(second.url, "plant") as publisher:
        publisher.publish("plant/7", b'[{"bn": "meter-7:", "n": "pm10", "u": "ug/m3", "v": 2}]')
    query = """SELECT external_id, value FROM device d JOIN datastream s ON s.device = d.id
               JOIN observation ON s.id = datastream ORDER BY value"""
    platform.assert_soon(query, [("square", 1.0), ("meter-7", 2.0)])


@pytest.mark.lane("plain")
def test_a_source_may_speak_mqtt_5_and_a_property_that_paho_cannot_read_stops_nothing(
    platform, new_mosquitto, tmp_path
):
    second = new_mosquitto()
    second.start()
    file = tmp_path / "source.yaml"
    file.write_text(
        f"name: five\nbroker: {second.url}\nprotocol: '5'\ntopic_filter: plant/+\nformats: [senml]\n"
        f"city: {platform.city}\ntrusts_payload_device: true\n"
    )
    with connect(platform.url, autocommit=True) as connection:
        add_source(connection, read_source(file), "test")
    platform.start()
    platform.stop()
    for n, text in enumerate(("plain", "a\ufeffb", "after")):
        pack = f'[{{"bn": "meter-{n}:", "n": "pm10", "u": "ug/m3", "v": {n}}}]'
        subprocess.run(
            ["mosquitto_pub", *port_of(second), "-V", "5", "-q", "1", "-t", "plant/7", "-m", pack,
             "-D", "publish", "user-property", "k", text, "-D", "publish", "content-type", "application/senml+json"],
            check=True,
        )  # fmt: skip
    platform.start()  # the session was kept: what came meanwhile is there
    platform.assert_soon("SELECT value FROM observation ORDER BY value", [(0.0,), (1.0,), (2.0,)])


@pytest.mark.lane("plain")
def test_a_broker_that_refuses_us_is_one_clear_line(migrated_url, new_mosquitto):
    broker = new_mosquitto(users={"ingest": "secret"})
    broker.start()
    ingest = build(
        lambda: connect(migrated_url, "writer", autocommit=True),
        broker.url.replace("mqtt://", "mqtt://ingest:wrong@"),
        IngestSettings(),
        utc_now,
    )
    with pytest.raises(BrokerError, match="refuses us") as caught:
        ingest.run(threading.Event())
    assert "wrong" not in str(caught.value)


# What follows was found by trying to break it; each once stopped the stream or stored something twice.


def test_a_message_without_a_time_is_one_value_however_often_it_is_delivered(platform):
    """The broker delivers again what was not acknowledged when the connection broke: it is the same value."""
    platform.start()
    connection = platform.ingest._brokers[0]
    with Publisher(platform.broker_url, f"device-{platform.city}") as publisher:
        for n in range(3000):
            if n % 1000 == 500:
                connection._client._sock_close()
            publisher.publish(f"bypuls/v1/{platform.city}/square/observations", json.dumps({"pm10": n / 10}).encode())
        publisher.flush(30)
    platform.assert_soon("SELECT count(DISTINCT value) FROM observation", [(3000,)])
    time.sleep(0.5)
    assert platform.rows("SELECT count(*) FROM observation") == [(3000,)]


@pytest.mark.lane("plain")
def test_after_a_crash_between_commit_and_acknowledgement_a_timeless_message_is_stored_once(platform, monkeypatch):
    platform.start()
    monkeypatch.setattr("ingest.worker.acknowledge", lambda _: None)
    platform.publish("square", {"pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    platform.stop()
    monkeypatch.undo()
    platform.start()
    platform.publish("square", {"pm25": 2})
    platform.assert_soon("SELECT value FROM observation ORDER BY value", [(1.0,), (2.0,)])


@pytest.mark.lane("plain")
def test_a_topic_too_long_for_an_index_stops_nothing(platform):
    platform.start()
    platform.publish("字" * 950, {"pm10": 1})
    platform.publish("square", {"pm10": 2})
    platform.assert_soon("SELECT value FROM observation", [(2.0,)])
    platform.assert_soon("SELECT count(*) FROM quarantine", [(1,)])


@pytest.mark.lane("plain")
def test_a_value_the_database_refuses_is_quarantined_beside_its_neighbours_and_its_replay_stops_nothing(platform):
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE observation ADD CHECK (value <> 13)")
    platform.start()
    with Publisher(platform.broker_url, f"device-{platform.city}") as publisher:
        for n in range(40):
            publisher.publish(f"bypuls/v1/{platform.city}/square/observations", json.dumps({"pm10": n}).encode())
    platform.assert_soon("SELECT count(*) FROM observation", [(39,)])
    platform.assert_soon("SELECT reason FROM quarantine", [("not_storable",)])
    platform.rows("UPDATE quarantine SET replay_asked_at = now() RETURNING id")
    platform.assert_soon("SELECT starts_with(replay_outcome, 'still not storable') FROM quarantine", [(True,)])
    platform.publish("square", {"pm10": 50})
    platform.assert_soon("SELECT count(*) FROM observation", [(40,)])


@pytest.mark.lane("plain")
def test_a_registry_that_contradicts_itself_is_refused_per_message(platform):
    platform.start()
    platform.rows("""UPDATE device SET readings = '{"pm10": {"stamp": "begin"}}' RETURNING id""")
    platform.wait_until_it_hears_of_the_registry()
    platform.publish("square", {"pm10": 1})
    platform.publish("square", {"pm25": 2})
    platform.assert_soon("SELECT value FROM observation", [(2.0,)])
    platform.assert_soon("SELECT reason FROM quarantine", [("not_storable",)])


@pytest.mark.lane("plain")
def test_a_device_moved_gets_a_new_datastream_at_once(platform):
    platform.start()
    platform.publish("square", {"pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    with connect(platform.url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO site (city, slug, name, kind) VALUES (%s, 'hill', 'Hill', 'road')", (platform.city,)
        )
        connection.execute("UPDATE device SET site = 'hill'")
    platform.publish("square", {"pm25": 2})
    platform.assert_soon("SELECT site FROM datastream ORDER BY id DESC LIMIT 1", [("hill",)])


@pytest.mark.lane("plain")
def test_a_device_cannot_fill_the_registry(platform):
    platform._settings.max_datastreams = 10
    platform.start()
    readings = [{"quantity": "pm10", "value": n, "unit": "ug/m3", "channel": f"c{n}"} for n in range(50)]
    platform.publish("square", {"readings": readings})
    platform.assert_soon("SELECT reason, stored FROM quarantine", [("too_many_datastreams", 10)])
    assert platform.rows("SELECT count(*) FROM datastream") == [(10,)]


@pytest.mark.lane("plain")
def test_a_pending_device_that_turns_out_simulated_is_simulated_all_along(platform):
    platform.start()
    platform.publish("newcomer", {"pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    city = City(
        city=platform.city,
        name={"en": "Here"},
        time_zone="Europe/Oslo",
        sites=[SiteEntry(slug="square", name="Square", kind="traffic")],
        devices=[DeviceEntry(id="newcomer", site="square", origin=Origin.SIMULATED)],
    )
    with connect(platform.url, autocommit=True) as connection:
        add_city(connection, city, "test")
    assert platform.rows("SELECT site, origin FROM datastream") == [("square", "simulated")]
    assert platform.rows("SELECT status FROM device WHERE external_id = 'newcomer'") == [("active",)]
