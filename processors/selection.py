"""Which of a city's datastreams a KPI rests on: those of its sites, and what it takes from the city's weather sites."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bypuls.kpi import ANY_PROPERTY, KpiDefinition
from processors.calculation import Calculator, Weather
from processors.preparation import shares_of, values_by
from processors.readings import Records

WEATHER = "weather"


def own_series(definition: KpiDefinition, calculator: Calculator, series: pd.DataFrame) -> pd.DataFrame:
    """The datastreams of the KPI's own inputs, at the sites that it is about."""
    mine = series
    if ANY_PROPERTY not in definition.inputs:
        mine = mine[mine["property"].isin(definition.own_inputs)]
    for name, wanted in definition.sites.items():
        # Comparing texts: a city's file writes attributes as it likes.
        has = mine["kind"] if name == "kind" else mine["attributes"].map(lambda given, key=name: given.get(key))
        mine = mine[has.map(str).isin([str(one) for one in wanted])]
    if calculator.needs_all:
        complete = [set(mine["site"][mine["property"] == name]) for name in definition.own_inputs]
        mine = mine[mine["site"].isin(set.intersection(*complete))]
    return mine


def weather_series(definition: KpiDefinition, series: pd.DataFrame) -> pd.DataFrame:
    """The datastreams of the inputs that come from the city's weather sites."""
    if not definition.weather_inputs:
        return series.iloc[:0]
    return series[(series["kind"] == WEATHER) & series["property"].isin(definition.weather_inputs)]


def weather_of(definition: KpiDefinition, records: Records, series: pd.DataFrame) -> Weather | None:
    """The weather sites' hours, each the mean of its instruments; None for a KPI that takes nothing from them."""
    if not definition.weather_inputs:
        return None
    chosen = weather_series(definition, series).sort_values("id", ignore_index=True)
    sites = sorted(chosen["site"].unique())
    attributes = dict(zip(chosen["site"], chosen["attributes"], strict=True))
    ids = chosen["id"].to_numpy(np.int64)
    mine = records[np.isin(records["datastream"], ids)]
    at = np.searchsorted(ids, mine["datastream"])
    hours = pd.DataFrame(
        {
            "site": chosen["site"].map({slug: number for number, slug in enumerate(sites)}).to_numpy(np.int64)[at],
            "property": chosen["property"].to_numpy(object)[at],
            "bucket": mine["bucket"].astype(np.int64),
            "value": values_by(mine, chosen["aggregation"].to_numpy(object), at),
        }
    )
    valid = (shares_of(mine) >= definition.coverage.get("hour", 0.0) - 1e-9) & ~hours["value"].isna().to_numpy()
    means = hours[valid].groupby(["site", "property", "bucket"], as_index=False).agg(value=("value", "mean"))
    return Weather(sites, [attributes[slug] for slug in sites], means)
