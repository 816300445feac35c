"""Trends and comparisons through the API: what counts, what is refused and why."""

from datetime import timedelta

import pytest

from api.given import columns_of
from api.resources.comparisons.schemas import ComparedValue, ComparisonAnswer, RankedValue
from api.resources.trends.schemas import TrendAnswer
from bypuls.storage.database import connect
from tests.plan_values import KPI, say_year

# NOW is 10 June 2024: 2023 is the newest year that is over.
NO2 = "air.no2.mean"


def say(api, *values):
    with connect(api.database_url) as connection:
        for city, kpi, year, value, *given in values:
            unit = "ug/m3" if kpi == NO2 else "days"
            say_year(connection, city, kpi, year, value, **({"unit": unit} | (given[0] if given else {})))
        connection.commit()


def trend(api, **wanted):
    answer = api.get("/v1/trends", params={"city": "alpha", "kpi": NO2} | wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def compared(api, **wanted):
    answer = api.get("/v1/comparisons", params={"kpi": NO2} | wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_trend_with_what_it_rests_on_and_what_was_left_out(own_api):
    say(own_api, *(("alpha", NO2, 2015 + n, 40.0 - 2 * n) for n in range(8)))  # to 2022
    say(own_api, ("alpha", NO2, 2023, 99.0, {"quality": "insufficient", "reason": "low_coverage"}))
    say(own_api, ("alpha", NO2, 2024, 99.0, {"status": "provisional"}))
    found = trend(own_api)
    assert (found["verdict"], found["better"], found["n"], found["tau"]) == ("falling", True, 8, -1)
    assert found["slope_per_year"] == -2
    assert set(found) == set(columns_of(TrendAnswer))
    assert found["slope_low"] <= -2 <= found["slope_high"]
    # eight different values in one unbroken fall: 2 / 8!
    assert found["p"] == pytest.approx(2 / 40320)
    assert found["left_out"] == [
        {"period": "2023", "why": "insufficient", "reason": "low_coverage"},
        {"period": "2024", "why": "provisional", "reason": None},
    ]
    assert own_api.get(found["values"][0]["evidence"]).json()["data"][0]["value"] == 40
    assert trend(own_api, since=2019, until=2021)["refusal"] == "too_few"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"version": "sha256:new", "changes": {"parameters": {"statistic": "median"}}}, "definition_changed"),
        ({"classes": ["indicative"]}, "class_changed"),
        ({"origins": ["simulated"]}, "origin_changed"),
    ],
)
@pytest.mark.lane("plain")
def test_a_series_that_changed_its_nature_has_no_trend(own_api, given, refusal):
    say(own_api, *(("alpha", NO2, 2015 + n, 40.0 - 2 * n, given if n >= 5 else {}) for n in range(8)))
    found = trend(own_api)
    assert (found["verdict"], found["refusal"], found["changes"]) == ("refused", refusal, ["2020"])
    assert set(found["sentence"]) == {"en", "nb"}
    assert found["slope_per_year"] is found["p"] is None


@pytest.mark.lane("plain")
def test_short_periods_and_unknown_places_are_refused(own_api):
    say(own_api, ("alpha", NO2, 2023, 30.0))
    own_api.sql("UPDATE kpi_value SET period = 'P1D' WHERE kpi = %s", [NO2])
    assert trend(own_api, period="P1D")["refusal"] == "period_too_short"
    assert trend(own_api, scope="square")["n"] == 0
    for wanted, status in (
        ({"city": "atlantis"}, 404),
        ({"kpi": "air.none"}, 404),
        ({"scope": "moon"}, 404),
        ({"scope_kind": "district"}, 422),
        ({"period": "P1W"}, 422),
        ({"colour": "green"}, 422),
    ):
        answer = own_api.get("/v1/trends", params={"city": "alpha", "kpi": NO2} | wanted)
        assert answer.status_code == status, wanted


@pytest.mark.lane("plain")
def test_months_of_a_rolling_year_overlap(own_api):
    rolling = {"month": 1, "version": "sha256:r", "changes": {"window": {"last_months": 12}}}
    say(own_api, *(("alpha", NO2, 2015 + n, 40.0 - n, rolling) for n in range(8)))
    assert trend(own_api, period="P1M")["verdict"] == "falling"  # months of their own, as the definition says now
    own_api.sql("UPDATE kpi_definition SET current = (version = 'sha256:r') WHERE id = %s", [NO2])
    assert trend(own_api, period="P1M")["refusal"] == "overlapping"


