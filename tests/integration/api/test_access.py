"""Who sees raw payloads, which may hold personal data: this machine, and who has a token."""

import pytest

pytestmark = pytest.mark.lane("plain")

PATHS = ("/v1/quarantine?city=alpha", "/v1/quarantine/1", "/v1/devices/meter-1?city=alpha")


def payloads(answer):
    assert answer.status_code == 200, answer.text
    body = answer.json()
    rows = body.get("data") or body.get("recent_messages") or [body]
    return {row["payload"] is not None for row in rows}, {row["payload_encoding"] for row in rows}


@pytest.mark.parametrize("path", PATHS)
def test_payloads_are_withheld_from_other_machines(api, path):
    assert payloads(api.get(path))[0] == {True}
    assert payloads(api.from_afar(path)) == ({False}, {"withheld"})
    assert payloads(api.from_afar(path, address="127.0.0.1"))[0] == {True}


@pytest.mark.parametrize("path", PATHS)
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(api, path):
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert payloads(api.get(path, headers={header: "127.0.0.1"}))[0] == {False}
    # Nor does a claim to be local make another machine so.
    assert payloads(api.from_afar(path, {"X-Forwarded-For": "127.0.0.1"}))[0] == {False}


@pytest.mark.parametrize("host", ["evil.example", "city.example:8080", "10.1.2.3"])
def test_a_page_that_speaks_through_a_browser_here_sees_no_payloads(api, host):
    assert payloads(api.get(PATHS[0], headers={"Host": host}))[0] == {False}


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_this_machines_own_names_are_known(api, host):
    assert payloads(api.get(PATHS[0], headers={"Host": host}))[0] == {True}


def test_a_token_shows_the_payloads_of_its_city(own_api):
    read = {"Authorization": f"Bearer {own_api.new_token('reader', ['read'])}"}
    of_beta = {"Authorization": f"Bearer {own_api.new_token('beta', ['read'], 'beta')}"}
    for path in PATHS:
        assert payloads(own_api.from_afar(path, own_api.admin))[0] == {True}
        assert payloads(own_api.from_afar(path, read))[0] == {True}
        assert payloads(own_api.from_afar(path, of_beta))[0] == {False}
        assert payloads(own_api.from_afar(path.replace("alpha", "beta"), of_beta))[0] == {True} or path == PATHS[1]
        assert own_api.from_afar(path, {"Authorization": "Bearer byp_wrong"}).status_code == 401
    seen = {row["city"] for row in own_api.from_afar("/v1/quarantine", of_beta).json()["data"] if row["payload"]}
    assert seen == {"beta"}


def test_everything_else_is_open_to_everybody(api):
    for path in ("/v1/kpi-values?city=alpha", "/v1/observations?city=alpha&property=pm10", "/v1/health", "/docs", "/"):
        assert api.from_afar(path).status_code == 200


def test_no_answer_is_guessed_at_or_framed_by_others(api):
    answer = api.get("/docs")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers
