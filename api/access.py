"""Who may do what: reads are open; writes, and raw payloads from afar, need a token."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context, Using
from api.problems import NotAuthenticated
from api.tokens import Holder, holder_of
from bypuls.errors import NotAllowed

_BEARER = HTTPBearer(
    scheme_name="token", auto_error=False, description="Made by `bypuls token create`; shown once. `Bearer byp_…`"
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]

_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class PayloadAccess:
    """Whether this client sees raw payloads, which may hold personal data; `city` None: those of every city."""

    granted: bool
    city: str | None = None


def is_local(request: Request) -> bool:
    """Whether the client sits on this machine.

    Its address alone does not say so: a proxy here speaks for others, and a page in a browser here can be made to speak
    for its author. So a request that came through a proxy, or under another name than this machine's own, is not local.
    What a forwarding header claims is never believed, only that it is there.
    """
    client = request.client.host if request.client else ""
    forwarded = any(header in request.headers for header in _FORWARDING)
    return _is_loopback(client) and not forwarded and _is_own_name(request.headers.get("host", ""))


def _is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _is_own_name(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.lower() == "localhost" or _is_loopback(name.strip("[]"))


def identify(context: Context, credentials: HTTPAuthorizationCredentials | None) -> Holder:
    """Whose token came with the request.

    Raises:
        NotAuthenticated: none came, or nobody's.
    """
    if credentials is None:
        raise NotAuthenticated(
            "this needs a token: send 'Authorization: Bearer byp_…' ('bypuls token create' makes one)"
        )
    with context.writing() as connection:
        holder = holder_of(connection, credentials.credentials)
    if holder is None:
        raise NotAuthenticated("the token is unknown or revoked: 'bypuls token create' makes a new one")
    return holder


def _admin(context: Using, credentials: Credentials) -> Holder:
    holder = identify(context, credentials)
    if "admin" not in holder.scopes:
        message = f"token {holder.name!r} has no scope admin: it cannot change anything"
        raise NotAllowed(message)
    return holder


def _reporter(context: Using, credentials: Credentials) -> Holder:
    holder = identify(context, credentials)
    if not {"admin", "report"} & {*holder.scopes}:
        message = f"token {holder.name!r} has no scope report: it enters, checks and signs nothing"
        raise NotAllowed(message)
    return holder


def _insider(context: Using, credentials: Credentials) -> Holder | None:
    return None if credentials is None else identify(context, credentials)


def _payload_access(request: Request, context: Using, credentials: Credentials) -> PayloadAccess:
    if credentials is None:
        return PayloadAccess(is_local(request))
    holder = identify(context, credentials)
    if is_local(request):
        return PayloadAccess(granted=True)
    return PayloadAccess(holder.may("read", holder.city), holder.city)


def check_city(holder: Holder, city: str | None, scope: str = "admin") -> None:
    """The token is one for this city.

    Raises:
        NotAllowed: it is another city's.
    """
    if not holder.may(scope, city):
        what = "what belongs to no city" if city is None else f"city {city!r}"
        message = f"token {holder.name!r} is for city {holder.city!r}, not for {what}"
        raise NotAllowed(message)


Admin = Annotated[Holder, Depends(_admin)]
"""The holder of a token that may write."""

Reporter = Annotated[Holder, Depends(_reporter)]
"""The holder of a token that may enter, check and sign what a city reports."""

Insider = Annotated[Holder | None, Depends(_insider)]
"""Whose token came, where one came: some answers say more to a city's own people."""

Payloads = Annotated[PayloadAccess, Depends(_payload_access)]
"""Whether this client sees raw payloads."""
