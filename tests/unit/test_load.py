"""The load generator: what it says must be stored is what ingest reads, and it knows what the broker acknowledged."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bypuls.errors import BrokerError, SettingsError
from ingest.compose import readers_of
from ingest.decoding import Message
from ingest.memories import Memories
from ingest.sources import LIVE
from ingest.validation import Catalogue
from simulators.load import TIMELESS, Kind, Plan
from simulators.load_sender import Sender

START = datetime(2026, 11, 20, tzinfo=UTC)
NOW = START + timedelta(days=2)
PLAN = Plan("load", START, 7, timedelta(seconds=10), poison=0.3, timeless=0.2, large_bytes=2_000)


@pytest.fixture(scope="module")
def read():
    source = replace(LIVE, max_payload_bytes=1_999)
    reader = readers_of([source], Catalogue.load(), Memories(), lambda _city, _device: None)
    return lambda n: reader(Message(PLAN.topic_of(n), PLAN.payload(n), NOW), source)


def test_what_is_expected_of_a_message_is_what_ingest_reads_in_it(read):
    kinds = set()
    for n in range(3000):
        expected, found = PLAN.expected(n), read(n)
        kinds.add(expected.kind)
        if expected.kind.is_poison:
            assert [refused.code for refused in found.refusals] == [expected.kind.value], n
            assert found.accepted == [], n
            continue
        assert found.refusals == [], n
        assert {each.property: each.value for each in found.accepted} == expected.values
        assert {each.device for each in found.accepted} == {expected.device}
        assert {each.reading.time for each in found.accepted} == {expected.time}
    assert kinds == set(Kind)


def test_no_two_messages_are_the_same_and_no_device_has_two_of_one_time():
    of = [(PLAN.topic_of(n), PLAN.payload(n)) for n in range(5000)]
    assert len(set(of)) == len(of)
    timed = [(e.device, e.time) for e in map(PLAN.expected, range(5000)) if e.kind is Kind.TIMED]
    assert len(set(timed)) == len(timed)


def test_the_shares_are_those_asked_for():
    kinds = [PLAN.kind(n) for n in range(20_000)]
    assert sum(kind.is_poison for kind in kinds) / len(kinds) == pytest.approx(0.3, abs=0.01)
    assert kinds.count(Kind.TIMELESS) / len(kinds) == pytest.approx(0.2, abs=0.01)
    assert set(TIMELESS).isdisjoint(PLAN.expected(kinds.index(Kind.TIMED)).values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"devices": 0},
        {"poison": 1.5},
        {"poison": 0.6, "timeless": 0.6},
        {"spacing": timedelta(microseconds=1500)},
        {"start": START.replace(microsecond=1)},
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong):
    with pytest.raises(SettingsError, match="a load"):
        Plan(**({"city": "load", "start": START} | wrong))


class Broker:
    """Reads frames by the book (MQTT 3.1.1), acknowledges as told to, and ends connections now and then."""

    def __init__(self, acknowledges=lambda _: True, drops_after=()):
        self.received, self.again = [], []
        self._acknowledges, self._drops_after = acknowledges, list(drops_after)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                try:
                    self._speak(connection, stream)
                except (OSError, EOFError):
                    continue

    def _speak(self, connection, stream):
        drop = self._drops_after.pop(0) if self._drops_after else None
        while True:
            kind, body = self._packet(stream)
            if kind >> 4 == 1:
                connection.sendall(b"\x20\x02\x00\x00")
            elif kind >> 4 == 14:
                return
            elif kind >> 4 == 3:
                assert (kind >> 1) & 3 == 1, "QoS 1"
                length = int.from_bytes(body[:2])
                topic, mid = body[2 : 2 + length].decode(), int.from_bytes(body[2 + length : 4 + length])
                self.received.append((topic, body[4 + length :]))
                self.again.append(bool(kind & 8))
                if drop is not None and len(self.received) >= drop:
                    return
                if self._acknowledges(len(self.received)):
                    connection.sendall(b"\x40\x02" + mid.to_bytes(2))

    @staticmethod
    def _packet(stream):
        head = stream.read(1)
        if not head:
            raise EOFError
        size = shift = 0
        while True:
            digit = stream.read(1)[0]
            size |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return head[0], stream.read(size)


def test_everything_is_sent_in_order_and_every_acknowledgement_counted():
    with Broker() as broker:
        receipt = Sender(broker.url, PLAN, window=50).run(threading.Event(), 700)
    assert broker.received == [(PLAN.topic_of(n), PLAN.payload(n)) for n in range(700)]
    assert (receipt.sent, receipt.acknowledged, receipt.under_way) == (700, 700, [])
    assert list(receipt.per_device) == [100] * 7


def test_what_a_lost_connection_left_unacknowledged_is_sent_again_marked_so():
    drops = [random.Random(1).randrange(50, 150), 400, 700]
    with Broker(drops_after=drops) as broker:
        receipt = Sender(broker.url, PLAN, window=50).run(threading.Event(), 1000)
    assert set(broker.received) == {(PLAN.topic_of(n), PLAN.payload(n)) for n in range(1000)}
    assert (receipt.sent, receipt.acknowledged, receipt.reconnects) == (1000, 1000, 3)
    marked = {message for message, again in zip(broker.received, broker.again, strict=True) if again}
    assert marked == {(PLAN.topic_of(n), PLAN.payload(n)) for n in receipt.resent}
    twice = {message for message in broker.received if broker.received.count(message) > 1}
    assert twice <= marked
    assert 0 < len(receipt.resent) <= 150


def test_no_more_than_the_window_is_under_way_and_what_is_can_be_named():
    with Broker(acknowledges=lambda count: count <= 30) as broker:
        stop = threading.Event()
        sender = Sender(broker.url, PLAN, window=40)
        thread = threading.Thread(target=sender.run, args=(stop, 1000))
        thread.start()
        _wait(lambda: len(broker.received) == 70)
        time.sleep(0.1)
        stop.set()
        thread.join(60)
    assert len(broker.received) == 70
    assert sender.receipt.under_way == list(range(30, 70))
    assert sender.receipt.acknowledged == 30


def test_a_rate_is_kept_and_finishing_waits_for_the_last_acknowledgement():
    with Broker() as broker:
        sender = Sender(broker.url, PLAN, rate=400, first=35)
        thread = threading.Thread(target=sender.run, args=(threading.Event(),))
        began = time.monotonic()
        thread.start()
        _wait(lambda: sender.receipt.acknowledged >= 200)
        took = time.monotonic() - began
        sender.finish()
        thread.join(60)
    assert took > 0.45
    assert not thread.is_alive()
    assert sender.receipt.acknowledged == sender.receipt.sent == len(broker.received)
    assert broker.received[0] == (PLAN.topic_of(35), PLAN.payload(35))


def test_packet_identifiers_go_round():
    small = Plan("load", START, 100, timedelta(seconds=1))
    with Broker() as broker:
        receipt = Sender(broker.url, small, first=65_000, window=300).run(threading.Event(), 1100)
    assert receipt.acknowledged == 1100
    assert list(receipt.per_device) == [11] * 100
    assert len(broker.received) == 1100


def test_the_receipt_is_readable_for_programs():
    with Broker() as broker:
        receipt = Sender(broker.url, PLAN).run(threading.Event(), 14)
    told = json.loads(receipt.as_json(PLAN, 0))
    assert told["acknowledged"] == 14
    assert told["acknowledged_by_device"] == {f"load-0000{n}": 2 for n in range(7)}
    assert told["plan"]["start"] == "2026-11-20T00:00:00Z"


def test_a_broker_that_is_not_there_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(BrokerError, match=f"broker 127.0.0.1:{port} does not answer"):
        Sender(f"mqtt://127.0.0.1:{port}", PLAN).run(threading.Event(), 1)


def _wait(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
