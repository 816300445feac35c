"""What is known of a city and its datastreams; it is read again, and all that follows from it, once it has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from bypuls.storage.database import Connection
from processors.calculation import Calculator, Place
from processors.readings import marks_of_series, read_series
from processors.rollup import read_places
from processors.scopes import Scopes
from processors.selection import own_series
from processors.sites import Known

_MOST_CHOICES = 50

Areas = Mapping[tuple[str, str], Sequence[str]]
"""(city, site) -> its areas."""
Groups = Mapping[str, Sequence[str]]
"""Household group -> its sites."""


class Own:
    """The datastreams of one KPI's own inputs."""

    def __init__(self, series: pd.DataFrame) -> None:
        self.series = series
        self._slugs = series["site"].to_numpy(object)
        self.sites = set(self._slugs.tolist())

    def at(self, sites: Sequence[str]) -> pd.DataFrame:
        """Those of these sites."""
        wanted = set(sites)
        if wanted >= self.sites:
            return self.series
        return self.series[np.array([slug in wanted for slug in self._slugs.tolist()], dtype=bool)]


class Town:
    """A city's datastreams; what jobs ask of them is worked out once.

    `choices`: which datastreams count for a KPI at some sites, as `processors.sites` keeps it.
    """

    def __init__(self, place: Place, series: pd.DataFrame) -> None:
        self.place, self.series = place, series
        self.kinds = dict(zip(series["site"], series["kind"], strict=True))
        self.attributes = dict(zip(series["site"], series["attributes"], strict=True))
        self.choices: Known = {}
        self._own: dict[str, Own] = {}
        self._around: tuple[Areas, Groups] = ({}, {})
        self._scopes: dict[str, Scopes] = {}

    def own(self, definition: KpiDefinition, calculator: Calculator) -> Own:
        """The datastreams of the KPI's own inputs."""
        if definition.id not in self._own:
            self._own[definition.id] = Own(own_series(definition, calculator, self.series))
        return self._own[definition.id]

    def scopes(self, definition: KpiDefinition, calculator: Calculator, areas: Areas, groups: Groups) -> Scopes:
        """What the KPI's sites belong to."""
        if self._around != (areas, groups):
            self._around = (areas, groups)
            self._scopes = {}
        if definition.id not in self._scopes:
            own = self.own(definition, calculator).series
            self._scopes[definition.id] = Scopes(definition, calculator, own, areas, self.place.city, groups)
        return self._scopes[definition.id]

    def keep(self, choices: Known) -> None:
        """For the next batch, so many at most: usually it asks for the same."""
        self.choices = choices if len(choices) <= _MOST_CHOICES else {}


@dataclass(slots=True)
class Towns:
    """Towns from one batch to the next."""

    _known: dict[str, tuple[tuple[int, int] | None, Town]] = field(default_factory=dict)

    def of(self, connection: Connection, cities: Sequence[str]) -> Mapping[str, Town]:
        """These cities as they are now."""
        places, marks = read_places(connection), marks_of_series(connection, cities)
        changed = [city for city in cities if not self._stands(city, places[city], marks.get(city))]
        # Read after its mark: what changes between the two is read again the next time.
        for city, series in (read_series(connection, changed) if changed else {}).items():
            self._known[city] = marks.get(city), Town(places[city], series)
        return {city: self._known[city][1] for city in cities}

    def _stands(self, city: str, place: Place, mark: tuple[int, int] | None) -> bool:
        known = self._known.get(city)
        return known is not None and known[0] == mark and known[1].place == place
