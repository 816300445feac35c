"""What our Mosquitto is told: configuration file, password file and access file as texts. Starts nothing."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bypuls.errors import SettingsError

LOOPBACK = "127.0.0.1"
IN_FLIGHT = 3
"""Batches unacknowledged at once: one is being stored, the next one prepared, a third one arrives."""
_INFLIGHT_LIMIT = 65_535  # packet identifiers are 16 bits wide
_PASSWORD_ROUNDS = 1_000  # the broker has one thread: a thousand devices that reconnect must not block it
_USER_NAME = re.compile(r"[^\s:/+#%]+")  # what a topic level, and a line of the password file, can hold


@dataclass(frozen=True, slots=True)
class MosquittoOptions:
    """What our Mosquitto is told; every default is one that loses nothing silently.

    Attributes:
        folder: where persistence, password file and access rules lie; the broker's start fills it in.
        port: TCP port of the one listener; likewise.
        address: where it listens; beyond loopback only with `users`.
        batch_messages: messages ingest holds unacknowledged before one COMMIT.
        max_queued_messages: bound per client that is offline or slow (about 0.9 KB each). At the bound Mosquitto drops
            the *newest* message and acknowledges it all the same, so the bound is far away; its own default is 1,000.
        max_queued_bytes: the same bound in bytes, whichever comes first.
        max_packet_bytes: a larger packet ends its sender's connection, which the sender sees. (`message_size_limit`
            is left out on purpose: it acknowledges the message and drops it.)
        autosave_seconds: how often the queue is written to disk: what a kill or power cut of the broker can lose.
        session_days: a client that stays away longer loses its queue; without a bound a forgotten one fills the disk.
        users: name and password of everyone who may sign in; empty: everybody, on loopback only.
        rules: text of the access file (`access_rules`); empty: everybody everything.
    """

    folder: Path = Path()
    port: int = 1883
    address: str = LOOPBACK
    batch_messages: int = 6000
    max_queued_messages: int = 1_000_000
    max_queued_bytes: int = 1 << 30
    max_packet_bytes: int = 16 << 20
    autosave_seconds: int = 10
    session_days: int = 14
    users: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""


def mosquitto_config(options: MosquittoOptions) -> str:
    """The configuration file for Mosquitto 2.0 and 2.1.

    Raises:
        SettingsError: a listener beyond loopback without users, or a batch that cannot be in flight often enough.
    """
    if not is_loopback(options.address) and not options.users:
        raise SettingsError(
            f"the broker would listen on {options.address} for everybody: give it users and passwords, "
            f"or keep it on {LOOPBACK}"
        )
    inflight = IN_FLIGHT * options.batch_messages
    if inflight > _INFLIGHT_LIMIT:
        raise SettingsError(
            f"setting BYPULS_INGEST_BATCH_MESSAGES: {options.batch_messages} cannot be in flight {IN_FLIGHT} times, "
            f"as the pipeline needs; at most {_INFLIGHT_LIMIT // IN_FLIGHT}"
        )
    lines = [
        "# Written at every start.",
        f"listener {options.port} {options.address}",
        f"allow_anonymous {_word(not options.users)}",
        "persistence true",
        f"persistence_location {options.folder}/",
        f"autosave_interval {options.autosave_seconds}",
        f"max_queued_messages {options.max_queued_messages}",
        f"max_queued_bytes {options.max_queued_bytes}",
        # Acknowledged after COMMIT.
        f"max_inflight_messages {inflight}",
        f"max_packet_size {options.max_packet_bytes}",
        f"persistent_client_expiration {options.session_days}d",
        "queue_qos0_messages false",
        "set_tcp_nodelay false",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "connection_messages false",
    ]
    if options.users:
        lines.append(f"password_file {options.folder}/users")
    if options.rules:
        lines.append(f"acl_file {options.folder}/rules")
    return "\n".join(lines) + "\n"


def access_rules(cities: Sequence[str], *, readers: Sequence[str] = (), full: Sequence[str] = ()) -> str:
    """Mosquitto's access file: a device is confined to its own topics, `bypuls/v1/<city>/<user name>/#`.

    Args:
        cities: slugs whose devices sign in here.
        readers: users that may read every city's topics and publish nothing.
        full: users that may read and publish anything (ingest, which also answers devices).

    Raises:
        SettingsError: a name that could stand for more than itself.
    """
    lines = []
    for user, right in [*((name, "read") for name in readers), *((name, "readwrite") for name in full)]:
        lines += [f"user {_plain(user)}", f"topic {right} #", ""]
    lines += [f"pattern readwrite bypuls/v1/{_plain(city)}/%u/#" for city in cities]
    return "\n".join(lines) + "\n"


def password_line(user: str, password: str, *, salt: bytes | None = None) -> str:
    """One line of Mosquitto's password file: PBKDF2-SHA512, as `mosquitto_passwd` of 2.0 writes it.

    A device at a broker of many cities is the user `city/device`: `bypuls/v1/%u/#` is its topics and no others'.

    Raises:
        SettingsError: an empty password, or a name that cannot stand in a topic.
    """
    if not password:
        raise SettingsError(f"the broker's user {user!r} has no password: give one")
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _PASSWORD_ROUNDS)
    name = "/".join(_plain(part) for part in user.split("/", 1))
    return f"{name}:$7${_PASSWORD_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address; a name other than `localhost` counts as reachable."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _plain(name: str) -> str:
    if not _USER_NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot be a user or city of the broker: no spaces, no : / + # %")
    return name


def _word(value: bool) -> str:  # noqa: FBT001 - a truth value is what it spells
    return "true" if value else "false"
