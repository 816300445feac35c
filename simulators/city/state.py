"""What the simulator remembers from one start to the next: a small file, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bypuls.errors import SettingsError
from bypuls.typed import read_json
from simulators.city.scenario import AnyMeasure, Fault
from simulators.city.town import CITY

VERSION = 1


class State(msgspec.Struct):
    """What was promised and how far it is kept.

    Attributes:
        begun: when somebody first started the town (s since 1970); the usual faults count from it.
        start: the first instant that is measured; registers count from it.
        published: everything due until then is with the broker.
        client: part of the MQTT client id: two towns at one broker do not push each other out.
    """

    seed: int
    begun: int
    start: int
    published: int
    measures: list[AnyMeasure] = []
    faults: list[Fault] = []
    client: str = msgspec.field(default_factory=lambda: secrets.token_hex(4))
    version: int = VERSION


def state_file(home: Path) -> Path:
    """Where it is kept."""
    return home / "simulator" / f"{CITY}.json"


def load(path: Path) -> State | None:
    """The state of the last run; None before the first.

    Raises:
        SettingsError: the file is not one of ours.
    """
    try:
        found = read_json(path.read_bytes(), State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise SettingsError(f"{path} cannot be read ({error}): remove it to start the town anew") from None
    if found.version != VERSION:
        raise SettingsError(f"{path} is of another version of Bypuls ({found.version}): remove it to start anew")
    return found


def save(path: Path, state: State) -> None:
    """Write it: after a crash there is the old file or the new one.

    Raises:
        SettingsError: it cannot be written.
    """
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(state), indent=1))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}") from None


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep a second simulator of the same home out.

    Raises:
        SettingsError: one runs already, or the folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_suffix(".lock").open("w")
    except OSError as error:
        raise SettingsError(f"{path.parent} cannot be used: {error.strerror or error}; set BYPULS_HOME") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"another simulator uses {path}: stop it, or set BYPULS_HOME") from None
        yield
