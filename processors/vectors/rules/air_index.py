"""European and Norwegian indices."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.air_index import continuous_index, station_index
from bypuls.standards import Scale, Standards
from processors.vectors.rule import Answer, Given, rule

_HOUR = "1h"
_OF_24 = frozenset({"24h", "24h_running"})


@rule("pollutant", "averaging", "value", "values", "station")
def eaqi_2021(standards: Standards, given: Given) -> Answer:
    """Six classes, dust by 24 hours."""
    return _european(standards.scale("eaqi_2021"), given)


@rule("pollutant", "averaging", "value", "values", "station")
def eaqi_2025(standards: Standards, given: Given) -> Answer:
    """Six classes, hourly values."""
    return _european(standards.scale("eaqi_2025"), given)


@rule("pollutant", "averaging", "value")
def norway_classes(standards: Standards, given: Given) -> Answer:
    """Four classes of hourly values; those of sulphur dioxide and of day means are in standards of their own."""
    pollutant, averaging = given.text("pollutant"), given.text("averaging", _HOUR)
    name = "norway_classes"
    if averaging in _OF_24:
        name = "norway_classes_daily"
    elif pollutant == "SO2":
        name = "norway_classes_so2"
    scale = standards.scale(name)
    number = _class(scale, pollutant, averaging, given.number("value"))
    return {"class": number, "name": scale.name(number) if number else None}


@rule("pollutant", "averaging", "value")
def norway_continuous_aqi(standards: Standards, given: Given) -> Answer:
    """The class with its fraction."""
    scale, value = standards.scale("norway_classes"), given.number("value")
    if value is None or given.text("pollutant") not in scale.edges or given.text("averaging", _HOUR) != _HOUR:
        return {"aqi": None}
    return {"aqi": float(continuous_index(scale, given.text("pollutant"), np.array([value], dtype=np.float64))[0])}


def _european(scale: Scale, given: Given) -> Answer:
    if "values" in given:
        index = station_index(scale, given.text("station", "background"), given.each("values"))
        name = None if index.number is None else scale.name(index.number)
        return {"class": index.number, "name": name, "complete": index.complete}
    pollutant = given.text("pollutant")
    number = _class(scale, pollutant, given.text("averaging"), given.number("value"))
    known = {pollutant: given.number("value")} if number else {}
    complete = station_index(scale, given.text("station", "background"), known).complete
    return {"class": number, "name": scale.name(number) if number else None, "complete": complete}


def _class(scale: Scale, pollutant: str, averaging: str, value: float | None) -> int | None:
    """The class of a value of the scale's own averaging; None of another, for its edges say nothing of it."""
    if value is None or pollutant not in scale.edges:
        return None
    meant = scale.averaging_of(pollutant)
    same = averaging in {"", meant} or {averaging, meant} <= _OF_24
    return scale.class_of(pollutant, value) if same else None
