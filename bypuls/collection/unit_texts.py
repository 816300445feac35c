"""Units as a template has them ("kWh / capita / year", "tonn CO2e per innbygger"): the same, convertible, or not.

Sizes are converted by the table of units; what they are counted per must be the same thing, in another language or
per another round number of them. A year is never twelve months and a ratio never a percentage: those are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from bypuls.collection.sentences import both
from bypuls.errors import UnitError
from bypuls.units import Units

AIR = "µg/m3"
_AIR_HINT = "; 1 ppb is 1.9 µg/m3 of NO2, 2.62 of SO2, 1.96 of O3 (U4SSC)"

_WORDS = {
    "innbygger": "inhabitant",
    "innbyggere": "inhabitant",
    "innbyggjar": "inhabitant",
    "innbyggjarar": "inhabitant",
    "innb": "inhabitant",
    "inhabitants": "inhabitant",
    "capita": "inhabitant",
    "person": "inhabitant",
    "persons": "inhabitant",
    "år": "year",
    "years": "year",
    "yr": "year",
    "døgn": "day",
    "dag": "day",
    "days": "day",
    "antall": "number",
    "stk": "number",
    "no": "number",
    "count": "number",
    "liter": "l",
    "litre": "l",
    "litres": "l",
    "liters": "l",
    "tonn": "t",
    "tonne": "t",
    "tonnes": "t",
    "ton": "t",
    "tons": "t",
    "minutes": "min",
    "minutter": "min",
    "minute": "min",
    "minutt": "min",
    "hours": "h",
    "timer": "h",
    "hour": "h",
    "time": "h",
    "seconds": "s",
    "sekunder": "s",
    "kunde": "customer",
    "kunder": "customer",
    "customers": "customer",
    "avbrudd": "interruptions",
    "interruption": "interruptions",
    "prosent": "%",
    "percent": "%",
    "pct": "%",
    "promille": "‰",
    "dødsfall": "deaths",
    "levendefødte": "live births",
    "årsverk": "fte",
    "forholdstall": "ratio",
    "forhold": "ratio",
    "kvinner:menn": "female:male",
    "tjenester": "services",
    "av": "of",
    "bnp": "gdp",
    "byens": "city",
    "kommunens": "city",
    "ja/nei": "yes/no",
    "hektar": "ha",
    "daa": "dekar",
    "mål": "dekar",
    "co2-ekv": "co2e",
    "co2eq": "co2e",
    "co2-eq": "co2e",
    "co2-e": "co2e",
}
_FACTORS = {("‰", "%"): Decimal("0.1"), ("dekar", "m2"): Decimal(1000), ("dekar", "ha"): Decimal("0.1")}
_FACTORS |= {("dekar", "km2"): Decimal("0.001")}
_EACH = {"ekwh": "kWh"}
"""Of the same size: U4SSC writes ekWh for energy that is put together from several carriers."""


class WrongUnit(ValueError):
    """A unit that is not the data point's and cannot become it: the message says what is expected.

    Attributes:
        given: the unit, shortened.
        hint: how it may be converted by hand.
    """

    def __init__(self, given: str, expected: str, hint: str = "") -> None:
        self.given, self.hint = " ".join(given.split())[:40], hint
        super().__init__(both("wrong_unit", given=self.given, unit=expected, hint=hint)[0])


@dataclass(frozen=True, slots=True)
class _Measured:
    unit: str
    dimension: str

    @property
    def id(self) -> str:
        return self.unit


@dataclass(frozen=True, slots=True)
class _Parts:
    size: str
    spelled: str
    per: tuple[tuple[Decimal, str], ...]


def factor(given: str | None, expected: str) -> Decimal:
    """What a value in `given` is multiplied by to be in `expected`; nothing given means the expected unit.

    >>> factor("MWh / innbygger / år", "kWh / capita / year")
    Decimal('1000')
    >>> factor("number per 1000 inhabitants", "number / 100 000 inhabitants")
    Decimal('100')

    Raises:
        WrongUnit: it measures something else, or per something else.
    """
    if given is None or not given.strip():
        return Decimal(1)
    mine, wanted = _parts(given), _parts(expected)
    same_size = mine.size == wanted.size
    if same_size and mine.per == wanted.per:
        return Decimal(1)
    if _parts(AIR).size == wanted.size and wanted.per == _parts(AIR).per:
        raise WrongUnit(given, expected, _AIR_HINT)
    if [name for _, name in mine.per] != [name for _, name in wanted.per]:
        raise WrongUnit(given, expected)
    size = Decimal(1) if same_size else _convert(mine, wanted)
    if size is None:
        raise WrongUnit(given, expected)
    for (own, _), (theirs, _) in zip(mine.per, wanted.per, strict=True):
        size = size * theirs / own
    return size.normalize() if size != size.to_integral() else size.quantize(Decimal(1))


@cache
def _parts(text: str) -> _Parts:
    text = re.sub(r"\((?:unit )?not confirmed\)|\(unit not confirmed\)", "", text)
    for old, new in (
        ("\u03bc", "u"),
        ("\u00b5", "u"),
        ("³", "3"),
        ("²", "2"),
        ("\u2082", "2"),
        ("\u00a0", " "),
        ("\u2009", " "),
    ):
        text = text.replace(old, new)
    if text.strip().casefold() in ("yes/no", "ja/nei"):
        return _Parts("yes/no", "yes/no", ())
    text = re.sub(r"(?<=\d)[ .,](?=\d{3}\b)", "", text)  # 100 000, 100.000
    text = re.sub(r"\bper\b|\bpr\b\.?", "/", text, flags=re.IGNORECASE)
    first, *rest = (part.strip() for part in text.split("/"))
    return _Parts(_words(first), first, tuple(_counted(part) for part in rest))


def _words(text: str) -> str:
    words = [_WORDS.get(word, word) for word in text.casefold().rstrip(".").split()]
    return " ".join(words)


def _counted(part: str) -> tuple[Decimal, str]:
    found = re.fullmatch(r"(\d+)\s*(.*)", part)
    if found and found[2]:
        return Decimal(found[1]), _words(found[2])
    return Decimal(1), _words(part)


def _convert(mine: _Parts, wanted: _Parts) -> Decimal | None:
    """From size to size, where both are plain sizes of one dimension; what stands behind them must be the same."""
    (own, *own_rest), (theirs, *their_rest) = mine.size.split() or [""], wanted.size.split() or [""]
    if own_rest != their_rest:
        return None
    if (own, theirs) in _FACTORS:
        return _FACTORS[own, theirs]
    if own == theirs:
        return Decimal(1)
    units = _units()
    try:
        target = units.canonical(_spelling(theirs, wanted))
        conversion = units.conversion(_spelling(own, mine), _Measured(target.ucum, target.dimension))
    except UnitError:
        return None
    return None if conversion.offset else Decimal(repr(conversion.factor))


def _spelling(word: str, parts: _Parts) -> str:
    """As it was written: M and m are a mega and a milli."""
    written = parts.spelled.split()[0] if parts.spelled.split() else ""
    return _EACH.get(word, written if written.casefold() == word else word)


@cache
def _units() -> Units:
    return Units.load()
