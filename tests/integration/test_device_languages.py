"""What reading remembers and learns, through a real broker into a real database."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from bypuls.city import City, DeviceEntry, ReadingEntry, SiteEntry
from bypuls.cli import app
from bypuls.clock import isoformat, utc_now
from bypuls.errors import SettingsError
from bypuls.settings import IngestSettings
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest import validation
from ingest.decoding import Answer, Decoded, Decoder, Reading, SentEvent
from ingest.memories import Memories
from ingest.source_files import add_source, describe_sources, load_sources, read_source, switch_source
from simulators.publisher import Publisher
from tests.integration.test_ingest import Platform, heard, port_of

pytestmark = [pytest.mark.broker, pytest.mark.lane("plain")]


class Languages(Platform):
    """An ingest whose sources a test adds."""

    def __init__(self, url, broker_url, city, folder):
        super().__init__(url, broker_url, city)
        self.folder = folder

    def source(self, text, name="plant"):
        file = self.folder / f"{name}.yaml"
        file.write_text(f"name: {name}\n{text}\n" + ("" if "city:" in text else f"city: {self.city}\n"))
        with connect(self.url, autocommit=True) as connection:
            add_source(connection, read_source(file), "test")

    def send(self, topic, payload, *, retain=False):
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        with Publisher(self.broker_url, f"sender-{self.city}-{time.monotonic_ns()}") as publisher:
            publisher.publish(topic, text, retain=retain)
            publisher.flush(10)

    def device(self, name, **columns):
        with connect(self.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO device (city, external_id, status) VALUES (%s, %s, 'active')", (self.city, name)
            )
            for column, value in columns.items():
                shown = Jsonb(value) if isinstance(value, dict) else value
                connection.execute(f"UPDATE device SET {column} = %s WHERE external_id = %s", (shown, name))


@pytest.fixture
def platform(migrated_url, new_mosquitto, unique, tmp_path):
    broker = new_mosquitto()
    broker.start()
    with connect(migrated_url, autocommit=True) as connection:
        city = City(city=unique, name={"en": "Here"}, time_zone="Europe/Oslo", sites=[])
        add_city(connection, city, "test")
    made = Languages(migrated_url, broker.url, unique, tmp_path)
    made.broker = broker
    yield made
    made.stop()


@pytest.fixture
def aliases(monkeypatch):
    """A format that needs what came before: `birth` names the alias that `data` uses, an unknown one is asked for."""

    def decode(message, _source, context):
        document = json.loads(message.payload)
        if "birth" in document:
            context.memory.put("alias", {"name": document["birth"]})
            return Decoded(readings=_optional(document), ignored="metadata")
        known = context.memory.get("alias")
        if known is None:
            return Decoded(ignored="metadata", answers=[Answer("plant/cmd", b"rebirth")])
        return Decoded([Reading("d", known["name"], known["name"], "", document["data"], "ug/m3", None)])

    def _optional(document):
        return [Reading("d", "v", "pm1", "", document["value"], "ug/m3", None)] if "value" in document else []

    _install(monkeypatch, "aliases", Decoder("aliases", lambda m: m.payload[:1] == b"{", decode))


def _install(monkeypatch, name, decoder):
    """A format more, in every catalogue that is loaded."""
    load = validation.Catalogue.load.__func__

    def with_it(cls):
        found = load(cls)
        return cls(found.units, found.properties, {**found.decoders, name: decoder}, found.profiles)

    monkeypatch.setattr(validation.Catalogue, "load", classmethod(with_it))


PM10 = "SELECT value FROM observation JOIN datastream s ON s.id = datastream WHERE property = 'pm10' ORDER BY value"


@pytest.mark.usefixtures("aliases")
def test_what_was_remembered_is_remembered_after_a_restart(platform):
    platform.source("topic_filter: plant/+\nformat: aliases")
    platform.start()
    platform.send("plant/1", {"birth": "pm10"})
    platform.assert_soon("SELECT scope, key, document FROM memory", [("plant", "alias", {"name": "pm10"})])
    platform.stop()
    platform.start()
    platform.send("plant/1", {"data": 5})
    platform.assert_soon(PM10, [(5.0,)])


@pytest.mark.usefixtures("aliases")
def test_what_a_lost_batch_noted_is_not_remembered_and_is_noted_when_it_is_stored(platform):
    platform.source("topic_filter: plant/+\nformat: aliases")
    platform.start()
    write, tries = platform.ingest._writer.write, []

    def fail_once(batch):
        tries.append(batch.notes)
        platform.ingest._writer.write = write
        platform.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bypuls writer' "
                      "AND datname = current_database()")  # fmt: skip
        return write(batch)

    platform.ingest._writer.write = fail_once
    platform.send("plant/1", {"birth": "pm10"})
    platform.assert_soon("SELECT key FROM memory", [("alias",)])
    assert [[note.key for note in notes] for notes in tries] == [["alias"]]
    platform.send("plant/1", {"data": 5})
    platform.assert_soon(PM10, [(5.0,)])


@pytest.mark.usefixtures("aliases")
def test_a_note_goes_with_the_message_that_the_database_refuses(platform):
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE observation ADD CHECK (value <> 13)")
    platform.source("topic_filter: plant/+\nformat: aliases")
    platform.start()
    with Publisher(platform.broker_url, "sender") as publisher:
        publisher.publish("plant/1", b'{"birth": "pm10"}')
        publisher.publish("plant/1", b'{"data": 1}')
        publisher.publish("plant/1", b'{"birth": "pm25", "value": 13}')
        publisher.flush(10)
    platform.assert_soon("SELECT reason FROM quarantine", [("not_storable",)])
    platform.assert_soon("SELECT document FROM memory", [({"name": "pm10"},)])
    platform.send("plant/1", {"data": 2})
    platform.assert_soon(PM10, [(1.0,), (2.0,)])


@pytest.mark.usefixtures("aliases")
def test_an_answer_is_published_on_the_sources_own_broker(platform, new_mosquitto):
    second = new_mosquitto()
    second.start()
    platform.source(f"topic_filter: plant/+\nformat: aliases\nbroker: {second.url}")
    platform.start()
    with heard(second.url, "plant/cmd") as messages:
        with Publisher(second.url, "sender") as publisher:
            publisher.publish("plant/1", b'{"data": 1}')
            publisher.publish("plant/1", b'{"data": 2}')
        platform.wait(lambda: messages)
    assert messages[0] == b"rebirth"
    platform.assert_soon("SELECT count(*) FROM outbox", [(0,)])


def uplink(counter, value, device="am319-1", **more):
    return {
        "end_device_ids": {
            "device_id": device,
            "application_ids": {"application_id": "app"},
            "dev_eui": "24E124707C48",
        },
        "received_at": isoformat(utc_now()),
        "uplink_message": {
            "session_key_id": "AY",
            "f_port": 85,
            "f_cnt": counter,
            "frm_payload": base64.b64encode(b"x").decode(),
            "decoded_payload": {"co2": value},
            "rx_metadata": [{"gateway_ids": {"gateway_id": "g"}, "rssi": -70}],
            "received_at": isoformat(utc_now()),
            **more,
        },
    }


def test_the_same_radio_frame_is_stored_once_and_lost_ones_are_counted(platform):
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nunits: {co2: ppm}")
    platform.start()
    topic = "v3/app@tenant/devices/am319-1/up"
    for counter, value in [(7, 500), (7, 500), (8, 510), (12, 520), (8, 999)]:
        platform.send(topic, uplink(counter, value))
    co2 = "SELECT value FROM observation JOIN datastream s ON s.id = datastream WHERE property = 'co2' ORDER BY value"
    platform.assert_soon(co2, [(500.0,), (510.0,), (520.0,)])
    counted = """SELECT document->'received', document->'lost', document->'duplicates' FROM memory
                 WHERE starts_with(key, 'frames/')"""
    platform.assert_soon(counted, [(3, 3, 2)])
    platform.stop()
    platform.start()
    platform.send(topic, uplink(12, 777))
    platform.send(topic, uplink(13, 530))
    platform.assert_soon(co2, [(500.0,), (510.0,), (520.0,), (530.0,)])
    platform.assert_soon("SELECT keys->>'eui' IS NOT NULL FROM device", [(True,)])


def test_a_replayed_message_is_no_repeated_frame(platform):
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nunits: {co2: ppm}\nunknown_device: quarantine")
    platform.start()
    platform.send("v3/app@tenant/devices/am319-1/up", uplink(7, 500))
    platform.assert_soon("SELECT reason FROM quarantine", [("unknown_device",)])
    platform.device("am319-1")
    platform.rows("UPDATE quarantine SET replay_asked_at = now() RETURNING id")
    platform.assert_soon("SELECT starts_with(replay_outcome, '0') FROM quarantine", [(False,)])


def test_the_registry_says_profile_unit_and_zone(platform):
    platform.device("plug", profile="senml", zone="Asia/Tokyo", readings={"pm10": {"unit": "mg/m3"}})
    platform.source("topic_filter: site/+/+\nidentity: site/+/{device}\nformats: [json, own_json, senml]")
    platform.start()
    platform.send("site/a/plug", [{"n": "pm25", "u": "ug/m3", "v": 3}, {"n": "pm10", "v": 0.02}])
    every = "SELECT property, value FROM observation JOIN datastream s ON s.id = datastream ORDER BY value"
    platform.assert_soon(every, [("pm25", 3.0), ("pm10", 20.0)])
    platform.rows("UPDATE device SET profile = 'own_json' RETURNING id")
    platform.wait_until_it_hears_of_the_registry()
    naive = datetime.now(UTC) + timedelta(hours=9, minutes=-1)
    reading = {"quantity": "pm1", "value": 4, "unit": "ug/m3"}
    platform.send("site/a/plug", {"time": f"{naive:%Y-%m-%dT%H:%M:%S}", "readings": [reading]})
    platform.assert_soon(every, [("pm25", 3.0), ("pm1", 4.0), ("pm10", 20.0)])
    late = "SELECT received_at - time BETWEEN '50 s' AND '80 s' FROM observation WHERE value = 4"
    assert platform.rows(late) == [(True,)]


def test_the_content_type_chooses_the_format(platform):
    platform.source("topic_filter: plant/+\nformats: [own_json, senml]\nprotocol: '5'\ncontent_types: true")
    platform.start()
    for topic, content_type, payload in [
        ("plant/1", "application/senml+json; charset=utf-8", '[{"n": "d:pm10", "u": "ug/m3", "v": 1}]'),
        ("plant/2", "application/senml+json", '{"device": "d", "readings": []}'),
    ]:
        subprocess.run(
            ["mosquitto_pub", *port_of(platform.broker), "-V", "5", "-q", "1", "-t", topic, "-m", payload,
             "-D", "publish", "content-type", content_type],
            check=True,
        )  # fmt: skip
    platform.assert_soon(PM10, [(1.0,)])
    platform.assert_soon("SELECT decoder, reason FROM quarantine", [("senml", "senml_invalid")])


def test_a_device_speaks_for_itself_and_a_gateway_for_its_devices(platform):
    platform.source("topic_filter: site/+/#\nidentity: site/{device}/#\nformat: own_json")
    platform.source(
        "topic_filter: gateways/+/#\nidentity: gateways/{device}/#\nformat: own_json\ntrusts_payload_device: true",
        "gateways",
    )
    platform.start()
    reading = {"quantity": "pm10", "unit": "ug/m3"}
    platform.send("site/box-1/x", {"readings": [{**reading, "value": 1}]})
    platform.send("site/box-1/x", {"device": "box-2", "readings": [{**reading, "value": 2}]})
    platform.send("gateways/hub/x", {"device": "box-2", "readings": [{**reading, "value": 3}]})
    devices = """SELECT external_id, value FROM device d JOIN datastream s ON s.device = d.id
                 JOIN observation ON s.id = datastream ORDER BY value"""
    platform.assert_soon(devices, [("box-1", 1.0), ("box-2", 3.0)])
    platform.assert_soon("SELECT reason, device FROM quarantine", [("device_mismatch", "box-1")])


def test_a_source_of_quality_0_says_what_it_may_lose(platform):
    platform.source("topic_filter: plant/+\nformat: senml\nqos: 0")
    platform.start()
    platform.send("plant/1", [{"n": "d:pm10", "u": "ug/m3", "v": 1}])
    platform.assert_soon(PM10, [(1.0,)])
    platform.assert_soon("SELECT granted_qos FROM source", [(0,)])
    with connect(platform.url, autocommit=True) as connection:
        described = {one.name: one for one in describe_sources(connection)}
    assert described["plant"].qos == 0
    assert "may lose while disconnected" in described["plant"].remark
    assert described["live"].remark == ""


def test_a_clock_that_is_off_is_measured_and_named_where_it_does_harm(platform):
    platform.start()
    for minutes in range(6):
        stated = utc_now() + timedelta(minutes=-3, seconds=-minutes)
        platform.publish("slow", {"time": isoformat(stated), "pm10": minutes})
        platform.publish("fast", {"time": isoformat(utc_now() + timedelta(hours=2)), "pm10": minutes})
    offset = """SELECT extract(epoch FROM clock_offset) BETWEEN 175 AND 195 FROM device WHERE external_id = 'slow'"""
    platform.assert_soon(offset, [(True,)])
    hints = "SELECT count(*) FROM quarantine WHERE reason = 'time_in_future' AND position('2 h ahead' IN hint) > 0"
    platform.assert_soon(hints, [(1,)])  # the sixth: five make a median


def test_what_waited_at_the_broker_says_nothing_of_a_clock(platform):
    platform.start()
    platform.publish("box", {"time": isoformat(utc_now()), "pm10": 1})
    platform.assert_soon("SELECT count(*) FROM observation", [(1,)])
    platform.stop()
    for second in range(8):
        platform.publish("box", {"time": isoformat(utc_now() - timedelta(minutes=90, seconds=second)), "pm10": second})
    platform.start()
    platform.assert_soon("SELECT count(*) FROM observation", [(9,)])
    assert platform.ingest._pipeline.seen.clocks.offset((platform.city, "box")) is None


def test_an_hours_value_is_as_late_as_its_end(platform):
    platform.device("counter", readings={"vehicle_count": {"unit": "{vehicle}", "interval": "PT1H"}})
    platform.start()
    for n in range(6):
        stated = utc_now() - timedelta(hours=1, seconds=n)
        platform.publish("counter", {"time": isoformat(stated), "vehicle_count": n})
    platform.assert_soon("SELECT abs(extract(epoch FROM clock_offset)) < 20 FROM device", [(True,)])


@pytest.fixture
def wills(monkeypatch):
    """A format of last wills: the payload is the state."""

    def decode(message, _source, _context):
        return Decoded(events=[SentEvent("plug", message.payload.decode(), None)])

    _install(monkeypatch, "wills", Decoder("wills", lambda m: m.topic.endswith("/LWT"), decode))


@pytest.mark.usefixtures("wills")
def test_a_state_that_is_told_again_is_no_new_event(platform):
    platform.source("topic_filter: tele/+/LWT\nformat: wills")
    platform.send("tele/plug/LWT", b"online", retain=True)
    events = "SELECT kind FROM device_event ORDER BY time"
    for _ in range(3):  # the broker sends what it retains at each start
        platform.start()
        platform.assert_soon(events, [("online",)])
        time.sleep(0.5)
        platform.stop()
    platform.start()
    platform.send("tele/plug/LWT", b"offline", retain=True)
    platform.send("tele/plug/LWT", b"offline", retain=True)
    platform.send("tele/plug/LWT", b"online", retain=True)
    platform.assert_soon(events, [("online",), ("offline",), ("online",)])
    time.sleep(0.5)
    assert platform.rows(events) == [("online",), ("offline",), ("online",)]


def test_a_retained_message_with_a_time_is_kept(platform):
    stamp = isoformat(utc_now() - timedelta(minutes=1))
    platform.publish("box", {"time": stamp, "pm10": 5}, retain=True)
    platform.start()
    platform.assert_soon(PM10, [(5.0,)])


@pytest.fixture
def hours(monkeypatch):
    """A format of interval values: each is of an hour, stamped at its start."""

    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)

    def decode(message, _source, _context):
        value = float(message.payload)
        return Decoded([Reading("counter", "v", "vehicle_count", "", value, "{vehicle}", start, 0.0, 3600.0)])

    _install(monkeypatch, "hours", Decoder("hours", lambda _: True, decode))
    return start


def test_an_interval_that_messages_state_is_the_new_datastreams(platform, hours):
    platform.source("topic_filter: count/+\nformat: hours")
    platform.start()
    platform.send("count/1", b"40")
    query = "SELECT interval, expected_spacing, time FROM datastream s JOIN observation ON s.id = datastream"
    platform.assert_soon(query, [(timedelta(hours=1), timedelta(hours=1), hours)])


def test_the_registrys_interval_holds_against_what_messages_state(platform, hours, caplog):
    meant = {"vehicle_count": {"interval": "PT15M", "stamp": "end"}}
    platform.device("counter", readings=meant)
    platform.source("topic_filter: count/+\nformat: hours")
    platform.start()
    platform.send("count/1", b"40")
    platform.send("count/1", b"41")
    query = "SELECT interval, time FROM datastream s JOIN observation ON s.id = datastream"
    platform.assert_soon(query, [(timedelta(minutes=15), hours)])  # the message's time is the start already
    platform.stop()
    said = [record for record in caplog.records if "messages say their values cover 3600 s" in record.getMessage()]
    assert len(said) == 1


def test_gases_are_converted_where_conditions_are_declared_and_what_was_sent_stays_known(platform):
    platform.source("topic_filter: air/+\nformat: senml\nconcentrations: {temperature: 293.15, pressure: 101.325}")
    platform.start()
    stamp = int(time.time()) - 60
    platform.send("air/1", [{"n": "d:no2", "u": "ppb", "v": 40, "t": stamp}])
    platform.assert_soon("SELECT round(value::numeric, 2)::float8 FROM observation", [(76.5,)])
    sent = """SELECT unit, temperature, pressure, round((o.value / u.factor)::numeric, 9)::float8
              FROM unit_conversion u JOIN observation o USING (datastream)"""
    platform.assert_soon(sent, [("ppb", 293.15, 101.325, 40)])
    platform.send("air/1", [{"n": "d:no2", "u": "ug/m3", "v": 50, "t": stamp + 30}])
    platform.send("air/1", [{"n": "d:no2", "u": "ug/m3", "v": 51, "t": stamp + 40}])
    platform.assert_soon("SELECT unit, round(factor::numeric, 4)::float8 FROM unit_conversion ORDER BY valid_from",
                         [("ppb", 1.9125), ("ug/m3", 1)])  # fmt: skip


def test_a_devices_own_conditions_and_units_come_from_the_city_file(platform):
    reading = ReadingEntry(property="no2", unit="ppb", conditions={"temperature": 298.15, "pressure": 101.325})
    city = City(
        city=platform.city,
        name={"en": "Here"},
        time_zone="Europe/Oslo",
        sites=[SiteEntry(slug="square", name="Square", kind="traffic")],
        devices=[DeviceEntry(id="box", site="square", readings={"no2": reading}, zone="Europe/Oslo")],
    )
    with connect(platform.url, autocommit=True) as connection:
        add_city(connection, city, "test")
    platform.source("topic_filter: air/+\nidentity: air/{device}\nformat: senml")
    platform.start()
    platform.send("air/box", [{"n": "no2", "v": 40}])
    platform.assert_soon("SELECT round(value::numeric, 1)::float8 FROM observation", [(75.2,)])
    assert platform.rows("SELECT zone FROM device") == [("Europe/Oslo",)]


def test_two_values_for_one_time_in_one_message_are_not_one_over_the_other(platform):
    platform.start()
    readings = [{"quantity": "pm10", "value": n, "unit": "ug/m3"} for n in (1, 2, 2)]
    platform.publish("box", {"time": isoformat(utc_now()), "readings": readings})
    platform.assert_soon(PM10, [(1.0,)])
    platform.assert_soon("SELECT reason, stored, jsonb_array_length(refusals) FROM quarantine", [("two_values", 1, 2)])


@pytest.mark.usefixtures("wills")
def test_many_threads_of_the_same_state_do_not_matter(platform):
    """A batch that holds on, off, on stores three events; one that repeats them stores none."""
    platform.source("topic_filter: tele/+/LWT\nformat: wills")
    platform.start()
    barrier = threading.Event()
    with Publisher(platform.broker_url, "sender") as publisher:
        for state in (b"online", b"online", b"offline", b"offline", b"online"):
            publisher.publish("tele/plug/LWT", state)
            barrier.wait(0.01)
    platform.assert_soon("SELECT count(*) FROM device_event", [(3,)])


def test_sources_are_listed_with_what_their_broker_may_lose(platform, monkeypatch, capfd):
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nqos: 0\nbroker: mqtts://app%40t@eu1.example.org")
    monkeypatch.setenv("BYPULS_DATABASE_URL", platform.url)
    assert CliRunner().invoke(app, ["source", "list"]).exit_code == 0
    said = CliRunner().invoke(app, ["source", "list"]).output + capfd.readouterr().out
    line = next(line for line in said.splitlines() if line.startswith("plant: "))
    assert "v3/+/devices/+/up at mqtts://app%40t@eu1.example.org" in line
    assert line.endswith("tts_v3; QoS 0: may lose while disconnected (such a broker keeps nothing for who is away)")


def test_notes_that_nobody_asks_for_are_forgotten_and_those_in_use_are_not(platform):
    memories = Memories()
    memory = memories.of("s")
    with connect(platform.url, "writer", autocommit=True) as connection:
        for key, age in [("old", "200 days"), ("used", "170 days"), ("new", "1 hour")]:
            connection.execute("INSERT INTO memory VALUES ('s', %s, '{}', now() - %s::interval)", (key, age))
        memories.load(connection)
        assert memory.get("used") == {}
        memory.put("made", {"n": 1})
        memories.settle([])  # its batch was not stored
        memories.keep_house(connection)
        ages = "SELECT key, now() - at < '1 minute' FROM memory ORDER BY key"
        assert connection.execute(ages).fetchall() == [("new", False), ("used", True)]
        assert [memory.get(key) for key in ("old", "used", "new", "made")] == [None, {}, {}, None]


def test_a_device_is_known_by_its_other_keys_too(platform):
    platform.device("weather-7", keys={"eui": "24E124AB"})
    platform.source("topic_filter: lora/+\nidentity: lora/{device}\nformat: senml")
    platform.start()
    stamp = int(time.time()) - 100
    with Publisher(platform.broker_url, "sender") as publisher:
        for n, device in enumerate(["24e124ab", "weather-7", "24E124AB", "weather-7"]):
            pack = [{"n": name, "u": "ug/m3", "v": n, "t": stamp + n} for name in ("pm10", "pm25")]
            publisher.publish(f"lora/{device}", json.dumps(pack).encode())
        publisher.flush(10)
    devices = """SELECT external_id, property, count(*) FROM device d JOIN datastream s ON s.device = d.id
                 JOIN observation ON s.id = datastream GROUP BY 1, 2 ORDER BY 2"""
    platform.assert_soon(devices, [("weather-7", "pm10", 4), ("weather-7", "pm25", 4)])
    assert platform.rows("SELECT count(*) FROM device") == [(1,)]


CO2 = "SELECT value FROM observation JOIN datastream s ON s.id = datastream WHERE property = 'co2' ORDER BY value"


def test_frames_that_were_stored_but_not_acknowledged_are_stored_once(platform, monkeypatch):
    """A SIGKILL between commit and PUBACK: more frames of a device than its note tells apart come again."""
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nunits: {co2: ppm}")
    platform.start()
    monkeypatch.setattr("ingest.worker.acknowledge", lambda _: None)
    topic, begin = "v3/app@tenant/devices/am319-1/up", utc_now() - timedelta(hours=3)
    with Publisher(platform.broker_url, "server") as publisher:
        for counter in range(1, 101):
            heard = isoformat(begin + timedelta(seconds=60 * counter))
            frame = uplink(counter, 400 + counter, received_at=heard)
            publisher.publish(topic, json.dumps(frame).encode())
        publisher.flush(20)
    platform.assert_soon("SELECT count(*) FROM observation o JOIN datastream s ON s.id = o.datastream "
                         "WHERE property = 'co2'", [(100,)])  # fmt: skip
    platform.stop()
    monkeypatch.undo()
    platform.start()
    platform.wait(lambda: platform.ingest.totals.messages >= 100)
    counted = """SELECT document->'received', document->'lost', document->'duplicates', document->'restarts'
                 FROM memory WHERE starts_with(key, 'frames/')"""
    platform.assert_soon(counted, [(100, 0, 64, 0)])
    assert [value for (value,) in platform.rows(CO2)] == [400.0 + n for n in range(1, 101)]
    assert platform.rows("SELECT count(*) FROM observation_revision") == [(0,)]
    assert platform.rows("SELECT count(*) FROM quarantine") == [(0,)]


def test_a_frame_that_the_database_refused_is_read_when_it_comes_again(platform):
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE observation ADD CONSTRAINT unlucky CHECK (value <> 413)")
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nunits: {co2: ppm}")
    platform.start()
    topic = "v3/app@tenant/devices/am319-1/up"
    with Publisher(platform.broker_url, "server") as publisher:
        for counter, value in [(1, 401), (2, 413), (3, 403)]:
            publisher.publish(topic, json.dumps(uplink(counter, value)).encode())
        publisher.flush(10)
    platform.assert_soon(CO2, [(401.0,), (403.0,)])
    platform.assert_soon("SELECT reason FROM quarantine", [("not_storable",)])
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE observation DROP CONSTRAINT unlucky")
        connection.execute("UPDATE quarantine SET replay_asked_at = now()")
    platform.assert_soon(CO2, [(401.0,), (403.0,), (413.0,)])


@pytest.mark.usefixtures("aliases")
def test_a_birth_that_comes_again_beside_one_that_is_not_storable_is_remembered(platform):
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE observation ADD CHECK (value <> 13)")
    platform.source("topic_filter: plant/+\nformat: aliases")
    with Publisher(platform.broker_url, "sender") as publisher:
        publisher.flush(1)
    platform.start()
    batch_seconds, platform.ingest._settings.batch_seconds = platform.ingest._settings.batch_seconds, 2.0
    time.sleep(batch_seconds)
    with Publisher(platform.broker_url, "sender") as publisher:
        publisher.publish("plant/1", b'{"birth": "pm10", "value": 13}')
        publisher.publish("plant/1", b'{"birth": "pm10"}')
        publisher.flush(10)
    platform.assert_soon("SELECT reason FROM quarantine", [("not_storable",)])
    platform.assert_soon("SELECT document FROM memory", [({"name": "pm10"},)])


def test_names_that_the_database_cannot_keep_stop_nothing(platform):
    platform.source("topic_filter: v3/+/devices/+/up\nformat: tts_v3\nunits: {co2: ppm}")
    platform.source("topic_filter: home/#\nformat: ha_discovery", "home")
    platform.start()
    topic = "v3/app@tenant/devices/am319-1/up"
    for counter, evil in enumerate(["a\0b", "\ud800", "+#/", "x" * 10_000, "\n"], 1):
        platform.send(topic, uplink(counter, 400 + counter, session_key_id=evil, decoded_payload={
            "co2": 400 + counter, evil: 1}))  # fmt: skip
        platform.send("v3/app@tenant/devices/other/up", uplink(counter, 400 + counter, device=evil))
        config = {"device": {"identifiers": [evil]}, "state_topic": f"home/{counter}", "name": evil,
                  "unique_id": evil, "unit_of_measurement": evil}  # fmt: skip
        platform.send("home/sensor/x/config", config)
        platform.send("home/device/x/config", {"dev": {"ids": "d"}, "cmps": {evil: {**config, "p": "sensor"}}})
    platform.wait(lambda: platform.ingest.totals.messages >= 20)
    platform.assert_soon("""SELECT count(*) FROM observation o JOIN datastream s ON s.id = o.datastream
                            JOIN device d ON d.id = s.device WHERE property = 'co2' AND external_id = 'am319-1'""",
                         [(5,)])  # fmt: skip
    assert platform.rows("SELECT count(*) FROM quarantine WHERE reason IN ('not_storable', 'decoder_failed')") == [(0,)]


def test_a_unit_that_changes_in_the_registry_holds_from_the_next_message(platform):
    platform.device("box", readings={"pm10": {"unit": "ug/m3"}})
    platform.source("topic_filter: air/+\nidentity: air/{device}\nformat: senml")
    platform.start()
    for value in (20, 21):
        platform.send("air/box", [{"n": "pm10", "v": value}])
    platform.assert_soon(PM10, [(20.0,), (21.0,)])
    platform.rows("UPDATE device SET readings = %s RETURNING id", Jsonb({"pm10": {"unit": "mg/m3"}}))
    platform.wait_until_it_hears_of_the_registry()
    platform.send("air/box", [{"n": "pm10", "v": 0.03}])
    platform.assert_soon(PM10, [(20.0,), (21.0,), (pytest.approx(30.0),)])


@pytest.mark.lane("plain")
def test_a_source_that_cannot_be_does_not_stop_the_others(platform, new_mosquitto, monkeypatch, caplog):
    closed = new_mosquitto(users={"ingest": "secret"})
    closed.start()
    monkeypatch.setenv("BYPULS_SECRET_WRONG", "wrong")
    address = closed.url.replace("mqtt://", "mqtt://ingest@")
    broker = f"broker: {address}\ntopic_filter: plant/+\nformats: [senml]"
    platform.source(f"{broker}\npassword_variable: BYPULS_SECRET_WRONG", "refused")
    platform.source(f"{broker}\npassword_variable: BYPULS_SECRET_MISSING", "without-password")
    platform.source("topic_filter: tele/#\nprofile: tasmota", "gone")
    platform.source("topic_filter: lines/+\nformats: [influx_lp]\nunits: {pm10: ug/m3}", "well")
    with connect(platform.url, autocommit=True) as connection:
        connection.execute("""UPDATE source SET document = document || '{"profile": "atlantis"}' WHERE name = 'gone'""")
    platform.start()
    platform.send("lines/1", b"air,device=box pm10=7.5")
    platform.assert_soon("SELECT value FROM observation", [(7.5,)])
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "source without-password is left out" in said
    assert "BYPULS_SECRET_MISSING" in said
    assert "source gone is left out" in said
    assert "atlantis" in said
    assert "refuses us" in said
    assert "left out until ingest is started again: refused" in said


@pytest.mark.lane("plain")
def test_a_source_is_switched_off_and_on(platform):
    platform.source("topic_filter: lines/+\nformats: [influx_lp]\nunits: {pm10: ug/m3}")
    with connect(platform.url, autocommit=True) as connection:
        switch_source(connection, "plant", "test", on=False)
        assert [one.remark for one in describe_sources(connection) if one.name == "plant"] == ["switched off"]
        assert "plant" not in [one.name for one in load_sources(connection, IngestSettings())]
        switch_source(connection, "plant", "test", on=True)
        assert "plant" in [one.name for one in load_sources(connection, IngestSettings())]
        done = connection.execute("SELECT what FROM audit_log WHERE target = 'plant' ORDER BY id").fetchall()
        assert done == [("source.add",), ("source.off",), ("source.on",)]
        with pytest.raises(SettingsError, match="there is no added source 'plnt'; there are: plant"):
            switch_source(connection, "plnt", "test", on=False)
