"""The parts boards are made of, as plain values: queries, words, fields, columns, places, variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.text import Text

SOURCE_UID = "bypuls-postgres"
SOURCE_TYPE = "grafana-postgresql-datasource"
ADDRESS = "http://127.0.0.1:8080"
"""Where links to evidence and API lead; `bypuls dashboards build --address` writes another."""

NO_DATA = Text("no data", "ingen data")
Format = Literal["time_series", "table"]


@dataclass(frozen=True, slots=True)
class Query:
    """A panel's SELECT. time_series: a column `time`, ascending; table: as it comes."""

    sql: str
    format: Format = "time_series"
    ref: str = "A"


@dataclass(frozen=True, slots=True)
class Words:
    """What a panel is called and which question it answers, with the source of the method."""

    title: Text
    about: Text


@dataclass(frozen=True, slots=True)
class Step:
    """From `above` on (None: from the bottom) values have this colour."""

    above: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class Field:
    """How values are shown.

    Attributes:
        names: value -> its word and colour, for codes and keys.
        banded: the thresholds are drawn as areas behind lines.
        bars: bars instead of lines.
        link: where a click leads, as (title, url).
    """

    unit: str = "none"
    decimals: int | None = 0
    low: float | None = None
    high: float | None = None
    steps: Sequence[Step] = ()
    names: Sequence[tuple[str, Text, str | None]] = ()
    banded: bool = False
    bars: bool = False
    link: tuple[Text, str] | None = None
    no_value: Text = NO_DATA


@dataclass(frozen=True, slots=True)
class Column:
    """A column (or series) that is shown otherwise than its panel's `Field` says.

    Attributes:
        name: as the query gives it.
        title: heading; None keeps the name.
        colour: "cell" colours the cell by thresholds or names, else a fixed colour of a line.
    """

    name: str
    title: Text | None = None
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    colour: str | None = None
    dashed: bool = False
    hidden: bool = False
    steps: Sequence[Step] = ()
    names: Sequence[tuple[str, Text, str | None]] = ()
    link: tuple[Text, str] | None = None
    bars: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """A panel's id, which stays its own for good, and its width (of 24) and height in grid units."""

    id: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a board; its query gives __text and __value."""

    name: str
    label: Text
    sql: str
    several: bool = False
