"""What the attributes of NGSI entities mean: catalogue/ngsi_models.yaml, looked up. Reads no message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from bypuls.errors import CatalogueError
from bypuls.properties import find

_MODEL_KEYS = frozenset(
    {
        "attributes",
        "by",
        "channel",
        "encoded",
        "forecast",
        "ignored",
        "like",
        "quantity",
        "static",
        "time",
        "unit",
        "value",
    }
)
_ENTRY_KEYS = frozenset({"property", "channel", "unit", "sentinels"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Times and references, should somebody write them as numbers.
_NO_MEASURE = re.compile(
    r"(?:date|ref)[A-Z].{0,60}|TimeInstant|timestamp|dateTime|(?:observed|created|modified|notified)At"
)
_SEPARATORS = re.compile(r"[#/]")
# A data type of UN/CEFACT's own message language, which some tools write where a unit is meant.
_DATA_TYPE = re.compile(r"UDT\d+")


class Meaning(NamedTuple):
    """What one attribute is.

    Attributes:
        quantity: the catalogue's word, or the attribute's own.
        unit: UCUM; None where the model documents none.
        known: whether anybody documents it; what is not known may be a house number.
    """

    quantity: str
    channel: str = ""
    unit: str | None = None
    sentinels: frozenset[float] = frozenset()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """One entity type.

    Attributes:
        measured: False for types that describe a thing or foretell; no number in them is an observation.
        time, channel: names of attributes.
        quantity, value, unit: of the long form, where the entity holds one value; "" otherwise.
        encoded: attribute with URL-encoded `key=value;…`; "" for none.
        by, by_attributes, by_words: property of these attributes by the value of another.
    """

    attributes: Mapping[str, Meaning] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    measured: bool = True
    time: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    quantity: str = ""
    value: str = ""
    unit: str = ""
    encoded: str = ""
    by: str = ""
    by_attributes: frozenset[str] = frozenset()
    by_words: Mapping[str, str] = field(default_factory=dict)


UNKNOWN = Model()
"""A type that nobody documents: its attributes still mean what they mean everywhere."""

FORETOLD = Model(measured=False)
_FORECASTS = ("Forecast", "Predicted", "Prediction")


@dataclass(frozen=True, slots=True)
class Models:
    """The whole file."""

    unit_codes: Mapping[str, str]
    attributes: Mapping[str, Meaning]
    ignored: frozenset[str]
    types: Mapping[str, Model]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Models:
        """Build from a document of the file's form.

        Raises:
            CatalogueError: an entry that the grammar does not know.
        """
        written = document["types"]
        types = {name: _model(name, entry or {}, written) for name, entry in written.items()}
        return cls(
            document["unit_codes"],
            _attributes("attributes", document["attributes"]),
            frozenset(document["ignored"]),
            types,
        )


@cache
def models() -> Models:
    """What is shipped, read at the first call.

    Raises:
        CatalogueError: the file contradicts its grammar.
    """
    text = (files("bypuls") / "catalogue" / "ngsi_models.yaml").read_text(encoding="utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Models.of(yaml.load(text, Loader=loader))  # noqa: S506 - it is the safe loader, in C where there is one


def model_of(types: Any) -> tuple[str, Model]:
    """Name and model of an entity's `type`, which may be a word, an IRI or (NGSI-LD) a list of them."""
    named = types if isinstance(types, list) else [types]
    words = [word(name) for name in named[:10] if isinstance(name, str)]
    known = models().types
    for name in words:
        if name in known:
            return name, known[name]
    name = words[0] if words else ""
    return name, FORETOLD if name.endswith(_FORECASTS) else UNKNOWN


# Types and attributes come again and again; whoever makes up new ones does not fill the memory.
@lru_cache(maxsize=16_384)
def word(name: str) -> str:
    """The last part of an IRI; other names as they are.

    >>> word("https://uri.fiware.org/ns/data-models#temperature")
    'temperature'
    """
    return _SEPARATORS.split(name)[-1] or name if "://" in name[:10] else name


@lru_cache(maxsize=16_384)
def meaning(entity_type: str, attribute: str) -> Meaning | None:
    """What an attribute of a type is; None for one that measures nothing."""
    shipped = models()
    model = shipped.types.get(entity_type, UNKNOWN)
    if attribute in model.attributes:
        return model.attributes[attribute]
    if attribute in model.ignored or attribute in shipped.ignored or _NO_MEASURE.fullmatch(attribute):
        return None
    if attribute in shipped.attributes:
        return shipped.attributes[attribute]
    if find(attribute) is not None:
        return Meaning(attribute)
    plain = _HUMP.sub("_", attribute).casefold()
    return Meaning(plain) if find(plain) is not None else Meaning(attribute, known=False)


def words_of(name: str) -> list[str]:
    """The parts of a name in humps or with underscores.

    >>> words_of("fillingLevel")
    ['filling', 'Level']
    """
    return _HUMP.sub("_", name[:200]).split("_")


def unit_of(code: str) -> str | None:
    """A `unitCode` as catalogue/units.csv knows it, where it is one of UN/CEFACT's; others stay as they are sent.

    >>> unit_of("G42"), unit_of("CEL"), unit_of("UDT0000016")
    ('uS/cm', 'CEL', None)
    """
    code = code.strip()
    if not code or _DATA_TYPE.fullmatch(code):
        return None
    return models().unit_codes.get(code, code)


def _model(name: str, entry: Mapping[str, Any], types: Mapping[str, Any]) -> Model:
    unknown = set(entry) - _MODEL_KEYS
    if unknown:
        raise CatalogueError(f"ngsi_models.yaml: {name} has unknown keys {sorted(unknown)}")
    like = types[entry["like"]] if "like" in entry else {}
    by = entry.get("by", {})
    return Model(
        attributes=_attributes(name, {**like.get("attributes", {}), **entry.get("attributes", {})}),
        ignored=frozenset([*like.get("ignored", ()), *entry.get("ignored", ())]),
        measured=not (entry.get("static") or entry.get("forecast")),
        time=tuple(entry.get("time", ())),
        channel=tuple(entry.get("channel", like.get("channel", ()))),
        quantity=entry.get("quantity", ""),
        value=entry.get("value", ""),
        unit=entry.get("unit", ""),
        encoded=entry.get("encoded", ""),
        by=by.get("attribute", ""),
        by_attributes=frozenset(by.get("of", ())),
        by_words=by.get("words", {}),
    )


def _attributes(where: str, entries: Mapping[str, Any]) -> dict[str, Meaning]:
    read = {}
    for name, written in entries.items():
        entry = {"property": written} if isinstance(written, str) else written
        unknown = set(entry) - _ENTRY_KEYS
        if unknown:
            raise CatalogueError(f"ngsi_models.yaml: {where}.{name} has unknown keys {sorted(unknown)}")
        read[name] = Meaning(
            entry.get("property", name),
            entry.get("channel", ""),
            entry.get("unit"),
            frozenset(float(number) for number in entry.get("sentinels", ())),
        )
    return read
