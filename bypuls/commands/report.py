"""`bypuls report …`: a city's year as a document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bypuls.commands.terminal import me, say
from bypuls.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Reports.")


@app.callback()
def reports() -> None:
    """Reports."""


@app.command()
def city(
    city: Annotated[str, typer.Argument(help="The city's slug.")],
    year: Annotated[int, typer.Option(min=1900, max=2200, help="Which year.")],
    *,
    output_format: Annotated[Literal["html", "pdf", "json"], typer.Option("--format", help="Kind of file.")] = "html",
    language: Annotated[Literal["nb", "en"], typer.Option(help="A snapshot (json) holds both.")] = "nb",
    out: Annotated[Path | None, typer.Option(help="Where to; city-report-CITY-YEAR-LANGUAGE.FORMAT here.")] = None,
    notes: Annotated[Path | None, typer.Option(help="YAML: what people know of the data.")] = None,
    demonstration: Annotated[bool, typer.Option(help="Take simulated data, and say so on every page.")] = False,
) -> None:
    """Write a city's report: results by the KPIs of U4SSC, own measurements, what is missing, method and hash."""
    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from processors.reports.making import Order, keep_report, make_report
    from processors.reports.notes import read_notes
    from processors.reports.sources import InstalledSources

    known = read_notes(notes) if notes else []
    order = Order(city, year, output_format, language, demonstration=demonstration, notes=known)
    with database() as url:
        with connect(url, "reader") as connection:
            made = make_report(connection, order, InstalledSources(), utc_now())
        with connect(url, "writer") as connection:
            keep_report(connection, order, made, me())
    spoken = "" if output_format == "json" else f"-{language}"
    target = out or Path(f"city-report-{city}-{year}{spoken}.{output_format}")
    try:
        target.write_bytes(made.document)
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}") from None
    marked = " (demonstration)" if made.snapshot.content.demonstration else ""
    say(f"{target}: {len(made.document) / 1000:.0f} kB{marked}; content {made.snapshot.hash}")
