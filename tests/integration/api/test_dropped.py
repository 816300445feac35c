"""What an answer says of a time whose raw data was dropped."""

import pytest

DROPPED = """INSERT INTO retention (city, kind, since, until, warned_at, due_at, closed_at, dropped_at, rows)
             VALUES ('alpha', 'observations', '2024-01-01', '2024-06-01', now(), now(), now(), now(), 10)"""
QUESTION = "/v1/observations?city=alpha&property=pm10"
WHY = "/v1/why?city=alpha&site=square&property=pm10&start="


@pytest.fixture
def dropped(api):
    api.sql(DROPPED)
    yield api
    api.sql("DELETE FROM retention")


def test_raw_data_that_was_dropped_is_said_beside_what_is_there(dropped):
    found = dropped.get(f"{QUESTION}&from=2024-01-01").json()["raw_dropped"]
    assert found["before"] == "2024-06-01T00:00:00Z"
    assert found["note"]["en"].startswith("Raw data before 2024-06-01 0")  # in the city's time
    assert set(found["note"]) == {"en", "nb"}
    assert dropped.get(QUESTION).json()["raw_dropped"] == found  # from the first value on
    assert dropped.get(f"{QUESTION}&from=2024-06-02").json()["raw_dropped"] is None
    assert dropped.get("/v1/observations?city=beta&property=pm10").json()["raw_dropped"] is None
    assert dropped.get(f"{WHY}2024-03-01T12:00Z").json()["raw_dropped"] == found
    assert dropped.get(f"{WHY}2024-06-03T12:00Z").json()["raw_dropped"] is None


def test_csv_says_it_in_a_header(dropped):
    name = "Bypuls-Raw-Dropped-Before"
    for more in ("", "&limit=1"):
        answer = dropped.get(f"{QUESTION}&format=csv&from=2024-01-01{more}")
        assert answer.headers[name] == "2024-06-01T00:00:00Z"
    assert name not in dropped.get(f"{QUESTION}&format=csv&from=2024-06-02").headers
