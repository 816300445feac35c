"""What of a city is kept how long, what goes next, and dropping it: announced first, closed, then gone.

A part is a month of a table on plain PostgreSQL, a chunk on TimescaleDB, a month of refused messages. It goes whole
where no other city still has rows in it; else the city's rows in it are deleted. Hours, KPI values and what was said of
them before are always kept: published numbers rest on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg import errors as pg
from psycopg.types.json import Jsonb

from bypuls.city import Keep
from bypuls.clock import isoformat
from bypuls.errors import NotStorable
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.typed import convert

_SQL = queries("bypuls.storage.sql", "retention.sql")

Kind = Literal["observations", "five_minutes", "refused"]
KINDS: tuple[Kind, ...] = ("observations", "five_minutes", "refused")
"""In the order in which they go: rollups outlive the raw data they were made of."""

WORDS: Mapping[Kind, str] = {
    "observations": "observations",
    "five_minutes": "rollups of 5 minutes",
    "refused": "refused messages",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of which a city has rows, and that goes.

    Attributes:
        name: of the partition or chunk.
        bytes: of all cities together, with indexes.
        warned_at: None: it was not announced yet.
        due_at: it goes when that is over.
        closed_at: since when nothing comes into it any more.
        hindrance: why it did not go when it was last tried.
        proved_until: up to where its rollups were found to be what its raw data says.
    """

    city: str
    kind: Kind
    name: str
    since: datetime
    until: datetime
    bytes: int
    due_at: datetime
    warned_at: datetime | None = None
    closed_at: datetime | None = None
    hindrance: str | None = None
    proved_until: datetime | None = None

    def __str__(self) -> str:
        return f"{WORDS[self.kind]} of {self.city}, {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d} ({self.name})"

    @property
    def key(self) -> dict[str, Any]:
        """Which it is, for queries."""
        return {"city": self.city, "kind": self.kind, "since": self.since, "until": self.until}


@dataclass(frozen=True, slots=True)
class Amount:
    """Rows of a part: of all cities, of this one; its oldest and newest."""

    rows: int
    own: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A part that was dropped: `bytes` 0 means that its rows were deleted, for other cities have theirs in it."""

    kind: Kind
    since: datetime
    until: datetime
    dropped_at: datetime
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a city keeps, what goes and what is gone; `withdrawn` was announced and is to stay after all."""

    city: str
    keep: Keep
    parts: Sequence[Part]
    gone: Sequence[Gone]
    withdrawn: Sequence[tuple[Kind, datetime, datetime]] = field(default=())

    @property
    def kept_from(self) -> datetime | None:
        """Since when raw data is there; None: always."""
        return max((one.until for one in self.gone if one.kind == "observations"), default=None)


def outlook(connection: Connection, city: str, now: datetime) -> Outlook:
    """What a city keeps and what goes next; changes nothing.

    Raises:
        NotFound: no such city.
    """
    require_city(connection, city)
    row = connection.execute(_SQL["keep"], (city,)).fetchone()
    keep = convert((row[0] if row else None) or {}, Keep)
    warned: dict[tuple[Kind, datetime], tuple[Any, ...]] = {}
    gone: list[Gone] = []
    for kind, since, *rest in connection.execute(_SQL["announced"], (city,)).fetchall():
        until, warned_at, due_at, closed_at, dropped_at, rows, size, hindrance, proved_until = rest
        if dropped_at is None:
            warned[kind, since] = (until, warned_at, due_at, closed_at, hindrance, proved_until)
        else:
            gone.append(Gone(kind, since, until, dropped_at, rows or 0, size or 0))
    parts: list[Part] = []
    notice = timedelta(days=keep.warn_days)
    for kind in KINDS:
        days: int | None = getattr(keep, f"{kind}_days")
        if days is None:
            continue
        least = timedelta(days=days)
        given = {"city": city, "before": now - least + notice}
        for name, since, until, size in connection.execute(_SQL[f"parts_{kind}"], given).fetchall():
            _, warned_at, due_at, *state = warned.pop((kind, since), (None,) * 6)
            due_at = max(due_at or now + notice, until + least)
            parts.append(Part(city, kind, name, since, until, size, due_at, warned_at, *state))
    withdrawn = [(kind, since, entry[0]) for (kind, since), entry in warned.items()]
    return Outlook(city, keep, parts, gone, withdrawn)


def kept_from(connection: Connection, city: str) -> datetime | None:
    """Since when a city's raw data is there; None: nothing was dropped."""
    row = connection.execute(_SQL["kept_from"], (city,)).fetchone()
    return row[0] if row else None


def amount(connection: Connection, part: Part) -> Amount:
    """How much a part holds; reads it."""
    row = connection.execute(_SQL[f"count_{part.kind}"], part.key).fetchone()
    return Amount(*row) if row else Amount(0, 0, None, None)


def announce(connection: Connection, found: Outlook, now: datetime, who: str) -> list[Part]:
    """Write down what is to go that was not announced yet, and take back what stays; returns what is new."""
    new = [part for part in found.parts if part.warned_at is None]
    with connection.transaction():
        for part in new:
            connection.execute(_SQL["warn"], part.key | {"warned_at": now, "due_at": part.due_at})
            said = {"from": isoformat(part.since), "to": isoformat(part.until), "not_before": isoformat(part.due_at)}
            _note(connection, part.city, "retention.warn", f"{part.kind} {part.name}", said, who)
        for part in found.parts:
            if part.warned_at is not None:  # kept longer than when it was announced
                connection.execute(_SQL["postpone"], part.key | {"due_at": part.due_at})
        for kind, since, until in found.withdrawn:
            connection.execute(_SQL["withdraw"], {"city": found.city, "kind": kind, "since": since})
            said = {"from": isoformat(since), "to": isoformat(until)}
            _note(connection, found.city, "retention.withdraw", kind, said, who)
    return new


