"""What the traffic on a stretch of road stands for in CO2: an estimate by vehicles, length and factors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bypuls.formulas.energy import factor_of_year
from processors.calculation import Calculator, Detail, Floats, Inputs, Integers, Outcome
from processors.calculators._estimates import elsewhere, marked
from processors.calculators._level_of_service import share
from processors.calculators._paces import number

_ALL, _HEAVY = "vehicle_count", "heavy_vehicle_count"
_LENGTH, _SHARE = "road_length", "heavy_share"
_STANDARD = "norway_road_co2"
_GRAMS = 1000.0
_WHY = {
    "en": "counted vehicles x length of the stretch x mean factors per kilometre of the country's fleet",
    "nb": "talte kjøretøy x strekningens lengde x landets gjennomsnittlige utslipp per kilometer",
}


def compute(inputs: Inputs) -> Outcome:
    """Vehicles x length x (light share x light factor + heavy share x heavy factor), in kg; always an estimate.

    The site's attributes `road_length` (km, of the stretch that the count stands for) and `heavy_share` (0 to 1; where
    heavy vehicles are counted their measured share of the period counts). Without them it is undefined. Factors are
    means of the national fleet of a year (standard `norway_road_co2`; where the year has none the newest before it,
    else the oldest): speed, slope and queues do not count. Exhaust only, electric cars within the mean. Nothing is
    scaled up for hours that lack. `detail`: vehicles, kilometres driven, heavy share, factors (g/km) and their year.
    """
    cells = inputs.cells
    volume, count = _sums(inputs, _ALL)
    heavy, heavy_count = _sums(inputs, _HEAVY)
    standard = inputs.standards.rule(_STANDARD)
    factors = {
        name: {int(year): float(one) for year, one in standard.values[name].items()}  # noqa: PD011
        for name in ("light", "heavy")
    }
    starts = pd.DatetimeIndex(cells.start.astype("datetime64[s]"), tz="UTC").tz_convert(inputs.calendar.zone)
    abroad = elsewhere(inputs)
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    evidence: list[Detail | None] = [None] * len(cells)
    for at, (site, year) in enumerate(zip(cells.site.tolist(), starts.year.tolist(), strict=True)):
        if not count[at]:
            continue
        given = cells.attributes[site]
        length = number(given, _LENGTH)
        measured = heavy_count[at] == count[at] and volume[at] > 0
        part = float(min(1.0, heavy[at] / volume[at])) if measured else share(given.get(_SHARE))
        if abroad is not None:
            undefined[at] = abroad
            continue
        if length is None or part is None:
            lacking = f"{_LENGTH} (km)" if length is None else f"{_SHARE} (0 to 1), nor counts of heavy vehicles"
            undefined[at] = f"the site has no attribute {lacking}"
            continue
        of, light = factor_of_year(factors["light"], year)
        heavy_of, heavy_grams = factor_of_year(factors["heavy"], year)
        driven = float(volume[at]) * length
        value[at] = driven * ((1 - part) * light + part * heavy_grams) / _GRAMS
        detail[at] = {
            "volume": float(volume[at]),
            "kilometres": driven,
            "heavy_share": part,
            "light_factor": light,
            "heavy_factor": heavy_grams,
        }
        evidence[at] = marked(
            _WHY, standard, edition=f"light {of}, heavy {heavy_of}", heavy_share="counted" if measured else "attribute"
        )
    return Outcome(
        value,
        detail=detail,
        covered=_valid(inputs),
        expected=cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected,
        undefined=undefined,
        evidence=evidence,
    )


def _of(inputs: Inputs, name: str) -> pd.DataFrame:
    own = inputs.hours[inputs.hours["cell"] >= 0]
    return own[own["property"].astype(object) == name]


def _sums(inputs: Inputs, name: str) -> tuple[Floats, Floats]:
    """Per cell the sum of what was counted, and the number of hours."""
    own, size = _of(inputs, name), len(inputs.cells)
    cell = own["cell"].to_numpy(np.int64)
    total = np.bincount(cell, own["value"].to_numpy(float), size).astype(np.float64)
    return total, np.bincount(cell, minlength=size).astype(np.float64)


def _valid(inputs: Inputs) -> Integers:
    own = _of(inputs, _ALL)
    cell = own["cell"].to_numpy(np.int64)[own["valid"].to_numpy(bool)]
    return np.bincount(cell, minlength=len(inputs.cells)).astype(np.int64)


calculator = Calculator(compute, units=frozenset({"kg"}), optional=frozenset({"country"}))
