"""`bypuls columnstore …`: what was measured, compressed by TimescaleDB's Community edition."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bypuls.commands.terminal import me, say

if TYPE_CHECKING:
    from bypuls.storage.columnstore import TableStatus

app = typer.Typer(no_args_is_help=True, help="What was measured, compressed (TimescaleDB Community).")


@app.command()
def status() -> None:
    """Say how much lies in the columnstore, and what that saves."""
    from bypuls.places import database
    from bypuls.storage.columnstore import status as read_status
    from bypuls.storage.database import connect

    with database() as url, connect(url, autocommit=True) as connection:
        for table in read_status(connection):
            say(_line(table))


@app.command()
def enable(
    after_days: Annotated[int, typer.Option(min=7, help="Chunks older than so many days are compressed.")] = 45,
    arrival_seconds: Annotated[
        int,
        typer.Option(min=0, max=3600, help="Cut arrivals down to so many seconds after the value's time; 0: exact."),
    ] = 0,
) -> None:
    """Have the database compress what is older; late values and corrections still get in. Again changes the days."""
    from bypuls.places import database
    from bypuls.storage.columnstore import enable as switch_on
    from bypuls.storage.columnstore import status as read_status
    from bypuls.storage.database import connect

    with database() as url, connect(url, autocommit=True) as connection:
        switch_on(connection, timedelta(days=after_days), me(), arrival_seconds)
        for table in read_status(connection):
            say(_line(table))
    say("processes hear of it when they are started again")


def _line(table: TableStatus) -> str:
    if table.after is None:
        return f"{table.table}: not switched on; {table.chunks} chunks, {table.bytes_now / 1e6:,.1f} MB"
    saved = f" (those {table.compressed} took {table.bytes_before / 1e6:,.1f} MB before)" if table.compressed else ""
    cut = f", arrivals cut to {table.arrival_seconds} s" if table.arrival_seconds else ""
    failed = f"; the database says that its last run failed: {table.failure}" if table.failure else ""
    return (
        f"{table.table}: compressed after {table.after.days} days{cut}; {table.compressed} of {table.chunks} chunks "
        f"are; {table.bytes_now / 1e6:,.1f} MB in all{saved}{failed}"
    )
