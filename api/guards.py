"""Stands before every request: bounds its body, refuses what no database can hold, and sets the security headers."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import INVALID, TOO_LARGE, problem

MOST_BODY_BYTES = 1_500_000
"""A payload of 1 MiB in base64, and what is around it."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, most_body_bytes: int = MOST_BODY_BYTES) -> None:
        self.app = app
        self.most_body_bytes = most_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        private = any(name == b"authorization" for name, _ in scope["headers"])

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                # Answers change with the data; those to a token are nobody else's.
                headers.setdefault("Cache-Control", "no-store" if private else "no-cache")
            await send(message)

        instance = str(scope.get("path", ""))
        if _holds_nul(scope):
            refusal = problem(INVALID, "the address holds a NUL character (%00): leave it out", instance)
            await refusal(scope, receive, guarded_send)
        elif _announced(scope) > self.most_body_bytes:
            refusal = problem(TOO_LARGE, self._too_large(), instance, headers={"Connection": "close"})
            await refusal(scope, receive, guarded_send)
        else:
            await self.app(scope, self._bounded(receive), guarded_send)

    def _bounded(self, receive: Receive) -> Receive:
        """The body's length is counted too: a chunked one announces none."""
        seen = 0

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most_body_bytes:
                raise HTTPException(TOO_LARGE.status, self._too_large())
            return message

        return counting

    def _too_large(self) -> str:
        return f"the body is larger than {self.most_body_bytes} bytes: send less at once"


def _holds_nul(scope: Scope) -> bool:
    return b"\0" in unquote_to_bytes(scope.get("query_string", b"")) or "\0" in scope.get("path", "")


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
