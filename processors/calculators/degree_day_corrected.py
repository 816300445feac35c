"""Heat as it would have been used in a normal year's weather."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bypuls.formulas.energy import corrected_heat, heating_degrees
from processors.calculation import Calculator, Floats, Inputs, Outcome
from processors.calculators._days import days_of, elapsed_days
from processors.calculators._energy import estimates, of_cells, positive, with_used_hours
from processors.windows import day_hours, local_days

_NORMALS = "degree_days_normal"
_BASE_LOAD = "heat_base_load"
_MONTHS = 12


def compute(inputs: Inputs) -> Outcome:
    """E = E_base + (E - E_base) x normal / actual degree days, over the days that have both heat and temperature.

    E_base is the site's attribute `heat_base_load` (kW.h a day that the weather does not change: hot water), the normal
    the attribute `degree_days_normal` (twelve months) of the city's weather sites, whose temperature counts. Where the
    days have fewer than `least_degree_days` each on average, nothing is corrected: the ratio would mean nothing.
    """
    cells = inputs.cells
    with_hours = with_used_hours(inputs)
    own, _, total = of_cells(with_hours.hours, len(cells))
    outcome = Outcome(
        np.full(len(cells), np.nan),
        detail=[None] * len(cells),
        covered=np.zeros(len(cells), dtype=np.int64),
        expected=elapsed_days(inputs),
        counted="days",
        undefined=[None] * len(cells),
        evidence=estimates(own, total),
    )
    weather = _weather_days(inputs)
    if weather is None:
        return _undefined(outcome, f"no weather site has the attribute {_NORMALS} (12 monthly degree days)")
    days = days_of(with_hours)
    enough = days["hours"] >= inputs.definition.coverage["day"] * days["length"] - 1e-9
    days = days[enough & (days["cell"] >= 0)].merge(weather, on="day", how="inner")
    base = {site: _base_load(given) for site, given in enumerate(cells.attributes)}
    for cell, of_cell in days.groupby("cell"):
        _correct(outcome, int(str(cell)), of_cell, base[int(cells.site[int(str(cell))])], inputs)
    for at, site in enumerate(cells.site.tolist()):
        if base[site] is None:
            outcome.value[at] = np.nan
            _say(outcome, at, f"the site has no attribute {_BASE_LOAD} (kW.h a day that do not depend on the weather)")
    return outcome


def _correct(outcome: Outcome, at: int, days: pd.DataFrame, base_load: float | None, inputs: Inputs) -> None:
    if base_load is None or outcome.covered is None or not isinstance(outcome.detail, list):
        return
    count, used = len(days), float(days["sum"].sum())
    base = min(used, base_load * count)
    actual, normal = float(days["degrees"].sum()), float(days["normal"].sum())
    enough = actual >= float(inputs.definition.parameters["least_degree_days"]) * count
    brought = corrected_heat(used, base, actual, normal) if enough else None
    outcome.value[at] = used if brought is None else brought
    outcome.covered[at] = count
    outcome.detail[at] = {
        "measured": used,
        "base": base,
        "degree_days": actual,
        "normal": normal,
        "days": count,
        "corrected": brought is not None,
    }


def _base_load(given: Mapping[str, object]) -> float | None:
    return 0.0 if given.get(_BASE_LOAD) == 0 else positive(given.get(_BASE_LOAD))


def _weather_days(inputs: Inputs) -> pd.DataFrame | None:
    """Day (since 1970), degree days and normal, over the weather sites that have normals."""
    weather = inputs.weather
    if weather is None:
        return None
    normals = {site: _months(given.get(_NORMALS)) for site, given in enumerate(weather.attributes)}
    known = {site: months for site, months in normals.items() if months is not None}
    hours = weather.hours[weather.hours["site"].isin(list(known))]
    if not known:
        return None
    means = hours.groupby("bucket", as_index=False).agg(value=("value", "mean"))
    local = local_days(means["bucket"].to_numpy(np.int64), inputs.calendar)
    days = means.assign(day=local).groupby("day", as_index=False).agg(mean=("value", "mean"), hours=("value", "size"))
    length = day_hours(days["day"].to_numpy(np.int64), inputs.calendar)
    days = days[days["hours"] >= inputs.definition.coverage["day"] * length - 1e-9]
    base = float(inputs.definition.parameters["base_temperature"])
    normal = np.mean(list(known.values()), axis=0)
    dates = pd.DatetimeIndex(days["day"].to_numpy(np.int64).astype("datetime64[D]"))
    return pd.DataFrame(
        {
            "day": days["day"],
            "degrees": heating_degrees(days["mean"].to_numpy(float), base),
            "normal": normal[dates.month - 1] / dates.days_in_month,
        }
    )


def _months(value: object) -> Floats | None:
    if not isinstance(value, list) or len(value) != _MONTHS:
        return None
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in value):
        return None
    return np.array(value, dtype=float)


def _undefined(outcome: Outcome, why: str) -> Outcome:
    for at in range(len(outcome.value)):
        _say(outcome, at, why)
    return outcome


def _say(outcome: Outcome, at: int, why: str) -> None:
    if isinstance(outcome.undefined, list):
        outcome.undefined[at] = why


calculator = Calculator(
    compute, units=frozenset({"kW.h"}), parameters=frozenset({"base_temperature", "least_degree_days"})
)
