"""The page's own files: cached by what they hold, compressed where asked, and nothing from outside."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fastapi import Request, Response

from dashboards.control_room.problems import not_found

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_COMPRESSED = frozenset({".ico", ".png", ".woff2"})
_LEAST_BYTES = 800
_VERSION_SIGN = "v-"
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    tag: str
    changed: int


class Pages:
    """Serves a folder of files; a file that changed is read anew."""

    def __init__(self, folder: Path | None = None, tile_hosts: tuple[str, ...] = ()) -> None:
        self._folder = folder or Path(str(files("dashboards.control_room").joinpath("static")))
        self._read: dict[str, _File] = {}
        self._version = ""
        images = " ".join(("'self'", "data:", *tile_hosts))
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none'; "
                "form-action 'self'; frame-ancestors 'none'"
            ),
            "X-Frame-Options": "DENY",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    def answer(self, request: Request, path: str) -> Response:
        """The file at `path` within the folder.

        Raises:
            Problem: there is none, or it is none of ours.
        """
        headers = self._headers
        version, _, rest = path.partition("/")
        if version.startswith(_VERSION_SIGN) and rest:
            path = rest
            # An address with another version is an older page's: it gets the file as it is now, and asks again.
            if version == self._version:
                headers = {**headers, "Cache-Control": "public, max-age=31536000, immutable"}
        suffix = Path(path).suffix
        found = self._file(path) if suffix in _TYPES else None
        if found is None:
            raise not_found(f"no file /static/{path[:120]}", "reinstall the package if it should be there")
        return packed_answer(request, found.body, _TYPES[suffix], found.packed, found.tag, headers)

    def index(self, request: Request) -> Response:
        """The page itself; its files' addresses bear their version, so that a browser asks for each but once."""
        found = self._file("index.html")
        if found is None:
            raise not_found("no file /static/index.html", "reinstall the package if it should be there")
        seen = [(str(file.relative_to(self._folder)), file.stat()) for file in sorted(self._folder.rglob("*.*"))]
        told = repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in seen])
        self._version = _VERSION_SIGN + hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
        body = found.body.replace(b'"/static/', f'"/static/{self._version}/'.encode())
        return packed_answer(request, body, _TYPES[".html"], tag=tag_of(body), headers=self._headers)

    def _file(self, path: str) -> _File | None:
        parts = path.split("/")
        if any(part.startswith(".") or part in ("", "..") or "\\" in part for part in parts):
            return None
        place = self._folder.joinpath(*parts)
        try:
            changed = place.stat().st_mtime_ns
            known = self._read.get(path)
            if known is None or known.changed != changed:
                body = place.read_bytes()
                packed = None if place.suffix in _COMPRESSED else gzip.compress(body, 9, mtime=0)
                known = self._read[path] = _File(body, packed, tag_of(body), changed)
        except OSError:
            return None
        return known


def tag_of(body: bytes) -> str:
    """An ETag: weak, since the compressed body is another."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def packed_answer(
    request: Request,
    body: bytes,
    media_type: str,
    packed: bytes | None = None,
    tag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`body`, compressed where the client takes that; 304 when it has it already."""
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache", **(headers or {})}
    if tag is not None:
        headers["ETag"] = tag
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    if len(body) >= _LEAST_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = packed or gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=media_type)
