"""Messages that are almost right: golden cases' payloads with structure, values or bytes changed, from a seed."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"

NASTY = (
    None, True, False, 0, -0.0, -1, 85, -127, 327.67, 65535, 1e308, -1e308, 5e-324, 2**31, 2**63, 2**64, 10**30,
    "", " ", "nan", "NaN", "inf", "-Infinity", "1,5", "1e999", "0x10", "007", "1" * 400, "ok", "Online", "ZWFzeQ==",
    "\u0000", "\ud800", "\u202e", "🌡", "2026-01-05T10:00:00Z", "2026-13-45T99:99:99", "17/09/2012T12:34:45CET",
    1767607200, 1767607200000, 1767607200000000, 10**18, 10**25, -5, "µg/m³", "ug/m3", "furlong", "dB(A)", "GQ", "%",
    [], {}, [[]], [{}], {"": {}}, {"value": {"value": {"value": 1}}}, {"@type": "DateTime", "@value": "x"},
    {"value": 1, "unit": {}}, [1, 2, 3], {"L1": 1, "L2": "x"}, "__proto__", "constructor", "../../etc/passwd", "$ref",
)  # fmt: skip
KEYS = ("value", "values", "unit", "time", "ts", "id", "device", "data", "", "*", "a.b", "x_", "\u0000", "n" * 300, "🌡")
BYTES = (
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"[" * 40,
    b"{" * 40,
    b'"',
    b"\\",
    b",",
    b"|",
    b"#",
    b"\n",
    b"!",
    b"1e400",
)


def corpus() -> list[tuple[str, bytes]]:
    """Topic and payload of every golden case, also of what is fed before it."""
    found: list[tuple[str, bytes]] = []
    for path in sorted(GOLDEN.glob("*/*/*/message.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        found += [(message["topic"], payload_of(message)) for message in (*document.get("before", ()), document)]
    return [(topic, payload) for topic, payload in found if len(payload) < 20_000]


def payload_of(document: dict[str, Any]) -> bytes:
    """The bytes of a golden case's message."""
    if "payload_base64" in document:
        return base64.b64decode(document["payload_base64"])
    if "payload_text" in document:
        return str(document["payload_text"]).encode()
    return json.dumps(document["payload"]).encode()


class Mutations:
    """An endless stream of messages; the same for the same seed and corpus."""

    def __init__(self, seed: int, messages: list[tuple[str, bytes]]) -> None:
        self._random = random.Random(seed)
        self._messages = messages
        self._documents = [_document(payload) for _, payload in messages]

    def next(self) -> tuple[str, bytes]:
        """Topic and payload."""
        chance = self._random
        number = chance.randrange(len(self._messages))
        topic, payload = self._messages[number]
        if chance.random() < 0.1:
            topic = self._topic(topic)
        document = self._documents[number]
        if document is not None and chance.random() < 0.7:
            for _ in range(chance.choice((1, 1, 1, 2, 4))):
                document = self._changed(document)
            payload = json.dumps(document).encode()
            if chance.random() < 0.9:
                return topic, payload
        return topic, self._bytes(payload)

    def _topic(self, topic: str) -> str:
        chance = self._random
        levels = topic.split("/")
        place = chance.randrange(len(levels))
        match chance.randrange(4):
            case 0:
                return chance.choice(self._messages)[0]
            case 1:
                levels[place] = str(chance.choice(NASTY))[:50]
            case 2:
                del levels[place]
            case _:
                levels.insert(place, levels[place])
        return "/".join(levels)

    def _bytes(self, payload: bytes) -> bytes:
        chance = self._random
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(payload) + 1)
            match chance.randrange(5):
                case 0:
                    payload = payload[:at]
                case 1:
                    payload = payload[:at] + chance.choice(BYTES) + payload[at:]
                case 2:
                    payload = payload[:at] + bytes([chance.randrange(256)]) + payload[at + 1 :]
                case 3:
                    payload = payload[:at] + payload[at + chance.randrange(1, 9) :]
                case _:
                    payload = payload[:at] + payload[max(at - 20, 0) : at] + payload[at:]
        return payload

    def _changed(self, node: Any) -> Any:
        """A copy with one place changed; what is not on the way is shared, nothing is changed in place."""
        chance = self._random
        if isinstance(node, dict) and node and chance.random() < 0.8:
            key = chance.choice(list(node))
            copy = dict(node)
            match chance.randrange(8):
                case 0:
                    del copy[key]
                case 1:
                    copy[chance.choice(KEYS)] = copy.pop(key)
                case 2:
                    copy[chance.choice(KEYS)] = chance.choice(NASTY)
                case _:
                    copy[key] = self._changed(node[key])
            return copy
        if isinstance(node, list) and node and chance.random() < 0.8:
            at = chance.randrange(len(node))
            match chance.randrange(6):
                case 0:
                    return node[:at] + node[at + 1 :]
                case 1:
                    return node + [node[at]] * chance.choice((1, 2, 30))
                case _:
                    return [*node[:at], self._changed(node[at]), *node[at + 1 :]]
        if isinstance(node, int | float) and not isinstance(node, bool) and chance.random() < 0.3:
            return chance.choice((str(node), [node], {"value": node}, node * 1000, -node))
        return chance.choice(NASTY)


def _document(payload: bytes) -> Any:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None
