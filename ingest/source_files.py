"""Sources that people add: one YAML is one source; kept in the `source` table, read when ingest starts.

name: tts-trondheim
broker: mqtts://app%40tenant@eu1.example.org:8883 # the password comes from the environment, never from a file:
password_variable: BYPULS_SECRET_TTS
qos: 0                                            # all that this broker offers
topic_filter: v3/+/devices/+/up
format: tts_v3
city: trondheim
units: {pm25: ug/m3}
past: P30D
unknown_device: quarantine
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
import yaml
from psycopg.types.json import Jsonb

from bypuls.errors import SettingsError
from bypuls.observation import SourceRank
from bypuls.settings import IngestSettings
from bypuls.storage.database import Connection, translated
from bypuls.typed import convert
from bypuls.units import Conditions
from ingest.broker import MAY_LOSE
from ingest.decoding import Source
from ingest.source_rules import problem_of
from ingest.sources import BUILT_IN
from ingest.validation import Catalogue

_LOG = logging.getLogger(__name__)
_RANKS = {"live": SourceRank.LIVE, "imported": SourceRank.IMPORTED, "verified": SourceRank.VERIFIED}


class Concentrations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which conditions concentrations refer: temperature in K, pressure in kPa (EU: 293.15 and 101.325)."""

    temperature: Annotated[float, msgspec.Meta(ge=200, le=350)]
    pressure: Annotated[float, msgspec.Meta(ge=30, le=120)]


class SourceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source as its file describes it."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    topic_filter: Annotated[str, msgspec.Meta(min_length=1)]
    format: str | None = None
    formats: list[str] = []
    profile: str | None = None
    profiles: list[str] | None = None
    broker: str | None = None
    password_variable: Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")] | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    qos: Literal[0, 1] = 1
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    content_types: bool = False
    share: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]+$")] | None = None
    city: str | None = None
    identity: str | None = None
    units: dict[str, str] = {}
    canonical_units: bool = False
    concentrations: Concentrations | None = None
    past: timedelta | None = timedelta(days=366)
    future: timedelta | None = timedelta(minutes=5)
    precision: Literal["s", "ms", "us", "ns"] | None = None
    rank: Literal["live", "imported", "verified"] = "live"
    zone: str | None = None
    unknown_device: Literal["pending", "quarantine"] = "pending"
    trusts_payload_device: bool = False
    device_field: Annotated[str, msgspec.Meta(min_length=1)] | None = None

    def source(self) -> Source:
        """As ingest works with it.

        Raises:
            SettingsError: the password's variable is not set.
        """
        profiles = self.profiles if self.profile is None else [self.profile]
        refers = self.concentrations
        return Source(
            name=self.name,
            topic_filter=self.topic_filter,
            formats=self.chosen_formats(),
            profiles=None if profiles is None else tuple(profiles),
            broker_url=_with_password(self),
            ca=self.ca,
            certificate=self.certificate,
            key=self.key,
            qos=self.qos,
            protocol=self.protocol,
            content_types=self.content_types,
            share=self.share,
            city=self.city,
            identity=self.identity,
            units=dict(self.units),
            canonical_units=self.canonical_units,
            conditions=None if refers is None else Conditions(refers.temperature, refers.pressure),
            past=self.past,
            future=self.future,
            precision=self.precision,
            rank=_RANKS[self.rank],
            zone=self.zone,
            unknown_device=self.unknown_device,
            trusts_payload_device=self.trusts_payload_device,
            device_field=self.device_field,
        )

    def chosen_formats(self) -> tuple[str, ...]:
        """What `format` or `formats` say; makers' profiles where only those are named; else our own two."""
        if self.format is not None:
            return (self.format,)
        if self.formats:
            return tuple(self.formats)
        return ("own_json", "senml") if self.profile is None and self.profiles is None else ("profile",)


