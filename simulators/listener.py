"""Connects to a broker and waits until somebody listens there: what nobody subscribed to, a broker drops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from bypuls.errors import BrokerError
from simulators.publisher import Publisher

_FLUSH_SECONDS = 120.0


def connect_publisher(stack: ExitStack, broker_url: str, name: str) -> Publisher:
    """MQTT 5 where the broker speaks it: it says when nobody listens.

    Raises:
        BrokerError: the broker does not answer, or refuses us.
    """
    try:
        return stack.enter_context(Publisher(broker_url, name, version_5=True))
    except BrokerError:
        return stack.enter_context(Publisher(broker_url, name))


def wait_for_listener(
    publisher: Publisher, city: str, seconds: float, stop: threading.Event, say: Callable[[str], None]
) -> None:
    """Return once somebody listens to the city's devices, or at once where the broker cannot say so.

    The question is an empty message, which leaves nothing behind.

    Raises:
        BrokerError: nobody did for so long.
    """
    deadline, told = time.monotonic() + seconds, False
    while not stop.is_set():
        before = publisher.unheard
        publisher.publish(f"bypuls/v1/{city}/simulator/history", b"")
        publisher.flush(_FLUSH_SECONDS)
        if publisher.unheard == before:
            return
        if time.monotonic() > deadline:
            raise BrokerError("nobody listens at the broker, so all would be lost: start 'bypuls ingest' first")
        if not told:
            say("waiting for ingest to listen …")
            told = True
        stop.wait(0.5)
