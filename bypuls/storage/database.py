"""Connections to PostgreSQL, each in its least-privileged role; the one place where driver errors are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from bypuls.errors import DatabaseError, DatabaseUnreachable, NotStorable, SchemaError, SettingsError

Connection = psycopg.Connection[tuple[Any, ...]]
Role = Literal["owner", "writer", "reader", "editor", "grafana"]

_ROLE_NAMES: dict[Role, str] = {
    "writer": "bypuls_writer",
    "reader": "bypuls_reader",
    "editor": "bypuls_editor",
    "grafana": "grafana_ro",
}
_CONNECT_SECONDS = 10
# A connection that a router or firewall has forgotten never answers: TCP's own patience with it is hours.
_PATIENCE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# Not connection errors to psycopg, but waiting mends them: a standby that is about to be promoted, a session ended.
_AWAY = (pg.ReadOnlySqlTransaction, pg.IdleInTransactionSessionTimeout, pg.TransactionTimeout)


def connect(url: str, role: Role = "owner", *, autocommit: bool = False) -> Connection:
    """Open a connection and step down to `role` where the server has it.

    Raises:
        SettingsError: the address cannot be read.
        DatabaseUnreachable: nobody answers there, or not to us.
    """
    with translated(url):
        connection = psycopg.connect(url, application_name=f"bypuls {role}", **_patience(url))
        take_role(connection, role)
        connection.autocommit = autocommit
        return connection


def take_role(connection: Connection, role: Role) -> None:
    """Step down to the group role of `role` if it exists and we are a member; work in UTC either way.

    The reader reads what is open to everybody: a table's name means its view without personal rows.
    """
    connection.execute("SET TIME ZONE 'UTC'")
    if role == "reader":
        connection.execute("SET search_path = bypuls_open, public")
    name = _ROLE_NAMES.get(role)
    if name is not None:
        row = connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'member')",
            (name,),
        ).fetchone()
        if row is not None:
            connection.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(name)))
    connection.commit()


@contextmanager
def open_pool(url: str, role: Role, size: int) -> Iterator[ConnectionPool[Connection]]:
    """A pool of connections in `role`, for the API; closed at the end.

    Raises:
        DatabaseUnreachable: no connection within the time a person waits.
    """
    with ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=_CONNECT_SECONDS,
        configure=lambda connection: take_role(connection, role),
        kwargs={"application_name": f"bypuls {role}", **_patience(url)},
        open=False,
    ) as pool:
        try:
            pool.open(wait=True, timeout=_CONNECT_SECONDS)
        except PoolTimeout:
            message = f"database {describe(url)} does not answer: is it running, and is BYPULS_DATABASE_URL right?"
            raise DatabaseUnreachable(message) from None
        yield pool


@contextmanager
def translated(url: str | None = None) -> Iterator[None]:
    """Turn psycopg's errors into ours."""
    where = f" at {describe(url)}" if url else ""
    try:
        yield
    except psycopg.ProgrammingError as error:
        if isinstance(error, pg.UndefinedTable | pg.UndefinedColumn | pg.UndefinedFunction):
            message = (
                f"database{where}: {_first_line(error)}; its schema is not this version's: run 'bypuls db migrate'"
            )
            raise SchemaError(message) from error
        if error.sqlstate is None:
            message = f"database address cannot be read ({_first_line(error)}): BYPULS_DATABASE_URL is like postgresql://user@host/name"
            raise SettingsError(message) from error
        message = f"database{where}: {_first_line(error)}"
        raise DatabaseError(message) from error
    # Of this data: a key too long, too many locks, more to be unpacked of the columnstore than a transaction may.
    except (pg.ProgramLimitExceeded, pg.OutOfMemory, pg.ConfigurationLimitExceeded) as error:
        message = f"database{where}: {_first_line(error)}"
        raise NotStorable(message) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, *_AWAY) as error:
        message = f"database{where} does not answer: {_first_line(error)}"
        raise DatabaseUnreachable(message) from error
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError) as error:
        message = f"database{where}: {_first_line(error)}"
        raise NotStorable(message) from error
    except psycopg.Error as error:
        message = f"database{where}: {_first_line(error)}"
        raise DatabaseError(message) from error


def describe(url: str) -> str:
    """The address without its password, for messages."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "(unreadable address)"
    host, port, name = parts.get("host", "local socket"), parts.get("port"), parts.get("dbname")
    return f"{host}{f':{port}' if port else ''}{f'/{name}' if name else ''}"


def _patience(url: str) -> dict[str, Any]:
    """How long a silent server is waited for, but where the address says otherwise (seconds; milliseconds)."""
    try:
        said = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        said = {}  # connecting says what is wrong with it
    patience = {"connect_timeout": _CONNECT_SECONDS, **_PATIENCE}
    return {name: value for name, value in patience.items() if name not in said}


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines and lines[0].endswith(":") else (lines or [type(error).__name__])[0]
