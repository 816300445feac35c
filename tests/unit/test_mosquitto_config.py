import base64
import hashlib
from pathlib import Path

import pytest

from bypuls.errors import SettingsError
from bypuls.mosquitto_config import MosquittoOptions, access_rules, is_loopback, mosquitto_config, password_line


def settings(**options):
    text = mosquitto_config(MosquittoOptions(folder=Path("/data"), port=1884, **options))
    return dict(line.split(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_the_broker_listens_on_loopback_only_unless_told_otherwise():
    assert settings()["listener"] == "1884 127.0.0.1"


def test_three_batches_fit_in_flight():
    assert settings(batch_messages=500)["max_inflight_messages"] == "1500"


def test_a_batch_that_does_not_fit_so_often_is_refused_with_the_setting_to_change():
    with pytest.raises(SettingsError, match="BYPULS_INGEST_BATCH_MESSAGES"):
        settings(batch_messages=22_000)


def test_the_queue_bound_is_far_above_mosquittos_own_thousand():
    assert int(settings()["max_queued_messages"]) >= 100_000


def test_the_queue_is_kept_on_disk_and_written_often():
    found = settings()
    assert found["persistence"] == "true"
    assert found["persistence_location"] == "/data/"
    assert int(found["autosave_interval"]) <= 60


def test_a_message_too_large_is_never_acknowledged_and_dropped():
    found = settings()
    assert "message_size_limit" not in found
    assert int(found["max_packet_size"]) > 10_000_000, "ten megabytes reach ingest, which puts them into quarantine"


def test_everybody_may_sign_in_on_loopback_but_nobody_unknown_once_there_are_users():
    assert settings()["allow_anonymous"] == "true"
    found = settings(users={"ingest": "secret"})
    assert found["allow_anonymous"] == "false"
    assert found["password_file"] == "/data/users"


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "broker.example.org"])
def test_beyond_loopback_nobody_may_sign_in_without_a_password(address):
    with pytest.raises(SettingsError, match="for everybody"):
        settings(address=address)
    assert settings(address=address, users={"ingest": "secret"})["listener"] == f"1884 {address}"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback_is_recognised_in_all_its_spellings(address):
    assert is_loopback(address)


def test_a_device_is_confined_to_its_own_topics_of_each_city():
    rules = access_rules(["trondheim", "oslo"], readers=["viewer"], full=["ingest"])
    assert "pattern readwrite bypuls/v1/trondheim/%u/#\npattern readwrite bypuls/v1/oslo/%u/#" in rules
    assert "user viewer\ntopic read #" in rules
    assert "user ingest\ntopic readwrite #" in rules


@pytest.mark.parametrize("name", ["+", "a/b", "#", "a b", "", "a:b", "a\nuser root", "%u"])
def test_a_name_that_could_stand_for_more_than_itself_is_refused(name):
    with pytest.raises(SettingsError):
        access_rules([], full=[name])
    with pytest.raises(SettingsError):
        password_line(f"{name}/{name}", "secret")


def test_a_device_of_a_broker_for_many_cities_is_named_with_its_city():
    assert password_line("trondheim/lamp", "secret").startswith("trondheim/lamp:$7$")
    for name in ("trondheim/", "/lamp", "trondheim/+", "a/b/c"):
        with pytest.raises(SettingsError):
            password_line(name, "secret")


def test_a_password_is_stored_as_mosquitto_reads_it_and_never_in_clear():
    user, _, rest = password_line("ingest", "secret", salt=b"twelve bytes").partition(":")
    _, kind, rounds, salt, digest = rest.split("$")
    assert (user, kind, base64.b64decode(salt)) == ("ingest", "7", b"twelve bytes")
    assert base64.b64decode(digest) == hashlib.pbkdf2_hmac("sha512", b"secret", b"twelve bytes", int(rounds))
    assert "secret" not in rest


def test_an_empty_password_is_refused():
    with pytest.raises(SettingsError, match="no password"):
        password_line("ingest", "")
