"""OGC SensorThings API 1.0 and 1.1: Observations, as devices create them over MQTT and as servers publish them.

**Topics.** `v1.1/Datastreams(1)/Observations`, `v1.1/MultiDatastreams(1)/Observations`, `v1.1/Observations`,
`v1.1/FeaturesOfInterest(1)/Observations`, `v1.1/CreateObservations`; behind any prefix, with or without `?$expand=…`.

**Shapes.** One Observation, a list of them, `{"value": [Observation, …]}`, and the data array extension
`[{"Datastream", "components", "dataArray"}]`. `result` is a number, or an object or array of them; texts and Booleans
are no readings.

**Device.** The Datastream, `Datastreams(1)` (texts are quoted: `Datastreams('a')`), from the topic or from the body's
`Datastream.@iot.id`; of a Datastream that is inserted with its observation, `<Thing's name>/<Datastream's name>`.
Where the source's identity rule names a device, that one, and the Datastream is its channel.

**Property and unit.** From the Datastream: its ObservedProperty (name or definition) and unitOfMeasurement (`ucum:`,
symbol, QUDT, name). An observation alone has neither. They are known where the Datastream stands in the message, or
was published before on its own topic, as servers do and anybody may (retained): `mosquitto_pub -r -t
'v1.1/Datastreams(1)' -m '{"unitOfMeasurement": {"symbol": "°C"}, "ObservedProperty": {"name": "air_temperature"}}'`
(an empty payload takes it back). Or a profile says it, the registry's for the Datastream (or device), or the source's
only one: its first mapping reads `{"datastream": "1", "result": 21.5}`, with `when: {datastream: "1"}` on each part.
Else the readings wait in quarantine as `unknown_property`.

**Time.** `phenomenonTime`, an instant or an interval (its start and length), with any offset; else `resultTime`; else
the arrival. Several observations without a time are kept apart: the last is taken as of the arrival, each before it a
microsecond earlier. `validTime` says how long a value may be used, not when it was measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Refused, Source
from ingest.iota_measures import as_number, number_in_text
from ingest.ngsi_times import ARRIVAL, When, written_time
from ingest.provisioned import read_by_profile, zone_and_profile
from ingest.reasons import refusal, shortened
from ingest.sensorthings_model import Series, described
from ingest.strict_json import bad_name, is_name, number, parse
from ingest.topics import is_device_name, topic_device

_VERSION = re.compile(r"v\d(?:\.\d)?")
_SET = re.compile(r"((?:Multi)?Datastreams|FeaturesOfInterest|Observations)(?:\(([^()/]{1,200})\))?")
_LINK = re.compile(r"((?:Multi)?Datastreams\([^()/]{1,200}\))/?$")
_STARTS = (b"{", b"[", b"\xef\xbb\xbf{", b"\xef\xbb\xbf[")
_SETS = {"Datastream": "Datastreams", "MultiDatastream": "MultiDatastreams"}
_MOST_PARTS = 100
_MOST_DESCRIBED = 500
_STEP = 1e-6
_LONGEST_TOPIC = 1000
_UNKNOWN = Series()


class _Place(NamedTuple):
    """What a topic says: whose observations, or (`describes`) of what Datastream a description."""

    datastream: str
    describes: str


@lru_cache(maxsize=65_536)
def _place(topic: str) -> _Place | None:
    if len(topic) > _LONGEST_TOPIC:
        return None
    levels = topic.partition("?")[0].split("/")
    version = next((at for at, level in enumerate(levels) if _VERSION.fullmatch(level)), None)
    last = _SET.fullmatch(levels[-1])
    if levels[-1] == "CreateObservations":
        return _Place("", "") if version is not None else None
    if last is None or last[1] == "FeaturesOfInterest":
        return None
    if last[1] != "Observations":
        return _Place("", last[0] if last[2] else last[1]) if version == len(levels) - 2 else None
    owner = _SET.fullmatch(levels[-2]) if len(levels) > 1 else None
    if owner is not None and owner[2] and owner[1] != "FeaturesOfInterest":
        return _Place(owner[0], "")
    return _Place("", "") if version is not None else None


def recognises(message: Message) -> bool:
    """Whether the topic is SensorThings', or the payload holds what only an Observation has."""
    payload = message.payload
    place = _place(message.topic)
    if not payload:
        return place is not None and place.describes != ""
    if not payload[:64].lstrip().startswith(_STARTS):
        return False
    if place is not None:
        return True
    return b'"result"' in payload and (b'"phenomenonTime"' in payload or b'"Datastream"' in payload)


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings of one message.

    Raises:
        Refusal: of the whole message.
    """
    place = _place(message.topic) or _Place("", "")
    scene = _Scene(message, source, context, place.datastream)
    if place.describes and not message.payload:
        scene.forget(place.describes)
        return scene.decoded
    document = parse(message.payload)
    if place.describes:
        scene.remember(document, place.describes)
        return scene.decoded
    observations = _observations(document, source.max_readings)
    for index, observation in enumerate(observations):
        try:
            scene.observation(observation, _STEP * (index + 1 - len(observations)), alone=len(observations) == 1)
        except Refusal as refused:
            if len(observations) == 1 or refused.code == "too_large":
                raise
            scene.decoded.refusals.append(refused)
    return scene.decoded


def _observations(document: Any, most: int) -> list[Any]:
    """Observations as objects, out of lists, answers and data arrays.

    Raises:
        Refusal: there are too many, or none is an object.
    """
    if type(document) is dict and type(document.get("value")) is list:
        document = document["value"]
    found: list[Any] = []
    items = document if type(document) is list else [document]
    if len(items) > most:
        raise refusal("too_large", f"{len(items)} observations in one message; {most} are allowed")
    for item in items:
        if type(item) is dict and "dataArray" in item:
            found += _rows(item, most)
        else:
            found.append(item)
        if len(found) > most:
            raise refusal("too_large", f"more than {most} observations in one message")
    if not found:
        raise refusal("empty", "the list holds no observation")
    return found


def _rows(table: Mapping[str, Any], most: int) -> list[Any]:
    components, rows = table.get("components"), table["dataArray"]
    if type(components) is not list or type(rows) is not list or not all(type(name) is str for name in components):
        raise refusal("wrong_type", "components and dataArray are meant to be lists", field="dataArray")
    if len(rows) > most or len(components) > _MOST_PARTS:
        raise refusal("too_large", f"{len(rows)} rows of {len(components)} in one data array; {most} are allowed")
    shared = {name: value for name, value in table.items() if name.startswith(("Datastream", "MultiDatastream"))}
    return [{**shared, **dict(zip(components, row, strict=False))} if type(row) is list else row for row in rows]


class _Scene:
    """One message: what its observations share, and what came of them."""

    def __init__(self, message: Message, source: Source, context: Context, datastream: str) -> None:
        self.decoded = Decoded()
        self._message, self._source, self._context = message, source, context
        self._datastream = datastream
        self._device = topic_device(message, source)

    def remember(self, document: Any, entity: str) -> None:
        """Keep what a Datastream says of itself for the observations that follow."""
        entities = document if type(document) is list else [document]
        for item in entities[:_MOST_DESCRIBED]:
            if type(item) is not dict:
                raise refusal("wrong_type", f"{shortened(item)} is no Datastream; an object is meant")
            name = entity if "(" in entity else _named(entity, item.get("@iot.id"))
            series = described(item)
            if name and series:
                self._put(name, series)
        self.decoded.ignored = "metadata"

    def forget(self, entity: str) -> None:
        """A cleared retained description holds no more."""
        self._context.memory.forget(self._key(entity))
        self.decoded.ignored = "metadata"

    def observation(self, observation: Any, offset: float, *, alone: bool) -> None:
        """Read one.

        Raises:
            Refusal: it is no Observation.
        """
        if type(observation) is not dict or "result" not in observation:
            raise refusal("wrong_type", f"{shortened(observation)} is no Observation; an object with result is meant")
        datastream, series = self._series(observation)
        if datastream and not is_device_name(datastream):
            raise bad_name(datastream, "Datastream")
        zone, profile = zone_and_profile(self._device or datastream, self._source, self._context)
        when = self._when(observation, zone, alone=alone)
        result = observation["result"]
        if profile is not None and not series:
            document = {"datastream": _short(datastream), "result": as_number(result, "result")}
            read = read_by_profile(profile, document, self._device or datastream, self._source, when, offset)
            self._bounded(len(read.readings) + len(read.refusals))
            self.decoded.readings += read.readings
            self.decoded.refusals += read.refusals
        elif type(result) is list:
            for index, value in enumerate(result[:_MOST_PARTS]):
                of = series[index] if index < len(series) else _UNKNOWN
                part = "" if of.quantity else str(index)
                self._reading(datastream, f"result[{index}]", of, value, when, offset, part=part)
        elif type(result) is dict:
            for name, value in list(result.items())[:_MOST_PARTS]:
                self._reading(datastream, f"result.{name}", Series(name), value, when, offset)
        else:
            self._reading(datastream, "result", series[0] if series else _UNKNOWN, result, when, offset)

    def _series(self, observation: Mapping[str, Any]) -> tuple[str, list[Series]]:
        """The Datastream's name and what is known of it."""
        name, series = self._datastream, []
        for kind, plural in _SETS.items():
            inline = observation.get(kind)
            if type(inline) is dict:
                name = _named(plural, inline.get("@iot.id", inline.get("id"))) or name or _inserted(inline)
                series = described(inline)
                if series and "(" in name:
                    self._put(name, series)
            link = observation.get(f"{kind}@iot.navigationLink")
            if not name and type(link) is str:
                found = _LINK.search(link[-300:])
                name = found[1] if found else ""
        if name and not series:
            note = self._context.memory.get(self._key(name))
            series = [Series(*one) for one in note["series"]] if note is not None else []
        return name, series

    def _bounded(self, further: int) -> None:
        if len(self.decoded.readings) + len(self.decoded.refusals) + further > self._source.max_readings:
            raise refusal("too_large", f"more than {self._source.max_readings} values in one message")

    def _put(self, datastream: str, series: list[Series]) -> None:
        self._context.memory.put(self._key(datastream), {"series": [list(one) for one in series]})

    def _key(self, datastream: str) -> str:
        return f"sensorthings/{self._device or ''}/{datastream}"

    def _when(self, observation: Mapping[str, Any], zone: str | None, *, alone: bool) -> When:
        for name in ("phenomenonTime", "resultTime"):
            value = observation.get(name)
            if type(value) is dict:  # SensorThings 2.0
                value = "/".join(str(value[key]) for key in ("start", "end") if value.get(key) is not None)
            if value is None or value == "":
                continue
            return written_time(value, zone, self._message.received_at, name, alone=alone)
        return ARRIVAL

    def _reading(
        self, datastream: str, field: str, series: Series, value: Any, when: When, offset: float, *, part: str = ""
    ) -> None:
        if type(value) in {bool, dict, list}:
            return
        decoded, unit = self.decoded, series.unit
        try:
            if type(value) is str:
                value, written = number_in_text(value, field)
                unit = unit or written
            if not (is_name(field) and (series.quantity is None or is_name(series.quantity))):
                raise bad_name(field, field)
            converted = number(value, field)
        except Refusal as refused:
            decoded.refusals.append(refused)
            return
        if converted is None:
            return
        self._bounded(1)
        channel = part if self._device is None else "_".join(item for item in (_short(datastream), part) if item)
        reading = Reading(
            self._device or datastream,
            field,
            series.quantity,
            channel,
            converted,
            unit,
            when.time,
            0.0 if when.time is not None else offset,
            when.seconds,
        )
        if when.refused is None:
            decoded.readings.append(reading)
        else:
            why = when.refused
            decoded.refusals.append(Refused(why.code, why.detail, hint=why.hint, reading=reading))


def _named(plural: str, identity: Any) -> str:
    """A Datastream's path: texts are quoted, as OData has it."""
    if type(identity) is int:
        return f"{plural}({identity})"
    return f"{plural}('{identity}')" if type(identity) is str and identity else ""


def _inserted(datastream: Mapping[str, Any]) -> str:
    """A Datastream that is made with its observation has no id yet, but names."""
    thing = datastream.get("Thing")
    names = [thing.get("name") if type(thing) is dict else None, datastream.get("name")]
    return "/".join(name.strip() for name in names if type(name) is str and name.strip())


def _short(datastream: str) -> str:
    """A Datastream as the channel of a device."""
    inner = datastream.partition("(")[2].rstrip(")") or datastream
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", inner).strip("_.-")[-32:].lstrip("_.-")


DECODER = Decoder("sensorthings", recognises, decode, reads_empty=True)
