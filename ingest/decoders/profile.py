"""Maker profiles: Tasmota, Shelly, Zigbee2MQTT … each described by one YAML, and any maker's that you add.

The topic chooses profile and mapping; a source that names one profile, or the profile that the registry has for the
device, comes first. What the mapping says is data: where objects, device, channel, time and values stand, the unit that
the maker documents, numbers and texts that say "no value". Bare numbers (`…/voltage` with `231`) and JSON live on one
wildcard, and so do last wills (`Online`, `offline`, `true`, `{"state": "online"}`): these become device events.

Device: the topic's level that the source's identity rule names, else the profile's. Units: as sent, else as the maker's
documentation says. Time: as sent; without a zone the registry's, the profile's or the source's zone is taken, and
without any of them the time of arrival, because such a time may mean several hours.
"""

from __future__ import annotations

from typing import Any

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, SentEvent, Source
from ingest.mapping import Scene, apply
from ingest.profiles import Fit, Profile
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse
from ingest.topics import own_topic, topic_device

_LONGEST_WORD = 64
_BRACKETS = (b"{", b"[")
_BLANK = b" \t\r\n\xef\xbb\xbf"


def recognises(_message: Message) -> bool:
    """Never of itself: which topics there are, the profiles say (`knows`)."""
    return False


def knows(message: Message, context: Context) -> bool:
    """Whether a profile reads this topic, or the registry has one for the device."""
    document = _Document(message.payload)
    named = context.profiles.named
    if any(_suits(fit, document, named=named) for fit in context.profiles.candidates(message.topic, None)):
        return True
    topic = own_topic(message.topic)
    if topic is None:
        return False
    registered = context.registered(topic.device)
    return registered is not None and registered.profile in context.profiles


def _suits(fit: Fit, document: _Document, *, named: bool) -> bool:
    """Whether an entry is meant for this payload: bare values, words and JSON live on one wildcard."""
    entry = fit.entry
    if entry.rule.named_only and not named:
        return False
    if entry.keys:
        return document.has(entry.keys)
    if entry.rule.ignore is not None or document.word() in entry.events:
        return True
    if entry.rule.mapping is None:
        return False
    return (fit.profile.mapping(entry.rule.mapping).name is None) is document.is_json()


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings and events of one message.

    Raises:
        Refusal: of the whole message.
    """
    device = topic_device(message, source)
    document = _Document(message.payload)
    profile, fit = _choose(message.topic, document, device, source, context)
    mapping = profile.default
    captures = {} if fit is None else fit.captures
    if fit is not None:
        if device is None or source.trusts_payload_device:
            device = _named(fit) or device
        rule = fit.entry.rule
        if fit.entry.events:
            told = _event(document, fit, device)
            if told is not None:
                return Decoded(events=[told])
            if rule.mapping is None:
                raise refusal("unknown_event", f"{shortened(document.text)} is none of {', '.join(rule.events)}")
        if rule.ignore is not None:
            return Decoded(ignored=rule.ignore)
        mapping = rule.mapping or mapping

    def zone_of(name: str) -> str | None:
        known = context.registered(name)
        return None if known is None else known.zone

    fixed = topic_device(message, source) is not None and not source.trusts_payload_device
    scene = Scene(device, source, captures=captures, zone_of=zone_of, fixed=fixed)
    content = document.bare() if profile.mapping(mapping).name is not None else document.json()
    return apply(profile, mapping, content, scene)


def _choose(
    topic: str, document: _Document, device: str | None, source: Source, context: Context
) -> tuple[Profile, Fit | None]:
    """Profile and topic's entry: the registry's for the device, the source's only one, else the closest.

    Raises:
        Refusal: `topic_not_ours`.
    """
    profiles, allowed = context.profiles, source.profiles
    forced = None
    registered = None if device is None else context.registered(device)
    if registered is not None and registered.profile is not None and registered.profile in profiles:
        forced = registered.profile
    elif allowed is not None and len(allowed) == 1 and allowed[0] in profiles:
        forced = allowed[0]
    fits = profiles.candidates(topic, allowed if forced is None else (forced,))
    named = forced is not None or allowed is not None
    for fit in fits:
        if _suits(fit, document, named=named):
            return fit.profile, fit
    # A payload of the wrong kind is still this topic's: what is wrong with it is to be told.
    for fit in fits:
        if not fit.entry.keys and (forced is not None or not fit.entry.rule.named_only):
            return fit.profile, fit
    if forced is not None:
        return profiles[forced], None
    raise refusal(
        "topic_not_ours",
        f"no profile reads {shortened(topic)}",
        hint="name the profile in the source, or in the device's entry of the registry",
    )


def _named(fit: Fit) -> str | None:
    if fit.entry.device is not None:
        return fit.entry.device.fill(None, None, fit.captures)
    return fit.captures.get("device")


def _event(document: _Document, fit: Fit, device: str | None) -> SentEvent | None:
    """The event that a last will's word stands for."""
    kind = fit.entry.events.get(document.word())
    if kind is None:
        return None
    if not device:
        raise refusal("device_missing", f"{shortened(document.text)} does not say of which device")
    return SentEvent(device, kind, None)


class _Document:
    """A payload that may be JSON or a bare word; read at most once."""

    __slots__ = ("_fault", "_parsed", "_payload", "text")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._parsed: Any = self
        self._fault: Refusal | None = None
        self.text = payload[:_LONGEST_WORD].decode("utf-8", "replace").strip() if len(payload) <= _LONGEST_WORD else ""

    def json(self) -> Any:
        """The JSON document.

        Raises:
            Refusal: it is none.
        """
        if self._parsed is self:
            try:
                self._parsed = parse(self._payload)
            except Refusal as refused:
                self._parsed, self._fault = None, refused
        if self._fault is not None:
            raise self._fault
        return self._parsed

    def is_json(self) -> bool:
        """Whether it begins as a JSON object or array does."""
        return self._payload[:_LONGEST_WORD].lstrip(_BLANK)[:1] in _BRACKETS

    def has(self, keys: frozenset[str]) -> bool:
        """Whether it is an object with these members."""
        # Most messages are none: they need not be read as a whole to see it.
        if not all(key.encode() in self._payload for key in keys):
            return False
        try:
            document = self.json()
        except Refusal:
            return False
        return type(document) is dict and keys <= document.keys()

    def bare(self) -> Any:
        """A number or text: a JSON one, or the text as it stands.

        Raises:
            Refusal: `wrong_type`.
        """
        if not self.text:
            if not self._payload.strip():
                return None
            raise refusal("wrong_type", f"{len(self._payload)} bytes are no bare number")
        if self.text[0] in "{[":
            raise refusal("wrong_type", f"{shortened(self.text)} is no bare number", hint="another topic carries JSON")
        return self.text[1:-1] if len(self.text) > 1 and self.text[0] == self.text[-1] == '"' else self.text

    def word(self) -> str:
        """The word of a last will, in small letters; of JSON that of its member "state"."""
        if self.text[:1] == "{":
            try:
                document = self.json()
            except Refusal:
                return ""
            state = document.get("state") if type(document) is dict else None
            return state.casefold() if type(state) is str else ""
        return self.text.strip('"').casefold()


DECODER = Decoder("profile", recognises, decode, knows=knows)