def due(found: Outlook, now: datetime) -> Iterator[Part]:
    """What was announced long enough ago, oldest first."""
    return (part for part in found.parts if part.warned_at is not None and part.due_at <= now)


def close(connection: Connection, part: Part, now: datetime) -> None:
    """From now on ingest keeps aside what comes for this part's time or an older one."""
    connection.execute(_SQL["close"], part.key | {"now": now})
    connection.execute(_SQL["set_barrier"], part.key)  # each a transaction: the connection is in autocommit


def settled(connection: Connection, part: Part) -> bool:
    """Whether all that may not have heard that the part is closed has come to its end."""
    return connection.execute(_SQL["settled"], part.key).fetchone() != (False,)


def hindrance(connection: Connection, part: Part) -> str | None:
    """Why a part may not go yet, without a look at its values; None: nothing is known against it."""
    if part.kind == "refused":
        return None
    if (waiting := _count(connection, "waiting", part)) > 0:
        return f"{waiting} changes of its time wait to be rolled up: is 'bypuls process' running?"
    if part.kind == "five_minutes" and connection.execute(_SQL["raw_left"], part.key).fetchone() == (True,):
        return "raw data of its time is still kept, and rollups outlive it"
    if (replays := _count(connection, "replays", part)) > 0:
        return f"{replays} refused messages wait to be read again, and may be of its time: is 'bypuls ingest' running?"
    return None


def hinder(connection: Connection, part: Part, why: str) -> None:
    """Write down why a part did not go."""
    connection.execute(_SQL["hinder"], part.key | {"hindrance": why})


def begin_proof(connection: Connection, part: Part, now: datetime) -> datetime:
    """From when on a closed part is to be proved: where the last proof was interrupted, or from the beginning.

    Nothing comes into a closed part, but what people say of its time (a calibration, an invalid period) has it rolled
    up anew: then what was proved is proved again.
    """
    row = connection.execute(_SQL["begin_proof"], part.key | {"now": now}).fetchone()
    return row[0] if row else part.since


def proved(connection: Connection, part: Part, until: datetime) -> None:
    """Write down up to where a closed part's rollups were found to be what its raw data says."""
    connection.execute(_SQL["proved"], part.key | {"proved_until": until})


def streams_of(connection: Connection, part: Part) -> list[int]:
    """The city's datastreams that may have values in a part."""
    return [stream for (stream,) in connection.execute(_SQL["streams"], part.key).fetchall()]


def drop(connection: Connection, part: Part, now: datetime, who: str) -> Gone | None:
    """Drop a part that was closed and checked; None: something came between, or others use it just now."""
    try:
        with connection.transaction():
            connection.execute(_SQL["patience"])
            if connection.execute(_SQL["hold"], part.key).fetchone() is None or hindrance(connection, part) is not None:
                return None
            gone = _gone(connection, part, now)
            given = part.key | {"now": now, "rows": gone.rows, "bytes": gone.bytes}
            connection.execute(_SQL["dropped"], given)
            said = {"from": isoformat(part.since), "to": isoformat(part.until), "rows": gone.rows, "bytes": gone.bytes}
            _note(connection, part.city, "retention.drop", f"{part.kind} {part.name}", said, who)
            return gone
    except (pg.LockNotAvailable, pg.DeadlockDetected):
        return None


def _gone(connection: Connection, part: Part, now: datetime) -> Gone:
    counted = amount(connection, part)
    size: int | None = None
    if part.kind != "refused":
        row = connection.execute(_SQL["drop_part"], part.key).fetchone()
        size = row[0] if row else None
    if size is None:
        connection.execute(_SQL[f"delete_{part.kind}"], part.key)
    if part.kind == "observations":
        connection.execute(_SQL["delete_revisions"], part.key)
    return Gone(part.kind, part.since, part.until, now, counted.own, size or 0)


def refuse_dropped(connection: Connection, streams: Sequence[int], times: Sequence[datetime]) -> None:
    """Look that no value is older than what its city keeps: late data for dropped hours changes nothing of them.

    For writers, in the transaction that stores, after its first write: what was closed before is heard of then.

    Raises:
        NotStorable: one is.
    """
    row = connection.execute(_SQL["too_old"], {"streams": list(streams), "times": list(times)}).fetchone()
    if row is not None:
        city, until = row
        message = (
            f"raw data of {city} before {isoformat(until)} was dropped, and its hours stand: bring later values only"
        )
        raise NotStorable(message)


def sizes(connection: Connection) -> dict[Kind, tuple[int, int, datetime, datetime]]:
    """Of each big table, of all cities: how many parts, bytes with indexes, and the time they are made for."""
    return {kind: (count, size, since, until) for kind, count, size, since, until in connection.execute(_SQL["sizes"])}


def cities(connection: Connection) -> list[str]:
    """Every city's slug."""
    return [slug for (slug,) in connection.execute(_SQL["cities"]).fetchall()]


def _count(connection: Connection, name: str, part: Part) -> int:
    row = connection.execute(_SQL[name], part.key).fetchone()
    return int(row[0]) if row else 0


def _note(connection: Connection, city: str, what: str, target: str, after: Mapping[str, Any], who: str) -> None:
    connection.execute(_SQL["audit"], (who, city, what, target, Jsonb(dict(after))))
