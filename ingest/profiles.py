"""Maker profiles: one YAML says how one maker's messages are read. Checked and compiled once, chosen per message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import yaml

from bypuls import settings
from bypuls.errors import CatalogueError
from bypuls.typed import convert
from ingest.parts import CompiledMapping, compile_mapping
from ingest.paths import PatternError, Template, template
from ingest.patterns import TopicTemplate, captured, pattern, topic_template
from ingest.profile_schema import Document, TopicRule
from ingest.reasons import IGNORED

T = TypeVar("T")
_KEPT = 16_384
_MOST_KEYS = 200
_KEPT_UPLINKS = 4096
_LONGEST_KEYS = 2000
_LONGEST_TOPIC = 512


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML whose `on`, `off`, `yes` and `no` are words, for devices say them; a key that stands twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as PyYAML calls it
        """A mapping; the values of its keys as they stand.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice: the first would be lost without a word.
        """
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            if type(key.value) is str and key.value != "<<":
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), ["t", "f"])


class Entry(NamedTuple):
    """One of a profile's topics, compiled.

    Attributes:
        keys: members that the message must have.
        events: payload text in small letters -> kind of event.
    """

    rule: TopicRule
    template: TopicTemplate
    device: Template | None
    keys: frozenset[str]
    events: Mapping[str, str]


class Profile:
    """A profile, compiled.

    Attributes:
        document: as it stands in the file.
        origin: the file, for messages.
        codec: the maker's JavaScript for LoRaWAN frames; None: there is none.
        entries: its topics.
        default: the mapping of messages that no topic tells apart.
    """

    def __init__(self, document: Document, origin: str, folder: Traversable) -> None:
        self.document, self.origin = document, origin
        self.id = document.id
        self._mappings = {name: _at(f"mappings.{name}", compile_mapping, document, name) for name in document.mappings}
        self.entries = tuple(self._entry(index, rule) for index, rule in enumerate(document.topics))
        self.default = document.default or next(iter(document.mappings), "")
        self._check(folder)
        name = document.decode_uplink
        self.codec = None if name is None else (folder / name).read_text(encoding="utf-8")
        lorawan = document.lorawan
        self._brands = frozenset(brand.casefold() for brand in lorawan.brands) if lorawan else frozenset()
        self._models = _regexes("lorawan.models", lorawan.models if lorawan else [])
        self._device_profiles = _regexes("lorawan.device_profiles", lorawan.device_profiles if lorawan else [])
        self._signatures = _signatures(lorawan.keys if lorawan else [], document)

    def mapping(self, name: str) -> CompiledMapping:
        """One of its mappings."""
        return self._mappings[name]

    def _entry(self, index: int, rule: TopicRule) -> Entry:
        where = f"topics[{index}]"
        if sum((rule.mapping is not None, bool(rule.events), rule.ignore is not None)) == 0:
            raise CatalogueError(f"{where}: one of mapping, events and ignore is needed")
        if rule.mapping is not None and rule.mapping not in self._mappings:
            raise CatalogueError(f"{where}.mapping: there is no mapping {rule.mapping!r}")
        if rule.ignore is not None and rule.ignore not in IGNORED:
            raise CatalogueError(f"{where}.ignore: {rule.ignore!r} is none of {', '.join(sorted(IGNORED))}")
        return Entry(
            rule,
            _at(f"{where}.topic", topic_template, rule.topic, self.document.maps),
            None if rule.device is None else _at(f"{where}.device", _device, rule.device),
            frozenset(rule.keys),
            {text.casefold(): kind for text, kind in rule.events.items()},
        )

    def _check(self, folder: Traversable) -> None:
        document = self.document
        if not document.mappings:
            raise CatalogueError("mappings: at least one is needed")
        if self.default not in self._mappings:
            raise CatalogueError(f"default: there is no mapping {self.default!r}")
        if document.lorawan is not None and document.lorawan.mapping not in self._mappings:
            raise CatalogueError(f"lorawan.mapping: there is no mapping {document.lorawan.mapping!r}")
        if document.zone is not None:
            _at("zone", ZoneInfo, document.zone)
        if document.decode_uplink is not None and not (folder / document.decode_uplink).is_file():
            raise CatalogueError(f"decode_uplink: there is no file {document.decode_uplink} beside it")

    def is_made_for(self, brand: str | None, model: str | None, eui: str | None, device_profile: str | None) -> int:
        """How well a network server's words about a device fit: 0 not at all; more is better."""
        lorawan = self.document.lorawan
        if lorawan is None:
            return 0
        if brand is not None and brand.casefold() in self._brands:
            if model is not None and any(regex.fullmatch(model) for regex in self._models):
                return 5
            return 0 if self._models and model is not None else 4
        if device_profile is not None and any(regex.search(device_profile) for regex in self._device_profiles):
            return 3
        if eui is not None and any(eui.upper().startswith(prefix.upper()) for prefix in lorawan.eui):
            return 2
        return 0

    def signs(self, document: Any) -> int:
        """How many keys tell that a decoded object is of this profile; 0: it is not."""
        if not self._signatures or type(document) is not dict or len(document) > _MOST_KEYS:
            return 0
        return max(
            len(signature) if all(any(regex.fullmatch(key) for key in document) for regex in signature) else 0
            for signature in self._signatures
        )


