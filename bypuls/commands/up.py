"""`bypuls up`: a living city on this machine with one command."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import me, say, until_told_to_stop
from bypuls.settings import DatabaseSettings, load


def up(
    city: Annotated[
        list[Path] | None,
        typer.Option(help="City file to add first; may be given more than once. No simulated city then."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="Stop by itself after this many seconds.")] = None,
    days: Annotated[
        float, typer.Option(min=0, max=366, help="Days of history of the simulated city, at its first start.")
    ] = 30,
    *,
    simulated: Annotated[
        bool | None,
        typer.Option(
            help="With the simulated city; by default when no city is named and the database is the embedded one."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page if there is a screen.")] = True,
) -> None:
    """Start everything on this machine: database, broker, ingest, processor, API, control room, a simulated city."""
    from bypuls.city import read_city
    from bypuls.storage.cities import add_city
    from bypuls.storage.database import connect
    from bypuls.up import api_address, servers, supervise, without_password
    from bypuls.watcher import Watcher
    from ingest.bridges.report import any_enabled

    cities = [read_city(path) for path in city or []]
    if any(device.profile is not None for one in cities for device in one.devices or ()):
        from ingest.check import check_profiles

        for one in cities:
            check_profiles(one)
    if simulated is None:
        simulated = not cities and not load(DatabaseSettings).database_url
    commands = [["ingest"], ["process"], ["serve"]]
    if simulated:
        from simulators.city.town import city_document

        cities.append(city_document())
        commands.append(["simulate", "city", "--days", f"{days:g}"])
    started = time.monotonic()
    stop = until_told_to_stop(seconds)
    with servers(say) as running:
        with connect(running.database_url, "owner", autocommit=True) as connection:
            for one in cities:
                added = add_city(connection, one, me())
                say(f"city {added.city} is there: {added.sites} sites, {added.devices} devices")
            if any_enabled(connection):
                commands.append(["bridge", "run"])
                say("bridges are set up: what they pull comes too ('bypuls bridge list' says how far they are)")
        address = api_address()
        say(f"\n  page    {address}/")
        say(f"  API     {address}/v1    (described at {address}/docs)")
        say(f"  broker  {without_password(running.broker_url)}    publish on bypuls/v1/<city>/<device>/observations")
        for note in running.notes:
            say(f"  note    {note}")
        say("  stop    Ctrl-C\n")
        show = browser and seconds is None and has_screen()
        watcher = Watcher(running.database_url, address, started, say, show, simulated)
        threading.Thread(target=watcher.run, args=(stop,), daemon=True).start()
        supervise(running, commands, stop)
    say("stopped")


def has_screen() -> bool:
    """Whether a page opened here would be seen by somebody."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
