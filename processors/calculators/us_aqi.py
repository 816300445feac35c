"""US air quality index of an hour: NowCasts of dust, running means and hours of gases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import isnan

import numpy as np

from bypuls.breakpoints import IndexStandard
from bypuls.formulas.gases import US_TEMPERATURE, ppb
from bypuls.formulas.nowcast import nowcasts
from bypuls.formulas.running_means import DAY, EIGHT_HOURS, OF_DAY, OF_EIGHT, running_means
from bypuls.formulas.us_aqi import indices_of, ozone_indices, sulphur_dioxide_indices
from bypuls.kpi import KpiDefinition
from processors.calculation import Calculator, Detail, Floats, Inputs, Outcome, Part
from processors.calculators._running import at_cells
from processors.said import Made, coded, everywhere

_BEFORE = DAY - 1
_PPM = 1000
_DUST = {"pm25": "PM2.5", "pm10": "PM10"}


def compute(inputs: Inputs) -> Outcome:
    """The largest index of the pollutants at the hour; band: its category; `detail`: each pollutant's index.

    Dust by its NowCast of 12 hours; ozone by the larger of its eight-hour mean and its hour, carbon monoxide by eight
    hours, nitrogen dioxide by the hour, sulphur dioxide by the hour or 24 hours. Means end with the hour. Gases are
    converted to ppb at 25 °C and one atmosphere, as 40 CFR 50 declares them. EPA's ozone NowCast is not made
    (`detail.ozone` says so): the measured hours stand in its place.

    Source: EPA-454/B-24-002; 40 CFR 58, App. G.
    """
    standard = inputs.standards.index(inputs.definition.parameters["standard"])
    indices = _indices(_averages(inputs), standard)
    stacked = np.stack(list(indices.values()))
    value = np.fmax.reduce(stacked)
    decided = np.where(np.isnan(value), -1, np.nan_to_num(stacked, nan=-1.0).argmax(axis=0))  # the first of several
    status = {"standard": standard.id} | ({} if standard.status == "verified" else {"standard_status": standard.status})
    return Outcome(
        value,
        band=coded(value, standard.name),
        detail=Made(_detail, (list(indices),), (decided, *indices.values())),
        covered=(~np.isnan(value)).astype(np.int64),
        expected=np.ones(len(value), dtype=np.int64),
        evidence=everywhere({**status, "conditions": "25 Cel, 101.325 kPa"}, len(value)),
    )


def _averages(inputs: Inputs) -> dict[str, Floats]:
    """Per cell what each table asks for; gases in ppb."""
    own = inputs.definition.inputs
    found: dict[str, Floats] = {}
    for name in _DUST:
        found[name] = at_cells(inputs, name, _BEFORE, nowcasts)
    eight, day = (
        partial(running_means, window=EIGHT_HOURS, needed=OF_EIGHT),
        partial(running_means, window=DAY, needed=OF_DAY),
    )
    hour = partial(running_means, window=1, needed=1)
    for key, name, formula in (
        ("o3_8h", "o3", eight),
        ("o3_1h", "o3", hour),
        ("co_8h", "co", eight),
        ("no2_1h", "no2", hour),
        ("so2_1h", "so2", hour),
        ("so2_24h", "so2", day),
    ):
        grid = at_cells(inputs, name, _BEFORE, formula) if name in own else np.full(len(inputs.cells), np.nan)
        milligrams = _PPM if name == "co" else 1
        found[key] = grid * milligrams * ppb(name, 1.0, US_TEMPERATURE)
    return found


def _indices(values: Mapping[str, Floats], standard: IndexStandard) -> Mapping[str, Floats]:
    """The index of each pollutant, of all cells; NaN where there is none."""
    return {
        "PM2.5": indices_of(standard.table("PM2.5", "24h"), values["pm25"]),
        "PM10": indices_of(standard.table("PM10", "24h"), values["pm10"]),
        "O3": ozone_indices(standard, values["o3_8h"] / _PPM, values["o3_1h"] / _PPM),
        "CO": indices_of(standard.table("CO", "8h"), values["co_8h"] / _PPM),
        "NO2": indices_of(standard.table("NO2", "1h"), values["no2_1h"]),
        "SO2": sulphur_dioxide_indices(standard, values["so2_1h"], values["so2_24h"]),
    }


def _detail(names: Sequence[str], decided: int, *numbers: float) -> Detail | None:
    if decided < 0:
        return None
    indices = {name: None if isnan(one) else int(one) for name, one in zip(names, numbers, strict=True)}
    detail: Detail = {"pollutants": {name: index for name, index in indices.items() if index is not None}}
    detail["missing"] = [name for name, index in indices.items() if index is None]
    detail["decided_by"] = [names[decided]]
    if indices["O3"] is not None:
        detail["ozone"] = "means that end with the hour, not EPA's NowCast"
    return detail


def merge(
    _how: str, parts: Sequence[Part], _definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """The worst site's index, category and pollutants."""
    worst = max(parts, key=lambda part: part.value)
    return worst.value, worst.band, {**(worst.detail or {}), "site": worst.scope}


calculator = Calculator(compute, units=frozenset({"index"}), merge=merge, parameters=frozenset({"standard"}))
