"""The catalogue of standards: classes, limits by edition, and what a file must have."""

from datetime import date
from decimal import Decimal

import pytest
import yaml

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
    # EEA viewer page, discomap.eea.europa.eu/map/AQI/Viewer
    [("PM2.5", 10, 1), ("PM2.5", 10.1, 2), ("PM2.5", 25, 3), ("PM2.5", 900, 5), ("O3", 240, 4), ("SO2", 501, 5)],
)
def test_the_launch_scale_stays_usable(standards, pollutant, value, number):
    assert standards.scale("eaqi_2017").class_of(pollutant, value) == number


@pytest.mark.parametrize(
    ("pollutant", "value", "number"),
    # api.met.no airqualityforecast, aqi_description
    [("PM10", 59.9, 1), ("PM10", 60, 2), ("PM2.5", 150, 4), ("NO2", 399.9, 3), ("O3", 240, 4)],
)
def test_a_value_on_a_norwegian_edge_belongs_to_the_higher_class(standards, pollutant, value, number):
    assert standards.scale("norway_classes").class_of(pollutant, value) == number


def test_what_is_a_choice_of_ours_in_a_verified_scale_is_named(standards):
    # EEA prints whole numbers and gives no rule between them; MET publishes edges, not what a station needs
    assert standards.scale("eaqi_2025").unverified == ("edge",)
    assert standards.scale("norway_classes").unverified == ("complete",)


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
    for group in kinds_of(standards):
        for standard in group.values():
            assert standard.source
            assert standard.status in {"verified", "single_source", "derived", "unverified"}
            assert {"en", "nb"} <= standard.title.keys()


def parsed(**other):
    document = {
        "id": "mine",
        "kind": "rules",
        "title": {"en": "Mine", "nb": "Min"},
        "rules": {"one": 1},
        "status": "verified",
        "source": "nobody",
    }
    return [("mine.yaml", {name: value for name, value in (document | other).items() if value is not None})]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"rulez": {}}, "unknown rulez"),
        ({"source": None}, "lacks source"),
        ({"kind": "ruler"}, "ruler"),
        ({"status": "sure"}, "sure"),
        ({"title": {"en": "Mine"}}, "en and nb"),
        ({"id": "yours"}, "yours"),
    ],
)
def test_a_file_is_read_strictly(monkeypatch, other, said):
    monkeypatch.setattr("bypuls.standards.documents", lambda: iter(parsed(**other)))
    with pytest.raises(CatalogueError, match=said):
        Standards.load()


def test_a_gap_between_rows_is_refused(monkeypatch):
    rows = [[0, 9, 0, 50], [11, 20, 51, 100]]
    table = {"pollutant": "X", "averaging": "1h", "unit": "ppb", "truncate_decimals": 0, "open_ended": True}
    broken = {"kind": "index", "names": ["a"], "tops": [50], "tables": [table | {"rows": rows}], "rules": None}
    monkeypatch.setattr("bypuls.standards.documents", lambda: iter(parsed(**broken)))
    with pytest.raises(CatalogueError, match="gap between 9 and 11"):
        Standards.load()


def test_a_limits_keys_are_read_strictly_and_it_knows_its_unit(monkeypatch, standards):
    # WHO 2021, Table 0.1: carbon monoxide in mg/m3, all else in ug/m3
    who = standards.limit_standard("who_2021")
    assert who.limit("CO", "24h", ANY_DAY).unit == "mg/m3"
    assert who.limit("NO2", "24h", ANY_DAY).unit == "ug/m3"
    limit = {"pollutant": "NO2", "averaging": "24h", "value": 25, "allowd": 3}
    editions = [{"edition": "1", "valid_from": None, "limits": [limit]}]
    broken = {"kind": "limits", "unit": "ug/m3", "editions": editions, "rules": None}
    monkeypatch.setattr("bypuls.standards.documents", lambda: iter(parsed(**broken)))
    with pytest.raises(CatalogueError, match="unknown allowd"):
        Standards.load()


def test_an_index_has_the_name_of_its_category(standards):
    # 40 CFR 58, App. G
    index = standards.index("us_aqi_2024")
    assert [index.name(number) for number in (0, 50, 51, 301, 649)] == [
        "Good",
        "Good",
        "Moderate",
        "Hazardous",
        "Hazardous",
    ]


