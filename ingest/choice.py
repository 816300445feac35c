"""Which format a message is in: what its source says, then the registry, then its content type, then its looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bypuls.errors import CatalogueError
from ingest.decoding import Context, Decoder, Message, Registered, Source
from ingest.profiles import Profiles
from ingest.reasons import refusal, shortened
from ingest.topics import topic_device

EVERY = "*"
"""Instead of formats' names: all of them, in an order in which the strict ones are asked first."""

_PROFILE = "profile"
_LAST = ("senml", _PROFILE, "json", "bare_value", "own_json")
_ON_DEMAND = frozenset({"device_event"})  # an object on any topic is no event
_TOLD_APART = frozenset({"own_json", "senml", "device_event"})


class Choice:
    """Chooses among the formats of one source.

    Args:
        registered: what the registry says of a device, by its external id.

    Raises:
        CatalogueError: the source names a format that there is not.
    """

    def __init__(
        self,
        source: Source,
        decoders: Mapping[str, Decoder],
        profiles: Profiles,
        registered: Callable[[str], Registered | None],
    ) -> None:
        self._source, self._profiles, self._registered = source, profiles, registered
        self._decoders = {name: decoders[name] for name in formats_of(source, decoders)}
        self._in_order = tuple(self._decoders.values())
        self._only = self._in_order[0] if len(self._in_order) == 1 else None
        # Formats that nobody can mistake for each other need no question.
        self._asks_registry = self._only is None and not self._decoders.keys() <= _TOLD_APART
        self._is_told = self._asks_registry or source.content_types
        self._by_content_type = {name: known for known in self._in_order for name in known.content_types}
        self._forgetful = tuple(known for known in self._in_order if known.reads_empty)

    def decoder(self, message: Message, context: Context) -> Decoder:
        """The format of a message.

        Raises:
            Refusal: `unknown_format`.
        """
        if self._only is not None:
            return self._only
        if self._is_told:
            chosen = self._told(message)
            if chosen is not None:
                return chosen
        for known in self._in_order:
            if known.recognises(message) or (known.knows is not None and known.knows(message, context)):
                return known
        if not self._asks_registry:
            return self._in_order[0]
        names = ", ".join(self._decoders)
        raise refusal("unknown_format", f"{shortened(message.payload, 40)} is in none of the formats {names}")

    def of_empty(self, message: Message) -> Decoder | None:
        """The format that an empty payload takes something back from; None: it is no message at all."""
        return next((known for known in self._forgetful if known.recognises(message)), None)

    def _told(self, message: Message) -> Decoder | None:
        """What the registry or the message itself says; None: neither says something that the source allows."""
        if self._asks_registry:
            device = topic_device(message, self._source)
            known = None if device is None else self._registered(device)
            if known is not None and known.profile is not None:
                chosen = self._registered_format(message, known.profile)
                if chosen is not None:
                    return chosen
        if self._source.content_types and message.content_type is not None:
            return self._by_content_type.get(message.content_type.partition(";")[0].strip().casefold())
        return None

    def _registered_format(self, message: Message, profile: str) -> Decoder | None:
        """A device's profile is a format's name, or a maker's."""
        if profile in self._decoders:
            return self._decoders[profile]
        if _PROFILE not in self._decoders or profile not in self._profiles:
            return None
        # What only network servers send stands in their envelopes, which are formats of their own.
        for_servers = self._profiles[profile].document.lorawan is not None
        if for_servers and self._profiles.for_topic(message.topic, (profile,)) is None:
            return None
        return self._decoders[_PROFILE]


def formats_of(source: Source, decoders: Mapping[str, Decoder]) -> tuple[str, ...]:
    """The names of the formats that a source may use, in the order in which they are asked.

    Raises:
        CatalogueError: there is no format of this name.
    """
    if source.formats == (EVERY,):
        strict = sorted(name for name in decoders if name not in _ON_DEMAND and name not in _LAST)
        return (*strict, *(name for name in _LAST if name in decoders))
    missing = [name for name in source.formats if name not in decoders]
    if missing or not source.formats:
        known = ", ".join(sorted(decoders))
        raise CatalogueError(f"source {source.name}: no decoder {', '.join(missing) or 'given'}; there are: {known}")
    return source.formats
