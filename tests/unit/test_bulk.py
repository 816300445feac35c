"""Bulk reading against paho's own, on the same bytes: what is delivered, and how the connection ends."""

from __future__ import annotations

import struct

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.bulk import BulkClient, Published, fits, published
from simulators.load import remaining_length

V3, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
PINGRESP = b"\xd0\x00"


class Wire:
    """A socket that hands over these pieces, nothing for a while between them, and then nothing yet; or all at once."""

    def __init__(self, pieces, *, pauses=True):
        self.pieces, self.sent, self.closed = [piece for piece in pieces if piece], b"", False
        self._pauses, self._waits = pauses, False

    def recv(self, most):
        if not self.pieces or self._waits:
            self._waits = False
            raise BlockingIOError
        piece = self.pieces[0][:most]
        self.pieces[0] = self.pieces[0][most:]
        if not self.pieces[0]:
            self.pieces.pop(0)
            self._waits = self._pauses
        return piece

    def send(self, data):
        self.sent += bytes(data)
        return len(data)

    def close(self):
        self.closed = True


def read(client, pieces):
    """What a client makes of the pieces, as its loop would: (messages, how reading ended, what it answered)."""
    found = []

    def on_message(_client, _data, packet):
        properties = packet.properties
        kind = getattr(properties, "ContentType", None) if properties is not None else None
        found.append(
            (packet._topic, bytes(packet.payload), packet.mid if packet.qos else 0, packet.qos, packet.retain,
             packet.dup, kind)
        )  # fmt: skip

    client.on_message = on_message
    client._sock = wire = Wire(pieces)
    client._on_published = lambda packets: found.extend(
        (one.topic, one.payload, one.mid, one.qos, one.retain, one.dup, None) for one in packets
    )
    ended = MQTTErrorCode.MQTT_ERR_SUCCESS
    try:
        while wire.pieces and not ended and client._sock is not None:
            client._read_at = 0.0  # no nap
            ended = client.loop_read()
    except (struct.error, mqtt.MalformedPacket) as error:  # it ends paho's thread
        ended = type(error)
    return found, ended, wire.sent, wire.closed


def both(pieces, protocol=V3):
    options = {"client_id": "x", "manual_ack": True, "protocol": protocol}
    plain = mqtt.Client(CallbackAPIVersion.VERSION2, **options)
    bulk = BulkClient(CallbackAPIVersion.VERSION2, on_published=None, is_full=lambda: False, **options)
    return read(bulk, pieces), read(plain, pieces)


def packet(head, body):
    return bytes([head]) + remaining_length(len(body)) + body


def text(raw):
    return len(raw).to_bytes(2) + raw


@st.composite
def publishes(draw, protocol=V3):
    """PUBLISH packets of every quality of service; topics that are no UTF-8, empty ones and such too short, too."""
    qos = draw(st.integers(0, 2))
    head = 0x30 | qos << 1 | draw(st.sampled_from((0, 1, 8, 9)))
    topic = draw(st.sampled_from((b"a", b"bypuls/v1/x/y/observations", "m\ufeffß".encode(), b"\xff\xc3")))
    body = text(topic) + (draw(st.integers(1, 65_535)).to_bytes(2) if qos else b"")
    if protocol == V5:
        properties = Properties(PacketTypes.PUBLISH)
        kind = draw(st.sampled_from((None, "application/json")))
        if kind:
            properties.ContentType = kind
        body += properties.pack()
    payload = draw(st.binary(max_size=20)) * draw(st.sampled_from((1, 1, 1, 40, 1000)))
    return packet(head, body + payload)


strange = st.sampled_from([
    PINGRESP, packet(0x40, b"\x00\x07"), packet(0x90, b"\x00\x01\x01"),
    packet(0x30, b"\x00\x00payload"),  # no topic
    packet(0x32, b"\x00\x01a\x00"),  # half a packet identifier
    packet(0x30, b"\x00\x09a"),  # a topic longer than its packet
    packet(0x30, b""), packet(0x36, b"\x00\x01a\x00\x01x"),  # QoS 3
    b"\x30\x80\x80\x80\x80\x01",  # a remaining length of five bytes
    b"\x30\x83\x00\x00\x01a",  # one byte more than needed
    b"\x00\x00", b"\xf0\x00",
])  # fmt: skip


