"""The limit that a year's statistic is compared with, and the verdict on it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from bypuls.formulas.exceedance import exceeds, meets
from bypuls.standards import Limit, LimitStandard
from processors.calculation import Detail, Floats, Inputs, Outcome
from processors.windows import local_days

_EPOCH = date(1970, 1, 1)


def limits_of(inputs: Inputs, averaging: str) -> tuple[LimitStandard | None, list[Limit | None]]:
    """The standard that the definition names, and its limit in force when each window begins; None where there is none.

    `national` is the city's own.
    """
    parameters = inputs.definition.parameters
    name = inputs.place.national_limits if parameters["standard"] == "national" else parameters["standard"]
    if name is None:
        return None, [None] * len(inputs.cells)
    standard = inputs.standards.limit_standard(name)
    days, back = np.unique(local_days(inputs.cells.start, inputs.calendar), return_inverse=True)
    limits = [standard.limit(parameters["pollutant"], averaging, _EPOCH + timedelta(days=day)) for day in days.tolist()]
    return standard, [limits[day] for day in back.tolist()]


def judged(inputs: Inputs, value: Floats, averaging: str, covered: Floats, *, certain: bool) -> Outcome:
    """The statistic with its limit in `detail`, the guideline level it `meets`, and its verdict.

    Rounded half up to the limit's decimals and strictly greater is `above`; `within` and `above` are said of a window
    that is over and covered, before it is `open`. With `certain` a statistic above its limit is so at once, because it
    cannot fall any more.

    Args:
        inputs: what the formula worked on.
        value: the statistic of each cell, NaN where there is none.
        averaging: of the limit: year, 24h, peak_season …
        covered: share of each window that is valid.
        certain: whether the statistic can only rise while the window runs.
    """
    cells = inputs.cells
    standard, limits = limits_of(inputs, averaging)
    over = (cells.elapsed >= cells.hours) & (covered >= inputs.definition.needed_coverage(cells.period) - 1e-9)
    pollutant = inputs.definition.parameters["pollutant"]
    bands: list[str | None] = []
    details: list[Detail | None] = []
    for number, limit, judge in zip(value.tolist(), limits, over.tolist(), strict=True):
        if limit is None or np.isnan(number):
            bands.append(None)
            details.append(None)
            continue
        # Guidelines give no rule of rounding, and what they call met is met.
        above = number > limit.value if limit.interim else exceeds(number, limit.value, limit.decimals)
        bands.append(("above" if above else "within") if judge or (above and certain) else "open")
        met = {"meets": meets(number, limit)} if limit.interim else {}
        details.append({"limit": limit.value, **met})
    what = (
        "the city names no national limits" if standard is None else f"{standard.id} has no such limit for {pollutant}"
    )
    outcome = Outcome(value, band=bands, detail=details)
    outcome.undefined = [None if limit else what for limit in limits]
    if standard is not None:
        outcome.evidence = [_said(standard, day) for day in local_days(cells.start, inputs.calendar).tolist()]
    return outcome


def _said(standard: LimitStandard, day: int) -> Detail:
    status = {} if standard.status == "verified" else {"standard_status": standard.status}
    return {"standard": standard.id, "edition": standard.edition_on(_EPOCH + timedelta(days=day)).name, **status}