def test_cities_rank_where_they_are_comparable(own_api):
    say(own_api, ("alpha", NO2, 2023, 30.0), ("beta", NO2, 2023, 25.0, {"classes": ["equivalent"]}))
    found = compared(own_api, year=2023, cities=["alpha", "beta"])
    assert [(one["city"], one["rank"], one["of"]) for one in found["groups"][0]] == [("beta", 1, 2), ("alpha", 2, 2)]
    assert found["pairs"][0]["comparable"] is True
    assert (found["not_ranked"], found["without_value"]) == ([], [])
    assert set(found) == set(columns_of(ComparisonAnswer))
    assert set(found["values"][0]) == set(columns_of(ComparedValue))
    assert set(found["groups"][0][0]) == set(columns_of(RankedValue))
    assert compared(own_api, year=2022, cities=["alpha", "beta"])["without_value"] == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"origins": ["simulated"]}, "simulated"),
        ({"origins": ["modelled"]}, "origin_differs"),
        ({"classes": ["indicative"]}, "class_differs"),
        ({"version": "sha256:new", "changes": {"coverage": {"year": 0.5}}}, "definition_differs"),
        ({"coverage": 0.8}, "coverage_differs"),
        ({"unit": "ppb"}, "unit_differs"),
        ({"quality": "insufficient", "reason": "low_coverage"}, "insufficient"),
        ({"status": "provisional"}, "provisional"),
    ],
)
@pytest.mark.lane("plain")
def test_what_was_not_made_alike_is_refused_with_its_reason(own_api, given, code):
    say(own_api, ("alpha", NO2, 2023, 30.0), ("beta", NO2, 2023, 1.0, given))
    found = compared(own_api, year=2023, cities=["alpha", "beta"])
    assert found["groups"] == []
    assert [one["code"] for one in found["pairs"][0]["obstacles"]] == [code]
    assert {one["city"] for one in found["not_ranked"]} == {"alpha", "beta"}
    assert set(found["pairs"][0]["obstacles"][0]["text"]) == {"en", "nb"}


@pytest.mark.lane("plain")
def test_networks_and_counties_and_one_city_with_itself(own_api):
    own_api.sql("UPDATE city SET network = 'smart', county = 'west'")
    say(own_api, ("alpha", KPI, 2022, 20), ("alpha", KPI, 2023, 18), ("beta", KPI, 2023, 30))
    for wanted in ({"network": "smart"}, {"county": "west"}, {"city": "alpha", "network": "own"}):
        found = compared(own_api, kpi=KPI, year=2023, **wanted)
        assert [one["city"] for one in found["groups"][0]] == ["alpha", "beta"]
    alone = compared(own_api, kpi=KPI, city="alpha")
    assert [(one["period"], one["rank"]) for one in alone["groups"][0]] == [("2023", 1), ("2022", 2)]
    assert (
        compared(own_api, kpi=KPI, start="2023-07-01", network="smart")["groups"]
        == compared(own_api, kpi=KPI, year=2023, network="smart")["groups"]
    )
    march = {"month": 3, "offset": timedelta(hours=-1)}
    say(own_api, ("alpha", KPI, 2023, 4, march), ("beta", KPI, 2023, 3, march), ("beta", KPI, 2023, 9, {"month": 4}))
    month = compared(own_api, kpi=KPI, period="P1M", start="2023-03-01", network="smart")
    assert [(one["city"], one["period"], one["value"]) for one in month["groups"][0]] == [
        ("beta", "2023-03", 3),
        ("alpha", "2023-03", 4),
    ]
    for wanted, status in (
        ({"period": "P1M", "year": 2023, "cities": ["alpha", "beta"]}, 422),
        ({"year": 2023, "cities": ["alpha"]}, 422),
        ({"year": 2023, "cities": ["alpha", "atlantis"]}, 404),
        ({"year": 2023, "network": "none"}, 404),
        ({"year": 2023, "network": "own"}, 422),
        ({"cities": ["alpha", "beta"]}, 422),
        ({"year": 2023, "city": "alpha", "site": "square"}, 422),
        ({"year": 2023, "cities": ["alpha", "beta"], "kpi": "air.none"}, 404),
    ):
        answer = own_api.get("/v1/comparisons", params={"kpi": KPI} | wanted)
        assert answer.status_code == status, wanted
