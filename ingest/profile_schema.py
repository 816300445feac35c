"""The grammar of a maker profile: what may stand in its YAML. It reads no file and no message."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ingest.decoding import EVENT_KINDS

Order = Literal["newest_first", "oldest_first"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word that the grammar does not have is an error, not a comment."""


class UnitAt(Strict, frozen=True):
    """A unit that stands in the message.

    Attributes:
        at: path; relative to the value's own object where `value` is given, else to the part's.
        default: where nothing stands there.
        words: what is written there -> unit.
    """

    at: str
    default: str | None = None
    words: dict[str, str] = {}


class TimeAt(Strict, frozen=True):
    """A time that is not simply Unix time or ISO 8601.

    Attributes:
        at: path.
        format: as `strptime` reads it.
        zone: of times without one, before the registry's, the profile's and the source's.
        unit: of Unix times: s, ms, us or ns; by their size where it is not given.
        day_first: 03/04/2026 is the third of April; without it such a date is not read.
    """

    at: str
    format: str | None = None
    zone: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    day_first: bool = False


class IntervalAt(Strict, frozen=True):
    """A length of time that stands in the message.

    Attributes:
        at: path.
        unit: of a number.
        words: text -> ISO 8601 duration (`hourly: PT1H`); a text that is a duration needs no word.
        default: ISO 8601 duration, where nothing stands there.
    """

    at: str
    unit: Literal["ms", "s", "min", "h"] = "s"
    words: dict[str, str] = {}
    default: str | None = None


class Value(Strict, frozen=True):
    """What one member means. Texts may have holes: `{path}`, `{/path}`, `{$capture}`; `$capture` alone is one.

    Attributes:
        property: observed property or a word of it; without one the member's own name.
        channel: lane, phase, sensor …; without one the part's.
        unit: as the maker documents it; null: neither message nor documentation gives one.
        value: path within the member, where it is an object such as `{value, unit}`.
        sentinels: numbers that say that a fitted sensor fails; refused, beside the profile's.
        no_value: numbers and texts that stand for nothing fitted: no reading, beside the profile's.
        map: text -> number; `true` and `false` for Booleans.
        suffix: the number may have a unit behind it (`-65dBm`), and zeros in front (`00640`).
        order: the member is a list of values, one interval apart.
        interval, stamp: as of the part.
        scale: factor, only where the maker documents the number as scaled.
        trailing_words: of the property's text, the longest run of last words that the catalogue knows; the words before
            it are the channel, where there is no other.
    """

    property: str | None = None
    channel: str | None = None
    unit: str | UnitAt | None = None
    value: str | None = None
    sentinels: list[float] = []
    no_value: list[float | str] = []
    map: dict[str, float] = {}
    suffix: bool = False
    order: Order | None = None
    newest_first: bool = False
    interval: str | IntervalAt | None = None
    stamp: Literal["start", "end"] | None = None
    scale: float | None = None
    trailing_words: bool = False


class Long(Strict, frozen=True):
    """One reading whose name stands in a member.

    Attributes:
        name, value, unit: paths.
        words: name (or a pattern of names) -> what it is.
    """

    name: str
    value: str
    unit: str | None = None
    words: dict[str, Value] = {}


class Part(Strict, frozen=True):
    """How the objects at one place are read.

    Attributes:
        each: where the objects are; the whole message where it is empty.
        carry: capture -> path: an object on the way to them (the message first) that has it gives it to those below.
        when: only objects in which these hold: path -> value, list of values, true (is there), false (is not), or
            `{not: [values]}` (null among them: and is there).
        device, channel: a path, or a text with holes; `=text` is a text.
        time, until: of the values; of an interval its start (or end, with `stamp: end`) and its end.
        interval: ISO 8601 duration, or where it stands.
        values: pattern of members -> what they are.
        field: how a value is named in answers; `{$key}`, its path within the part, where it is not given.
        ignore: patterns of members that are known and no measurement.
        unknown: numbers under other names are kept, under their own, or dropped.
        event: the object tells that this happened to its device; it is then not read for values.
    """

    each: str = ""
    carry: dict[str, str] = {}
    when: dict[str, Any] = {}
    device: str | None = None
    channel: str | None = None
    time: str | TimeAt | list[str | TimeAt] = []
    until: str | TimeAt | None = None
    interval: str | IntervalAt | None = None
    stamp: Literal["start", "end"] = "start"
    values: dict[str, Value] = {}
    long: Long | None = None
    field: str | None = None
    ignore: list[str] = []
    unknown: Literal["keep", "drop"] = "keep"
    event: Literal["online", "offline", "join", "battery", "fault", "moved"] | None = None


class MappingOf(Strict, frozen=True):
    """How one kind of message is read.

    Attributes:
        payload: `json`, or `value`: a bare number or text, read as the object `{name: value}`.
        name: text with holes, for `payload: value`.
    """

    parts: list[Part]
    payload: Literal["json", "value"] = "json"
    name: str = "{$quantity}"


class TopicRule(Strict, frozen=True):
    """What is published on a topic.

    Attributes:
        topic: template: `{x}` is one level or a part of one, `{x...}` one or more, `#` the rest, `**/` at the
            start whatever stands before.
        keys: only JSON objects with all of these members.
        mapping: how it is read.
        events: payload text, without case, or that of a member "state" -> kind of event.
        ignore: a key of `ingest.reasons.IGNORED`: known and nothing to store.
        device: text with holes; the capture {device} where it is not given.
        named_only: only where source or registry name this profile; for topics that could be anybody's.
    """

    topic: str
    keys: list[str] = []
    named_only: bool = False
    mapping: str | None = None
    events: dict[str, Literal[EVENT_KINDS]] = {}  # type: ignore[valid-type]
    ignore: str | None = None
    device: str | None = None


class LoRaWAN(Strict, frozen=True):
    """How a network server's envelope finds the profile.

    Attributes:
        brands, models: `version_ids` of The Things Stack; models are regular expressions.
        eui: prefixes of the device's EUI.
        device_profiles: regular expressions of the network server's device profile name.
        f_ports: only these ports are read; the others hold no measurement.
        keys: patterns, all of which the decoded object has; a list of lists: of one of them, all.
        mapping: how the decoded object is read.
    """

    brands: list[str] = []
    models: list[str] = []
    eui: list[str] = []
    device_profiles: list[str] = []
    f_ports: list[int] = []
    keys: list[str | list[str]] = []
    mapping: str = "uplink"


class Document(Strict, frozen=True):
    """A profile's YAML.

    Attributes:
        default: mapping of messages that a source or the registry gives to this profile and no topic tells apart.
        sentinels: numbers, as sent, with which devices say that a sensor fails: refused with the value kept.
        no_value: texts, without case, that stand where nothing was measured: no reading.
        maps: a capture of this name matches only these texts and becomes their value.
        zone: IANA name, of times without one, where the registry has none for the device.
        decode_uplink: JavaScript file beside the YAML that decodes LoRaWAN frames.
    """

    id: str
    title: str
    mappings: dict[str, MappingOf]
    maker: str = ""
    models: list[str] = []
    documentation: str = ""
    about: str = ""
    setup: str = ""
    topics: list[TopicRule] = []
    default: str | None = None
    lorawan: LoRaWAN | None = None
    maps: dict[str, dict[str, str]] = {}
    sentinels: list[float] = []
    no_value: list[str] = []
    zone: str | None = None
    decode_uplink: str | None = None
