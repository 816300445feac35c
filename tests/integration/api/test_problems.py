"""Errors: problem details with one line that says what, where and how to mend it; never a 500."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.problems import KINDS
from bypuls.errors import DatabaseError
from bypuls.server_folder import wait_until
from bypuls.storage.database import connect
from tests.integration.api.seed import CUT_EVERYBODY

pytestmark = pytest.mark.lane("plain")

OBSERVATIONS = "/v1/observations?city=alpha&property=pm10"


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].removeprefix("/docs#problem-") in {kind.name for kind in KINDS}
    assert body["title"]
    assert "\n" not in body["detail"]
    return body


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/nothing", 404, "nothing is served at /v1/nothing"),
        ("/v1/sites?city=atlantis", 404, "no city 'atlantis': GET /v1/cities lists them"),
        ("/v1/cities/atlantis", 404, "no city 'atlantis'"),
        ("/v1/sites/nowhere?city=alpha", 404, "no site 'nowhere' in city 'alpha'"),
        ("/v1/areas/nowhere?city=alpha", 404, "no area 'nowhere' in city 'alpha'"),
        ("/v1/devices/nobody?city=alpha", 404, "no device 'nobody' in city 'alpha'"),
        ("/v1/properties/love", 404, "no property 'love': GET /v1/properties"),
        ("/v1/kpis/happiness", 404, "no kpi 'happiness'"),
        ("/v1/kpi-values?city=alpha&kpi=happiness", 404, "no kpi 'happiness': GET /v1/kpis"),
        ("/v1/kpi-values?city=alpha&scope_kind=site&scope=nowhere", 404, "no site 'nowhere'"),
        ("/v1/quarantine/999", 404, "no message 999"),
        ("/v1/quarantine/abc", 422, "path id"),
        ("/v1/quarantine/99999999999999999999", 422, "path id"),
        ("/v1/datastreams/99999999999?city=alpha", 422, "path datastream"),
        ("/v1/sites", 422, "query city: it is missing"),
        ("/v1/sites?city=alpha&colour=red", 422, "query colour: there is no such parameter"),
        ("/v1/sites?city=alpha&limit=0", 422, "query limit: input should be greater than or equal to 1 (got '0')"),
        ("/v1/sites?city=alpha&limit=10001", 422, "query limit: input should be less than or equal to 10000"),
        ("/v1/sites?city=alpha&limit=many", 422, "query limit"),
        ("/v1/sites?city=alpha&cursor=nonsense", 422, "cursor: it cannot be read"),
        ("/v1/sites?city=alpha&format=xml", 422, "query format"),
        ("/v1/sites?city=al%00pha", 422, "NUL"),
        ("/v1/sites/x%00?city=alpha", 422, "NUL"),
        ("/v1/observations?city=alpha", 422, "at least one of datastream, device, property, site, area"),
        (f"{OBSERVATIONS}&from=yesterday", 422, "query from: a time is written like 2020-01-31T12:00:00Z"),
        (f"{OBSERVATIONS}&from=2020-01-01T00:00:00", 422, "the time has no zone"),
        (f"{OBSERVATIONS}&from=0001-01-01", 422, "the year must lie between"),
        (f"{OBSERVATIONS}&from=2020-01-02&to=2020-01-01", 422, "the range is empty"),
        (f"{OBSERVATIONS}&flag=12", 422, "flag"),
        ("/v1/kpi-values?city=alpha&period=P1W", 422, "query period"),
        ("/v1/events?after=yesterday", 422, "not the id of an event"),
        ("/v1/events?city=atlantis", 404, "no city 'atlantis'"),
    ],
)
def test_what_cannot_be_answered_says_why(api, path, status, words):
    body = problem(api.get(path), status)
    assert words in body["detail"]
    assert body["instance"].split("?")[0] == path.split("?")[0].replace("%00", "\0")


def test_every_wrong_parameter_is_named(api):
    body = problem(api.get("/v1/sites?limit=0&colour=red"), 422)
    assert {one["where"] for one in body["errors"]} == {"query city", "query limit", "query colour"}


def test_a_method_that_is_not_served_says_which_are(api):
    answer = api.client.delete("/v1/cities")
    assert "GET" in problem(answer, 405)["detail"]
    assert answer.headers["allow"] == "GET"


def test_a_cursor_continues_its_own_question_only(api):
    following = api.get(f"{OBSERVATIONS}&limit=2").json()["next"]
    cursor = following.rpartition("cursor=")[2]
    for path in (f"{OBSERVATIONS}&flag=1&cursor={cursor}", f"/v1/observations?city=beta&property=pm10&cursor={cursor}"):
        assert "other filters" in problem(api.get(path), 422)["detail"]
    # Another page size, or another format, is the same question.
    assert api.get(f"{OBSERVATIONS}&limit=5&format=csv&cursor={cursor}").status_code == 200


def test_a_read_that_takes_too_long_is_ended_with_advice(new_api):
    api = new_api(read_seconds=0.3)
    with connect(api.database_url) as connection:
        connection.execute("LOCK TABLE site IN ACCESS EXCLUSIVE MODE")
        body = problem(api.get("/v1/sites?city=alpha"), 504)
    assert "no answer within 0.3 s: narrow the time range" in body["detail"]
    assert wait_until(lambda: api.get("/v1/sites?city=alpha").status_code == 200, seconds=60), "others are read"


def test_reads_survive_a_restart_of_the_database(own_api):
    api = own_api
    threads = [threading.Thread(target=api.get, args=("/v1/cities",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api.sql(CUT_EVERYBODY)
    assert api.get("/v1/cities").status_code == 200
    api.sql(CUT_EVERYBODY)
    assert api.patch("/v1/sites/hill?city=alpha", json={"name": "H"}, headers=api.admin).status_code == 200


def test_an_unreachable_database_is_said_and_the_client_told_to_come_back(own_api):
    context = own_api.app.state.context
    context.pool.close()
    answer = own_api.get("/v1/cities")
    body = problem(answer, 503)
    assert body["type"] == "/docs#problem-database-unreachable"
    assert int(answer.headers["retry-after"]) > 0
    assert own_api.get("/health/ready").status_code == 503
    assert own_api.get("/health/live").status_code == 200


def test_a_missing_schema_is_said(own_api):
    own_api.sql("ALTER TABLE area RENAME TO elsewhere")
    body = problem(own_api.get("/v1/areas?city=alpha"), 503)
    assert "bypuls db migrate" in body["detail"]


def test_reads_cannot_write(own_api):
    with pytest.raises(DatabaseError, match="read-only"), own_api.app.state.context.reading() as connection:
        connection.execute("CREATE TEMP TABLE t (); DROP TABLE city")


WORDS = st.one_of(
    st.sampled_from(
        ["alpha", "beta", "pm10", "square", "site", "P1D", "1", "-1", "2024-06-01", "2024-06-01T00:00:00Z", "true"]
    ),
    st.text(max_size=12),
)
NAMES = st.sampled_from(
    [
        *("city", "area", "site", "device", "datastream", "property", "domain", "kind", "parent", "class", "origin"),
        *(
            "status",
            "flag",
            "order",
            "from",
            "to",
            "resolution",
            "kpi",
            "scope_kind",
            "scope",
            "period",
            "latest",
            "start",
        ),
        *("include", "as_of", "reason", "replay", "source", "limit", "cursor", "format", "version"),
    ]
)
PATHS = st.sampled_from(
    [
        *(
            "cities",
            "areas",
            "sites",
            "devices",
            "datastreams",
            "properties",
            "observations",
            "rollups",
            "kpis",
            "silent",
        ),
        *(
            "kpi-values",
            "quarantine",
            "health",
            "audit",
            "kpis/air.pm10.day_mean/inputs",
            "why",
            "calibrations",
            "invalidations",
            "sites/square",
            "quarantine/1",
        ),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, query=st.lists(st.tuples(NAMES, WORDS), max_size=5))
def test_no_question_whatever_makes_the_server_fail(api, path, query):
    answer = api.get(f"/v1/{path}", params=[("city", "alpha"), *query], headers=api.admin)
    assert answer.status_code in (200, 404, 422), answer.text
    if answer.status_code != 200:
        problem(answer, answer.status_code)
