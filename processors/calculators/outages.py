"""How often and how long customers were without electricity (IEEE 1366)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bypuls.formulas.reliability import SUSTAINED, Indices, indices_of_totals, major_event_threshold
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Inputs, Outcome, Part
from processors.calculators._days import elapsed_days
from processors.calculators._energy import positive
from processors.windows import local_days

_CUSTOMERS, _MINUTES, _SERVED = "customers_interrupted", "customer_minutes_interrupted", "customers_served"
_NOBODY_SERVED = f"the site has no attribute {_SERVED}"
_NOBODY_INTERRUPTED = "no customer was interrupted: there is no mean duration"


def compute(inputs: Inputs) -> Outcome:
    """SAIDI (minutes per customer served), SAIFI (interruptions per customer served), CAIDI (minutes per interruption).

    Parameter `measure`. Only interruptions of more than 5 minutes count: the reports of an hour whose customers were
    out for 5 minutes or less on average are left out and counted in `detail`. Customers served are the site's attribute
    `customers_served` (mean of the period); without it nothing is defined, and there is no CAIDI where nobody was
    interrupted. No report is not no interruption: a day is covered when something was reported that day, be it 0.
    `detail`: all three, what they are made of, and `major`: the 2.5 beta threshold of a major event day by the days of
    this window, those days, and SAIDI without them. The rule asks for five years of days: with fewer the threshold is a
    poor one, so the value itself holds all days. A scope has all its sites' customers.
    """
    cells = inputs.cells
    reports = _reports(inputs)
    served = [positive(given.get(_SERVED)) for given in cells.attributes]
    edges = np.searchsorted(reports["cell"].to_numpy(np.int64), np.arange(len(cells) + 1)).tolist()
    value = np.full(len(cells), np.nan)
    covered = np.zeros(len(cells), dtype=np.int64)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    measure = inputs.definition.parameters["measure"]
    for at, site in enumerate(cells.site.tolist()):
        here = reports[edges[at] : edges[at + 1]]
        customers = served[site]
        covered[at] = here["day"].nunique()
        if customers is None:
            undefined[at] = _NOBODY_SERVED
        elif len(here):
            value[at], undefined[at], detail[at] = _of_cell(measure, here, customers)
    standard = inputs.standards.rule("ieee_1366")
    said: Detail = {"standard": standard.id, "major_event_days": "status single_source"}
    if standard.status != "verified":
        said["standard_status"] = standard.status
    return Outcome(
        value,
        detail=detail,
        covered=covered,
        expected=elapsed_days(inputs),
        counted="days",
        undefined=undefined,
        evidence=[said if one else None for one in detail],
    )


def _reports(inputs: Inputs) -> pd.DataFrame:
    """One row per cell and hour with a report of both numbers, sorted: cell, day, customers, customer_minutes."""
    own = inputs.hours[inputs.hours["cell"] >= 0]
    names = own["property"].astype(object)
    each = [
        own[names == name].groupby(["cell", "bucket"], as_index=False).agg(**{told: ("value", "sum")})
        for name, told in ((_CUSTOMERS, "customers"), (_MINUTES, "customer_minutes"))
    ]
    both = each[0].merge(each[1], on=["cell", "bucket"]).sort_values(["cell", "bucket"], ignore_index=True)
    return both.assign(day=local_days(both["bucket"].to_numpy(np.int64), inputs.calendar))


def _of_cell(measure: str, reports: pd.DataFrame, served: float) -> tuple[float, str | None, Detail]:
    struck = reports[reports["customers"] > 0]
    sustained = struck[struck["customer_minutes"] / struck["customers"] > SUSTAINED]
    minutes, interrupted = float(sustained["customer_minutes"].sum()), float(sustained["customers"].sum())
    found = indices_of_totals(minutes, interrupted, served)
    detail: Detail = {
        "customers_served": served,
        "customers_interrupted": interrupted,
        "customer_minutes": minutes,
        "momentary": len(struck) - len(sustained),
        "major": _major(sustained, served, reports["day"].nunique()),
    }
    return *_measured(measure, found), detail | _told(found)


def _major(sustained: pd.DataFrame, served: float, days: int) -> Detail:
    daily = sustained.groupby("day")["customer_minutes"].sum() / served
    threshold = major_event_threshold(daily.tolist())
    if threshold is None:
        return {"threshold": None, "days_of_history": days}
    usual = daily[daily <= threshold]
    return {
        "threshold": threshold,
        "days_of_history": days,
        "days": len(daily) - len(usual),
        "saidi_without": float(usual.sum()),
    }


def _told(found: Indices) -> Detail:
    return {"saidi": found.saidi, "saifi": found.saifi, "caidi": found.caidi}


def _measured(measure: str, found: Indices) -> tuple[float, str | None]:
    number = getattr(found, measure)
    return (np.nan, _NOBODY_INTERRUPTED) if number is None else (float(number), None)


def merge(
    _how: str, parts: Sequence[Part], definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """All interruptions by all customers served."""
    known = [part.detail for part in parts if part.detail]
    minutes = sum(one["customer_minutes"] for one in known)
    interrupted, served = (sum(one[name] for one in known) for name in ("customers_interrupted", "customers_served"))
    found = indices_of_totals(minutes, interrupted, served)
    number, why = _measured(definition.parameters["measure"], found)
    detail: Detail = {
        "customers_served": served,
        "customers_interrupted": interrupted,
        "customer_minutes": minutes,
        **_told(found),
    }
    return (None, None, {**detail, "why": why}) if why else (number, None, detail)


calculator = Calculator(
    compute,
    units=frozenset({"min", "1"}),
    merge=merge,
    needs_all=True,
    parameters=frozenset({"measure"}),
)
