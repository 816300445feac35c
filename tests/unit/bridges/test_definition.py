from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from bypuls.errors import CatalogueError, SettingsError
from bypuls.properties import Properties
from bypuls.units import Units
from ingest.bridges.configuration import read_bridge
from ingest.bridges.definition import Definitions, meanings, parse_definition

DEFINITIONS = Definitions.load()
PROPERTIES = Properties.load()
NILU = yaml.safe_load(files("bypuls.catalogue").joinpath("bridges/nilu.yaml").read_text(encoding="utf-8"))
FILE = """name: storvik-air
bridge: nilu
city: storvik
contact: env@storvik.example
since: 2026-01-01
stations: {Torvet: torvet}
"""
FROST = """name: storvik-weather
bridge: frost
city: storvik
contact: https://storvik.example/contact
since: 2026-01-01
secret_variable: BYPULS_SECRET_FROST
stations: {SN68860: voll}
"""


def test_no_shipped_bridge_claims_to_be_tried_live():
    assert [definition.id for definition in DEFINITIONS.values() if definition.tried_live] == []


def test_every_unit_a_bridge_writes_fits_its_property():
    units = Units.load()
    converted = {
        (definition.id, meaning.property): units.conversion(rule.unit, PROPERTIES[meaning.property])
        for definition in DEFINITIONS.values()
        for rule in definition.readings
        for meaning in (meanings(rule) if isinstance(rule.unit, str) else [])
    }
    assert converted
    assert all(conversion.factor > 0 for conversion in converted.values())


def test_the_units_of_the_documentation_are_those_of_the_properties():
    units = Units.load()
    documented = {
        "no2": "µg/m³", "pm10": "µg/m³", "co": "mg/m³", "air_temperature": "degC", "relative_humidity": "percent",
        "wind_speed": "m/s", "wind_direction": "degrees", "air_pressure": "hPa", "precipitation": "mm",
        "snow_depth": "cm",
    }  # fmt: skip
    for name, unit in documented.items():
        conversion = units.conversion(unit, PROPERTIES[name])
        assert (conversion.factor, conversion.offset) == (1.0, 0.0), name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "other"}, "the id is 'other'"),
        ({"interval": "PT0S"}, "longer than nothing"),
        ({"request": {"path": "/{place}"}}, "the request names place, which is no option"),
        ({"readings": [{**NILU["readings"][0], "property": "smell"}]}, "property 'smell' is not in the catalogue"),
        ({"readings": [{**NILU["readings"][0], "time": "../../../x"}]}, "goes further up than"),
        ({"readings": [{**NILU["readings"][0], "when": {"x": {"one_of": "mood"}}}]}, "mood is no option"),
        ({"base": "http://plain.example"}, "base"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_definition_that_contradicts_itself_is_one_clear_line(change, said):
    with pytest.raises(CatalogueError, match=r"^bridge file nilu\.yaml: ") as raised:
        parse_definition(yaml.safe_dump(NILU | change, allow_unicode=True), "nilu.yaml", PROPERTIES)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def read(tmp_path: Path, text):
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    return read_bridge(file, DEFINITIONS)


def test_a_bridge_of_a_city(tmp_path):
    bridge = read(tmp_path, FILE + "options: {controlled: [true]}\n")
    chosen = bridge.chosen(DEFINITIONS["nilu"])
    assert chosen["controlled"] == [True]
    assert chosen["components"] == DEFINITIONS["nilu"].options["components"].default
    assert read(tmp_path, FROST).secret_variable == "BYPULS_SECRET_FROST"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("nilu", "nilo"), "no bridge 'nilo'; there are frost, nilu, trafikkdata"),
        (FILE + "options: {controled: [true]}\n", "no 'controled'; nilu has components, controlled"),
        (FILE + "options: {controlled: [1]}\n", "controlled cannot be 1; there are true, false"),
        (FILE + "options: {controlled: true}\n", "controlled is a list"),
        (FILE + "options: {components: []}\n", "components is a list"),
        (FILE.replace("torvet}", "a/b}"), "cannot be a device's name"),
        (FILE.replace("{Torvet: torvet}", "{}"), "name 1 to 500"),
        (FILE.replace("contact: env@storvik.example\n", ""), "contact"),
        (FILE.replace("env@storvik.example", "'us (at home)'"), "contact"),
        (FILE + "secret_variable: BYPULS_SECRET_X\n", "there is no secret"),
        (FILE + "base: http://user:word@host\n", "base"),
        (FROST.replace("secret_variable: BYPULS_SECRET_FROST\n", ""), "name the variable that holds the client id"),
        (FROST + "password: x\n", "password"),
        (FROST + "options: {resolution: PT5M}\n", 'resolution cannot be \'PT5M\'; there are "PT1H", "PT10M"'),
        (FROST + "interval: PT5M\n", "interval: frost is asked every 0:10:00 at most"),
        ("name: [\n", "while parsing"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_what_there_is(tmp_path, text, said):
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
