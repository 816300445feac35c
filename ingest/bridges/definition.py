"""Bridge definitions: one YAML says how one service is asked and how its answer is read. It asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
import yaml

from bypuls.errors import CatalogueError
from bypuls.properties import Properties
from bypuls.typed import convert
from ingest.bridges.paths import check_path
from ingest.strict_json import is_channel

Scalar = str | int | float | bool | None
_PLACES = ("station", "from", "to", "after")


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a city's file may choose.

    Attributes:
        choices: what it may be (of a list: each of its entries); empty: anything of the default's type.
    """

    about: str
    default: Scalar | list[Scalar]
    choices: list[Scalar] = []


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. `{station}`, `{from}`, `{to}`, `{after}` and the options stand for what is asked.

    Attributes:
        path: behind the base address; what is filled in is quoted.
        body: sent as JSON; a text that is one placeholder alone becomes its value, null where there is none.
        time, zone: how times are written (strftime) and in which offset.
        join: between the entries of an option that is a list.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    time: str = "%Y-%m-%dT%H:%M:%SZ"
    zone: Annotated[str, msgspec.Meta(pattern=r"^[+-]\d\d:\d\d$")] = "+00:00"
    join: str = ","


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an answer says that there is more: `more` and `after` (a cursor), or `link` (an address)."""

    more: str | None = None
    after: str | None = None
    link: str | None = None


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"is_": "is"}):
    """What a member must be for the item to be taken. The names are options."""

    one_of: str | None = None
    at_least: str | None = None
    is_: Scalar = None


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a word of the service stands for."""

    property: str
    channel: str = ""
    interval: timedelta | None = None


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member that says it; words that are not listed are left out (of a property) or taken as they are (else)."""

    at: str
    words: dict[str, Meaning | str] = {}


class ReadingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of value in the answer.

    Attributes:
        each: the items that hold one value each; all other paths lead from there.
        value, time: members. A value that is null was not measured.
        until: a member: end of the interval; without it `interval`, or the word's.
        stamp: whether `time` is the interval's start or its end.
        when: member -> what it must be; otherwise the item is left out, and counted.
        chosen: option -> value: the rule holds only where the city's file chose so.
    """

    each: str
    value: str
    time: str
    property: str | Words
    unit: str | Words
    until: str | None = None
    interval: timedelta | None = None
    stamp: Literal["start", "end"] = "start"
    channel: str | Words = ""
    when: dict[str, Condition] = {}
    chosen: dict[str, Scalar] = {}


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the service wants to know us by; the city's file names the variable that holds it."""

    kind: Literal["basic_user", "bearer", "header"] = msgspec.field(name="as")
    about: str
    header: str = "X-Api-Key"


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service as its file describes it.

    Attributes:
        interval, offset: asked once per interval, so long after its beginning (plus a spread of a tenth).
        fastest: the shortest interval that a city's file may choose; None: the interval.
        window: as much as one question may span.
        look_back: values may still come or change for so long: this much is asked for again each time.
        silence: a station that says nothing is asked for so long a time from its last value on.
        spacing: at least this between two requests to the service.
        no_data: statuses with which it says that there is nothing.
        refusal: a member that tells an error within a successful answer (GraphQL).
    """

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    title: str
    about: str
    documentation: str
    licence: str
    attribution: str
    limits: str
    base: Annotated[str, msgspec.Meta(pattern=r"^https://[^/]+(/[^?#]*)?$")]
    request: Request
    readings: list[ReadingRule]
    interval: timedelta
    window: timedelta
    look_back: timedelta
    stations: str = "the service's id or name of a station"
    tried_live: bool = False
    offset: timedelta = timedelta()
    fastest: timedelta | None = None
    silence: timedelta = timedelta(days=30)
    spacing: timedelta = timedelta(seconds=1)
    no_data: list[int] = []
    refusal: str | None = None
    paging: Paging = Paging()
    secret: Secret | None = None
    options: dict[str, Option] = {}


class Definitions(Mapping[str, Definition]):
    """What is shipped in `bypuls/catalogue/bridges`, by id."""

    def __init__(self, by_id: Mapping[str, Definition]) -> None:
        self._by_id = dict(by_id)

    @classmethod
    def load(cls) -> Definitions:
        """Read and check every definition.

        Raises:
            CatalogueError: a file that contradicts itself or the catalogue, with its place.
        """
        properties = Properties.load()
        folder = files("bypuls.catalogue").joinpath("bridges")
        found = {}
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".yaml"):
                definition = parse_definition(file.read_text(encoding="utf-8"), file.name, properties)
                found[definition.id] = definition
        return cls(found)

    def __getitem__(self, key: str) -> Definition:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)


def parse_definition(text: str, name: str, properties: Properties) -> Definition:
    """Read one definition.

    Raises:
        CatalogueError: it contradicts itself or the catalogue.
    """
    try:
        definition = convert(yaml.safe_load(text), Definition)
        _check(definition, name, properties)
    except (yaml.YAMLError, msgspec.ValidationError, CatalogueError) as error:
        message = f"bridge file {name}: {' '.join(str(error).split())}"
        raise CatalogueError(message) from None
    return definition


def _check(definition: Definition, name: str, properties: Properties) -> None:
    if name != f"{definition.id}.yaml":
        raise CatalogueError(f"the id is {definition.id!r}")
    for span in (definition.interval, definition.window, definition.look_back, definition.silence):
        if span <= timedelta():
            raise CatalogueError("interval, window, look_back and silence must be longer than nothing")
    unknown = set(placeholders(definition.request)) - {*_PLACES, *definition.options}
    if unknown:
        raise CatalogueError(f"the request names {', '.join(sorted(unknown))}, which is no option")
    for path in (definition.refusal, definition.paging.more, definition.paging.after, definition.paging.link):
        if path is not None:
            check_path(path)
    for rule in definition.readings:
        _check_rule(rule, definition, properties)


def _check_rule(rule: ReadingRule, definition: Definition, properties: Properties) -> None:
    check_path(rule.each)
    words = [one for one in (rule.property, rule.unit, rule.channel) if isinstance(one, Words)]
    members = [rule.value, rule.time, *([rule.until] if rule.until else []), *rule.when, *(one.at for one in words)]
    for path in members:
        check_path(path, within=rule.each)
    named = {condition.one_of for condition in rule.when.values()}
    named |= {condition.at_least for condition in rule.when.values()} | set(rule.chosen)
    missing = {name for name in named if name is not None} - set(definition.options)
    if missing:
        raise CatalogueError(f"{', '.join(sorted(missing))} is no option of this bridge")
    for meaning in meanings(rule):
        if meaning.property not in properties:
            raise CatalogueError(f"property {meaning.property!r} is not in the catalogue")
        if meaning.channel and not is_channel(meaning.channel):
            raise CatalogueError(f"{meaning.channel!r} is no channel")


def meanings(rule: ReadingRule) -> list[Meaning]:
    """What a rule's values may be."""
    if isinstance(rule.property, str):
        return [Meaning(rule.property)]
    return [as_meaning(word) for word in rule.property.words.values()]


def as_meaning(word: Meaning | str) -> Meaning:
    """The long form of a word's meaning."""
    return Meaning(word) if isinstance(word, str) else word


def placeholders(request: Request) -> Iterator[str]:
    """The names in braces of a request's path, query and body's own texts."""
    texts = [request.path, *request.query.values()]
    pending: list[Any] = [request.body]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, str) and is_placeholder(one):
            texts.append(one)
    for text in texts:
        for part in text.split("{")[1:]:
            yield part.partition("}")[0]


def is_placeholder(text: str) -> bool:
    """Whether a text of a body is one placeholder and nothing else; a GraphQL query's braces are none."""
    return text.startswith("{") and text.endswith("}") and text[1:-1].isidentifier()
