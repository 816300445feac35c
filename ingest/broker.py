"""Connections to MQTT brokers: takes messages, acknowledges them when told to, publishes what goes out.

Acknowledging is the only promise made to a broker, so it happens when the caller says "committed" and at no other time
(`manual_ack`). Not acknowledging is the back-pressure: the broker holds what does not fit its in-flight window.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
import paho.mqtt.properties as paho_properties
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.clock import Clock
from bypuls.errors import BrokerError
from ingest.address import Address, tls_context, why_not
from ingest.bulk import BulkClient, Published, fits
from ingest.decoding import Message, Source
from ingest.inbox import Delivery, Inbox
from ingest.mqtt_texts import read_utf8
from ingest.sources import UNCLAIMED

_LOG = logging.getLogger(__name__)
_KEEPALIVE_SECONDS = 20  # a connection that died without a word is found out within twice this
_REMEMBERED_TOPICS = 100_000
_SESSION_SECONDS = 7 * 24 * 3600  # MQTT 5: how long the broker keeps our queue while we are away
_PAUSE_SECONDS = 0.5
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_BEHIND_SECONDS = 300.0
MAY_LOSE = "may lose while disconnected (such a broker keeps nothing for who is away)"
_REFUSED_CREDENTIALS = {"Not authorized", "Bad user name or password", "Client identifier not valid", "Banned"}

paho_properties.readUTF = read_utf8


class Outgoing(NamedTuple):
    """A row of the outbox."""

    number: int
    topic: str
    payload: bytes
    qos: int
    retain: bool


class Connection:
    """One persistent session with one broker, for the sources that live there."""

    def __init__(self, url: str, client_id: str, sources: Sequence[Source], inbox: Inbox, clock: Clock) -> None:
        self.address = Address.parse(url)
        self._tls = tls_context(sources[0]) if self.address.tls else None
        self.client_id = client_id
        self.sources = tuple(sources)
        self._inbox = inbox
        self._clock = clock
        self._session = 0
        self._started = False
        self._was_connected = False
        self._kept = False
        self._connected = threading.Event()
        self._refused: str | None = None
        self._claimed: dict[bytes, tuple[str, Source]] = {}
        self._under_way: dict[int, mqtt.MQTTMessageInfo] = {}
        self._protocol5 = any(source.protocol == "5" for source in sources)
        self._granted: dict[str, int] = {}
        self._behind_since: float | None = None
        self._last_message = 0.0
        self._client = self._new_client(client_id)

    @property
    def connected(self) -> bool:
        """Whether the session is up now, and the broker has answered our subscriptions: what comes is handed over."""
        return self._connected.is_set()

    def fall_behind(self) -> None:
        """Messages may have waited at the broker: until a pause shows that we are even, arrivals are no clock."""
        self._behind_since = self._last_message = time.monotonic()

    def granted(self) -> dict[str, int]:
        """The quality of service that the broker granted each source, since this was last asked."""
        granted, self._granted = self._granted, {}
        return granted

    def start(self) -> None:
        """Connect, and go on trying: a broker that is down is waited for."""
        _LOG.info("connecting to broker %s for %s", self.address, ", ".join(source.name for source in self.sources))
        self._client.connect_async(
            self.address.host, self.address.port, keepalive=_KEEPALIVE_SECONDS, **self._connect_options()
        )
        self._client.loop_start()
        self._started = True

    def check(self) -> None:
        """Raise what only a person can mend.

        Raises:
            BrokerError: the broker refuses our credentials, or nobody listens to it any more.
        """
        if self._refused is not None:
            raise BrokerError(self._refused)
        thread = self._client._thread  # noqa: SLF001 - paho tells nobody when an error ends its thread
        if self._started and (thread is None or not thread.is_alive()):
            message = f"the connection to broker {self.address} ended by an error of ours; start ingest again"
            raise BrokerError(message)

    def stop(self) -> None:
        """Send the acknowledgements that are under way and leave; the broker keeps the session."""
        self._started = False
        self._client.disconnect()
        self._client.loop_stop()
        self._connected.clear()

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that these are safe. One of a session that ended is skipped: it will be redelivered."""
        session, client = self._session, self._client
        mids = [delivery.mid for delivery in deliveries if delivery.session == session]
        if isinstance(client, BulkClient):
            client.acknowledge(mids)
            return
        for mid in mids:
            client.ack(mid, 1)

    def publish(self, messages: Sequence[Outgoing], seconds: float) -> list[int]:
        """Publish and wait for the broker's acknowledgements; the numbers of those that it has acknowledged.

        A message is handed to the client once, however often it is asked for and however slow the broker is: the client
        sends it again by itself when the connection comes back. `posted` forgets it.
        """
        deadline = time.monotonic() + seconds
        for message in messages:
            if message.number in self._under_way:
                continue
            if not self.connected or time.monotonic() > deadline or not self._hand_over(message):
                break
        return [message.number for message in messages if self._is_acknowledged(message.number, deadline)]

    def _hand_over(self, message: Outgoing) -> bool:
        info = self._client.publish(message.topic, bytes(message.payload), message.qos, message.retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN and message.qos:
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # the connection went this moment: it is queued all the same
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        self._under_way[message.number] = info
        return True

    def _is_acknowledged(self, number: int, deadline: float) -> bool:
        info = self._under_way.get(number)
        if info is None:
            return False
        try:
            if not info.is_published():
                info.wait_for_publish(max(0.0, deadline - time.monotonic()))
            return info.is_published()
        except (RuntimeError, ValueError):  # one of QoS 0 that went with the connection: again next time
            del self._under_way[number]
            return False

    def posted(self, numbers: Iterable[int]) -> None:
        """These will not be asked for again."""
        for number in numbers:
            self._under_way.pop(number, None)

    def _new_client(self, client_id: str) -> mqtt.Client:
        options: dict[str, Any] = {"client_id": client_id, "manual_ack": True}
        options |= {"protocol": MQTTProtocolVersion.MQTTv5} if self._protocol5 else {"clean_session": False}
        if fits():
            client: mqtt.Client = BulkClient(
                CallbackAPIVersion.VERSION2, on_published=self._on_published, is_full=self._is_full, **options
            )
        else:
            _LOG.warning("this version of paho-mqtt is unknown to us: messages are read one by one, which is slower")
            client = mqtt.Client(CallbackAPIVersion.VERSION2, **options)
        if self.address.username is not None:
            client.username_pw_set(self.address.username, self.address.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect_options(self) -> dict[str, Any]:
        if not self._protocol5:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_SECONDS
        return {"clean_start": False, "properties": properties}

    def _on_connect(self, client: mqtt.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            _LOG.error("broker %s refuses the connection: %s", self.address, reason)
            if str(reason) in _REFUSED_CREDENTIALS and not self._was_connected:
                self._refused = (
                    f"broker {self.address} refuses us ({reason}): correct user and password in the broker address"
                )
            return
        self._session += 1
        self._was_connected = True
        self._kept = flags.session_present
        if self._kept:
            self.fall_behind()
        client.subscribe([(_filter(source), source.qos) for source in self.sources])

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        _LOG.warning("broker %s %s; trying again", self.address, why_not(sys.exc_info()[1]))  # within paho's `except`

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self._connected.clear()
        self._session += 1  # what is still to be acknowledged will be delivered again
        if reason.is_failure:
            _LOG.warning("connection to broker %s lost: %s; trying again", self.address, reason)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        _LOG.info("connected to broker %s (session %s)", self.address, "kept" if self._kept else "new")
        self._connected.set()
        for source, reason in zip(self.sources, reasons, strict=False):
            if reason.is_failure:
                _LOG.error(
                    "broker %s refuses the subscription %s of source %s: %s",
                    self.address,
                    source.topic_filter,
                    source.name,
                    reason,
                )
                continue
            self._granted[source.name] = reason.value
            if reason.value < source.qos:
                _LOG.warning(
                    "broker %s grants QoS %d for source %s: %s", self.address, reason.value, source.name, MAY_LOSE
                )

    def _on_message(self, _client: mqtt.Client, _data: Any, packet: mqtt.MQTTMessage) -> None:
        content_type = getattr(packet.properties, "ContentType", None) if self._protocol5 else None
        raw = packet._topic  # noqa: SLF001 - paho gives no other way to the bytes of one that is no UTF-8
        one = Published(raw, bytes(packet.payload), packet.mid, packet.qos, bool(packet.retain), bool(packet.dup))
        self._on_published([one], content_type)

    def _on_published(self, packets: Sequence[Published], content_type: str | None = None) -> None:
        """What one read brought. Each message arrives at a time of its own: where it states none, that is its key."""
        now, behind, session, deliveries = self._clock(), self._is_behind(), self._session, []
        for packet in packets:
            topic, source = self._claimed.get(packet.topic) or self._claim(packet.topic)
            message = Message(topic, packet.payload, now, packet.retain, content_type, behind)
            deliveries.append(Delivery(message, source, self, packet.mid, session if packet.qos else -1, packet.dup))
            now += _MICROSECOND
        if self._inbox.put(deliveries):
            self.fall_behind()

    def _is_full(self) -> bool:
        """Asked before each read; what waits at the broker meanwhile arrives late."""
        if not self._inbox.is_full:
            return False
        self.fall_behind()
        return True

    def _is_behind(self) -> bool:
        """Whether this message may have waited at the broker: no pause yet since we came back."""
        if self._behind_since is None:
            return False
        now = time.monotonic()
        if now - self._last_message > _PAUSE_SECONDS or now - self._behind_since > _LONGEST_BEHIND_SECONDS:
            self._behind_since = None
            return False
        self._last_message = now
        return True

    def _claim(self, raw: bytes) -> tuple[str, Source]:
        """A topic and the source that claims it; a session that the broker kept may hold a filter that is gone."""
        topic = raw.decode("utf-8", "backslashreplace")
        found = (one for one in self.sources if mqtt.topic_matches_sub(one.topic_filter, topic))
        if len(self._claimed) >= _REMEMBERED_TOPICS:
            self._claimed.clear()
        claimed = self._claimed[raw] = (topic, next(found, UNCLAIMED))
        return claimed


def connections(
    sources: Iterable[Source], default_url: str, instance: str, inbox: Inbox, clock: Clock
) -> list[Connection]:
    """One connection per broker, user and protocol.

    Client ids depend on nothing that adding a source changes: under them brokers keep our queue while we are away.
    """
    grouped: dict[tuple[Address, bool, tuple[str | None, ...]], tuple[str, list[Source]]] = {}
    for source in sources:
        url, files = source.broker_url or default_url, (source.ca, source.certificate, source.key)
        grouped.setdefault((Address.parse(url), source.protocol == "5", files), (url, []))[1].append(source)
    return [
        Connection(url, _client_id(address, instance, files, five=five), group, inbox, clock)
        for (address, five, files), (url, group) in grouped.items()
    ]


def _client_id(address: Address, instance: str, files: tuple[str | None, ...], *, five: bool) -> str:
    parts = ["bypuls-ingest", instance, "v5" if five else None, address.username]
    if any(files):  # two sessions with one broker need two names
        parts.append(hashlib.sha256(repr(files).encode()).hexdigest()[:8])
    return "-".join(part for part in parts if part)


def acknowledge(deliveries: Iterable[Delivery]) -> None:
    """Acknowledge each delivery at the broker it came from."""
    by_connection: dict[Connection, list[Delivery]] = {}
    for delivery in deliveries:
        by_connection.setdefault(delivery.connection, []).append(delivery)
    for connection, own in by_connection.items():
        connection.acknowledge(own)


def _filter(source: Source) -> str:
    return f"$share/{source.share}/{source.topic_filter}" if source.share else source.topic_filter
