"""Makes a report: collect, compose, write, and remember what was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from bypuls.snapshot import DataNote, Snapshot
from bypuls.snapshot_file import seal, write_snapshot
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from processors.reports.collection import Sources, collect
from processors.reports.composition import compose
from processors.reports.html import render_html
from processors.reports.pdf import render_pdf
from processors.reports.wording import Language

Format = Literal["html", "pdf", "json"]

_SQL = queries("processors.reports", "collection.sql")


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants."""

    city: str
    year: int
    format: Format
    language: Language
    demonstration: bool = False
    notes: Sequence[DataNote] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The file's bytes, and the snapshot they come from."""

    document: bytes
    snapshot: Snapshot


def make_report(connection: Connection, order: Order, sources: Sources, made_at: datetime) -> Made:
    """Make a report from what stands at one moment.

    Raises:
        NotFound: there is no such city.
        NotAllowed: some of it is simulated and this is no demonstration.
    """
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    with translated(), connection.transaction():
        content = collect(
            connection, order.city, order.year, sources, notes=order.notes, demonstration=order.demonstration
        )
    snapshot = seal(content, made_at)
    return Made(write(snapshot, order.format, order.language), snapshot)


def write(snapshot: Snapshot, format_: Format, language: Language) -> bytes:
    """A snapshot as a file."""
    if format_ == "json":
        return write_snapshot(snapshot)
    document = compose(snapshot, language)
    return render_pdf(document) if format_ == "pdf" else render_html(document).encode()


def keep_report(connection: Connection, order: Order, made: Made, who: str) -> None:
    """Keep it in table `report`, with an audit row; the same content made again replaces the file."""
    snapshot = made.snapshot
    row = {
        "city": order.city,
        "year": order.year,
        "format": order.format,
        "language": "mul" if order.format == "json" else order.language,
        "demonstration": snapshot.content.demonstration,
        "hash": snapshot.hash,
        "versions": Jsonb(msgspec.to_builtins(snapshot.content.versions)),
        "document": made.document,
        "made_at": snapshot.made_at,
        "who": who,
    }
    with translated(), connection.transaction():
        number = connection.execute(_SQL["store"], row).fetchall()[0][0]
        said = {name: row[name] for name in ("year", "format", "language", "demonstration", "hash")}
        connection.execute(
            _SQL["audit"], {"who": who, "city": order.city, "target": f"report/{number}", "after": Jsonb(said)}
        )
