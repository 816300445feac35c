"""Writes: a token, one change, its consequences and one audit row; nothing else."""

import hashlib

import pytest

from tests.integration.api.seed import NOW

pytestmark = pytest.mark.lane("plain")

DEVICE = "/v1/devices/{}?city=alpha"


def audit(api):
    return api.sql(
        "SELECT who, city, what, target, before, after FROM audit_log WHERE what NOT LIKE 'token.%' ORDER BY id"
    )


def test_a_stranger_that_is_taken_in_brings_its_hours_along(own_api):
    api, stream = own_api, own_api.streams["alpha", "stranger", "pm10"]
    api.sql("DELETE FROM changed_bucket")
    answer = api.patch(DEVICE.format("stranger"), json={"status": "active", "site": "square"}, headers=api.admin)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["site"]) == ("active", "square")
    assert api.sql("SELECT site, class FROM datastream WHERE id = %s", [stream]) == [("square", "reference")]
    marked = api.sql("SELECT datastream, to_char(bucket, 'HH24:MI') FROM changed_bucket ORDER BY bucket")
    assert marked == [(stream, "00:00"), (stream, "01:00"), (stream, "02:00")]
    assert audit(api) == [
        (
            "operations",
            "alpha",
            "device.activate",
            "stranger",
            {"status": "pending", "site": None},
            {"status": "active", "site": "square"},
        )
    ]
    assert api.sql("SELECT status, site FROM device WHERE city = 'beta' AND external_id = 'stranger'") == [
        ("pending", None)
    ]


def test_a_stranger_whose_site_was_known_before_takes_it_when_it_is_activated(own_api):
    api, stream = own_api, own_api.streams["alpha", "stranger", "pm10"]
    assert api.patch(DEVICE.format("stranger"), json={"site": "hill"}, headers=api.admin).status_code == 200
    assert api.sql("SELECT site FROM datastream WHERE id = %s", [stream]) == [(None,)]
    assert api.patch(DEVICE.format("stranger"), json={"status": "active"}, headers=api.admin).status_code == 200
    assert api.sql("SELECT site, class FROM datastream WHERE id = %s", [stream]) == [("hill", "indicative")]


def test_a_device_that_moves_leaves_what_it_measured_where_it_was(own_api):
    api, stream = own_api, own_api.streams["alpha", "meter-1", "pm10"]
    answer = api.patch(DEVICE.format("meter-1"), json={"site": "hill"}, headers=api.admin)
    assert answer.json()["site"] == "hill"
    assert api.sql("SELECT site FROM datastream WHERE id = %s", [stream]) == [("square",)]
    assert api.sql("SELECT count(*) FROM changed_bucket") == [(0,)]
    assert api.sql("SELECT kind, time, detail FROM device_event") == [("moved", NOW, {"from": "square", "to": "hill"})]
    assert [row[2] for row in audit(api)] == ["device.move"]


def test_a_device_is_disabled_and_retired(own_api):
    for status, what in (("disabled", "device.disable"), ("retired", "device.retire"), ("active", "device.activate")):
        answer = own_api.patch(DEVICE.format("meter-1"), json={"status": status}, headers=own_api.admin)
        assert answer.json()["status"] == status
        assert audit(own_api)[-1][2] == what


def test_a_change_that_changes_nothing_leaves_no_audit_row(own_api):
    for path, body in (
        (DEVICE.format("meter-1"), {"status": "active", "site": "square"}),
        (DEVICE.format("meter-1"), {}),
        ("/v1/sites/square?city=alpha", {"class": "reference", "attributes": {"lanes": 4, "none": None}}),
    ):
        assert own_api.patch(path, json=body, headers=own_api.admin).status_code == 200
    assert audit(own_api) == []


