"""Applies what a city keeps: announces what is to go, and drops what was announced once its rollups are proved."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta

from bypuls.storage import retention
from bypuls.storage.database import Connection
from bypuls.storage.retention import Gone, Part
from processors.audit import check_rollups
from processors.audit_values import snapshot

_log = logging.getLogger(__name__)
_STREAMS_AT_ONCE = 100
_DAY = timedelta(days=1)
_PATIENCE_SECONDS = 60.0
_NIGHTLY = "retention"

Said = str | Gone | None
"""A line for people, a part that went, or None: a step was done, and others may have their turn."""


def apply(connection: Connection, city: str, clock: Callable[[], datetime], who: str) -> Iterator[Said]:
    """Announce, then drop what is due, oldest first, a step of a second or so at a time.

    It stops at the first part of a kind that may not go: what is kept begins where what is gone ends. The connection is
    in autocommit, as writer.

    Raises:
        NotFound: no such city.
    """
    found = retention.outlook(connection, city, clock())
    for part in retention.announce(connection, found, clock(), who):
        yield f"announced: {part} go on {part.due_at:%Y-%m-%d} at the earliest"
    for kind, since, until in found.withdrawn:
        yield f"stays after all: {retention.WORDS[kind]} of {city}, {since:%Y-%m-%d} to {until:%Y-%m-%d}"
    hindered: set[str] = set()
    for part in retention.due(found, clock()):
        if part.kind in hindered:
            continue
        why = yield from _prove(connection, part, clock)
        gone = None if why else retention.drop(connection, part, clock(), who)
        if gone is not None:
            yield gone
            continue
        hindered.add(part.kind)
        why = why or "it is in use, or a change came for it: it is tried again"
        retention.hinder(connection, part, why)
        yield f"not dropped: {part}: {why}"


def _prove(connection: Connection, part: Part, clock: Callable[[], datetime]) -> Generator[Said, None, str | None]:
    """Close a part, wait until nobody writes into it, compare its rollups with the raw data; why it may not go."""
    if (why := retention.hindrance(connection, part)) is not None:
        return why
    retention.close(connection, part, clock())
    patience = time.monotonic() + _PATIENCE_SECONDS
    while not retention.settled(connection, part):
        if time.monotonic() > patience:
            return "a transaction that began before it was closed is still open: it is tried again"
        yield None
    if part.kind != "observations":
        return None
    streams = retention.streams_of(connection, part)
    day = retention.begin_proof(connection, part, clock())
    while day < part.until:
        end = min(day + _DAY, part.until)
        for first in range(0, len(streams), _STREAMS_AT_ONCE):
            with snapshot(connection):
                found = check_rollups(connection, day, end, streams[first : first + _STREAMS_AT_ONCE])
            if found:
                return (
                    f"{len(found)} rollups of {day:%Y-%m-%d} are not what their raw data says: 'bypuls check rollups "
                    f"--city {part.city} --since {part.since:%Y-%m-%d} --until {part.until:%Y-%m-%d} --repair'"
                )
            yield None
        retention.proved(connection, part, end)
        day = end
    return retention.hindrance(connection, part)


def apply_at_night(connection: Connection, city: str, clock: Callable[[], datetime]) -> Iterator[bool]:
    """The same, said in the log; yields whether something was said."""
    for said in apply(connection, city, clock, _NIGHTLY):
        if isinstance(said, str):
            _log.warning("%s", said)
        elif said is not None:
            _log.info("dropped: %s", describe(city, said))
        yield said is not None


def describe(city: str, gone: Gone) -> str:
    """What went, in a line."""
    space = f"{gone.bytes / 1e6:.1f} MB given back" if gone.bytes else "its space is used again"
    span = f"{gone.since:%Y-%m-%d} to {gone.until:%Y-%m-%d}"
    return f"{retention.WORDS[gone.kind]} of {city}, {span}: {gone.rows:,} rows, {space}"
