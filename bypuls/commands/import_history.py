"""`bypuls import FILE…`: history from files."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bypuls.commands.terminal import me, say, until_told_to_stop
from bypuls.errors import DatabaseUnreachable, SettingsError

if TYPE_CHECKING:
    from ingest.importing.run import Progress

_FORMATS = ("csv", "parquet", "senml")
_STRANGERS = ("pending", "quarantine")
_EVERY_SECONDS = 0.5, 10.0  # on a terminal, in a log


def import_(  # noqa: PLR0913, PLR0917 - one per option of the command
    files: Annotated[list[Path], typer.Argument(help="Tidy or wide CSV, Parquet, SenML packs; .gz too.")],
    city: Annotated[str | None, typer.Option(help="Whose devices these are; needed unless a column says it.")] = None,
    rank: Annotated[
        str, typer.Option(help="imported, verified or live: which of two values for one time stands.")
    ] = "imported",
    zone: Annotated[str | None, typer.Option(help="Of times without a zone, as Europe/Oslo.")] = None,
    device: Annotated[str, typer.Option(help="For files without a column for it.")] = "",
    property_: Annotated[str, typer.Option("--property", help="The same.")] = "",
    channel: Annotated[str, typer.Option(help="The same.")] = "",
    unit: Annotated[
        list[str] | None,
        typer.Option(help="ug/m3: where the file gives none; pm10=ug/m3: of pm10, whatever the file says. Repeatable."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="ROLE=NAME of a column whose header is not understood, as time=Målt.")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="csv, parquet or senml; by name unless given.")] = None,
    encoding: Annotated[str, typer.Option(help="Of CSV.")] = "utf-8",
    unknown_device: Annotated[
        str, typer.Option(help="pending: store what strangers measured; quarantine: refuse it.")
    ] = "pending",
    errors: Annotated[Path | None, typer.Option(help="List refused rows there, as CSV.")] = None,
    *,
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="Numbers are written 3,5.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be stored, and store nothing.")] = False,
) -> None:
    """Store history from files, checked as messages are. The same file again changes nothing."""
    from bypuls.clock import utc_now
    from bypuls.observation import SourceRank
    from bypuls.places import database
    from bypuls.settings import IngestSettings, load
    from bypuls.storage.database import connect
    from ingest.decoding import Source
    from ingest.importing.columns import Given
    from ingest.importing.files import Reading, open_file
    from ingest.importing.run import SOURCE, Import
    from ingest.validation import Catalogue

    _one_of("--rank", rank, tuple(known.name.lower() for known in SourceRank))
    _one_of("--format", form or "csv", _FORMATS)
    _one_of("--unknown-device", unknown_device, _STRANGERS)
    _check_zone(zone)
    units, for_all = _units(unit or [])
    columns = dict(_pair("--column", text) for text in column or [])
    source = Source(
        SOURCE,
        "",
        ("senml",),
        city=city,
        units=units,
        zone=zone,
        rank=SourceRank[rank.upper()],
        unknown_device=unknown_device,
        trusts_payload_device=True,
    )
    catalogue, arrival, settings = Catalogue.load(), utc_now(), load(IngestSettings)
    given = Given(columns, device, property_, channel, for_all)
    reading = Reading(given, form, zone, encoding, decimal_comma)  # type: ignore[arg-type]
    opened = [open_file(file, reading, source, catalogue, arrival) for file in files]
    for file in opened:
        if city is None and "city" not in getattr(getattr(file, "layout", None), "roles", {}):
            raise SettingsError(f"{file.path}: whose devices are these? Name the city with --city")
    stop = until_told_to_stop()
    with database() as url:
        work = Import(
            lambda: connect(url, "writer", autocommit=True),
            catalogue,
            settings,
            source,
            arrival,
            me(),
            errors,
            dry_run,
        )
        teller = _Teller()
        try:
            receipt = work.run(opened, stop.is_set, teller.tell)
        except DatabaseUnreachable as error:
            raise DatabaseUnreachable(f"{error}; what was stored stays: the same command goes on from there") from None
        finally:
            teller.end()
    for line in receipt.lines():
        say(line)
    if receipt.interrupted:
        raise typer.Exit(130)
    if receipt.all_refused:
        raise typer.Exit(1)


class _Teller:
    """Says how far it is: over and over on a terminal's line, now and then in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = _EVERY_SECONDS[0 if self._terminal else 1]
        self._told = time.monotonic()
        self._open = False

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < self._every:
            return
        self._told = now
        rate = progress.rows / max(progress.seconds, 1e-9)
        left = progress.seconds / progress.share - progress.seconds if progress.share > 0 else 0.0
        text = f"{progress.share:4.0%}  {progress.rows:,} rows  {rate:,.0f} rows/s  about {left:.0f} s left"
        sys.stderr.write(f"\r{text}\x1b[K" if self._terminal else f"{text}\n")
        sys.stderr.flush()
        self._open = self._terminal

    def end(self) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _one_of(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise SettingsError(f"{option} {given}: one of {', '.join(known)}")


def _pair(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise SettingsError(f"{option} {text}: like {'pm10=ug/m3' if option == '--unit' else 'time=NAME'}")
    role = {"property": "quantity"}.get(name.strip(), name.strip())
    return role if option == "--column" else name.strip(), value.strip()


def _units(texts: list[str]) -> tuple[dict[str, str], str]:
    """Units by property, and the one for all."""
    from bypuls.properties import find

    units, for_all = {}, ""
    for text in texts:
        if "=" not in text:
            for_all = text
            continue
        name, unit = _pair("--unit", text)
        found = find(name)
        if found is None:
            raise SettingsError(f"--unit {text}: {name} is in no catalogue; docs/properties.md lists the properties")
        units[found[0].id] = unit
    return units, for_all


def _check_zone(zone: str | None) -> None:
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise SettingsError(f"--zone {zone} is no time zone of the IANA table, as Europe/Oslo is") from None