def read_source(path: Path) -> SourceFile:
    """Read a source's file.

    Raises:
        SettingsError: unreadable, or a value that cannot be, with its place in the file.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = convert(document, SourceFile)
    except OSError as error:
        message = f"source file {path} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        message = f"source file {path}: {' '.join(str(error).split())}"
        raise SettingsError(message) from None
    problem = problem_of(found, Catalogue.load())
    if problem is not None:
        message = f"source file {path}: {problem}"
        raise SettingsError(message)
    return found


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


def switch_source(connection: Connection, name: str, who: str, *, on: bool) -> None:
    """Switch a source on or off, with an audit row; ingest hears of it at its next start.

    Raises:
        SettingsError: nobody has added such a source.
    """
    what = "source.on" if on else "source.off"
    with translated(), connection.transaction():
        row = connection.execute(
            "UPDATE source SET enabled = %s WHERE name = %s RETURNING document ->> 'city'", (on, name)
        ).fetchone()
        if row is None:
            names = ", ".join(known for (known,) in connection.execute("SELECT name FROM source ORDER BY name"))
            message = f"there is no added source {name!r}; there are: {names or 'none'}"
            raise SettingsError(message)
        connection.execute(
            "INSERT INTO audit_log (who, city, what, target) VALUES (%s, %s, %s, %s)", (who, row[0], what, name)
        )


def load_sources(connection: Connection, settings: IngestSettings) -> list[Source]:
    """The built-in sources and those that were added, with the limits of the settings.

    A source that cannot be is left out with a line in the log: it does not stop the others.
    """
    rows: Iterable[tuple[str, Any]] = connection.execute(
        "SELECT name, document FROM source WHERE enabled ORDER BY name"
    ).fetchall()
    added = []
    for name, document in rows:
        try:
            added.append(_usable(document))
        except (SettingsError, msgspec.ValidationError) as error:
            _LOG.error("source %s is left out until ingest is started again: %s", name, error)
    return [
        replace(source, max_payload_bytes=settings.max_payload_bytes, max_readings=settings.max_readings)
        for source in (*BUILT_IN, *added)
    ]


def _usable(document: Any) -> Source:
    """A stored source, if its formats, profiles and password are there now."""
    stored = convert(document, SourceFile)
    problem = problem_of(stored, Catalogue.load())
    if problem is not None:
        raise SettingsError(problem)
    return stored.source()


class Described(NamedTuple):
    """A source for people.

    Attributes:
        qos: what is asked for; what the broker granted, where it was heard and is less.
        remark: what follows from it, or from its being switched off.
    """

    name: str
    broker: str
    topic_filter: str
    city: str
    reads: str
    qos: int
    remark: str


def describe_sources(connection: Connection) -> list[Described]:
    """The built-in sources and those that were added, also what is switched off; no password is shown."""
    rows = connection.execute("SELECT document, enabled, granted_qos FROM source ORDER BY name").fetchall()
    described = [
        _described(SourceFile(one.name, one.topic_filter, formats=list(one.formats)), None) for one in BUILT_IN
    ]
    for document, enabled, granted in rows:
        one = _described(convert(document, SourceFile), granted)
        described.append(one if enabled else one._replace(remark="switched off"))
    return described


def _described(source: SourceFile, granted: int | None) -> Described:
    qos = source.qos if granted is None else min(source.qos, granted)
    names = source.profiles if source.profile is None else [source.profile]
    reads = ", ".join(source.chosen_formats()) + (f" ({', '.join(names)})" if names else "")
    city = source.city or "as the topic says"
    return Described(
        source.name, source.broker or "default", source.topic_filter, city, reads, qos, MAY_LOSE if qos == 0 else ""
    )


def _with_password(source: SourceFile) -> str | None:
    if source.broker is None or source.password_variable is None:
        return source.broker
    password = os.environ.get(source.password_variable)
    if not password:
        message = (
            f"source {source.name}: its password is to come from {source.password_variable}, which is not set: "
            f"set it where ingest runs"
        )
        raise SettingsError(message)
    parts = urlsplit(source.broker)
    place = f"{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{place}"))
