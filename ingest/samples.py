"""Runs a folder of recorded sample messages: does each decode to what its file says a right decoder finds?

A sample is one JSON file: `format`, `topic`, `payload` | `payload_text` | `payload_base64`, `expected`, and optionally
`expect`, `error`, `requires`, `event`. Compared are the readings as they were sent, before any conversion: property,
value, unit and time of each (device, field). docs/how-to/check-samples.md gives the rules.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bypuls.clock import isoformat
from bypuls.errors import SettingsError, UnitError
from ingest.accepted import Read
from ingest.decoding import Context, Message, Reading, Refused, Source
from ingest.memory import Memory
from ingest.sources import ANY, source_for
from ingest.topics import own_topic
from ingest.validation import Catalogue, Reader

_EXPECTATIONS = ("accept", "partial", "reject", "quarantine", "ignore")
_TOLERANCE = 1e-9
_TIME_TOLERANCE = timedelta(milliseconds=1)
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
# Faults of a value itself: what was read is no reading. All other refused readings were read, and count as found.
_NO_READING = frozenset({"sentinel", "wrong_type", "non_finite", "bad_name"})
_POSITION = frozenset({"latitude", "longitude", "altitude"})
# Frame counters and the like, by their own words: no property of ours, and no measurement.
_DIAGNOSTIC_WORDS = re.compile(r"f_?cnt|frame_?count(er)?|uptime|up|rssi|l?snr|seq(uence)?", re.IGNORECASE)
_EVENTS = {"online": "online", "offline": "offline", "join": "join", "sensor_fault": "fault"}

# How a source would be configured for devices of these kinds; a kind that is not here is sniffed among all formats.
_CONFIGURED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None]] = {
    "airrohr": (("profile",), ("airrohr",)),
    "ams_amsleser": (("profile",), ("ams-reader",)),
    "chirpstack_v4": (("chirpstack_v4",), None),
    "dsmr_p1": (("p1_telegram", "profile"), ("dsmr-reader",)),
    "esphome": (("profile",), ("esphome",)),
    "ha_discovery": (("ha_discovery",), None),
    "helium": (("helium",), None),
    "hikvision": (("profile",), ("hikvision",)),
    "homie5": (("homie",), None),
    "influx_lp": (("influx_lp",), None),
    "iota_json": (("iota_json",), None),
    "ngsi": (("ngsi",), None),
    "purpleair": (("profile",), ("purpleair",)),
    "road_radar": (("profile", "json"), ("axis-radar", "axis-object-analytics", "nwave")),
    "senml": (("senml",), None),
    "sensorthings": (("sensorthings",), None),
    "shelly_gen1": (("profile",), ("shelly-gen1",)),
    "shelly_gen2": (("profile",), ("shelly-gen2",)),
    "sparkplug_b": (("sparkplug_b",), None),
    "tasmota": (("profile",), ("tasmota",)),
    "telraam": (("profile",), ("telraam",)),
    "thingsboard": (("profile",), ("thingsboard",)),
    "tts_v3": (("tts_v3",), None),
    "ultralight": (("ultralight",), None),
    "zigbee2mqtt": (("profile",), ("zigbee2mqtt",)),
}


class Sample(NamedTuple):
    """One file."""

    name: str
    format: str
    document: Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """What came of one sample; no complaint: it passed."""

    name: str
    format: str
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A reading that the decoder made, and why it would not be stored."""

    reading: Reading
    code: str | None


def read_samples(folder: Path) -> list[Sample]:
    """Every `*.json` below a folder, in the order of their names.

    Raises:
        SettingsError: no such folder, or none in it.
    """
    if not folder.is_dir():
        message = f"sample folder {folder} is not there"
        raise SettingsError(message)
    samples = []
    for path in sorted(folder.rglob("*.json")):
        name = f"{path.parent.name}/{path.stem}"
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            document = {"unreadable": f"{path} is no JSON file: {error}"}
        if not isinstance(document, dict):
            document = {"unreadable": f"{path} holds no JSON object"}
        samples.append(Sample(name, str(document.get("format", path.parent.name)), document))
    if not samples:
        message = f"sample folder {folder} holds no *.json file"
        raise SettingsError(message)
    return samples


def check_samples(samples: Sequence[Sample], catalogue: Catalogue, now: datetime) -> list[Verdict]:
    """One verdict per sample; every message arrives `now`."""
    by_name = {sample.name: sample for sample in samples}
    return [_Check(sample, by_name, catalogue, now).verdict() for sample in samples]