def _device(text: str) -> Template:
    return template(text, plain=True)


def _regexes(where: str, texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(_at(where, re.compile, text, re.IGNORECASE) for text in texts)


def _signatures(keys: list[str | list[str]], document: Document) -> tuple[tuple[re.Pattern[str], ...], ...]:
    texts = [entry for entry in keys if isinstance(entry, str)]
    lists = [entry for entry in keys if isinstance(entry, list) and entry] + ([texts] if texts else [])
    return tuple(
        tuple(re.compile(_at("lorawan.keys", pattern, key, document.maps).regex) for key in entry) for entry in lists
    )


def _at(where: str, compiled: Callable[..., T], *arguments: Any) -> T:
    """Call, and say where in the file it went wrong."""
    try:
        return compiled(*arguments)
    except (PatternError, re.error, ValueError, KeyError, OSError) as error:
        raise CatalogueError(f"{where}: {error}") from None


class Fit(NamedTuple):
    """A profile that reads a topic, and what the topic says."""

    profile: Profile
    entry: Entry
    captures: Mapping[str, str]


class Profiles(Mapping[str, Profile]):
    """What is shipped in `bypuls/catalogue/profiles`, and a user's own, by id.

    Attributes:
        named: a source names these.
    """

    def __init__(self, by_id: Mapping[str, Profile], *, named: bool = False) -> None:
        self._by_id, self.named = dict(by_id), named
        self._topics: dict[tuple[str, tuple[str, ...] | None], tuple[Fit, ...]] = {}
        self._views: dict[tuple[str, ...], Profiles] = {}
        self._uplinks: dict[tuple[Any, ...], Profile | None] = {}

    @classmethod
    def load(cls, folder: str | Path | None = None) -> Profiles:
        """Read the profiles that are shipped, and those of a folder; a profile there replaces the shipped one.

        Args:
            folder: None: the setting BYPULS_INGEST_PROFILES, if there is one.

        Raises:
            CatalogueError: naming the file and the place in it.
        """
        given = folder or settings.load(settings.IngestSettings).profiles
        return _loaded(None if given is None else str(given))

    def only(self, names: tuple[str, ...] | None) -> Profiles:
        """Those of these ids; None: all."""
        if names is None:
            return self
        if names not in self._views:
            known = {name: self._by_id[name] for name in names if name in self._by_id}
            self._views[names] = Profiles(known, named=True)
        return self._views[names]

    def __getitem__(self, key: str) -> Profile:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def for_topic(self, topic: str, allowed: tuple[str, ...] | None, document: Any = None) -> Fit | None:
        """The profile that reads a topic: the one whose template has most words of its own.

        Args:
            topic: as published.
            allowed: ids; None: all. Those that a source names may read topics that could be anybody's.
            document: the message, for topics that are told apart by its members.
        """
        named = self.named or allowed is not None
        for fit in self.candidates(topic, allowed):
            keys = fit.entry.keys
            if fit.entry.rule.named_only and not named:
                continue
            if not keys or (type(document) is dict and keys <= document.keys()):
                return fit
        return None

    def candidates(self, topic: str, allowed: tuple[str, ...] | None) -> tuple[Fit, ...]:
        """Every entry that reads a topic: the profile with most words of its own first, its entries as they stand."""
        if len(topic) > _LONGEST_TOPIC:
            return ()
        found = self._topics.get((topic, allowed))
        if found is None:
            if len(self._topics) >= _KEPT:
                self._topics.clear()
            found = self._topics[topic, allowed] = self._fitting(topic, allowed)
        return found

    def _fitting(self, topic: str, allowed: tuple[str, ...] | None) -> tuple[Fit, ...]:
        profiles = self._by_id.values() if allowed is None else [self._by_id[i] for i in allowed if i in self._by_id]
        found: list[list[Fit]] = []
        for profile in profiles:
            fits = []
            for entry in profile.entries:
                match = entry.template.regex.fullmatch(topic)
                captures = None if match is None else captured(match, entry.template.names, profile.document.maps)
                if captures is not None:
                    fits.append(Fit(profile, entry, captures))
            if fits:
                found.append(fits)
        found.sort(key=lambda fits: fits[0].entry.template.weight, reverse=True)
        return tuple(fit for fits in found for fit in fits)

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
        """The profile of a LoRaWAN device: by brand and model, device profile, EUI, and last the decoded object's keys.

        Several fit equally well: the one whose ports have this one and whose signature the object has, else the first.
        """
        keys = tuple(document) if type(document) is dict and len(document) <= _MOST_KEYS else ()
        asked = (brand, model, dev_eui, device_profile, f_port, keys, allowed)
        if asked in self._uplinks:
            return self._uplinks[asked]
        best: tuple[int, int, bool] = (0, 0, False)
        chosen = None
        for name in sorted(self._by_id) if allowed is None else allowed:
            profile = self._by_id.get(name)
            if profile is None or profile.document.lorawan is None:
                continue
            if allowed is not None and len(allowed) == 1:
                return profile
            signed = profile.signs(document)
            made = profile.is_made_for(brand, model, dev_eui, device_profile)
            rank = (made, signed, f_port in profile.document.lorawan.f_ports)
            if (made or signed) and rank > best:
                best, chosen = rank, profile
        # Devices repeat their few keys for ever; who makes up keys does not fill the memory.
        if sum(map(len, keys)) <= _LONGEST_KEYS:
            if len(self._uplinks) >= _KEPT_UPLINKS:
                self._uplinks.clear()
            self._uplinks[asked] = chosen
        return chosen


@cache
def _loaded(folder: str | None) -> Profiles:
    found = _read(files("bypuls") / "catalogue" / "profiles", "catalogue/profiles")
    if folder is not None:
        own = Path(folder)
        if not own.is_dir():
            raise CatalogueError(f"BYPULS_INGEST_PROFILES: {folder} is no folder; correct or unset it")
        found |= _read(own, folder)
    return Profiles(dict(sorted(found.items())))


def _read(folder: Traversable, shown: str) -> dict[str, Profile]:
    if not folder.is_dir():
        return {}
    found = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml") and not file.name.startswith("."):
            profile = profile_of(file.read_text(encoding="utf-8"), f"{shown}/{file.name}", folder)
            if profile.id != file.name.removesuffix(".yaml"):
                raise CatalogueError(f"{profile.origin}: id is {profile.id!r}; it is to be the file's name")
            found[profile.id] = profile
    return found


def profile_of(text: str, origin: str, folder: Traversable | None = None) -> Profile:
    """Read, check and compile one profile.

    Args:
        text: its YAML.
        origin: the file, for the error.
        folder: where its JavaScript lies.

    Raises:
        CatalogueError: naming file and place.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is the safe loader, in C where there is one
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place is not None else ""
        raise CatalogueError(f"{origin}{line}: {getattr(error, 'problem', None) or error}") from None
    try:
        return Profile(convert(document, Document), origin, folder or Path())
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        where = where.rstrip("`").removeprefix("key` in `").removeprefix("$").removeprefix(".")
        raise CatalogueError(f"{origin}: {where or 'the whole'}: {message}") from None
    except CatalogueError as error:
        raise CatalogueError(f"{origin}: {error}") from None
