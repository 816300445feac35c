"""The control room's addresses: the page, its files, and the answers to its boards. Everything is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import msgspec
from fastapi import APIRouter, Request, Response

from bypuls.clock import Clock, utc_now
from dashboards.control_room import queries
from dashboards.control_room.boards import Boards
from dashboards.control_room.pages import Pages, packed_answer, tag_of
from dashboards.control_room.panels import Question, answer_panel, answer_variables
from dashboards.control_room.problems import ProblemRoute, busy, wrong_value
from dashboards.control_room.queries import Limits, Pool
from dashboards.control_room.settings import ControlRoomSettings

T = TypeVar("T")

CLIENT_ROUTES = (
    "/",
    "/board/{uid}",
    "/site/{slug}",
    "/sites",
    "/cities",
    "/devices",
    "/evidence",
    "/evidence/{rest:path}",
    "/quarantine",
    "/help",
)
"""Addresses the page itself reads: each gives the same file."""
_JSON = "application/json"
_METHODS = ["GET", "HEAD"]
_VARIABLE = "var-"
_LONGEST_VALUE = 200
_MOST_VALUES = 500
_MOST_MILLISECONDS = 10**12
_DEFAULT_RANGE = ("now-24h", "now")
_MOST_WAITING = 400


def control_room(
    pool: Pool,
    clock: Clock = utc_now,
    *,
    settings: ControlRoomSettings | None = None,
    boards: Boards | None = None,
    pages: Pages | None = None,
    limits: Limits | None = None,
) -> APIRouter:
    """The control room as a router.

    Args:
        pool: connections in the role `grafana`; as many queries run at once as it holds.
        clock: what `now` is.
        settings: map tiles.
        boards: the committed ones unless given.
        pages: the page's files; those of the package unless given.
        limits: seconds and rows of a query.
    """
    room = _Room(pool, clock, boards or Boards(), limits or Limits())
    settings = settings or ControlRoomSettings()
    pages = pages or Pages(tile_hosts=settings.tile_hosts)
    router = APIRouter(route_class=ProblemRoute, include_in_schema=False)
    for path, answer in (
        ("/control-room/boards", room.list_boards),
        ("/control-room/boards/{uid}", room.get_board),
        ("/control-room/boards/{uid}/variables", room.list_variables),
        ("/control-room/boards/{uid}/panels/{number}", room.get_panel),
        ("/control-room/cities", room.list_cities),
        ("/control-room/translations/{language}", room.get_translation),
    ):
        router.add_api_route(path, answer, methods=_METHODS)

    @router.api_route("/control-room/settings", methods=_METHODS)
    def get_settings(request: Request) -> Response:
        return _json(request, settings.public)

    @router.api_route("/static/{path:path}", methods=_METHODS)
    def get_file(request: Request, path: str) -> Response:
        return pages.answer(request, path)

    @router.api_route("/favicon.ico", methods=_METHODS)
    def get_icon(request: Request) -> Response:
        return pages.answer(request, "favicon.svg")

    def get_page(request: Request) -> Response:
        return pages.answer(request, "index.html")

    for path in CLIENT_ROUTES:
        router.add_api_route(path, get_page, methods=_METHODS)
    return router


class _Room:
    """Answers questions; as many at once as there are connections, others wait without a thread."""

    def __init__(self, pool: Pool, clock: Clock, boards: Boards, limits: Limits) -> None:
        self._pool, self._clock, self._boards, self._limits = pool, clock, boards, limits
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0

    def list_boards(self, request: Request) -> Response:
        """Boards by title."""
        found = [
            {"uid": one.uid, "title": one.title, "description": one.description, "tags": one.tags}
            for one in self._boards.all.values()
        ]
        return _json(request, found)

    def get_board(self, request: Request, uid: str) -> Response:
        """One board's JSON without its SQL."""
        return _answer(request, self._boards.get(uid).public)

    def get_translation(self, request: Request, language: str) -> Response:
        """Texts of the boards in another language; none where there are none."""
        return _answer(request, self._boards.translations.get(language, b"{}"))

    async def list_cities(self, request: Request) -> Response:
        """Cities, by slug."""
        return _json(request, await self._asked(partial(queries.cities, self._pool, self._limits)))

    async def list_variables(self, request: Request, uid: str) -> Response:
        """A board's variables with what they offer."""
        board, question = self._boards.get(uid), _question(request)
        ask = partial(answer_variables, board, question, self._pool, self._clock(), self._limits)
        return _json(request, await self._asked(ask))

    async def get_panel(self, request: Request, uid: str, number: str) -> Response:
        """One panel's data."""
        board, question = self._boards.get(uid), _question(request)
        if not number.isascii() or not number.isdigit() or len(number) > 9:  # noqa: PLR2004 - no board has so many
            raise wrong_value(f"panel {number[:40]!r} is no number", "name it by the id it has in its board")
        ask = partial(answer_panel, board, int(number), question, self._pool, self._clock(), self._limits)
        return _json(request, await self._asked(ask), tagged=False)

    async def _asked(self, ask: Callable[[], T]) -> T:
        if self._limiter is None:  # made within the event loop it belongs to
            self._limiter = anyio.CapacityLimiter(self._pool.max_size)
        if self._waiting >= _MOST_WAITING:
            raise busy()
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(ask, limiter=self._limiter)
        finally:
            self._waiting -= 1


def _question(request: Request) -> Question:
    single: dict[str, str] = {}
    chosen: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith(_VARIABLE):
            chosen.setdefault(name.removeprefix(_VARIABLE), []).append(value)
            if len(value) > _LONGEST_VALUE or len(chosen[name.removeprefix(_VARIABLE)]) > _MOST_VALUES:
                raise wrong_value(
                    f"{name} is too long", f"at most {_MOST_VALUES} values of {_LONGEST_VALUE} characters"
                )
        elif name not in {"from", "to", "interval_ms", "city"}:
            raise wrong_value(f"there is no parameter {name[:40]!r}", "use from, to, interval_ms, city and var-<name>")
        elif name in single:
            raise wrong_value(f"{name} is given twice", "give it once")
        else:
            single[name] = value
    return Question(
        start=single.get("from") or _DEFAULT_RANGE[0],
        end=single.get("to") or _DEFAULT_RANGE[1],
        interval=_interval(single),
        city=single.get("city") or None,
        chosen=chosen,
    )


def _interval(single: Mapping[str, str]) -> timedelta | None:
    text = single.get("interval_ms")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) <= _MOST_MILLISECONDS:
        raise wrong_value(f"interval_ms={text[:40]} cannot be used", "it is a positive number of milliseconds")
    return timedelta(milliseconds=int(text))


def _json(request: Request, found: Any, *, tagged: bool = True) -> Response:
    body = msgspec.json.encode(found)
    return _answer(request, body) if tagged else packed_answer(request, body, _JSON)


def _answer(request: Request, body: bytes) -> Response:
    return packed_answer(request, body, _JSON, tag=tag_of(body))
