"""`bypuls compare …`: cities beside each other, where what they say was made alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bypuls.commands.terminal import say
from bypuls.errors import SettingsError

Language = Literal["en", "nb"]

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "better_low": "less is better",
        "better_high": "more is better",
        "neutral": "no better or worse",
        "not_ranked": "not comparable",
        "no_value": "no value",
        "nothing": "nothing to compare: none of these cities has a value of the whole year {year}",
        "simulated": "simulated",
        "unverified": "; definition not fully verified",
    },
    "nb": {
        "better_low": "mindre er bedre",
        "better_high": "mer er bedre",
        "neutral": "verken bedre eller dårligere",
        "not_ranked": "ikke sammenlignbar",
        "no_value": "ingen verdi",
        "nothing": "ingenting å sammenligne: ingen av byene har en verdi for hele året {year}",
        "simulated": "simulert",
        "unverified": "; definisjonen er ikke fullt ut verifisert",
    },
}
_DIRECTIONS = {"lower_is_better": "better_low", "higher_is_better": "better_high"}


def compare(  # noqa: PLR0913 - options
    city: Annotated[str, typer.Argument(help="The city's slug.")],
    year: Annotated[int, typer.Option(min=1900, max=2200, help="Which year.")],
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="Another city of this database; several times.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="All cities of this network; 'own': of the city's.")] = None,
    snapshot: Annotated[
        list[Path] | None, typer.Option(help="A snapshot of another installation ('bypuls report … --format json').")
    ] = None,
    kpi: Annotated[
        list[str] | None,
        typer.Option(help="Only this KPI, or U4SSC code with data point; several times. All that have values."),
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the texts.")] = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Compare cities by the KPIs of a year: only where definition, unit, instruments, origin and coverage allow it."""
    import msgspec

    from bypuls.places import database
    from bypuls.snapshot_file import read_snapshot
    from bypuls.storage.comparisons import of_kpis
    from bypuls.storage.database import connect
    from bypuls.storage.standing import plain
    from bypuls.storage.u4ssc_values import u4ssc_of_snapshot
    from bypuls.storage.values import cities_of, city_head, of_snapshot

    if not (with_ or network or snapshot):
        raise SettingsError("compare with whom? --with CITY, --network NAME or --snapshot FILE")
    files = [(read_snapshot(file), file.name) for file in snapshot or ()]
    for read, name in files:
        if read.content.year != year:
            raise SettingsError(f"snapshot {name} is of {read.content.year}, not of {year}")
    others = [one for file in files for one in (*of_snapshot(*file), *u4ssc_of_snapshot(*file))]
    with database() as url, connect(url, "reader", autocommit=True) as connection:
        group = city_head(connection, city)["network"] if network == "own" else network
        if network == "own" and group is None:
            raise SettingsError(f"city {city} names no network in its file")
        cities = cities_of(connection, [city, *(with_ or ())], group)
        found = of_kpis(connection, year, cities, others, kpi)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(plain(found))).decode())
        return
    for line in lines(found, year, language):
        say(line)


def lines(found: Sequence[Mapping[str, Any]], year: int, language: Language) -> Iterator[str]:
    """Comparisons for people: groups with their ranks, then who is in none and why."""
    words = _WORDS[language]
    if not found:
        yield words["nothing"].format(year=year)
        return
    for one in found:
        way = words[_DIRECTIONS.get(one["direction"], "neutral")]
        title = (one["title"] or {}).get(language) or one["kpi"]
        yield f"{one['kpi']}: {title} ({one['unit']}, {way})"
        if one["label"]:
            yield f"  {one['label'][language]}{words['unverified'] if one['unverified'] else ''}"
        for group in one["groups"]:
            for place in group:
                simulated = f" ({words['simulated']})" if place["simulated"] else ""
                rank = "   -" if place["rank"] is None else f"{place['rank']:>3}."
                yield f"  {rank} {_name(place)}: {place['value']:.4g}{simulated}"
            yield ""
        for alone in one["not_ranked"]:
            yield f"  {words['not_ranked']}: {_name(alone)}"
            for obstacle in alone["obstacles"]:
                yield f"      {obstacle['text'][language]} [{obstacle['code']}]"
        for city in one["without_value"]:
            yield f"  {words['no_value']}: {city}"
    yield found[0]["warning"][language]


def _name(value: Mapping[str, Any]) -> str:
    return f"{value['city']} ({value['made_in']})" if value["made_in"] else str(value["city"])
