"""An MQTT client that reads PUBLISH packets in bulk: paho spends more on one message than everything behind it.

Of MQTT 3.1.1 whole PUBLISH packets of QoS 0 and 1 are taken out of large reads here; every other packet, and whatever
is malformed, goes through paho byte for byte as if it had read it itself. Connecting, subscribing, pings, publishing,
TLS and reconnecting stay paho's. It rests on names that paho does not promise: without them `fits` says no.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

_READ_BYTES = 1 << 18
_NAP_SECONDS = 0.01
_FULL_SECONDS = 0.005
_PUBLISH, _PUBACK = 0x30, 0x40
_DUP, _QOS_2, _QOS_1, _RETAIN = 0x08, 0x04, 0x02, 0x01
_LENGTH_BYTES = 4
_OF_CLASS = ("_sock_recv", "_sock_close", "_packet_read", "_packet_queue", "_loop_rc_handle")
_OF_INSTANCE = ("_sock", "_in_packet", "_msgtime_mutex", "_last_bytes_received", "_ping_t")


class Published(msgspec.Struct, frozen=True, gc=False):
    """A PUBLISH packet of QoS 0 or 1; `mid` is 0 for QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    qos: int
    retain: bool
    dup: bool


def fits() -> bool:
    """Whether the installed paho has what `BulkClient` rests on."""
    plain = mqtt.Client(CallbackAPIVersion.VERSION2)
    return all(hasattr(mqtt.Client, name) for name in _OF_CLASS) and all(hasattr(plain, name) for name in _OF_INSTANCE)


def published(received: bytes) -> tuple[list[Published], int, int]:
    """The whole PUBLISH packets of QoS 0 and 1 with which these bytes begin (MQTT 3.1.1, section 3.3).

    Returns:
        The packets; where they end; and how many bytes the next one takes: 0 where that is not known yet, and -1 where
        the next packet is not for us.
    """
    found: list[Published] = []
    place, end = 0, len(received)
    while end - place >= 2:  # noqa: PLR2004 - the shortest fixed header
        head = received[place]
        if head & 0xF0 != _PUBLISH or head & _QOS_2:
            return found, place, -1
        size, body = received[place + 1], place + 2
        if size & 0x80:
            size, body = _long(received, place + 1, end)
            if size < 0:
                return found, place, size + 1
        stop = body + size
        if stop > end:
            return found, place, stop - place
        text = body + 2
        topic_end = text + (received[body] << 8 | received[body + 1]) if size >= 2 else stop + 1  # noqa: PLR2004
        qos = (head & _QOS_1) >> 1
        payload = topic_end + 2 * qos
        if payload > stop or topic_end == text:
            return found, place, -1
        mid = received[topic_end] << 8 | received[topic_end + 1] if qos else 0
        retain, dup = head & _RETAIN != 0, head & _DUP != 0
        found.append(Published(received[text:topic_end], received[payload:stop], mid, qos, retain, dup))
        place = stop
    return found, place, 0


def _long(received: bytes, place: int, end: int) -> tuple[int, int]:
    """A remaining length of more than one byte and where it ends; -1: not all of it is there, -2: it is none."""
    size = shift = 0
    for at in range(place, min(place + _LENGTH_BYTES, end)):
        digit = received[at]
        size |= (digit & 0x7F) << shift
        if digit < 0x80:  # noqa: PLR2004 - the last digit
            return size, at + 1
        shift += 7
    return (-1 if end - place < _LENGTH_BYTES else -2), place


class BulkClient(mqtt.Client):
    """paho's client; `on_published` takes what a read brought, in order, and `on_message` what paho read.

    Args:
        on_published: called on the client's thread.
        is_full: asked before each read: while it says yes nothing is read, and pings go on.
    """

    def __init__(
        self, *args: Any, on_published: Callable[[list[Published]], None], is_full: Callable[[], bool], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._on_published, self._is_full = on_published, is_full
        self._received = bytearray()
        self._wanted = 0
        self._read_at = 0.0

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send the PUBACKs of these messages in one piece."""
        packets = b"".join([b"\x40\x02" + mid.to_bytes(2) for mid in mids])
        if packets:
            self._packet_queue(_PUBACK, packets, 0, 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's signature, and it ignores it
        """Read what is there, and handle all whole packets."""
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        if self._is_full():
            return self._wait()
        now = time.monotonic()
        if now - self._read_at < _NAP_SECONDS:  # messages come fast: more of them at once cost less each
            time.sleep(_NAP_SECONDS)
        data = bytearray()
        try:
            # Of TLS one call gives one record, which is often one message.
            while len(data) < _READ_BYTES and (part := super()._sock_recv(_READ_BYTES)):
                data += part
        except BlockingIOError:
            if not data:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError as error:
            if not data:
                self._easy_log(mqtt.MQTT_LOG_ERR, "failed to receive on socket: %s", error)
        if not data:  # after the last data the end is read once more
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._read_at = time.monotonic() if len(data) < _READ_BYTES else 0.0
        self._alive()
        self._received += data
        return self._handle()

    def _handle(self) -> MQTTErrorCode:
        """Packets in their order, ours in bulk and paho's by paho; what is not whole stays."""
        while self._received and self._sock is not None:
            if not self._in_packet["command"] and self._protocol != MQTTProtocolVersion.MQTTv5:
                if len(self._received) < self._wanted:
                    break
                found, end, self._wanted = published(bytes(self._received))
                del self._received[:end]
                if found:
                    self._on_published(found)
                if self._wanted >= 0:
                    break
                self._wanted = 0
            rc = self._packet_read()
            if rc > 0:
                return self._loop_rc_handle(rc)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _sock_recv(self, bufsize: int) -> bytes:
        """For paho's own reading: of what was received already."""
        if not self._received:
            raise BlockingIOError
        data = bytes(self._received[:bufsize])
        del self._received[:bufsize]
        return data

    def _sock_close(self) -> None:
        self._received.clear()
        self._wanted = 0
        super()._sock_close()

    def _wait(self) -> MQTTErrorCode:
        """Nothing is read: what the broker says, the answer to a ping among it, waits with the messages."""
        time.sleep(_FULL_SECONDS)
        self._alive()
        self._ping_t = 0.0
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _alive(self) -> None:
        with self._msgtime_mutex:
            self._last_bytes_received = mqtt.time_func()
