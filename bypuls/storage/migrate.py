"""Brings a database to this version's schema: migrations once and in order, views and functions every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from time import perf_counter
from typing import cast

import psycopg
from psycopg import errors as pg
from psycopg.types.json import Jsonb

from bypuls.errors import SchemaError
from bypuls.properties import Properties
from bypuls.storage.database import Connection, connect, describe, translated

_LOCK = 0x627970756C73  # "bypuls": one migration at a time on a server


@dataclass(frozen=True, slots=True)
class Migration:
    """One file under migrations/: number, name and what it holds."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """sha256 of the text: an applied migration must not change afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What `migrate` would do, and on what."""

    edition: str
    server: str
    applied: tuple[int, ...]
    pending: tuple[Migration, ...]


def migrations() -> list[Migration]:
    """Every migration this version ships, in order."""
    folder = files("bypuls.storage").joinpath("migrations")
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def plan(url: str) -> Plan:
    """What `migrate` would do; changes nothing.

    Raises:
        SchemaError: the database is newer than this version, or an applied migration's text has changed.
    """
    with translated(url), connect(url) as connection:
        return _plan(connection, url)


def migrate(url: str) -> Plan:
    """Bring the database to this version; returns what was pending.

    Each migration is one transaction: a failing one leaves the database as the one before it made it.

    Raises:
        SchemaError: the database is newer than this version, an applied migration's text has changed, or one fails.
    """
    with translated(url), connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            _create_extension(connection)
            todo = _plan(connection, url)
            for migration in todo.pending:
                _apply(connection, migration)
            _refresh_views(connection)
            _carry_over_properties(connection)
            connection.execute(
                "SELECT bypuls_ensure_partitions(now() - interval '1 month', now() + interval '2 months')"
            )
        finally:
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
        return todo


def _create_extension(connection: Connection) -> None:
    """Use TimescaleDB where the server offers it, has it loaded and lets us; plain PostgreSQL otherwise."""
    row = connection.execute(
        """SELECT 1 FROM pg_available_extensions
           WHERE name = 'timescaledb' AND installed_version IS NULL
             -- Loaded, as any role may see it: shared_preload_libraries is for administrators' eyes.
             AND EXISTS (SELECT FROM pg_settings WHERE name = 'timescaledb.disable_load')"""
    ).fetchone()
    tables = connection.execute("SELECT to_regclass('public.schema_migration') IS NOT NULL").fetchone()
    if row is None or tables == (True,):  # an existing plain schema stays plain: its tables are no hypertables
        return
    try:
        connection.execute("CREATE EXTENSION timescaledb")
    except pg.InsufficientPrivilege:
        return
    # The extension wants to be the first thing a session sees.
    connection.execute("SELECT 1 FROM pg_extension")


def _plan(connection: Connection, url: str) -> Plan:
    shipped = {migration.number: migration for migration in migrations()}
    exists = connection.execute("SELECT to_regclass('public.schema_migration') IS NOT NULL").fetchone()
    applied: dict[int, str] = {}
    if exists == (True,):
        applied = dict(connection.execute("SELECT number, checksum FROM schema_migration ORDER BY number").fetchall())
    newest = max(shipped)
    too_new = [number for number in applied if number > newest]
    if too_new:
        message = (
            f"database {describe(url)} is newer than this version of Bypuls (schema {max(too_new)}, known up to "
            f"{newest}): install the version that made it, or restore a backup"
        )
        raise SchemaError(message)
    for number, checksum in applied.items():
        if number not in shipped:
            message = f"migration {number:04d} was applied to {describe(url)} but is not shipped: install what made it"
            raise SchemaError(message)
        if shipped[number].checksum != checksum:
            message = (
                f"migration {number:04d}_{shipped[number].name} differs from the one applied to {describe(url)}: "
                "an applied migration is never edited; write a new one"
            )
            raise SchemaError(message)
    version = connection.execute(
        """SELECT current_setting('server_version'),
                  (SELECT extversion || ' ' || current_setting('timescaledb.license', true)
                   FROM pg_extension WHERE extname = 'timescaledb')"""
    ).fetchone()
    server, timescaledb = cast("tuple[str, str | None]", version)
    edition = "plain PostgreSQL" if timescaledb is None else f"TimescaleDB {timescaledb}"
    pending = tuple(migration for number, migration in sorted(shipped.items()) if number not in applied)
    return Plan(edition, f"PostgreSQL {server}", tuple(applied), pending)


def _apply(connection: Connection, migration: Migration) -> None:
    started = perf_counter()
    try:
        with connection.transaction():
            connection.execute(
                """CREATE TABLE IF NOT EXISTS schema_migration (
                       number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                       applied_at timestamptz NOT NULL DEFAULT now(), milliseconds integer NOT NULL)"""
            )
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migration (number, name, checksum, milliseconds) VALUES (%s, %s, %s, %s)",
                (migration.number, migration.name, migration.checksum, round((perf_counter() - started) * 1000)),
            )
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        message = f"migration {migration.number:04d}_{migration.name} failed and was rolled back: {reason}"
        raise SchemaError(message) from error


def _refresh_views(connection: Connection) -> None:
    folder = files("bypuls.storage").joinpath("views")
    with connection.transaction():
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".sql"):
                connection.execute(file.read_text(encoding="utf-8"))


def _carry_over_properties(connection: Connection) -> None:
    rows = [
        (
            entry.id,
            entry.domain,
            Jsonb(dict(entry.names)),
            entry.unit,
            entry.aggregation.value,
            entry.diagnostic,
            list(entry.qc.gross_fail) if entry.qc.gross_fail else None,
        )
        for entry in Properties.load().values()
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO observed_property (id, domain, name, unit, aggregation, diagnostic, valid_range)
               VALUES (%s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (id) DO UPDATE SET
                   domain = excluded.domain, name = excluded.name, unit = excluded.unit,
                   aggregation = excluded.aggregation, diagnostic = excluded.diagnostic,
                   valid_range = excluded.valid_range""",
            rows,
        )
