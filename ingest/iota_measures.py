"""What FIWARE's IoT Agents share, JSON or UltraLight: their topics, and groups of measures. Reads no payload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Message, Reading, Refused, Source
from ingest.ngsi_times import ARRIVAL, When, written_time
from ingest.profiles import Profile
from ingest.provisioned import read_by_profile, zone_and_profile
from ingest.reasons import refusal
from ingest.strict_json import bad_name, is_name, number
from ingest.topics import topic_device

PROTOCOLS = frozenset({"json", "ul"})
_KINDS = frozenset({"cmd", "cmdexe"})
_TIMES = ("TimeInstant", "timestamp")
# Texts of the agents' own documentation that are numbers and their unit.
_SUFFIXES = {"%": "%", "°C": "Cel", "ºC": "Cel"}
# Digits, a sign, a dot, and the letters of nan and infinity.
_BEGIN_NUMBERS = "0123456789+-.nNiI"
_STEP = 1e-6
_LONGEST_TOPIC = 1000


class AgentTopic(NamedTuple):
    """What an agent's topic says.

    Attributes:
        protocol: "json", "ul", or "" in the older form without one.
        device: beside the API key, which is a secret shared by a group and names nothing.
        attribute: of a single measure; "" otherwise.
        measures: False for commands, their results and configuration.
    """

    protocol: str
    device: str
    attribute: str
    measures: bool


# Every message asks; devices keep publishing to the same topics.
@lru_cache(maxsize=65_536)
def agent_topic(topic: str) -> AgentTopic | None:
    """Read a topic, with or without a slash in front, or None when it is none of the agents'.

    >>> agent_topic("/ul/ABCDEF/id_sen1/attrs/h")
    AgentTopic(protocol='ul', device='id_sen1', attribute='h', measures=True)
    """
    if len(topic) > _LONGEST_TOPIC:
        return None
    levels = topic.removeprefix("/").split("/")
    if "attrs" in levels[2:]:
        at = len(levels) - 1 if levels[-1] == "attrs" else len(levels) - 2
        if levels[at] != "attrs":
            return None
        attribute, measures = "/".join(levels[at + 1 :]), True
        if at + 1 < len(levels) and not attribute:
            return None
    elif levels[-1] in _KINDS:
        at, attribute, measures = len(levels) - 1, "", False
    elif levels[-2:-1] == ["configuration"] and levels[-1] in {"commands", "values"}:
        at, attribute, measures = len(levels) - 2, "", False
    else:
        return None
    head = levels[:at]
    # What stands before the protocol is a prefix that the broker's access rules may ask for.
    protocol = head[-3].casefold() if len(head) > 2 and head[-3].casefold() in PROTOCOLS else ""  # noqa: PLR2004
    if len(head) < 2 or not all(head[-2:]) or (not protocol and len(head) > 2):  # noqa: PLR2004 - key and device
        return None
    return AgentTopic(protocol, head[-1], attribute, measures)


@dataclass(slots=True)
class Groups:
    """The groups of one message.

    Attributes:
        zone: of times without one.
        profile: says what the names mean, as an agent's provisioning does; None: they mean what they say.
        count: how many groups the message holds.
    """

    source: Source
    device: str
    zone: str | None
    arrival: datetime
    decoded: Decoded
    profile: Profile | None = None
    count: int = 1

    @classmethod
    def of(cls, message: Message, source: Source, context: Context, decoded: Decoded) -> Groups:
        """For the device that the source's identity rule names, else the topic, with what the registry knows of it."""
        topic = agent_topic(message.topic)
        device = topic_device(message, source) or (topic.device if topic is not None else "")
        zone, profile = zone_and_profile(device, source, context)
        return cls(source, device, zone, message.received_at, decoded, profile)

    def read(self, group: Mapping[str, Any], index: int) -> None:
        """Read one group: attribute -> value.

        Groups without a time arrive together. The last one is taken as of the arrival, each before it a microsecond
        earlier: their order stays and none replaces another.

        Raises:
            Refusal: the message holds too many values.
        """
        if len(group) > self.source.max_readings:
            raise refusal("too_large", f"{len(group)} values in one group; {self.source.max_readings} are allowed")
        when = self._time(group)
        offset = _STEP * (index + 1 - self.count)
        if self.profile is not None:
            self._by_profile({name: value for name, value in group.items() if name not in _TIMES}, when, offset)
            return
        for name, value in group.items():
            if type(value) is bool or value is None or name in _TIMES:
                continue
            if type(value) is list:
                self.series(name, value)
            elif type(value) is not dict:
                self.measure(name, value, when, offset)
        self._bounded()

    def series(self, name: str, items: Sequence[Any]) -> None:
        """Read `[{"timestamp", "value"}, …]` of one attribute; other lists are no measures.

        Raises:
            Refusal: the message holds too many values.
        """
        if not items or not all(type(item) is dict and "value" in item for item in items):
            return
        if len(items) > self.source.max_readings:
            raise refusal("too_large", f"{len(items)} values in one message; {self.source.max_readings} are allowed")
        for index, item in enumerate(items):
            self.measure(name, item["value"], self._time(item, len(items)), _STEP * (index + 1 - len(items)))
        self._bounded()

    def measure(self, name: str, value: Any, when: When = ARRIVAL, offset: float = 0.0) -> None:
        """Read one value; texts that are no numbers, Booleans and objects measure nothing."""
        if self.profile is not None:
            self._by_profile({name: value}, when, offset)
            return
        kind, unit = type(value), None
        if value is None or kind is bool or kind is list or kind is dict:
            return
        try:
            if kind is str:
                converted, unit = number_in_text(value, name)
            else:
                converted = number(value, name)
            if converted is not None and not is_name(name):
                raise bad_name(name, name)
        except Refusal as refused:
            self.decoded.refusals.append(refused)
            return
        if converted is None:
            return
        late = offset if when.time is None else 0.0
        reading = Reading(self.device, name, name, "", converted, unit, when.time, late, when.seconds)
        if when.refused is None:
            self.decoded.readings.append(reading)
        else:
            why = when.refused
            self.decoded.refusals.append(Refused(why.code, why.detail, hint=why.hint, reading=reading))

    def _by_profile(self, group: Mapping[str, Any], when: When, offset: float) -> None:
        """Read a group as the profile's first mapping says."""
        profile = self.profile
        if profile is None:
            return
        document = {name: as_number(value, name) for name, value in group.items()}
        read = read_by_profile(profile, document, self.device, self.source, when, offset)
        self.decoded.readings += read.readings
        self.decoded.refusals += read.refusals
        self.decoded.events += read.events
        self._bounded()

    def _time(self, group: Mapping[str, Any], count: int = 1) -> When:
        for name in _TIMES:
            value = group.get(name)
            if value is None or (type(value) is str and not value.strip()):
                continue
            alone = self.count == 1 and count == 1
            return written_time(value, self.zone, self.arrival, name, alone=alone)
        return ARRIVAL

    def _bounded(self) -> None:
        count = len(self.decoded.readings) + len(self.decoded.refusals)
        if count > self.source.max_readings:
            raise refusal("too_large", f"{count} values in one message; {self.source.max_readings} are allowed")


def as_number(value: Any, name: str) -> Any:
    """A number that was sent as a text, as a number; other texts may be words that a profile knows."""
    if type(value) is not str:
        return value
    try:
        found, unit = number_in_text(value, name)
    except Refusal:
        return value
    return value if found is None or unit is not None else found


def number_in_text(text: str, name: str) -> tuple[float | None, str | None]:
    """The number that a text means and the unit behind it; no number: the text measures nothing.

    Raises:
        Refusal: it is a number, but not one that can be stored (a decimal comma, NaN).
    """
    text = text[:80].strip()
    if text[:1] not in _BEGIN_NUMBERS or not text:
        return None, None
    try:
        return number(text, name), None
    except Refusal as refused:
        for suffix, unit in _SUFFIXES.items():
            if text.endswith(suffix):
                return number(text.removesuffix(suffix).strip(), name), unit
        whole, comma, rest = text.partition(",")
        if refused.code == "non_finite" or (comma and whole.lstrip("+-").isdigit() and rest.isdigit()):
            raise
        return None, None
