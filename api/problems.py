"""Errors as problem details (RFC 9457): type, title, status, detail in one line, instance."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.cursors import CursorError
from bypuls.errors import (
    BypulsError,
    CalculationError,
    Conflict,
    DatabaseUnreachable,
    NotAllowed,
    NotFound,
    NotStorable,
    Refusal,
    SchemaError,
    SettingsError,
)

log = logging.getLogger("bypuls.api")

MEDIA_TYPE = "application/problem+json"


class TooSlow(BypulsError):
    """A read that did not end within the time one may take."""


class NotAuthenticated(NotAllowed):
    """No token came with the request, or none that is known."""


class InvalidParameter(BypulsError):
    """A parameter that fits its type but not this question."""


class Busy(BypulsError):
    """More at once than this process serves."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: its address on the documentation page, its title and its status."""

    name: str
    title: str
    status: int

    @property
    def type(self) -> str:
        """The address that tells it from the others; it leads to the documentation page."""
        return f"/docs#problem-{self.name}"


INVALID = Kind("invalid-parameter", "A parameter cannot be used", 422)
UNREADABLE = Kind("unreadable-body", "The body cannot be read", 400)
NOT_AUTHENTICATED = Kind("not-authenticated", "A token is needed", 401)
NOT_ALLOWED = Kind("not-allowed", "The token does not allow this", 403)
NOT_FOUND = Kind("not-found", "There is no such thing", 404)
METHOD = Kind("method-not-allowed", "This address does not take that method", 405)
CONFLICT = Kind("conflict", "The change contradicts what stands", 409)
TOO_LARGE = Kind("too-large", "The request is too large", 413)
TOO_MANY = Kind("too-many", "Too many requests of this client", 429)
INTERNAL = Kind("internal", "The server failed", 500)
UNREACHABLE = Kind("database-unreachable", "The database does not answer", 503)
WRONG_SCHEMA = Kind("wrong-schema", "The database has another version's schema", 503)
BUSY = Kind("busy", "Too many at once", 503)
TOO_SLOW = Kind("too-slow", "The answer took too long", 504)

KINDS = (
    INVALID,
    UNREADABLE,
    NOT_AUTHENTICATED,
    NOT_ALLOWED,
    NOT_FOUND,
    METHOD,
    CONFLICT,
    TOO_LARGE,
    TOO_MANY,
    INTERNAL,
    UNREACHABLE,
    WRONG_SCHEMA,
    BUSY,
    TOO_SLOW,
)
"""Every type of problem there is; the documentation page lists them."""

_OF_ERROR: Mapping[type[BypulsError], Kind] = {
    NotFound: NOT_FOUND,
    NotAuthenticated: NOT_AUTHENTICATED,
    NotAllowed: NOT_ALLOWED,
    Conflict: CONFLICT,
    CursorError: INVALID,
    InvalidParameter: INVALID,
    NotStorable: INVALID,
    Refusal: INVALID,
    CalculationError: INVALID,
    SettingsError: UNREADABLE,
    DatabaseUnreachable: UNREACHABLE,
    SchemaError: WRONG_SCHEMA,
    Busy: BUSY,
    TooSlow: TOO_SLOW,
}
_OF_STATUS = {kind.status: kind for kind in reversed(KINDS)}
_RETRY_SECONDS = "5"


class WrongValue(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(examples=["query limit"])
    message: str = Field(examples=["input should be less than or equal to 10000"])


class Problem(BaseModel):
    """What went wrong (RFC 9457): what, where and how to mend it, in one line of `detail`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/docs#problem-not-found",
                    "title": "There is no such thing",
                    "status": 404,
                    "detail": "no city 'atlantis': GET /v1/cities lists them",
                    "instance": "/v1/sites?city=atlantis",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[WrongValue] | None = None


def kind_of(error: BypulsError) -> Kind:
    """The problem type of an error of the family: the nearest of its ancestors that has one."""
    return next((_OF_ERROR[cls] for cls in type(error).__mro__ if cls in _OF_ERROR), INTERNAL)


def problem(
    kind: Kind,
    detail: str,
    instance: str,
    *,
    errors: Sequence[WrongValue] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer."""
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": " ".join(detail.split()),
        "instance": instance,
    }
    if errors is not None:
        body["errors"] = [error.model_dump() for error in errors]
    extra = dict(headers or {})
    if kind is NOT_AUTHENTICATED:
        extra["WWW-Authenticate"] = 'Bearer realm="bypuls"'
    if kind in (UNREACHABLE, BUSY):
        extra["Retry-After"] = _RETRY_SECONDS
    return Response(msgspec.json.encode(body), kind.status, headers=extra, media_type=MEDIA_TYPE)


def instance_of(request: Request) -> str:
    """The address that was asked for, without its host."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(BypulsError, _bypuls_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def _bypuls_error(request: Request, error: Exception) -> Response:
    kind = kind_of(cast("BypulsError", error))
    if kind is INTERNAL:
        log.error("%s %s: %s", request.method, request.url.path, error)
    return problem(kind, str(error), instance_of(request))


def _validation_error(request: Request, error: Exception) -> Response:
    wrong = [
        WrongValue(where=" ".join(str(part) for part in one["loc"]), message=_message(one))
        for one in cast("RequestValidationError", error).errors()
    ]
    detail = f"{wrong[0].where}: {wrong[0].message}" if wrong else "a parameter cannot be used"
    return problem(INVALID, detail, instance_of(request), errors=wrong)


def _message(one: Mapping[str, Any]) -> str:
    if one["type"] == "extra_forbidden":
        return "there is no such parameter here; /docs lists those there are"
    if one["type"] == "missing":
        return "it is missing"
    message = str(one["msg"]).removeprefix("Value error, ")
    given = one.get("input")
    shown = f" (got {str(given)[:80]!r})" if isinstance(given, str | int | float) else ""
    return message[:1].lower() + message[1:] + shown


def _http_error(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    kind = _OF_STATUS.get(raised.status_code) or Kind("http", "The request cannot be answered", raised.status_code)
    detail = str(raised.detail)
    if kind is NOT_FOUND and detail == "Not Found":
        detail = f"nothing is served at {request.url.path}: /docs lists the addresses"
    elif kind is METHOD:
        allowed = (raised.headers or {}).get("Allow", "others")
        detail = f"{request.method} is not served at {request.url.path}, but {allowed}"
    return problem(kind, detail, instance_of(request), headers=raised.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed: %s: %s", request.method, request.url.path, type(error).__name__, error)
    return problem(INTERNAL, "the server failed; its log says why", instance_of(request))
