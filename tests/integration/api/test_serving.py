"""The process as the command starts it; and answers that break on the way."""

import signal
import subprocess
import sys
import textwrap

import httpx
import pytest

from api import listing
from api.context import Context
from api.tokens import create_token
from bypuls.errors import DatabaseUnreachable
from bypuls.server_folder import free_port
from bypuls.storage.database import connect
from tests.integration.api.seed import seed

pytestmark = pytest.mark.lane("plain")

PROGRAM = textwrap.dedent(
    """
    import sys
    from api.compose import serve
    from bypuls.clock import utc_now
    from bypuls.errors import BypulsError
    from bypuls.settings import ApiSettings

    def check_decode(topic, payload, *, now):
        return [{"topic": topic, "year": now.year}]

    try:
        serve(ApiSettings(host="127.0.0.1", port=int(sys.argv[2])), sys.argv[1], 2, utc_now, check_decode)
    except BypulsError as error:
        sys.exit(str(error))
    """
)


def test_the_process_serves_reads_writes_and_checks_and_ends_when_told_to(migrated_url):
    with connect(migrated_url) as connection:
        seed(connection)
        token = create_token(connection, "operations")
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, migrated_url, str(port)]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8), timeout=60
        ) as client,
    ):
        assert client.get("/health/ready").status_code == 200
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert second.stderr == (
            f"port {port} on 127.0.0.1 is taken: stop what listens there, or set BYPULS_API_PORT to a free one\n"
        )
        path, headers = "/v1/sites/hill?city=alpha", {"Authorization": f"Bearer {token}"}
        assert client.patch(path, json={"name": "Top"}, headers=headers).json()["name"] == "Top"
        checked = client.post("/v1/check/decode", json={"topic": "t", "payload": ""}).json()["readings"]
        assert checked[0]["topic"] == "t"
        with client.stream("GET", "/v1/events") as events:
            assert next(events.iter_lines()).startswith("retry")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_a_long_csv_that_fails_on_the_way_breaks_visibly(own_api, monkeypatch):
    monkeypatch.setattr(listing, "MOST_ROWS", 5)
    reading, calls = Context.reading, []

    def failing(context):
        calls.append(context)
        if len(calls) > 4:
            raise DatabaseUnreachable("gone")
        return reading(context)

    monkeypatch.setattr(Context, "reading", failing)
    with pytest.raises(httpx.RemoteProtocolError):
        own_api.get("/v1/observations?city=alpha&property=pm10&format=csv")


def test_a_csv_of_many_pages_gives_each_row_once(own_api, monkeypatch):
    monkeypatch.setattr(listing, "MOST_ROWS", 5)
    lines = own_api.get("/v1/observations?city=alpha&property=pm10&format=csv").text.splitlines()
    assert len(lines) == 1 + 54
    assert len(set(lines)) == len(lines)
