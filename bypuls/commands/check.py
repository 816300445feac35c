"""`bypuls check …`: look before it is stored, or after."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import say
from bypuls.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Look before it is stored, or after.")


@app.command()
def decode(
    topic: Annotated[str, typer.Option(help="The topic the message was published on.")],
    file: Annotated[Path, typer.Option(help="The payload as sent; - reads standard input.")],
    *,
    source: Annotated[Path | None, typer.Option(help="As the source in this file reads it.")] = None,
    profile: Annotated[str | None, typer.Option(help="As this maker profile reads it.")] = None,
    payload_format: Annotated[str | None, typer.Option("--format", help="As this format.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what would be stored of one message, or why not. Needs no database, so it cannot judge city and device."""
    from bypuls.clock import utc_now
    from ingest.check import check_decode, dry_source, exit_code, render

    read_as = dry_source(topic, source, profile, payload_format)
    found = check_decode(topic, _payload(file), read_as, now=utc_now())
    say(json.dumps(found, ensure_ascii=False, indent=1) if as_json else render(found))
    raise typer.Exit(exit_code(found))


@app.command()
def draft(
    topic: Annotated[str, typer.Option(help="The topic the message was published on.")],
    file: Annotated[Path, typer.Option(help="The payload as sent; - reads standard input.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: profile, guesses and readings.")] = False,
) -> None:
    """Draft a maker profile from one message: a YAML to confirm, each guess with its reason. Stores nothing."""
    from bypuls.clock import utc_now
    from ingest.check import exit_code
    from ingest.draft import check_draft, render

    found = check_draft(topic, _payload(file), now=utc_now())
    say(json.dumps(found, ensure_ascii=False, indent=1) if as_json else render(found))
    raise typer.Exit(exit_code(found["readings"]))


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(help="Sample files, one message each, also in folders of it.")],
) -> None:
    """Decode a folder of recorded messages and compare with what each file says is right."""
    from bypuls.clock import utc_now
    from ingest.samples import check_samples, read_samples, render
    from ingest.validation import Catalogue

    verdicts = check_samples(read_samples(folder), Catalogue.load(), utc_now())
    say(render(verdicts))
    raise typer.Exit(1 if any(verdict.complaints for verdict in verdicts) else 0)


@app.command()
def vectors(
    files: Annotated[list[Path], typer.Argument(help="CSV files of test vectors, or folders of them.")],
) -> None:
    """Compare the formulas with test vectors of their standards: docs/how-to/check-vectors.md."""
    from bypuls.standards import Standards
    from processors.vectors.case import find_files, read_cases
    from processors.vectors.rule import find_rules
    from processors.vectors.verdict import judge, summary

    cases = (case for file in find_files(files) for case in read_cases(file))
    verdicts = []
    for verdict in judge(cases, find_rules(), Standards.load()):
        verdicts.append(verdict)
        for line in verdict.lines:
            say(line)
    say(summary(verdicts))
    raise typer.Exit(1 if any(verdict.outcome == "failed" for verdict in verdicts) else 0)


@app.command()
def rollups(
    *,
    since: Annotated[
        str | None, typer.Option(help="From this time on, ISO 8601, UTC without a zone; a day ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time; now without it.")] = None,
    city: Annotated[str | None, typer.Option(help="Only this city; every city without it.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Queue what is wrong to be computed again.")] = False,
) -> None:
    """Compare stored rollups and KPI values with what they rest on, and look through the queues; exit 1 on differences.

    KPI values are those of periods that ended in the time and are final. docs/how-to/watch-the-platform.md.
    """
    from bypuls.clock import utc_now
    from bypuls.places import database
    from bypuls.storage.database import connect
    from processors.auditing import audit_cities, in_whole_hours, last_night
    from processors.calculation import Catalogue

    span = in_whole_hours(_time(since, "--since"), _time(until, "--until"), utc_now())
    with database() as url, connect(url, "writer", autocommit=True) as connection:
        shown = total = 0
        for one, done in audit_cities(connection, Catalogue.load(), city, span, utc_now, mend=repair):
            for line in done.lines[shown:]:
                say(line)
            shown = len(done.lines)
            if done.summed_up:
                say(f"{one}: {done.summary()}")
                if waiting := last_night(connection, one):
                    say(f"{one}: {waiting}")
                total, shown = total + done.total, 0
    raise typer.Exit(1 if total else 0)


def _time(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option}: {text!r} is no time like 2026-11-22 or 2026-11-22T14:00Z"
        raise SettingsError(message) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _payload(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"payload file {file} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
