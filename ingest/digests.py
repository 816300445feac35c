"""What makes two messages the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ingest.decoding import Message, Source


def digest(message: Message) -> bytes:
    """What makes two messages the same: topic and payload (sha256)."""
    return hashlib.sha256(message.topic.encode("utf-8", "surrogatepass") + b"\0" + message.payload).digest()


class Hashes(dict[int, str]):
    """The digests of a batch's messages in hexadecimal, each worked out when it is asked for: a replaced value's is."""

    def __init__(self, messages: Sequence[tuple[Message, Source]]) -> None:
        super().__init__()
        self._messages = messages

    def __missing__(self, n: int) -> str:
        self[n] = found = digest(self._messages[n][0]).hex()
        return found
