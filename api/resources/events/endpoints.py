"""Live KPI values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.changes import Position
from api.context import Context, Using
from api.listing import in_city
from api.resources.events.queries import changed_after, changes_after, first_position
from api.resources.events.schemas import EventsWanted, position_of
from api.tables import json_bytes
from bypuls.errors import DatabaseError, DatabaseUnreachable

router = APIRouter(tags=["Indicators"])

_AWAY_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
_RETRY_MILLISECONDS = 3000
_EXAMPLE = 'id: 812.44\nevent: kpi_value\ndata: {"city":"trondheim","kpi":"air.pm10.day_mean","value":31.7, …}\n\n'


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events; comments as heartbeat.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
    summary="New KPI values as they come",
)
async def stream_events(
    context: Using,
    wanted: Annotated[EventsWanted, Query()],
    last_event_id: Annotated[str | None, Header(description="As a browser sends it when it reconnects.")] = None,
) -> StreamingResponse:
    """Server-sent events: `position` once at the beginning, then a `kpi_value` for every value that is new or changed.

    To miss nothing, open the stream, wait for `position`, then read /v1/kpi-values. Values of every quality come: that
    one is insufficient now is news as well. After a break a client goes on where it was, by Last-Event-ID.
    """
    text = wanted.after or last_event_id
    after = position_of(text) if text else None
    if wanted.city is not None:
        await run_in_threadpool(in_city, context, wanted.city, {})
    position = await run_in_threadpool(first_position, context, after)
    events = _events(context, position, wanted)
    # The first event is taken before the answer begins: too many streams are then a problem with its status.
    first = await anext(events)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_after(first, events), headers=headers, media_type="text/event-stream")


async def _after(first: bytes, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for event in events:
        yield event


async def _events(context: Context, position: Position, wanted: EventsWanted) -> AsyncIterator[bytes]:
    filters = wanted.model_dump(include={"city", "kpi"})
    ask, name = (changed_after, "changed") if wanted.summary else (changes_after, "kpi_value")
    with context.changes.subscription() as stream:
        yield b"retry: %d\n" % _RETRY_MILLISECONDS + _event(position, "position", {"position": str(position)})
        while not context.changes.closed:
            # Cleared before reading: a change that comes while it reads wakes it again.
            stream.woken.clear()
            try:
                found = await run_in_threadpool(ask, context, position, filters)
            except DatabaseUnreachable:
                await asyncio.sleep(_AWAY_SECONDS)  # the stream lives on; what came meanwhile is read then
                yield b": waiting for the database\n\n"
                continue
            except DatabaseError:
                return  # the client comes back by itself, and goes on behind what it has
            for place, value in found.values:
                yield _event(place, name, value)
            position = found.position
            if found.full or context.changes.closed:
                continue
            try:
                await asyncio.wait_for(stream.woken.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield b": alive\n\n"


def _event(position: Position, name: str, data: object) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), name.encode(), json_bytes(data))
