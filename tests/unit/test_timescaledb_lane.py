from pathlib import Path

import pytest

from tests.lanes import timescaledb
from tests.lanes.timescaledb import Unavailable, mirror


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "os-release").write_text('NAME="Debian GNU/Linux"\nID=debian\nVERSION_CODENAME=bookworm\n')
    (tmp_path / "apt/sources.list.d").mkdir(parents=True)
    return tmp_path


def test_the_mirror_is_read_from_a_sources_list(etc):
    (etc / "apt/sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb [signed-by=/usr/share/keyrings/x.gpg arch=amd64] http://tool.example/apt nodistro main\n"
        "deb http://security.example/debian-security bookworm-security main\n"
        "deb [ arch=amd64 ] http://mirror.example/debian bookworm main contrib\n"
    )
    assert mirror(etc) == "http://mirror.example/debian"


def test_the_mirror_is_read_from_deb822_sources(etc):
    (etc / "apt/sources.list.d/debian.sources").write_text(
        "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n"
        "\n"
        "Types: deb deb-src\n# a remark\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    assert mirror(etc) == "http://mirror.example/debian"


def test_a_list_of_mirrors_stands_for_its_first(etc):
    (etc / "mirrors").write_text("http://first.example/debian\nhttp://second.example/debian\n")
    (etc / "apt/sources.list").write_text(f"deb mirror+file:{etc}/mirrors bookworm main\n")
    assert mirror(etc) == "http://first.example/debian"


def test_without_a_mirror_the_lane_says_what_to_do(etc):
    with pytest.raises(Unavailable, match="BYPULS_TEST_DSN"):
        mirror(etc)


def test_another_distribution_is_no_debian(etc):
    (etc / "os-release").write_text("ID=fedora\n")
    with pytest.raises(Unavailable, match="needs Debian"):
        mirror(etc)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BYPULS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(timescaledb, "obstacle", lambda: None)
    return tmp_path / "cache"


def test_it_is_unpacked_once(cache, monkeypatch):
    unpacked = []
    monkeypatch.setattr(timescaledb, "_debootstrap", lambda target: (unpacked.append(target), target.mkdir()))
    assert timescaledb.prepare(say=unpacked.append) == timescaledb.prepare(say=unpacked.append)
    assert sum(isinstance(each, Path) for each in unpacked) == 1
    assert (timescaledb.folder() / "stamp").exists()
    assert timescaledb.folder().is_relative_to(cache)


def test_an_interrupted_unpacking_starts_anew_and_never_looks_whole(cache, monkeypatch):
    def interrupted(target):
        (target / "half").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(timescaledb, "_debootstrap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        timescaledb.prepare(say=str)
    assert not timescaledb.folder().exists()
    monkeypatch.setattr(timescaledb, "_debootstrap", lambda target: target.mkdir())
    assert not (timescaledb.prepare(say=str) / "half").exists()
    assert [each.name for each in cache.glob("*.partial")] == []
