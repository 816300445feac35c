"""Asks a service over HTTP: its question filled in, its pages followed, its refusals in one clear line.

Polite: a user agent that says whom to ask, one request at a time and not closer than the definition's spacing, and the
service's Retry-After is passed on. Nothing is tried again here; that is for whoever keeps the time.
"""

from __future__ import annotations

import math
import re
import time as clock_time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import msgspec

from bypuls.errors import BypulsError
from ingest.bridges.configuration import BridgeFile, secret_of
from ingest.bridges.definition import Definition, Scalar, is_placeholder
from ingest.bridges.paths import ChangedShape, Node, member
from ingest.bridges.windows import Window
from ingest.reasons import shortened

_TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_MOST_BYTES = 64 * 1024 * 1024
_MOST_PAGES = 200
_OK = range(200, 300)
_SHOWN = 160
_HOLE = re.compile(r"\{(\w+)\}")

Wait = Callable[[float], None]


class ServiceError(BypulsError):
    """A service did not answer, or said no.

    Attributes:
        wanted: how long it wants to be left alone (Retry-After); None: it did not say.
        busy: too many requests or too much load, of all stations.
    """

    def __init__(self, message: str, *, wanted: timedelta | None = None, busy: bool = False) -> None:
        super().__init__(message)
        self.wanted = wanted
        self.busy = busy


