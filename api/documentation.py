"""A page of our own that documents the API from its OpenAPI description: no script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.problems import KINDS
from api.tables import json_bytes

router = APIRouter(include_in_schema=False)

_PLACES = {
    "/v1/cities": "the cities, and from there everything else",
    "/v1/kpi-values?city=…&latest=true": "the newest value of every KPI, with its evidence",
    "/v1/events?city=…": "new KPI values as they come",
    "/v1/health": "whether it keeps up",
    "/docs": "every address with its parameters",
    "/openapi.json": "the same for programs",
}
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"}
_STYLE = """
:root { color-scheme: light dark; --page: #f6f8fa; --panel: #fff; --text: #1b2733; --muted: #55636f; --accent: #0b62c4;
  --line: #d5dce2; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1418; --panel: #171e24; --text: #e6edf3; --muted: #9fb0bf;
  --accent: #58a6ff; --line: #2b353d; } }
body { font: 1rem/1.5 system-ui, sans-serif; background: var(--page); color: var(--text); margin: 0 auto;
  max-width: 60rem; padding: 1rem; }
a { color: var(--accent); } h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; } h3 { margin-bottom: 0.25rem; }
section, details { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 1rem;
  margin: 0.5rem 0; }
summary { cursor: pointer; } code { font-family: ui-monospace, monospace; font-size: 0.9em; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top;
  border-top: 1px solid var(--line); padding: 0.25rem 0.75rem 0.25rem 0; } .muted { color: var(--muted); }
"""


@router.get("/")
@router.get("/api")  # where the control room has taken the first
def index(request: Request) -> Response:
    """What lives where: a page for people, JSON for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response(json_bytes({"name": "Bypuls", "places": _PLACES}), media_type="application/json")
    rows = "".join(f"<tr><td>{_place(path)}</td><td>{escape(what)}</td></tr>" for path, what in _PLACES.items())
    return _page(
        "Bypuls", f"<h1>Bypuls</h1><p>{escape(request.app.openapi()['info']['summary'])}</p><table>{rows}</table>"
    )


@router.get("/docs")
def documentation(request: Request) -> Response:
    """Every address with its parameters and columns, and every type of problem."""
    return _page("Bypuls API", "".join(_parts(request.app.openapi())))


def _place(path: str) -> str:
    text = f"<code>{escape(path)}</code>"
    return text if "…" in path else f'<a href="{escape(path)}">{text}</a>'


def _page(title: str, body: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    page = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'
    return HTMLResponse(page, headers=_POLICY)


def _parts(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info['summary'])}</p>"
    yield f"<section>{_paragraphs(info['description'])}</section><p><a href='/openapi.json'>/openapi.json</a></p>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation.get("tags", []):
                    yield _operation(document, path, method, operation)
    yield "<h2>Problems</h2><table>"
    for kind in KINDS:
        cells = f"<td>{kind.status}</td><td><code>{kind.name}</code></td><td>{kind.title}</td>"
        yield f'<tr id="problem-{kind.name}">{cells}</tr>'
    yield "</table>"


def _paragraphs(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    return "<br>".join(escape(line.replace("**", "").replace("`", "")) for line in lines if line)


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    summary = f"<summary><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</summary>"
    parts = [summary, _paragraphs(operation.get("description", ""))]
    parameters = [
        (one["name"], one["in"] + (", needed" if one.get("required") else ""), one.get("description", ""))
        for one in operation.get("parameters", [])
    ]
    if parameters:
        parts.append(_table("Parameters", parameters))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        parts.append(_table("Body", _fields(document, body)))
    answer = operation["responses"].get("200") or operation["responses"].get("202") or {}
    fields = list(_fields(document, answer.get("content", {}).get("application/json", {}).get("schema", {})))
    if fields:
        parts.append(_table("Answer", fields))
    return f"<details>{''.join(parts)}</details>"


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The fields of an answer; of a list, those of its rows."""
    named = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"].get(named, schema)
    rows = found.get("properties", {}).get("data", {}).get("items")
    if rows:
        yield from _fields(document, rows)
        return
    for name, field in found.get("properties", {}).items():
        yield name, _kind(field), field.get("description", "")


def _kind(field: dict[str, Any]) -> str:
    kinds = [_kind(one) for one in field.get("anyOf", [])] or [
        field.get("format") or field.get("type") or field.get("$ref", "").rpartition("/")[2]
    ]
    return " or ".join(dict.fromkeys(filter(None, kinds)))


def _table(title: str, rows: Any) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td class='muted'>{escape(kind)}</td><td>{escape(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f"<h3>{title}</h3><table>{cells}</table>"
