"""Where a broker is, how its certificate is checked, and what keeps us from it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from bypuls.errors import SettingsError
from ingest.decoding import Source

_DEFAULT_PORT = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address, read from `mqtt://user:password@host:1883` or `mqtts://…:8883`."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address.

        Raises:
            SettingsError: it is none.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in _DEFAULT_PORT or not parts.hostname or port == -1:
            message = f"broker address {_without_password(url)!r} must look like mqtt://host:1883 or mqtts://user:password@host:8883"
            raise SettingsError(message)
        return cls(
            "127.0.0.1" if parts.hostname == "localhost" else parts.hostname,  # one broker, one session
            port or _DEFAULT_PORT[parts.scheme],
            parts.scheme == "mqtts",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def tls_context(source: Source) -> ssl.SSLContext:
    """What the broker's certificate is checked with; the connection's sources agree on the files.

    Raises:
        SettingsError: a file that is missing or no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=source.ca)
        if source.certificate is not None:
            context.load_cert_chain(source.certificate, source.key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(file for file in (source.ca, source.certificate, source.key) if file)
        message = f"source {source.name}: the TLS files {files} cannot be used: {error}"
        raise SettingsError(message) from None
    return context


def why_not(error: BaseException | None) -> str:
    """What keeps a connection from being made, and what helps."""
    if isinstance(error, ssl.SSLCertVerificationError):
        found = error.verify_message.rstrip(".")
        return f"shows a certificate that is not trusted ({found}): correct `ca` of its source, or the name in `broker`"
    if isinstance(error, ssl.SSLError):
        return f"does not agree on TLS ({getattr(error, 'reason', None) or error}): does it speak TLS on this port?"
    return "does not answer"


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…{at}{tail}" if head else url
