"""The standards' rules against published numbers: carried ones, and the given vectors where they are at hand."""

import csv
import json
from datetime import date
from decimal import Decimal

import pytest

from bypuls.errors import CatalogueError
from bypuls.formulas.coverage import day_is_valid
from bypuls.formulas.exceedance import exceeds, meets
from bypuls.formulas.rounding import round_half_up
from bypuls.formulas.volume import peak_hour_factor_of as peak_hour_factor
from bypuls.standards import Standards

ANY_DAY = date(2024, 1, 1)


@pytest.fixture(scope="module")
def standards():
    return Standards.load()


def eaqi_2025(standards, pollutant=None, value=None, values=None, station=None, **_):
    scale = standards.scale("eaqi_2025")
    if values is None:
        number = scale.class_of(pollutant, value)
        return {"class": number, "name": scale.name(number)}
    worst = max(scale.class_of(name, one) for name, one in values.items())
    return {"class": worst, "name": scale.name(worst), "complete": scale.is_complete(station, values)}


def norway_classes(standards, pollutant, value, **_):
    return {"class": standards.scale("norway_classes").class_of(pollutant, value)}


def eu_exceedance(_standards, value, limit, decimals, **_):
    return {"exceeded": exceeds(value, limit, decimals)}


def rounded(_standards, value, decimals):
    return {"rounded": float(round_half_up(value, decimals))}


def day_mean(_standards, valid_hours, of):
    return {"valid": day_is_valid(valid_hours, of)}


def phf(_standards, quarter_hours=None, hour=None, peak_15=None):
    if quarter_hours is None:
        rest = (hour - peak_15) / 3
        quarter_hours = [peak_15, rest, rest, rest]
    return {"phf": peak_hour_factor(quarter_hours)}


def who_2021(standards, metric, value):
    pollutant, averaging = metric.rsplit("_", 1)
    limit = standards.limit_standard("who_2021").limit(pollutant, averaging, ANY_DAY)
    met = meets(value, limit)
    return {"meets": met, "highest_met": met, "meets_aqg": met == "AQG", "ratio": value / limit.value}


RULES = {
    "eaqi_2025": eaqi_2025,
    "norway_classes": norway_classes,
    "eu_exceedance": eu_exceedance,
    "round_half_up": rounded,
    "day_mean": day_mean,
    "phf": phf,
    "who_2021": who_2021,
}


@pytest.mark.shared
@pytest.mark.parametrize("name", RULES)
def test_the_given_vectors_pass(shared, standards, name):
    tried = 0
    for file in sorted((shared / "data/vectors").glob("*.csv")):
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            if row["standard"] != name:
                continue
            got = RULES[name](standards, **json.loads(row["inputs"]))
            for key, expected in json.loads(row["expected"]).items():
                if isinstance(expected, (int, float)) and not isinstance(expected, bool):
                    assert abs(got[key] - expected) <= float(row["tolerance"]), row["case_id"]
                else:
                    assert got[key] == expected, row["case_id"]
            tried += 1
    assert tried > 0


@pytest.mark.parametrize(
    ("pollutant", "value", "number"),
    [
        # ETC HE Report 2024/17, Table 5.2; 5.01 and negative values as `edge` in the file says
        ("PM2.5", 5, 1), ("PM2.5", 5.01, 2), ("PM2.5", -0.4, 1), ("PM10", 45, 2), ("PM10", 46, 3),
        ("NO2", 100, 4), ("O3", 181, 6), ("SO2", 275, 5),
    ],
)  # fmt: skip
def test_a_value_on_an_eaqi_edge_stays_in_the_lower_class(standards, pollutant, value, number):
    assert standards.scale("eaqi_2025").class_of(pollutant, value) == number


@pytest.mark.parametrize(
    ("pollutant", "value", "number"),
    # api.met.no airqualityforecast, aqi_description
    [("PM10", 59.9, 1), ("PM10", 60, 2), ("PM2.5", 150, 4), ("NO2", 399.9, 3), ("O3", 240, 4)],
)
def test_a_value_on_a_norwegian_edge_belongs_to_the_higher_class(standards, pollutant, value, number):
    assert standards.scale("norway_classes").class_of(pollutant, value) == number


def test_a_traffic_station_needs_no2_and_one_dust_for_the_index(standards):
    scale = standards.scale("eaqi_2025")
    assert scale.is_complete("traffic", {"NO2", "PM10"})
    assert not scale.is_complete("traffic", {"PM10", "PM2.5"})
    assert not scale.is_complete("road", {"NO2", "PM10"})  # any other kind is judged as background: it needs ozone


def test_the_norwegian_limit_is_that_of_the_edition_in_force(standards):
    norway = standards.limit_standard("norway_legal_limits")
    assert norway.limit("PM10", "24h", date(2019, 1, 1)).allowed == 30
    assert norway.limit("PM10", "24h", date(2022, 6, 30)).allowed == 30
    assert norway.limit("PM10", "24h", date(2022, 7, 1)).allowed == 25
    assert norway.limit("PM2.5", "24h", ANY_DAY) is None
    assert norway.status == "unverified"


def test_a_half_goes_up_and_the_noise_of_adding_floats_does_not_count():
    assert round_half_up(2.5, 0) == Decimal(3)
    assert round_half_up(0.125, 2) == Decimal("0.13")
    assert round_half_up(45.49999999999999, 0) == Decimal(46)  # 24 values that add up to 1092 but for the last bits
    assert not exceeds(45.49, 45)
    assert exceeds(45.5, 45)


def test_no_flow_has_no_peak_hour_factor():
    assert peak_hour_factor([0, 0, 0, 0]) is None


def test_an_unknown_standard_or_pollutant_is_named(standards):
    with pytest.raises(CatalogueError, match="eaqi_2025"):
        standards.scale("eaqi_1999")
    with pytest.raises(CatalogueError, match="PM10"):
        standards.scale("norway_classes").class_of("CO", 1)


def test_every_standard_has_a_source_and_a_known_status(standards):
    for group in (standards.scales, standards.limits, standards.rules):
        for standard in group.values():
            assert standard.source
            assert standard.status in {"verified", "single_source", "derived", "unverified"}
            assert {"en", "nb"} <= standard.title.keys()
