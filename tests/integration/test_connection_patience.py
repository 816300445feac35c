"""A server that falls silent is noticed in half a minute: TCP alone would wait for hours."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from bypuls.storage.database import connect, open_pool

pytestmark = [
    pytest.mark.lane("plain"),
    pytest.mark.skipif(sys.platform != "linux", reason="these socket options are Linux's"),
]


def options(connection):
    with socket.socket(fileno=os.dup(connection.fileno())) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        return [sock.getsockopt(socket.IPPROTO_TCP, name) for name in names]


def test_a_silent_server_is_given_half_a_minute(migrated_url):
    with connect(migrated_url, "writer") as connection:
        assert options(connection) == [15, 5, 3, 30_000]
    with open_pool(migrated_url, "reader", 1) as pool, pool.connection() as connection:
        assert options(connection) == [15, 5, 3, 30_000]


def test_the_address_may_say_otherwise(migrated_url):
    with connect(f"{migrated_url}?keepalives_idle=100&tcp_user_timeout=5000") as connection:
        assert options(connection) == [100, 5, 3, 5_000]
