"""A Grafana that is none: the parts of its HTTP API that publishing needs, with a memory, over real HTTP.

With the recorded description of Grafana's API (`spec`) every request and answer is checked against it; what does not
conform ends as 599, which no Grafana sends.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema

TOKEN = "glsa_seeded"


class FakeGrafana:
    """`writes` counts what changed something; `answers` overrides: (method, path) -> (status, body or text)."""

    def __init__(self, spec=None, prefix=""):
        self.spec, self.prefix = spec, prefix
        self.sources = {"bypuls-postgres": _source("bypuls-postgres")}
        self.folders, self.dashboards = {}, {}
        self.writes, self.answers, self.before_write = 0, {}, None

    # --- what it does ------------------------------------------------------------------------------------------------

    def answer(self, method, path, body):
        if (method, path) in self.answers:
            return self.answers[method, path]
        if method == "GET":
            kind, _, name = path.removeprefix("/api/").rpartition("/")
            held = {"datasources/uid": self.sources, "folders": self.folders, "dashboards/uid": self.dashboards}
            found = held.get(kind, {}).get(name)
            return (200, found) if found else (404, {"message": "not found"})
        if path == "/api/folders":
            self.writes += 1
            self.folders[body["uid"]] = {"uid": body["uid"], "title": body["title"], "id": 1, "version": 1}
            return 200, self.folders[body["uid"]]
        if method == "GET" and path.startswith("/api/dashboards/uid/"):
            return (
                (200, self.dashboards[name]) if name in self.dashboards else (404, {"message": "Dashboard not found"})
            )
        if method == "POST" and path == "/api/dashboards/db":
            if self.before_write:
                self.before_write(self)
            return self._save(body)
        return 404, {"message": "Not found"}

    def _save(self, body):
        sent = dict(body["dashboard"])
        stored = self.dashboards.get(sent["uid"])
        if stored and not body.get("overwrite") and sent.get("version") != stored["dashboard"]["version"]:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        self.writes += 1
        version = stored["dashboard"]["version"] + 1 if stored else 1
        # Grafana adds its own id, version and defaults.
        kept = sent | {"id": len(self.dashboards) + 1, "version": version, "weekStart": ""}
        self.dashboards[sent["uid"]] = {"dashboard": kept, "meta": {"folderUid": body["folderUid"], "slug": "x"}}
        saved = {"id": kept["id"], "uid": sent["uid"], "url": "/d/x", "status": "success", "version": version,
                 "title": sent["title"], "slug": "x"}  # fmt: skip
        return 200, saved

    # --- how it is reached -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{self.prefix}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._serve("GET")

            def do_POST(self):
                self._serve("POST")

            def _serve(self, method):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                path = self.path.removeprefix(fake.prefix)
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    status, said = 401, {"message": "Invalid API key"}
                else:
                    status, said = fake.checked(method, path, body)
                raw = (said if isinstance(said, str) else json.dumps(said)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        return Handler

    def checked(self, method, path, body):
        status, said = self.answer(method, path, body)
        if self.spec is None or isinstance(said, str):
            return status, said
        try:
            self.spec.check(method, path, body, status, said)
        except jsonschema.ValidationError as error:
            return 599, {"message": f"not as Grafana's description says: {error.message}"}
        return status, said


class Spec:
    """Grafana's description of its API (Swagger 2.0)."""

    def __init__(self, file):
        self.document = json.loads(file.read_text(encoding="utf-8"))

    def check(self, method, path, body, status, said):
        operation = self._operation(method, path)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "body" and body is not None:
                self._validate(body, parameter["schema"])
        response = operation["responses"].get(str(status))
        if response is None:
            raise jsonschema.ValidationError(f"{method} {path} answers {status}, which is not described")
        if "$ref" in response:
            response = self.document["responses"][response["$ref"].rpartition("/")[2]]
        if "schema" in response:
            self._validate(said, response["schema"])

    def _operation(self, method, path):
        if path in self.document["paths"]:
            return self.document["paths"][path][method.lower()]
        parts = path.split("/")
        for template, operations in self.document["paths"].items():
            wanted = template.split("/")
            if len(wanted) == len(parts) and all(
                one == other or one.startswith("{") for one, other in zip(wanted, parts, strict=True)
            ):
                return operations[method.lower()]
        raise jsonschema.ValidationError(f"{method} {path} is not described")

    def _validate(self, instance, schema):
        jsonschema.Draft4Validator({**schema, "definitions": self.document["definitions"]}).validate(instance)


def _source(uid):
    return {"id": 1, "uid": uid, "orgId": 1, "name": "Bypuls", "type": "grafana-postgresql-datasource"}
