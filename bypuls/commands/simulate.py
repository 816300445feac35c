"""`bypuls simulate …`: pretend to be devices."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import say, until_told_to_stop
from bypuls.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Pretend to be devices.")


@app.callback()
def group() -> None:
    """Keep `simulate` a group while it has one command."""


@app.command()
def replay(
    files: Annotated[
        list[Path], typer.Argument(help="Tidy CSV files (time, station, quantity, value, unit; .gz too).")
    ],
    city: Annotated[Path, typer.Option(help="The city's file: which station is which device.")],
    speed: Annotated[str, typer.Option(help="max, or how many times real time: 1, 60x …")] = "max",
    *,
    until_now: Annotated[bool, typer.Option(help="Move all times so that the last one is now.")] = False,
) -> None:
    """Publish recorded files through the broker, as if their stations did."""
    from bypuls.city import read_city
    from bypuls.places import broker_url
    from simulators.publisher import Publisher
    from simulators.replay import Pace, Receipt, last_time, publications

    where, place, pace = broker_url(), read_city(city), Pace(_speed(speed))
    shift = datetime.now(UTC) - last_time(files, place) if until_now else None
    stop, receipt, started = until_told_to_stop(), Receipt(), time.monotonic()
    with Publisher(where, f"bypuls-replay-{place.city}-{os.getpid()}") as publisher:
        for publication in publications(files, place, receipt, shift):
            pace.wait(publication.time, stop)
            if stop.is_set():
                break
            publisher.publish(publication.topic, publication.payload)
        publisher.flush(60)
        receipt.acknowledged = publisher.acknowledged
    took = time.monotonic() - started
    say(
        f"{receipt.rows} rows ({receipt.empty} empty) as {receipt.messages} messages, "
        f"{receipt.acknowledged} acknowledged by the broker, "
        f"in {took:.1f} s ({receipt.acknowledged / max(took, 1e-9):,.0f} messages/s)"
    )
    if receipt.acknowledged < receipt.messages and not stop.is_set():
        message = (
            f"{receipt.messages - receipt.acknowledged} messages were not acknowledged by the broker: replay again"
        )
        raise SettingsError(message)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text.removesuffix("x"))
    except ValueError:
        value = 0.0
    if value <= 0:
        message = f"--speed {text!r} must be max or a positive number such as 1 or 60x"
        raise SettingsError(message)
    return value
