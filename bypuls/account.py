"""The system account an embedded server runs as: one's own, or an unprivileged one when the command runs as root.

PostgreSQL refuses to run as root, and a broker should not. This module finds that account and says whether it can
reach a file; it changes no permission of a folder that is not ours.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from bypuls.errors import ServerError

NAME = "bypuls"
_FALLBACK = "nobody"


class ProcessIdentity(TypedDict, total=False):
    """The part of `subprocess.Popen`'s arguments that says who the process is."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A system account by its numbers; `switch` is true when starting a process as it means leaving root."""

    name: str
    uid: int
    gid: int
    switch: bool

    def identity(self) -> ProcessIdentity:
        """Arguments for `subprocess`: empty when the process keeps the account of its parent."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path, mode: int) -> None:
        """Give `path`, which is ours, to this account with these permissions."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def barred_at(self, path: Path) -> Path | None:
        """The first folder on the way to `path`, or `path` itself, that this account cannot pass; None if it can."""
        if not self.switch:
            return None
        path = path.resolve()
        for step in [*reversed(path.parents), path]:
            if step.is_dir() and not self._allowed(step.stat(), read=False):
                return step
        return None

    def reads_all(self, folder: Path) -> bool:
        """Whether this account can read every file and search every folder below `folder`."""
        if not self.switch:
            return True
        if self.barred_at(folder) is not None:
            return False
        return all(self._allowed(path.stat(), read=True) for path in _walk(folder))

    def _allowed(self, found: os.stat_result, *, read: bool) -> bool:
        search = stat.S_ISDIR(found.st_mode)
        wanted = (0o4 if read else 0) | (0o1 if search else 0)
        if found.st_uid == self.uid:
            granted = found.st_mode >> 6
        elif found.st_gid == self.gid:
            granted = found.st_mode >> 3
        else:
            granted = found.st_mode
        return granted & wanted == wanted


def _walk(folder: Path) -> Iterator[Path]:
    yield folder
    for path in folder.rglob("*"):
        if path.exists():  # a dangling link bars nobody
            yield path


def server_account() -> Account:
    """The account for an embedded server.

    An ordinary user's servers run as that user. For root it is the system account `bypuls`, made when missing, or
    `nobody` where no account can be made.

    Raises:
        ServerError: root on a system that has no unprivileged account at all.
    """
    if os.geteuid() != 0:
        return Account(_name_of(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
    found = _look_up(NAME) or _create() or _look_up(_FALLBACK)
    if found is None:
        raise ServerError(
            f"as root the servers need an unprivileged account: create one named {NAME!r} (useradd --system {NAME})"
        )
    return found


def _create() -> Account | None:
    tool = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if tool is None:
        return None
    arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/var/lib/bypuls"]
    shell = ["--shell", "/usr/sbin/nologin"]
    subprocess.run([tool, *arguments, *shell, NAME], check=False, capture_output=True)  # noqa: S603 - fixed words
    return _look_up(NAME)  # somebody else may have made it at the same moment


def _look_up(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid, switch=True)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's arbitrary number
        return str(uid)
