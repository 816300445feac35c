"""The columns of the template, and how their heads and fixed words are written in Norwegian and English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["nb", "en"]
Name = Literal[
    "code",
    "name",
    "data_point",
    "unit",
    "numerator",
    "denominator",
    "result",
    "data_quality",
    "data_origin",
    "source",
    "verified",
    "comment",
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called in a file of ours, and how else its head may read."""

    name: Name
    nb: str
    en: str
    also: tuple[str, ...] = ()
    width: int = 14

    def head(self, language: Language) -> str:
        """Its head."""
        return self.nb if language == "nb" else self.en


COLUMNS: tuple[Column, ...] = (
    Column("code", "KPI-kode", "KPI code", ("kode", "code", "kpi", "kpi no", "kpi nr", "kpi id", "indikatorkode"), 17),
    Column("name", "Indikator", "KPI name", ("navn", "name", "kpi-navn", "indicator", "indikatornavn"), 34),
    Column("data_point", "Datapunkt", "Data point", ("datapoint", "delindikator"), 14),
    Column("unit", "Enhet", "Unit", ("måleenhet", "measurement unit", "unit of measurement"), 24),
    Column("numerator", "Teller", "Numerator", ("teller (verdi)", "numerator value"), 14),
    Column("denominator", "Nevner", "Denominator", ("nevner (verdi)", "denominator value"), 14),
    Column("result", "Resultat", "Result", ("verdi", "value", "kpi result", "kpi value", "results"), 14),
    Column("data_quality", "Datakvalitet", "Data quality", ("kvalitet", "quality"), 30),
    Column("data_origin", "Dataopphav", "Data origin", ("dataopprinnelse", "opphav", "opprinnelse", "origin"), 22),
    Column("source", "Kilde", "Source", ("datakilde", "data source", "kilder", "sources"), 30),
    Column("verified", "Verifisert", "Verified", ("verifisert (ja/nei)", "verified (yes/no)"), 12),
    Column("comment", "Kommentar", "Comment", ("kommentarer", "comments", "merknad", "remark", "remarks"), 40),
)
NUMBERS: tuple[Name, ...] = ("numerator", "denominator", "result")
TEXTS: tuple[Name, ...] = ("data_origin", "source", "comment")

HELP = {
    "nb": ("Telleren er", "Nevneren er", "Definisjonen er"),
    "en": ("The numerator is", "The denominator is", "The definition is"),
}
"""Columns behind the template's that explain a row; they are not read."""
UNVERIFIED = {"nb": "ikke bekreftet", "en": "unverified"}

CITY = {"nb": "Kommune", "en": "City"}
YEAR = {"nb": "År", "en": "Year"}
LANGUAGES: tuple[Language, ...] = ("nb", "en")

QUALITIES: dict[str, dict[Language, str]] = {
    "accurate_measurement": {"nb": "Nøyaktig måling", "en": "Accurate measurement"},
    "survey_extrapolation": {"nb": "Beregnet fra en undersøkelse", "en": "Extrapolated from survey"},
    "higher_level_extrapolation": {
        "nb": "Beregnet fra tall for et større område",
        "en": "Extrapolated from higher-level data",
    },
    "assumption_estimate": {"nb": "Anslag ut fra forutsetninger", "en": "Estimate on assumptions"},
    "personal_estimate": {"nb": "Personlig anslag", "en": "Personal estimate"},
    "unknown_method": {"nb": "Ukjent metode", "en": "Unknown method"},
}
"""The six levels of data quality (U4SSC KPIs Verification Manual 2022, p.163), as the database names them."""

VERIFIED: dict[str, dict[Language, str]] = {
    "yes": {"nb": "JA", "en": "YES"},
    "no": {"nb": "NEI", "en": "NO"},
    "unknown": {"nb": "", "en": ""},
}
NOT_REPORTED = "NR"
"""As U4SSC's template has it, in both languages."""

NOTHING = ("-", "\u2013", "\u2014")
"""What people write into a cell of a text column that stays empty."""

_NOT_REPORTED = frozenset(
    {"nr", "n/r", "n.r.", "not reported", "ikke rapportert", "ikkje rapportert", "ikke oppgitt", "(nr)"}
)
_YES = frozenset({"yes", "ja", "y", "j", "true", "sann", "x"})
_NO = frozenset({"no", "nei", "n", "false", "usann"})
_ENDING = re.compile(r"\s*[\[(].*$|\s*[*:¹²³]+$")


def plain(text: str) -> str:
    """A head or a fixed word as it is compared: small letters, single blanks.

    >>> plain("  Data   Quality * ")
    'data quality *'
    """
    return " ".join(text.replace("\u00ad", "").split()).casefold()


_HEADS: dict[str, Column] = {
    plain(text): column for column in COLUMNS for text in (column.nb, column.en, column.name, *column.also)
}
_QUALITY_WORDS = {
    plain(word): level
    for level, words in QUALITIES.items()
    for word in (*words.values(), level, level.replace("_", " "))
}


def column_of(head: str) -> Column | None:
    """The column with this head, in either language; None for any other head.

    >>> column_of("Datakvalitet *").name, column_of("Numerator (value)").name, column_of("Responsible")
    ('data_quality', 'numerator', None)
    """
    text = plain(head)
    return _HEADS.get(text) or _HEADS.get(_ENDING.sub("", text))


def quality_of(text: str) -> str | None:
    """The level of data quality that a text names, also by its number 1 to 6; None: none of the six.

    >>> quality_of("Personlig anslag"), quality_of("2. Extrapolated from survey"), quality_of("good")
    ('personal_estimate', 'survey_extrapolation', None)
    """
    word = plain(text)
    if word in {str(number) for number in range(1, len(QUALITIES) + 1)}:
        return list(QUALITIES)[int(word) - 1]
    return _QUALITY_WORDS.get(word) or _QUALITY_WORDS.get(re.sub(r"^\d[.):]?\s+", "", word))


def is_not_reported(text: str) -> bool:
    """Whether a text says that the city has no value."""
    return plain(text) in _NOT_REPORTED


def yes_or_no(text: str) -> bool | None:
    """Yes, no, or neither."""
    word = plain(text)
    return True if word in _YES else False if word in _NO else None
