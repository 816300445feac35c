"""Words, numbers, units and dates in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, get_args

import yaml

from bypuls.errors import SettingsError

Language = Literal["en", "nb"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NO_BREAK = "\u00a0"
NOTHING = "\u2013"
"""A dash: there is no value, or from one to the other."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said in one language."""

    language: Language

    def __call__(self, key: str, /, **parts: object) -> str:
        """A text by its key, with its parts filled in; without any as it stands."""
        return words()[key][self.language].format_map(parts) if parts else words()[key][self.language]

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in words()

    def text(self, texts: Mapping[str, str]) -> str:
        """A text of the data in this language, in English where it has none, else in any."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number with the language's signs; without `decimals` as many as tell it: three or four digits."""
        exact, telling = Decimal(repr(float(value))), decimals is None
        if decimals is None:
            decimals = 0 if exact == exact.to_integral_value() or abs(exact) >= 1000 else _telling(exact)  # noqa: PLR2004
        rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        whole, _, fraction = f"{abs(rounded):,f}".partition(".")
        fraction = fraction.rstrip("0") if telling else fraction
        grouped = whole.replace(",", NO_BREAK)
        point = "," if self.language == "nb" else "."
        minus = "\u2212" if rounded < 0 else ""
        return minus + grouped + (point + fraction if fraction else "")

    def quantity(self, value: float, unit: str, decimals: int | None = None) -> str:
        """A number with its unit."""
        sign = self.unit(unit)
        return self.number(value, decimals) + (NO_BREAK + sign if sign else "")

    def unit(self, unit: str) -> str:
        """A unit as people write it."""
        key = f"unit.{unit}"
        return self(key) if self.has(key) else unit.replace("m2", "m²").replace("m3", "m³")

    def percent(self, share: float) -> str:
        """A share between 0 and 1 as percent; never rounded up to all."""
        percent = 100 * share
        shown = self.number(min(percent, 99.9), 1) if 99 < percent < 100 else self.number(percent, 0)  # noqa: PLR2004
        return f"{shown}{NO_BREAK}%"

    def day(self, day: date) -> str:
        """A date."""
        return f"{day.day}.{day.month}.{day.year}" if self.language == "nb" else day.isoformat()


def _telling(value: Decimal) -> int:
    """Decimals of a number that is not whole: one from 100 on, two from 1 on, else three digits that are not zero."""
    if abs(value) >= 100:  # noqa: PLR2004
        return 1
    return 2 if abs(value) >= 1 else min(6, 2 - value.adjusted()) if value else 0


def both(key: str, /, **parts: object) -> dict[str, str]:
    """A text in every language, for data that outlives the report's own."""
    return {language: Wording(language)(key, **parts) for language in LANGUAGES}


@cache
def words() -> Mapping[str, Mapping[Language, str]]:
    """Every text of the reports, by key and language."""
    text = files("processors.reports").joinpath("words.yaml").read_text(encoding="utf-8")
    return MappingProxyType({key: MappingProxyType(texts) for key, texts in yaml.safe_load(text).items()})


def as_language(text: str) -> Language:
    """A language that reports are made in.

    Raises:
        SettingsError: there is no such.
    """
    if text not in LANGUAGES:
        message = f"reports are made in {' or '.join(LANGUAGES)}, not in {text!r}"
        raise SettingsError(message)
    return text