class Service:
    """One service as one bridge asks it.

    Args:
        pace: host -> when it may be asked next (monotonic seconds); shared by all who ask.
        transport: in place of the network, in tests.
        wait: sleeps; ends early when the process is to stop.

    Raises:
        SettingsError: the secret's variable is not set.
    """

    def __init__(
        self,
        bridge: BridgeFile,
        definition: Definition,
        pace: dict[str, float],
        *,
        transport: httpx.BaseTransport | None = None,
        wait: Wait = clock_time.sleep,
    ) -> None:
        self._definition, self._chosen = definition, bridge.chosen(definition)
        self._base = (bridge.base or definition.base).rstrip("/")
        self._host = urlsplit(self._base).hostname or self._base
        self._wait = wait
        self._pace = pace
        headers = {"User-Agent": f"Bypuls/{version('bypuls')} (+{bridge.contact})", **definition.request.headers}
        auth, secret = None, secret_of(bridge)
        if secret is not None and definition.secret is not None:
            if definition.secret.kind == "basic_user":
                auth = httpx.BasicAuth(secret, "")
            elif definition.secret.kind == "bearer":
                headers["Authorization"] = f"Bearer {secret}"
            else:
                headers[definition.secret.header] = secret
        self._client = httpx.Client(
            headers=headers, auth=auth, timeout=_TIMEOUT, follow_redirects=False, transport=transport
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def pages(self, station: str, window: Window) -> Iterator[Any]:
        """The documents that answer for one station and window; none where the service says there is nothing.

        Raises:
            ServiceError: it does not answer, or says no.
            ChangedShape: its pages are not marked as documented.
        """
        request, paging = self._definition.request, self._definition.paging
        places: dict[str, Scalar | list[Scalar]] = {
            **self._chosen,
            "station": station,
            "from": _written(window.start, request.time, request.zone),
            "to": _written(window.end, request.time, request.zone),
            "after": None,
        }
        address: str | None = None
        for _ in range(_MOST_PAGES):
            document = self._ask(places, address)
            if document is None:
                return
            yield document
            whole = Node(document, (), "the answer")
            if paging.link is not None:
                found = member(whole, paging.link)
                if not found:
                    return
                address = self._same_host(found)
            elif paging.more is not None and paging.after is not None:
                if not member(whole, paging.more):
                    return
                if places["after"] == (after := member(whole, paging.after)):
                    message = f"{self._host} names the same page again ({shortened(after)})"
                    raise ServiceError(message)
                places["after"] = after
            else:
                return
        message = f"{self._host} has more than {_MOST_PAGES} pages for one question"
        raise ServiceError(message)

    def _ask(self, places: Mapping[str, Scalar | list[Scalar]], address: str | None) -> Any:
        request = self._definition.request
        path = _filled(request.path, places, request.join, quoted=True)
        query = {name: _filled(text, places, request.join) for name, text in request.query.items()}
        body = None if request.body is None else _body(request.body, places)
        if address is None:
            sent = self._client.build_request(request.method, self._base + path, params=query or None, json=body)
        else:
            sent = self._client.build_request(request.method, address, json=body)
        status, headers, content = self._send(sent)
        if status in self._definition.no_data:
            return None
        if status not in _OK:
            raise self._refused(status, headers, content)
        return self._document(content)

    def _send(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        pause = self._pace.get(self._host, 0.0) - clock_time.monotonic()
        if pause > 0:
            self._wait(pause)
        try:
            response = self._client.send(request, stream=True)
            try:
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise ServiceError(f"{self._host} answers with more than {_MOST_BYTES // 2**20} MiB")
            finally:
                response.close()
        except httpx.TimeoutException:
            raise ServiceError(f"{self._host} does not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceError(f"{self._host} cannot be reached: {_line(str(error)) or type(error).__name__}") from None
        finally:
            self._pace[self._host] = clock_time.monotonic() + self._definition.spacing.total_seconds()
        return response.status_code, response.headers, bytes(content)

    def _refused(self, status: int, headers: httpx.Headers, content: bytes) -> ServiceError:
        wanted = _retry_after(headers.get("Retry-After"), datetime.now(UTC))
        said = _line(content[:4000].decode("utf-8", "replace"))
        busy = status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
        what = "refuses for now" if busy else "fails" if status >= httpx.codes.INTERNAL_SERVER_ERROR else "refuses"
        hint = ""
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN} and self._definition.secret is not None:
            hint = f"; is {self._definition.secret.about} right?"
        elif status in range(300, 400):
            hint = f"; it has moved to {headers.get('Location', 'somewhere')[:100]}: set base in the bridge's file"
        message = f"{self._host} {what} with status {status}{f': {said}' if said else ''}{hint}"
        return ServiceError(message, wanted=wanted, busy=busy)

    def _document(self, content: bytes) -> Any:
        try:
            document = msgspec.json.decode(content)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            shown = _line(content[:60].decode("utf-8", "replace"))
            raise ServiceError(f"{self._host} answers with something else than JSON ({error}): {shown}") from None
        told = self._definition.refusal
        if told is not None and (said := member(Node(document, (), "the answer"), told)):
            raise ServiceError(f"{self._host} refuses the question: {_line(_message(said))}")
        return document

    def _same_host(self, link: object) -> str:
        if not isinstance(link, str):
            message = f"the link to the next page is {shortened(link)}; a text is meant"
            raise ChangedShape(message)
        address, own = urlsplit(urljoin(self._base + "/", link)), urlsplit(self._base)
        if address.hostname != own.hostname:
            raise ServiceError(f"{self._host} sends us to another host for the next page ({address.hostname})")
        return address._replace(scheme=own.scheme, netloc=own.netloc).geturl()  # never the secret over plain HTTP


def _written(time: datetime, pattern: str, zone: str) -> str:
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    return (time.astimezone(UTC) + offset).strftime(pattern)


def _filled(text: str, places: Mapping[str, Scalar | list[Scalar]], join: str, *, quoted: bool = False) -> str:
    def fill(hole: re.Match[str]) -> str:
        value = places[hole[1]]
        filled = join.join(_word(word) for word in (value if isinstance(value, list) else [value]))
        return quote(filled, safe="") if quoted else filled

    return _HOLE.sub(fill, text)


def _word(value: Scalar) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _body(template: Any, places: Mapping[str, Scalar | list[Scalar]]) -> Any:
    if isinstance(template, dict):
        return {name: _body(one, places) for name, one in template.items()}
    if isinstance(template, list):
        return [_body(one, places) for one in template]
    if isinstance(template, str) and is_placeholder(template):
        return places[template[1:-1]]
    return template


def _retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Seconds or a date (RFC 9110, section 10.2.3).

    >>> _retry_after("120", datetime(2026, 1, 5, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    if text is None:
        return None
    try:
        seconds = float(text)
        if not 0 <= seconds < math.inf:
            return None
        return timedelta(seconds=min(seconds, 7 * 86400))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())


def _message(said: Any) -> str:
    """The messages of GraphQL's list of errors; anything else as it is."""
    if isinstance(said, list):
        return "; ".join(str(one.get("message", one)) if isinstance(one, dict) else str(one) for one in said[:3])
    return str(said)


def _line(text: str) -> str:
    line = " ".join(text.split())
    line = line if line.isprintable() else repr(line)[1:-1]
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
