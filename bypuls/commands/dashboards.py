"""`bypuls dashboards …`: boards as code."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Boards: build, check, publish.")


@app.callback()
def group() -> None:
    """Keep `dashboards` a group whatever it holds."""
