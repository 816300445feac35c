"""How far each station of a bridge is. Publishing and noting that are one transaction: nothing lost, nothing double."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from ingest.bridges.answers import Answer, Key, Value
from ingest.bridges.configuration import BridgeFile
from ingest.bridges.packs import packs

_SQL = queries("ingest.bridges", "bridges.sql")
_MOST_WAITING = 20_000


class Station(NamedTuple):
    """One station of a bridge, as it stands."""

    station: str
    device: str
    complete_to: datetime
    newest: datetime | None
    next_run: datetime
    failures: int


@dataclass(slots=True)
class Published:
    """What was put into the outbox: values, how many of them corrected others, messages."""

    values: int = 0
    corrected: int = 0
    messages: int = 0

    def add(self, other: Published) -> None:
        """Count both."""
        self.values += other.values
        self.corrected += other.corrected
        self.messages += other.messages


class Progress:
    """The bridges' tables, on a connection in autocommit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stations(self, bridge: str) -> list[Station]:
        """The stations of a bridge, by name."""
        return [Station(*row) for row in self._connection.execute(_SQL["stations"], (bridge,)).fetchall()]

    def take(self, bridge: str) -> bool:
        """Become the one who asks for this bridge; False when another process is."""
        row = self._connection.execute(_SQL["lock"], (bridge,)).fetchone()
        return row is not None and bool(row[0])

    def release(self, bridge: str) -> None:
        """Let others ask."""
        self._connection.execute(_SQL["unlock"], (bridge,))

    def outbox_is_full(self) -> bool:
        """Whether so much waits to be published that more would only pile up: ingest does not run."""
        row = self._connection.execute(_SQL["waiting"], (_MOST_WAITING,)).fetchone()
        return row is not None and row[0] >= _MOST_WAITING

    def publish(
        self, bridge: BridgeFile, station: Station, answer: Answer, complete_to: datetime, now: datetime
    ) -> Published:
        """Put what is new or different into the outbox and note how far the station is, in one transaction."""
        with self._connection.transaction():
            times = [value.key.time for value in answer.values]
            span = (min(times, default=now), max(times, default=now))
            rows = self._connection.execute(_SQL["published"], (bridge.name, station.station, *span))
            before = {Key(time, name, channel): value for time, name, channel, value in rows.fetchall()}
            new = news(answer.values, before)
            messages = list(packs(bridge.city, station.device, new, now))
            if messages:
                with self._connection.cursor() as cursor:
                    cursor.executemany(_SQL["post"], messages)
            kept = [value for value in new if value.key.time >= complete_to]
            if kept:
                columns: list[list[Any]] = [list(column) for column in zip(*(one.key for one in kept), strict=True)]
                columns.append([one.value for one in kept])
                self._connection.execute(_SQL["remember"], (bridge.name, station.station, *columns))
            self._connection.execute(_SQL["forget"], (bridge.name, station.station, complete_to))
            done = Published(len(new), sum(value.key in before for value in new), len(messages))
            self._connection.execute(
                _SQL["progress"],
                {
                    "bridge": bridge.name,
                    "station": station.station,
                    "device": station.device,
                    "complete_to": complete_to,
                    "newest": answer.newest,
                    "published": done.values,
                    "corrected": done.corrected,
                },
            )
        return done

    def succeeded(
        self, bridge: str, station: str, now: datetime, next_run: datetime, left_out: Mapping[str, int]
    ) -> None:
        """The station was asked for everything up to now."""
        row = {
            "bridge": bridge,
            "station": station,
            "now": now,
            "next_run": next_run,
            "left_out": Jsonb(dict(left_out)),
        }
        self._connection.execute(_SQL["succeeded"], row)

    def failed(self, bridge: str, station: str, now: datetime, next_run: datetime, error: str) -> None:
        """The station could not be asked; how far it is stays as it was."""
        row = {"bridge": bridge, "station": station, "now": now, "next_run": next_run, "error": error[:500]}
        self._connection.execute(_SQL["failed"], row)

    def hold(self, bridge: str, until: datetime) -> None:
        """None of the bridge's stations is asked before."""
        self._connection.execute(_SQL["hold"], (until, bridge))


def news(values: Sequence[Value], before: Mapping[Key, float]) -> list[Value]:
    """The values that were not published yet or were published as something else; of one key the last one told."""
    told = {value.key: value for value in values}
    return [value for key, value in told.items() if before.get(key) != value.value]
