"""The one command. It composes: everything the processes work with is built here and handed to them."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands import bridge, check, columnstore, dashboards, plan, report, retention, simulate, u4ssc
from bypuls.commands.compare import compare
from bypuls.commands.import_history import import_
from bypuls.commands.terminal import me, say, until_told_to_stop
from bypuls.commands.up import up
from bypuls.errors import BypulsError
from bypuls.observing.logs import configure, say_why_it_ends
from bypuls.settings import LogSettings, load

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="City pulse: from MQTT messages to KPIs with evidence."
)
db = typer.Typer(no_args_is_help=True, help="The database: schema, backup.")
city_app = typer.Typer(no_args_is_help=True, help="Cities.")
source_app = typer.Typer(no_args_is_help=True, help="Sources of messages.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens for those who write through the API.")
for name, sub in {
    "db": db,
    "city": city_app,
    "source": source_app,
    "token": token_app,
    "simulate": simulate.app,
    "check": check.app,
    "bridge": bridge.app,
    "dashboards": dashboards.app,
    "u4ssc": u4ssc.app,
    "plan": plan.app,
    "report": report.app,
    "retention": retention.app,
    "columnstore": columnstore.app,
}.items():
    app.add_typer(sub, name=name)


def main() -> None:
    """Run a command; every error of ours is one line on stderr and an exit code."""
    try:
        configure(sys.argv[1] if len(sys.argv) > 1 else "bypuls", load(LogSettings))
        app()
    except BypulsError as error:
        say_why_it_ends(error)
        raise SystemExit(error.exit_code) from None


# --- the processes ---------------------------------------------------------------------------------------------------


app.command()(up)
app.command("import")(import_)
app.command()(compare)


@app.command()
def ingest() -> None:
    """Take messages from the brokers and store them."""
    from bypuls.clock import utc_now
    from bypuls.observing.listener import listening
    from bypuls.observing.metrics import Metrics
    from bypuls.places import broker_url, database_url
    from bypuls.settings import IngestSettings, load
    from bypuls.storage.database import connect
    from ingest.compose import build, when_the_database_answers

    settings, url, broker = load(IngestSettings), database_url(), broker_url()
    stop = until_told_to_stop()
    process = when_the_database_answers(
        lambda: build(lambda: connect(url, "writer", autocommit=True), broker, settings, utc_now), stop
    )
    if process is None:
        return
    gc.collect()
    gc.freeze()  # the catalogue stays as it is: a look through it for garbage would hold up a batch by 50 ms
    gc.set_threshold(50_000)  # a batch lives until it is stored: looking through it thirty times finds nothing
    metrics = Metrics("ingest", process.totals.measures())
    with listening(settings.metrics_host, settings.metrics_port, metrics, process.problems):
        process.run(stop)


@app.command()
def process(
    *,
    once: Annotated[bool, typer.Option(help="Empty the queues and end.")] = False,
    recompute: Annotated[str | None, typer.Option(help="Compute a city's year again from its hours, and end.")] = None,
    year: Annotated[int | None, typer.Option(help="The year to compute again.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that compute it.")] = 2,
) -> None:
    """Turn what changed into rollups and KPI values."""
    from bypuls.clock import utc_now
    from bypuls.observing.listener import listening
    from bypuls.observing.metrics import Metrics
    from bypuls.periods import PERIODS
    from bypuls.places import database_url
    from bypuls.settings import HealthSettings, ProcessSettings, load
    from bypuls.storage.database import connect
    from processors.measures import Measures
    from processors.recomputation import Year
    from processors.recomputation import recompute as recompute_year
    from processors.worker import run

    url = database_url()
    if (recompute is None) != (year is None):
        raise typer.BadParameter("--recompute CITY goes with --year Y")
    if recompute is not None and year is not None:
        done = recompute_year(url, Year(recompute, year, PERIODS), utc_now(), workers=workers)
        typer.echo(f"{done.values} values computed, {done.written} of them differed and were written")
        return
    settings, measures = load(ProcessSettings), Measures()
    metrics, limits = Metrics("process", measures.measures()), load(HealthSettings)
    port = None if once else settings.metrics_port
    with listening(settings.metrics_host, port, metrics, lambda: measures.problems(limits)):
        stop = until_told_to_stop(patience=settings.stop_seconds)
        run(lambda: connect(url, "writer"), stop, utc_now, settings, once=once, measures=measures)


@app.command()
def serve() -> None:
    """Serve the API and the control room (BYPULS_API_HOST, BYPULS_API_PORT)."""
    from api.compose import serve as serve_api
    from bypuls.clock import utc_now
    from bypuls.places import database_url
    from bypuls.settings import ApiSettings, DatabaseSettings, load
    from dashboards.control_room.compose import open_control_room
    from dashboards.control_room.settings import ControlRoomSettings
    from ingest.check import check_decode
    from ingest.draft import check_draft

    settings, size, url = load(ApiSettings), load(DatabaseSettings).pool_size, database_url()
    with open_control_room(url, size, utc_now, load(ControlRoomSettings)) as control_room:
        serve_api(settings, url, size, utc_now, check_decode, check_draft, routers=(control_room,))


# --- the database ----------------------------------------------------------------------------------------------------


@db.command("plan")
def plan_() -> None:
    """Say what `migrate` would do."""
    from bypuls.places import database
    from bypuls.storage.migrate import plan as make_plan

    with database() as url:
        found = make_plan(url)
    say(f"{found.edition} on {found.server}; {len(found.applied)} migrations applied")
    for migration in found.pending:
        say(f"pending: {migration.number:04d} {migration.name}")
    if not found.pending:
        say("nothing pending; views and functions are renewed at every migrate")


@db.command("migrate")
def migrate_() -> None:
    """Bring the database to this version's schema."""
    from bypuls.places import database
    from bypuls.storage.migrate import migrate

    with database() as url:
        done = migrate(url)
    for migration in done.pending:
        say(f"applied: {migration.number:04d} {migration.name}")
    say(f"the schema is up to date ({done.edition})")


