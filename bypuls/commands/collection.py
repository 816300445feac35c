"""`bypuls u4ssc …`: what a city reports as a file, its rounds, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from bypuls.commands.terminal import me, say
from bypuls.errors import SettingsError

if TYPE_CHECKING:
    from bypuls.collection.files import Kind
    from bypuls.collection.missing import Missing

_City = Annotated[str, typer.Argument(help="Slug of the city.")]
_Year = Annotated[int, typer.Option("--year", min=1900, max=2200, help="The year that is reported about.")]
_File = Annotated[Path, typer.Argument(help="What its name ends in says which: .xlsx or .csv.")]
_Language = Annotated[Literal["nb", "en"], typer.Option("--language", help="Of heads and words.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the group."""
    commands: dict[str, Callable[..., None]] = {
        "template": template,
        "export": export,
        "import": import_,
        "round": round_,
        "missing": missing_,
        "forget": forget,
    }
    for name, command in commands.items():
        app.command(name)(command)


def template(city: _City, file: _File, year: _Year, language: _Language = "nb") -> None:
    """Write the empty template to FILE, with population and households filled in."""
    _write(city, year, file, language, filled=False)


def export(city: _City, file: _File, year: _Year, language: _Language = "nb") -> None:
    """Write what a city reports to FILE, by the template's columns."""
    _write(city, year, file, language, filled=True)


def import_(
    city: _City,
    file: Annotated[Path, typer.Argument(help="A filled template, .xlsx or CSV.")],
    year: _Year,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be stored, and store nothing.")] = False,
) -> None:
    """Store what a filled template says: all of it, or nothing."""
    from bypuls.collection.importing import import_form, read_upload
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.u4ssc.catalogue import load_catalogue

    try:
        data = file.read_bytes()
        form = read_upload(data, load_catalogue())
    except (OSError, SettingsError) as error:
        message = f"{file}: {error.strerror if isinstance(error, OSError) else error}"
        raise SettingsError(message) from None
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        receipt = import_form(connection, city, year, form, me(), dry_run=dry_run)
    for line in receipt.lines():
        say(line)
    if not receipt.taken:
        raise typer.Exit(1)


def round_(
    city: _City,
    year: _Year,
    deadline: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Needed to open the round.")] = None,
    asked: Annotated[Path | None, typer.Option(help="Who is asked for what, YAML or CSV; else as last time.")] = None,
) -> None:
    """Open a round of collection, or change its deadline and whom it asks."""
    from bypuls.collection.asking import read_asked
    from bypuls.places import database
    from bypuls.storage.collection_rounds import open_round, the_round
    from bypuls.storage.database import connect
    from bypuls.u4ssc.catalogue import load_catalogue

    catalogue = load_catalogue()
    whom = read_asked(asked, catalogue) if asked is not None else {}
    with database() as url, connect(url, "owner") as connection:
        day = deadline.date() if deadline is not None else the_round(connection, city, year).deadline
        opened = open_round(connection, catalogue, (city, year), day, whom, me())
    what = "opened" if opened.new else "changed"
    say(f"round {year} of {city}: {what}, until {day}; {opened.kpis} KPIs, {opened.asked} of them asked of a unit")
    if opened.carried and opened.new:
        say(f"{opened.carried} are asked of those whom the last round asked")
    if opened.asked < opened.kpis:
        say(f"nobody is asked for {opened.kpis - opened.asked}: name them in a file (--asked)")