def cut(data, places):
    places = sorted(place % (len(data) + 1) for place in places)
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.lists(st.one_of(publishes(), strange), min_size=1, max_size=8), st.lists(st.integers(0, 100_000), max_size=6))
def test_it_reads_what_paho_reads(packets, places):
    bulk, plain = both(cut(b"".join(packets), places))
    assert bulk == plain


@given(st.lists(publishes(V5), min_size=1, max_size=5), st.lists(st.integers(0, 100_000), max_size=4))
def test_mqtt_5_is_read_by_paho(packets, places):
    bulk, plain = both(cut(b"".join(packets), places), V5)
    assert bulk == plain


def test_a_packet_may_be_cut_anywhere():
    data = packet(0x32, text(b"a/b") + b"\x01\x02" + b"x" * 300) + PINGRESP + packet(0x31, text(b"c") + b"y")
    for place in range(len(data) + 1):
        bulk, plain = both([data[:place], data[place:]])
        assert bulk == plain
        assert [one[0] for one in bulk[0]] == [b"a/b", b"c"]


@pytest.mark.parametrize("size", [0, 123, 124, 16_379, 16_380, 2_097_147, 2_097_148])
def test_lengths_of_one_to_four_bytes(size):
    """MQTT 3.1.1, table 2.4: 127, 16,383 and 2,097,151 are the largest of one, two and three bytes."""
    data = packet(0x30, text(b"ab") + b"x" * size)
    found, end, wanted = published(data + b"\x30")
    assert (found, end, wanted) == ([Published(b"ab", b"x" * size, 0, 0, False, False)], len(data), 0)
    assert published(data[:-1])[1:] == (0, len(data))


def test_acknowledgements_leave_in_one_piece():
    client = BulkClient(CallbackAPIVersion.VERSION2, on_published=None, is_full=lambda: False, manual_ack=True)
    client._sock = wire = Wire([])
    client.acknowledge([1, 258, 65_535])
    client.loop_write()
    assert wire.sent == b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"


def test_while_nobody_takes_nothing_is_read_and_pings_go_on(monkeypatch):
    full, now = [True], [1000.0]
    monkeypatch.setattr(mqtt, "time_func", lambda: now[0])
    found = []
    client = BulkClient(
        CallbackAPIVersion.VERSION2, on_published=found.extend, is_full=lambda: full[0], manual_ack=True
    )
    client._keepalive = 20
    client._sock = wire = Wire([packet(0x30, text(b"a") + b"1") + PINGRESP])
    client._state = mqtt._ConnectionState.MQTT_CS_CONNECTED
    for _ in range(5):  # longer than a broker waits
        now[0] += 21
        assert client.loop_read() == client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS
        client.loop_write()
    assert found == []
    assert wire.sent.count(b"\xc0\x00") == 5
    full[0] = False
    client.loop_read()
    assert [one.payload for one in found] == [b"1"]
    assert not wire.closed


def test_one_read_takes_all_that_is_there_however_small_its_pieces_and_messages_before_an_end_count(monkeypatch):
    """TLS hands over a record at a time, and a broker makes one of each message."""
    naps, found = [], []
    monkeypatch.setattr("ingest.bulk.time.sleep", naps.append)
    client = BulkClient(CallbackAPIVersion.VERSION2, on_published=found.extend, is_full=lambda: False, manual_ack=True)
    wire = Wire([packet(0x30, text(b"a") + b"%d" % n) for n in range(500)], pauses=False)
    client._sock = wire
    assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert [one.payload for one in found] == [b"%d" % n for n in range(500)]
    assert len(naps) == 0
    ending = iter([packet(0x30, text(b"a") + b"last"), b"", b""])
    wire.recv = lambda _: next(ending)
    assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert found[-1].payload == b"last"
    assert len(naps) == 1, "messages come fast: more at once cost less each"
    assert client.loop_read() == MQTTErrorCode.MQTT_ERR_CONN_LOST


def test_the_installed_paho_fits():
    """The pinned one does; with another one `ingest.broker` falls back to reading one by one."""
    assert fits()
