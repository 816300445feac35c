"""Tokens as the command makes, lists and revokes them."""

import pytest

from api.tokens import PREFIX, create_token, holder_of, list_tokens, revoke_token
from bypuls.errors import NotFound, SettingsError
from bypuls.storage.database import connect
from tests.integration.api.seed import seed

pytestmark = pytest.mark.lane("plain")


@pytest.fixture
def connection(migrated_url):
    with connect(migrated_url) as connection:
        seed(connection)
        yield connection


def test_a_token_says_who_until_it_is_revoked(connection):
    token = create_token(connection, "ops", city="alpha")
    assert token.startswith(PREFIX)
    assert len(token) > 40
    holder = holder_of(connection, token)
    assert (holder.name, holder.scopes, holder.city) == ("ops", ("admin",), "alpha")
    assert holder.may("admin", "alpha")
    assert not holder.may("admin", "beta")
    assert not holder.may("admin", None)
    revoke_token(connection, "ops")
    revoke_token(connection, "ops")
    assert holder_of(connection, token) is None
    (listed,) = list_tokens(connection)
    assert listed.revoked_at is not None
    assert "ops: admin, alpha" in str(listed)
    kinds = [what for (what,) in connection.execute("SELECT what FROM audit_log ORDER BY id")]
    assert kinds == ["token.create", "token.revoke"]


def test_a_name_is_given_once(connection):
    create_token(connection, "ops")
    revoke_token(connection, "ops")
    with pytest.raises(SettingsError, match="exists or existed"):
        create_token(connection, "ops")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"name": "a", "scopes": ["root"]}, SettingsError, "unknown scope root; there are admin, read"),
        ({"name": "a", "scopes": []}, SettingsError, "unknown scope"),
        ({"name": " "}, SettingsError, "needs a name"),
        ({"name": "a", "city": "atlantis"}, NotFound, "no city 'atlantis'"),
    ],
)
def test_what_cannot_be_a_token_is_refused(connection, arguments, error, words):
    with pytest.raises(error, match=words):
        create_token(connection, **arguments)
    with pytest.raises(NotFound, match="no token 'b'"):
        revoke_token(connection, "b")


def test_the_reader_role_cannot_read_tokens(migrated_url):
    import psycopg

    with connect(migrated_url, "reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM api_key")