def test_a_sites_class_is_that_of_its_instruments_unless_they_say_otherwise(own_api):
    api = own_api
    api.sql("UPDATE device SET class = 'equivalent' WHERE external_id = 'meter-2'")
    api.sql("UPDATE datastream SET class = 'equivalent' WHERE site = 'hill'")
    for site in ("square", "hill"):
        body = {"class": "unknown", "attributes": {"lanes": None, "height": 3}}
        answer = api.patch(f"/v1/sites/{site}?city=alpha", json=body, headers=api.admin)
        assert (answer.json()["class"], answer.json()["attributes"]) == ("unknown", {"height": 3})
    classes = api.sql(
        "SELECT DISTINCT site, class FROM datastream WHERE city = 'alpha' AND site IS NOT NULL ORDER BY 1"
    )
    assert classes == [("hill", "equivalent"), ("square", "unknown")]
    assert api.sql("SELECT DISTINCT class FROM datastream WHERE city = 'beta' AND site = 'square'") != [("unknown",)]
    pm10 = api.streams["alpha", "meter-1", "pm10"]
    assert api.sql("SELECT count(*) FROM changed_bucket WHERE datastream = %s", [pm10]) == [(3,)]
    assert audit(api)[0] == (
        "operations",
        "alpha",
        "site.change",
        "square",
        {"class": "reference", "attributes": {"lanes": 4}},
        {"class": "unknown", "attributes": {"height": 3}},
    )


def test_a_refused_message_is_asked_to_be_read_again(own_api):
    api = own_api
    answer = api.post("/v1/quarantine/1/replay", headers=api.admin)
    assert answer.status_code == 202
    assert answer.json()["replay_asked_at"] == "2024-06-10T12:00:00Z"
    assert [row["id"] for row in api.data("/v1/quarantine?replay=asked")] == [1]
    assert audit(api)[0][:4] == ("operations", "alpha", "quarantine.replay", "1")
    api.sql("UPDATE quarantine SET replayed_at = now(), replay_outcome = 'stored 1' WHERE id = 1")
    assert [row["replay_outcome"] for row in api.data("/v1/quarantine?replay=done")] == ["stored 1"]
    assert api.post("/v1/quarantine/1/replay", headers=api.admin).json()["replay_outcome"] is None
    assert api.post("/v1/quarantine/999/replay", headers=api.admin).status_code == 404


