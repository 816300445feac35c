"""A small HTTP listener for processes that serve nobody else: /metrics, /health/live, /health/ready."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bypuls.errors import ServerError
from bypuls.observing.metrics import CONTENT_TYPE, Metrics

_LOG = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as http.server calls it
        """Who asked and did not wait for the answer is no event."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _LOG.error("metrics or health could not be answered", exc_info=error)


@contextmanager
def listening(
    host: str, port: int | None, metrics: Metrics, problems: Callable[[], Sequence[str]]
) -> Iterator[str | None]:
    """Answer on a thread of its own while the block runs; gives the address, None without a port.

    Raises:
        ServerError: the port is taken, or is not ours to take.
    """
    if port is None:
        yield None
        return

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(HTTPStatus.OK, metrics.text(), CONTENT_TYPE)
            elif path == "/health/live":
                self._answer(HTTPStatus.OK, _json({"status": "live"}), "application/json")
            elif path == "/health/ready":
                found = list(problems())
                status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
                self._answer(status, _json({"status": "not ready" if found else "ready", "problems": found}))
            else:
                self._answer(HTTPStatus.NOT_FOUND, _json({"paths": ["/metrics", "/health/live", "/health/ready"]}))

        def _answer(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape every few seconds is no event."""

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        message = f"metrics cannot be served on {host}:{port}: {error.strerror or error}; set another …_METRICS_PORT"
        raise ServerError(message) from None
    server.daemon_threads = True
    address = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    _LOG.info("metrics and health at %s", address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
