"""Leaves periods out and lifts that again, and has computed again what changes with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.audit import Deed, record
from api.recompute import hold, mark_span
from api.resources.invalidations.queries import NAMED
from bypuls.clock import isoformat
from bypuls.errors import NotFound
from bypuls.storage.database import Connection


def add(connection: Connection, wanted: dict[str, Any], *, who: str, now: datetime) -> int:
    """Leave a period out (city, one of datastream, device and site, since, until, why); returns its id."""
    streams = _streams(connection, wanted)
    hold(connection, streams)
    row = connection.execute(NAMED["add"], wanted | {"who": who, "now": now}).fetchone()
    mark_span(connection, streams, wanted["since"], wanted["until"], reaching=True)
    number = int(row[0]) if row else 0
    record(connection, Deed(who, "invalidation.add", str(number), wanted["city"], None, _said(wanted)))
    return number


def lift(connection: Connection, number: int, *, city: str, who: str, why: str, now: datetime) -> None:
    """Let a period count again; one that was lifted before stays so.

    Raises:
        NotFound: no such invalidation in this city.
    """
    row = connection.execute(NAMED["the_one"], {"id": number, "city": city}).fetchone()
    if row is None:
        message = f"no invalidation {number} in city {city!r}: GET /v1/invalidations?city={city} lists them"
        raise NotFound(message)
    names = ("datastream", "device", "site", "since", "until", "why")
    standing = {"city": city} | dict(zip(names, row, strict=True))
    streams = _streams(connection, standing)
    hold(connection, streams)
    if connection.execute(NAMED["lift"], {"id": number, "who": who, "why": why, "now": now}).fetchone() is None:
        return
    mark_span(connection, streams, standing["since"], standing["until"], reaching=True)
    record(connection, Deed(who, "invalidation.lift", str(number), city, _said(standing), {"why": why}))


def _streams(connection: Connection, of: dict[str, Any]) -> list[int]:
    return [found for (found,) in connection.execute(NAMED["streams"], of)]


def _said(of: dict[str, Any]) -> dict[str, Any]:
    what = {name: of[name] for name in ("datastream", "device", "site") if of[name] is not None}
    return what | {"from": isoformat(of["since"]), "to": isoformat(of["until"]), "why": of["why"]}
