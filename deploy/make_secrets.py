"""Makes the passwords of the docker-compose installation, once each: `make secrets`.

Needs nothing but Python. What is there is never overwritten: to change a password, remove its file and say
`make secrets` again; docs/how-to/run-with-docker.md says what to restart then.
"""

# ruff: noqa: T201 - a command speaks

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("BYPULS_SECRETS_FOLDER") or Path(__file__).resolve().parent / "secrets")
PASSWORDS = {
    "postgres_password": "the database's superuser, used by its first start and by nobody else",
    "owner_password": "bypuls_owner: owns the tables, used by migrate and by commands of a person",
    "ingest_password": "bypuls_ingest, in the database",
    "process_password": "bypuls_process, in the database",
    "api_password": "bypuls_api, in the database",
    "grafana_ro_password": "grafana_ro, in the database",
    "grafana_admin_password": "admin, on Grafana's page",
    "broker_ingest_password": "ingest, at the broker",
    "broker_simulate_password": "simulate, at the broker: the simulated city's devices",
    "broker_health_password": "health, at the broker: its health check",
}
DEVICES = "broker_devices"
"""Users of devices, hashed, as deploy/add_device.py adds them; made empty, for it must be there to be mounted."""
_BYTES = 32


def make(folder: Path) -> list[str]:
    """Make what is missing; the names of what was made.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    made = [name for name in PASSWORDS if _write(folder / name, secrets.token_urlsafe(_BYTES) + "\n")]
    return made + ([DEVICES] if _write(folder / DEVICES, "") else [])


def _write(path: Path, text: str) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    return True


if __name__ == "__main__":
    try:
        new = make(FOLDER)
    except OSError as error:
        sys.exit(f"make secrets: {error.filename} cannot be written: {error.strerror}; is the folder yours?")
    print(f"{FOLDER}: {len(new)} made, {len(PASSWORDS) + 1 - len(new)} kept")
