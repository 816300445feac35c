"""Units: every known spelling means what its table says, conversions are exact, dimensions are kept apart."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bypuls.errors import CatalogueError, UnitError
from bypuls.properties import Properties
from bypuls.units import IDENTITY, Conditions, Units, mass_concentration_factor

GOLDEN = Path(__file__).parents[1] / "golden" / "vectors" / "units.csv"


@pytest.fixture(scope="module")
def units():
    return Units.load()


@pytest.fixture(scope="module")
def properties():
    return Properties.load()


@pytest.mark.shared
def test_every_spelling_of_the_shared_table_means_the_same_unit(units, shared):
    with (shared / "data" / "units.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 300
    assert [row["spelling"] for row in rows if units.canonical(row["spelling"]).ucum != row["ucum"]] == []


@pytest.mark.parametrize(
    ("spelling", "ucum"),
    [
        # Spellings that pint reads as something else without an error (pint 0.25 and 0.26, tried).
        ("C", "Cel"),
        ("RH", "%"),
        ("%RH", "%"),
        ("ppt", "[pptr]"),
        ("GP", "mg/m3"),
        ("kmph", "km/h"),
        ("dB(A)", "dB[A]"),
        ("pcs", "1"),
        ("pH", "[pH]"),
        ("mb", "mbar"),
        ("\u00b5g/Nm\u00b3", "ug/m3"),
        ("rpm", "/min"),
        ("km/t", "km/h"),
        ("dB A", "dB[A]"),
        ("db(A)", "dB[A]"),
        ("dB SPL", "dB[SPL]"),
        ("deg C", "Cel"),
        ("F", "[degF]"),
        ("pct", "%"),
        ("%rh", "%"),
        ("% RH", "%"),
        ("RH%", "%"),
        ("%rF", "%"),
        ("%EL", "%"),
        # Both micro signs.
        ("\u00b5g/m3", "ug/m3"),
        ("\u03bcg/m3", "ug/m3"),
        # Without case where nothing else could be meant.
        ("DEGC", "Cel"),
        (" Kwh ", "kW.h"),
    ],
)
def test_what_a_device_means(units, spelling, ucum):
    assert units.canonical(spelling).ucum == ucum


@pytest.mark.parametrize(("one", "other"), [("mW", "MW"), ("mV", "MV")])
def test_a_prefix_in_another_case_is_another_unit(units, one, other):
    assert units.canonical(one).ucum == one
    assert units.canonical(other).ucum == other


@pytest.mark.parametrize("spelling", ["M", "Mm", "mw", "Mpa", "NM", "", " ", "furlongs/fortnight3", "2 * kWh", "\0"])
def test_a_spelling_that_is_not_in_the_table_is_unknown(units, spelling):
    with pytest.raises(UnitError) as caught:
        units.canonical(spelling)
    assert caught.value.code == "unknown_unit"


@pytest.mark.parametrize(
    ("spelling", "name", "value", "expected"),
    [
        # Exact by definition: BIPM SI brochure; NIST SP 811 (inch of mercury, psi, knot, mile); RFC 8798 (ratios).
        ("mg/m3", "pm10", 0.02, 20.0),
        ("degF", "air_temperature", 212.0, 100.0),
        ("degF", "air_temperature", -40.0, -40.0),
        ("K", "air_temperature", 273.15, 0.0),
        ("kt", "wind_speed", 36.0, 18.52),
        ("km/h", "wind_speed", 36.0, 10.0),
        ("mph", "vehicle_speed_mean", 100.0, 160.9344),
        ("inHg", "air_pressure", 1.0, 33.86389),
        ("mmHg", "air_pressure", 1.0, 1.333224),
        ("Pa", "air_pressure", 101325.0, 1013.25),
        ("Wh", "active_energy_import", 2500.0, 2.5),
        ("Wmin", "active_energy_import", 60000.0, 1.0),
        ("MJ", "heat_energy", 3.6, 1.0),
        ("/", "relative_humidity", 0.55, 55.0),
        ("%", "co2", 0.04, 400.0),
        ("ppb", "co2", 415000.0, 415.0),
        ("L/m2", "precipitation", 2.5, 2.5),
        ("cm", "precipitation", 0.4, 4.0),
        ("pCi/L", "radon", 4.0, 148.0),
        ("l", "water_volume", 1500.0, 1.5),
        ("#/0.1L", "pn2_5", 1000.0, 10.0),
    ],
)
def test_conversions_are_exact(units, properties, spelling, name, value, expected):
    # NIST SP 811 prints seven digits.
    assert units.conversion(spelling, properties[name]).apply(value) == pytest.approx(expected, rel=2e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("dB(A)", "sound_level_laeq"), ("dB", "sound_level_laeq"), ("dBm", "rssi"), ("{vehicle}", "vehicle_count"),
     ("veh", "vehicle_count"), ("count", "vehicle_count"), ("pH", "ph"), ("NTU", "turbidity"), ("index", "uv_index")],
)  # fmt: skip
def test_levels_and_counts_stay_as_they_are(units, properties, spelling, name):
    assert units.conversion(spelling, properties[name]) == IDENTITY


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("veh/h", "vehicle_count"),
        ("{vehicle}", "traffic_flow"),
        ("ppb", "no2"),
        ("1", "pn2_5"),
        ("ppm", "relative_humidity"),
        ("kvarh", "active_energy_import"),
        ("VA", "active_power"),
        ("dB(A)", "rssi"),
        ("dBSPL", "sound_level_laeq"),
        ("Cel", "relative_humidity"),
        ("coulomb", "air_temperature"),
    ],
)
def test_a_unit_of_another_dimension_is_refused(units, properties, spelling, name):
    with pytest.raises(UnitError) as caught:
        units.conversion(spelling, properties[name])
    assert caught.value.code == "unit_dimension_mismatch"
    assert caught.value.hint


def test_every_property_accepts_its_own_unit(units, properties):
    assert {units.conversion(entry.unit, entry) for entry in properties.values()} == {IDENTITY}


def test_one_meaning_per_spelling():
    rows = [
        {"spelling": "x", "ucum": "m", "pint": "meter", "dimension": "length"},
        {"spelling": "x", "ucum": "s", "pint": "second", "dimension": "time"},
    ]
    with pytest.raises(CatalogueError, match="'x' is both m and s"):
        Units.of(rows)


def test_pint_is_not_loaded_until_a_value_needs_it():
    code = (
        "import sys; from bypuls.units import Units; from bypuls.properties import Properties;"
        "u, p = Units.load(), Properties.load(); u.conversion('ug/m3', p['pm10']);"
        "assert 'pint' not in sys.modules; u.conversion('mg/m3', p['pm10']); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def check_factors(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["standard"] == "ppb_to_ug_m3"]
    assert rows
    for row in rows:
        given = json.loads(row["inputs"])
        factor = mass_concentration_factor(given["gas"], given["temperature_C"] + 273.15, given["pressure_kPa"])
        expected = json.loads(row["expected"])["ug_m3"]
        assert abs(given["ppb"] * factor - expected) <= float(row["tolerance"]), row["case_id"]


def test_mixing_ratios_become_mass_concentrations_under_declared_conditions():
    check_factors(GOLDEN)


@pytest.mark.shared
def test_every_shared_vector_of_mixing_ratios_is_met(shared):
    check_factors(shared / "data" / "vectors" / "units.csv")


EU = Conditions(293.15, 101.325)


@pytest.mark.parametrize(
    ("spelling", "name", "value", "expected"),
    [
        # The factor for NO2 at EU conditions is 1.9125 (Defra); the others follow from M p / (R T).
        ("ppb", "no2", 40.0, 40 * 1.9125),
        ("ppm", "no2", 0.04, 40 * 1.9125),
        ("PPB", "co", 1000.0, 1.1644),
        ("ppm", "co", 1.0, 1.1644),
        ("mg/m3", "co2", 1829.5, 1000.0),
        ("ug/m3", "no2", 40.0, 40.0),
    ],
)
def test_ppb_and_micrograms_convert_where_conditions_are_declared(units, properties, spelling, name, value, expected):
    got = units.conversion(spelling, properties[name], EU).apply(value)
    assert got == pytest.approx(expected, rel=3e-4)


def test_conditions_make_a_difference_and_are_never_assumed(units, properties):
    us = units.conversion("ppb", properties["no2"], Conditions(298.15, 101.325)).factor
    assert us == pytest.approx(1.8804, rel=1e-4)
    assert us != units.conversion("ppb", properties["no2"], EU).factor
    with pytest.raises(UnitError, match="unit_dimension_mismatch") as caught:
        units.conversion("ppb", properties["no2"])
    assert "293.15" in (caught.value.hint or "")
    for spelling, name in [("ppb", "tvoc"), ("ppm", "relative_humidity"), ("ppb", "pm10")]:
        with pytest.raises(UnitError):
            units.conversion(spelling, properties[name], EU)


@pytest.mark.parametrize("given", [("xe", 293.15, 101.325), ("no2", 0.0, 101.325), ("no2", float("nan"), 101.325)])
def test_without_conditions_there_is_no_factor(given):
    with pytest.raises(UnitError):
        mass_concentration_factor(*given)
