"""While a batch is written the next one is prepared; what is stored is what one after the other would have given."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from datetime import timedelta

import psycopg
import pytest
import yaml
from psycopg import errors as pg

from bypuls.city import City
from bypuls.clock import isoformat, utc_now
from bypuls.errors import SchemaError
from bypuls.settings import IngestSettings
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest.compose import build
from ingest.decoding import Message
from ingest.inbox import Delivery
from ingest.source_files import add_source, read_source
from ingest.writer import Writer
from tests.integration.test_sparkplug import BOOLEAN, INT64, float32, int32, integer_field, metric

pytestmark = [pytest.mark.lane("plain"), pytest.mark.timeout(120)]

START = utc_now().replace(second=0, microsecond=0) - timedelta(hours=2)  # first arrivals are looked up for some hours
BATCHES, DEVICES = 20, 5
STORED = {
    "values": """SELECT d.external_id, s.property, s.channel, o.time, o.value, o.flag, o.rank, o.received_at
                 FROM observation o JOIN datastream s ON s.id = o.datastream JOIN device d ON d.id = s.device""",
    "revisions": "SELECT time, value, rank FROM observation_revision",
    "events": "SELECT d.external_id, e.time, e.kind FROM device_event e JOIN device d ON d.id = e.device",
    "refused": "SELECT topic, payload, reason, stored FROM quarantine",
    "arrivals": "SELECT client, mid, message_hash, received_at FROM first_arrival",
    "notes": "SELECT scope, key, document::text FROM memory",
    "conversions": "SELECT d.external_id, c.valid_from, c.unit, c.factor FROM unit_conversion c "
    "JOIN datastream s ON s.id = c.datastream JOIN device d ON d.id = s.device",
    "devices": "SELECT external_id, status, last_seen FROM device",
    "spans": "SELECT d.external_id, s.property, s.first_time, s.last_time "
    "FROM datastream s JOIN device d ON d.id = s.device",
}


class Broker:
    """Where deliveries come from; keeps what was acknowledged, in order."""

    client_id, connected = "ours", True

    def __init__(self):
        self.acknowledged = []

    def acknowledge(self, deliveries):
        self.acknowledged += [delivery.mid for delivery in deliveries]

    def fall_behind(self):
        pass


class Impatient(threading.Event):
    """Never set, and nobody waits for it."""

    def wait(self, timeout=None):  # noqa: ARG002
        return False


class Ours:
    """An ingest without its broker, handed batch after batch."""

    def __init__(self, url, tmp_path):
        self.url, self.broker, self.stop = url, Broker(), Impatient()
        file = tmp_path / "spark.yaml"
        file.write_text(
            yaml.safe_dump(
                {"name": "spark", "topic_filter": "spBv1.0/#", "formats": ["sparkplug_b"], "city": "here",
                 "trusts_payload_device": True}
            )
        )  # fmt: skip
        with connect(url, autocommit=True) as connection:
            add_city(connection, City(city="here", name={"en": "Here"}, time_zone="Europe/Oslo"), "test")
            add_source(connection, read_source(file), "test")
            connection.execute(
                """INSERT INTO device (city, external_id, status, readings) VALUES
                   ('here', 'gas', 'active', '{"no2": {"conditions": {"temperature": 20, "pressure": 101.325}}}')"""
            )
        settings = IngestSettings()
        self.ingest = build(lambda: connect(url, "writer", autocommit=True), "mqtt://127.0.0.1:1", settings, utc_now)
        self.sources = {source.name: source for source in self.ingest._sources}

    def __enter__(self):
        self.ingest._connect()
        return self

    def __exit__(self, *_):
        self.ingest._disconnect()

    def deliveries(self, sent):
        return [
            Delivery(Message(topic, payload, arrived), self.sources[source], self.broker, mid, 1, again)
            for source, topic, payload, arrived, mid, again in sent
        ]

    def pass_on(self, sent):
        deliveries = self.deliveries(sent)
        self.ingest._until_it_works(lambda: self.ingest._pass_on(deliveries), self.stop)

    def end(self):
        self.ingest._until_it_works(self.ingest._end, self.stop)

    def stored(self):
        with connect(self.url) as connection:
            return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in STORED.items()}


def spark(kind, at, seq, metrics):
    payload = integer_field(1, round(at.timestamp() * 1000)) + metrics + integer_field(3, seq % 256)
    return ("spark", f"spBv1.0/plant/{kind}", payload)


def city(batches=BATCHES):
    """Batches of (source, topic, payload, arrival, packet id, delivered again): of everything that remembers."""
    mid, seq, made = 0, -1, []
    death = metric(name="bdSeq", datatype=INT64, value=integer_field(11, 7))
    control = metric(name="Node Control/Rebirth", datatype=BOOLEAN, value=integer_field(14, 0))
    power = metric(name="Power/Active", alias=1, datatype=3, unit="kW", value=int32(-3))
    temperature = metric(name="Temperature", alias=2, datatype=9, unit="°C", value=float32(1.5))
    births = [("NBIRTH/gate", death + control), ("DBIRTH/gate/meter", power + temperature)]
    for batch in range(batches):
        at, sent = START + timedelta(minutes=batch), []
        for n in range(12):
            then, device = at + timedelta(seconds=5 * n), f"d{n % DEVICES}"
            warm = (
                10 + math.sin(batch / 3) + (8 if (batch * 12 + n) % 17 == 0 else 0)
            )  # a spike, known by the next value
            values = {"air_temperature": round(warm, 2), "pm10": 20 if batch > 3 else 20 + n}
            sent.append(("live", f"bypuls/v1/here/{device}/observations", {"time": isoformat(then), "values": values}))
        if batch % 6 == 2:
            sent.append(("live", f"bypuls/v1/here/new{batch}/observations", {"time": isoformat(at), "pm10": batch}))
        unit = "[ppb]" if batch // 4 % 2 == 0 else "ug/m3"
        gas = {"time": isoformat(at), "readings": [{"quantity": "no2", "value": 10 + batch, "unit": unit}]}
        sent.append(("live", "bypuls/v1/here/gas/observations", gas))
        state = {"kind": "offline" if batch // 3 % 2 else "online", "time": isoformat(at)}
        sent.append(("events", "bypuls/v1/here/d1/events", state))
        sent.append(("live", "bypuls/v1/here/d2/observations", {"pm10": f"bad {batch}"}))
        sent.append(("live", "bypuls/v1/here/quiet/observations", {"pn1": batch}))
        values = metric(alias=1, value=int32(batch)) + metric(alias=2, value=float32(batch / 2))
        for kind, metrics in (births if batch in (4, 16) else []) + (
            [("DDATA/gate/meter", values)] if batch >= 4 else []
        ):
            seq = 0 if kind.startswith("N") else seq + 1
            sent.append(spark(kind, at + timedelta(seconds=seq % 12), seq, metrics))
        numbered = []
        for source, topic, payload in sent:
            mid += 1
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            numbered.append((source, topic, data, at + timedelta(seconds=59, microseconds=mid), mid, False))
        if made:  # the timeless one of the batch before comes again, later
            old = next(one for one in made[-1] if "/quiet/" in one[1])
            numbered.append((*old[:3], at + timedelta(seconds=59, microseconds=mid + 1), old[4], True))
        made.append(numbered)
    return made


def one_after_the_other(url, tmp_path, batches):
    with Ours(url, tmp_path) as ours:
        for sent in batches:
            ours.ingest._store(ours.deliveries(sent))
        ours.end()
        return ours.stored()


def kill(url):
    with connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'bypuls writer'"
        )


class Faults:
    """Of some writes: the server goes before or after it, refuses the data, or the fault is ours."""

    def __init__(self, url, chance, monkeypatch):
        self._url, self._chance, self.happened = url, chance, []
        write = Writer.write

        def fails(writer, batch):
            fault = self._fault()
            written = write(writer, batch)
            if fault == "after":
                raise psycopg.OperationalError("the server has gone, and did it")
            return written

        monkeypatch.setattr(Writer, "write", fails)

    def _fault(self):
        under_way = threading.current_thread().name == "writer"
        if under_way:
            time.sleep(0.03)  # what is prepared meanwhile is prepared before this is stored
        # Alone, a message that fails for another reason would be to blame.
        chosen = ["before", "after", *(["killed", "data", "ours"] if under_way else [])]
        fault = self._chance.choice([None] * 12 + chosen)
        if fault is not None:
            self.happened.append(fault)
        if fault == "killed":
            kill(self._url)
        if fault == "before":
            raise psycopg.OperationalError("the server has gone")
        if fault == "data":
            raise pg.NumericValueOutOfRange("cannot be stored")
        if fault == "ours":
            raise RuntimeError("a fault of ours")
        return fault


@pytest.fixture
def two_databases(lane):
    with lane.database(migrated=True) as one, lane.database(migrated=True) as other:
        yield one, other


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_fails_the_same_is_stored_as_one_after_the_other_without_a_fault(
    two_databases, tmp_path, monkeypatch, seed
):
    batches, chance = city(), random.Random(seed)
    expected = one_after_the_other(two_databases[0], tmp_path, batches)
    faults = Faults(two_databases[1], chance, monkeypatch)
    with Ours(two_databases[1], tmp_path) as ours:
        for number, sent in enumerate(batches):
            if number % 5 == 3:
                ours.ingest._pipeline.registry_changed = True
            ours.pass_on(sent)
        ours.end()
        got = ours.stored()
    for name, rows in expected.items():
        assert got[name] == rows, name
    assert ours.broker.acknowledged == [mid for sent in batches for *_, mid, _ in sent]
    assert len(faults.happened) > 3
    # What is compared is there: judged late, at one time, kept, noted, converted, refused.
    assert {flag for *_, flag, _, _ in expected["values"]} >= {1, 3}
    assert len([one for one in expected["values"] if one[0] == "quiet"]) == BATCHES
    assert len([one for one in expected["values"] if one[1] == "active_power"]) > BATCHES / 2
    assert len(expected["conversions"]) > 3
    assert len(expected["events"]) > 3
    assert len(expected["refused"]) == BATCHES
    assert expected["notes"]


class Gate:
    """Holds up what is written until it is opened, and notes what happens in which order."""

    def __init__(self, monkeypatch):
        self.opened, self.events = threading.Event(), []
        write = Writer.write

        def held(writer, batch):
            self.events.append("under way")
            assert self.opened.wait(30)
            written = write(writer, batch)
            self.events.append("stored")
            return written

        monkeypatch.setattr(Writer, "write", held)


def said(device, minute, mid, *, again=False):
    text = {"time": isoformat(START + timedelta(minutes=minute)), "pm10": minute}
    return ("live", f"bypuls/v1/here/{device}/observations", json.dumps(text).encode(), START, mid, again)


@pytest.fixture
def gated(migrated_url, tmp_path, monkeypatch):
    with Ours(migrated_url, tmp_path) as ours:
        ours.pass_on([said("d1", 0, 1)])
        ours.end()
        gate = Gate(monkeypatch)
        ours.pass_on([said("d1", 1, 2)])
        prepare, pipeline = ours.ingest._pipeline.prepare, ours.ingest._pipeline
        pipeline.prepare = lambda messages: [prepare(messages), gate.events.append("prepared")][0]
        threads = []

        def pass_on_meanwhile(sent):
            threads.append(threading.Thread(target=ours.pass_on, args=(sent,)))
            threads[-1].start()

        yield ours, gate, pass_on_meanwhile
        gate.opened.set()
        for thread in threads:
            thread.join(30)
        ours.end()
        assert not [thread for thread in threading.enumerate() if thread.name == "writer"]


def soon(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_the_next_batch_is_prepared_meanwhile_and_none_after_it(gated):
    ours, gate, pass_on_meanwhile = gated
    pass_on_meanwhile([said("d1", 2, 3)])
    soon(lambda: gate.events == ["under way", "prepared"])
    assert ours.ingest.totals.messages == 1
    time.sleep(0.2)
    assert gate.events == ["under way", "prepared"], "one is under way at a time"
    assert ours.broker.acknowledged == [1], "what is not stored is not acknowledged"
    gate.opened.set()
    soon(lambda: ours.broker.acknowledged == [1, 2, 3])
    assert gate.events == ["under way", "prepared", "stored", "under way", "stored"]


@pytest.mark.parametrize("why", ["a new device", "the registry changed", "delivered again", "what is known is dropped"])
def test_what_has_to_see_the_batch_under_way_waits_for_it(gated, why):
    ours, gate, pass_on_meanwhile = gated
    if why == "the registry changed":
        ours.ingest._pipeline.registry_changed = True
    if why == "what is known is dropped":
        ours.ingest._pipeline.start_again()
    pass_on_meanwhile([said("d9" if why == "a new device" else "d1", 2, 3, again=why == "delivered again")])
    time.sleep(0.5)
    assert gate.events == ["under way"]
    gate.opened.set()
    soon(lambda: ours.broker.acknowledged == [1, 2, 3])
    assert gate.events == ["under way", "stored", "prepared", "under way", "stored"]


def test_a_fault_that_waiting_does_not_mend_ends_ingest_as_ever(migrated_url, tmp_path):
    with Ours(migrated_url, tmp_path) as ours:
        ours.pass_on([said("d1", 0, 1)])
        ours.end()
        with connect(migrated_url, autocommit=True) as connection:
            connection.execute("ALTER TABLE changed_bucket RENAME TO gone")
        ours.pass_on([said("d1", 1, 2)])
        with pytest.raises(SchemaError, match="changed_bucket"):
            ours.end()
    assert ours.broker.acknowledged == [1]
    assert not [thread for thread in threading.enumerate() if thread.name == "writer"]
