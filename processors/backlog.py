"""Values of definitions that are new or changed: found at the start, queued year by year when nothing else waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from bypuls.kpi import KpiDefinition
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Catalogue
from processors.due import of_definition, queue
from processors.readings import arrays
from processors.rollup import read_places

_SQL = queries("processors", "backlog.sql")
_AT_ONCE = 200_000


def changed_definitions(connection: Connection, definitions: Iterable[KpiDefinition]) -> list[KpiDefinition]:
    """Those whose current version in the database is another, or that it does not have.

    None at the very first start: nothing stands yet, and everything comes by its hours.
    """
    stored: dict[str, str] = dict(connection.execute(_SQL["versions"]).fetchall())
    return [one for one in definitions if stored.get(one.id) != one.version] if stored else []


def remember(connection: Connection, definitions: Iterable[KpiDefinition]) -> None:
    """Note that the values of these definitions are to be computed again, wherever there are hours for them."""
    pairs = [(one.id, name) for one in definitions for name in one.inputs]
    if pairs:
        connection.execute(_SQL["add"], [list(column) for column in zip(*pairs, strict=True)])


def work_off(connection: Connection, catalogue: Catalogue, now: datetime) -> int:
    """Queue the values of some years, in the caller's transaction; returns how many rows of the backlog were taken."""
    taken, queued = 0, 0
    while queued < _AT_ONCE:
        row = connection.execute(_SQL["take"]).fetchone()
        if row is None:
            break
        taken += 1
        kpi, city, year = row
        definition = catalogue.definitions.get(kpi)
        if definition is not None:  # else it left the catalogue since
            queued += _queue_year(connection, catalogue, definition, city, year, now)
    return taken


def _queue_year(
    connection: Connection, catalogue: Catalogue, definition: KpiDefinition, city: str, year: int, now: datetime
) -> int:
    wanted = {
        "city": city,
        "kpi": definition.id,
        "version": definition.version,
        "properties": list(definition.inputs),
        "since": datetime(year, 1, 1, tzinfo=UTC),
        "until": datetime(year + 1, 1, 1, tzinfo=UTC),
        "now": now,
    }
    queued = connection.execute(_SQL["standing"], wanted).rowcount
    names = ("since", "until", "city", "properties")
    found = arrays(connection, _SQL["hours"], [wanted[name] for name in names])
    if found is None or definition.trigger == "schedule":
        return queued
    site_of: dict[int, str] = dict(connection.execute(_SQL["sites"], wanted).fetchall())
    sites = [site_of[datastream] for datastream in found[0].tolist()]
    place = read_places(connection)[city]
    return queued + queue(connection, of_definition(definition, catalogue, place, found[1].astype(int), sites, now))
