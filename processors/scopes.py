"""Which districts, cities and household groups the sites of a KPI belong to, and which of their values are to be made.

A scope's value is made of its sites' values alone. So its mark is that of theirs, and of the value itself: where both
stand, it is not made again. Pure but for the code it fingerprints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import pandas as pd

from bypuls.kpi import ANY_PROPERTY, KpiDefinition
from bypuls.privacy import PERSONAL_KIND
from processors import combination, households
from processors.calculation import Calculator, Catalogue, Integers
from processors.columns import QUALITIES
from processors.combination import combine
from processors.content import Marks, bits_of, folded, folded_number, made_by, mark_of
from processors.households import group_value, has_groups
from processors.preparation import Booleans
from processors.standing import Standing
from processors.values import Value

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Parts:
    """Values of sites, at hand and stored: `site` counts into `sites`, `period` into the starts in question."""

    sites: Sequence[str]
    site: Integers
    period: Integers
    marks: Marks
    known: Booleans


@dataclass(frozen=True, slots=True)
class Starts:
    """Periods, sorted; `provisional`: whether what is said of them now is."""

    start: Integers
    end: Integers
    provisional: Booleans


class Scopes:
    """Who belongs together: the sites of one KPI in one city.

    What is measured in households counts in their groups alone, not in districts and cities: those would tell what is
    not in a group, where all the rest is known.
    """

    def __init__(
        self,
        definition: KpiDefinition,
        calculator: Calculator,
        own: pd.DataFrame,
        areas: Mapping[tuple[str, str], Sequence[str]],
        city: str,
        groups: Mapping[str, Sequence[str]],
    ) -> None:
        self.definition = definition
        self.city = city
        self.groups = groups
        self.sites: list[str] = sorted(set(own["site"].tolist()))
        # Whether a meter is silent tells nothing of its house.
        tells = ANY_PROPERTY not in definition.inputs
        self._personal = frozenset(own["site"][own["kind"] == PERSONAL_KIND]) if tells else frozenset[str]()
        self._first: dict[str, float] = {}
        columns = (own[name].tolist() for name in ("site", "active", "first"))
        for site, active, at in zip(*columns, strict=True):
            if active and site not in self._personal:
                self._first[site] = min(np.inf if isnan(at) else at, self._first.get(site, np.inf))
        self._areas = {site: areas.get((city, site), ()) for site in self.sites}
        self._made_by = made_by(
            combination.__name__, households.__name__, *([calculator.merge.__module__] if calculator.merge else [])
        )

    def around(self, by_site: Mapping[str, Value], period: str) -> Iterable[tuple[str, str, list[str]]]:
        """(scope kind, scope, sites with a value) of every scope that holds one of the sites."""
        for kind, scope, members in self._all(by_site.keys(), period):
            found = [site for site in members if site in by_site]
            if found:
                yield kind, scope, found

    def _all(self, sites: Iterable[str], period: str) -> Iterable[tuple[str, str, Sequence[str]]]:
        if has_groups(self.definition, period):
            yield from (("group", group, members) for group, members in self.groups.items())
        open_sites = sorted(set(sites) - self._personal)
        if "city" in self.definition.scope:
            yield "city", self.city, open_sites
        if "district" in self.definition.scope:
            districts: dict[str, list[str]] = {}
            for site in open_sites:
                for area in self._areas.get(site, ()):
                    districts.setdefault(area, []).append(site)
            yield from (("district", area, members) for area, members in districts.items())

    def expected(self, kind: str, scope: str, end: int) -> int:
        """How many of its sites should have a value in a period that ends then: active, and heard of before."""
        return sum(first < end for site, first in self._first.items() if kind == "city" or scope in self._areas[site])

    def value(self, catalogue: Catalogue, parts: Sequence[Value], kind: str, scope: str) -> Value:
        """The scope's value, of its sites' values for one period, at least one."""
        if kind == "group":
            expected = len(self.groups[scope])
            made = group_value(self.definition, catalogue, parts, group=scope, members=self.groups[scope])
        else:
            expected = self.expected(kind, scope, parts[0].end)
            made = combine(self.definition, catalogue, parts, kind=kind, scope=scope, expected=expected)
        contents = [part.content for part in parts]
        if None not in contents:
            total = sum(content for content in contents if content is not None) & _MASK
            rests_on = folded_number(total ^ self._mark(kind, scope, made.period), expected, made.start, made.end)
            quality = QUALITIES.index(made.quality)
            made.content = folded_number(rests_on, bits_of(made.value), quality, mark_of(made.band))
        return made

    def _mark(self, kind: str, scope: str, period: str) -> int:
        definition = self.definition
        return mark_of(self._made_by, definition.id, definition.version, self.city, kind, scope, period)

    def every(self, period: str, sites: Iterable[str]) -> list[tuple[str, str, Sequence[str]]]:
        """(scope kind, scope, its sites) of all scopes that hold any of these sites."""
        return list(self._all(sites, period))

    def due(
        self,
        one: tuple[str, str, Sequence[str]],
        period: str,
        starts: Starts,
        parts: Parts,
        stands: tuple[Standing, int, Sequence[str]],
    ) -> tuple[Booleans, int]:
        """At which starts a scope's value is to be made, and how many values the scope has.

        Args:
            one: an entry of `every`.
            period: of the values.
            starts: of the periods in question.
            parts: what its sites say.
            stands: stored values of scopes of its kind, which of their scopes it is, the bands they count into.
        """
        kind, scope, members = one
        start, end = starts.start, starts.end
        mine = set(members)
        belongs = np.array([site in mine for site in parts.sites], dtype=bool)[parts.site]
        at, count = parts.period[belongs], len(start)
        there = np.bincount(at, minlength=count) > 0
        unknown = np.bincount(at, ~parts.known[belongs], minlength=count) > 0
        total = np.zeros(count, dtype=np.uint64)
        np.add.at(total, at, parts.marks[belongs])
        if kind == "group":
            expected = np.full(count, len(self.groups[scope]))
        else:
            firsts = [first for site, first in self._first.items() if kind == "city" or scope in self._areas[site]]
            expected = np.searchsorted(np.sort(np.array(firsts, dtype=np.float64)), end, side="left")
        rests_on = folded(total ^ np.uint64(self._mark(kind, scope, period)), expected, start, end)
        standing, number, bands = stands
        row = standing.find(np.full(count, number), start)
        if not len(standing.scope):
            return there, int(there.sum())
        of_bands = np.array([mark_of(None), *(mark_of(band) for band in bands), 0], dtype=np.uint64)
        found = folded(rests_on, standing.value[row], standing.quality[row], of_bands[standing.band[row]])
        stands_so = (row >= 0) & standing.known[row] & (standing.marks[row] == found) & ~unknown
        stands_so &= standing.provisional[row] == starts.provisional
        return there & ~stands_so, int(there.sum())
