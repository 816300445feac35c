"""`bypuls plan …`: what a city wants, by how much and until when, and what it does for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bypuls.commands.effect import effect
from bypuls.commands.terminal import me, say

app = typer.Typer(
    no_args_is_help=True, help="Plans: goals, targets and measures of a city, and what changed after them."
)
app.command()(effect)

Language = Literal["en", "nb"]

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "reached": "reached",
        "on_track": "on track",
        "off_track": "OFF TRACK",
        "partly_judged": "judged in part",
        "not_judged": "not judged",
        "planned": "planned",
        "running": "running",
        "done": "done",
        "stopped": "stopped",
        "goal": "goal",
        "target": "target",
        "measure": "measure",
        "required": "required",
        "by": "by",
        "so far": "so far",
        "overdue": "overdue",
        "stale": "older than the last whole period",
        "simulated": "simulated",
        "locked": "locked",
        "late": "should have begun",
        "withdrawn": "withdrawn",
        "nothing_running": "off track, and no measure is running",
        "none": "no plan: 'bypuls plan add FILE' (docs/how-to/set-targets.md)",
    },
    "nb": {
        "reached": "nådd",
        "on_track": "i rute",
        "off_track": "IKKE I RUTE",
        "partly_judged": "delvis vurdert",
        "not_judged": "ikke vurdert",
        "planned": "planlagt",
        "running": "pågår",
        "done": "gjennomført",
        "stopped": "stoppet",
        "goal": "mål",
        "target": "delmål",
        "measure": "tiltak",
        "required": "kreves",
        "by": "innen",
        "so far": "så langt",
        "overdue": "fristen er passert",
        "stale": "eldre enn siste hele periode",
        "simulated": "simulert",
        "locked": "låst",
        "late": "skulle ha startet",
        "withdrawn": "trukket",
        "nothing_running": "ikke i rute, og ingen tiltak pågår",
        "none": "ingen plan: 'bypuls plan add FIL' (docs/how-to/set-targets.md)",
    },
}


@app.command()
def add(file: Path) -> None:
    """Add a plan from its YAML file, or bring it up to date; what the file no longer names is withdrawn."""
    from bypuls.places import database
    from bypuls.plan import read_plan
    from bypuls.storage.database import connect
    from bypuls.storage.plans import add_plan

    plan = read_plan(file)
    with database() as url, connect(url, "owner", autocommit=True) as connection:
        added = add_plan(connection, plan, me())
    what = "added" if added.new else "changed" if added.changed else "unchanged"
    counts = ", ".join(f"{count} {noun}s" for noun, count in sorted(added.entries.items()))
    say(f"{added.city}: {added.plan} {what}; {counts}")
    for noun, slugs in sorted(added.withdrawn.items()):
        for slug in slugs:
            say(f"withdrawn: {noun} {slug}")


@app.command()
def lock(city: str, measure: str) -> None:
    """Fix how a measure is judged, before its result is shown; there is no way back."""
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.plans import Author, lock_measure

    with database() as url, connect(url, "owner", autocommit=True) as connection, connection.transaction():
        lock_measure(connection, Author(me(), city), measure)
    say(f"{city}: {measure} is locked; from now on only its status and owner change")


@app.command()
def show(
    city: str,
    language: Annotated[Language, typer.Option(help="Of the texts.")] = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how a city's plans stand: goals, their targets with the newest value, their measures."""
    import msgspec

    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from bypuls.storage.standing import plain, plans
    from bypuls.storage.values import cities_of

    with database() as url, connect(url, "reader", autocommit=True) as connection:
        cities_of(connection, [city])
        found = plans(connection, city, utc_now())
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(plain(found))).decode())
        return
    for line in lines(found, language):
        say(line)


def lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The answer of `storage.standing.plans` for people."""
    words = _WORDS[language]
    if not found["goals"]:
        yield words["none"]
    for goal in found["goals"]:
        title = _text(goal["title"], language)
        yield f"{words['goal']} {goal['goal']}: {words[goal['status']]}. {title} ({goal['owner']})"
        for target in goal["targets"]:
            yield f"  {words['target']} {target['target']}: {_target(target, language)}"
        for measure in goal["measures"]:
            yield f"  {words['measure']} {measure['measure']}: {_measure(measure, language)}"
        if goal["nothing_running"]:
            yield f"  ! {words['nothing_running']}"


def _target(target: Mapping[str, Any], language: Language) -> str:
    words, latest, running = _WORDS[language], target["latest"], target["running"]
    said = [words[target["status"]]]
    if target["sentence"]:
        said[0] += f" ({target['sentence'][language]})"
    if latest and latest["value"] is not None:
        said.append(
            f"{latest['period']}: {latest['value']:.4g} {target['unit']}, {words['required']} {target['required']:.4g}"
        )
    if running and running["value"] is not None:
        said.append(f"{running['period']} {words['so far']}: {running['value']:.4g}")
    said.append(f"{target['value']:.4g} {words['by']} {target['due']}")
    said += [words[name] for name in ("overdue", "stale", "simulated") if target[name]]
    return "; ".join(said)


def _measure(measure: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    said = [words[measure["status"]]]
    said += [words[word] for word, holds in (("late", measure["late"]), ("locked", measure["locked_at"])) if holds]
    said += [words["withdrawn"]] if measure["withdrawn_at"] else []
    return f"{', '.join(said)}. {_text(measure['title'], language)} ({measure['owner']})"


def _text(texts: Mapping[str, str], language: Language) -> str:
    return texts.get(language) or next(iter(texts.values()))
