"""Which KPI values rest on hours that changed: from changed hours to rows of `kpi_due`. Pure but for its COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
import numpy.typing as npt

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar, Period
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.calculation import Calculator, Catalogue, Integers, Place
from processors.hour_selection import selected
from processors.windows import HOUR, distinct, ends_of, instant, seconds, shift_days, starts_of

DueRow = tuple[str, str, str, str, datetime, datetime]
"""(kpi, city, site, period, start, due_at)."""

ChangedHour = tuple[int, int, str, str, str]
"""(datastream, hour in seconds since 1970, city, site, property)."""

# How long the hours under a value come to rest before it is computed: what is past usually comes in many pieces.
_REST: Mapping[Period, int] = {"PT1H": 2, "P1D": 2, "P1M": 5, "P1Y": 5}
LONGEST_REST = 5

# Running hours and days are wanted at once. What the newest hours add to a month or a year nobody sees in a minute, and
# each reading would have it read hundreds of hours: it is due in rounds, all sites of a city in the same one.
_ROUND: Mapping[Period, int] = {"PT1H": 0, "P1D": 0, "P1M": 60, "P1Y": 300}
_NEWEST = 3 * HOUR
_LINES = 5000
_SITES = 24  # bits that number a city's sites
_SQL = queries("processors", "rollup.sql")


def due_rows(
    changed: Sequence[ChangedHour], catalogue: Catalogue, places: Mapping[str, Place], now: datetime
) -> Iterator[DueRow]:
    """The values that rest on these hours, each once.

    A value that also rests on hours outside its period (a comparison with earlier weeks) is due for those, too, unless
    its period has not begun.
    """
    by_city: dict[str, dict[str, tuple[list[int], list[str]]]] = {}
    for _, hour, city, site, name in changed:
        hours, sites = by_city.setdefault(city, {}).setdefault(name, ([], []))
        hours.append(hour)
        sites.append(site)
    for city, properties in by_city.items():
        place = places[city]
        known: dict[tuple[str, ...], _SiteHours] = {}  # most definitions of a property have the same inputs
        for definition, names in _definitions(properties, catalogue):
            if names not in known:
                hours = [hour for name in names for hour in properties[name][0]]
                sites = [site for name in names for site in properties[name][1]]
                known[names] = _SiteHours.of(np.array(hours, dtype=np.int64), sites)
            yield from _of_site_hours(definition, catalogue, place, known[names], now)


def _definitions(
    properties: Mapping[str, tuple[list[int], list[str]]], catalogue: Catalogue
) -> Iterator[tuple[KpiDefinition, tuple[str, ...]]]:
    """Those that rest on any of the properties, each with its own of them."""
    wanted = {definition.id: definition for name in properties for definition in catalogue.by_property.get(name, ())}
    for definition in wanted.values():
        if definition.trigger != "schedule":
            yield definition, tuple(name for name in definition.inputs if name in properties)


@dataclass(frozen=True, slots=True)
class _SiteHours:
    """Hours of sites, each once: `site` counts into `slugs`, which are sorted."""

    slugs: npt.NDArray[np.object_]
    site: Integers
    hour: Integers

    @classmethod
    def of(cls, hours: Integers, sites: Sequence[str]) -> _SiteHours:
        """Of many datastreams, with the site of each."""
        slugs, site = np.unique(np.array(sites, dtype=object), return_inverse=True)
        keys = distinct((hours << _SITES) + site)
        return cls(slugs, keys & ((1 << _SITES) - 1), keys >> _SITES)


def of_definition(
    definition: KpiDefinition, catalogue: Catalogue, place: Place, hours: Integers, sites: list[str], now: datetime
) -> Iterator[DueRow]:
    """The values of one definition that rest on these hours, each once; `sites` has the site of each hour."""
    yield from _of_site_hours(definition, catalogue, place, _SiteHours.of(hours, sites), now)


def _of_site_hours(
    definition: KpiDefinition, catalogue: Catalogue, place: Place, changed: _SiteHours, now: datetime
) -> Iterator[DueRow]:
    calendar, slugs = place.calendar(definition.calendar), changed.slugs.tolist()
    resting = periods_resting_on(definition, catalogue, place, changed.hour, changed.site, now)
    for period, site_of, starts, hour_of in resting:
        # By time, then site: the sites of one city's value stand together in the queue.
        keys = (starts << _SITES) + site_of
        unique = distinct(keys)
        pace: Period = "P1Y" if definition.rolling else period
        at_rest = now + timedelta(seconds=_REST[pace])
        running = ends_of(unique >> _SITES, period, calendar) > seconds(now)
        # What an older hour changes is no trickle: a history that comes in, a correction.
        running &= ~np.isin(unique, keys[hour_of <= seconds(now) - _NEWEST]) | (_ROUND[pace] == 0)
        in_turn = _next_round(now, _ROUND[pace])
        begins = {start: instant(start) for start in set((unique >> _SITES).tolist())}
        for key, runs in zip(unique.tolist(), running.tolist(), strict=True):
            due = in_turn if runs else at_rest
            yield definition.id, place.city, slugs[key & ((1 << _SITES) - 1)], period, begins[key >> _SITES], due


def periods_resting_on(
    definition: KpiDefinition, catalogue: Catalogue, place: Place, hours: Integers, site: Integers, now: datetime
) -> Iterator[tuple[Period, Integers, Integers, Integers]]:
    """By period: site, start and hour of each value that rests on an hour (with repetitions)."""
    calendar = place.calendar(definition.calendar)
    if definition.window.selects:
        counts = selected(hours, definition.window, calendar, place.country)
        hours, site = hours[counts], site[counts]
    calculator = catalogue.calculator(definition)
    for period in definition.periods:
        starts, site_of, hour_of = starts_of(hours, period, calendar), site, hours
        others = _others(definition, calculator, starts, hours, period, calendar)
        if others:
            starts, site_of, hour_of = _with_others(starts, others, site, hours, seconds(now))
        yield period, site_of, starts, hour_of


def _others(
    definition: KpiDefinition,
    calculator: Calculator,
    starts: Integers,
    hours: Integers,
    period: Period,
    calendar: Calendar,
) -> list[Integers]:
    """The periods beside its own that rest on each hour: of running means, rolling years, and by the calculator."""
    others = [shift_days(starts, step, calendar) for step in calculator.days_before if period == "P1D"]
    others += [starts + step * HOUR for step in range(1, definition.window.last_hours)]
    others += _months_after(starts, definition, period, calendar)
    if period == "PT1H":
        return others
    shifts = [shift for shift in (calculator.hours_before, -calculator.hours_after) if shift]
    beside = [starts_of(hours + shift * HOUR, period, calendar) for shift in shifts]
    if definition.rolling:  # an hour before a year's first: of the year that ends eleven months later
        beside += [one for start in beside for one in _months_after(start, definition, period, calendar)]
    return others + beside


def _months_after(starts: Integers, definition: KpiDefinition, period: Period, calendar: Calendar) -> list[Integers]:
    """The months after each that the same rolling window ends with."""
    found = [starts]
    for _ in range(1, definition.window.last_months):
        found.append(ends_of(found[-1], period, calendar))
    return found[1:]


def _next_round(now: datetime, every: int) -> datetime:
    return instant((seconds(now) // every + 1) * every) if every else now


def _with_others(
    starts: Integers, others: Sequence[Integers], site: Integers, hours: Integers, now: int
) -> tuple[Integers, Integers, Integers]:
    """The periods of the changed hours and the others that rest on them, but for those that have not begun."""
    every, times = np.concatenate([starts, *others]), 1 + len(others)
    begun = every <= max(now, int(starts.max(initial=0)))
    return every[begun], np.tile(site, times)[begun], np.tile(hours, times)[begun]


def queue(connection: Connection, rows: Iterable[DueRow]) -> int:
    """Append rows to `kpi_due`; returns how many."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(_SQL["queue_due"]) as copy:
        # COPY's text form: names hold nothing that it escapes, and the driver's own lines take several times as long.
        lines = (f"{kpi}\t{city}\t{site}\t{period}\t{start}\t{due}\n" for kpi, city, site, period, start, due in rows)
        while some := list(islice(lines, _LINES)):
            copy.write("".join(some))
            count += len(some)
    return count
