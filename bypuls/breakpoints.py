"""Indices by lines between breakpoints (US AQI), as a file of the catalogue has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from bypuls.errors import CatalogueError


class IndexRow(NamedTuple):
    """Concentrations from `low` to `high`, both as printed, lie on the line between two indices."""

    low: Decimal
    high: Decimal
    index_low: int
    index_high: int


@dataclass(frozen=True, slots=True)
class IndexTable:
    """The rows of one pollutant and averaging, ascending.

    Attributes:
        unit: of the concentrations: ug/m3, ppm, ppb.
        truncate_decimals: what of a concentration counts.
        open_ended: whether the last row's line goes on above it.
    """

    pollutant: str
    averaging: str
    unit: str
    truncate_decimals: int
    rows: tuple[IndexRow, ...]
    open_ended: bool


@dataclass(frozen=True, slots=True)
class IndexStandard:
    """An index by lines between breakpoints (US AQI)."""

    id: str
    title: Mapping[str, str]
    names: tuple[str, ...]
    tops: tuple[int, ...]
    tables: tuple[IndexTable, ...]
    status: str
    source: str

    def has(self, pollutant: str, averaging: str) -> bool:
        """Whether there is such a table."""
        return any((table.pollutant, table.averaging) == (pollutant, averaging) for table in self.tables)

    def table(self, pollutant: str, averaging: str) -> IndexTable:
        """The rows of one pollutant and averaging.

        Raises:
            CatalogueError: there are none.
        """
        for table in self.tables:
            if (table.pollutant, table.averaging) == (pollutant, averaging):
                return table
        there = ", ".join(f"{table.pollutant} {table.averaging}" for table in self.tables)
        raise CatalogueError(f"standard {self.id} has no {pollutant} {averaging}: only {there}")

    def name(self, index: int) -> str:
        """The name of the category that an index lies in; beyond the last it is the last's."""
        place = next((place for place, top in enumerate(self.tops) if index <= top), len(self.names) - 1)
        return self.names[place]


def read_index(document: Mapping[str, Any]) -> IndexStandard:
    """The standard that a file describes.

    Raises:
        KeyError, TypeError, ValueError: it lacks something, or its rows leave a gap.
    """
    tables = [
        IndexTable(
            table["pollutant"],
            table["averaging"],
            table["unit"],
            int(table["truncate_decimals"]),
            tuple(
                IndexRow(Decimal(str(low)), Decimal(str(high)), begin, end) for low, high, begin, end in table["rows"]
            ),
            bool(table["open_ended"]),
        )
        for table in document["tables"]
    ]
    for table in tables:
        for below, above in pairwise(table.rows):
            # What is truncated falls into no gap: the next row begins one last digit further on.
            if above.low - below.high != Decimal(1).scaleb(-table.truncate_decimals):
                raise ValueError(f"gap between {below.high} and {above.low} in {table.pollutant} {table.averaging}")
    return IndexStandard(
        document["id"],
        document["title"],
        tuple(document["names"]),
        tuple(document["tops"]),
        tuple(tables),
        document["status"],
        document["source"],
    )
