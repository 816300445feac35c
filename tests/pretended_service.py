"""A service on this machine that answers what a test wrote down; for bridges."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit


class PretendedService:
    """Answers by `answer(request)`, or by the next of `answers`; keeps what it was asked.

    A request has method, path, query (name -> text), headers and body (JSON). An answer is (status, headers, body).
    """

    def __init__(self):
        self.requests, self.answers, self.answer = [], [], None
        self.base = ""

    def reply(self, *documents, status=200, headers=None):
        """Answer the next requests with these, in order; the last one stays."""
        self.answers += [(status, headers or {}, document) for document in documents]

    def _next(self, request):
        self.requests.append(request)
        if self.answer is not None:
            return self.answer(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.contextmanager
def pretended_service():
    """The service, listening on loopback as long as the block lasts."""
    service = PretendedService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            request = SimpleNamespace(
                method=self.command,
                path=unquote(parts.path),
                query=query,
                headers=dict(self.headers.items()),
                body=json.loads(body) if body else None,
            )
            status, headers, document = service._next(request)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
