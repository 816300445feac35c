"""Serving: one clear line when it cannot, a clean end when it is told to."""

import os
import signal
import socket
import subprocess
import sys
import textwrap

import httpx
import pytest

from api.server import listen
from bypuls.errors import ServerError


def test_a_taken_port_is_said_in_one_line():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} on 127.0.0.1 is taken: .* BYPULS_API_PORT") as refused:
            listen("127.0.0.1", port)
    assert "\n" not in str(refused.value)
    with listen("127.0.0.1", port):
        pass


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_that_is_not_this_machine_is_said(host):
    with pytest.raises(ServerError, match=r"cannot listen on .* BYPULS_API_HOST"):
        listen(host, 0)


def test_a_name_is_a_host_too():
    with listen("localhost", 0) as listener:
        assert listener.family in (socket.AF_INET, socket.AF_INET6)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_itself_when_told_to(number):
    program = textwrap.dedent(
        """
        from psycopg_pool import ConnectionPool
        from api.app import create_app
        from api.server import run
        from bypuls.settings import ApiSettings

        app = create_app(ApiSettings(), ConnectionPool("", open=False))
        run(app, "127.0.0.1", 0, ready=lambda address: print(address, flush=True))
        print("ended", flush=True)
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        assert httpx.get(f"{address}/health/live", timeout=60).json() == {"status": "live"}
        os.kill(process.pid, number)
        assert process.stdout.read() == "ended\n"
        assert process.wait(60) == 0
