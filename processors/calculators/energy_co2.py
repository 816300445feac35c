"""What the energy that was used stands for in CO2: an estimate by a published factor."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bypuls.formulas.energy import emitted, factor_of_year
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._energy import covered_hours, estimates, of_cells, positive, used_hours
from processors.calculators._estimates import elsewhere, marked

_KILOGRAMS = 1000.0
_HEAT = "heat_co2_factor"
_METHODS = {
    "physically_delivered": {"en": "physically delivered", "nb": "fysisk levert"},
    "residual_mix": {"en": "residual mix", "nb": "residualmiks"},
}
_OF_NETWORK = {
    "en": "metered heat by the factor that is given of its district heating network",
    "nb": "målt varme ganger faktoren som er oppgitt for fjernvarmenettet",
}
_NO_HEAT = f"the site has no attribute {_HEAT} (g CO2/kWh, of its district heating network)"


def compute(inputs: Inputs) -> Outcome:
    """Energy used x factor of the year, in kg; always an estimate. `detail`: energy (kWh), factor (g/kWh), its year.

    Parameters: `factors` (the standard they stand in) and `method`. The method delivered asks what the power in the
    wires emitted where and when it was made, imports included; residual asks what is left of the European market when
    what was sold with guarantees of origin is taken out. They answer different questions: two indicators, never mixed.
    A year without a published factor takes that of the year before it that has one, and the evidence says so; before
    the first there is none. The method site takes the site's attribute `heat_co2_factor`, because each district heating
    network has its own.
    """
    size = len(inputs.cells)
    own, count, total = of_cells(used_hours(inputs), size)
    by_site = inputs.definition.parameters["method"] == "site"
    value = np.full(size, np.nan)
    detail: list[Detail | None] = [None] * size
    undefined: list[str | None] = [None] * size
    evidence: list[Detail | None] = estimates(own, total)
    years, abroad = _years(inputs), elsewhere(inputs)
    of_year = {year: _of_year(inputs, year) for year in set(years)} if not by_site and abroad is None else {}
    for at, site in enumerate(inputs.cells.site.tolist()):
        if not count[at]:
            continue
        factor = abroad or (_of_site(inputs, site) if by_site else of_year[years[at]])
        if isinstance(factor, str):
            undefined[at] = factor
            continue
        grams, said = factor
        value[at] = emitted(float(total[at]), grams) * _KILOGRAMS
        detail[at] = {"energy": float(total[at]), "factor": grams}
        evidence[at] = {**(evidence[at] or {}), **said}
    return Outcome(value, detail=detail, covered=covered_hours(own, size), undefined=undefined, evidence=evidence)


def _years(inputs: Inputs) -> list[int]:
    starts = pd.DatetimeIndex(inputs.cells.start.astype("datetime64[s]"), tz="UTC").tz_convert(inputs.calendar.zone)
    years: list[int] = starts.year.tolist()
    return years


def _of_year(inputs: Inputs, year: int) -> tuple[float, Detail] | str:
    parameters = inputs.definition.parameters
    standard, method = inputs.standards.rule(parameters["factors"]), parameters["method"]
    factors = {int(of): float(grams) for of, grams in standard.values[method].items()}  # noqa: PD011
    if year < min(factors):
        return f"{standard.id} has no factor before {min(factors)}"
    of, grams = factor_of_year(factors, year)
    why = {
        "en": f"metered energy by a factor per kWh ({_METHODS[method]['en']})",
        "nb": f"målt energi ganger en faktor per kWh ({_METHODS[method]['nb']})",
    }
    if of != year:
        why["en"] += f"; no factor of {year} is known here, that of {of} is taken"
        why["nb"] += f"; ingen faktor for {year} er kjent her, den fra {of} brukes"
    return grams, marked(why, standard, edition=str(of), factor_method=method)


def _of_site(inputs: Inputs, site: int) -> tuple[float, Detail] | str:
    given = inputs.cells.attributes[site]
    grams: float | None = 0.0 if given.get(_HEAT) == 0 else positive(given.get(_HEAT))
    if grams is None:
        return _NO_HEAT
    source = str(given.get(f"{_HEAT}_source", "not stated"))
    return grams, marked(_OF_NETWORK, factor_source=source)


calculator = Calculator(
    compute, units=frozenset({"kg"}), parameters=frozenset({"method"}), optional=frozenset({"factors", "country"})
)
