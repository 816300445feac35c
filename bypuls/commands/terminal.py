"""What every command does with its terminal: say a line, stop when told to, know who is at the keyboard."""

from __future__ import annotations

import getpass
import signal
import threading

import typer


def say(text: str) -> None:
    """Print a line."""
    typer.echo(text)


def until_told_to_stop(seconds: float | None = None) -> threading.Event:
    """An event that SIGTERM, Ctrl-C, a closed terminal or the time sets."""
    stop = threading.Event()
    closed = [] if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [signal.SIGHUP]  # nohup ignores it
    for number in (signal.SIGTERM, signal.SIGINT, *closed):
        signal.signal(number, lambda *_: stop.set())
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    return stop


def me() -> str:
    """Who acts, for the audit trail."""
    return f"cli:{getpass.getuser()}"