def render(verdicts: Sequence[Verdict]) -> str:
    """A line per format, what is wrong below it, and a last line `N passed, M failed`."""
    formats: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        formats.setdefault(verdict.format, []).append(verdict)
    width = max(len(name) for name in formats)
    lines = []
    for name, of_format in sorted(formats.items()):
        failed = [verdict for verdict in of_format if verdict.complaints]
        lines.append(f"{name.ljust(width)}  {len(of_format) - len(failed)} passed, {len(failed)} failed")
        lines += [f"    {verdict.name}: {complaint}" for verdict in failed for complaint in verdict.complaints]
    failures = sum(1 for verdict in verdicts if verdict.complaints)
    return "\n".join([*lines, f"{len(verdicts) - failures} passed, {failures} failed"])


class _Check:
    """One sample against its own file."""

    def __init__(self, sample: Sample, others: Mapping[str, Sample], catalogue: Catalogue, now: datetime) -> None:
        self._sample, self._others, self._catalogue, self._now = sample, others, catalogue, now
        self._complaints: list[str] = []

    def verdict(self) -> Verdict:
        """Decode and compare."""
        try:
            self._compare(self._read())
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            unreadable = self._sample.document.get("unreadable")
            self._complaints.append(unreadable or f"the sample file is not as its README says: {error!r}")
        return Verdict(self._sample.name, self._sample.format, self._complaints)

    def _read(self) -> Read:
        context = Context(Memory(), self._catalogue.profiles, lambda _: None)
        reader = Reader(_source(self._sample), self._catalogue, context)
        for earlier in _chain(self._sample, self._others):
            reader.read(_message(earlier.document, self._now))
            context.memory.commit()
        return reader.read(_message(self._sample.document, self._now))

    def _compare(self, read: Read) -> None:
        document = self._sample.document
        found = [_Found(accepted.reading, None) for accepted in read.accepted]
        found += [_Found(refused.reading, refused.code) for refused in read.refusals if isinstance(refused, Refused)]
        expect = document.get("expect", "accept")
        if expect not in _EXPECTATIONS:
            self._complaints.append(f"expect is {expect!r}; one of {', '.join(_EXPECTATIONS)} is meant")
            return
        codes = [refused.code for refused in read.refusals]
        if expect == "ignore":
            if found or codes or read.events:
                self._complaints.append(f"nothing at all is meant; {len(found)} readings, refused: {codes}")
            return
        if expect == "reject":
            stored = [item.reading.field for item in found if item.code is None]
            if stored or document["error"] not in codes:
                wanted = document["error"]
                self._complaints.append(f"no reading and the error {wanted} are meant; read {stored}, refused: {codes}")
            return
        self._match(found)
        if expect == "partial" and not codes:
            self._complaints.append("at least one refusal is meant; nothing was refused")
        if expect == "quarantine" and (read.accepted or document["error"] not in codes):
            self._complaints.append(f"quarantine as {document['error']} is meant; refused: {codes}")
        event = _EVENTS.get(document.get("event", ""))
        if event is not None and event not in {sent.kind for sent in read.events}:
            kinds = [sent.kind for sent in read.events]
            self._complaints.append(f"the event {event} is meant; events: {kinds}, refused: {codes}")

    def _match(self, found: list[_Found]) -> None:
        """Every expected reading is found once; what else is there is allowed only where it measures nothing."""
        left = [item for item in found if not self._is_expected_sum(item.reading)]
        for expected in self._sample.document["expected"]:
            if isinstance(expected["value"], bool) or not isinstance(expected["value"], int | float):
                continue  # strings and Booleans are never readings
            candidates = self._candidates(expected, left)
            match = next((item for item in candidates if not self._differences(expected, item.reading)), None)
            if match is not None:
                left.remove(match)
            elif candidates:
                said = "; ".join(self._differences(expected, candidates[0].reading))
                self._complaints.append(f"{expected['device']} {expected['field']}: {said}")
            else:
                self._complaints.append(f"{expected['device']} {expected['field']}: not found")
        for item in left:
            if item.code not in _NO_READING and not self._is_harmless(item.reading):
                reading = item.reading
                named = f"{reading.device} {reading.field} = {reading.value:g} ({reading.quantity})"
                self._complaints.append(f"{named} is read and not expected")

    def _is_expected_sum(self, reading: Reading) -> bool:
        """SenML's sum (RFC 8428, section 4.5.4) is a reading of its own here; the samples have it beside the value."""
        name, mark, _ = reading.field.rpartition("#sum")
        sums = (e for e in self._sample.document["expected"] if e["device"] == reading.device and "sum" in e)
        return bool(mark) and any(_ends_with(name, e["field"]) and reading.value == e["sum"] for e in sums)

    def _candidates(self, expected: Mapping[str, Any], found: Sequence[_Found]) -> list[_Found]:
        """By device and field; by property where the sample's field is none that the decoder uses."""
        own = [item for item in found if (item.reading.device or None) == expected["device"]]
        wanted = _plain(expected["field"])
        by_field = [item for item in own if _plain(item.reading.field) == wanted]
        if not by_field:
            by_field = [item for item in own if _ends_with(_plain(item.reading.field), wanted)]
        return by_field or [item for item in own if self._same_property(expected, item.reading)]

    def _differences(self, expected: Mapping[str, Any], reading: Reading) -> list[str]:
        said = []
        if not self._same_property(expected, reading):
            said.append(f"property {expected['quantity']} is meant, {reading.quantity} is read")
        tolerance = expected.get("tolerance", _TOLERANCE)
        if not math.isclose(reading.value, expected["value"], rel_tol=tolerance, abs_tol=1e-12):
            said.append(f"{expected['value']} is meant, {reading.value} is read")
        if self._ucum(reading.unit) != self._ucum(expected["unit"]):
            said.append(f"unit {expected['unit']} is meant, {reading.unit} is read")
        arrived = self._now + timedelta(seconds=reading.offset_seconds)
        meant = self._now if expected["time"] is None else datetime.fromisoformat(expected["time"])
        meant += timedelta(seconds=expected.get("time_offset_s", 0))
        if abs((reading.time or arrived) - meant) > _TIME_TOLERANCE:
            time = "none" if reading.time is None else isoformat(reading.time)
            said.append(f"time {expected['time'] or 'none'} is meant, {time} is read")
        length = _length(expected)
        if length is not None and length != reading.interval_seconds:
            said.append(f"an interval of {length:g} s is meant, {reading.interval_seconds} is read")
        return said

    def _same_property(self, expected: Mapping[str, Any], reading: Reading) -> bool:
        properties, wanted = self._catalogue.properties, expected["quantity"]
        meant = None if wanted is None else properties.find(wanted)
        said = None if reading.quantity is None else properties.find(reading.quantity)
        if meant is None or said is None:
            # A word that the catalogue does not know stays the device's own.
            own_word = wanted is None or reading.quantity is None or _plain(reading.quantity) == _plain(wanted)
            return meant is None and said is None and own_word
        channel = reading.channel or said[1]
        return meant[0].id == said[0].id and (not meant[1] or meant[1] == channel.casefold())

    def _ucum(self, unit: str | None) -> str | None:
        """The samples give null for a unit that nobody knows, too."""
        try:
            return None if unit is None else self._catalogue.units.canonical(unit).ucum
        except UnitError:
            return None

    def _is_harmless(self, reading: Reading) -> bool:
        """Diagnostics of the device, and its position."""
        found = None if reading.quantity is None else self._catalogue.properties.find(reading.quantity)
        if found is None:
            return _DIAGNOSTIC_WORDS.fullmatch(reading.quantity or "") is not None
        return found[0].diagnostic or found[0].id in _POSITION


