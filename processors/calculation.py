"""What a calculator is: a pure function from the valid hours of many sites and windows to their values.

One public module of `processors.calculators` is one formula; its `calculator` is a `Calculator`. No list is kept. A
calculator knows no database and no clock; coverage, evidence and status are the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

import processors.calculators
from bypuls.errors import CatalogueError
from bypuls.kpi import KpiDefinition, load_definitions
from bypuls.periods import Calendar, Period
from bypuls.plugins import discover
from bypuls.standards import Standards
from processors.said import taken

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Detail = dict[str, Any]
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Place:
    """What a calculator may know of a city."""

    city: str
    time_zone: str
    air_day_offset: int
    national_limits: str | None
    country: str | None = None

    def calendar(self, kind: str) -> Calendar:
        """The city's calendar of that kind."""
        return Calendar.air(timedelta(seconds=self.air_day_offset)) if kind == "air" else Calendar.civil(self.time_zone)


@dataclass(frozen=True, slots=True)
class Cells:
    """The values wanted: one per site and window, sorted by site, then start.

    Attributes:
        sites: slugs; `site` counts into it.
        kinds: of the sites (traffic, background, road …).
        attributes: of the sites, as the city's file gives them (lanes, free_flow_speed, floor_area …).
        start, end: seconds since 1970.
        elapsed: hours of the window that are over.
        counting, counting_over: hours of the window that the definition lets count (peak hours, weekdays, the hours
            of a running mean), and those of them that are over; None: all do.
    """

    period: Period
    sites: Sequence[str]
    kinds: Sequence[str]
    site: Integers
    start: Integers
    end: Integers
    elapsed: Integers
    attributes: Sequence[Mapping[str, Any]] = ()
    counting: Integers | None = None
    counting_over: Integers | None = None

    def __len__(self) -> int:
        return len(self.site)

    @property
    def expected(self) -> Integers:
        """Hours of each window that count."""
        return self.hours if self.counting is None else self.counting

    @property
    def expected_over(self) -> Integers:
        """Hours of each window that count and are over."""
        return np.minimum(self.elapsed, self.hours) if self.counting_over is None else self.counting_over

    @property
    def hours(self) -> Integers:
        """Hours of each window."""
        return (self.end - self.start) // 3600

    def take(self, rows: Integers) -> Cells:
        """Those rows."""
        return replace(
            self, site=self.site[rows], start=self.start[rows], end=self.end[rows], elapsed=self.elapsed[rows],
            counting=None if self.counting is None else self.counting[rows],
            counting_over=None if self.counting_over is None else self.counting_over[rows],
        )  # fmt: skip

    def find(self, site: Integers, start: Integers) -> Integers:
        """The row of each (site, start of a window), -1 where it is none of them."""
        if not len(self):
            return np.full(len(site), -1, dtype=np.int64)
        keys = (self.site << 40) + self.start
        wanted = (site << 40) + start
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)


@dataclass(frozen=True, slots=True)
class Weather:
    """What the city's weather sites measured in the cells' windows.

    Attributes:
        sites: slugs; `site` of the hours counts into it.
        attributes: of the sites, as the city's file gives them (degree_days_normal …).
        hours: one row per site, property and valid hour: `site`, `property`, `bucket`, `value`.
    """

    sites: Sequence[str]
    attributes: Sequence[Mapping[str, Any]]
    hours: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a formula works on.

    Attributes:
        hours: one row per site, property and hour (5 minutes when the KPI reads rollup_5m) that holds a counting
            value, sorted: `cell` (its row in `cells`, -1 for an hour outside all windows that the calculator asked
            for), `site`, `property`, `bucket` (seconds since 1970), `value` (canonical unit), `share` (how much of the
            hour is covered), `valid` (enough of it), `steadiness` (of directions: length of the mean of their unit
            vectors, else 1), `estimated` (of a register: the part of the value that is interpolated across a gap; else
            NaN). Several datastreams of one site are combined already, unless `site_combine` is
            `channels`: then there is one row per datastream, and `series` names its row.
        series: one row per datastream at the cells' sites: `site`, `property`, `device`, `channel`, `active`; in
            seconds, NaN where unknown: `interval`, `spacing`, and since 1970 `first` (heard of).
        heard: hours in which a datastream gave anything at all: `series` (row of `series`), `bucket`, `cell`.
        weather: the city's weather sites, where an input is `from_site: weather`.
    """

    definition: KpiDefinition
    cells: Cells
    hours: pd.DataFrame
    series: pd.DataFrame
    heard: pd.DataFrame
    calendar: Calendar
    place: Place
    standards: Standards
    weather: Weather | None = None


@dataclass(slots=True)
class Outcome:
    """One entry per cell.

    Attributes:
        value: NaN where there is none.
        covered, expected: what the coverage threshold is judged by, in `counted`; None: valid hours of the window.
        undefined: words why the value is not defined there (zero flow …); None where it is.
        evidence: additions to the evidence (standard, edition, partial).

    What is said in words or objects is a list, or columns that stand for one (`processors.said`).
    """

    value: Floats
    band: Sequence[str | None] | None = None
    detail: Sequence[Detail | None] | None = None
    covered: Integers | None = None
    expected: Integers | None = None
    counted: str = "hours"
    undefined: Sequence[str | None] | None = None
    evidence: Sequence[Detail | None] | None = None

    def take(self, rows: Integers) -> Outcome:
        """Those entries."""
        return Outcome(
            self.value[rows],
            band=_of(self.band, rows),
            detail=_of(self.detail, rows),
            covered=None if self.covered is None else self.covered[rows],
            expected=None if self.expected is None else self.expected[rows],
            counted=self.counted,
            undefined=_of(self.undefined, rows),
            evidence=_of(self.evidence, rows),
        )


def _of(said: Sequence[_Said] | None, rows: Integers) -> Sequence[_Said] | None:
    return None if said is None else taken(said, rows)


@dataclass(frozen=True, slots=True)
class Part:
    """One site's stored value, as a scope combines it."""

    scope: str
    value: float
    band: str | None
    detail: Detail | None