WRITES = [
    ("PATCH", DEVICE.format("meter-1"), {"status": "retired"}),
    ("PATCH", "/v1/sites/square?city=alpha", {"class": "unknown"}),
    ("POST", "/v1/quarantine/1/replay", None),
    ("GET", "/v1/audit", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_without_a_token_nothing_is_written(own_api, method, path, body):
    api = own_api
    revoked = api.new_token("gone")
    api.sql("UPDATE api_key SET revoked_at = now() WHERE name = 'gone'")
    for headers in ({}, {"Authorization": "Bearer byp_wrong"}, {"Authorization": f"Bearer {revoked}"}):
        answer = api.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"] == "/docs#problem-not-authenticated"
    assert audit(api) == []


@pytest.mark.parametrize(("method", "path", "body"), WRITES[:3])
def test_a_token_writes_in_its_city_and_by_its_scope_only(own_api, method, path, body):
    api = own_api
    of_beta, reader = api.new_token("beta-ops", city="beta"), api.new_token("reader", ["read"])
    for token in (of_beta, reader):
        answer = api.client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "/docs#problem-not-allowed"
    assert audit(api) == []
    of_alpha = {"Authorization": f"Bearer {api.new_token('alpha-ops', city='alpha')}"}
    assert api.client.request(method, path, json=body, headers=of_alpha).status_code < 300
    assert [row[0] for row in audit(api)] == ["alpha-ops"]


def test_the_audit_log_shows_a_citys_token_that_city(own_api):
    api = own_api
    for city in ("alpha", "beta"):
        api.patch(f"/v1/sites/hill?city={city}", json={"name": f"Hill of {city}"}, headers=api.admin)
    of_beta = {"Authorization": f"Bearer {api.new_token('beta-ops', city='beta')}"}
    assert {row["city"] for row in api.data("/v1/audit", headers=of_beta)} == {"beta"}
    assert api.get("/v1/audit?city=alpha", headers=of_beta).status_code == 403
    assert {row["city"] for row in api.data("/v1/audit?what=site.change", headers=api.admin)} == {"alpha", "beta"}
    found = api.data("/v1/audit?city=alpha&who=operations&target=hill", headers=api.admin)
    assert found[0]["after"] == {"name": "Hill of alpha"}


def test_a_change_whose_audit_row_fails_is_no_change(own_api):
    own_api.sql("ALTER TABLE audit_log ADD CHECK (what NOT LIKE 'device.%')")
    answer = own_api.patch(DEVICE.format("meter-1"), json={"status": "retired"}, headers=own_api.admin)
    assert answer.status_code == 422
    assert own_api.get(DEVICE.format("meter-1")).json()["status"] == "active"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (DEVICE.format("meter-1"), {"status": "pending"}, 422, "body status"),
        (DEVICE.format("meter-1"), {"colour": "red"}, 422, "no such parameter"),
        (DEVICE.format("meter-1"), {"site": "nowhere"}, 404, "no site 'nowhere' in city 'alpha'"),
        (DEVICE.format("nobody"), {"site": "hill"}, 404, "no device 'nobody' in city 'alpha'"),
        ("/v1/devices/meter-1", {"site": "hill"}, 422, "query city: it is missing"),
        ("/v1/sites/square?city=alpha", {"attributes": {"n": "x" * 70_000}}, 422, "65536 bytes"),
        ("/v1/sites/square?city=alpha", {"attributes": {"n": "\0"}}, 422, ""),
        ("/v1/sites/square?city=alpha", {"class": "gold"}, 422, "body class"),
        ("/v1/sites/square?city=alpha", [1], 422, "body"),
    ],
)
def test_a_write_that_cannot_be_is_refused_in_one_line(api, path, body, status, word):
    answer = api.patch(path, json=body, headers=api.admin)
    assert answer.status_code == status, answer.text
    assert word in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert audit(api) == []


def test_a_body_that_is_no_json_or_too_large_is_refused(own_api):
    path, json_type = DEVICE.format("meter-1"), own_api.admin | {"Content-Type": "application/json"}
    assert own_api.patch(path, content=b'{"status": ', headers=json_type).status_code == 422
    assert own_api.patch(path, content=b"[" * 100_000, headers=json_type).status_code in (400, 422)
    assert own_api.patch(path, content=b'{"site": "\\ud800"}', headers=json_type).status_code == 422
    answer = own_api.patch(path, content=b" " * 2_000_000, headers=json_type)
    assert (answer.status_code, answer.json()["type"]) == (413, "/docs#problem-too-large")
    answer = own_api.patch(path, content=(b" " * 100_000 for _ in range(20)), headers=json_type)
    assert (answer.status_code, answer.json()["type"]) == (413, "/docs#problem-too-large")


def test_without_a_write_pool_reads_go_on_and_writes_are_refused(new_api):
    api = new_api(write_pool=None)
    assert api.data("/v1/cities")
    answer = api.patch(DEVICE.format("meter-1"), json={"status": "retired"}, headers=api.admin)
    assert answer.status_code == 403
    assert "reads only" in answer.json()["detail"]


def test_a_tokens_text_is_nowhere_in_the_database(own_api):
    (stored,) = own_api.sql("SELECT hash, to_jsonb(k)::text FROM api_key k")
    assert stored[0] == hashlib.sha256(own_api.token.encode()).digest()
    assert own_api.token not in stored[1]
    assert own_api.token not in str(own_api.sql("SELECT to_jsonb(a)::text FROM audit_log a"))


def test_answers_to_a_token_are_kept_by_nobody(own_api):
    answer = own_api.get("/v1/audit", headers=own_api.admin)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert own_api.sql("SELECT last_used IS NOT NULL FROM api_key") == [(True,)]
