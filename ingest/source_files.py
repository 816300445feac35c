"""Sources that people add: one YAML is one source; kept in the `source` table, read when ingest starts.

name: tts-trondheim
broker: mqtts://bypuls@eu1.example.org:8883     # the password comes from the environment, never from a file:
password_variable: BYPULS_SECRET_TTS
topic_filter: v3/+/devices/+/up
city: trondheim
formats: [senml]
units: {pm25: ug/m3}
past: P30D
unknown_device: quarantine
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
import yaml
from psycopg.types.json import Jsonb

from bypuls.errors import SettingsError
from bypuls.observation import SourceRank
from bypuls.settings import IngestSettings
from bypuls.storage.database import Connection, translated
from ingest.address import Address
from ingest.decoding import Source
from ingest.sources import BUILT_IN

_RANKS = {"live": SourceRank.LIVE, "imported": SourceRank.IMPORTED, "verified": SourceRank.VERIFIED}


class SourceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source as its file describes it."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    topic_filter: Annotated[str, msgspec.Meta(min_length=1)]
    formats: list[str] = msgspec.field(default_factory=lambda: ["own_json", "senml"])
    broker: str | None = None
    password_variable: Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")] | None = None
    qos: Literal[0, 1] = 1
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    share: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]+$")] | None = None
    city: str | None = None
    units: dict[str, str] = {}
    canonical_units: bool = False
    past: timedelta | None = timedelta(days=366)
    future: timedelta | None = timedelta(minutes=5)
    rank: Literal["live", "imported", "verified"] = "live"
    zone: str | None = None
    unknown_device: Literal["pending", "quarantine"] = "pending"
    trusts_payload_device: bool = False

    def source(self) -> Source:
        """As ingest works with it.

        Raises:
            SettingsError: the password's variable is not set.
        """
        return Source(
            name=self.name,
            topic_filter=self.topic_filter,
            formats=tuple(self.formats),
            broker_url=_with_password(self),
            qos=self.qos,
            protocol=self.protocol,
            share=self.share,
            city=self.city,
            units=dict(self.units),
            canonical_units=self.canonical_units,
            past=self.past,
            future=self.future,
            rank=_RANKS[self.rank],
            zone=self.zone,
            unknown_device=self.unknown_device,
            trusts_payload_device=self.trusts_payload_device,
        )


def read_source(path: Path) -> SourceFile:
    """Read a source's file.

    Raises:
        SettingsError: unreadable, or a value that cannot be, with its place in the file.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = msgspec.convert(document, SourceFile)
    except OSError as error:
        message = f"source file {path} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        message = f"source file {path}: {' '.join(str(error).split())}"
        raise SettingsError(message) from None
    if found.broker is not None:
        if Address.parse(found.broker).password is not None:
            message = f"source file {path}: a password has no place in a file; name its variable as password_variable"
            raise SettingsError(message)
    elif found.password_variable is not None:
        message = f"source file {path}: password_variable goes with a broker of the source's own"
        raise SettingsError(message)
    if not _is_filter(found.topic_filter):
        message = (
            f"source file {path}: topic_filter {found.topic_filter!r} is no MQTT filter (+ and # stand alone, # last)"
        )
        raise SettingsError(message)
    if found.name in {source.name for source in BUILT_IN}:
        message = f"source file {path}: the name {found.name!r} is taken by a built-in source"
        raise SettingsError(message)
    return found


def _is_filter(text: str) -> bool:
    """MQTT 3.1.1, section 4.7; shared subscriptions have a key of their own (`share`)."""
    levels = text.split("/")
    alone = all(level in {"+", "#"} or not {"+", "#"} & set(level) for level in levels)
    return alone and "#" not in levels[:-1] and levels[0] != "$share" and "\0" not in text


def add_source(connection: Connection, source: SourceFile, who: str) -> None:
    """Insert or update the source, with an audit row; ingest takes it at its next start."""
    document: dict[str, Any] = msgspec.to_builtins(source)
    with translated(), connection.transaction():
        row = connection.execute("SELECT document FROM source WHERE name = %s", (source.name,)).fetchone()
        connection.execute(
            """INSERT INTO source (name, document) VALUES (%s, %s)
               ON CONFLICT (name) DO UPDATE SET document = excluded.document, enabled = true""",
            (source.name, Jsonb(document)),
        )
        connection.execute(
            "INSERT INTO audit_log (who, city, what, target, before, after) VALUES (%s, %s, %s, %s, %s, %s)",
            (who, source.city, "source.add", source.name, Jsonb(row[0]) if row else None, Jsonb(document)),
        )


def load_sources(connection: Connection, settings: IngestSettings) -> list[Source]:
    """The built-in sources and those that were added, with the limits of the settings."""
    rows: Iterable[tuple[Any]] = connection.execute(
        "SELECT document FROM source WHERE enabled ORDER BY name"
    ).fetchall()
    added = [msgspec.convert(document, SourceFile).source() for (document,) in rows]
    return [
        replace(source, max_payload_bytes=settings.max_payload_bytes, max_readings=settings.max_readings)
        for source in (*BUILT_IN, *added)
    ]


def _with_password(source: SourceFile) -> str | None:
    if source.broker is None or source.password_variable is None:
        return source.broker
    password = os.environ.get(source.password_variable)
    if not password:
        message = f"source {source.name}: its password is to come from {source.password_variable}, which is not set"
        raise SettingsError(message)
    parts = urlsplit(source.broker)
    place = f"{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{place}"))
