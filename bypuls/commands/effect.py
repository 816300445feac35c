"""`bypuls plan effect`: what changed after a city's measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from bypuls.commands.terminal import say
from bypuls.effect_numbers import number, unit_word, written

Language = Literal["en", "nb"]

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "measure|indicator|finding|change|beside control sites|months",
        "as_expected": "as expected",
        "opposite": "OPPOSITE",
        "not_shown": "no change shown",
        "refused": "nothing said",
        "to": "to",
        "no_interval": "no interval",
        "cautions": "keep in mind:",
        "changed_too": "changed in the same time:",
        "expected": "expected",
        "within": "within the interval",
        "without": "OUTSIDE the interval",
        "after": "What changed after a measure was not necessarily changed by it.",
        "none": "no measure: 'bypuls plan add FILE' (docs/how-to/measure-an-effect.md)",
    },
    "nb": {
        "head": "tiltak|indikator|funn|endring|ved siden av kontrollsteder|måneder",
        "as_expected": "som ventet",
        "opposite": "MOTSATT",
        "not_shown": "ingen endring vist",
        "refused": "sier ingenting",
        "to": "til",
        "no_interval": "uten intervall",
        "cautions": "husk:",
        "changed_too": "endret i samme tid:",
        "expected": "ventet",
        "within": "i intervallet",
        "without": "UTENFOR intervallet",
        "after": "Det som endret seg etter et tiltak, er ikke nødvendigvis endret av det.",
        "none": "ingen tiltak: 'bypuls plan add FIL' (docs/how-to/measure-an-effect.md)",
    },
}


def effect(
    city: str,
    measure: Annotated[str | None, typer.Option(help="Only this one, with everything that is to be known.")] = None,
    language: Annotated[Language, typer.Option(help="Of the texts.")] = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what changed after each measure, by each of its indicators: the same months before and after."""
    import msgspec

    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.effects import effects
    from bypuls.storage.standing import plain
    from bypuls.storage.values import cities_of

    with database() as url, connect(url, "reader", autocommit=True) as connection:
        cities_of(connection, [city])
        found = effects(connection, city, utc_now(), measure=measure)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(plain(found))).decode())
        return
    for line in lines(found, language, details=measure is not None):
        say(line)


def lines(found: Sequence[Mapping[str, Any]], language: Language, *, details: bool = False) -> Iterator[str]:
    """The answer of `storage.effects.effects` for people: a table, and below it why, or with details everything."""
    words = _WORDS[language]
    if not found:
        yield words["none"]
        return
    table = [words["head"].split("|"), *(_cells(one, language) for one in found)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for one in found:
        if one["refusal"] or details:
            yield ""
            yield f"{one['measure']}, {one['kpi']}: {one['sentence'][language]}"
        if details:
            yield from _details(one, language)
    yield ""
    yield words["after"]


def _cells(one: Mapping[str, Any], language: Language) -> list[str]:
    change = one["change"]
    return [
        one["measure"],
        one["kpi"],
        _WORDS[language][one["finding"]],
        _amount(change, one["unit"], language),
        _amount(one["beside_control"], one["unit"], language),
        "-" if change is None else str((one["beside_control"] or change)["n"]),
    ]


def _amount(change: Mapping[str, Any] | None, unit: str, language: Language) -> str:
    """In percent where there is one, else in the unit; with its interval."""
    if change is None:
        return "-"
    name, of = ("difference", unit_word(unit, language)) if change["percent"] is None else ("percent", "%")
    low, high = change[f"{name}_low"], change[f"{name}_high"]
    words = _WORDS[language]

    def said(value: float) -> str:
        return written(f"{value:+.1f}", language) if name == "percent" else number(value, language)

    held = words["no_interval"] if low is None else f"{said(low)} {words['to']} {said(high)}"
    return f"{said(change[name])} {of}".rstrip() + f" ({held})"


def _details(one: Mapping[str, Any], language: Language) -> Iterator[str]:
    words, expected = _WORDS[language], one["expected"]
    if expected is not None:
        percent = expected["percent"] is not None
        of, name = ("%", "percent") if percent else (unit_word(one["unit"], language), "difference")
        held = {True: f": {words['within']}", False: f": {words['without']}", None: ""}[expected["within"]]
        yield f"  {words['expected']} {number(expected[name], language)} {of}{held}"
    if one["cautions"]:
        yield f"  {words['cautions']}"
    for caution in one["cautions"]:
        yield f"    {caution['text'][language]}"
    if one["changed_too"]:
        yield f"  {words['changed_too']}"
    for other in one["changed_too"]:
        days = f" {words['to']} ".join(str(other[name]) for name in ("from", "to") if other[name] is not None)
        yield f"    {other['kind']} {days}: {other['what']}".replace(" :", ":")
