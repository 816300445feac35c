"""`bypuls dashboards …`: boards as code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

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
