"""Broker addresses and the inbox: what is not taken yet is bounded, and taken in order."""

from __future__ import annotations

import ssl
import threading
import time
from datetime import timedelta

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt import properties
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from bypuls.clock import utc_now
from bypuls.errors import SettingsError
from ingest.address import Address
from ingest.broker import Outgoing, connections
from ingest.bulk import Published
from ingest.decoding import Message, Source
from ingest.inbox import Delivery, Inbox
from ingest.sources import HISTORY, LIVE, UNCLAIMED


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://localhost", ("127.0.0.1", 1883, False, None, None)),
        ("mqtts://b.example.org", ("b.example.org", 8883, True, None, None)),
        ("mqtt://me:p%40ss@[::1]:2883", ("::1", 2883, False, "me", "p@ss")),
    ],
)
def test_an_address_is_read(url, expected):
    address = Address.parse(url)
    assert (address.host, address.port, address.tls, address.username, address.password) == expected


@pytest.mark.parametrize("url", ["localhost:1883", "http://me:secret@host", "mqtt://", "mqtt://me:secret@host:port"])
def test_what_is_no_address_is_refused_without_its_password(url):
    with pytest.raises(SettingsError, match="must look like mqtt://host:1883") as caught:
        Address.parse(url)
    assert "secret" not in str(caught.value)


def delivery(n):
    return Delivery(Message("a", b"%d" % n, utc_now()), LIVE, None, n, 1)


def test_a_full_inbox_holds_up_whoever_puts_and_loses_nothing():
    inbox = Inbox(10)
    thread = threading.Thread(target=lambda: [inbox.put([delivery(n)]) for n in range(25)])
    thread.start()
    time.sleep(0.1)
    assert thread.is_alive()
    taken = []
    while len(taken) < 25:
        taken += inbox.take(7, 1.0)
    thread.join()
    assert [int(one.message.payload) for one in taken] == list(range(25))


def test_take_comes_back_when_the_time_is_over_with_what_there_is():
    inbox = Inbox(10)
    inbox.put([delivery(1)])
    begun = time.monotonic()
    assert len(inbox.take(5, 0.1)) == 1
    assert inbox.take(5, 0.1) == []
    assert 0.2 <= time.monotonic() - begun < 5


def test_sources_of_one_broker_share_a_session_and_a_source_may_name_its_own():
    plant = Source(name="plant", topic_filter="plant/+", broker_url="mqtt://plant:1883")
    five = Source(name="five", topic_filter="x/+", protocol="5")
    found = connections([LIVE, HISTORY, plant, five], "mqtt://here", "1", Inbox(10), utc_now)
    assert [(str(one.address), [source.name for source in one.sources]) for one in found] == [
        ("here:1883", ["live", "history"]),
        ("plant:1883", ["plant"]),
        ("here:1883", ["five"]),
    ]


def test_client_ids_stay_the_same_when_a_source_is_added_and_differ_where_two_sessions_meet():
    five = Source(name="a-five", topic_filter="x/+", protocol="5")
    other_user = Source(name="b", topic_filter="y/+", broker_url="mqtt://other@here")
    before = connections([LIVE, HISTORY], "mqtt://here", "1", Inbox(10), utc_now)
    after = connections([Source(name="a", topic_filter="a/+"), LIVE, HISTORY, five, other_user], "mqtt://here", "1",
                        Inbox(10), utc_now)  # fmt: skip
    names = [one._client._client_id.decode() for one in after]
    assert [one._client._client_id.decode() for one in before] == names[:1]
    assert len(set(names)) == 3


def test_what_no_source_claims_any_more_is_told_apart():
    (connection,) = connections([LIVE, HISTORY], "mqtt://here", "1", Inbox(10), utc_now)
    assert connection._claim(b"bypuls/v1/here/square/history") == ("bypuls/v1/here/square/history", HISTORY)
    assert connection._claim(b"plant/7") == ("plant/7", UNCLAIMED)


def test_messages_of_one_read_arrive_at_times_of_their_own():
    """Where a device states no time, that of its arrival tells its values apart."""
    inbox, now = Inbox(10), utc_now()
    (connection,) = connections([LIVE], "mqtt://here", "1", inbox, lambda: now)
    connection._on_published([Published(b"bypuls/v1/here/box/observations", b"{}", n, 1, False, False) for n in (1, 2)])
    first, second = inbox.take(2, 0.1)
    assert (first.message.received_at, first.mid, second.mid) == (now, 1, 2)
    assert timedelta(0) < second.message.received_at - now < timedelta(milliseconds=1)


