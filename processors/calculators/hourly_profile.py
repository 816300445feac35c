"""The usual day of a month or year: mean volume by hour of the clock, on weekdays or at weekends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome, Part
from processors.calculators._days import local_hours, valid_days
from processors.windows import local_days

HOURS = 24
_WEEKEND = (5, 6)


def compute(inputs: Inputs) -> Outcome:
    """Mean daily volume of that kind of day; `detail`: the mean `hours` by local hour 0 to 23 and `n`, over how many.

    Parameter `days`: weekday (Monday to Friday, public holidays not left out) or weekend. The profile takes every valid
    hour; the value takes days with `coverage.day` of their hours. Sums (mean x n) of several periods recombine exactly.
    """
    count = len(inputs.cells)
    wanted = inputs.definition.parameters["days"] == "weekend"
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    bucket = own["bucket"].to_numpy(np.int64)
    own = own[_is_weekend(local_days(bucket, inputs.calendar)) == wanted]
    slot = own["cell"].to_numpy(np.int64) * HOURS + local_hours(inputs, own["bucket"].to_numpy(np.int64))
    numbers = np.bincount(slot, minlength=count * HOURS).reshape(count, HOURS)
    sums = np.bincount(slot, own["value"].to_numpy(float), minlength=count * HOURS).reshape(count, HOURS)
    days = valid_days(inputs)
    days = days[(days["cell"] >= 0) & (_is_weekend(days["day"].to_numpy(np.int64)) == wanted)]
    cell = days["cell"].to_numpy(np.int64)
    complete = np.bincount(cell, minlength=count)
    daily = np.bincount(cell, days["sum"].to_numpy(float), minlength=count)
    value = np.where(complete > 0, daily / np.maximum(complete, 1), np.nan)
    return Outcome(
        value,
        detail=[_profile(sums[at], numbers[at], int(complete[at])) for at in range(count)],
        covered=complete,
        expected=_days_of_kind(inputs, weekend=wanted),
        counted="days",
    )


def _profile(sums: Floats, numbers: Integers, days: int) -> Detail | None:
    if not numbers.any():
        return None
    hours = [total / number if number else None for total, number in zip(sums.tolist(), numbers.tolist(), strict=True)]
    return {"hours": hours, "n": numbers.tolist(), "days": days}


def _is_weekend(days: Integers) -> npt.NDArray[np.bool_]:
    return np.isin((days + 3) % 7, _WEEKEND)  # 1970-01-01 was a Thursday


def _days_of_kind(inputs: Inputs, *, weekend: bool) -> Integers:
    cells = inputs.cells
    until = local_days(np.minimum(cells.end, cells.start + cells.elapsed * 3600), inputs.calendar)
    first = local_days(cells.start, inputs.calendar)
    return np.array(
        [
            int((_is_weekend(np.arange(since, end)) == weekend).sum())
            for since, end in zip(first.tolist(), until.tolist(), strict=True)
        ],
        dtype=np.int64,
    )


def merge(
    how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Hour by hour: the sum or mean of the sites' profiles; `n` is the least of theirs."""
    divisor = len(parts) if how == "mean_of_sites" else 1
    profiles = [part.detail for part in parts if part.detail and part.detail.get("hours")]
    value = sum(part.value for part in parts) / divisor
    if not profiles:
        return value, None, None
    hours: list[float | None] = []
    for hour in range(HOURS):
        means = [profile["hours"][hour] for profile in profiles]
        hours.append(None if None in means else sum(means) / divisor)
    numbers = [min(profile["n"][hour] for profile in profiles) for hour in range(HOURS)]
    return value, None, {"hours": hours, "n": numbers, "days": min(profile["days"] for profile in profiles)}


calculator = Calculator(compute, merge=merge, parameters=frozenset({"days"}))
