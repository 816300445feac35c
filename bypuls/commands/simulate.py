"""`bypuls simulate …`: pretend to be devices."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bypuls.commands.terminal import say, until_told_to_stop
from bypuls.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Pretend to be devices.")

_PATIENCE_SECONDS = 60.0
"""How long a replay waits for somebody to listen."""


@app.command()
def city(  # noqa: PLR0913 - one per option of the command
    seed: Annotated[int | None, typer.Option(help="Another town's chance; that of the last run, or 13.")] = None,
    days: Annotated[float, typer.Option(help="Days of history at the first start.", min=0, max=366)] = 30,
    scenario: Annotated[Path | None, typer.Option(help="YAML with measures and faults.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Speak up to this time (UTC) and end.")] = None,
    city_file: Annotated[Path | None, typer.Option(help="Write the city's file there, and end.")] = None,
    *,
    print_city: Annotated[bool, typer.Option("--print-city", help="Print the city's file, and end.")] = False,
    faults: Annotated[bool, typer.Option(help="Whether something is wrong with a few devices.")] = True,
    history_only: Annotated[bool, typer.Option("--history-only", help="End when history is told.")] = False,
    live_only: Annotated[bool, typer.Option("--live-only", help="No history.")] = False,
) -> None:
    """Be a whole fictional city: 40 sites whose devices publish a past, and then live."""
    from bypuls.places import broker_url
    from bypuls.settings import DatabaseSettings, load
    from simulators.city.run import Options, run
    from simulators.city.town import CITY, SEED, city_yaml

    if print_city or city_file is not None:
        text = city_yaml(SEED if seed is None else seed)
        if city_file is not None:
            write(city_file, text)
            say(f"{city_file}: add it with 'bypuls city add {city_file}'")
        if print_city:
            say(text)
        return
    if history_only and live_only:
        raise SettingsError("--history-only and --live-only leave nothing to do: give one of them")
    options = Options(
        seed=seed,
        days=days,
        scenario=scenario,
        faults=faults,
        history=not live_only,
        live=not history_only,
        until=None if until is None else until.replace(tzinfo=until.tzinfo or UTC),
    )
    receipt = run(broker_url(), load(DatabaseSettings).home, options, until_told_to_stop(), say)
    say(
        f"{CITY}: {receipt.readings:,} readings in {receipt.messages:,} messages; history took "
        f"{receipt.history_seconds:.1f} s; of faults: {receipt.refused} readings in a wrong unit, {receipt.again} twice"
    )


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
    from simulators.listener import connect_publisher, wait_for_listener
    from simulators.replay import Pace, Receipt, last_time, publications

    where, place, pace = broker_url(), read_city(city), Pace(_speed(speed))
    shift = datetime.now(UTC) - last_time(files, place) if until_now else None
    stop, receipt, started = until_told_to_stop(), Receipt(), time.monotonic()
    with ExitStack() as stack:
        publisher = connect_publisher(stack, where, f"bypuls-replay-{place.city}-{os.getpid()}")
        wait_for_listener(publisher, place.city, _PATIENCE_SECONDS, stop, say)
        asked = publisher.acknowledged
        for publication in publications(files, place, receipt, shift):
            pace.wait(publication.time, stop)
            if stop.is_set():
                break
            publisher.publish(publication.topic, publication.payload)
        publisher.flush(60)
        receipt.acknowledged = publisher.acknowledged - asked
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


@app.command()
def load(  # noqa: PLR0913, PLR0917 - one per option of the command
    devices: Annotated[int, typer.Option(min=1, max=99_999)] = 100,
    messages: Annotated[int | None, typer.Option(min=1, help="How many; without it until Ctrl-C.")] = None,
    rate: Annotated[float | None, typer.Option(help="Messages a second; as fast as it goes without it.")] = None,
    poison: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that must be refused.")] = 0.0,
    timeless: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that state no time.")] = 0.0,
    spacing: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds between a device's times; of the rate, or 10.")
    ] = None,
    start: Annotated[datetime | None, typer.Option(help="First time (UTC); now where there is a rate.")] = None,
    first: Annotated[int, typer.Option(min=0, help="Number of the first message: to go on where a run ended.")] = 0,
    window: Annotated[int, typer.Option(min=1, help="How many may be unacknowledged.")] = 2000,
    city: Annotated[str, typer.Option(help="The city's slug.")] = "load",
    city_file: Annotated[Path | None, typer.Option(help="Write the city's file there, and end.")] = None,
    receipt: Annotated[Path | None, typer.Option(help="Write there what was acknowledged, as JSON.")] = None,
) -> None:
    """Send numbered messages at QoS 1 as fast as asked for, and count what the broker acknowledged."""
    from datetime import timedelta

    import yaml

    from bypuls.places import broker_url
    from simulators.listener import connect_publisher, wait_for_listener
    from simulators.load import Plan
    from simulators.load import city_file as the_city
    from simulators.load_sender import Sender

    step = timedelta(milliseconds=round(1000 * (spacing or (devices / rate if rate else 10.0))))
    begin = datetime.now(UTC).replace(microsecond=0)
    if start is not None:
        begin = start.replace(tzinfo=start.tzinfo or UTC)
    elif rate is None:  # the last message is of now
        begin -= step * ((messages or 360 * devices) // devices)
    plan = Plan(city, begin, devices, step, poison, timeless)
    if city_file is not None:
        write(city_file, yaml.safe_dump(the_city(plan), sort_keys=False))
        say(f"{city_file}: add it with 'bypuls city add {city_file}'")
        return
    where, stop = broker_url(), until_told_to_stop()
    sender = Sender(where, plan, client_id=f"bypuls-load-{os.getpid()}", rate=rate, window=window, first=first)
    with ExitStack() as stack:
        publisher = connect_publisher(stack, where, f"bypuls-load-ask-{os.getpid()}")
        wait_for_listener(publisher, city, _PATIENCE_SECONDS, stop, say)
    done = sender.run(stop, messages, lambda now: say(f"{now.acknowledged:,} acknowledged"))
    say(
        f"{done.acknowledged:,} of {done.sent:,} messages of {devices} devices acknowledged by the broker in "
        f"{done.seconds:.1f} s ({done.acknowledged / max(done.seconds, 1e-9):,.0f} messages/s), "
        f"{done.reconnects} times connected again"
    )
    if receipt is not None:
        write(receipt, done.as_json(plan, first))


def write(file: Path, text: str) -> None:
    """Write a text file.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror or error}") from None


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
