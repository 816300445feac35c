"""`make secrets`, what goes to which container, and a device's user."""

import os
import re
import stat

import pytest

from bypuls.errors import SettingsError
from deploy.add_device import add
from deploy.hand_out import hand_out
from deploy.make_secrets import DEVICES, PASSWORDS, make

SERVICES = ("owner", "ingest", "process", "api", "simulate", "mosquitto", "timescaledb", "grafana")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def made(tmp_path):
    make(tmp_path / "secrets")
    return tmp_path / "secrets"


@pytest.fixture
def out(tmp_path):
    for name in SERVICES:
        (tmp_path / "out" / name).mkdir(parents=True)
    return tmp_path / "out"


def test_passwords_are_strong_different_and_private(made):
    words = [(made / name).read_text().strip() for name in PASSWORDS]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch(r"[\w-]{43}", word) for word in words)
    assert mode(made) == 0o700
    assert {mode(path) for path in made.iterdir()} == {0o600}
    assert {path.name for path in made.iterdir()} == {*PASSWORDS, DEVICES}


def test_what_is_there_is_never_overwritten_and_becomes_private_again(made):
    before = {path.name: path.read_text() for path in made.iterdir()}
    (made / "api_password").chmod(0o644)
    (made / "owner_password").unlink()
    assert make(made) == ["owner_password"]
    after = {path.name: path.read_text() for path in made.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"owner_password"}
    assert mode(made / "api_password") == 0o600
    assert make(made) == []


def test_each_service_gets_its_own_and_only_its_account_reads_it(made, out):
    owned = {}
    hand_out(made, out, chown=lambda path, user, group: owned.update({path: (user, group)}))
    found = {name: {path.name for path in (out / name).iterdir()} for name in SERVICES}
    assert found["owner"] == found["process"] == found["api"] == {"bypuls_database_url"}
    assert found["ingest"] == {"bypuls_database_url", "bypuls_broker_url"}
    assert found["simulate"] == {"bypuls_broker_url"}
    assert found["mosquitto"] == {"users", "health_password"}
    assert found["grafana"] == {"grafana_ro_password", "grafana_admin_password"}
    assert "grafana_admin_password" not in found["timescaledb"]
    assert {mode(path) for name in SERVICES for path in (out / name).iterdir()} == {0o400}
    assert {mode(out / name) for name in SERVICES} == {0o500}
    assert owned[out / "mosquitto"] == (1883, 1883)
    assert owned[out / "ingest"] == (10001, 10001)


def test_addresses_and_users_hold_the_passwords_that_were_made(made, out):
    hand_out(made, out, chown=lambda *_: None)
    password = (made / "api_password").read_text().strip()
    url = (out / "api" / "bypuls_database_url").read_text().strip()
    assert url == f"postgresql://bypuls_api:{password}@timescaledb:5432/bypuls"
    users = (out / "mosquitto" / "users").read_text()
    assert re.findall(r"^([\w/-]+):\$7\$", users, re.MULTILINE) == ["ingest", "simulate", "health"]
    assert (made / "broker_ingest_password").read_text().strip() not in users


def test_handing_out_again_follows_what_changed(made, out):
    hand_out(made, out, chown=lambda *_: None)
    for name in SERVICES:
        (out / name).chmod(0o700)  # as root may
    (made / "server.crt").write_text("certificate")
    (made / "api_password").write_text("another\n")
    add(made / DEVICES, "fjordvik", "lamp-7")
    hand_out(made, out, chown=lambda *_: None)
    assert (out / "mosquitto" / "server.crt").read_text() == "certificate\n"
    assert "bypuls_api:another@" in (out / "api" / "bypuls_database_url").read_text()
    assert "\nfjordvik/lamp-7:$7$" in (out / "mosquitto" / "users").read_text()


def test_a_missing_secret_is_one_clear_line(made, out):
    (made / "api_password").unlink()
    with pytest.raises(SettingsError, match=r"secret api_password cannot be read .* run 'make secrets'"):
        hand_out(made, out, chown=lambda *_: None)


def test_a_device_gets_a_user_and_again_a_new_password(made):
    first, second = add(made / DEVICES, "fjordvik", "lamp-7"), add(made / DEVICES, "fjordvik", "lamp-7")
    add(made / DEVICES, "fjordvik", "lamp-70")
    lines = (made / DEVICES).read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["fjordvik/lamp-7", "fjordvik/lamp-70"]
    assert first != second
    assert first not in "".join(lines)
    assert mode(made / DEVICES) == 0o600


@pytest.mark.parametrize(("city", "device"), [("fjordvik", "a/b"), ("+", "lamp"), ("fjordvik", "#"), ("", "lamp")])
def test_a_device_whose_name_could_stand_for_more_gets_none(made, city, device):
    with pytest.raises(SettingsError):
        add(made / DEVICES, city, device)


def test_a_device_before_the_secrets_is_one_clear_line(tmp_path):
    with pytest.raises(SettingsError, match="run 'make secrets' first"):
        add(tmp_path / DEVICES, "fjordvik", "lamp")


def test_the_umask_does_not_matter(tmp_path):
    before = os.umask(0o077)
    try:
        make(tmp_path / "a")
        os.umask(0)
        make(tmp_path / "b")
    finally:
        os.umask(before)
    assert {mode(path) for folder in "ab" for path in (tmp_path / folder).iterdir()} == {0o600}
