"""`bypuls dashboards …`: boards as code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import say

_TOKEN = "BYPULS_GRAFANA_TOKEN"  # noqa: S105 - the name of a variable, no token

app = typer.Typer(no_args_is_help=True, help="Boards: build, check, publish.")


@app.callback()
def group() -> None:
    """Keep `dashboards` a group whatever it holds."""


@app.command()
def expand(
    sql: Annotated[str, typer.Option(help="A panel's query; - reads standard input.")],
    start: Annotated[
        str, typer.Option("--from", help="Epoch milliseconds, ISO 8601, or relative as in Grafana.")
    ] = "now-6h",
    end: Annotated[str, typer.Option("--to", help="The same.")] = "now",
    interval: Annotated[str, typer.Option(help="$__interval, with its unit: ms, s, m, h, d or w.")] = "1m",
    time_zone: Annotated[str, typer.Option(help="In which days begin: for now/d and times without offset.")] = "UTC",
    var: Annotated[list[str] | None, typer.Option(help="name=value of a variable; several times for several.")] = None,
    *,
    timescaledb: Annotated[bool, typer.Option("--timescaledb", help="Group by time_bucket.")] = False,
) -> None:
    """Print a query as Grafana's PostgreSQL data source would run it: variables and macros expanded."""
    from bypuls.clock import utc_now
    from dashboards.expand import expand_text

    text = sys.stdin.read() if sql == "-" else sql
    typer.echo(expand_text(text, (start, end), interval, utc_now(), time_zone, var or [], timescaledb=timescaledb))


@app.command()
def build(
    *,
    check: Annotated[bool, typer.Option(help="Change nothing; exit 1 when a committed file differs.")] = False,
    address: Annotated[str, typer.Option(help="Where Bypuls answers, for links to evidence and data.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where to write; this checkout unless given.")] = None,
) -> None:
    """Write the boards' JSON, their translations and their page in docs."""
    from dashboards.files import ROOT, differing, generated, write
    from dashboards.parts import ADDRESS

    files, root = generated(address.rstrip("/") or ADDRESS), folder or ROOT
    changed = differing(files, root) if check else write(files, root)
    for path in changed:
        say(f"differs: {path}" if check else f"written: {path}")
    if check and changed:
        say("run 'bypuls dashboards build' and commit what it writes")
        raise typer.Exit(1)
    if not changed:
        say(f"{len(files)} files are as generated")


@app.command()
def publish(
    url: Annotated[str, typer.Option(help="Where Grafana answers, like https://grafana.example.org.")],
    token_env: Annotated[
        str, typer.Option(help="The environment variable that holds the service account's token.")
    ] = _TOKEN,
    folder: Annotated[str, typer.Option(help="Title of the folder the boards are kept in.")] = "Bypuls",
    address: Annotated[str, typer.Option(help="Where Bypuls answers, for links to evidence and data.")] = "",
    *,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Put the boards into a running Grafana; a second run changes nothing."""
    from bypuls.errors import SettingsError
    from dashboards.files import documents
    from dashboards.parts import ADDRESS
    from dashboards.publish import Publisher

    token = os.environ.get(token_env)
    if not token:
        message = f"no token: put one of a Grafana service account (role Editor) into {token_env}"
        raise SettingsError(message)
    done = list(Publisher(url, token, folder, dry_run=dry_run).publish(documents(address.rstrip("/") or ADDRESS)))
    for board in done:
        say(f"{board.outcome}: {board.uid}{' (dry run)' if dry_run and board.outcome != 'unchanged' else ''}")
    if all(board.outcome == "unchanged" for board in done):
        say("nothing to do: Grafana has these boards already")
