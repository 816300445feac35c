"""`bypuls bridge …`: what is pulled from other services, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypuls.commands.terminal import me, say, until_told_to_stop
from bypuls.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from ingest.bridges.answers import Value
    from ingest.bridges.configuration import BridgeFile
    from ingest.bridges.definition import Definition

app = typer.Typer(no_args_is_help=True, help="Bridges: data that other services let us pull.")

_Since = Annotated[datetime | None, typer.Option(help="Ask from there on (UTC), whatever was asked before.")]


@app.command("list")
def list_() -> None:
    """List the services there are bridges for, and how far those are that are set up."""
    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.bridges.definition import Definitions
    from ingest.bridges.report import status, table

    for definition in Definitions.load().values():
        tried = "" if definition.tried_live else " (not tried live)"
        say(f"{definition.id:<14} {definition.title}{tried}")
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        rows = status(connection)
    say("")
    if not rows:
        say("none is set up: 'bypuls bridge add FILE' (docs/bridges.md)")
    for line in table(rows, utc_now()) if rows else ():
        say(line)


@app.command()
def add(file: Path) -> None:
    """Set up a bridge from its YAML file, or bring it up to date."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.bridges.configuration import add_bridge, read_bridge
    from ingest.bridges.definition import Definitions

    bridge = read_bridge(file, Definitions.load())
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        add_bridge(connection, bridge, me())
    state = f"{len(bridge.stations)} stations since {bridge.since}" if bridge.enabled else "disabled"
    say(f"bridge {bridge.name}: {bridge.bridge} for {bridge.city}, {state}")
    if bridge.enabled:
        say(f"try it with 'bypuls bridge check {bridge.name}'; 'bypuls up' asks for it from its next start on")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A bridge that is set up, or the path of its file.")],
    station: Annotated[str | None, typer.Option(help="Which station; the first one unless given.")] = None,
    since: _Since = None,
) -> None:
    """Ask for one station, say what would be published, and publish nothing."""
    from bypuls.clock import utc_now
    from ingest.bridges.definition import Definitions
    from ingest.bridges.poller import ask
    from ingest.bridges.service import Service
    from ingest.bridges.windows import Window

    definitions = Definitions.load()
    bridge = _bridge(name, definitions)
    definition = definitions[bridge.bridge]
    chosen = station if station is not None else next(iter(bridge.stations))
    if chosen not in bridge.stations:
        raise SettingsError(f"bridge {bridge.name} has no station {chosen!r}; it has {', '.join(bridge.stations)}")
    now = utc_now()
    start = _utc(since) if since is not None else now - definition.look_back
    service = Service(bridge, definition, {})
    try:
        answer = ask(service, definition, bridge, chosen, Window(start, min(start + definition.window, now)))
    finally:
        service.close()
    say(f"{definition.title}: station {chosen}, {start:%Y-%m-%d %H:%M}Z on: {len(answer.values)} values")
    for line in _shown(answer.values):
        say(line)
    for why, count in answer.left_out.most_common():
        say(f"left out: {count} by {why}")
    say(f"to be published on bypuls/v1/{bridge.city}/{bridge.stations[chosen]}/…; nothing was published")


@app.command()
def run(
    names: Annotated[list[str] | None, typer.Argument(help="Only these; all that are enabled without it.")] = None,
    since: _Since = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Ask every station now, and end.")] = False,
) -> None:
    """Ask the services when it is time and hand what is new to ingest, which publishes it."""
    from bypuls.clock import utc_now
    from bypuls.places import database_url
    from bypuls.storage.database import connect
    from ingest.bridges.definition import Definitions
    from ingest.bridges.poller import Poller

    if since is not None and not once:
        raise SettingsError("--since asks for it all again: give it with --once")
    url, stop = database_url(), until_told_to_stop()
    poller = Poller(
        lambda: connect(url, "writer", autocommit=True),
        Definitions.load(),
        utc_now,
        names=names or (),
        since=_utc(since) if since is not None else None,
    )
    if not once:
        poller.run(stop)
        return
    done = poller.round(stop, everything=True)
    poller.close()
    say(str(done))
    for line in done.failed:
        say(f"failed: {line}")
    if done.failed:
        raise typer.Exit(1)


def _bridge(name: str, definitions: Mapping[str, Definition]) -> BridgeFile:
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.bridges.configuration import load_bridges, read_bridge

    if name.endswith((".yaml", ".yml")):
        return read_bridge(Path(name), definitions)
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        found = {bridge.name: bridge for bridge in load_bridges(connection)}
    if name not in found:
        known = ", ".join(found) or "none is set up: 'bypuls bridge add FILE'"
        raise NotFound(f"no bridge {name}; there are: {known}")
    return found[name]


def _shown(values: Sequence[Value]) -> list[str]:
    """The newest value of each series, and how many there are."""
    newest: dict[tuple[str, str], Value] = {}
    counts: dict[tuple[str, str], int] = {}
    for value in values:
        series = (value.key.property, value.key.channel)
        counts[series] = counts.get(series, 0) + 1
        if series not in newest or value.key.time >= newest[series].key.time:
            newest[series] = value
    return [
        f"  {name}{f' [{channel}]' if channel else ''}: {counts[name, channel]}, newest {value.value:g} "
        f"{value.unit or '(no unit)'} at {value.key.time:%Y-%m-%d %H:%M}Z{_of(value)}"
        for (name, channel), value in sorted(newest.items())
    ]


def _of(value: Any) -> str:
    return "" if value.interval is None else f" (of {value.interval})"


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
