"""The evidence of values that rest on more than the hours of their own window and site."""

from datetime import datetime

import pytest

from processors.calculation import Catalogue
from processors.combination import combine
from tests.kpi_inputs import records_of, series_of, values_of

HOUR = 3600
MIDNIGHT = int(datetime.fromisoformat("2024-01-15T00:00+01:00").timestamp())


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def evidence(catalogue, kpi, rows, series, period="P1D", start=MIDNIGHT):
    (value,) = values_of(catalogue, kpi, period, records_of(rows), series_of(series), wanted=[("a", start)])
    return value.evidence


def hours(datastream, first, values):
    return [(datastream, first + at * HOUR, value, 1, 1, 0, 0) for at, value in enumerate(values)]


def test_a_noise_day_names_its_own_hours_and_the_next_morning(catalogue):
    stream = [{"site": "a", "kind": "road", "property": "sound_level_laeq"}]
    # From 7 to 7, without two hours of the evening: the civil day itself has 15 of them.
    rows = [row for row in hours(1, MIDNIGHT + 7 * HOUR, [60.0] * 24) if (row[1] - MIDNIGHT) // HOUR not in {19, 20}]
    said = evidence(catalogue, "noise.lden", rows, stream)
    assert said["hours"] == {"expected": 24, "valid": 22}
    assert said["rests_on"] == [["2024-01-14T23:00:00Z", "2024-01-16T07:00:00Z"]]
    assert said["window"] == ["2024-01-14T23:00:00Z", "2024-01-15T23:00:00Z"]
    assert evidence(catalogue, "noise.lnight", rows, stream)["hours"] == {"expected": 8, "valid": 8}


@pytest.mark.parametrize(
    ("kpi", "name", "changed", "spans"),
    [
        ("noise.lden", "sound_level_laeq", 30, 1),
        ("air.o3.max_8h", "o3", -7, 1),
        ("traffic.volume.against_normal", "vehicle_count", -7 * 24, 5),
    ],
)
def test_the_hash_covers_the_hours_beside_the_window(catalogue, kpi, name, changed, spans):
    stream = [{"site": "a", "property": name}]
    rows = hours(1, MIDNIGHT - 28 * 24 * HOUR, [50.0] * 30 * 24)
    before = evidence(catalogue, kpi, rows, stream)
    at = 28 * 24 + changed
    rows[at] = (1, rows[at][1], 51.0, 1, 1, 0, 0)
    after = evidence(catalogue, kpi, rows, stream)
    assert before["inputs_hash"] != after["inputs_hash"]
    assert len(after["rests_on"]) == spans
    assert evidence(catalogue, kpi, rows[:-1], stream)["inputs_hash"] == after["inputs_hash"], "of no other hour"


def test_a_value_within_its_window_says_nothing_of_spans(catalogue):
    said = evidence(
        catalogue, "noise.laeq", hours(1, MIDNIGHT, [50.0] * 24), [{"site": "a", "property": "sound_level_laeq"}]
    )
    assert "rests_on" not in said
    assert "weather" not in said


def test_what_the_weather_sites_measured_is_named_and_hashed(catalogue):
    start = int(datetime.fromisoformat("2024-01-01T00:00+01:00").timestamp())
    streams = [
        {"site": "a", "kind": "building", "property": "heat_energy", "attributes": {"heat_base_load": 0}},
        {
            "site": "w",
            "origin": "simulated",
            "kind": "weather",
            "property": "air_temperature",
            "attributes": {"degree_days_normal": [400] * 12},
        },
    ]

    def said(degrees):
        heat = [(1, start + at * HOUR, 10.0, 1, 1, 0, 0, 1.0, float("nan")) for at in range(31 * 24)]
        cold = [(*row, float("nan"), float("nan")) for row in hours(2, start, [degrees] * 31 * 24)]
        rows = records_of(heat + cold)
        return values_of(
            catalogue, "energy.heat.degree_day_corrected", "P1M", rows, series_of(streams), wanted=[("a", start)]
        )

    (cold,), (warm,) = said(2.0), said(7.0)
    assert cold.evidence["weather"] == {"sites": ["w"], "datastreams": 1}
    assert cold.evidence["origin"] == ["measured", "simulated"], "made up weather makes the value made up"
    assert cold.evidence["inputs_hash"] != warm.evidence["inputs_hash"]
    of_city = combine(cold.definition, catalogue, [cold], kind="city", scope="trondheim", expected=1)
    assert of_city.evidence["weather"] == cold.evidence["weather"]


def test_a_day_of_weather_needs_its_share_of_its_own_hours(catalogue):
    start = int(datetime.fromisoformat("2024-03-01T00:00+01:00").timestamp())
    streams = [
        {"site": "a", "kind": "building", "property": "heat_energy", "attributes": {"heat_base_load": 0}},
        {
            "site": "w",
            "kind": "weather",
            "property": "air_temperature",
            "attributes": {"degree_days_normal": [310] * 12},
        },
    ]
    heat = [(1, start + at * HOUR, 10.0, 1, 1, 0, 0, 1.0, float("nan")) for at in range(31 * 24 - 1)]
    # Two hours lack on the 5th (22 of 24), one on the 6th (23 of 24); the 31st has 23.
    lacks = {4 * 24 + 3, 4 * 24 + 4, 5 * 24 + 3}
    cold = [(*row, float("nan"), float("nan")) for row in hours(2, start, [7.0] * (31 * 24 - 1))]
    rows = records_of(heat + [row for at, row in enumerate(cold) if at not in lacks])
    (value,) = values_of(
        catalogue, "energy.heat.degree_day_corrected", "P1M", rows, series_of(streams), wanted=[("a", start)]
    )
    assert value.evidence["days"] == {"expected": 31, "valid": 30}
    assert value.value == pytest.approx(10.0 * (29 * 24 + 23))
