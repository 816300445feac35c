"""JSON of unknown makers: flat, long, nested and lists, read by what its keys say.

**Shapes.** `{"temperature": 21.4, "outHumidity": "97"}`; `{"ts": …, "values": {…}}`; one value with its name beside it,
`{"device_name": "s1", "sensor_type": "pm10", "value": 12, "unit": "µg/m³", "timestamp": …}`; `{"pm10": {"value": 12,
"unit": "µg/m³"}}`; objects in objects; lists of all of these, alone or under a key; `[[time, value], …]` under a key;
tables: `{"columns": […], "rows": [[…]]}`, and CSIJSON of Campbell's loggers.
Numbers may be written as strings; a serial number (leading zero, more than 15 digits) is none. Text, `true` and `null`
are no readings, nor is a key that ends in `id`.

**Property.** A key is a word of the catalogue (docs/properties.md; `windSpeed` is `wind_speed`) or stays the device's
own word and goes to quarantine as `unknown_property`, with its value. A part and a key may be one word (`wind: {speed}`
is `wind_speed`). A value that nothing names is what the topic's last level says, where it is a word of the catalogue
(`st1/temperature` with `{"value": 21.4}`). In an object that names a `meter`, E, P, Q, S, U, I and their phases are
the electrical quantities. Of an object of one value, what else stands in it describes it.

**Unit.** From a member `unit` (`uom`, …), `<key>_unit` or `units: {key: unit}`; from the key's end, only where the
table of units and the property's dimension leave one reading: `outTemp_C`, `windSpeed_kph`, `rain_cm` are read,
`power_mw` is not (milli or mega). Latitude and longitude are degrees. Else none: the source or the registry says it.

**Device.** A key that names one (`device_id`, `devEui`, `meter`, …; `id`, `sensor` and `name` in lists and in objects
of one value), else the topic, without a last level such as `data`, `state` or `telemetry`. Where the source's identity
rule names the device, the ids of parts become `<device>/<id>`. The rule's `{property}` names an unnamed value.

**Channel.** The name of the part (`{"kitchen": {"temperature": …}}`) unless it only holds things together (`data`,
`values`, `sensors`, …), a number behind the word (`temperature_2`), `channel`, `phase`, `lane`. Two values of one
property at one time get their position as channel, so that none is lost.

**Time.** `timestamp`, `ts`, `time`, `dateTime`, `date` …, of the object or of those around it: Unix time by its size,
or in the source's precision; ISO 8601; and what `ingest.written_times` reads. A number below 10^8 is a clock that was
never set: the arrival counts. A time without a zone is not guessed: the registry's zone of the device, the source's,
else the arrival, when it lies within 26 hours of it and is the only one; else the reading is refused, its value kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ingest.decoding import Context, Decoded, Decoder, Message, Source
from ingest.documents import Walk
from ingest.keys import read_key, word_of_topic
from ingest.members import Members
from ingest.place import Place
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse
from ingest.tables import rows_of
from ingest.topics import named_by_topic

_HEAD = 4096
_FEW = 12
_OWN = "bypuls/v1/"
_OTHER_TOPICS = ("spBv1.0/", "homeassistant/", "homie/", "$")
# What stands in the messages of other formats and nowhere else.
_MARKS = (
    b'"end_device_ids"', b'"uplink_message"', b'"deduplicationId"', b'"deviceInfo"', b'"hotspots"', b'"subscriptionId"',
    b'"@context"', b'"sensordatavalues"', b'"phenomenonTime"', b'"@iot.id"', b'"bn"',
)  # fmt: skip
_LAST_LEVELS = frozenset(
    {
        "data", "telemetry", "state", "json", "status", "loop", "measurements", "measurement", "values", "value",
        "readings", "observations", "sensor", "sensors", "events", "event", "up", "uplink", "report", "message",
        "attrs",
    }
)  # fmt: skip


def recognises(message: Message) -> bool:
    """Whether the payload begins as JSON does and bears no other format's marks; our own topics have their own JSON."""
    payload, topic = message.payload, message.topic
    if payload[:1] not in {b"{", b"["}:
        start = payload[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] not in {b"{", b"["}:
            return False
    if topic.startswith(_OWN) or topic.startswith(_OTHER_TOPICS):
        return False
    head = payload if len(payload) <= _HEAD else payload[:_HEAD]
    for mark in _MARKS:  # noqa: SIM110 - a generator costs more than the looks
        if mark in head:
            return False
    return True


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings of one message.

    Raises:
        Refusal: of the whole message.
    """
    document = parse(message.payload)
    kind = type(document)
    if kind is not dict and kind is not list:
        raise refusal("wrong_type", f"the payload is {shortened(document)}; a JSON object or array is meant")
    if not document:
        raise refusal("empty", f"{shortened(document)} holds no value")
    if kind is dict:
        rows = rows_of(document)
        if rows is not None:
            document, kind = rows, list
    named = named_by_topic(message.topic, source)
    own = None if named is None else named.device
    owner = own if not source.trusts_payload_device else None
    walk = Walk(source, message.received_at, owner, context.registered)
    place = Place(
        device=own or topic_name(message.topic),
        quantity=None if named is None else named.property,
        channel="" if named is None else named.channel or "",
    )
    if named is None:
        place = _of_one_value(document, message.topic, place)
    if kind is dict:
        walk.read_object(document, place)
    else:
        walk.read_list("", document, place)
    return walk.finish()


def _of_one_value(document: dict[str, Any] | list[Any], topic: str, place: Place) -> Place:
    """Of a value without a name, the topic's last level says what was measured, where it is a word of the catalogue."""
    first = document[0] if type(document) is list else document
    named = word_of_topic(topic)
    if named is None or type(first) is not dict or len(first) > _FEW:
        return place
    members = Members(first)
    if not members.is_long() or members.quantity() is not None:
        return place
    key = read_key(named[1])
    return place._replace(device=named[0], quantity=key.quantity, unit=key.unit, channel=key.channel)


@lru_cache(maxsize=16_384)
def topic_name(topic: str) -> str:
    """What a topic names where nothing says which of its levels does: all of it but a last one that names no thing.

    >>> topic_name("garden/north/data"), topic_name("/sensor/7"), topic_name("state")
    ('garden/north', 'sensor/7', 'state')
    """
    bare = topic.strip("/")
    head, slash, last = bare.rpartition("/")
    return head if slash and last.casefold() in _LAST_LEVELS and head else bare


DECODER = Decoder("json", recognises, decode)
