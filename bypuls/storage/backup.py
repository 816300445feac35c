"""Backup and restore with pg_dump and pg_restore, with TimescaleDB's steps around them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bypuls.errors import DatabaseError, SettingsError
from bypuls.storage.database import Connection, connect, describe, translated

_VERSION = re.compile(r"(\d+)(?:\.\d+)*")


def backup(url: str, file: Path, tools: Path | None = None) -> int:
    """Write the database to `file` (pg_dump's custom format); returns its size in bytes.

    Raises:
        SettingsError: no fitting pg_dump, or the file cannot be written.
        DatabaseError: pg_dump failed.
    """
    with translated(url), connect(url) as connection:
        program = _program("pg_dump", connection.info.server_version // 10_000, tools)
    partial = file.with_name(file.name + ".partial")
    try:
        partial.touch(mode=0o600)  # it holds raw messages and the hashes of tokens
    except OSError as error:
        message = f"backup file {file} cannot be written: {error.strerror}"
        raise SettingsError(message) from None
    try:
        _run([program, "--format=custom", "--compress=6", "--no-owner", f"--file={partial}"], url)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(url: str, file: Path, tools: Path | None = None) -> None:
    """Fill the empty database at `url` from `file`.

    Raises:
        SettingsError: the file is missing, or no fitting pg_restore.
        DatabaseError: the database is not empty, or pg_restore failed.
    """
    if not file.is_file():
        message = f"backup file {file} is not there"
        raise SettingsError(message)
    with translated(url), connect(url, autocommit=True) as connection:
        _refuse_unless_empty(connection, url)
        timescaledb = _prepare_timescaledb(connection, file, tools)
        program = _program("pg_restore", connection.info.server_version // 10_000, tools)
    try:
        # No privileges: their roles may not exist here yet; migrating makes and grants them.
        whole = [] if timescaledb else ["--single-transaction"]
        _run([program, "--no-owner", "--no-privileges", "--exit-on-error", *whole, str(file)], url)
    finally:
        if timescaledb:
            with translated(url), connect(url, autocommit=True) as connection:
                connection.execute("SELECT timescaledb_post_restore()")
    with translated(url), connect(url, autocommit=True) as connection:
        # Transaction numbers are the other server's: the stream of new values goes by them.
        connection.execute("UPDATE kpi_value SET xact = pg_current_xact_id()")
        connection.execute("ANALYZE")


def _refuse_unless_empty(connection: Connection, url: str) -> None:
    row = connection.execute("SELECT to_regclass('public.schema_migration') IS NOT NULL").fetchone()
    if row == (True,):
        message = f"database {describe(url)} is not empty: restore into a new one, then point BYPULS_DATABASE_URL at it"
        raise DatabaseError(message)


def _prepare_timescaledb(connection: Connection, file: Path, tools: Path | None) -> bool:
    """TimescaleDB wants its extension first, and its background work stopped while its catalogue is filled."""
    program = _program("pg_restore", connection.info.server_version // 10_000, tools)
    listing = subprocess.run([program, "--list", str(file)], capture_output=True, text=True, check=False)  # noqa: S603 - our own program and file
    if listing.returncode:
        message = f"backup file {file} is no backup: {listing.stderr.strip().splitlines()[-1]}"
        raise SettingsError(message)
    if "EXTENSION - timescaledb" not in listing.stdout:
        return False
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    connection.execute("SELECT timescaledb_pre_restore()")
    return True


def _program(name: str, server: int, tools: Path | None) -> str:
    """A pg_dump or pg_restore that is not older than the server: of the same version where there is one."""
    candidates: list[tuple[int, str]] = []
    places = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), shutil.which(name), tools / name if tools else None]
    for place in places:
        if place is None or not Path(place).is_file():
            continue
        shown = subprocess.run([str(place), "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - asks our own programs
        match = _VERSION.search(shown.stdout)
        if match and int(match[1]) >= server:
            candidates.append((int(match[1]), str(place)))
    if not candidates:
        message = f"no {name} for PostgreSQL {server} found: install postgresql-client-{server} or newer"
        raise SettingsError(message)
    return min(candidates)[1]


def _run(command: list[str], url: str) -> None:
    """Run pg_dump or pg_restore on the database; the password is not shown to who lists processes."""
    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    password = parts.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command = [command[0], f"--dbname={make_conninfo(**parts)}", *command[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - composed above
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()[-1:]
        message = f"{Path(command[0]).name} failed: {lines[0] if lines else 'no message'}"
        raise DatabaseError(message)
