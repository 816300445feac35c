"""The catalogue of standards: classes, limits by edition, and what a file must have."""

from datetime import date
from decimal import Decimal

import pytest

from bypuls.errors import CatalogueError
from bypuls.formulas.exceedance import exceeds
from bypuls.formulas.rounding import round_half_up
from bypuls.formulas.volume import peak_hour_factor_of as peak_hour_factor
from bypuls.standards import Standards

ANY_DAY = date(2024, 1, 1)


@pytest.fixture(scope="module")
def standards():
    return Standards.load()


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
