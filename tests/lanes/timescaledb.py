"""The TimescaleDB lane: PostgreSQL 17 with TimescaleDB (Apache-2 edition) from Debian trixie, in a chroot.

    python tests/lanes/timescaledb.py     unpack it now (once: some minutes, 700 MB) and say where

The packages are unpacked by debootstrap from the mirror that apt itself is set up with. Root only. BYPULS_TEST_DSN
points the lane at another server instead; BYPULS_CACHE says where the unpacked system is kept.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

RELEASE = "trixie"
PACKAGES = ("postgresql-17", "postgresql-17-timescaledb")
BINARIES = "/usr/lib/postgresql/17/bin"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # the chroot has no /dev/shm
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "max_worker_processes": "32",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "timezone": "UTC",
    # Survives a kill of the server, not of the machine: that is what the tests do.
    "fsync": "off",
}


class Unavailable(Exception):
    """Why the lane cannot run here."""


def folder() -> Path:
    return Path(os.environ.get("BYPULS_CACHE") or "/var/cache/bypuls") / f"{RELEASE}-timescaledb"


def obstacle() -> str | None:
    """Why the lane cannot even be prepared here; None if it can."""
    if sys.platform != "linux":
        return "needs Linux: it runs Debian's packages in a chroot"
    if os.geteuid() != 0:
        return "needs root for chroot; set BYPULS_TEST_DSN to use a server of your own"
    if not (folder() / "stamp").exists() and shutil.which("debootstrap") is None:
        return "needs debootstrap: apt-get install debootstrap"
    return None


def prepare(say=print) -> Path:
    """Unpack the system once; a second call, and one beside it, find it there. An interrupted one starts anew."""
    reason = obstacle()
    if reason:
        raise Unavailable(reason)
    root = folder()
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (root / "stamp").exists():
            return root
        say(f"unpacking {', '.join(PACKAGES)} of Debian {RELEASE} into {root}: once, some minutes, 700 MB")
        started = time.monotonic()
        fresh = root.with_name(f"{root.name}.partial")
        for leftover in (fresh, root):
            _remove(leftover)
        _debootstrap(fresh)
        for file in (fresh / "var/cache/apt/archives").glob("*.deb"):
            file.unlink()
        shutil.rmtree(fresh / "var/lib/postgresql/17", ignore_errors=True)
        (fresh / "stamp").write_text(f"{RELEASE} {' '.join(PACKAGES)}\n")
        fresh.rename(root)
        say(f"unpacked in {time.monotonic() - started:.0f} s")
    return root


def _remove(path: Path) -> None:
    """Remove an unpacked system, after whatever an interrupted debootstrap left mounted in it."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    for mounted in reversed([line.split()[1] for line in mounts]):
        if mounted.startswith(f"{path}/"):
            subprocess.run(["umount", mounted], check=True)
    shutil.rmtree(path, ignore_errors=True)


def _debootstrap(target: Path) -> None:
    log = target.with_name(f"{target.name}.log")
    command = ["debootstrap", "--variant=minbase", "--components=main", f"--include={','.join(PACKAGES)}"]
    with log.open("w") as output:
        done = subprocess.run(
            [*command, RELEASE, str(target), mirror()],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A service that a package's installation would start must not outlive it.
            env={**os.environ, "RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"},
        )
    if done.returncode != 0:
        last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise Unavailable(f"debootstrap failed: {last} (log: {log})")


def mirror(etc: Path = Path("/etc")) -> str:
    """The Debian mirror apt is set up with: the first entry that is the distribution's own and not its security one."""
    system = dict(line.split("=", 1) for line in (etc / "os-release").read_text().splitlines() if "=" in line)
    if system.get("ID") != "debian":
        raise Unavailable("needs Debian, whose mirror apt is set up with; set BYPULS_TEST_DSN to use your own server")
    names = {system.get("VERSION_CODENAME", ""), "stable", "testing", "sid", RELEASE}
    lists = [etc / "apt/sources.list", *sorted((etc / "apt/sources.list.d").glob("*.list"))]
    entries = [entry for path in lists if path.exists() for entry in _one_line(path.read_text())]
    for path in sorted((etc / "apt/sources.list.d").glob("*.sources")):
        entries += _stanzas(path.read_text())
    for uri, suite in entries:
        if suite in names:
            return _resolved(uri)
    raise Unavailable("found no Debian mirror in apt's configuration; set BYPULS_TEST_DSN to use your own server")


