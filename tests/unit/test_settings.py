import pytest

from bypuls.errors import SettingsError
from bypuls.settings import BrokerSettings, DatabaseSettings, load

URL = "postgresql://bypuls_ingest:word@timescaledb/bypuls"


@pytest.fixture
def secrets_folder(tmp_path, monkeypatch):
    for name in ("BYPULS_DATABASE_URL", "BYPULS_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BYPULS_SECRETS", str(tmp_path))
    return tmp_path


def test_an_address_with_a_password_may_stand_in_a_file_of_the_settings_name(secrets_folder):
    (secrets_folder / "bypuls_database_url").write_text(URL + "\n")
    assert load(DatabaseSettings).database_url == URL
    assert load(BrokerSettings).broker_url is None


def test_the_environment_comes_before_the_file(secrets_folder, monkeypatch):
    (secrets_folder / "bypuls_database_url").write_text(URL)
    monkeypatch.setenv("BYPULS_DATABASE_URL", "postgresql://other/name")
    assert load(DatabaseSettings).database_url == "postgresql://other/name"


def test_without_a_folder_of_secrets_nothing_changes(monkeypatch):
    monkeypatch.delenv("BYPULS_SECRETS", raising=False)
    monkeypatch.setenv("BYPULS_BROKER_URL", "mqtt://broker")
    assert load(BrokerSettings).broker_url == "mqtt://broker"


def test_a_folder_that_is_none_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("BYPULS_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"BYPULS_SECRETS: .*nowhere is no folder"):
        load(DatabaseSettings)


def test_a_secret_that_cannot_be_read_is_named_with_the_way_to_mend_it(secrets_folder, monkeypatch):
    (secrets_folder / "bypuls_database_url").write_text(URL)

    def refused(self, *_args, **_options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_text", refused)
    with pytest.raises(
        SettingsError, match=r"secret in .* cannot be read: .*Permission denied.*bypuls_database_url.*; make it"
    ):
        load(DatabaseSettings)