def test_with_a_paho_that_is_unknown_to_us_messages_are_read_one_by_one(monkeypatch, caplog):
    monkeypatch.setattr("ingest.broker.fits", lambda: False)
    inbox = Inbox(10)
    (connection,) = connections([LIVE], "mqtt://here", "1", inbox, utc_now)
    assert "slower" in caplog.text
    client = connection._client
    packet = mqtt.MQTTMessage(7, b"bypuls/v1/here/box/observations")
    packet.payload, packet.qos, packet.dup = b"{}", 1, True
    client.on_message(client, None, packet)
    (got,) = inbox.take(1, 0.1)
    assert (got.message.topic, got.message.payload, got.source) == ("bypuls/v1/here/box/observations", b"{}", LIVE)
    assert got.redelivered
    acknowledged = []
    client.ack = lambda mid, qos: acknowledged.append((mid, qos))
    connection.acknowledge([got])
    assert acknowledged == [(7, 1)]


class Outbound:
    """What paho answers to `publish`, acknowledged when the test says so."""

    def __init__(self, rc=MQTTErrorCode.MQTT_ERR_SUCCESS):
        self.rc, self.done, self.lost = rc, False, False

    def is_published(self):
        if self.lost or self.rc > 0:
            raise RuntimeError
        return self.done

    def wait_for_publish(self, _seconds):
        self.is_published()


@pytest.fixture
def publishing():
    (connection,) = connections([LIVE], "mqtt://here", "1", Inbox(10), utc_now)
    sent = []
    answers = {}

    def publish(topic, *_):
        sent.append(topic)
        return answers.setdefault(topic, Outbound())

    connection._client.publish = publish
    connection._connected.set()
    connection.sent, connection.answers = sent, answers
    return connection


ROWS = [Outgoing(1, "a", b"", 1, False), Outgoing(2, "b", b"", 1, False)]


def test_what_is_not_acknowledged_yet_is_not_published_again(publishing):
    assert publishing.publish(ROWS, 0.1) == []
    publishing.answers["b"].done = True
    assert publishing.publish(ROWS, 0.1) == [2]
    assert publishing.publish(ROWS, 0.1) == [2]  # it could not be deleted: the database was away
    publishing.posted([2])
    publishing.answers["a"].done = True
    assert publishing.publish(ROWS[:1], 0.1) == [1]
    assert publishing.sent == ["a", "b"]


def test_what_goes_with_the_connection_is_published_again_unless_the_client_keeps_it(publishing):
    publishing.answers["a"] = Outbound(MQTTErrorCode.MQTT_ERR_NO_CONN)  # queued by the client
    publishing.publish(ROWS, 0.1)
    publishing.answers["b"].lost = True
    publishing.publish(ROWS, 0.1)
    publishing.answers["b"] = Outbound()
    publishing.publish(ROWS, 0.1)
    assert publishing.sent == ["a", "b", "b"]


def _untrusted():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_untrusted(), "not trusted (unable to get local issuer certificate): correct `ca`"),
        (ssl.SSLError(1, "wrong version number"), "does it speak TLS on this port?"),
        (ConnectionRefusedError(), "broker here:1883 does not answer; trying again"),
    ],
)
def test_a_connection_that_cannot_be_made_says_why(caplog, error, said):
    (connection,) = connections([LIVE], "mqtt://here", "1", Inbox(10), utc_now)
    try:
        raise error
    except OSError:  # as paho calls it
        connection._on_connect_fail(connection._client, None)
    assert said in caplog.text


def test_an_inbox_is_bounded_in_bytes_too():
    inbox = Inbox(1000, limit_bytes=10)
    thread = threading.Thread(target=lambda: [inbox.put([delivery(1000 + n)]) for n in range(9)])
    thread.start()
    time.sleep(0.1)
    assert thread.is_alive()
    taken = []
    while len(taken) < 9:
        taken += inbox.take(100, 1.0)
    thread.join()


def test_two_spellings_of_one_broker_are_one_session():
    other = Source(name="other", topic_filter="x/+", broker_url="mqtt://127.0.0.1:1883")
    assert len(connections([LIVE, other], "mqtt://localhost", "1", Inbox(10), utc_now)) == 1


def test_mqtt_5_strings_may_hold_what_the_standard_allows():
    """MQTT 5, section 1.5.4: U+FEFF is allowed wherever it appears; paho 2.2 ended the connection over it."""
    text = "a\ufeffb".encode()
    assert properties.readUTF(len(text).to_bytes(2, "big") + text, 100) == ("a\ufeffb", len(text) + 2)
    for buffer, most in ((b"\x00", 1), (b"\x00\x09ab", 4), (b"\x00\x01\xff", 3)):
        with pytest.raises(MalformedPacket):
            properties.readUTF(buffer, most)
