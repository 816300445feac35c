"""The fault suite's short form: real processes, a few faults in a row, some thousand messages. All: tests/chaos."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from bypuls.storage.database import connect
from tests.chaos.judge import Verdict, judge_messages
from tests.chaos.proxy import Proxy
from tests.chaos.world import Setting, World

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.mark.broker
def test_nothing_acknowledged_is_lost_or_twice_when_ingest_and_database_are_killed_and_the_broker_restarted(
    mosquitto,  # noqa: ARG001 - skips where there is none
):
    with World(Setting(rate=250, devices=5, poison=0.05)) as world:
        world.send()
        world.wait(lambda: world.processed() > 300, 60, lambda: world.last_line("ingest-1"))
        for name in ("ingest-1", "process"):
            world.kill(name)
            world.start(name)
        world.wait_until_it_listens("ingest-1", 2)
        world.kill_database()
        world.database.start()
        world.broker.stop()
        world.broker.start()
        world.ingest_to_broker.cut()
        world.ingest_to_broker.mend()
        world.wait(lambda: world.processed() > 800, 60, lambda: world.last_line("ingest-1"))  # it goes on
        world.finish()
        world.settle()
        verdict = world.judge()
        assert verdict.faultless, verdict
        assert verdict.stored + verdict.quarantined == verdict.acknowledged > 800
        assert verdict.quarantined > 30
        assert verdict.kpis > 50
        assert world.ended == []
        # A judge that sees nothing proves nothing: what is spoilt now is found.
        with connect(world.url, autocommit=True) as connection:
            for statement in SPOILING:
                assert connection.execute(statement).rowcount > 0, statement
            spoilt = Verdict()
            judge_messages(connection, world.sent(), spoilt)
    assert (spoilt.lost, spoilt.twice, spoilt.wrong) == (4, 2, 2)


SPOILING = [
    # A value gone, one wrong, a message twice; a refused message gone, a value replaced, a refused message of nobody.
    """DELETE FROM observation WHERE (datastream, time) = (
           SELECT datastream, time FROM observation JOIN datastream s ON s.id = datastream AND s.property = 'pm10'
           ORDER BY time LIMIT 1)""",
    """UPDATE observation SET value = value + 1 WHERE (datastream, time) = (
           SELECT datastream, time FROM observation JOIN datastream s ON s.id = datastream AND s.property = 'no2'
           ORDER BY time DESC LIMIT 1)""",
    """INSERT INTO observation (datastream, time, value, flag, rank, received_at)
       SELECT datastream, time + interval '1 second', value, flag, rank, received_at
       FROM observation JOIN datastream s ON s.id = datastream AND s.property LIKE 'pn%'
       WHERE (s.device, value) = (
           SELECT t.device, min(o.value) FROM observation o
           JOIN datastream t ON t.id = o.datastream AND t.property = 'pn1' GROUP BY 1 ORDER BY 1 LIMIT 1)""",
    """DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine)""",
    """INSERT INTO observation_revision (datastream, time, value, flag, rank, received_at, message_hash)
       SELECT datastream, time, 1, 1, 1, now(), '' FROM observation LIMIT 1""",
    """UPDATE quarantine SET payload_hash = 'nobody sent it' WHERE id = (SELECT max(id) FROM quarantine)""",
]


@pytest.fixture
def echo():
    """A server that says again what it hears, behind a proxy: (proxy, a function that connects)."""
    with socket.create_server(("127.0.0.1", 0)) as server, Proxy(server.getsockname()[1]) as proxy:

        def serve(connection):
            with connection:
                while heard := connection.recv(1 << 16):
                    connection.sendall(heard)

        def accept():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        opened = []

        def client():
            opened.append(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
            return opened[-1]

        yield proxy, client
        for each in opened:
            each.close()


def said(client, text):
    client.sendall(text)
    return client.recv(100)


def is_gone(client):
    """Ended or reset, as the system likes."""
    try:
        return said(client, b"two") == b""
    except OSError:
        return True


def test_the_proxy_forwards_and_a_cut_ends_and_refuses_until_it_is_mended(echo):
    proxy, connect_to = echo
    client = connect_to()
    assert said(client, b"one") == b"one"
    proxy.cut()
    assert is_gone(client)
    assert is_gone(connect_to())
    proxy.mend()
    assert said(connect_to(), b"three") == b"three"


def test_a_stalled_proxy_loses_nothing_and_a_silent_one_everything(echo):
    proxy, connect_to = echo
    client = connect_to()
    assert said(client, b"one") == b"one"
    proxy.stall()
    client.sendall(b"two")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.mend()
    client.settimeout(30)
    assert client.recv(100) == b"two"
    proxy.lose()
    client.sendall(b"three")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.mend()
    client.settimeout(30)
    assert client.recv(100) == b"", "the connection has ended, what was sent is gone"
    assert said(connect_to(), b"four") == b"four"


def test_a_slow_proxy_takes_its_time(echo):
    proxy, connect_to = echo
    client = connect_to()
    proxy.slow(bytes_per_second=10_000)
    began = time.monotonic()
    assert len(said(client, b"x" * 2000)) == 100
    assert time.monotonic() - began > 0.3  # there and back
