"""Tokens: made once and shown once, kept as sha256, revoked by name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.audit import Deed, record
from bypuls.errors import NotFound, SettingsError
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_QUERIES = queries("api", "tokens.sql")

PREFIX = "byp_"
SCOPES = ("admin", "read", "webhook", "report", "personal")
"""admin: every write, the audit log and raw payloads; read: raw payloads; webhook: messages over HTTP; report: values
that a city reports, their check and signature, and who is asked; personal: what is measured in households, which no
other scope opens."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is and what it may do; `city` None: in every city."""

    name: str
    scopes: tuple[str, ...]
    city: str | None

    def may(self, scope: str, city: str | None) -> bool:
        """Whether `scope` is granted for `city`; what belongs to no city needs a token of every city."""
        granted = scope in self.scopes or "admin" in self.scopes
        return granted and (self.city is None or self.city == city)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed: never its text."""

    name: str
    scopes: tuple[str, ...]
    city: str | None
    created_at: datetime
    last_used: datetime | None
    revoked_at: datetime | None

    def __str__(self) -> str:
        """One line of a list.

        >>> print(Token("ops", ("admin",), None, datetime(2026, 1, 5), None, None))
        ops: admin, every city, made 2026-01-05, never used
        """
        used = f"last used {self.last_used:%Y-%m-%d}" if self.last_used else "never used"
        revoked = f", revoked {self.revoked_at:%Y-%m-%d}" if self.revoked_at else ""
        where = self.city or "every city"
        return f"{self.name}: {' '.join(self.scopes)}, {where}, made {self.created_at:%Y-%m-%d}, {used}{revoked}"


def create_token(
    connection: Connection,
    name: str,
    scopes: Sequence[str] = ("admin",),
    city: str | None = None,
    *,
    who: str = "command line",
) -> str:
    """Make a token and return its text, which cannot be read again.

    Raises:
        SettingsError: the name is taken or empty, or a scope is unknown.
        NotFound: no such city.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        message = f"token {name!r}: unknown scope {', '.join(unknown) or '(none)'}; there are {', '.join(SCOPES)}"
        raise SettingsError(message)
    if not name.strip():
        raise SettingsError("a token needs a name: whose it is, or what for")
    if city is not None:
        require_city(connection, city)
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "hash": _hash(token), "scopes": list(scopes), "city": city}
    with connection.transaction():
        if connection.execute(_QUERIES["create"], row).fetchone() is None:
            message = f"token {name!r} exists or existed: choose another name, so that the audit log stays clear"
            raise SettingsError(message)
        record(connection, Deed(who, "token.create", name, city, after={"scopes": list(scopes), "city": city}))
    return token


def revoke_token(connection: Connection, name: str, *, who: str = "command line") -> None:
    """End a token from now on; ending an ended one changes nothing.

    Raises:
        NotFound: no token of that name.
    """
    with connection.transaction():
        row = connection.execute(_QUERIES["revoke"], {"name": name}).fetchone()
        if row is not None:
            record(connection, Deed(who, "token.revoke", name, row[1], before={"scopes": row[0], "city": row[1]}))
    if row is None and connection.execute(_QUERIES["has_token"], {"name": name}).fetchone() is None:
        message = f"no token {name!r}: 'bypuls token list' lists them"
        raise NotFound(message)


def list_tokens(connection: Connection) -> list[Token]:
    """Every token there is or was, oldest first."""
    return [Token(name, tuple(scopes), *rest) for name, scopes, *rest in connection.execute(_QUERIES["all"])]


def holder_of(connection: Connection, token: str) -> Holder | None:
    """Whose token this is; None when it is unknown or revoked."""
    row = connection.execute(_QUERIES["find"], {"hash": _hash(token)}).fetchone()
    if row is None:
        return None
    name, scopes, city, note_use = row
    if note_use:
        connection.execute(_QUERIES["used"], {"hash": _hash(token)})
    return Holder(name, tuple(scopes), city)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
