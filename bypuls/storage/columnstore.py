"""TimescaleDB's columnstore for what was measured: switched on, and how much it saves. The Community edition has it.

What was compressed can still be written to: late values, corrections and rollups of them go the same way as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from psycopg import errors as pg
from psycopg import sql

from bypuls.errors import SettingsError
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_SQL = queries("bypuls.storage.sql", "columnstore.sql")
TABLES = {"observation": "time", "rollup_5m": "bucket"}


@dataclass(frozen=True, slots=True)
class TableStatus:
    """A table's columnstore: chunks in all and compressed, their bytes before and now; `after` None: no policy.

    `arrival_seconds`: the steps that arrivals are cut down to, None: exact. `failure`: what the database says of the
    job that compresses, if its last run failed by its own words.
    """

    table: str
    after: timedelta | None
    arrival_seconds: int | None
    failure: str | None
    chunks: int
    compressed: int
    bytes_before: int
    bytes_now: int


def status(connection: Connection) -> list[TableStatus]:
    """What lies in the columnstore.

    Raises:
        SettingsError: this edition has none.
    """
    _require(connection)
    found = []
    for table in TABLES:
        row = connection.execute(_SQL["status"], {"table": table}).fetchone()
        if row is not None:
            found.append(TableStatus(table, *row))
    return found


def enable(connection: Connection, after: timedelta, who: str, arrival_seconds: int = 0) -> None:
    """Have chunks that are older than `after` compressed by the database, datastream by datastream. As owner.

    Before that, the delay from an observation's time to its arrival is cut down to whole steps of `arrival_seconds`; 0:
    it stays exact.

    Raises:
        SettingsError: this edition has no columnstore, or we do not own the tables.
    """
    _require(connection)
    cut = f", arrivals to {arrival_seconds} s" if arrival_seconds else ""
    try:
        with connection.transaction():
            for table, time in TABLES.items():
                name = sql.Identifier(table)
                given = {"table": table, "after": after}
                if connection.execute(_SQL["is_enabled"], given).fetchone() is None:
                    connection.execute(sql.SQL(_SQL["enable"]).format(table=name, time=sql.Literal(time)))
                connection.execute(_SQL["remove_policy"], given)
                if table != "observation" or not arrival_seconds:
                    connection.execute(_SQL["add_policy"], given)
            connection.execute(_SQL["remove_job"])
            if arrival_seconds:
                connection.execute(_SQL["add_job"], {"after": after, "step": arrival_seconds})
            # A correction of much old data may unpack more than TimescaleDB lets one do by default.
            row = connection.execute("SELECT current_database()").fetchone()
            connection.execute(sql.SQL(_SQL["unlimited"]).format(database=sql.Identifier(row[0] if row else "")))
            connection.execute(_SQL["audit"], (who, f"older than {after.days} days{cut}"))
    except pg.InsufficientPrivilege as error:
        message = (
            f"the columnstore is for the owner to switch on, who migrates the database ({error.diag.message_primary})"
        )
        raise SettingsError(message) from None


def _require(connection: Connection) -> None:
    row = connection.execute("SELECT bypuls_edition()").fetchone()
    edition = row[0] if row else None
    if edition != "timescaledb-community":
        has = {"plain": "plain PostgreSQL", "timescaledb-apache": "TimescaleDB's Apache-2 edition"}.get(edition or "")
        raise SettingsError(
            f"not available in this edition: {has} has no columnstore; TimescaleDB Community has one "
            "(deploy/: timescale/timescaledb)"
        )