def missing_(
    city: _City,
    year: _Year,
    *,
    form: Annotated[
        Literal["text", "csv", "json"], typer.Option("--format", help="text is by unit and contact.")
    ] = "text",
    language: _Language = "nb",
    late: Annotated[bool, typer.Option("--late", help="Only what is over its deadline.")] = False,
) -> None:
    """Print what has no value, whom to remind of it, and who is late. It sends nothing."""
    import msgspec

    from bypuls.collection.missing import csv_of

    found = [one for one in _missing(city, year) if one.late or not late]
    if form == "json":
        say(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    elif form == "csv":
        say(csv_of(found, language).decode().rstrip())
    else:
        for line in _by_contact(found, language):
            say(line)


def forget(city: _City, contact: Annotated[str, typer.Argument(help="As it stands in the rounds.")]) -> None:
    """Take a contact out of every round of a city."""
    from bypuls.places import database
    from bypuls.storage.collection_rounds import forget_contact
    from bypuls.storage.database import connect

    with database() as url, connect(url, "owner") as connection:
        count = forget_contact(connection, city, contact, me())
    say(f"taken out of {count} assignments")


def _write(city: str, year: int, file: Path, language: Literal["nb", "en"], *, filled: bool) -> None:
    from bypuls.collection.writing import Filled, write_file
    from bypuls.places import database
    from bypuls.storage.cities import require_city
    from bypuls.storage.database import connect
    from bypuls.storage.reported_values import city_facts, city_names, reported_values
    from bypuls.u4ssc.catalogue import load_catalogue

    kind = file.suffix.lower().removeprefix(".")
    if kind not in ("xlsx", "csv"):
        raise SettingsError(f"{file}: its name must end in .xlsx or .csv")
    with database() as url, connect(url, "reader") as connection:
        require_city(connection, city)
        names, facts = city_names(connection, city), city_facts(connection, city, year)
        values = reported_values(connection, city, year) if filled else {}
    catalogue = load_catalogue()
    given = Filled(
        catalogue=catalogue,
        city=names.get(language) or next(iter(names.values()), city),
        year=year,
        language=language,
        facts=facts,
        values=values,
    )
    try:
        file.write_bytes(write_file(given, cast("Kind", kind)))
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise SettingsError(message) from None
    missing = [name for name in ("population", "households") if name not in facts]
    what = f"{len(values)} values in " if filled else ""
    say(f"{file}: {what}{len(catalogue.points)} rows")
    if missing:
        say(f"not filled in: {', '.join(missing)}; the city's facts have none for {year}")


def _missing(city: str, year: int) -> list[Missing]:
    from zoneinfo import ZoneInfo

    from bypuls.clock import utc_now
    from bypuls.collection.missing import missing
    from bypuls.errors import NotFound
    from bypuls.places import database
    from bypuls.storage.collection_rounds import assignments, the_round
    from bypuls.storage.database import connect
    from bypuls.storage.reported_values import reported_values, zone_of
    from bypuls.storage.u4ssc import assess

    with database() as url, connect(url, "owner") as connection:
        assessment = assess(connection, city, year)
        today = utc_now().astimezone(ZoneInfo(zone_of(connection, city))).date()
        answered = reported_values(connection, city, year)
        try:
            deadline, asked = the_round(connection, city, year).deadline, assignments(connection, city, year)
        except NotFound:
            deadline, asked = None, {}
    return list(missing(assessment, answered, asked, deadline, today))


def _by_contact(found: Iterable[Missing], language: Literal["nb", "en"]) -> Iterable[str]:
    """A block for each unit and contact: what to remind them of."""
    listed = sorted(found, key=lambda one: (one.unit or "\uffff", one.contact or ""))
    for (unit, contact), points in groupby(listed, key=lambda one: (one.unit, one.contact)):
        block = list(points)
        late = sum(one.late for one in block)
        whom = f"{unit or '(nobody is asked)'}{f', {contact}' if contact else ''}"
        until = f", until {block[0].deadline}" if block[0].deadline is not None else ""
        yield f"{whom}: {len(block)} missing{until}{f', {late} late' if late else ''}"
        for one in block:
            point = f" {one.data_point}" if one.data_point else ""
            marks = [mark for mark in ("late" if one.late else "", one.answer or "", one.state or "") if mark]
            yield f"  {one.code}{point}  {one.name[language]} [{one.measure_unit}] ({', '.join(marks) or 'no round'})"
    if not listed:
        yield "nothing is missing"
