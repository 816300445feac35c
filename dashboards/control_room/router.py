"""The control room's addresses: the page, its files, and the answers to its boards. Everything is handed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from bypuls.clock import Clock, utc_now
from dashboards.control_room import queries
from dashboards.control_room.boards import Boards
from dashboards.control_room.pages import Pages, packed_answer, tag_of
from dashboards.control_room.panels import Question, answer_panel, answer_variables
from dashboards.control_room.problems import ProblemRoute, busy, wrong_value
from dashboards.control_room.queries import Limits, Pool
from dashboards.control_room.settings import ControlRoomSettings

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
    "/goals",
    "/reporting",
    "/reporting/{rest:path}",
    "/register",
    "/check",
    "/help",
)
"""Addresses the page itself reads: each gives the same file."""
_JSON = "application/json"
_METHODS = ["GET", "HEAD"]
_VARIABLE = "var-"
_LONGEST_VALUE = 200
_MOST_VALUES = 500
_MOST_MILLISECONDS = 364 * 86_400_000
"""Grafana writes more as years (`1y`), which no group takes."""
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
        now = int(clock().timestamp() * 1000)  # for pages that ask for no panel
        return _answer(request, msgspec.json.encode({**settings.public, "now": now}))

    @router.api_route("/static/{path:path}", methods=_METHODS)
    def get_file(request: Request, path: str) -> Response:
        return pages.answer(request, path)

    @router.api_route("/favicon.ico", methods=_METHODS)
    def get_icon(request: Request) -> Response:
        return pages.answer(request, "favicon.svg")

    def get_page(request: Request) -> Response:
        return pages.index(request)

    for path in CLIENT_ROUTES:
        router.add_api_route(path, get_page, methods=_METHODS)
    return router


class _Room:
    """Answers questions; as many at once as there are connections, others wait without a thread.

    Equal questions that wait are one: many pages that ask after the same change cost what one does. Nothing is kept
    longer, so no answer is older than its question.
    """

    def __init__(self, pool: Pool, clock: Clock, boards: Boards, limits: Limits) -> None:
        self._pool, self._clock, self._boards, self._limits = pool, clock, boards, limits
        self._turns = asyncio.Semaphore(pool.max_size)
        self._waiting: dict[Hashable, asyncio.Task[bytes]] = {}

    def list_boards(self, request: Request) -> Response:
        """Boards by title."""
        found = [
            {"uid": one.uid, "title": one.title, "description": one.description, "tags": one.tags}
            for one in self._boards.all.values()
        ]
        return _answer(request, msgspec.json.encode(found))

    def get_board(self, request: Request, uid: str) -> Response:
        """One board's JSON without its SQL."""
        return _answer(request, self._boards.get(uid).public)

    def get_translation(self, request: Request, language: str) -> Response:
        """Texts of the boards in another language; none where there are none."""
        return _answer(request, self._boards.translations.get(language, b"{}"))

    async def list_cities(self, request: Request) -> Response:
        """Cities, by slug."""
        return _answer(request, await self._asked("cities", lambda: queries.cities(self._pool, self._limits)))

    async def list_variables(self, request: Request, uid: str) -> Response:
        """A board's variables with what they offer."""
        board, question = self._boards.get(uid), _question(request)

        def ask() -> Any:
            return answer_variables(board, question, self._pool, self._clock(), self._limits)

        return _answer(request, await self._asked((uid, question), ask))

    async def get_panel(self, request: Request, uid: str, number: str) -> Response:
        """One panel's data."""
        board, question = self._boards.get(uid), _question(request)
        if not number.isascii() or not number.isdigit() or len(number) > 9:  # noqa: PLR2004 - no board has so many
            raise wrong_value(f"panel {number[:40]!r} is no number", "name it by the id it has in its board")

        def ask() -> Any:
            return answer_panel(board, int(number), question, self._pool, self._clock(), self._limits)

        return packed_answer(request, await self._asked((uid, number, question), ask), _JSON)

    async def _asked(self, key: Hashable, ask: Callable[[], Any]) -> bytes:
        task = self._waiting.get(key)
        if task is None:
            if len(self._waiting) >= _MOST_WAITING:
                raise busy()
            task = self._waiting[key] = asyncio.create_task(self._in_turn(key, ask))
            # Its error is looked at even when everybody who asked has gone.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _in_turn(self, key: Hashable, ask: Callable[[], Any]) -> bytes:
        try:
            await self._turns.acquire()
        finally:
            del self._waiting[key]  # from here on it is too late to share: what changes now is not in the answer
        try:
            return await run_in_threadpool(lambda: msgspec.json.encode(ask()))
        finally:
            self._turns.release()


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
        chosen=tuple((name, tuple(values)) for name, values in chosen.items()),
    )


def _interval(single: Mapping[str, str]) -> timedelta | None:
    text = single.get("interval_ms")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) <= _MOST_MILLISECONDS:
        raise wrong_value(
            f"interval_ms={text[:40]} cannot be used", "it is a positive number of milliseconds, a year at most"
        )
    return timedelta(milliseconds=int(text))


def _answer(request: Request, body: bytes) -> Response:
    return packed_answer(request, body, _JSON, tag=tag_of(body))
