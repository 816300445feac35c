"""Whose token a request bears: what a page shows as "signed in as"."""

import pytest

pytestmark = pytest.mark.lane("plain")


def test_a_token_says_whose_it_is_and_nothing_of_its_text(own_api):
    token = own_api.new_token("kari", ["report"], "alpha")
    answer = own_api.get("/v1/whoami", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"name": "kari", "scopes": ["report"], "city": "alpha"}
    assert answer.headers["cache-control"] == "no-store"
    for headers in ({}, {"Authorization": "Bearer byp_nobodys"}):
        assert own_api.get("/v1/whoami", headers=headers).status_code == 401
