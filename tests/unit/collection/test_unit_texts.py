"""Units of a template's column: the same in another spelling, converted, or refused with what is expected."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bypuls.collection.unit_texts import WrongUnit, factor
from bypuls.u4ssc.catalogue import load_catalogue

UNITS = sorted({point.unit for point in load_catalogue().points.values()})


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_of_the_catalogue_is_itself(unit):
    assert (
        factor(unit, unit) == factor(None, unit) == factor(f" {unit.upper() if unit == 'ratio' else unit} ", unit) == 1
    )


@pytest.mark.parametrize(
    ("given", "expected", "times"),
    [
        ("µg/m³", "µg/m3", 1),
        ("\u03bcg/m3", "µg/m3", 1),
        ("ug/m3", "µg/m3", 1),
        ("prosent", "%", 1),
        ("antall per 100 000 innbyggere", "number / 100 000 inhabitants", 1),
        ("antall pr. 100.000 innb.", "number / 100 000 inhabitants", 1),
        ("number per 1000 inhabitants", "number / 100 000 inhabitants", 100),
        ("MWh / innbygger / år", "kWh / capita / year", 1000),
        ("kWh / capita / year", "GJ / capita / year", "0.0036"),  # 1 kWh = 3.6 MJ
        ("kg CO2e / innbygger", "tonnes CO2e / capita", "0.001"),
        ("tonn CO2-ekv / innbygger", "tonnes CO2e / capita", 1),
        ("timer", "minutes", 60),
        ("dekar / 100 000 innbyggere", "ha / 100 000 inhabitants (unit not confirmed)", "0.1"),  # 1 dekar = 1000 m2
        ("m3 / capita / day", "litres / capita / day (unit not confirmed)", 1000),
        ("kWh / m² / år", "ekWh / m2 / year", 1),
        ("årsverk / 100 000 innbyggere", "FTE / 100 000 inhabitants", 1),
        ("ja/nei", "yes/no", 1),
    ],
)
def test_a_unit_becomes_the_data_points(given, expected, times):
    assert factor(given, expected) == Decimal(times)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ppb", "µg/m3"),
        ("mg/m3", "µg/m3"),
        ("ratio", "%"),
        ("%", "ratio"),
        ("kWh / capita / month", "kWh / capita / year"),
        ("kWh / household / year", "kWh / capita / year"),
        ("mWh / capita / year", "kWh / capita / year"),  # a milliwatt hour is no megawatt hour
        ("number", "number / 100 000 inhabitants"),
        ("km", "minutes"),
        ("/", "%"),
        ("° Brix", "%"),
    ],
)
def test_another_unit_is_refused_with_what_is_expected(given, expected):
    with pytest.raises(WrongUnit, match=f"{expected} is expected"):
        factor(given, expected)


def test_air_says_how_to_convert():
    with pytest.raises(WrongUnit, match=r"1\.9 µg/m3 of NO2, 2\.62 of SO2, 1\.96 of O3"):
        factor("ppb", "µg/m3")
