"""Publishes to the broker at QoS 1 with a bounded window: the next message waits while too many are unacknowledged."""

from __future__ import annotations

import ssl
import threading
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bypuls.errors import BrokerError, SettingsError

_CONNECT_SECONDS = 10.0
_SESSION_SECONDS = 3600
_NOBODY_LISTENS = 0x10  # MQTT 5, section 3.4.2.1: no matching subscribers


class Publisher:
    """One device-side connection; a context manager that waits for the last acknowledgement on its way out.

    Attributes:
        acknowledged: messages that the broker took.
        unheard: of these, how many it took although nobody listens, so that they are gone. Only MQTT 5 brokers say so.
    """

    def __init__(self, url: str, client_id: str, window: int = 500, *, version_5: bool = False) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            message = "broker address must look like mqtt://host:1883 or mqtts://user:password@host:8883"
            raise SettingsError(message)
        self._where = f"{parts.hostname}:{parts.port or (8883 if parts.scheme == 'mqtts' else 1883)}"
        self._host, self._port = parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self._room = threading.BoundedSemaphore(window)
        self._idle = threading.Condition()
        self._unacknowledged = 0
        self._ready = threading.Event()
        self._refused: str | None = None
        self._rejected: str | None = None
        self._properties: Properties | None = None
        if version_5:
            self._client = mqtt.Client(
                CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5
            )
            self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            self._properties.SessionExpiryInterval = _SESSION_SECONDS
        else:
            self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
        self._client.max_inflight_messages_set(window)
        if parts.username:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context())
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect
        self.acknowledged = 0
        self.unheard = 0

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            BrokerError: nobody answers, or refuses us.
        """
        try:
            self._client.connect(self._host, self._port, properties=self._properties)
        except OSError as error:
            reason = error.strerror or error
            message = f"broker {self._where} does not answer ({reason}): is it running, is BYPULS_BROKER_URL right?"
            raise BrokerError(message) from None
        self._client.loop_start()
        if not self._ready.wait(_CONNECT_SECONDS) or self._refused:
            self._client.loop_stop()
            message = f"broker {self._where} refuses us: {self._refused or 'no answer'}"
            raise BrokerError(message)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is under way, then leave."""
        self.flush(30.0)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand one message over; waits while the window is full.

        Raises:
            BrokerError: the broker stopped acknowledging, or refused a message.
        """
        if self._rejected:
            message = f"broker {self._where} refuses our messages: {self._rejected}"
            raise BrokerError(message)
        if not self._room.acquire(timeout=60):
            message = f"broker {self._where} has acknowledged nothing for 60 s: is it running?"
            raise BrokerError(message)
        with self._idle:
            self._unacknowledged += 1
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            message = f"message on {topic} was not taken: {mqtt.error_string(sent.rc)}"
            raise BrokerError(message)

    def flush(self, seconds: float) -> bool:
        """Wait until everything is acknowledged; False when it is not in time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._unacknowledged == 0, seconds)

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        self._ready.set()

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._ready.is_set():
            self._refused = self._refused or f"it ended the connection ({reason})"
            self._ready.set()

    def _on_publish(self, _client: mqtt.Client, _data: Any, _mid: int, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._rejected = str(reason)
        else:
            self.acknowledged += 1
            self.unheard += reason.value == _NOBODY_LISTENS
        self._room.release()
        with self._idle:
            self._unacknowledged -= 1
            if self._unacknowledged == 0:
                self._idle.notify_all()
