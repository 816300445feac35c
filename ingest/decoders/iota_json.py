"""FIWARE IoT Agent JSON: measures of a device on `/json/<apikey>/<device>/attrs`.

**Topics.** `/json/<apikey>/<device>/attrs` with an object, `…/attrs/<attribute>` with one value; in the older form
without `json`; with or without a slash in front. Commands (`cmd`, `cmdexe`) and `configuration` hold no measures.

**Shapes.** `{attribute: value, …}`; an array of these (groups); `[{"timestamp", "value"}, …]` of one attribute; a bare
value on an attribute's own topic; NGSI-v2 and NGSI-LD entities, as the agent's `payloadType` allows.

**Device.** The topic's third part. The API key is a secret that a group of devices shares: it is never an identity.
Where the source has an identity rule, what that says.

**Property.** The attribute's name. Short names (`t`, `h`) mean nothing by themselves. The agent maps them by its
provisioning; here the profile does that the registry has for the device, or that is the source's only one: its first
mapping gives each name a property and a unit (`values: {t: {property: air_temperature, unit: Cel}}`).

**Unit.** Never in the message, but for a text such as `"45%"`. The profile, the source's units or the registry give it.

**Time.** `TimeInstant` (or `timestamp`) of the group, ISO 8601; else the arrival. Groups without a time are kept apart:
the last one is taken as of the arrival, each before it a microsecond earlier.

**Traps.** Numbers are often sent as texts. Booleans, texts, objects and lists are no readings.
"""

from __future__ import annotations

from typing import Any

from bypuls.errors import Refusal
from ingest.decoders.ngsi import read_document
from ingest.decoding import Context, Decoded, Decoder, Message, Source
from ingest.iota_measures import Groups, agent_topic
from ingest.ngsi_entity import Scene
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse

_STARTS = (b"{", b"[", b"\xef\xbb\xbf{", b"\xef\xbb\xbf[")


def recognises(message: Message) -> bool:
    """Whether the topic is the agent's; without `json` in it, the payload must not be UltraLight."""
    topic = agent_topic(message.topic)
    if topic is None or topic.protocol == "ul":
        return False
    if topic.protocol == "json" or topic.attribute:
        return True
    if not topic.measures:
        return b"@" not in message.payload[:300] or message.payload[:1] == b"{"
    return message.payload[:64].lstrip().startswith(_STARTS)


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
    groups = Groups.of(message, source, context, decoded)
    if topic is not None and topic.attribute:
        _single(message.payload, topic.attribute, groups)
        return decoded
    document = parse(message.payload)
    if _is_ngsi(document):
        read_document(document, Scene(source, context, message.received_at, decoded, groups.device), decoded)
    else:
        _groups(document, groups)
    return decoded


def _single(payload: bytes, attribute: str, groups: Groups) -> None:
    """One attribute; what is no JSON is a text to the agent."""
    try:
        value = parse(payload)
    except Refusal:
        if payload[:64].lstrip().startswith(_STARTS):
            raise
        value = payload[:200].decode("utf-8", "replace")
    if type(value) is dict and "value" in value:
        value = [value]
    if type(value) is list:
        groups.series(attribute, value)
    else:
        groups.measure(attribute, value)


def _groups(document: Any, groups: Groups) -> None:
    found = document if type(document) is list else [document]
    if len(found) > groups.source.max_readings:
        raise refusal("too_large", f"{len(found)} groups in one message; {groups.source.max_readings} are allowed")
    groups.count = len(found)
    for index, group in enumerate(found):
        if type(group) is dict:
            groups.read(group, index)
            continue
        wrong = refusal("wrong_type", f"{shortened(group)} is no group; an object of attributes is meant")
        if len(found) == 1:
            raise wrong
        groups.decoded.refusals.append(wrong)


def _is_ngsi(document: Any) -> bool:
    """Whether the payload is NGSI: entities name themselves and have attributes that are objects."""
    if type(document) is list:
        return bool(document) and all(_is_ngsi(item) for item in document[:3])
    if type(document) is not dict:
        return False
    if "actionType" in document and "entities" in document:
        return True
    if type(document.get("id")) is not str or "type" not in document:
        return False
    return "@context" in document or any(
        type(value) is dict and ("value" in value or "object" in value) for value in document.values()
    )


DECODER = Decoder("iota_json", recognises, decode)
