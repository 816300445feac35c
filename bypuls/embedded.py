"""The embedded PostgreSQL behind `bypuls up`: its binaries come from a PyPI wheel, its life is ours.

The wheel's `initdb` and `postgres` are driven directly, so that port, settings, account and crash recovery are in our
hands. One process owns a folder; others attach to the running server. The schema is `bypuls.storage`'s business.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil
import psycopg

from bypuls.account import Account, server_account
from bypuls.errors import ServerError
from bypuls.postgres_binaries import SYSTEM_FOLDER, binaries_for
from bypuls.server_folder import LOOPBACK, ServerFolder, stop_process, telling_line, wait_until

ROLE = "bypuls"
DATABASE = "bypuls"
_SOCKET_PATH_BYTES = 100  # the kernel's limit is 107
_STILL_ENDING = ("pre-existing shared memory block", "lock file")

SETTINGS: Mapping[str, str] = {
    "listen_addresses": f"'{LOOPBACK}'",
    "unix_socket_permissions": "0700",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "100",
    # Durability is the point of acknowledging after COMMIT: said aloud although these are PostgreSQL's defaults.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "'256MB'",
    # Not /dev/shm, which containers keep tiny and bare chroots have not at all; macOS keeps System V tiny instead.
    "dynamic_shared_memory_type": "sysv" if sys.platform.startswith("linux") else "posix",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "wal_compression": "on",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "random_page_cost": "1.1",
    "jit": "off",  # the wheel ships without LLVM, and short queries gain nothing
    "max_locks_per_transaction": "256",  # many partitions in one statement
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_checkpoints": "off",
    "client_encoding": "'UTF8'",
}
"""What is set at every start; a file `local.conf` beside the data goes on top."""

_HBA = """# Written at every start. A password for everybody, also on the socket.
local   all all                scram-sha-256
host    all all {loopback}/32  scram-sha-256
"""


class EmbeddedPostgres:
    """A PostgreSQL server of our own in `home`/postgres.

        with EmbeddedPostgres(home) as server:
            psycopg.connect(server.url)

    Start again after any crash: a stale pid file, leftover backends and an orphaned server are dealt with. As root the
    server runs as the account `bypuls` (see `bypuls.account`), from a copy of the binaries where that account cannot
    read the wheel. `url` holds a generated password (kept in `password`, mode 0600): print it with care.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        account: Account | None = None,
        system_folder: Path = SYSTEM_FOLDER,
    ) -> None:
        """Name the server; nothing starts yet.

        Args:
            home: the folder of the embedded servers (`DatabaseSettings.home`).
            port: a TCP port on loopback to insist on; by default a free one is chosen and kept.
            settings: PostgreSQL settings on top of `SETTINGS`, values quoted as in postgresql.conf.
            account: whom the server runs as; by default `server_account()`.
            system_folder: where binaries are copied to when the account cannot read the wheel's.
        """
        self._wanted_port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self._system_folder = system_folder
        self.account = account or server_account()
        self.folder = ServerFolder(home / "postgres", self.account, what="the embedded PostgreSQL")
        self.data = self.folder.path / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address (libpq) of the application's database, for the owner role.

        Raises:
            ServerError: the server was never started in this folder.
        """
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Address (libpq) of another database on the same server."""
        port = self.folder.kept_port()
        if port is None:
            raise ServerError(f"no PostgreSQL was ever started in {self.folder.path}: run 'bypuls up' first")
        password = quote(self.folder.secret("password"), safe="")
        return f"postgresql://{ROLE}:{password}@{LOOPBACK}:{port}/{quote(database, safe='')}"

    @property
    def pid(self) -> int | None:
        """Process id of the server this object started; None when it runs none."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def binaries(self) -> Path:
        """The folder of `postgres`, `initdb`, `pg_dump`, `pg_restore` and `psql`, as the server's account can use them.

        Raises:
            ServerError: the wheel is not installed, or cannot be copied.
        """
        return binaries_for(self.account, self._system_folder)

    def start(self, *, patience_seconds: float = 120) -> str:
        """Start the server, making its data folder the first time, and return `url`.

        Raises:
            ServerError: another process owns the folder, the port is taken, the disk is full or read-only, the data
                were made by another major version, or it was not ready in `patience_seconds`.
        """
        if self.pid is not None:
            return self.url
        binaries = self.binaries
        self.folder.prepare()
        self.folder.acquire()
        atexit.register(self.stop)
        try:
            self.folder.clear_orphan(signal.SIGINT)
            self._forget_foreign_pid()
            if not (self.data / "PG_VERSION").exists():
                self._create(binaries)
            self._check_version(binaries)
            port = self.folder.choose_port(self._wanted_port)
            self._configure(port)
            self._launch(binaries, patience_seconds)
            self._create_database()
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server after its running transactions were rolled back, and let go of the folder; safe to repeat."""
        process, self._process = self._process, None
        if process is not None:
            stop_process(process, [(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)])
        self.folder.release()
        atexit.unregister(self.stop)

    def attach(self, *, patience_seconds: float = 0) -> str:
        """The `url` of the server that another process runs in this folder.

        Raises:
            ServerError: none runs, or it does not answer within `patience_seconds`.
        """
        if not self.folder.owned_by_another():
            raise ServerError(f"no PostgreSQL runs in {self.folder.path}: start it with 'bypuls up'")
        if not wait_until(self._answers, seconds=patience_seconds, every=0.1):
            raise ServerError(f"the PostgreSQL in {self.folder.path} does not answer: see {self.folder.log}")
        return self.url

    @contextmanager
    def use(self) -> Iterator[str]:
        """Attach to the running server, or start one for the time of the `with` block: gives `url`."""
        if self.folder.owned_by_another():
            yield self.attach(patience_seconds=60)
            return
        with self:
            yield self.url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except (psycopg.OperationalError, ServerError):
            return False

    def _create(self, binaries: Path) -> None:
        """Run initdb into a folder beside, then move it: an interrupted one leaves nothing that looks whole."""
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.folder.write("initial", self.folder.secret("password") + "\n", for_server=True)
        # The builtin C.UTF-8 sorts the same on every system and in every edition.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sign_in = ["--auth=scram-sha-256", f"--username={ROLE}", f"--pwfile={password}"]
        try:
            self._run([binaries / "initdb", f"--pgdata={fresh}", *locale, *sign_in], doing="make its data folder")
            fresh.rename(self.data)
        except OSError as error:
            raise ServerError(f"the embedded PostgreSQL cannot make {self.data}: {error.strerror}") from None
        finally:
            password.unlink(missing_ok=True)

    def _check_version(self, binaries: Path) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = self._run([binaries / "postgres", "--version"], doing="say its version").rsplit(" ", 1)[-1]
        if ours.split(".", 1)[0] != found:
            raise ServerError(
                f"{self.data} was made by PostgreSQL {found}, this version brings {ours.strip()}: "
                f"back it up with the old version ('bypuls db backup'), then restore into a new BYPULS_HOME"
            )

    def _configure(self, port: int) -> None:
        socket = str(self.folder.path)
        settings = {
            **self._settings,
            "port": str(port),
            "unix_socket_directories": f"'{socket}'"
            if len(socket) < _SOCKET_PATH_BYTES - len("/.s.PGSQL.65535")
            else "''",
            "hba_file": f"'{self._quote(self.folder.path / 'pg_hba.conf')}'",
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        lines.append(f"include_if_exists = '{self._quote(self.folder.path / 'local.conf')}'")
        head = "# Written at every start; put your own settings into local.conf in the folder above.\n"
        self.folder.write("pg_hba.conf", _HBA.format(loopback=LOOPBACK), for_server=True)
        written = self.folder.write("postgresql.conf", head + "\n".join(lines) + "\n", for_server=True)
        written.replace(self.data / "postgresql.conf")

    @staticmethod
    def _quote(path: Path) -> str:
        return str(path).replace("'", "''")

    def _launch(self, binaries: Path, patience_seconds: float) -> None:
        """Start postgres; a few tries while the backends of a killed server are still on their way out."""
        for _ in range(50):
            reason = self._launch_once(binaries, patience_seconds)
            if reason is None:
                return
            if not any(words in reason for words in _STILL_ENDING):
                break
            time.sleep(0.2)
        raise ServerError(f"the embedded PostgreSQL did not start: {reason} (log: {self.folder.log})")

    def _launch_once(self, binaries: Path, patience_seconds: float) -> str | None:
        """Start postgres and wait until it is ready; why it is not, or None."""
        written = self.folder.log.stat().st_size if self.folder.log.exists() else 0
        process = self.folder.spawn([binaries / "postgres", "-D", self.data], farewell=signal.SIGINT)
        self._process = process
        decided = wait_until(lambda: process.poll() is not None or self._ready(), seconds=patience_seconds)
        if decided and process.poll() is None:
            return None
        reason = self.folder.last_words(written)
        return reason if decided else f"it was not ready in {patience_seconds:g} s: {reason}"

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return self._process is not None and lines[:1] == [str(self._process.pid)] and lines[-1].strip() == "ready"

    def _create_database(self) -> None:
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=10) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error as error:
            raise ServerError(f"the embedded PostgreSQL started but refuses: {str(error).splitlines()[0]}") from None

    def _forget_foreign_pid(self) -> None:
        """Remove a pid file whose number now belongs to another program: postgres would refuse to start beside it."""
        path = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            pid = int(path.read_text(encoding="utf-8").splitlines()[0])
            if psutil.Process(pid).name() != "postgres":
                path.unlink()

    def _run(self, command: list[str | Path], *, doing: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                [str(part) for part in command],
                check=False,
                capture_output=True,
                text=True,
                cwd=self.folder.path,
                env={**os.environ, "LC_ALL": "C"},
                timeout=300,
                **self.account.identity(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(f"the embedded PostgreSQL cannot {doing}: {error}") from None
        if done.returncode != 0:
            raise ServerError(f"the embedded PostgreSQL cannot {doing}: {telling_line(done.stderr)}")
        return done.stdout
