import os
import socket
import stat

import pytest

from bypuls.account import Account
from bypuls.errors import ServerError
from bypuls.server_folder import LOOPBACK, ServerFolder, free_port, port_is_free
from tests.lanes.databases import reachable_folder

ME = Account("me", os.geteuid(), os.getegid(), switch=False)
STRANGER = Account("stranger", 54_321, 54_321, switch=True)


@pytest.fixture
def folder(tmp_path):
    made = ServerFolder(tmp_path / "server", ME, what="the server")
    made.prepare()
    yield made
    made.release()


def test_a_free_port_is_chosen_and_kept_for_the_next_start(folder):
    port = folder.choose_port(None)
    assert folder.kept_port() == port
    assert folder.choose_port(None) == port


def test_another_port_is_chosen_when_the_kept_one_is_in_use(folder):
    port = folder.choose_port(None)
    with socket.create_server((LOOPBACK, port)):
        assert folder.choose_port(None) != port


def test_the_preferred_port_is_taken_when_it_is_free(folder):
    preferred = free_port()
    assert folder.choose_port(None, preferred=preferred) == preferred


def test_a_port_that_was_asked_for_is_refused_in_one_line_when_it_is_in_use(folder):
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"the server cannot listen on port {taken}: it is in use") as caught:
            folder.choose_port(taken)
    assert "\n" not in str(caught.value)


def test_a_port_in_use_is_not_free():
    with socket.create_server((LOOPBACK, 0)) as other:
        assert not port_is_free(other.getsockname()[1])


def test_a_second_owner_is_refused_and_told_who_the_first_is(folder):
    folder.acquire()
    second = ServerFolder(folder.path, ME, what="the server")
    with pytest.raises(ServerError, match=f"already run by process {os.getpid()}"):
        second.acquire()
    assert second.owned_by_another()
    folder.release()
    second.acquire()
    second.release()


def test_a_folder_nobody_owns_is_known_as_such(folder):
    assert not folder.owned_by_another()
    folder.acquire()
    assert folder.owned
    assert not folder.owned_by_another()


def test_a_secret_is_made_once_differs_everywhere_and_is_private(folder, tmp_path):
    secret = folder.secret("password")
    assert folder.secret("password") == secret
    assert stat.S_IMODE((folder.path / "password").stat().st_mode) == 0o600
    other = ServerFolder(tmp_path / "other", ME, what="the server")
    other.prepare()
    assert other.secret("password") != secret
    assert len(secret) >= 32


def test_a_file_in_the_place_of_the_folder_gives_one_clear_line(tmp_path):
    (tmp_path / "server").write_text("")
    with pytest.raises(ServerError, match=r"cannot keep its data in .*: File exists; set BYPULS_HOME") as caught:
        ServerFolder(tmp_path / "server", ME, what="the server").prepare()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_gives_one_clear_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ServerError, match="Permission denied; set BYPULS_HOME"):
        ServerFolder(tmp_path / "server", ME, what="the server").prepare()
    tmp_path.chmod(0o700)


def test_an_account_is_barred_by_the_first_private_folder_on_the_way():
    with reachable_folder() as folder:
        private = folder / "private"
        (private / "inner").mkdir(parents=True)
        private.chmod(0o700)
        assert STRANGER.barred_at(private / "inner") == private
        private.chmod(0o711)
        assert STRANGER.barred_at(private / "inner") is None


def test_an_account_reads_all_only_if_it_reads_every_file(tmp_path):
    with reachable_folder() as folder:
        (folder / "program").write_text("")
        (folder / "program").chmod(0o644)
        assert STRANGER.reads_all(folder)
        (folder / "program").chmod(0o600)
        assert not STRANGER.reads_all(folder)
    assert ME.reads_all(tmp_path)


def test_the_log_says_last_what_went_wrong(folder):
    folder.log.write_text("FATAL:  too long ago\n")
    since = folder.log.stat().st_size
    with folder.log.open("a") as log:
        log.write(
            "2026-01-05 11:00:00.1 UTC [7] FATAL:  no space left on device\n2026-01-05 11:00:00.2 UTC [7] LOG:  bye\n"
        )
    assert folder.last_words(since) == "no space left on device"
