"""From a statistical table to U4SSC values: a mapping in YAML says which cells are whose numerator, denominator, value.

A mapping:

    name: ssb-09114-gini
    status: verified                  # verified: table and names were seen at SSB; composed: an example to adapt
    table: "09114"
    source: Statistics Norway (SSB), table 09114, CC BY 4.0
    columns: {region: [region, Region], year: [år, Tid, year], contents: [statistikkvariabel, ContentsCode]}
    regions: {trondheim: ["5001", "1601"]}   # city -> codes or labels; of several, the first with a number in that year
    values:
    - {code: "SC: SH: SI: 2C", value: {where: {contents: Ginikoeffisient}}, data_quality: accurate_measurement}
    facts:
    - {name: population, value: {where: {…}}, unit: "{person}"}

A cell is chosen by the region, the year and `where`; of more than one, `combine: sum` adds them up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import yaml

from bypuls.errors import SettingsError
from bypuls.typed import convert
from bypuls.u4ssc.assessment import DataQuality
from bypuls.u4ssc.catalogue import U4sscCatalogue
from bypuls.u4ssc.scoring import value_of
from bypuls.u4ssc.tables import Cell, Place, StatTable

Names = list[str]


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which cells: `where` is dimension (as in `columns`, or as the table names it) to code or label, or several."""

    where: dict[str, str | int | list[str | int]] = {}
    combine: Literal["one", "sum"] = "one"
    factor: float = 1.0


class ValueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data point: its value, or numerator and denominator."""

    code: str
    data_point: str = ""
    value: Selection | None = None
    numerator: Selection | None = None
    denominator: Selection | None = None
    data_quality: DataQuality = "unknown_method"
    comment: str | None = None


class FactEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact of the city (population, households), valid from the first day of the table's year."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
    value: Selection
    unit: str


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file."""

    name: str
    status: Literal["verified", "composed"]
    source: Annotated[str, msgspec.Meta(pattern=r"\S")]
    columns: dict[str, Names]
    table: str | None = None
    data_origin: str = "Statistisk sentralbyrå"
    regions: dict[str, Names] = {}
    values: list[ValueEntry] = []
    facts: list[FactEntry] = []
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterValue:
    """A value that a table gives for a data point and year."""

    year: int
    code: str
    data_point: str
    value: float
    numerator: float | None
    denominator: float | None
    unit: str
    data_quality: DataQuality
    data_origin: str
    source: str
    comment: str | None
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegisterFact:
    """A fact that a table gives for a year."""

    year: int
    name: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What a table gives; `left_out` says which years of what have no number, and why."""

    values: Sequence[RegisterValue]
    facts: Sequence[RegisterFact]
    left_out: Sequence[str]


def read_mapping(content: bytes, where: str) -> Mapping:
    """Read a mapping file.

    Raises:
        SettingsError: what is wrong in it.
    """
    try:
        found = convert(yaml.safe_load(content), Mapping)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        message = f"mapping {where}: {str(error).splitlines()[0]}"
        raise SettingsError(message) from None
    for entry in found.values:
        if (entry.value is None) == (entry.numerator is None or entry.denominator is None):
            message = f"mapping {where}: {entry.code}: needs either value, or numerator and denominator"
            raise SettingsError(message)
    for needed in ("region", "year"):
        if not found.columns.get(needed):
            message = f"mapping {where}: columns needs {needed}: the names that the table may give it"
            raise SettingsError(message)
    return found


@dataclass(frozen=True, slots=True)
class Wish:
    """For whom a table is read: the city, its regions (those of the mapping unless given), years (all unless given)."""

    city: str
    regions: Sequence[str] = ()
    years: Sequence[int] = ()


def take(catalogue: U4sscCatalogue, mapping: Mapping, table: StatTable, content: bytes, wish: Wish) -> Taken:
    """The values and facts of a city that a table gives by a mapping.

    Args:
        catalogue: for codes, units and multipliers.
        mapping: which cells are what.
        table: as read from `content`.
        content: the file's bytes, hashed into the evidence.
        wish: for whom.

    Raises:
        SettingsError: the table has no such column, no such region, or several cells where one is meant.
        NotFound: the mapping names a KPI or data point that is not there.
    """
    chooser = _Chooser(mapping, table, wish)
    years = [year for year in chooser.years() if not wish.years or year in wish.years]
    if not years:
        message = (
            f"{mapping.name}: the table has none of the years asked for: it has {_list(map(str, chooser.years()))}"
        )
        raise SettingsError(message)
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    values: list[RegisterValue] = []
    facts: list[RegisterFact] = []
    left_out: list[str] = []
    for year in years:
        for entry in mapping.values:
            made = _value(catalogue, mapping, entry, chooser, year, digest)
            (values if isinstance(made, RegisterValue) else left_out).append(made)  # type: ignore[arg-type]
        for fact in mapping.facts:
            number, _, why = chooser.number(fact.value, year)
            if number is None:
                left_out.append(f"{year} {fact.name}: {why}")
            else:
                facts.append(RegisterFact(year, fact.name, number, fact.unit, mapping.source))
    return Taken(values, facts, left_out)


def _value(
    catalogue: U4sscCatalogue, mapping: Mapping, entry: ValueEntry, chooser: _Chooser, year: int, digest: str
) -> RegisterValue | str:
    point = catalogue.point(entry.code, entry.data_point)
    cells: dict[str, list[dict[str, str]]] = {}
    numbers: dict[str, float | None] = {}
    for name in ("value", "numerator", "denominator"):
        selection: Selection | None = getattr(entry, name)
        if selection is None:
            continue
        number, cells[name], why = chooser.number(selection, year)
        if number is None:
            return f"{year} {' '.join(point.key).strip()}: {why}"
        numbers[name] = number
    value = numbers.get("value")
    if value is None:
        value = value_of(numbers.get("numerator"), numbers.get("denominator"), point.multiplier)
    if value is None:
        return f"{year} {' '.join(point.key).strip()}: the denominator is 0"
    evidence = {"table": mapping.table, "title": chooser.table.title, "file": digest, "mapping": mapping.name}
    return RegisterValue(
        year,
        *point.key,
        value,
        numbers.get("numerator"),
        numbers.get("denominator"),
        point.unit,
        entry.data_quality,
        mapping.data_origin,
        mapping.source,
        entry.comment,
        evidence | {"status": mapping.status, "cells": cells},
    )


class _Chooser:
    """Finds cells of one city in a table."""

    def __init__(self, mapping: Mapping, table: StatTable, wish: Wish) -> None:
        self.mapping, self.table = mapping, table
        self._region, self._year = self._dimension("region"), self._dimension("year")
        wanted = [*wish.regions] or mapping.regions.get(wish.city, [])
        if not wanted:
            message = (
                f"{mapping.name}: which region is {wish.city}? Name it with --region, or under regions in the file"
            )
            raise SettingsError(message)
        there = {cell.places[self._region]: None for cell in table.cells}
        self._places = [place for name in wanted for place in there if _is_region(place, name)]
        if not self._places:
            message = f"{mapping.name}: the table has no region {_list(wanted)}: it has {_list(p.label for p in there)}"
            raise SettingsError(message)
        self._cells = [cell for cell in table.cells if cell.places[self._region] in self._places]

    def years(self) -> list[int]:
        """The years that the table has of this region."""
        texts = {place.code or place.label for place in (cell.places[self._year] for cell in self._cells)}
        return sorted(int(text) for text in texts if text.isdigit())

    def number(self, selection: Selection, year: int) -> tuple[float | None, list[dict[str, str]], str]:
        """The number that a selection gives, the places of its cells, and, without a number, why.

        Raises:
            SettingsError: several cells where one is meant, or a column that the table does not have.
        """
        chosen = self._of_one_region(self._selected(selection, year))
        if not chosen:
            return None, [], f"no cell {dict(selection.where)}"
        if len(chosen) > 1 and selection.combine == "one":
            varying = [name for name in chosen[0].places if len({cell.places[name] for cell in chosen}) > 1]
            message = (
                f"{self.mapping.name}: {year}: {len(chosen)} cells for {dict(selection.where)}: they differ in "
                f"{_list(varying)}; choose with where, or combine: sum"
            )
            raise SettingsError(message)
        numbers = [cell.value for cell in chosen if cell.value is not None]
        if len(numbers) < len(chosen):
            return None, [], f"the table has {next(cell.symbol for cell in chosen if cell.value is None)!r}"
        return sum(numbers) * selection.factor, list(_described(chosen)), ""

    def _selected(self, selection: Selection, year: int) -> list[Cell]:
        chosen = [cell for cell in self._cells if cell.places[self._year].is_called(str(year))]
        for column, wanted in selection.where.items():
            names = wanted if isinstance(wanted, list) else [wanted]
            dimension = self._dimension(column)
            chosen = [cell for cell in chosen if any(cell.places[dimension].is_called(str(one)) for one in names)]
        return chosen

    def _of_one_region(self, cells: Sequence[Cell]) -> list[Cell]:
        """A municipality that got a new number has two, and tables give 0 where a number was not in use that year."""
        of = [[cell for cell in cells if cell.places[self._region] == place] for place in self._places]
        of = [chosen for chosen in of if chosen]
        return next((chosen for chosen in of if any(cell.value for cell in chosen)), of[0] if of else [])

    def _dimension(self, column: str) -> str:
        names = [*self.mapping.columns.get(column, []), column]
        found = self.table.dimension(names)
        if found is None:
            message = (
                f"{self.mapping.name}: the table has no column {_list(dict.fromkeys(names))}: "
                f"it has {_list(dict.fromkeys([*self.table.names, *self.table.names.values()]))}"
            )
            raise SettingsError(message)
        return found


def _described(cells: Sequence[Cell]) -> Iterator[dict[str, str]]:
    most = 20
    for cell in cells[:most]:
        yield {name: place.code or place.label for name, place in cell.places.items()}
    if len(cells) > most:
        yield {"more": str(len(cells) - most)}


def _is_region(place: Place, name: str) -> bool:
    """By code, by label, or by the number that a label begins with ("5001 Trondheim", "K-5001 Trondheim")."""
    return place.is_called(name) or name in place.label.removeprefix("K-").split()[:1]


def _list(names: Any) -> str:
    found = [str(name) for name in names]
    shown = ", ".join(found[:8])
    return shown + (f" … ({len(found)})" if len(found) > 8 else "")  # noqa: PLR2004 - on a line
