"""The folder of one embedded server: its lock, kept port, secrets and process, the same for every kind of server.

It knows nothing of what the server does; `bypuls.embedded` and `bypuls.broker_server` do.
"""

from __future__ import annotations

import ctypes
import fcntl
import itertools
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from bypuls.account import Account
from bypuls.errors import ServerError

LOOPBACK = "127.0.0.1"
_PORTS = itertools.cycle(secrets.SystemRandom().sample(range(20_000, 32_768), 12_768))
"""Below those that systems give to outgoing connections; a process is told none twice."""
_LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_CLOCK_STEP_SECONDS = 5
_LOG_STAMP = re.compile(r"^(\d{4}-\S+ \S+ \S+ \[\d+\] |\d+: )?(LOG|FATAL|PANIC|ERROR|Error): +")
_TELLING = re.compile(
    r"\b(FATAL|PANIC|error|invalid|unrecognized|could not|cannot|no space|denied|refused)\b", re.IGNORECASE
)


class ServerFolder:
    """`path` with everything one server needs to be found again: `lock`, `port`, `process`, secrets and a log.

    Whoever holds the lock is the owner: only the owner starts and stops the server. The lock falls with its process,
    however that ends.
    """

    def __init__(self, path: Path, account: Account, *, what: str) -> None:
        """Name the folder; nothing is touched yet. `what` is the server's name in messages."""
        self.path = path.expanduser().absolute()
        self.account = account
        self.what = what
        self._lock: int | None = None

    @property
    def log(self) -> Path:
        """What the server wrote to its standard error."""
        return self.path / "server.log"

    def prepare(self) -> None:
        """Make the folder, private to the account and readable to its owner.

        Raises:
            ServerError: it cannot be made or written, or the server's account cannot reach it.
        """
        try:
            self._make_parents()
            self.path.mkdir(exist_ok=True)
            barred = self.account.barred_at(self.path.parent)
            if barred is not None:
                raise ServerError(
                    f"{self.what} runs as the account {self.account.name!r}, which cannot enter {barred}: "
                    f"set BYPULS_HOME to a folder it can reach, such as /var/lib/bypuls"
                )
            self.account.own(self.path, 0o700)
            probe = self.path / f".probe-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ServerError(
                f"{self.what} cannot keep its data in {self.path}: {error.strerror or error}; "
                f"set BYPULS_HOME to a folder that can be written"
            ) from None

    def _make_parents(self) -> None:
        missing = [folder for folder in self.path.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            if self.account.switch:  # whatever root's umask says, the server's account must get through
                folder.chmod(0o755)

    def acquire(self) -> None:
        """Become the owner.

        Raises:
            ServerError: another process is.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(handle, 32).decode(errors="replace").strip()
            os.close(handle)
            raise ServerError(
                f"{self.what} in {self.path} is already run by process {holder or '?'}: stop that one, "
                f"or set BYPULS_HOME to another folder"
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._lock = handle

    def release(self) -> None:
        """Stop being the owner; harmless when not the owner."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def owned(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock is not None

    def owned_by_another(self) -> bool:
        """Whether some process, through another object than this, holds the lock now."""
        if self.owned or not (self.path / "lock").exists():
            return False
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def secret(self, name: str) -> str:
        """The generated password kept under `name`, made on first use and readable to its owner only."""
        path = self.path / name
        if not path.exists():
            self.write(name, secrets.token_urlsafe(24) + "\n", for_server=False)
        return path.read_text(encoding="ascii").strip()

    def write(self, name: str, text: str, *, for_server: bool) -> Path:
        """Replace a file in one step, private to the server's account or to the one who runs the command."""
        path = self.path / name
        fresh = path.with_name(f".{name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if for_server:
            self.account.own(fresh, 0o600)
        fresh.replace(path)
        return path

    def choose_port(self, wanted: int | None, *, preferred: int | None = None, address: str = LOOPBACK) -> int:
        """The port to listen on, kept for the next start.

        A `wanted` port is taken or refused; else the kept one, the preferred one, and any free one, in that order.

        Raises:
            ServerError: the wanted port is in use.
        """
        if wanted is not None:
            if not port_is_free(wanted, address):
                raise ServerError(f"{self.what} cannot listen on port {wanted}: it is in use; choose another port")
            port = wanted
        else:
            candidates = [self.kept_port(), preferred]
            port = next((each for each in candidates if each and port_is_free(each, address)), None) or free_port()
        self.write("port", f"{port}\n", for_server=False)
        return port

    def kept_port(self) -> int | None:
        """The port of the last start."""
        try:
            return int((self.path / "port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def spawn(
        self, command: Sequence[str | Path], *, farewell: signal.Signals, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the server as its account, in a session of its own, its output in the log.

        A session of its own keeps a terminal's Ctrl-C away from it: its owner stops it last. Where the kernel can
        (Linux), the server gets `farewell` when the thread that started it ends without stopping it.

        Raises:
            ServerError: it cannot be executed.
        """
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.path,
                    env={**os.environ, "LC_ALL": "C", **(environment or {})},
                    start_new_session=True,
                    preexec_fn=dying_with_parent(farewell),  # noqa: PLW1509 - one system call, prepared before the fork
                    **self.account.identity(),
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise ServerError(f"{self.what} cannot be started as {self.account.name!r}: {error}") from None
        born = psutil.Process(process.pid).create_time()
        self.write("process", f"{process.pid} {born}\n", for_server=False)
        return process

    def orphan(self) -> psutil.Process | None:
        """The server that an earlier owner started and left running, if it still runs."""
        try:
            pid, born = (self.path / "process").read_text(encoding="ascii").split()
            process = psutil.Process(int(pid))
            # Start times are reckoned from the clock, which may have been set since.
            alive = (
                abs(process.create_time() - float(born)) < _CLOCK_STEP_SECONDS
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except (OSError, ValueError, psutil.Error):
            return None
        return process if alive else None

    def clear_orphan(self, farewell: signal.Signals, *, patience_seconds: float = 30) -> None:
        """End the server that an earlier owner left running; only the present owner may.

        Raises:
            ServerError: it does not end in time.
        """
        process = self.orphan()
        if process is None:
            return
        with suppress(psutil.NoSuchProcess):
            process.send_signal(farewell)
        if not wait_until(lambda: self.orphan() is None, seconds=patience_seconds):
            raise ServerError(
                f"{self.what} in {self.path} runs on from an earlier start as process {process.pid}: stop that process"
            )

    def last_words(self, since: int = 0) -> str:
        """What the log gives as the reason, for a message; `since` is the log's size before, in bytes."""
        try:
            with self.log.open("rb") as log:
                log.seek(since)
                text = log.read()[-20_000:].decode(errors="replace")
        except OSError:
            return "it left no log"
        return telling_line(text)


def telling_line(text: str) -> str:
    """The last line of a server's output that gives a reason, without its time stamp."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line) and not line.endswith("contains errors")]
    return _LOG_STAMP.sub("", (telling or lines or ["it gave no reason"])[-1])


def stop_process(process: subprocess.Popen[bytes], farewells: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn and wait its seconds until the process has ended; whether the first sufficed."""
    for number, (farewell, patience_seconds) in enumerate(farewells):
        if process.poll() is not None:
            return True
        process.send_signal(farewell)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
        return number == 0
    return False


def free_port() -> int:
    """A loopback TCP port that is free now, and that the system gives to nobody's outgoing connection."""
    return next(port for port in _PORTS if port_is_free(port))


def port_is_free(port: int, address: str = LOOPBACK) -> bool:
    """Whether a server could listen on this port now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: connections that are closing do not count as use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Ask `ready` again and again; False when `seconds` have passed."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def dying_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` for children that are to get `farewell` when the thread that starts them ends (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing but the call happens after it
    number = int(farewell)
    parent = os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it ended between the fork and this call
            os.kill(os.getpid(), number)

    return die_with_parent