def _source(sample: Sample) -> Source:
    if own_topic(sample.document["topic"]) is not None:
        return source_for(sample.document["topic"])
    formats, profiles = _CONFIGURED.get(sample.format, (ANY.formats, None))
    return replace(ANY, formats=formats, profiles=profiles, city="samples")


def _chain(sample: Sample, others: Mapping[str, Sample]) -> Iterator[Sample]:
    """What must be fed first, first things first."""
    required = sample.document.get("requires")
    if required:
        earlier = others.get(required)
        if earlier is None:
            message = f"requires {required}, which is not in the folder"
            raise ValueError(message)
        yield from _chain(earlier, others)
        yield earlier


def _message(document: Mapping[str, Any], now: datetime) -> Message:
    if "payload_base64" in document:
        payload = base64.b64decode(document["payload_base64"], validate=True)
    elif "payload_text" in document:
        payload = document["payload_text"].encode()
    else:
        payload = json.dumps(document["payload"], ensure_ascii=False).encode()
    return Message(document["topic"], payload, now)


def _plain(path: str) -> str:
    """A field or word without positions in lists and without regard to case, separators or spaces."""
    return re.sub(r"[\s\-]+", "_", re.sub(r"\[\d+\]", "[]", path.strip())).casefold()


def _ends_with(path: str, wanted: str) -> bool:
    return path.endswith(wanted) and path[: -len(wanted)][-1:] in set("./:_]")


def _length(expected: Mapping[str, Any]) -> float | None:
    """Seconds of the interval that the sample says the value is of."""
    if expected.get("interval_end") and expected["time"]:
        return (_time(expected["interval_end"]) - _time(expected["time"])).total_seconds()
    match = _DURATION.fullmatch(expected.get("interval") or "")
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600.0 + minutes * 60.0 + seconds


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