def _one_line(text: str) -> list[tuple[str, str]]:
    """Entries of a `sources.list`: `deb [options] uri suite components`."""
    found = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words[:1] != ["deb"]:
            continue
        words = words[1:]
        if words and words[0].startswith("["):
            end = next((number for number, word in enumerate(words) if word.endswith("]")), len(words))
            words = words[end + 1 :]
        if len(words) > 1:
            found.append((words[0], words[1]))
    return found


def _stanzas(text: str) -> list[tuple[str, str]]:
    """Entries of a deb822 `.sources` file."""
    found = []
    for stanza in text.split("\n\n"):
        lines = [line for line in stanza.splitlines() if ":" in line and not line.startswith(("#", " "))]
        fields = {name.lower(): value.split() for name, value in (line.split(":", 1) for line in lines)}
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"]) != ["no"]:
            found += [(uri, suite) for uri in fields.get("uris", []) for suite in fields.get("suites", [])]
    return found


def _resolved(uri: str) -> str:
    """A mirror list (`mirror+file:…`) stands for its first line."""
    if uri.startswith("mirror+file:"):
        lines = Path("/" + uri.removeprefix("mirror+file:").lstrip("/")).read_text().split()
        return lines[0]
    return uri.removeprefix("mirror+")


class Server:
    """A throw-away server in the unpacked system, on loopback; ends with the process that started it."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.port = root, port
        self.password = secrets.token_urlsafe(12)
        self.data = f"/var/lib/postgresql/lane-{os.getpid()}-{secrets.token_hex(3)}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        return self.root / f"{self.data[1:]}.log"

    def start(self) -> str:
        self._sweep()
        secret = self.root / f"{self.data[1:]}.pw"
        secret.write_text(self.password)
        secret.chmod(0o644)  # its folder is the chroot of root; gone in a second
        initdb = [
            f"{BINARIES}/initdb",
            "-D",
            self.data,
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--auth=scram-sha-256",
        ]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--username=postgres"]
        with self.log.open("wb") as log:
            made = subprocess.run(
                [*self._inside(), *initdb, *locale, f"--pwfile={self.data}.pw"], stdout=log, stderr=log, check=False
            )
            secret.unlink()
            if made.returncode != 0:
                raise Unavailable(f"initdb failed in {self.root}: {self._last_line()}")
            settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
            self.process = subprocess.Popen(
                [*self._inside(), f"{BINARIES}/postgres", "-D", self.data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pid_file = self.root / self.data[1:] / "postmaster.pid"
        end = time.monotonic() + 60
        while not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"PostgreSQL did not start in {self.root}: {self._last_line()}")
            time.sleep(0.05)
        return self.url

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        shutil.rmtree(self.root / self.data[1:], ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def _inside(self) -> list[str]:
        # setpriv leaves root after the chroot and asks for the signal afterwards: leaving root would forget it.
        leave = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "INT"]
        return [
            "chroot",
            str(self.root),
            "/usr/bin/env",
            "-i",
            "LC_ALL=C.UTF-8",
            "HOME=/",
            "PATH=/usr/bin:/bin",
            *leave,
        ]

    def _last_line(self) -> str:
        return (self.log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]

    def _sweep(self) -> None:
        """Remove what earlier runs left that were killed."""
        for path in (self.root / "var/lib/postgresql").glob("lane-*"):
            pid = path.name.split("-")[1]
            if not Path(f"/proc/{pid}").exists():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    try:
        print(prepare())  # noqa: T201 - the answer of the command
    except Unavailable as error:
        sys.exit(f"the TimescaleDB lane cannot run here: {error}")
