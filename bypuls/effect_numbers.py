"""How far something changed, as people read it: in percent or in the unit, with its interval. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from types import MappingProxyType

from bypuls.effects import Change
from bypuls.kpi_value import Texts

_WHOLE = 1000
"""From here on a number has no digits after the point."""

_TO: Texts = {"en": "to", "nb": "til"}
_NO_INTERVAL: Texts = {"en": "no interval", "nb": "uten intervall"}

_UNITS: Mapping[str, Texts] = MappingProxyType(
    {
        "%": {"en": "percentage points", "nb": "prosentpoeng"},
        "{vehicle}": {"en": "vehicles", "nb": "kjøretøy"},
        "{bicycle}": {"en": "bicycles", "nb": "sykler"},
        "{person}": {"en": "people", "nb": "personer"},
        "days": {"en": "days", "nb": "døgn"},
        "Cel.d": {"en": "degree days", "nb": "graddager"},
        "Cel": {"en": "°C", "nb": "°C"},
        "deg": {"en": "°", "nb": "°"},
        "dB[A]": {"en": "dB", "nb": "dB"},
        "ug/m3": {"en": "µg/m³", "nb": "µg/m³"},
        "mg/m3": {"en": "mg/m³", "nb": "mg/m³"},
        "kW.h": {"en": "kWh", "nb": "kWh"},
        "kW.h/m2": {"en": "kWh/m²", "nb": "kWh/m²"},
        "1": {"en": "", "nb": ""},
        "class": {"en": "", "nb": ""},
    }
)


def percent(ratio: float | None) -> float | None:
    """A shift of logarithms in percent of what was.

    >>> percent(0.0)
    0.0
    """
    return None if ratio is None else (exp(ratio) - 1) * 100


def amount(change: Change, unit: str, language: str) -> str:
    """In percent with its interval where there is a ratio, else in the unit."""
    decisive = change.decisive
    if change.ratio is None:
        ends, sign = [number(one, language) for one in (decisive.low, decisive.high) if one is not None], ""
        said = f"{number(decisive.value, language)} {unit_word(unit, language)}".rstrip()
    else:
        ends, sign = [_percent(one, language) for one in (decisive.low, decisive.high) if one is not None], " %"
        said = f"{_percent(decisive.value, language)} %"
    return f"{said} ({f' {_TO[language]} '.join(ends)}{sign})" if ends else f"{said} ({_NO_INTERVAL[language]})"


def number(value: float, language: str) -> str:
    """A difference in three digits, its sign always there.

    >>> number(-2108.4, "nb"), number(0.1234, "nb")
    ('-2108', '+0,123')
    """
    return written(f"{value:+.0f}" if abs(value) >= _WHOLE else f"{value:+.3g}", language)


def unit_word(unit: str, language: str) -> str:
    """A unit as people write it."""
    return _UNITS[unit][language] if unit in _UNITS else unit.strip("{}")


def _percent(ratio: float, language: str) -> str:
    return written(f"{percent(ratio):+.1f}", language)


def written(text: str, language: str) -> str:
    """A number's digits with the language's point."""
    return text.replace(".", ",") if language == "nb" else text
