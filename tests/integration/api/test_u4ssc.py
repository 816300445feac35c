"""U4SSC by the API: the catalogue, a city's year, its benchmarks, the export for FIWARE; the label on everything."""

from __future__ import annotations

import csv
import io

import pytest

pytestmark = pytest.mark.lane("plain")
LABEL = "computed by Bypuls, not U4SSC-verified"
YEAR = "/v1/u4ssc/assessment?city=alpha&year=2024"
MARK = "/v1/u4ssc/benchmarks?city=alpha&code=sc:sh:si:2c&valid_from=2024-01-01"


@pytest.fixture
def told(own_api):
    own_api.sql(
        """INSERT INTO reported_value (city, year, code, origin, value, unit, source, who)
           VALUES ('alpha', 2024, 'SC: SH: SI: 2C', 'register', 0.25, '0-1', 'SSB 09114', 'anne')"""
    )
    return own_api


def rows(response):
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_catalogue_as_json_and_csv(api):
    data = api.data("/v1/u4ssc")
    assert (len(data), len({row["code"] for row in data})) == (112, 91)
    assert {row["label"]["en"] for row in data} == {LABEL}
    pm10 = next(row for row in data if row["data_point"] == "pm_10")
    assert (pm10["unit"], pm10["computed_by"], pm10["name_nb"]) == ("µg/m3", "air.pm10.mean", "Luftforurensning")
    table = rows(api.get("/v1/u4ssc?format=csv"))
    assert [row["code"] for row in table] == [row["code"] for row in data]


def test_a_citys_year_is_whole_and_labelled(told):
    found = told.get(YEAR).json()
    assert found["label"] == {"en": LABEL, "nb": "beregnet av Bypuls, ikke verifisert av U4SSC"}
    assert len(found["kpis"]) == found["kpi_counts"]["total"] == 91
    assert found["point_counts"]["register"] == 1
    table = rows(told.get(YEAR + "&format=csv"))
    assert len(table) == 112
    assert {row["label_nb"] for row in table} == {found["label"]["nb"]}
    (gini,) = [row for row in table if row["code"] == "SC: SH: SI: 2C"]
    assert (gini["state"], gini["value"], gini["unverified"]) == ("register", "0.25", "true")
    assert all(row["reason_nb"] for row in table if row["state"] == "missing")


def test_a_benchmark_is_set_scores_and_is_taken_away(told):
    sent = {"start": 0.5, "target": 0.1, "source": "Kommuneplan 2024"}
    answer = told.client.put(MARK, json=sent, headers=told.admin)
    assert (answer.status_code, answer.json()["code"]) == (200, "SC: SH: SI: 2C")
    (row,) = told.data("/v1/u4ssc/benchmarks?city=alpha")
    assert (row["start"], row["target"], row["source"], row["label"]["en"]) == (0.5, 0.1, "Kommuneplan 2024", LABEL)
    kpis = told.get(YEAR).json()["kpis"]
    (point,) = next(kpi for kpi in kpis if kpi["code"] == "SC: SH: SI: 2C")["data_points"]
    # 100 x (0.25 - 0.5) / (0.1 - 0.5) = 62.5 %: the second band
    assert (point["percent"], point["points"], point["band"]) == (62.5, 2, "33_66")
    assert told.client.delete(MARK, headers=told.admin).status_code == 204
    assert told.client.delete(MARK, headers=told.admin).status_code == 404
    assert told.data("/v1/u4ssc/benchmarks?city=alpha") == []
    audit = told.sql("SELECT what, target FROM audit_log WHERE what LIKE 'u4ssc%' ORDER BY id")
    assert audit == [
        ("u4ssc_benchmark.set", "SC: SH: SI: 2C from 2024-01-01"),
        ("u4ssc_benchmark.remove", "SC: SH: SI: 2C from 2024-01-01"),
    ]


def test_writes_need_an_admin_of_the_city(told):
    sent = {"start": 0.5, "target": 0.1, "source": "Kommuneplan 2024"}
    assert told.client.put(MARK, json=sent).status_code == 401
    other = {"Authorization": f"Bearer {told.new_token('beta', city='beta')}"}
    assert told.client.put(MARK, json=sent, headers=other).status_code == 403
    for wrong in ({"target": 0.5}, {"source": " "}, {"start": "x"}, {"more": 1}):
        assert told.client.put(MARK, json=sent | wrong, headers=told.admin).status_code == 422, wrong
    assert told.client.put(MARK.replace("2c", "9c"), json=sent, headers=told.admin).status_code == 404
    assert told.data("/v1/u4ssc/benchmarks?city=alpha") == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/u4ssc/assessment?city=nowhere&year=2024", 404),
        ("/v1/u4ssc/assessment?city=alpha", 422),
        ("/v1/u4ssc/assessment?city=alpha&year=20244", 422),
        ("/v1/u4ssc/assessment?city=alpha&year=2024&more=1", 422),
        ("/v1/u4ssc/fiware?city=alpha&year=2024&form=ngsi-v3", 422),
        ("/v1/u4ssc?city=alpha", 422),
    ],
)
def test_what_cannot_be_answered(api, address, status):
    assert api.get(address).status_code == status


def test_the_export_for_fiware(told):
    answer = told.get("/v1/u4ssc/fiware?city=alpha&year=2024")
    assert answer.headers["content-type"].startswith("application/ld+json")
    (gini,) = [one for one in answer.json() if "SI-2C" in one["id"]]
    assert (gini["kpiValue"]["value"], gini["label"]["value"]) == (0.25, LABEL)
    (gini,) = [
        one for one in told.get("/v1/u4ssc/fiware?city=alpha&year=2024&form=ngsi-v2").json() if "SI" in one["id"]
    ]
    assert gini["kpiValue"] == {"type": "Number", "value": 0.25}


def test_the_answer_is_described(api):
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    assert {"Assessment", "PointResult", "Candidate"} <= set(schemas)
    assert set(api.get(YEAR).json()) == set(schemas["Assessment"]["properties"])
