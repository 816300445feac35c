"""`bypuls check …`: look before it is stored, or after."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import say
from bypuls.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Look before it is stored, or after.")


@app.callback()
def group() -> None:
    """Keep `check` a group while it has one command."""


@app.command()
def decode(
    topic: Annotated[str, typer.Option(help="The topic the message was published on.")],
    file: Annotated[Path, typer.Option(help="The payload as sent; - reads standard input.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what would be stored of one message, or why not. Needs no database, so it cannot judge city and device."""
    from bypuls.clock import utc_now
    from ingest.check import check_decode, exit_code, render

    found = check_decode(topic, _payload(file), now=utc_now())
    say(json.dumps(found, ensure_ascii=False, indent=1) if as_json else render(found))
    raise typer.Exit(exit_code(found))


def _payload(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"payload file {file} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