@db.command("backup")
def backup_(file: Path) -> None:
    """Write the whole database to FILE."""
    from bypuls.places import database, postgres_tools
    from bypuls.storage.backup import backup

    with database() as url:
        size = backup(url, file, postgres_tools())
    say(f"{file}: {size / 1e6:.1f} MB")


@db.command("restore")
def restore_(file: Path) -> None:
    """Fill the empty database from FILE."""
    from bypuls.places import database, postgres_tools
    from bypuls.storage.backup import restore
    from bypuls.storage.migrate import migrate

    with database() as url:
        restore(url, file, postgres_tools())
        migrate(url)
    say(f"restored from {file}")


# --- cities, sources, tokens -----------------------------------------------------------------------------------------


@city_app.command("add")
def city_add(file: Path) -> None:
    """Add a city from its YAML file, or bring it up to date."""
    from bypuls.city import read_city
    from bypuls.places import database
    from bypuls.storage.cities import add_city
    from bypuls.storage.database import connect
    from ingest.check import check_profiles

    city = read_city(file)
    check_profiles(city)
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        added = add_city(connection, city, me())
    what = "added" if added.new else "changed" if added.changed else "unchanged"
    say(f"{added.city}: {what}; {added.sites} sites, {added.devices} devices")


@source_app.command("add")
def source_add(file: Path) -> None:
    """Add a source of messages from its YAML file, or bring it up to date."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.broker import MAY_LOSE
    from ingest.source_files import add_source, read_source

    source = read_source(file)
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        add_source(connection, source, me())
    say(f"source {source.name}: {source.topic_filter} at {source.broker or 'the default broker'}")
    if source.qos == 0:
        say(f"QoS 0: {MAY_LOSE}")
    say("it is read when ingest is started again")


@source_app.command("off")
def source_off(name: str) -> None:
    """Read a source's messages no more; `source on` takes it back."""
    _switch_source(name, on=False)


@source_app.command("on")
def source_on(name: str) -> None:
    """Read a source's messages again."""
    _switch_source(name, on=True)


def _switch_source(name: str, *, on: bool) -> None:
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.source_files import switch_source

    with database() as url, connect(url, "owner", autocommit=True) as connection:
        switch_source(connection, name, me(), on=on)
    say(f"source {name} is switched {'on' if on else 'off'}: ingest hears of it when it is started again")


@source_app.command("list")
def source_list() -> None:
    """Print the sources: where their messages come from, how they are read, and what their broker may lose."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from ingest.source_files import describe_sources

    with database() as url, connect(url, "reader", autocommit=True) as connection:
        sources = describe_sources(connection)
    for one in sources:
        remark = f": {one.remark}" if one.remark else ""
        say(f"{one.name}: {one.topic_filter} at {one.broker}, city {one.city}; {one.reads}; QoS {one.qos}{remark}")


@token_app.command("create")
def token_create(
    name: str,
    city: Annotated[str | None, typer.Option(help="Only for this city; every city without it.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="admin (unless given), read, webhook, report, personal; several times for several."),
    ] = None,
) -> None:
    """Make a token and print it: this once."""
    from api.tokens import create_token
    from bypuls.places import database
    from bypuls.storage.database import connect

    with database() as url, connect(url, "owner", autocommit=True) as connection:
        say(create_token(connection, name, scope or ["admin"], city))


@token_app.command("list")
def token_list() -> None:
    """List the tokens' names."""
    from api.tokens import list_tokens
    from bypuls.places import database
    from bypuls.storage.database import connect

    with database() as url, connect(url, "owner", autocommit=True) as connection:
        for token in list_tokens(connection):
            say(str(token))


@token_app.command("revoke")
def token_revoke(name: str) -> None:
    """Make a token useless from now on."""
    from api.tokens import revoke_token
    from bypuls.places import database
    from bypuls.storage.database import connect

    with database() as url, connect(url, "owner", autocommit=True) as connection:
        revoke_token(connection, name)
    say(f"{name}: revoked")
