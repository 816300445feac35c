"""The health check of processes that serve nobody."""

import os
import socket
import subprocess
import sys

from bypuls.connected import missing


def test_a_process_is_connected_to_what_it_holds_a_connection_to():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert missing(os.getpid(), [port]) == [port]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            assert missing(os.getpid(), [port]) == []
            assert missing(os.getpid(), [port, 1]) == [1]


def test_a_process_that_is_not_there_is_connected_to_nothing():
    assert missing(2**22 + 1, [1883]) == [1883]


def test_as_a_command_it_says_what_is_missing():
    done = subprocess.run(
        [sys.executable, "-m", "bypuls.connected", "9"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "not connected to port 9" in done.stderr
