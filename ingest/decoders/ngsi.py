"""NGSI-v2 and NGSI-LD entities and notifications (FIWARE context brokers, smart data models).

**Shapes.** An entity `{"id", "type", attribute: …}`, an array of them, an Orion notification `{"subscriptionId",
"data": […]}`, an NGSI-LD notification (also as `{"metadata", "body"}`, as brokers publish it over MQTT, and as
GeoJSON), a batch update `{"actionType", "entities"}`. Attributes normalized (`{"type", "value", "metadata"}`),
concise or as keyValues; NGSI-LD's temporal values; several instances of an attribute (`datasetId` is the channel).
IRIs count by their last part.

**Device.** `refDevice` (the first), else the entity's id. An id that holds a time names another entity each time and
no device: then `refPointOfInterest`, else the source's identity rule, else the reading is kept in quarantine.

**Property and unit.** `unitCode` (UN/CEFACT) of the attribute or its metadata. Else what the smart data model
documents: `catalogue/ngsi_models.yaml` lists the models, their words and their units. Gases and particles have no
documented unit, so without `unitCode` they need `units` of the source. Entities of unknown types are read by the
catalogue's words. `relativeHumidity` is 0..1 in these models; with `unitCode` P1 it is per cent, whatever the number.

**Channel.** Phases (`{"L1": …, "N": …}`), lane (`laneId` 2 is `lane_2`), kind of vehicle or item, direction of a
crowd.

**Time.** `observedAt` or metadata `timestamp`/`TimeInstant` of the attribute; else `dateObservedFrom`/`To` or a
`from/to` in `dateObserved` (an interval: its start and length), `dateObserved`, `TimeInstant` of the entity; else the
arrival. A time without a zone takes the device's or the source's zone; without one it means the arrival if it lies
within a day of it, else it is refused: nobody knows when it was.

**Traps.** Booleans, texts, positions and references are no readings; a number as a text is one under a known name
only (`"mcc": "214"` is none). Types that describe things (InverterDevice, ParkingSpot) or foretell (WeatherForecast)
hold no observation. `HPA` is hectolitre of pure alcohol in UN/CEFACT; where it is sent, hectopascal is meant.

**Set it up.** Orion publishes over MQTT by itself: a subscription whose `notification` holds `"mqtt": {"url":
"mqtt://broker:1883", "topic": "ngsi/air"}` (NGSI-LD: `endpoint.uri` `mqtt://broker:1883/ngsi/air`). Leave
`attrsFormat` at `normalized`: keyValues lose units and times.
"""

from __future__ import annotations

import re
from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Source
from ingest.ngsi_entity import Scene, read_entity
from ingest.ngsi_models import models, word
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse

_MARKS = (
    b"urn:ngsi", b'"@context"', b'"dateObserved', b'"refDevice"', b'"refPointOfInterest"', b'"unitCode"',
    b'"subscriptionId"', b'"actionType"', b'"GeoProperty"', b'"Relationship"', b'"TimeInstant"', b'"geo:json"',
)  # fmt: skip
# "type" of an attribute in NGSI-v2, or of an entity that a smart data model describes.
_TYPE = re.compile(rb'"type"\s{0,4}:\s{0,4}"([^"\\]{1,200})"')
_ATTRIBUTE_TYPES = frozenset({b"Number", b"Float", b"Integer", b"StructuredValue", b"DateTime", b"Property"})
_LOOKED_AT = 16_384
_DEEPEST = 4
_TOPIC_WORDS = frozenset({"ngsi", "ngsi-ld", "ngsild", "ngsiv2", "ngsi-v2", "orion"})
_OTHER_TOPICS = ("/attrs", "/Observations", "/config")


def recognises(message: Message) -> bool:
    """Whether it is JSON that holds entities: `id`, `type` and something that only NGSI has."""
    payload = message.payload
    if not _is_json(payload) or message.topic.endswith(_OTHER_TOPICS) or "/attrs/" in message.topic:
        return False
    if (b'"id"' not in payload and b'"@id"' not in payload) or (b'"type"' not in payload and b'"@type"' not in payload):
        return False
    if not _TOPIC_WORDS.isdisjoint(message.topic[:200].casefold().split("/")):
        return True
    head = payload[:_LOOKED_AT]
    if any(mark in head for mark in _MARKS):
        return True
    kinds = [match[1] for _, match in zip(range(20), _TYPE.finditer(head), strict=False)]
    return any(kind in _ATTRIBUTE_TYPES or _is_modelled(kind) for kind in kinds)


def _is_json(payload: bytes) -> bool:
    return payload[:1] in {b"{", b"["} or payload[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings of all entities.

    Raises:
        Refusal: of the whole message.
    """
    decoded = Decoded()
    read_document(parse(message.payload), Scene(source, context, message.received_at, decoded), decoded)
    return decoded


def read_document(document: Any, scene: Scene, decoded: Decoded) -> None:
    """Read the entities of a document into `decoded`, in whatever envelope they come.

    Raises:
        Refusal: it holds no entity, or too many.
    """
    entities = _entities(document)
    if len(entities) > scene.source.max_readings:
        raise refusal("too_large", f"{len(entities)} entities in one message; {scene.source.max_readings} are allowed")
    scene.alone = len(entities) == 1
    measured = False
    for index, entity in enumerate(entities):
        try:
            if type(entity) is not dict or not _names_itself(entity):
                detail = f"{shortened(entity)} is no NGSI entity; an object with id and type is meant"
                raise refusal("wrong_type", detail, field=f"[{index}]")
            measured = read_entity(entity, scene) or measured
        except Refusal as refused:
            if len(entities) == 1 or refused.code == "too_large":
                raise
            decoded.refusals.append(refused)
    if not (measured or decoded.refusals):
        decoded.ignored = "not_measured"


def _entities(document: Any) -> list[Any]:
    """The entities in an envelope.

    Raises:
        Refusal: there is none.
    """
    for _ in range(_DEEPEST):
        if type(document) is list:
            return [_flat(item) for item in document]
        if type(document) is not dict:
            break
        if "body" in document and "metadata" in document:
            document = document["body"]
        elif "data" in document and ("subscriptionId" in document or document.get("type") == "Notification"):
            document = document["data"]
        elif document.get("type") == "FeatureCollection":
            document = document.get("features")
        elif "entities" in document and "actionType" in document:
            document = document["entities"]
        else:
            return [_flat(document)]
    raise refusal("wrong_type", f"{shortened(document)} stands where entities are meant")


def _flat(entity: Any) -> Any:
    """GeoJSON carries an entity's attributes as properties."""
    if type(entity) is dict and entity.get("type") == "Feature" and type(entity.get("properties")) is dict:
        return {"id": entity.get("id"), **entity["properties"]}
    return entity


def _names_itself(entity: dict[str, Any]) -> bool:
    return any(key in entity for key in ("id", "@id", "type", "@type"))


def _is_modelled(kind: bytes) -> bool:
    try:
        return word(kind.decode()) in models().types
    except UnicodeDecodeError:
        return False


DECODER = Decoder("ngsi", recognises, decode, ("application/ld+json",))
