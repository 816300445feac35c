"""Hands each container its own secrets in the form it reads; the service `hand-out` of docker-compose.yml runs it.

Compose mounts a file secret with the owner and mode it has on the host, so a file of mode 0600 cannot be read by a
container's unprivileged account. This runs as root without a network, and writes one volume per service.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from bypuls.errors import SettingsError
from bypuls.mosquitto_config import password_line

FROM, TO = Path("/run/secrets"), Path("/out")
CERTIFICATES = ("server.crt", "server.key")
# Accounts of the images: ours is made in the Dockerfile, the others by the projects.
BYPULS, MOSQUITTO, POSTGRES, GRAFANA = 10001, 1883, 70, 472
Chown = Callable[[Path, int, int], None]


def hand_out(source: Path, target: Path, chown: Chown = os.chown) -> None:
    """Write every service's folder below `target`; a service whose folder is not there is left out.

    Raises:
        SettingsError: a secret is missing or empty.
    """

    def word(name: str) -> str:
        try:
            text = (source / name).read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"secret {name} cannot be read ({error.strerror}): run 'make secrets'"
            raise SettingsError(message) from None
        if not text:
            message = f"secret {name} is empty: remove its file in deploy/secrets and run 'make secrets'"
            raise SettingsError(message)
        return text

    def database(user: str) -> str:
        return f"postgresql://bypuls_{user}:{quote(word(f'{user}_password'), safe='')}@timescaledb:5432/bypuls"

    def broker(user: str) -> str:
        return f"mqtt://{user}:{quote(word(f'broker_{user}_password'), safe='')}@mosquitto:1883"

    users = [password_line(user, word(f"broker_{user}_password")) for user in ("ingest", "simulate", "health")]
    devices = (source / "broker_devices").read_text(encoding="utf-8").splitlines()
    folders: dict[str, tuple[int, dict[str, str]]] = {
        "owner": (BYPULS, {"bypuls_database_url": database("owner")}),
        "ingest": (BYPULS, {"bypuls_database_url": database("ingest"), "bypuls_broker_url": broker("ingest")}),
        "process": (BYPULS, {"bypuls_database_url": database("process")}),
        "bridge": (BYPULS, {"bypuls_database_url": database("process")}),
        "api": (BYPULS, {"bypuls_database_url": database("api")}),
        "simulate": (BYPULS, {"bypuls_broker_url": broker("simulate")}),
        "mosquitto": (
            MOSQUITTO,
            {"users": "\n".join([*users, *devices]), "health_password": word("broker_health_password")}
            | {name: (source / name).read_text("utf-8") for name in CERTIFICATES if (source / name).exists()},
        ),
        "timescaledb": (
            POSTGRES,
            {
                f"{name}_password": word(f"{name}_password")
                for name in ("postgres", "owner", "ingest", "process", "api", "grafana_ro")
            },
        ),
        "grafana": (
            GRAFANA,
            {name: word(name) for name in ("grafana_ro_password", "grafana_admin_password")},
        ),
    }
    for name, (account, files) in folders.items():
        if (target / name).is_dir():
            _fill(target / name, account, files, chown)


def _fill(folder: Path, account: int, files: dict[str, str], chown: Chown) -> None:
    for name, text in files.items():
        fresh = folder / f".{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")
        chown(fresh, account, account)
        fresh.replace(folder / name)
    for left in folder.iterdir():
        if left.name not in files:
            left.unlink()
    chown(folder, account, account)
    folder.chmod(0o500)


if __name__ == "__main__":
    try:
        hand_out(FROM, TO)
    except (SettingsError, OSError) as problem:
        sys.exit(f"hand-out: {problem}")
