"""What the clock asks for: values that become final, periods that ended in silence, spacings to learn, partitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from bypuls.kpi import KpiDefinition
from bypuls.periods import Period, Window, window_of
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.standard_numbers import note_numbers
from processors.backlog import changed_definitions, remember, work_off
from processors.calculation import Catalogue, Place
from processors.lanes import take
from processors.rollup import read_places

_SQL = queries("processors", "schedule.sql")
_FINISH_AT_ONCE = 50_000
_PARTITIONS_EVERY = timedelta(hours=1)

# How many ended periods are looked back at, and how long after its end a period is left for data that is on its way.
_LOOK_BACK: Mapping[Period, int] = {"PT1H": 3, "P1D": 2, "P1M": 1, "P1Y": 1}
_GRACE = timedelta(seconds=90)


def sync_definitions(connection: Connection, catalogue: Catalogue) -> None:
    """Carry the catalogue's definitions into `kpi_definition`; old versions stay, marked as not current.

    What is new or changed goes to the backlog: its values are computed again.
    """
    definitions = list(catalogue.definitions.values())
    ids, versions = [one.id for one in definitions], [one.version for one in definitions]
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('kpi_definition', 0))")
        remember(connection, changed_definitions(connection, definitions))
        connection.execute(_SQL["outdated_definitions"], (ids, versions))
        documents = [Jsonb(dict(one.document)) for one in definitions]
        connection.execute(_SQL["current_definitions"], (ids, versions, documents))
        note_numbers(connection)


@dataclass(slots=True)
class Schedule:
    """Runs every `every_seconds`; of several workers the first to come does it."""

    catalogue: Catalogue
    every_seconds: float = 20.0
    partitions_at: datetime | None = None

    def tick(self, connection: Connection, now: datetime) -> int:
        """Queue what the time has made due; returns how many rows were queued."""
        with connection.transaction():
            if not take(connection, "schedule"):
                return 0
            if self.partitions_at is None or now >= self.partitions_at:
                connection.execute(_SQL["partitions_ahead"], {"now": now})
                self.partitions_at = now + _PARTITIONS_EVERY
            queued = self._learn(connection)
            if connection.execute(_SQL["waiting"], {"now": now}).fetchone() == (True,):
                return queued
            kpis = list(self.catalogue.definitions)
            finish = {"now": now, "kpis": kpis, "limit": _FINISH_AT_ONCE}
            queued += connection.execute(_SQL["finish"], finish).rowcount
            queued += self._ended(connection, now)
            return queued or work_off(connection, self.catalogue, now)

    def work_off_backlog(self, connection: Connection, now: datetime) -> int:
        """Queue values of definitions that changed, whatever else waits; returns how many years' of them."""
        with connection.transaction():
            return work_off(connection, self.catalogue, now)

    @staticmethod
    def _learn(connection: Connection) -> int:
        learned = [datastream for (datastream,) in connection.execute(_SQL["learn_spacing"]).fetchall()]
        return connection.execute(_SQL["roll_up_again"], (learned,)).rowcount if learned else 0

    def _ended(self, connection: Connection, now: datetime) -> int:
        places = read_places(connection)
        living = [city for (city,) in connection.execute(_SQL["living_cities"], {"now": now}).fetchall()]
        rows = [
            (definition.id, city, name, period, window.start, window.end)
            for city in living
            for definition in self.catalogue.definitions.values()
            # What also rests on other days says nothing of a day that has no data; a running mean may still stand.
            if not self.catalogue.calculator(definition).looks_beyond
            for period in definition.periods
            for window in _ended_windows(definition, period, places[city], now)
            for name in definition.own_inputs
        ]
        if not rows:
            return 0
        columns = (list(column) for column in zip(*rows, strict=True))
        names = ("kpi", "city", "property", "period", "start", "ends")
        return connection.execute(_SQL["ended"], {"now": now, **dict(zip(names, columns, strict=True))}).rowcount


def _ended_windows(definition: KpiDefinition, period: Period, place: Place, now: datetime) -> list[Window]:
    """The newest periods that are over, the last one first."""
    calendar = place.calendar(definition.calendar)
    found: list[Window] = []
    at = window_of(now - _GRACE, period, calendar).start
    for _ in range(_LOOK_BACK[period]):
        window = window_of(at - timedelta(microseconds=1), period, calendar)
        found.append(window)
        at = window.start
    return found
