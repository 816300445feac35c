"""Events of a device, `{"kind": …, "time": …, …}` on `bypuls/v1/<city>/<device>/events`: one JSON object is one event.

docs/formats.md is its description for people, docs/schemas/device-event.schema.json the one for programs.
"""

from __future__ import annotations

from typing import Any

from bypuls.errors import Refusal
from ingest.decoders.own_json import DEVICE_KEYS, TIME_KEYS
from ingest.decoding import EVENT_KINDS, SWAPPED_METER, Context, Decoded, Decoder, Message, SentEvent, Source
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_channel, is_name, number, parse, printable
from ingest.timestamps import device_time
from ingest.topics import own_topic

_REGISTER = ("property", "channel", "unit", "closing", "opening")
_MOST_DETAILS = 20
_LONGEST_TEXT = 500


def recognises(message: Message) -> bool:
    """Whether it came on a topic of events."""
    topic = own_topic(message.topic)
    return topic is not None and topic.kind == "events"


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The event of one message.

    Raises:
        Refusal: of the whole message.
    """
    document = parse(message.payload)
    if type(document) is not dict:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; a JSON object is meant")
    device = _device(message, document)
    kind = document.get("kind")
    if kind not in EVENT_KINDS:
        raise refusal("unknown_event", f"{shortened(kind)} is no kind of event", field="kind")
    sent = next((key for key in TIME_KEYS if document.get(key) is not None), None)
    if sent is None:
        raise _invalid("an event says when it happened", "time")
    time = device_time(document[sent], device, source, context, sent)
    detail = _detail(document, () if kind != SWAPPED_METER else _REGISTER)
    if kind != SWAPPED_METER:
        return Decoded(events=[SentEvent(device, kind, time, detail=detail)])
    quantity, unit = document.get("property"), document.get("unit")
    if type(quantity) is not str or not is_name(quantity):
        raise bad_name(quantity, "property")
    if unit is not None and type(unit) is not str:
        raise refusal("wrong_type", f"the unit {shortened(unit)} is no text", field="unit")
    closing, opening = _register(document, "closing"), _register(document, "opening")
    channel = _channel(document.get("channel"))
    return Decoded(events=[SentEvent(device, kind, time, quantity, channel, unit, closing, opening, detail)])


def _device(message: Message, document: dict[str, Any]) -> str:
    topic = own_topic(message.topic)
    if topic is None:
        raise refusal("topic_not_ours", f"{shortened(message.topic)} is not bypuls/v1/<city>/<device>/events")
    claimed = next((document[key] for key in DEVICE_KEYS if document.get(key) is not None), topic.device)
    if str(claimed) != topic.device:
        raise refusal("device_mismatch", f"the message says {shortened(claimed)}, its topic {shortened(topic.device)}")
    return topic.device


def _register(document: dict[str, Any], name: str) -> float:
    value = number(document.get(name), name)
    if value is None:
        raise _invalid(f"a swapped meter needs the register's {name} value; it is never guessed", name)
    return value


def _channel(channel: Any) -> str:
    if channel is None or channel == "":
        return ""
    text = str(channel) if type(channel) in {str, int} else ""
    if not is_channel(text):
        raise bad_name(channel, "channel")
    return text.casefold()


def _detail(document: dict[str, Any], taken: tuple[str, ...]) -> dict[str, str | float | bool]:
    """What else the event says, in plain values."""
    rest = {
        key: value
        for key, value in document.items()
        if key not in {"kind", "city", *TIME_KEYS, *DEVICE_KEYS, *taken} and value is not None
    }
    if len(rest) > _MOST_DETAILS:
        raise _invalid(f"{len(rest)} further values; {_MOST_DETAILS} are allowed", None)
    for key, value in rest.items():
        if not is_name(key):
            raise bad_name(key, key)
        if isinstance(value, str):
            if len(value) > _LONGEST_TEXT:
                raise _invalid(f"a text of {len(value)} characters; {_LONGEST_TEXT} are allowed", key)
            rest[key] = value.replace("\0", "").encode("utf-8", "replace").decode()
        elif not isinstance(value, bool):
            if not isinstance(value, int | float):
                raise _invalid(f"{shortened(value)} is no text, number or Boolean", key)
            number(value, key)
    return rest


def _invalid(detail: str, field: str | None) -> Refusal:
    return refusal("event_invalid", detail, field=None if field is None else printable(field))


DECODER = Decoder("device_event", recognises, decode)
