"""Whether a source's file can be meant as it stands: every name exists, nothing contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bypuls.errors import UnitError
from bypuls.units import Conditions
from ingest.address import Address
from ingest.choice import EVERY
from ingest.sources import BUILT_IN
from ingest.topics import identity_pattern

if TYPE_CHECKING:
    from ingest.source_files import SourceFile
    from ingest.validation import Catalogue

_OWN_FILTER = "bypuls/v1/+/"
_NEED_EVERYTHING = frozenset({"sparkplug_b", "ha_discovery", "homie"})


def problem_of(source: SourceFile, catalogue: Catalogue) -> str | None:
    """The first thing that is wrong, or None.

    Raises:
        SettingsError: the broker's address is none.
    """
    return next((problem for rule in _RULES if (problem := rule(source, catalogue)) is not None), None)


def _name(source: SourceFile, _catalogue: Catalogue) -> str | None:
    taken = source.name in {known.name for known in BUILT_IN}
    return f"the name {source.name!r} is taken by a built-in source" if taken else None


def _topics(source: SourceFile, _catalogue: Catalogue) -> str | None:
    if not _is_filter(source.topic_filter):
        return f"topic_filter {source.topic_filter!r} is no MQTT filter (+ and # stand alone, # last)"
    if source.device_field is not None and not source.trusts_payload_device:
        return "device_field goes with a gateway: say trusts_payload_device: true"
    if source.identity is None:
        if source.city is None and not source.topic_filter.startswith(_OWN_FILTER):
            return "its topics name no city: say city, or let identity name it ({city})"
        return None
    return _identity(source, source.identity)


def _identity(source: SourceFile, template: str) -> str | None:
    try:
        named = identity_pattern(template).groupindex
    except ValueError as error:
        return f"identity {template!r}: {error}"
    if "device" not in named and not source.trusts_payload_device:
        return f"identity {template!r} names no {{device}}, and the source is no gateway (trusts_payload_device)"
    if source.city is None and "city" not in named:
        return "identity names no {city}: say city"
    return None


def _formats(source: SourceFile, catalogue: Catalogue) -> str | None:
    if source.format is not None and source.formats:
        return "say format or formats, not both"
    if source.profile is not None and source.profiles is not None:
        return "say profile or profiles, not both"
    formats = source.chosen_formats()
    profiles = [source.profile] if source.profile is not None else source.profiles or []
    if formats != (EVERY,) and (problem := _unknown("format", formats, catalogue.decoders)) is not None:
        return problem
    if (problem := _unknown("profile", profiles, catalogue.profiles)) is not None:
        return problem
    of_servers = [name for name in profiles if formats == ("profile",) and _is_of_servers(name, catalogue)]
    if of_servers:
        return f"profile {of_servers[0]!r} is read in network servers' messages: name the format too, as format: tts_v3"
    return None


def _is_of_servers(profile: str, catalogue: Catalogue) -> bool:
    document = catalogue.profiles[profile].document
    return document.lorawan is not None and not document.topics


def _unknown(what: str, names: Collection[str], known: Collection[str]) -> str | None:
    missing = next((name for name in names if name not in known), None)
    return None if missing is None else f"no {what} {missing!r}; there are: {', '.join(sorted(known))}"


def _units(source: SourceFile, catalogue: Catalogue) -> str | None:
    refers = source.concentrations
    conditions = None if refers is None else Conditions(refers.temperature, refers.pressure)
    for name, unit in source.units.items():
        if name not in catalogue.properties:
            found = catalogue.properties.find(name)
            meant = f"; {found[0].id} is meant" if found is not None else ""
            return f"units: {name!r} is no observed property{meant} (docs/properties.md)"
        try:
            catalogue.units.conversion(unit, catalogue.properties[name], conditions)
        except UnitError as error:
            return f"units.{name}: {error.detail}"
    return None


def _broker(source: SourceFile, _catalogue: Catalogue) -> str | None:
    files = {"ca": source.ca, "certificate": source.certificate, "key": source.key}
    given = [name for name, file in files.items() if file is not None]
    if source.broker is None:
        if source.password_variable is not None:
            return "password_variable goes with a broker of the source's own"
        return f"{given[0]} goes with a broker of the source's own" if given else None
    address = Address.parse(source.broker)
    if address.password is not None:
        return "a password has no place in a file; name its variable as password_variable"
    return _tls(files, given, tls=address.tls)


def _share(source: SourceFile, _catalogue: Catalogue) -> str | None:
    """What one message says of those that follow must reach the process that reads these."""
    formats = source.chosen_formats()
    split = sorted(_NEED_EVERYTHING & set(formats)) or (["*"] if EVERY in formats else [])
    if source.share is None or not split:
        return None
    return f"share goes not with format {split[0]}: births and metadata would reach one process, values another"


def _tls(files: dict[str, str | None], given: list[str], *, tls: bool) -> str | None:
    if given and not tls:
        return f"{given[0]} goes with TLS: write mqtts:// in the broker's address"
    if "key" in given and "certificate" not in given:
        return "key goes with certificate"
    relative = next((name for name in given if not PurePath(files[name] or "").is_absolute()), None)
    return f"{relative} needs an absolute path: it is read where ingest runs" if relative else None


def _protocol(source: SourceFile, _catalogue: Catalogue) -> str | None:
    if source.content_types and source.protocol != "5":
        return "content_types needs protocol: '5'; older MQTT has no content types"
    return None


def _zone(source: SourceFile, _catalogue: Catalogue) -> str | None:
    try:
        if source.zone is not None:
            ZoneInfo(source.zone)
    except (KeyError, ValueError, OSError):
        return f"zone {source.zone!r} is no time zone such as Europe/Oslo"
    return None


def _is_filter(text: str) -> bool:
    """MQTT 3.1.1, section 4.7; shared subscriptions have a key of their own (`share`)."""
    levels = text.split("/")
    alone = all(level in {"+", "#"} or not {"+", "#"} & set(level) for level in levels)
    return alone and "#" not in levels[:-1] and levels[0] != "$share" and "\0" not in text


_RULES: tuple[Callable[[SourceFile, Catalogue], str | None], ...] = (
    _name,
    _topics,
    _formats,
    _units,
    _broker,
    _protocol,
    _share,
    _zone,
)
