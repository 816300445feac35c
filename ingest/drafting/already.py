"""What reads a message already: a format by itself, a profile that there is, or a network server's envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.decoding import Message
from ingest.profiles import Profile, Profiles
from ingest.reasons import shortened
from ingest.sources import ANY, source_for
from ingest.strict_json import parse
from ingest.validation import Catalogue, Reader

# They read whatever looks like JSON or a number, as far as its words go: a profile says more.
_OF_ANYBODY = frozenset({"json", "bare_value"})
_OF_SERVERS = frozenset({"tts_v3", "chirpstack_v4", "helium"})
_PROFILE = "profile"
# What a profile would mend; a code for no value, or a time that is too late, is read as it is meant.
_UNREAD = frozenset(
    {"unknown_property", "unit_missing", "unknown_unit", "unit_dimension_mismatch", "wrong_type", "time_unreadable"}
    | {"time_without_zone", "scale_unclear", "no_codec", "codec_failed", "two_values", "topic_not_ours"}
)


class Unwrapped(NamedTuple):
    """What a LoRaWAN network server's envelope says of a frame.

    Attributes:
        document: what its codec made.
    """

    brand: str
    model: str
    eui: str
    device_profile: str
    document: Any


class Already(NamedTuple):
    """How a message is read without a draft.

    Attributes:
        format: its name; "" where only those read it that read anybody's words.
        profile: the id of the one that reads it; "" where none does.
        readings: how many would be stored.
        left: how many numbers, or the whole message, nobody reads.
        unwrapped: of an envelope that holds a decoded object.
        refused: an envelope that is not read, and of which nothing can be drafted.
    """

    format: str
    profile: str
    readings: int
    left: int
    unwrapped: Unwrapped | None
    refused: Refusal | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left for a draft."""
        if self.format in _OF_SERVERS and self.unwrapped is None:
            return self.refused is None  # no profile is asked about it
        known = self.profile if self.unwrapped is not None or self.format == _PROFILE else self.format
        return bool(known) and not self.left

    def said(self) -> str:
        """In one line; "" where nothing reads it."""
        if not self.format:
            return ""
        if self.unwrapped is not None and not self.profile:
            return f"The envelope is of format {self.format}; this profile is of what stands in its decoded object."
        reader = f"profile {self.profile}" if self.format == _PROFILE else f"format {self.format}"
        reader += f" with profile {self.profile}" if self.profile and self.format != _PROFILE else ""
        many = f"{self.readings} value{'' if self.readings == 1 else 's'}" if self.readings else "no values, rightly"
        if self.whole:
            return f"{reader} reads this already: {many}; there is nothing to draft."
        if not self.readings:
            return f"{reader} knows this, but reads nothing of it: {self.left} refused."
        return (
            f"{reader} reads {many} of this already, {self.left} refused: only for what is refused is a draft needed."
        )


class _Asked(Profiles):
    """The profiles there are, and what an envelope asked them for."""

    unwrapped: Unwrapped | None = None
    chosen: Profile | None = None

    def for_uplink(
        self,
        brand: str | None = None,
        model: str | None = None,
        dev_eui: str | None = None,
        device_profile: str | None = None,
        f_port: int | None = None,
        document: Any = None,
        allowed: tuple[str, ...] | None = None,
    ) -> Profile | None:
        self.chosen = super().for_uplink(brand, model, dev_eui, device_profile, f_port, document, allowed)
        self.unwrapped = Unwrapped(brand or "", model or "", dev_eui or "", device_profile or "", document)
        return self.chosen


def already(topic: str, payload: bytes, now: datetime, catalogue: Catalogue) -> Already:
    """How a message is read by what there is."""
    source = source_for(topic)
    asked = _Asked(catalogue.profiles)
    read = Reader(source, replace(catalogue, profiles=asked)).read(Message(topic, payload, now))
    name = read.decoder or ""
    if name in _OF_ANYBODY or (name == "own_json" and source is ANY):
        name = ""
    left = sum(1 for refused in read.refusals if refused.code in _UNREAD)
    unread = not (read.accepted or read.events) and (bool(read.refusals) or name == _PROFILE)
    profile = asked.chosen.id if asked.chosen is not None else ""
    if name == _PROFILE:
        profile = _of_topic(topic, payload, catalogue.profiles)
    unwrapped = asked.unwrapped
    if unwrapped is not None:
        bytes_alone = any(refused.code in {"no_codec", "codec_failed"} for refused in read.refusals)
        unwrapped = None if bytes_alone or unwrapped.document is None else unwrapped
    refused = read.refusals[0] if unread and read.refusals and name in _OF_SERVERS and unwrapped is None else None
    return Already(name, profile, len(read.accepted), max(left, int(unread)), unwrapped, refused)


def _of_topic(topic: str, payload: bytes, profiles: Profiles) -> str:
    try:
        document = parse(payload)
    except Refusal:
        document = None
    fit = profiles.for_topic(topic, None, document)
    return "" if fit is None else fit.profile.id


def names(unwrapped: Unwrapped) -> tuple[dict[str, list[str]], str, str]:
    """Members of `lorawan:` that find such a device, their reason, and what to call the kind of device.

    The name of a device profile and a model are patterns in a profile: theirs are escaped by who writes it.
    """
    found: Mapping[str, list[str]]
    if unwrapped.brand:
        found = {"brands": [unwrapped.brand], "models": [unwrapped.model] if unwrapped.model else []}
        kind = f"{unwrapped.brand} {unwrapped.model}".strip()
        return {key: value for key, value in found.items() if value}, "the network server's names for it", kind
    if unwrapped.device_profile:
        reason = f"the network server's device profile is {shortened(unwrapped.device_profile)}"
        return {"device_profiles": [unwrapped.device_profile]}, reason, unwrapped.device_profile
    start = unwrapped.eui[:8].upper()
    if len(start) == 8 and all(digit in "0123456789ABCDEF" for digit in start):  # noqa: PLR2004
        reason = "the EUI's first 8 digits; compare them with another device's of this kind"
        return {"eui": [start]}, reason, f"EUI {start}"
    return {}, "the message does not tell the kind of device: name brands, models, eui or keys here", ""
