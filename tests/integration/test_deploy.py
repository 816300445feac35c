"""What docker-compose.yml puts together, without Docker: its broker's files, its roles, its secrets, its processes."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import psycopg
import pytest

from bypuls.broker_server import find_mosquitto
from bypuls.server_folder import free_port, wait_until
from deploy.add_device import add
from deploy.hand_out import hand_out
from deploy.make_secrets import DEVICES, make
from tests.lanes.databases import reachable_folder

ROOT = Path(__file__).parents[2]
SERVICES = ("owner", "ingest", "process", "api", "simulate", "mosquitto", "timescaledb", "grafana")


class Client:
    """A device or a process at the broker."""

    def __init__(self, port, user=None, password=None, authority=None, host="127.0.0.1"):
        self.received, self.answer, self._answered = [], None, threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, password)
        if authority:
            self.client.tls_set_context(ssl.create_default_context(cafile=authority))
        self.client.on_connect = self._connected
        self.client.on_message = lambda _c, _u, message: self.received.append((message.topic, message.payload))
        self.client.connect(host, port)
        self.client.loop_start()
        assert self._answered.wait(60)

    def _connected(self, _client, _data, _flags, reason, _properties):
        self.answer = reason
        self._answered.set()

    def subscribe(self, topic):
        done = threading.Event()
        self.client.on_subscribe = lambda *_: done.set()
        self.client.subscribe(topic, qos=1)
        assert done.wait(60)

    def publish(self, topic, payload):
        self.client.publish(topic, payload, qos=1).wait_for_publish(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()


class Installation:
    """Secrets handed out as the compose service does it, and the broker with the deployed files."""

    def __init__(self, folder):
        self.folder = folder
        self.secrets, self.out, self.broker = folder / "secrets", folder / "out", None
        make(self.secrets)
        for name in SERVICES:
            (self.out / name).mkdir(parents=True)
        self.port, self.tls_port = free_port(), free_port()

    def password(self, name):
        return (self.secrets / name).read_text().strip()

    def device(self, city, device):
        return f"{city}/{device}", add(self.secrets / DEVICES, city, device)

    def hand_out(self):
        hand_out(self.secrets, self.out, chown=lambda *_: None)

    def start_broker(self, *, lan=False):
        """Mosquitto with deploy/mosquitto/*, its places replaced by ours."""
        config, data = self.folder / "mosquitto", self.folder / "mosquitto-data"
        (config / "listeners").mkdir(parents=True)
        data.mkdir()
        places = {
            "/mosquitto/config": str(config),
            "/mosquitto/data": str(data),
            "/run/bypuls": str(self.out / "mosquitto"),
            "listener 1883": f"listener {self.port} 127.0.0.1",
            "listener 8883": f"listener {self.tls_port} 127.0.0.1",
        }
        targets = {"mosquitto.conf": "mosquitto.conf", "rules": "rules", "inner.conf": "listeners/inner.conf"}
        for name, target in (targets | ({"lan.conf": "listeners/lan.conf"} if lan else {})).items():
            text = (ROOT / "deploy/mosquitto" / name).read_text()
            for there, here in places.items():
                text = text.replace(there, here)
            (config / target).write_text(text)
        if os.geteuid() == 0:  # Mosquitto steps down from root by itself; here it keeps reading what root owns
            (config / "listeners" / "account.conf").write_text("user root\n")
        with (self.folder / "mosquitto.log").open("w") as log:
            program = find_mosquitto()
            self.broker = subprocess.Popen([program, "-c", config / "mosquitto.conf"], stderr=log, stdout=log)
        for port in [self.port, *([self.tls_port] if lan else [])]:
            assert wait_until(lambda port=port: answers(port), seconds=60), (self.folder / "mosquitto.log").read_text()

    def stop(self):
        if self.broker is not None:
            self.broker.terminate()
            self.broker.wait(60)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def installation():
    if find_mosquitto() is None:
        pytest.skip("lane mosquitto: Mosquitto is not installed (apt-get install mosquitto)")
    with reachable_folder() as folder:
        made = Installation(folder)
        yield made
        made.stop()


@pytest.mark.broker
def test_at_the_deployed_broker_everybody_reaches_what_is_theirs_and_nothing_else(installation):
    lamp, same_name = installation.device("fjordvik", "lamp"), installation.device("oslo", "lamp")
    installation.hand_out()
    installation.start_broker()
    port = installation.port
    ingest = ("ingest", installation.password("broker_ingest_password"))
    simulate = ("simulate", installation.password("broker_simulate_password"))
    health = ("health", installation.password("broker_health_password"))
    with Client(port, *ingest) as reader, Client(port, *lamp) as one, Client(port, *same_name) as other:
        reader.subscribe("#")
        one.subscribe("#")
        one.publish("bypuls/v1/oslo/lamp/observations", b"another city's device of the same name")
        one.publish("bypuls/v1/fjordvik/other/observations", b"another device")
        one.publish("bypuls/v1/fjordvik/lamp/observations", b"own")
        other.publish("bypuls/v1/oslo/lamp/events", b"own too")
        with Client(port, *simulate) as town:
            town.publish("bypuls/v1/oslo/lamp/observations", b"a real city's device, pretended")
            town.publish("bypuls/v1/fjordvik/lcs-parken/history", b"simulated")
        with Client(port, *health) as check:
            check.subscribe("$SYS/broker/uptime")
            assert wait_until(lambda: bool(check.received), seconds=60)
            check.publish("bypuls/v1/fjordvik/lamp/observations", b"by the health check")
        reader.publish("elsewhere/x", b"ingest beyond our root")
        reader.publish("bypuls/v1/fjordvik/lamp/errors", b"answer")
        assert wait_until(lambda: any(payload == b"answer" for _, payload in reader.received), seconds=60)
        assert {payload for _, payload in reader.received} == {b"own", b"own too", b"simulated", b"answer"}
        assert wait_until(lambda: any(payload == b"answer" for _, payload in one.received), seconds=60)
        assert {payload for _, payload in one.received} <= {b"own", b"answer"}


@pytest.mark.broker
def test_the_deployed_broker_lets_nobody_in_without_the_right_password(installation):
    lamp, _ = installation.device("fjordvik", "lamp")
    installation.hand_out()
    installation.start_broker()
    for user, password in [(None, None), (lamp, "wrong"), ("ingest", ""), ("stranger", "x")]:
        with Client(installation.port, user, password) as client:
            assert client.answer.is_failure


@pytest.mark.broker
def test_a_new_device_is_known_after_a_reload_and_the_others_stay_connected(installation):
    first = installation.device("fjordvik", "first")
    installation.hand_out()
    installation.start_broker()
    with Client(installation.port, *first) as client:
        second = installation.device("fjordvik", "second")
        for name in SERVICES:
            (installation.out / name).chmod(0o700)
        installation.hand_out()
        installation.broker.send_signal(signal.SIGHUP)

        def known():
            with Client(installation.port, *second) as other:
                return not other.answer.is_failure

        assert wait_until(known, seconds=10, every=0.2)
        assert client.client.is_connected()


@pytest.mark.broker
def test_the_lans_certificate_verifies_and_the_broker_speaks_tls_with_it(installation):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    environment = os.environ | {"BYPULS_SECRETS_FOLDER": str(installation.secrets)}
    script = [ROOT / "deploy/make_tls.sh", "broker.example.org", "127.0.0.1"]
    subprocess.run(script, env=environment, check=True, capture_output=True)
    tls = installation.secrets / "tls"
    authority, certificate = (tls / "ca.crt").read_bytes(), (tls / "server.crt").read_bytes()
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "broker.example.org"]
    subprocess.run([*verify, "-CAfile", tls / "ca.crt", tls / "server.crt"], check=True, capture_output=True)
    assert {path.name: path.stat().st_mode & 0o777 for path in tls.iterdir()} == {
        "ca.key": 0o600,
        "ca.crt": 0o644,
        "server.key": 0o600,
        "server.crt": 0o600,
    }
    subprocess.run(script, env=environment, check=True, capture_output=True)
    assert (tls / "ca.crt").read_bytes() == authority, "devices trust it: it stays"
    assert (tls / "server.crt").read_bytes() != certificate

    for name in ("server.crt", "server.key"):
        shutil.copy(tls / name, installation.secrets / name)  # compose mounts them beside the other secrets
    lamp = installation.device("fjordvik", "lamp")
    installation.hand_out()
    installation.start_broker(lan=True)
    with Client(installation.tls_port, *lamp, authority=str(tls / "ca.crt")) as client:
        assert not client.answer.is_failure
    with Client(installation.tls_port, authority=str(tls / "ca.crt")) as client:
        assert client.answer.is_failure, "TLS replaces no password"
    with socket.create_connection(("127.0.0.1", installation.tls_port)) as plain, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("name", ["a b", "$(id)", "-x", "a/b", ""])
def test_a_name_that_is_none_gets_no_certificate(tmp_path, name):
    environment = os.environ | {"BYPULS_SECRETS_FOLDER": str(tmp_path)}
    done = subprocess.run([ROOT / "deploy/make_tls.sh", name], env=environment, check=False, capture_output=True)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


class Processes:
    """The compose file's processes as ordinary ones, each with its own folder of secrets."""

    def __init__(self, installation, database_url):
        self.installation, self.parts, self.running = installation, urlsplit(database_url), {}
        self.api = free_port()

    def environment(self, service):
        folder = self.installation.folder / "run" / service
        folder.mkdir(parents=True, exist_ok=True)
        for file in (self.installation.out / service).iterdir():
            text = file.read_text().replace("@mosquitto:1883", f"@127.0.0.1:{self.installation.port}")
            there = f"@{self.parts.hostname}:{self.parts.port}{self.parts.path}"
            (folder / file.name).write_text(text.replace("@timescaledb:5432/bypuls", there))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BYPULS_")}
        return kept | {
            "BYPULS_SECRETS": str(folder),
            "BYPULS_API_PORT": str(self.api),
            "BYPULS_HOME": str(folder / "home"),
        }

    def command(self, service, *words):
        done = subprocess.run(
            [sys.executable, "-m", "bypuls", *words],
            env=self.environment(service),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, service, *words):
        log = (self.installation.folder / f"{service}.log").open("a")
        command = [sys.executable, "-m", "bypuls", *words]
        self.running[service] = subprocess.Popen(command, env=self.environment(service), stdout=log, stderr=log)
        log.close()

    def log(self, service):
        return (self.installation.folder / f"{service}.log").read_text()

    def stop(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(60)

    def get(self, path, method="GET", token=None, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", method=method, data=body)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - an address of ours
            return json.load(answer)

    def answers(self, path="/health/ready"):
        try:
            return self.get(path)
        except OSError:
            return None


@pytest.fixture
def processes(installation, lane, database_url):
    """Roles as the database's first start makes them, then the schema, as their owner."""
    if shutil.which("psql") is None:
        pytest.skip("no psql here (apt-get install postgresql-client)")
    installation.hand_out()
    parts = urlsplit(database_url)
    environment = os.environ | {
        "BYPULS_SECRETS": str(installation.out / "timescaledb"),
        "POSTGRES_DB": parts.path[1:],
        "POSTGRES_USER": parts.username,
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port),
        "PGPASSWORD": parts.password or "",
    }
    for _ in range(2):  # said again it changes nothing
        subprocess.run([ROOT / "deploy/postgres/roles.sh"], env=environment, check=True, capture_output=True)
    if lane.name == "timescaledb":
        with psycopg.connect(database_url, autocommit=True) as administrator:
            administrator.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")  # as the image does at its first start
    made = Processes(installation, database_url)
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.broker
def test_the_whole_topology_works_with_least_privileged_roles_and_loses_nothing(
    installation, processes, lane, database_url
):
    sensor = installation.device("storvik", "nilu-x")
    for name in SERVICES:
        (installation.out / name).chmod(0o700)
    installation.hand_out()
    installation.start_broker()
    edition = "TimescaleDB" if lane.name == "timescaledb" else "plain PostgreSQL"
    assert f"the schema is up to date ({edition}" in processes.command("owner", "db", "migrate")
    assert "added" in processes.command("owner", "city", "add", str(ROOT / "docs/examples/storvik.yaml"))
    token = processes.command("owner", "token", "create", "me").strip().splitlines()[-1]
    processes.start("ingest", "ingest")
    processes.start("process", "process")
    processes.start("api", "serve")
    assert wait_until(lambda: processes.answers() is not None, seconds=60), processes.log("api")

    topic = "bypuls/v1/storvik/nilu-x/observations"
    started = datetime.now(UTC).replace(microsecond=0)
    assert wait_until(lambda: "connected to broker" in processes.log("ingest"), seconds=60), processes.log("ingest")
    with Client(installation.port, *sensor) as client:
        for number in range(300):
            stamp = datetime.fromtimestamp(started.timestamp() - number, UTC).isoformat()
            client.publish(topic, json.dumps({"time": stamp, "pm10": number / 10}).encode())
            if number == 100:
                processes.running["ingest"].kill()
                processes.running["ingest"].wait()
            if number == 200:
                processes.start("ingest", "ingest")
    path = "/v1/observations?city=storvik&device=nilu-x&property=pm10&limit=1000"

    def values():
        found = processes.answers(path) or {"data": []}
        return sorted(row["value"] for row in found["data"])

    wanted = sorted(number / 10 for number in range(300))
    assert wait_until(lambda: len(values()) >= 300, seconds=60, every=0.5), processes.log("ingest")
    assert values() == wanted

    # What a person writes goes through the API's own role, the audit trail included.
    site = processes.get("/v1/sites?city=storvik")["data"][0]["site"]
    body = json.dumps({"status": "active", "site": site}).encode()
    processes.get("/v1/devices/nilu-x?city=storvik", "PATCH", token, body)
    assert processes.get("/v1/audit?city=storvik", token=token)["data"][0]["who"]
    assert wait_until(lambda: rollups(database_url) > 0, seconds=60, every=0.5), processes.log("process")
    logs = {name: processes.log(name) for name in ("ingest", "process", "api")}
    assert {name: log for name, log in logs.items() if "ermission denied" in log} == {}


def rollups(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT count(*) FROM rollup_1h").fetchone()[0]


@pytest.mark.broker
def test_no_login_can_do_more_than_its_process_needs(installation, processes):
    processes.command("owner", "db", "migrate")
    refused = {
        "ingest": [
            "DROP TABLE observation",
            "SELECT * FROM api_key",
            "DELETE FROM audit_log",
            "CREATE TABLE x (y int)",
        ],
        "process": ["UPDATE api_key SET hash = ''", "CREATE ROLE x", "UPDATE audit_log SET who = ''"],
        "api": [
            "DELETE FROM observation",
            "UPDATE observation SET value = 0",
            "INSERT INTO kpi_value DEFAULT VALUES",
            "INSERT INTO api_key (name, hash) VALUES ('x', '')",
            "UPDATE api_key SET scopes = '{admin}'",
            "DELETE FROM audit_log",
            "CREATE TEMPORARY TABLE x (y int)",
        ],
        "owner": ["CREATE ROLE x", "CREATE DATABASE x", "ALTER ROLE bypuls_api SUPERUSER"],
        "grafana_ro": ["SELECT payload FROM quarantine", "SELECT * FROM api_key", "CREATE TABLE x (y int)"],
    }
    for name, statements in refused.items():
        user = name if name == "grafana_ro" else f"bypuls_{name}"
        parts = processes.parts
        with psycopg.connect(
            host=parts.hostname,
            port=parts.port,
            dbname=parts.path[1:],
            user=user,
            password=installation.password(f"{name}_password"),
            autocommit=True,
        ) as connection:
            if name == "api":
                assert connection.execute("SELECT count(*) FROM observation").fetchone() == (0,)
            for statement in statements:
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                    connection.execute(statement)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host=parts.hostname, port=parts.port, dbname=parts.path[1:], user="bypuls_owner", password="wrong"
        )
