"""What the control room answers when it cannot: problem details (RFC 9457) with what went wrong, where, and a hint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from bypuls.errors import BypulsError, DatabaseUnreachable, SchemaError
from dashboards.control_room.frames import FrameError
from dashboards.macros import MacroError
from dashboards.times import TimeError
from dashboards.variables import VariableError

log = logging.getLogger("bypuls.control_room")

_RETRY_SECONDS = "2"
_SERVER_ERROR = 500
_AWAY = 503


class Problem(BypulsError):
    """An answer that is no data.

    Attributes:
        status: HTTP status.
        title: what kind of problem, in a few words.
        detail: what and where, in one line.
        hint: how to mend it.
    """

    def __init__(self, status: int, title: str, detail: str, hint: str) -> None:
        super().__init__(f"{detail}: {hint}")
        self.status, self.title, self.detail, self.hint = status, title, detail, hint


def wrong_value(detail: str, hint: str) -> Problem:
    """A parameter that cannot be used."""
    return Problem(400, "A parameter cannot be used", detail, hint)


def not_found(detail: str, hint: str) -> Problem:
    """Nothing of that name."""
    return Problem(404, "There is no such thing", detail, hint)


def busy() -> Problem:
    """More at once than this process answers."""
    return Problem(
        _AWAY, "Too many at once", "the control room has more panels to answer than it can", "ask again soon"
    )


class ProblemRoute(APIRoute):
    """A route whose errors are problems."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what it raises translated."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except Problem as problem:
                return _answer(problem, request)
            except (TimeError, VariableError) as error:
                return _answer(wrong_value(str(error), "correct the parameter and ask again"), request)
            except SchemaError as error:
                title, hint = "The database has another version's schema", "run 'bypuls db migrate'"
                return _answer(Problem(_AWAY, title, str(error), hint), request)
            except DatabaseUnreachable as error:
                title, hint = "The database does not answer", "is PostgreSQL running? The page asks again by itself"
                return _answer(Problem(_AWAY, title, str(error), hint), request)
            except (MacroError, FrameError) as error:
                title, hint = "The panel's query is wrong", "mend the board and build it again"
                return _answer(Problem(_SERVER_ERROR, title, str(error), hint), request)

        return handle


def _answer(problem: Problem, request: Request) -> Response:
    if problem.status >= _SERVER_ERROR:
        log.warning("%s: %s", request.url.path, problem)
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "hint": problem.hint,
        "instance": request.url.path,
    }
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": _RETRY_SECONDS} if problem.status == _AWAY else {})
    return Response(msgspec.json.encode(body), problem.status, headers, "application/problem+json")
