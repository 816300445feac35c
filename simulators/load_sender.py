"""Sends a load's messages at QoS 1 over one socket, and knows at every moment which of them the broker acknowledged.

Frames are encoded ahead and written in large pieces: a client library would cost more per message than what it tests.
What was not acknowledged when a connection ended is sent again on the next one. Memory is bounded by the window.
"""

from __future__ import annotations

import json
import logging
import select
import socket
import ssl
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bypuls.clock import isoformat
from bypuls.errors import BrokerError, SettingsError
from simulators.load import PACKET_IDS, Plan, remaining_length

_LOG = logging.getLogger(__name__)
_KEEPALIVE_SECONDS = 60
_SILENCE_SECONDS = 30.0  # with messages under way: then the connection is given up
_CONNECT_SECONDS = 10.0
_PIECE = 256
_FULL_BYTES = 1 << 18
_RESENT_REMEMBERED = 200_000
_CONNACK, _PUBACK = 0x20, 0x40
_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"


@dataclass(slots=True)
class Receipt:
    """What the broker took.

    Attributes:
        sent: messages 0 … sent - 1 went out.
        acknowledged: how many of them the broker acknowledged.
        per_device: the same by device.
        under_way: numbers of those that it did not (yet).
        resent: numbers of those sent more than once, at most 200,000 of them: the broker may hand over two of them.
        paces: number and time (seconds since 1970) at which the rate was begun, and begun again after a pause: message
            `n` was due `(n - number) / rate` after the last of them that is not past it.
    """

    sent: int = 0
    acknowledged: int = 0
    per_device: array[int] = field(default_factory=lambda: array("Q"))
    under_way: list[int] = field(default_factory=list)
    resent: set[int] = field(default_factory=set)
    paces: list[tuple[int, float]] = field(default_factory=list)
    reconnects: int = 0
    seconds: float = 0.0

    def as_json(self, plan: Plan, first: int) -> str:
        """For a program that judges what was stored: the plan's parameters and what was acknowledged."""
        document = {
            "plan": {
                "city": plan.city,
                "start": isoformat(plan.start),
                "devices": plan.devices,
                "spacing_seconds": plan.spacing.total_seconds(),
                "poison": plan.poison,
                "timeless": plan.timeless,
                "first": first,
            },
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "acknowledged_by_device": {plan.device(n): count for n, count in enumerate(self.per_device)},
            "under_way": self.under_way,
            "sent_again": sorted(self.resent),
            "reconnects": self.reconnects,
            "seconds": round(self.seconds, 3),
        }
        return json.dumps(document, indent=1) + "\n"


