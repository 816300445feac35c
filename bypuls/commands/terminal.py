"""What every command does with its terminal: say a line, stop when told to, know who is at the keyboard."""

from __future__ import annotations

import getpass
import signal
import threading
from typing import NoReturn

import typer


def say(text: str) -> None:
    """Print a line."""
    typer.echo(text)


def until_told_to_stop(seconds: float | None = None, *, patience: float | None = None) -> threading.Event:
    """An event that SIGTERM, Ctrl-C, a closed terminal or the time sets.

    Args:
        seconds: the time.
        patience: seconds after a signal in which the main thread may end what it does; then SystemExit is raised in it,
            wherever it is. For work whose every step is a transaction: psycopg cancels the statement and rolls back.
    """
    stop = threading.Event()

    def told(*_: object) -> None:
        if patience is not None and not stop.is_set():
            signal.signal(signal.SIGALRM, _give_up)
            signal.setitimer(signal.ITIMER_REAL, patience)
        stop.set()

    closed = [] if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [signal.SIGHUP]  # nohup ignores it
    for number in (signal.SIGTERM, signal.SIGINT, *closed):
        signal.signal(number, told)
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    return stop


def _give_up(*_: object) -> NoReturn:
    raise SystemExit(0)


def me() -> str:
    """Who acts, for the audit trail."""
    return f"cli:{getpass.getuser()}"
