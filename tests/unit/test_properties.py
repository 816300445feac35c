"""The catalogue of observed properties: complete, without contradictions, and with every recorded series inside."""

import csv
import gzip
import json
from collections import defaultdict

import pytest

from bypuls.errors import CatalogueError
from bypuls.observation import Quality
from bypuls.properties import Aggregation, Properties, find
from bypuls.qc import gross_flag
from bypuls.units import Units

# Words of the samples that name no quantity of a city: internals, actuators, raw sensor counts.
NOT_FOR_A_CITY = {
    "DIFF", "accuracy", "analog_a0", "ant", "fan", "heat", "illuminance_raw", "label", "lle", "luminosity", "open",
    "pollution",
}  # fmt: skip


@pytest.fixture(scope="module")
def properties():
    return Properties.load()


def test_every_entry_is_complete(properties):
    for entry in properties.values():
        assert set(entry.names) == {"en", "nb"}, entry.id
        assert entry.qc.gross_fail is not None, entry.id
        assert all(entry.qc.sources.values()), entry.id
        assert set(entry.qc.sources) >= {"gross_range"}, entry.id


def test_levels_directions_and_registers_are_never_averaged_arithmetically(properties):
    for entry in properties.values():
        if entry.domain == "noise":
            assert entry.aggregation in {Aggregation.ENERGY_MEAN, Aggregation.MAX, Aggregation.LAST}, entry.id
        if "direction" in entry.id:
            assert entry.aggregation is Aggregation.CIRCULAR_MEAN
        if entry.id.endswith("_total") or entry.id.startswith(("active_energy_import", "heat_energy", "heat_volume")):
            assert entry.aggregation in {Aggregation.COUNTER, Aggregation.LAST}, entry.id


@pytest.mark.parametrize(
    ("word", "property_", "channel"),
    [
        ("PM2.5", "pm25", ""),
        ("pm2_5", "pm25", ""),
        ("pm2_5_b", "pm25", "b"),
        ("pm2_5_cf1_b", "pm25", "cf1_b"),
        ("Relative Humidity", "relative_humidity", ""),
        ("tempC", "air_temperature", ""),
        ("voltage_l1", "voltage", "l1"),
        ("vehicle_count_car_lft", "car_count", "lft"),
        ("line_4_in_total", "crossing_count_total", "line_4_in"),
        ("vehicle_count.lane-2", "vehicle_count", "lane-2"),
        ("no", "no", ""),
    ],
)
def test_devices_words_are_understood(properties, word, property_, channel):
    found = properties.find(word)
    assert found is not None
    assert (found[0].id, found[1]) == (property_, channel)
    assert find(word)[1] == channel


@pytest.mark.parametrize("word", ["", ".", "pm25.", "pm25.a b", "voltage_l1.x", "x" * 10_000, "pm10_unknown"])
def test_other_words_are_not(properties, word):
    assert properties.find(word) is None


@pytest.mark.shared
def test_every_quantity_of_the_samples_has_a_property_and_its_unit_fits(properties, shared):
    units = Units.load()
    wrong, unknown = [], set()
    for path in sorted((shared / "data" / "samples").glob("*/*.json")):
        for expected in json.loads(path.read_text(encoding="utf-8"))["expected"]:
            quantity, unit = expected["quantity"], expected["unit"]
            if quantity is None:
                continue
            found = properties.find(quantity)
            if found is None:
                unknown.add(quantity)
            elif unit not in {None, "[ppt]"}:  # ozone in ppt is there to be refused
                try:
                    units.conversion(unit, found[0])
                except Exception as error:  # noqa: BLE001 - all of them are listed
                    wrong.append((path.name, quantity, str(error)))
    assert wrong == []
    assert unknown == NOT_FOR_A_CITY


@pytest.mark.shared
def test_every_value_of_the_recorded_series_is_good(properties, shared):
    units, spans = Units.load(), defaultdict(lambda: (float("inf"), float("-inf")))
    for path in sorted((shared / "data" / "real").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["value"]:
                    key = (row["quantity"], row["unit"])
                    value = float(row["value"])
                    spans[key] = (min(spans[key][0], value), max(spans[key][1], value))
    assert len(spans) > 15
    for (quantity, unit), ends in spans.items():
        if quantity.endswith("coverage"):
            continue
        entry, _ = properties.find(quantity.removesuffix("_24h_mean"))
        sent = "{vehicle}" if unit == "vehicles/h" else unit  # a count per hour is a count with an interval
        for end in ends:
            value = units.conversion(sent, entry).apply(end)
            assert gross_flag(value, entry.qc.gross_fail, entry.qc.gross_suspect) is Quality.GOOD, (quantity, value)


def test_the_property_says_whether_a_number_is_a_register_a_count_of_an_interval_or_a_gauge(properties):
    """Nothing else does: a device's word decides, and no look at values could."""
    for name, entry in properties.items():
        said = entry.names["en"]
        register = said.endswith(("register", "since installation"))
        assert (entry.aggregation is Aggregation.COUNTER) == register, name
        assert (entry.aggregation is Aggregation.SUM) == said.endswith("in the interval"), name
        assert not name.endswith("_total") or register, name
    for word, (name, _) in properties.words.items():
        if word.endswith(("count_total", "energy_total", "rain_total", "_in_total", "_out_total")):
            assert properties[name].aggregation is Aggregation.COUNTER, word
        elif word.endswith("_count"):
            assert properties[name].aggregation is Aggregation.SUM, word


ENTRY = {"name": {"en": "A", "nb": "A"}, "domain": "air", "unit": "m", "dimension": "length", "aggregation": "mean"}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"properties": {"a": {**ENTRY, "colour": 1}}}, "unknown keys"),
        ({"properties": {"a": {**ENTRY, "aggregation": "median"}}}, "median"),
        ({"properties": {"a": {**ENTRY, "qc": {"gross_range": {"fail": [2, 1], "source": "x"}}}}}, "no span"),
        ({"properties": {"a": {**ENTRY, "qc": {"max_gap": "soon"}}}}, "no duration"),
        ({"properties": {"a": {**ENTRY, "qc": {"range": {}}}}}, "unknown tests"),
        ({"properties": {"a": {**ENTRY, "aliases": ["b"]}, "b": ENTRY}}, "means both"),
        ({"properties": {"a": ENTRY}, "words": {"x": ["z", ""]}}, "unknown property"),
        ({"properties": {"a": {**ENTRY, "name": {"en": "A", "nb": "PM2", "5": None}}}}, "needs quotes"),
        ({"properties": {"a": {"name": {"en": "A"}}}}, "domain"),
    ],
)
def test_a_contradiction_is_named(document, complaint):
    with pytest.raises(CatalogueError, match=complaint):
        Properties.of(document)