class Sender:
    """One connection that sends a plan's messages.

    Args:
        rate: messages a second; None: as fast as the broker takes them. A pause is not made up for.
        window: how many may be unacknowledged.
        first: the number to begin with.
    """

    def __init__(
        self,
        url: str,
        plan: Plan,
        *,
        client_id: str = "bypuls-load",
        rate: float | None = None,
        window: int = 2000,
        first: int = 0,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise SettingsError("broker address must look like mqtt://host:1883 or mqtts://user:password@host:8883")
        if not 1 <= window < PACKET_IDS // 2:
            raise SettingsError(f"a load's window is 1 … {PACKET_IDS // 2 - 1} messages")
        self._tls = ssl.create_default_context() if parts.scheme == "mqtts" else None
        self._where = parts.hostname, parts.port or (8883 if self._tls else 1883)
        self._hello = _connect_packet(client_id, parts.username, parts.password)
        self._plan, self._rate, self._window = plan, rate, window
        self._next = self._oldest = self._first = first
        self._open = bytearray(PACKET_IDS)  # by packet identifier - 1: 1 while unacknowledged
        self._heard = 0.0
        self._paced_from, self._paced_at = first, 0.0
        self._connected_before = False
        self._finishing = False
        self.receipt = Receipt(per_device=array("Q", bytes(8 * plan.devices)))

    def finish(self) -> None:
        """Begin no further message; `run` returns when all that were begun are acknowledged. From any thread."""
        self._finishing = True

    def run(
        self, stop: threading.Event, messages: int | None = None, tell: Callable[[Receipt], None] | None = None
    ) -> Receipt:
        """Send until `stop` is set or so many messages are acknowledged; `receipt` can be read meanwhile.

        `tell` is called about once a second.

        Raises:
            BrokerError: nobody answers at the first try, or the broker refuses us.
        """
        started, pause = time.monotonic(), 0.1
        last = None if messages is None else self._first + messages
        while not stop.is_set():
            try:
                with self._connect() as connection:
                    pause = 0.1
                    self._speak(connection, stop, last, tell)
                break
            except OSError as error:
                if not self._connected_before:
                    where = f"{self._where[0]}:{self._where[1]}"
                    reason = error.strerror or error
                    raise BrokerError(f"broker {where} does not answer ({reason}): is it running?") from None
                self.receipt.reconnects += 1
                _LOG.info("connection to the broker lost (%s); trying again", error)
                stop.wait(pause)
                pause = min(2 * pause, 2.0)
        self.receipt.under_way = self._under_way()
        self.receipt.seconds = time.monotonic() - started
        return self.receipt

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(self._where, timeout=_CONNECT_SECONDS)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._tls.wrap_socket(plain, server_hostname=self._where[0]) if self._tls else plain
            connection.sendall(self._hello)
            answer = _read(connection, 4)
        except BaseException:
            plain.close()
            raise
        if answer[0] != _CONNACK or answer[3] != 0:
            connection.close()
            raise BrokerError(f"the broker refuses us (return code {answer[3]})")
        connection.setblocking(False)
        self._connected_before = True
        self._heard = time.monotonic()
        return connection

    def _speak(
        self,
        connection: socket.socket,
        stop: threading.Event,
        last: int | None,
        tell: Callable[[Receipt], None] | None,
    ) -> None:
        again = self._under_way()
        if len(self.receipt.resent) < _RESENT_REMEMBERED:
            self.receipt.resent.update(again)
        waiting = bytearray(b"".join(self._plan.frames(again, again=True)))
        received = bytearray()
        told = written = self._begin_pace()
        while not (stop.is_set() or (last is not None and self._oldest >= last)):
            if self._finishing:
                last = self._next
            due = self._due(last) if len(waiting) < _FULL_BYTES else 0
            if due:
                waiting += self._take(due)
            sent, readable = _exchange(connection, waiting, 0.0 if due else 0.005)
            del waiting[:sent]
            now = time.monotonic()
            if sent:
                written = now
            if readable:
                received += readable
                self._heard = now
                self._hear(received)
            self._keep_alive(now, written, waiting)
            if tell is not None and now - told >= 1:
                told = now
                tell(self.receipt)
        if self._oldest >= self._next:
            _exchange(connection, bytearray(_DISCONNECT), 0.1)

    def _keep_alive(self, now: float, written: float, waiting: bytearray) -> None:
        if self._oldest < self._next and now - self._heard > _SILENCE_SECONDS:
            raise TimeoutError("the broker is silent")
        if now - written > _KEEPALIVE_SECONDS / 3 and not waiting:
            waiting += _PINGREQ

    def _due(self, last: int | None) -> int:
        """How many messages may go out now."""
        room = min(self._oldest + self._window, self._next + _PIECE) - self._next
        if last is not None:
            room = min(room, last - self._next)
        if self._rate is not None:
            now = time.monotonic()
            owed = (now - self._paced_at) * self._rate - (self._next - self._paced_from)
            if owed > self._rate:  # more than a second behind: the broker was slow, which is not made up for
                owed = 0
                self._begin_pace()
            room = min(room, int(owed))
        return max(room, 0)

    def _begin_pace(self) -> float:
        self._paced_from, self._paced_at = self._next, time.monotonic()
        if self._rate is not None:
            self.receipt.paces.append((self._next, time.time()))
        return self._paced_at

    def _take(self, count: int) -> bytes:
        numbers = range(self._next, self._next + count)
        for n in numbers:
            self._open[n % PACKET_IDS] = 1
        self._next += count
        self.receipt.sent = self._next - self._first
        return b"".join(self._plan.frames(numbers))

    def _hear(self, received: bytearray) -> None:
        """Take note of every whole packet, and leave the rest."""
        place, end, opened, oldest = 0, len(received), self._open, self._oldest
        per_device, devices, acknowledged = self.receipt.per_device, self._plan.devices, 0
        while end - place >= 2 and end - place >= 2 + received[place + 1]:  # noqa: PLR2004 - a fixed header
            if received[place] == _PUBACK:
                slot = (received[place + 2] << 8 | received[place + 3]) - 1
                if opened[slot]:
                    opened[slot] = 0
                    acknowledged += 1
                    per_device[(oldest + (slot - oldest) % PACKET_IDS) % devices] += 1
            place += 2 + received[place + 1]
        del received[:place]
        while oldest < self._next and not opened[oldest % PACKET_IDS]:
            oldest += 1
        self._oldest = oldest
        self.receipt.acknowledged += acknowledged

    def _under_way(self) -> list[int]:
        return [n for n in range(self._oldest, self._next) if self._open[n % PACKET_IDS]]


def _read(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = connection.recv(size - len(read))
        if not piece:
            raise ConnectionResetError("the broker ended the connection")
        read += piece
    return read


def _exchange(connection: socket.socket, waiting: bytearray, seconds: float) -> tuple[int, bytes]:
    """Write what goes and read what came, waiting for either; returns how much was written, and what was read."""
    buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    readable, writable, _ = select.select([connection], [connection] if waiting else [], [], 0 if buffered else seconds)
    sent, read = 0, b""
    try:
        if writable:
            sent = connection.send(memoryview(waiting)[:_FULL_BYTES])
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        pass
    try:
        if readable or buffered:
            read = connection.recv(_FULL_BYTES)
            if not read:
                raise ConnectionResetError("the broker ended the connection")
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        pass
    return sent, read


def _connect_packet(client_id: str, user: str | None, password: str | None) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session."""
    fields, flags = [client_id.encode()], 0x02
    if user:
        fields.append(unquote(user).encode())
        flags |= 0x80
        if password:
            fields.append(unquote(password).encode())
            flags |= 0x40
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + _KEEPALIVE_SECONDS.to_bytes(2)
    body += b"".join(len(text).to_bytes(2) + text for text in fields)
    return b"\x10" + remaining_length(len(body)) + body
