"""A Sparkplug edge node at a real broker: asked for its births, read by its aliases, gone with its will."""

from __future__ import annotations

import struct
import threading
import time

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from bypuls.city import City
from bypuls.clock import utc_now
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest.protobuf import BYTES, FIXED32, bytes_field, integer_field, read, varint
from ingest.source_files import add_source, read_source
from tests.integration.test_ingest import Platform

pytestmark = [pytest.mark.broker, pytest.mark.lane("plain")]

FLOAT, BOOLEAN, INT32, INT64 = 9, 11, 3, 4
VALUES = """SELECT d.external_id, s.property, o.value FROM observation o JOIN datastream s ON s.id = o.datastream
            JOIN device d ON d.id = s.device ORDER BY o.time, s.property"""
EVENTS = "SELECT d.external_id, kind FROM device_event e JOIN device d ON d.id = e.device ORDER BY kind DESC, 1"


def metric(*, name=None, alias=None, datatype=None, unit=None, value=b""):
    made = b"" if name is None else bytes_field(1, name.encode())
    made += b"" if alias is None else integer_field(2, alias)
    made += b"" if datatype is None else integer_field(4, datatype)
    if unit is not None:
        made += bytes_field(9, bytes_field(1, b"engUnit") + bytes_field(2, bytes_field(8, unit.encode())))
    return bytes_field(2, made + value)


def int32(value):
    return integer_field(10, value & 0xFFFFFFFF)


def float32(value):
    return varint(12 << 3 | FIXED32) + struct.pack("<f", value)


class EdgeNode:
    """A node with one device, as the specification has it: births at connect and when asked, aliases afterwards."""

    def __init__(self, broker_url, group):
        self._prefix, self._session, self._seq = f"spBv1.0/{group}", 7, 0
        self.asked = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"edge-{group}")
        death = metric(name="bdSeq", datatype=INT64, value=integer_field(11, self._session))
        self._client.will_set(f"{self._prefix}/NDEATH/gate", death, qos=1)
        self._client.on_message = self._command
        host, _, port = broker_url.removeprefix("mqtt://").rpartition(":")
        self._client.connect(host, int(port))
        listening = threading.Event()
        self._client.on_subscribe = lambda *_: listening.set()
        self._client.subscribe(f"{self._prefix}/NCMD/gate", qos=1)
        self._client.loop_start()
        assert listening.wait(60)

    def _command(self, _client, _userdata, message):
        names = [value for number, wire, part in read(message.payload, 20) if number == 2 and wire == BYTES
                 for field, _, value in read(part, 20) if field == 1]  # fmt: skip
        if names == [b"Node Control/Rebirth"]:
            self.births()
            self.asked.set()

    def births(self):
        death = metric(name="bdSeq", datatype=INT64, value=integer_field(11, self._session))
        control = metric(name="Node Control/Rebirth", datatype=BOOLEAN, value=integer_field(14, 0))
        self._seq = 255
        self.send("NBIRTH/gate", death + control)
        power = metric(name="Power/Active", alias=1, datatype=INT32, unit="kW", value=int32(-3))
        self.send("DBIRTH/gate/meter", power + metric(name="Temperature", alias=2, datatype=FLOAT, unit="°C"))

    def send(self, where, metrics):
        self._seq = (self._seq + 1) % 256
        kind, _, rest = where.partition("/")
        payload = integer_field(1, int(utc_now().timestamp() * 1000)) + metrics + integer_field(3, self._seq)
        self._client.publish(f"{self._prefix}/{kind}/{rest}", payload)
        time.sleep(0.002)  # a millisecond of its own

    def cut(self):
        """The connection breaks: the broker publishes the will."""
        self._client._sock_close()
        self._client.loop_stop()


@pytest.fixture
def platform(migrated_url, mosquitto, unique, tmp_path):
    with connect(migrated_url, autocommit=True) as connection:
        add_city(connection, City(city=unique, name={"en": "Here"}, time_zone="Europe/Oslo", sites=[]), "test")
        file = tmp_path / "scada.yaml"
        file.write_text(f"name: scada\ntopic_filter: spBv1.0/{unique}/#\nformat: sparkplug_b\ncity: {unique}\n")
        add_source(connection, read_source(file), "test")
    made = Platform(migrated_url, mosquitto.url, unique)
    yield made
    made.stop()


def test_a_node_is_asked_for_its_births_and_read_by_its_aliases_also_after_a_restart(platform):
    group = platform.city
    node = EdgeNode(platform.broker_url, group)
    platform.start()
    node.send("DDATA/gate/meter", metric(alias=1, value=int32(4)))
    assert node.asked.wait(60)  # we came late: nobody told us what alias 1 is
    node.send("DDATA/gate/meter", metric(alias=1, value=int32(-5)) + metric(alias=2, value=float32(21.5)))
    meter = f"{group}/gate/meter"
    expected = [(meter, "active_power", -3000.0), (meter, "active_power", -5000.0), (meter, "air_temperature", 21.5)]
    platform.assert_soon(VALUES, expected)
    refused = "SELECT refusals->0->>'code' FROM quarantine"
    platform.assert_soon(refused, [("unknown_alias",)])

    platform.stop()
    platform.start()
    node.send("DDATA/gate/meter", metric(alias=1, value=int32(-6)))
    platform.assert_soon(VALUES, [*expected, (meter, "active_power", -6000.0)])

    node.cut()
    online, offline = (
        [(f"{group}/gate", "online"), (meter, "online")],
        [(f"{group}/gate", "offline"), (meter, "offline")],
    )
    platform.assert_soon(EVENTS, online + offline)
