"""A number alone, whose topic says what it is: `plant/pump-3/temperature` with the payload `21.5`.

**Shape.** A number, with or without its unit behind it (`21.5 °C`), and nothing else. `nan`, `unknown`, `unavailable`,
`null` and any other text are no reading. On a level such as `status`, `availability`, `LWT` or `online` the texts
`online` and `offline` (`true`, `false`, `connected`, `disconnected`, `1`, `0`) are what happened to the device.

**Device, property, channel.** From the source's identity template: `plant/{device}/{property}`,
`plant/{device}/{channel}/{property}`. Without a template, or where it has no `{property}`, a last level that is a word
of the catalogue (`temperature`, `outTemp_C`, also before a last `value` or `state`) is the property and what stands
before it the device; any other last level is not: the number is quarantined as `unknown_property`.

**Unit.** Behind the number, else at the end of the property's word (`outTemp_C`), else none: the source or the registry
says it. **Time.** None in the message: its arrival.

JSON on the same wildcard is read by `json` with the same template: `{"value": 21.5, "unit": "°C"}`.
"""

from __future__ import annotations

import re

from bypuls.properties import find
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, SentEvent, Source
from ingest.keys import Key, Role, read_key, unit_at_end, word_of_topic
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_channel, is_name, number
from ingest.topics import is_device_name, named_by_topic

_LONGEST = 64
_FIRST = frozenset(b"+-.0123456789")
_NUMBER = re.compile(
    r"([+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,3})?)[ \u00a0]?([^\d\s.,:;/+-]\S{0,11})?", re.ASCII
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,12},\d{1,12}", re.ASCII)
_STATUS = frozenset({"status", "availability", "lwt", "online", "connected", "connection", "state", "available"})
_EVENTS = {
    "online": "online", "connected": "online", "ready": "online", "true": "online", "1": "online", "alive": "online",
    "offline": "offline", "disconnected": "offline", "lost": "offline", "false": "offline", "0": "offline",
    "dead": "offline",
}  # fmt: skip
# 0 and 1 on a topic such as "state" may be a switch's; only where the level itself says what it is about are they more.
_PLAIN_WORDS = frozenset({"online", "offline", "connected", "disconnected", "lost"})
_SURE = frozenset({"lwt", "online", "connected", "connection", "available", "availability"})
_TEXT = re.compile(rb"[A-Za-z]{1,16}\s*")


def recognises(message: Message) -> bool:
    """Whether the payload is a number, or one word."""
    payload = message.payload
    if len(payload) > _LONGEST:
        return False
    start = payload.lstrip()
    return bool(start) and (start[0] in _FIRST or _TEXT.fullmatch(start) is not None)


def decode(message: Message, source: Source, _context: Context) -> Decoded:
    """The one reading or event of a message.

    Raises:
        Refusal: `wrong_type`, `bad_name`, `device_missing`.
    """
    text = _text(message.payload)
    device, word, channel = _named(message.topic, source)
    last = (word or message.topic.rstrip("/").rpartition("/")[2]).casefold()
    event = _event(text, last)
    if event is not None:
        name = device if word is not None else device.rpartition("/")[0] or device
        return Decoded(events=[SentEvent(name, event, None)])
    match = _NUMBER.fullmatch(text)
    if match is None:
        if _DECIMAL_COMMA.fullmatch(text):
            raise refusal("wrong_type", f"{shortened(text)} has a decimal comma; a decimal point is meant")
        return Decoded(ignored="no_values")
    value = number(match[1], word or "value")
    if value is None:
        return Decoded(ignored="no_values")
    key = Key(Role.PLAIN) if word is None else read_key(word)
    quantity = key.quantity if key.known else word
    if quantity is not None and not is_name(quantity):
        raise bad_name(quantity, "topic")
    channel = ".".join(part for part in (channel, key.channel) if part)
    unit = _unit(match[2], quantity) or key.unit
    return Decoded(readings=[Reading(device, word or "value", quantity, channel, value, unit, None)])


def _text(payload: bytes) -> str:
    try:
        text = payload.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise refusal("wrong_type", f"{shortened(payload)} is no number") from None
    if len(text) > _LONGEST:
        raise refusal("wrong_type", f"{shortened(text)} is no number alone")
    return text


def _named(topic: str, source: Source) -> tuple[str, str | None, str]:
    """Device, the word for what is measured, and channel, as far as the topic names them."""
    named = named_by_topic(topic, source)
    device = None if named is None else named.device
    word = None if named is None else named.property
    channel = "" if named is None else (named.channel or "").casefold()
    if channel and not is_channel(channel):
        raise bad_name(named.channel if named else "", "topic")
    if word is None:
        head = topic.strip("/")
        said = word_of_topic(head if device is None else f"{device}/{head}")
        if said is not None:
            head, word = said
        device = device or head
    if not device or not is_device_name(device):
        raise refusal("device_missing", f"the topic {shortened(topic)} names no device")
    return device, word, channel


def _event(text: str, level: str) -> str | None:
    folded = text.casefold()
    if level not in _STATUS or folded not in _EVENTS:
        return None
    return _EVENTS[folded] if level in _SURE or folded in _PLAIN_WORDS else None


def _unit(written: str | None, quantity: str | None) -> str | None:
    """The unit behind the number: as it fits the property; as it is written where nobody knows the property."""
    if not written:
        return None
    found = None if quantity is None else find(quantity)
    return written if found is None else unit_at_end(written, found[0], letters=True) or written


DECODER = Decoder("bare_value", recognises, decode)
