"""catalogue/ngsi_models.yaml: what it says must be true of the other catalogues, and what it cannot say is refused."""

import pytest

from bypuls.errors import CatalogueError
from bypuls.units import Units
from ingest.ngsi_models import Models, meaning, model_of, models, unit_of, word

SMALL = {"unit_codes": {}, "attributes": {}, "ignored": []}


def every_meaning():
    shipped = models()
    for name, entry in shipped.attributes.items():
        yield name, entry
    for kind, model in shipped.types.items():
        for name, entry in model.attributes.items():
            yield f"{kind}.{name}", entry


def test_every_documented_unit_is_in_the_table_of_units():
    units = Units.load()
    for where, entry in every_meaning():
        if entry.unit is not None:
            assert units.canonical(entry.unit).ucum == entry.unit, where
    for code, ucum in models().unit_codes.items():
        assert units.canonical(ucum).ucum == ucum, code


def test_a_documented_unit_measures_what_its_property_is():
    units = Units.load()
    from bypuls.properties import find

    for where, entry in every_meaning():
        found = find(entry.quantity)
        if found is None or entry.unit is None or (found[0].id, entry.unit) == ("co2", "mg/L"):
            continue  # carbon dioxide in mg/L needs a temperature to become parts per million
        assert units.conversion(entry.unit, found[0]), where


def test_gases_and_particles_have_no_documented_unit():
    for gas in ("co", "no", "no2", "nox", "so2", "o3", "pm10", "pm25", "c6h6", "tsp", "pressure"):
        entry = meaning("AirQualityObserved", gas)
        assert entry is not None
        assert entry.unit is None, gas


def test_a_type_may_be_an_iri_or_a_list_of_which_one_is_known():
    assert model_of("https://smartdatamodels.org/dataModel.Weather/WeatherObserved")[0] == "WeatherObserved"
    assert model_of(["Sensor", "NoiseLevelObserved"])[0] == "NoiseLevelObserved"
    assert model_of(17) == model_of(None)
    assert word("http://") == "http://"


def test_times_and_references_are_no_measurements():
    for name in ("dateObserved", "dateModified", "refDevice", "TimeInstant", "observedAt", "laneId", "reliability"):
        assert meaning("Whatever", name) is None, name


def test_humps_are_read_where_the_catalogue_knows_the_word():
    assert meaning("Whatever", "windSpeed").quantity in {"windSpeed", "wind_speed"}
    assert not meaning("Whatever", "doorCount").known


def test_a_data_type_is_no_unit():
    assert unit_of("UDT0000016") is None
    assert unit_of(" ") is None
    assert unit_of("H61") == "mS/cm"


@pytest.mark.parametrize(
    "types",
    [
        {"X": {"atributes": {}}},
        {"X": {"attributes": {"a": {"proprety": "no2"}}}},
    ],
)
def test_a_misspelled_key_is_told(types):
    with pytest.raises(CatalogueError, match="unknown keys"):
        Models.of({**SMALL, "types": types})
