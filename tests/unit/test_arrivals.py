"""Messages without a time that a broker delivers again (MQTT 3.1.1, 3.3.1.1 and 4.4: DUP, the same packet id)."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from ingest.arrivals import as_first_arrived
from ingest.decoding import Message
from ingest.digests import digest
from ingest.inbox import Delivery

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLIENT = SimpleNamespace(client_id="bypuls-1")


def delivery(mid, second, payload=b"1", *, again=False, client=CLIENT):
    return Delivery(Message("bypuls/a/b", payload, T + timedelta(seconds=second)), None, client, mid, 1, again)


def seconds(deliveries, stored=()):
    return [(message.received_at - T).total_seconds() for message, _ in as_first_arrived(deliveries, dict(stored))]


def test_one_that_waits_in_the_same_batch_as_its_first_delivery_is_of_that_time():
    batch = [delivery(7, 0), delivery(8, 1), delivery(7, 5, again=True), delivery(8, 6, again=True)]
    assert seconds(batch) == [0, 1, 0, 1]
    assert seconds([*batch, delivery(7, 9, again=True)]) == [0, 1, 0, 1, 0]


def test_one_whose_first_delivery_is_stored_is_of_that_time_however_often_it_comes():
    stored = {("bypuls-1", 7): (digest(delivery(7, 0).message), T - timedelta(seconds=30))}
    assert seconds([delivery(7, 5, again=True), delivery(7, 9, again=True)], stored.items()) == [-30, -30]


def test_other_bytes_another_client_and_what_is_not_redelivered_are_other_messages():
    other = SimpleNamespace(client_id="bypuls-2")
    batch = [delivery(7, 0), delivery(7, 1, b"2", again=True), delivery(7, 2, b"2"), delivery(7, 3, again=True)]
    assert seconds(batch) == [0, 1, 2, 3]
    assert seconds([delivery(7, 0), delivery(7, 4, again=True, client=other)]) == [0, 4]
    assert seconds([delivery(0, 0), delivery(0, 4, again=True)]) == [0, 4]
