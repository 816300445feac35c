"""`bypuls u4ssc …`: a city's year by U4SSC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bypuls.commands import collection
from bypuls.commands.terminal import me, say
from bypuls.errors import SettingsError

if TYPE_CHECKING:
    from bypuls.u4ssc.assessment import Assessment, Counts, PointResult

app = typer.Typer(no_args_is_help=True, help="A city's year by U4SSC: what is known, what is missing, how it scores.")
collection.add_to(app)

Language = Literal["en", "nb"]
CityArgument = Annotated[str, typer.Argument(help="Slug of the city.")]
YearOption = Annotated[int, typer.Option("--year", help="The year that is reported about.")]
LanguageOption = Annotated[Language, typer.Option("--language", help="Of names and sentences.")]


@app.command()
def catalogue(language: LanguageOption = "en") -> None:
    """Print the 91 KPIs with their data points, units and level."""
    from bypuls.u4ssc.catalogue import load_catalogue

    found = load_catalogue()
    for kpi in found.kpis.values():
        points = ", ".join(point.data_point for point in found.of(kpi.code) if point.data_point)
        unsure = "; definition not fully verified" if kpi.unverified else ""
        name = kpi.name.nb if language == "nb" else kpi.name.en
        say(f"{kpi.code}  {name} [{kpi.unit}]{f' ({points})' if points else ''}; {kpi.level}{unsure}")


@app.command()
def show(
    city: CityArgument,
    year: YearOption,
    *,
    language: LanguageOption = "en",
    as_json: Annotated[bool, typer.Option("--json", help="The whole assessment, for programs.")] = False,
) -> None:
    """Print a city's year: states, scores, values, what is missing, what a verifier would ask."""
    import msgspec

    found = _assess(city, year)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    say(f"{found.city} {found.year}: {found.label[language]}")
    say(f"KPIs: {_counted(found.kpi_counts)}; {found.kpi_counts.incomplete} with some data points missing")
    say(f"data points: {_counted(found.point_counts)}")
    for group in found.groups:
        if group.level != "category" and group.score.percent is not None:
            name = (group.sub_dimension or group.dimension)[language]
            indent = "  " if group.level == "sub_dimension" else ""
            score = f"{group.score.points} of {group.score.possible} points = {group.score.percent:.2f} %"
            say(f"{indent}{name}: {score}; {group.scored} of {group.total} data points scored")
    for point in found.points:
        say(_line(point, language))
    for finding in found.findings:
        about = f"{finding.code} {finding.data_point}".strip() or found.city
        say(f"{finding.severity}: {about}: {finding.text[language]} [{finding.source}]")
    say(found.percent_rule[language])
    say(found.choice_rule[language])


def _counted(counts: Counts) -> str:
    return (
        f"{counts.total} = {counts.measured} measured + {counts.register} register + {counts.reported} reported + "
        f"{counts.missing} missing; {counts.unverified} with a definition that is not fully verified; "
        f"{counts.provisional} provisional, {counts.simulated} of simulated data"
    )


def _line(point: PointResult, language: Language) -> str:
    head = f"{point.code} {point.data_point}".strip() + f"  {point.name[language]}"
    if point.value is None:
        return f"{head}: {point.state}; {(point.reason_text or {}).get(language, '')}"
    score = "no benchmark" if point.percent is None else f"{point.percent:.1f} % of target, {point.points} points"
    notes = "".join(f"; {note[language]}" for note in point.notes)
    return f"{head}: {point.value:g} {point.unit}, {point.state}; {score}{notes}"


@app.command()
def fiware(
    city: CityArgument,
    year: YearOption,
    *,
    form: Annotated[Literal["ngsi-ld", "ngsi-v2"], typer.Option("--format", help="Form of the entities.")] = "ngsi-ld",
    language: LanguageOption = "en",
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Export the data points with a value as FIWARE KeyPerformanceIndicator entities."""
    import msgspec

    from bypuls.u4ssc.fiware import entities

    found = entities(_assess(city, year), form, language)
    text = msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
    if out is None:
        say(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        raise SettingsError(message) from None
    say(f"{out}: {len(found)} entities")


@app.command()
def register(
    mapping: Annotated[str, typer.Argument(help="YAML: which cells are whose values; or the name of one shipped.")],
    table: Annotated[Path, typer.Option(help="The table as exported: CSV or JSON-stat 2.")],
    city: Annotated[str, typer.Option(help="Slug of the city.")],
    *,
    year: Annotated[list[int] | None, typer.Option(help="Only this year; several times for several.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="The city's code or name in the table.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be stored, store nothing.")] = False,
) -> None:
    """Read a statistical table (SSB, KOSTRA) into register values."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.u4ssc_register import store_register
    from bypuls.u4ssc.catalogue import load_catalogue
    from bypuls.u4ssc.register import Wish, read_mapping, take
    from bypuls.u4ssc.tables import read_table

    meant, content = read_mapping(*_mapping(mapping)), _content(table)
    wish = Wish(city, region or [], year or [])
    taken = take(load_catalogue(), meant, read_table(content, table.name), content, wish)
    for value in taken.values:
        say(f"{value.year} {value.code} {value.data_point}".rstrip() + f": {value.value:g} {value.unit}")
    for fact in taken.facts:
        say(f"{fact.year} {fact.name}: {fact.value:g} {fact.unit}")
    for left_out in taken.left_out:
        say(f"left out: {left_out}")
    if meant.status == "composed":
        say(f"mapping {meant.name} is a composed example: its table was not checked")
    if dry_run:
        say("nothing stored (--dry-run)")
        return
    with database() as url, connect(url, "writer", autocommit=True) as connection:
        done = store_register(connection, city, taken, meant.name, me())
    say(f"{city}: {done.new} new, {done.changed} changed, {done.same} unchanged values; {done.facts} facts")


@app.command()
def benchmark(
    file: Annotated[Path, typer.Argument(help="YAML: city, and per data point start, target, source, valid_from.")],
) -> None:
    """Set the benchmarks of a city: what 0 and 100 percent of target are, each with its source."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.u4ssc import set_benchmarks
    from bypuls.u4ssc.benchmarks import read_benchmarks

    city, settings = read_benchmarks(_content(file), file.name)
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        changed = set_benchmarks(connection, city, settings, me())
    say(f"{city}: {changed} of {len(settings)} benchmarks set anew; U4SSC publishes no targets: these are the city's")


def _assess(city: str, year: int) -> Assessment:
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.u4ssc import assess

    with database() as url, connect(url, "reader") as connection:
        return assess(connection, city, year)


def _mapping(given: str) -> tuple[bytes, str]:
    """A mapping's bytes and name: those of a file, else of one that is shipped."""
    from importlib.resources import files

    shipped = files("bypuls").joinpath("catalogue/registers")
    names = sorted(one.name.removesuffix(".yaml") for one in shipped.iterdir() if one.name.endswith(".yaml"))
    if given in names:
        return shipped.joinpath(f"{given}.yaml").read_bytes(), given
    if not Path(given).exists():
        raise SettingsError(f"mapping {given} is no file, and none of those shipped: {', '.join(names)}")
    return _content(Path(given)), Path(given).name


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
