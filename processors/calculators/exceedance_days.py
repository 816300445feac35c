"""Days whose mean is above a limit: of one day yes or no, of a month or year how many so far."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from bypuls.standards import Limit, LimitStandard, exceeds
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome
from processors.calculators._days import day_means, per_cell
from processors.windows import local_days

_EPOCH = date(1970, 1, 1)


def compute(inputs: Inputs) -> Outcome:
    """Count valid day means that, rounded half up to the limit's decimals, are strictly above it.

    Parameters: `standard` (an id, or `national`: the city's own), `pollutant` (its name there), `statistic` (day_mean).
    The edition in force when the period begins applies to all of it. A day is valid with `coverage.day` of its hours.

    Source: 2008/50/EC and 2024/2881, Annex I; e-Reporting clarification V4.1 on rounding.
    """
    cells, parameters = inputs.cells, inputs.definition.parameters
    name = parameters["standard"]
    if name == "national":
        name = inputs.place.national_limits
    if name is None:
        return _undefined(inputs, "the city names no national limits")
    standard = inputs.standards.limit_standard(name)
    first_days = local_days(cells.start, inputs.calendar).tolist()
    limits = [standard.limit(parameters["pollutant"], "24h", _EPOCH + timedelta(days=day)) for day in first_days]
    days = day_means(inputs)
    above = [
        limit is not None and exceeds(mean, limit.value, limit.decimals)
        for mean, limit in zip(days["mean"], (limits[cell] for cell in days["cell"]), strict=True)
    ]
    counts, valid, expected = per_cell(inputs, days, np.array(above, dtype=float))
    any_value = np.bincount(days["cell"], minlength=len(cells)) > 0 if len(days) else np.zeros(len(cells), dtype=bool)
    one_day = cells.period == "P1D"
    outcome = Outcome(np.where(any_value, counts, np.nan))
    outcome.undefined = [
        None if limit else f"{standard.id} has no daily limit for {parameters['pollutant']}" for limit in limits
    ]
    if not one_day:
        outcome.covered, outcome.expected, outcome.counted = valid, expected, "days"
    outcome.evidence = [_evidence(standard, first_day) for first_day in first_days]
    outcome.detail = [_detail(limit) for limit in limits]
    if not one_day:
        outcome.band = _bands(inputs, limits, counts, valid, any_value)
    return outcome


def _bands(
    inputs: Inputs, limits: list[Limit | None], counts: Floats, valid: Integers, some: npt.NDArray[np.bool_]
) -> list[str | None]:
    """`above` as soon as more days than allowed are; `within` only for a year that is over and covered; else `open`.

    What is allowed is allowed in a year: a month cannot be within, and a part-year proves nothing.
    """
    cells = inputs.cells
    over = cells.elapsed >= cells.hours
    days = cells.hours / 24
    covered = valid >= inputs.definition.needed_coverage(cells.period) * days - 1e-9
    bands: list[str | None] = []
    for at, limit in enumerate(limits):
        if limit is None or limit.allowed is None or not some[at]:
            bands.append(None)
        elif counts[at] > limit.allowed:
            bands.append("above")
        else:
            bands.append("within" if cells.period == "P1Y" and over[at] and covered[at] else "open")
    return bands


def _evidence(standard: LimitStandard, first_day: int) -> Detail:
    edition = standard.edition_on(_EPOCH + timedelta(days=first_day))
    evidence: Detail = {"standard": standard.id, "edition": edition.name}
    if standard.status != "verified":
        evidence["standard_status"] = standard.status
    return evidence


def _detail(limit: Limit | None) -> Detail | None:
    return None if limit is None else {"limit": limit.value, "allowed": limit.allowed}


def _undefined(inputs: Inputs, words: str) -> Outcome:
    count = len(inputs.cells)
    return Outcome(np.full(count, np.nan), undefined=[words] * count)


calculator = Calculator(
    compute, units=frozenset({"days"}), parameters=frozenset({"standard", "pollutant", "statistic", "rounding"})
)
