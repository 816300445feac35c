"""What a SensorThings Datastream says of its observations: property and unit. Reads no observation and no topic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from bypuls.errors import UnitError
from bypuls.properties import find
from bypuls.units import Units
from ingest.strict_json import printable

# Local names of QUDT's units, of the present vocabulary and of the old one that early servers' examples use.
_QUDT = {
    "A": "A", "BQ-PER-M3": "Bq/m3", "CentiM": "cm", "DEG": "deg", "DEG_C": "Cel", "DEG_F": "[degF]", "DeciB": "dB",
    "DeciB_A": "dB[A]", "DecibelA": "dB[A]", "Decibel": "dB", "Degree": "deg", "DegreeAngle": "deg",
    "DegreeCelsius": "Cel", "DegreeFahrenheit": "[degF]", "HZ": "Hz", "HectoPA": "hPa", "Hectopascal": "hPa",
    "Hertz": "Hz", "K": "K", "Kelvin": "K", "KiloM-PER-HR": "km/h", "KiloW": "kW", "KiloW-HR": "kW.h",
    "KilometerPerHour": "km/h", "KilowattHour": "kW.h", "L": "L", "LUX": "lx", "Lux": "lx", "M": "m",
    "M-PER-SEC": "m/s", "M3": "m3", "M3-PER-HR": "m3/h", "M3-PER-SEC": "m3/s", "Meter": "m", "MeterPerSecond": "m/s",
    "MicroGM-PER-M3": "ug/m3", "MicroS-PER-CentiM": "uS/cm", "MilliBAR": "mbar", "MilliGM-PER-L": "mg/L",
    "MilliGM-PER-M3": "mg/m3", "MilliM": "mm", "MilliM-PER-HR": "mm/h", "Millibar": "mbar", "Millimeter": "mm",
    "NUM": "1", "Number": "1", "PA": "Pa", "PERCENT": "%", "PERCENT_RH": "%", "PH": "[pH]", "PPB": "[ppb]",
    "PPM": "[ppm]", "PartsPerMillion": "[ppm]", "Pascal": "Pa", "Percent": "%", "SEC": "s", "Second": "s",
    "UNITLESS": "1", "Unitless": "1", "V": "V", "Volt": "V", "W": "W", "W-HR": "W.h", "W-PER-M2": "W/m2", "Watt": "W",
    "WattPerSquareMeter": "W/m2",
}  # fmt: skip
# The EEA's code list of pollutants (dd.eionet.europa.eu/vocabulary/aq/pollutant), which air quality servers refer to.
_POLLUTANTS = {
    "1": "so2", "5": "pm10", "7": "o3", "8": "no2", "9": "nox", "10": "co", "20": "benzene", "35": "nh3", "38": "no",
    "6001": "pm25", "6002": "pm1",
}  # fmt: skip
_TAIL = re.compile(r"[^/#:?]+(?=[/#]*$)")
_LONGEST = 200


class Series(NamedTuple):
    """One of the series of a (Multi)Datastream; nothing is known where nothing was said.

    Attributes:
        quantity: the catalogue's word, else the observed property's name.
        unit: a spelling that catalogue/units.csv knows, else as sent.
    """

    quantity: str | None = None
    unit: str | None = None


def described(datastream: Mapping[str, Any]) -> list[Series]:
    """The series that a Datastream (one) or MultiDatastream (several) describes; [] where it says nothing."""
    units = datastream.get("unitOfMeasurements", datastream.get("unitOfMeasurement"))
    observed = datastream.get("ObservedProperties", datastream.get("ObservedProperty"))
    all_units = units if isinstance(units, list) else [units]
    all_observed = observed if isinstance(observed, list) else [observed]
    count = max(len(all_units), len(all_observed))
    series = [
        Series(_quantity(_item(all_observed, index)), _unit(_item(all_units, index)))
        for index in range(min(count, 100))
    ]
    name = datastream.get("name")
    if len(series) == 1 and series[0].quantity is None and type(name) is str and find(name[:_LONGEST]) is not None:
        series = [Series(name[:_LONGEST], series[0].unit)]
    return series if any(item != Series() for item in series) else []


def _item(items: list[Any], index: int) -> Mapping[str, Any]:
    item = items[index] if index < len(items) else None
    return item if type(item) is dict else {}


def _quantity(observed: Mapping[str, Any]) -> str | None:
    return _word(_text(observed.get("name")), _text(observed.get("definition")))


# Datastreams are few, and are described with every observation.
@lru_cache(maxsize=4096)
def _word(name: str, definition: str) -> str | None:
    tail = _tail(definition)
    words = [_POLLUTANTS.get(tail, tail) if "/pollutant/" in definition else tail, name, *_spelled(name)]
    for word in (name, *words):
        if word and find(word) is not None:
            return word
    return name or tail or None


def _spelled(name: str) -> list[str]:
    """`Air Temperature [°C]` is air temperature."""
    plain = re.split(r"[\[(]", name, maxsplit=1)[0].strip()
    return [plain] if plain != name else []


def _unit(unit: Mapping[str, Any]) -> str | None:
    name, symbol, definition = (_text(unit.get(key)) for key in ("name", "symbol", "definition"))
    return _spelling(name, symbol, definition)


@lru_cache(maxsize=4096)
def _spelling(name: str, symbol: str, definition: str) -> str | None:
    tail = _tail(definition)
    ucum = definition.partition(":")[2] if definition.casefold().startswith("ucum:") else ""
    if "ucum" in definition.casefold() and "#" not in definition and "unitsofmeasure.org/" in definition:
        ucum = tail
    qudt = _QUDT.get(tail, "") if "qudt" in definition else ""
    for spelling in (ucum, symbol, qudt, name, definition, tail):
        if spelling and _is_known(spelling):
            return spelling
    return ucum or symbol or name or None


@cache
def _units() -> Units:
    return Units.load()


def _is_known(spelling: str) -> bool:
    try:
        _units().canonical(spelling)
    except UnitError:
        return False
    return True


def _text(value: Any) -> str:
    return printable(value[:_LONGEST].strip()) if type(value) is str else ""


def _tail(definition: str) -> str:
    found = _TAIL.search(definition)
    return "" if found is None else found[0]
