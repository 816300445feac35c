"""`bypuls retention …`: what is kept how long, what goes next, and letting it go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from bypuls.commands.terminal import me, say
from bypuls.errors import SettingsError

if TYPE_CHECKING:
    from bypuls.storage.database import Connection
    from bypuls.storage.retention import Outlook, Part

app = typer.Typer(no_args_is_help=True, help="What is kept how long, what goes next, and letting it go.")

_City = Annotated[str | None, typer.Argument(help="The city's slug.")]
_All = Annotated[bool, typer.Option("--all", help="Every city.")]


@app.command()
def show(city: _City = None, *, every: _All = False) -> None:
    """Say what is kept how long, what was dropped, and what goes when. Changes nothing."""
    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.settings import IngestSettings, load
    from bypuls.storage.database import connect
    from bypuls.storage.retention import outlook

    with database() as url, connect(url, "writer", autocommit=True) as connection:
        for one in _cities(connection, city, every=every):
            found = outlook(connection, one, utc_now())
            _say_kept(found, load(IngestSettings).payload_days)
            _say_parts(connection, found)
        _say_sizes(connection)


@app.command()
def apply(
    city: _City = None,
    *,
    every: _All = False,
    yes: Annotated[bool, typer.Option("--yes/--dry-run", help="Do it; a dry run without it.")] = False,
) -> None:
    """Announce what is to go, and drop what was announced long enough ago and whose rollups are right."""
    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.retention import Gone, due, outlook
    from processors.retention import apply as apply_city
    from processors.retention import describe

    hindered = False
    with database() as url, connect(url, "writer", autocommit=True) as connection:
        for one in _cities(connection, city, every=every):
            if not yes:
                found = outlook(connection, one, utc_now())
                _say_parts(connection, found)
                ready = len(list(due(found, utc_now())))
                say(f"{one}: {ready} of {len(found.parts)} parts would go now; --yes does it (this was a dry run)")
                continue
            for said in apply_city(connection, one, utc_now, me()):
                if said is None:
                    time.sleep(0.01)
                elif isinstance(said, Gone):
                    say(f"dropped: {describe(one, said)}")
                else:
                    say(said)
                    hindered = hindered or said.startswith("not dropped")
    raise typer.Exit(1 if hindered else 0)


def _cities(connection: Connection, city: str | None, *, every: bool) -> list[str]:
    from bypuls.storage.retention import cities

    if (city is None) != every:
        raise SettingsError("name one city, or give --all")
    return cities(connection) if city is None else [city]


def _say_kept(found: Outlook, payload_days: int) -> None:
    from bypuls.storage.retention import KINDS, WORDS

    say(f"{found.city}:")
    for kind in KINDS:
        say(f"  {WORDS[kind]}: {_days(getattr(found.keep, f'{kind}_days'))}")
    say(f"  raw bytes of refused and of recent messages: {_days(payload_days or None)} (BYPULS_INGEST_PAYLOAD_DAYS)")
    say("  hours, KPI values and what was said of them before: for ever")
    if found.kept_from is not None:
        rows = sum(one.rows for one in found.gone)
        say(f"  dropped so far: {len(found.gone)} parts, {rows:,} rows")
        say(f"  raw data is there since {found.kept_from:%Y-%m-%d}")


def _say_parts(connection: Connection, found: Outlook) -> None:
    for part in found.parts:
        say(f"  {_line(connection, part, found.keep.warn_days)}")
    for kind, since, until in found.withdrawn:
        say(f"  {kind} {since:%Y-%m-%d} to {until:%Y-%m-%d} was announced and stays after all")


def _line(connection: Connection, part: Part, warn_days: int) -> str:
    from bypuls.storage.retention import WORDS, amount

    held = amount(connection, part)
    shared = "" if held.own == held.rows else f" of {held.rows:,} (the rest is other cities': rows are deleted)"
    span = f"{held.oldest:%Y-%m-%d %H:%M} to {held.newest:%Y-%m-%d %H:%M}" if held.oldest and held.newest else "empty"
    when = (
        f"to be announced, {warn_days} days before it goes"
        if part.warned_at is None
        else f"announced {part.warned_at:%Y-%m-%d}, goes from {part.due_at:%Y-%m-%d} on"
    )
    why = f"; not yet: {part.hindrance}" if part.hindrance else ""
    if part.proved_until is not None and part.proved_until > part.since:
        why = f"; its rollups are proved up to {part.proved_until:%Y-%m-%d}{why}"
    return f"{part.name}: {WORDS[part.kind]}, {held.own:,} rows{shared}, {span}, {part.bytes / 1e6:.1f} MB; {when}{why}"


def _say_sizes(connection: Connection) -> None:
    from bypuls.storage.retention import WORDS, sizes

    for kind, (count, size, since, until) in sorted(sizes(connection).items()):
        span = f"{since:%Y-%m-%d} to {until:%Y-%m-%d}"
        say(f"all cities, {WORDS[kind]}: {count} parts, {span}, {size / 1e6:,.1f} MB with indexes")


def _days(days: int | None) -> str:
    return "for ever" if days is None else f"{days} days"