Merge = Callable[[str, Sequence[Part], KpiDefinition], tuple[float | None, str | None, Detail | None]]
"""(how, parts, definition) -> value, band and detail of a district or city; parts is never empty."""


@dataclass(frozen=True, slots=True)
class Calculator:
    """A formula.

    Attributes:
        compute: the formula, over all cells at once.
        units: units its values may have; None: the unit of its inputs.
        merge: how sites become a district or city, where the value alone does not say it.
        days_before: days before its window a value also rests on; a change there queues the value too.
        hours_before, hours_after: hours on both sides of its window (a day or longer) a value also rests on.
        needs_all: a site without a datastream of every input has no value, not an undefined one.
        parameters: names a definition must give, and those it may give.
    """

    compute: Callable[[Inputs], Outcome]
    units: frozenset[str] | None = None
    merge: Merge | None = None
    days_before: tuple[int, ...] = ()
    hours_before: int = 0
    hours_after: int = 0
    needs_all: bool = False
    parameters: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    @property
    def looks_beyond(self) -> bool:
        """Whether a value rests on hours outside its window."""
        return bool(self.days_before or self.hours_before or self.hours_after)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The definitions, the formulas and the standards they name: read once, handed around."""

    definitions: Mapping[str, KpiDefinition]
    calculators: Mapping[str, Calculator]
    standards: Standards
    by_property: Mapping[str, tuple[KpiDefinition, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Catalogue:
        """Read the shipped catalogue.

        Raises:
            CatalogueError: a file is wrong, or names a calculator or parameter that does not exist.
        """
        return cls.of(load_definitions())

    @classmethod
    def of(cls, definitions: Mapping[str, KpiDefinition]) -> Catalogue:
        """A catalogue of these definitions.

        Raises:
            CatalogueError: a definition names a calculator or parameter that does not exist.
        """
        calculators = discover(processors.calculators, Calculator, "calculator")
        by_property: dict[str, tuple[KpiDefinition, ...]] = {}
        for definition in definitions.values():
            _check(definition, calculators)
            for name in definition.inputs:
                by_property[name] = (*by_property.get(name, ()), definition)
        return cls(definitions, calculators, Standards.load(), by_property)

    def calculator(self, definition: KpiDefinition) -> Calculator:
        """The formula of a definition."""
        return self.calculators[definition.calculator]

    def looks_beyond(self, definition: KpiDefinition) -> bool:
        """Whether a value rests on hours outside its period."""
        return definition.window.last_hours > 1 or definition.rolling or self.calculator(definition).looks_beyond


def _check(definition: KpiDefinition, calculators: Mapping[str, Calculator]) -> None:
    calculator = calculators.get(definition.calculator)
    if calculator is None:
        raise CatalogueError(
            f"KPI {definition.id}: no calculator {definition.calculator!r}; there are {', '.join(sorted(calculators))}"
        )
    given = definition.parameters.keys()
    lacking, unknown = calculator.parameters - given, given - calculator.parameters - calculator.optional
    if lacking or unknown:
        raise CatalogueError(
            f"KPI {definition.id}: {definition.calculator} lacks parameters {sorted(lacking)}, "
            f"does not know {sorted(unknown)}"
        )