@pytest.fixture(scope="module")
def source(shared):
    return yaml.safe_load((shared / "data/standards.yaml").read_text(encoding="utf-8"))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["eaqi_2017", "eaqi_2021", "eaqi_2025"])
def test_the_european_scales_are_those_of_the_source(source, standards, name):
    given, scale = source["air"][name], standards.scale(name)
    assert scale.names == tuple(given["names"])
    assert {one: list(edges) for one, edges in scale.edges.items()} == {
        one: edges[:-1] for one, edges in given["upper"].items()
    }
    assert {one: scale.averaging_of(one) for one in scale.edges} == given["averaging"]
    assert (scale.edge, scale.status) == (given["edge"], given["status"])


@pytest.mark.shared
def test_the_us_breakpoints_are_those_of_the_source(source, standards):
    given, index = source["air"]["us_aqi_2024"], standards.index("us_aqi_2024")
    found = {
        f"{table.pollutant}_{table.averaging}": {
            "unit": table.unit,
            "truncate_decimals": table.truncate_decimals,
            "rows": [[float(row.low), float(row.high), row.index_low, row.index_high] for row in table.rows],
        }
        for table in index.tables
    }
    assert found == {
        name: {key: table[key] for key in ("unit", "truncate_decimals", "rows")}
        for name, table in given["breakpoints"].items()
    }
    assert index.status == given["status"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["norway_classes", "norway_classes_so2"])
def test_the_norwegian_classes_are_those_of_the_source(source, standards, name):
    given, scale = source["air"][name], standards.scale(name)
    assert {one: list(edges) for one, edges in scale.edges.items()} == given["lower_of_class_2_3_4"]
    assert scale.status == given["status"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["eu_2008_50", "eu_2024_2881"])
def test_the_european_limits_are_those_of_the_source(source, standards, name):
    found = {
        (limit.pollutant, limit.averaging): (limit.value, limit.allowed or None)
        for limit in standards.limit_standard(name).edition_on(ANY_DAY).limits
    }
    for limit in source["air"][name]["limits"]:
        averaging = limit["averaging"].replace("max_daily_8h", "max_8h")
        if limit.get("kind") == "long_term_objective_2050":
            continue
        assert found[limit["pollutant"], averaging] == (limit["value"], limit.get("allowed")), limit


@pytest.mark.shared
def test_the_guidelines_are_those_of_the_source(source, standards):
    given = source["air"]["who_2021"]
    for metric, value in (given["aqg"] | given["kept_from_earlier"]).items():
        pollutant, averaging = metric.removesuffix("_mg").split("_", 1)
        limit = standards.limit_standard("who_2021").limit(pollutant, averaging.replace("8h", "max_8h"), ANY_DAY)
        assert limit.value == value, metric
        assert list(limit.interim) == given["interim_targets"].get(metric, []), metric


@pytest.mark.shared
def test_the_tables_of_traffic_are_those_of_the_source(source, standards):
    given = source["traffic"]
    street = standards.rule("hcm7_urban_street").values
    assert street["speed_must_exceed"] == given["hcm_urban_street_los"]["speed_must_exceed"]
    assert street["base_free_flow"] == given["hcm_urban_street_los"]["base_ffs"]
    freeway = standards.rule("hcm7_freeway").values
    assert freeway["upper"] == given["hcm_freeway_los"]["upper"]
    assert freeway["rural_facility_upper"] == given["hcm_freeway_los"]["rural_facility_upper"]
    delay = given["hcm_intersection_delay_s"]
    assert standards.rule("hcm7_junction_delay").values == {
        key: delay[key] for key in ("signalised_upper", "unsignalised_upper")
    }
    edges = [low for low, _ in given["vegvesen"]["length_classes_m"] if low is not None]
    assert standards.rule("vegvesen_lengths").values["edges_m"] == edges


@pytest.mark.shared
def test_what_the_source_does_not_know_for_sure_is_not_said_to_be_verified(source, standards):
    found = {one.id: one.status for group in kinds_of(standards) for one in group.values()}
    for area in source.values():
        for name, block in area.items():
            if name in found and isinstance(block, dict) and "status" in block:
                assert found[name] == block["status"], name


def kinds_of(standards):
    return (standards.scales, standards.limits, standards.rules, standards.indices)
