"""Counts what is above a limit: hours, day means, eight-hour maxima."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bypuls.formulas.exceedance import exceeding
from bypuls.standards import Edition, Limit, LimitStandard
from processors.calculation import Detail, Floats, Inputs, Integers, Outcome
from processors.windows import local_days

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Counted:
    """What is compared with the limit.

    Attributes:
        cell, value: one entry per valid hour or day.
        whole: how many there are in the whole of each window.
        covered, expected, unit: as `Outcome` says; None where the window's valid hours decide.
    """

    cell: Integers
    value: Floats
    whole: Floats
    covered: Integers | None = None
    expected: Integers | None = None
    unit: str = "hours"


def count_exceedances(inputs: Inputs, averaging: str, counted: Counted) -> Outcome:
    """Count values that, rounded half up to the limit's decimals, are strictly above it.

    The edition in force when a period begins applies to all of it.

    Source: 2008/50/EC and 2024/2881, Annex I; e-Reporting clarification V4.1 on rounding.
    """
    cells, parameters = inputs.cells, inputs.definition.parameters
    name = parameters["standard"]
    if name == "national":
        name = inputs.place.national_limits
    if name is None:
        return _undefined(inputs, "the city names no national limits")
    standard = inputs.standards.limit_standard(name)
    # Sites share their days, and days their limit: each is looked up and put into words once.
    days, back = np.unique(local_days(cells.start, inputs.calendar), return_inverse=True)
    editions = [standard.edition_on(_EPOCH + timedelta(days=day)) for day in days.tolist()]
    of_days = [edition.limit(parameters["pollutant"], averaging) for edition in editions]
    counts = np.bincount(counted.cell, _above(counted, of_days, back), minlength=len(cells)).astype(float)
    found = np.bincount(counted.cell, minlength=len(cells))
    outcome = Outcome(np.where(found > 0, counts, np.nan))
    what = {"1h": "hourly", "24h": "daily", "max_8h": "eight-hour"}[averaging]
    unknown = f"{standard.id} has no {what} limit for {parameters['pollutant']}"
    evidence = {edition.name: _evidence(standard, edition) for edition in editions}
    detail = {limit: _detail(limit) for limit in of_days}
    limits = [of_days[day] for day in back.tolist()]
    outcome.undefined = [None if limit else unknown for limit in limits]
    outcome.covered, outcome.expected, outcome.counted = counted.covered, counted.expected, counted.unit
    outcome.evidence = [evidence[editions[day].name] for day in back.tolist()]
    outcome.detail = [detail[limit] for limit in limits]
    if cells.period != "P1D":
        outcome.band = _bands(inputs, limits, counts, found, counted.whole)
    return outcome


def _above(counted: Counted, limits: list[Limit | None], day_of: Integers) -> Floats:
    """`limits` of the cells' first days, `day_of` which of them each cell has."""
    limit_of = np.array([np.inf if limit is None else limit.value for limit in limits])
    decimals = np.array([0 if limit is None else limit.decimals for limit in limits], dtype=np.int64)
    day = day_of[counted.cell]
    return exceeding(counted.value, limit_of[day], decimals[day]).astype(np.float64)


def _bands(
    inputs: Inputs, limits: list[Limit | None], counts: Floats, found: Integers, whole: Floats
) -> list[str | None]:
    """`above` as soon as more than allowed are; `within` only for a year that is over and covered; else `open`.

    What is allowed is allowed in a year: a month cannot be within, and a part-year proves nothing. One year proves
    nothing either where the average of several counts.
    """
    cells = inputs.cells
    over = cells.elapsed >= cells.hours
    covered = found >= inputs.definition.needed_coverage(cells.period) * whole - 1e-9
    bands: list[str | None] = []
    for at, limit in enumerate(limits):
        if limit is None or limit.allowed is None or limit.years > 1 or not found[at]:
            bands.append(None)
        elif counts[at] > limit.allowed:
            bands.append("above")
        else:
            bands.append("within" if cells.period == "P1Y" and over[at] and covered[at] else "open")
    return bands


def _evidence(standard: LimitStandard, edition: Edition) -> Detail:
    evidence: Detail = {"standard": standard.id, "edition": edition.name}
    if standard.status != "verified":
        evidence["standard_status"] = standard.status
    return evidence


def _detail(limit: Limit | None) -> Detail | None:
    if limit is None:
        return None
    detail: Detail = {"limit": limit.value, "allowed": limit.allowed}
    if limit.years > 1:
        detail["averaged_over_years"] = limit.years
    return detail


def _undefined(inputs: Inputs, words: str) -> Outcome:
    count = len(inputs.cells)
    return Outcome(np.full(count, np.nan), undefined=[words] * count)
