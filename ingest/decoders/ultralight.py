"""FIWARE UltraLight 2.0: `name|value|name|value`, on `/ul/<apikey>/<device>/attrs`.

**Topics.** `/ul/<apikey>/<device>/attrs`, and `…/attrs/<attribute>` for a bare value; with or without a slash in front,
in the older form without `ul`. Commands (`cmd`, `cmdexe`) and `configuration` hold no measures.

**Shapes.** `t|15|k|abc`; groups joined by `#`: `gps|1.2/3.4#t|10`; an odd number of fields begins with the group's
time: `2016-06-13T00:35:30Z|t|10`. A value may be JSON (`["a|b"]`, with bars and hashes of its own).

**Device.** The topic's third part; the API key is a secret that a group of devices shares and no identity. Where the
source has an identity rule, what that says.

**Property.** The name. Short names (`t`, `h`) mean nothing by themselves. The agent maps them by its provisioning; here
the profile does that the registry has for the device, or that is the source's only one: its first mapping gives each
name a property and a unit (`values: {t: {property: air_temperature, unit: Cel}}`).

**Unit.** Never in the message. The profile, the source's units or the registry give it.

**Time.** The group's first field, or an attribute `TimeInstant`; else the arrival. Groups without a time are kept
apart: the last one is taken as of the arrival, each before it a microsecond earlier.

**Traps.** A name sent twice in a group counts once, with its last value, as the agent has it. A group that cannot be
read does not stop the others.
"""

from __future__ import annotations

import json
import re

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Source
from ingest.iota_measures import Groups, agent_topic
from ingest.reasons import refusal, shortened

_JSON_STARTS = (b"{", b"[")
_BEGINS_JSON = frozenset({"{", "["})
_SEPARATOR = re.compile(r"[|#]")
_JSON = json.JSONDecoder()
_LONGEST_WITH_JSON = 65_536
_SHORTEST_TIME = 8


def recognises(message: Message) -> bool:
    """Whether the topic is the agent's; without `ul` in it, the payload must be made of bars."""
    topic = agent_topic(message.topic)
    if topic is None or topic.protocol == "json":
        return False
    if topic.protocol == "ul":
        return True
    if topic.attribute or message.payload[:1] in _JSON_STARTS:
        return False
    return b"|" in message.payload[:300]


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The measures of one message.

    Raises:
        Refusal: of the whole message.
    """
    topic = agent_topic(message.topic)
    decoded = Decoded()
    if topic is not None and not topic.measures:
        decoded.ignored = "command"
        return decoded
    try:
        text = message.payload.decode("utf-8").removeprefix("\ufeff").strip()
    except UnicodeDecodeError as error:
        byte = message.payload[error.start]
        raise refusal("not_text", f"byte 0x{byte:02x} at {error.start} is not UTF-8") from None
    groups = Groups.of(message, source, context, decoded)
    if topic is not None and topic.attribute:
        groups.measure(topic.attribute, text)
    else:
        _groups(text, groups)
    return decoded


def _groups(text: str, groups: Groups) -> None:
    most = groups.source.max_readings
    if text.count("|") > 3 * most or text.count("#") > most:
        raise refusal("too_large", f"more than {most} measures in one message")
    written = _split(text)
    if written is None:
        written = [group.split("|") for group in text.split("#")]
    written = [fields for fields in written if fields != [""]] or written
    groups.count = len(written)
    for index, fields in enumerate(written):
        try:
            groups.read(_group(fields), index)
        except Refusal as refused:
            if len(written) == 1 or refused.code == "too_large":
                raise
            groups.decoded.refusals.append(refused)


def _group(fields: list[str]) -> dict[str, str]:
    """Attribute -> value of one group.

    Raises:
        Refusal: `odd_fields_not_time`, or `empty`.
    """
    fields = _trimmed([field.strip() for field in fields])
    if not fields:
        raise refusal("empty", "a group holds no measure")
    if "@" in fields[0]:
        return {}  # device@command|result: the answer to a command
    group = {}
    if len(fields) % 2:
        first = fields[0]
        if not _is_time(first):
            detail = f"{len(fields)} fields, of which the first, {shortened(first)}, is no time"
            raise refusal("odd_fields_not_time", detail)
        group["TimeInstant"] = first
        fields = fields[1:]
    group.update(zip(fields[::2], fields[1::2], strict=True))
    return group


def _trimmed(fields: list[str]) -> list[str]:
    """Without a bar in front, which the agent passes over, and without one behind where the fields are complete."""
    if fields and not fields[0]:
        fields = fields[1:]
    if len(fields) > 1 and not fields[-1] and len(fields) % 2 != _is_time(fields[0]):
        return fields[:-1]
    return fields


def _is_time(text: str) -> bool:
    return len(text) >= _SHORTEST_TIME and text[:4].isdigit() and ("T" in text or text[4] == "-")


def _split(text: str) -> list[list[str]] | None:
    """Groups of fields, where bars and hashes within JSON separate nothing; None: there is no JSON, or it is broken."""
    if ("{" not in text and "[" not in text) or len(text) > _LONGEST_WITH_JSON:
        return None
    groups: list[list[str]] = [[]]
    at = 0
    while True:
        if text[at : at + 1] in _BEGINS_JSON:
            try:
                end = _JSON.raw_decode(text, at)[1]
            except (ValueError, RecursionError):
                return None
            while text[end : end + 1] == " ":
                end += 1
        else:
            separator = _SEPARATOR.search(text, at)
            end = len(text) if separator is None else separator.start()
        groups[-1].append(text[at:end])
        if end == len(text):
            return groups
        if text[end] == "#":
            groups.append([])
        elif text[end] != "|":
            return None
        at = end + 1


DECODER = Decoder("ultralight", recognises, decode)
