"""Serves an application until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.context import Context
from bypuls.errors import ServerError

log = logging.getLogger("bypuls.api")

_GRACE_SECONDS = 10
"""How long answers under way may take at shutdown."""


class Server(uvicorn.Server):
    """Ends live streams first when it shuts down: it would wait for them otherwise."""

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self._context = context

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end `run`, and are not raised again afterwards: the command ends by itself."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then what uvicorn ends."""
        self._context.changes.close()
        await super().shutdown(sockets)


def new_server(app: FastAPI) -> Server:
    """A server for `app`, not yet running."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        # The client's address decides who sees raw payloads: what a forwarding header claims must not replace it.
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return Server(config, app.state.context)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        ServerError: the port is taken, is not ours to take, or the host is none of this machine's.
    """
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        message = f"the API cannot listen on {where}: {error.strerror or error}; correct BYPULS_API_HOST"
        raise ServerError(message) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} on {host} is taken: stop what listens there, or set BYPULS_API_PORT to a free one"
        else:
            message = f"the API cannot listen on {where}: {error.strerror}; correct BYPULS_API_HOST and BYPULS_API_PORT"
        raise ServerError(message) from None
    return listener


def run(app: FastAPI, host: str, port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve `app` until SIGTERM or Ctrl-C; `ready` gets the address once it listens.

    Raises:
        ServerError: it cannot listen there.
    """
    listener = listen(host, port)
    found, number = listener.getsockname()[:2]
    address = f"http://{f'[{found}]' if ':' in found else found}:{number}"
    log.info("API at %s", address)
    if ready is not None:
        ready(address)
    with listener:
        asyncio.run(new_server(app).serve(sockets=[listener]))
