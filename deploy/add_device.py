"""Gives a device a user at the broker: `python3 deploy/add_device.py CITY DEVICE`. The password is printed this once.

The user is `CITY/DEVICE`; the broker's rules confine it to `bypuls/v1/CITY/DEVICE/…`. Said again for the same device it
makes a new password. The broker knows it after `deploy/reload_users.sh`.
"""

# ruff: noqa: T201 - a command speaks

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # run from a checkout, before anything is installed

from bypuls.errors import SettingsError  # noqa: E402 - needs the line above
from bypuls.mosquitto_config import password_line  # noqa: E402

_ARGUMENTS = 3


def add(devices: Path, city: str, device: str) -> str:
    """Write the device's line, in place of an older one; its new password.

    Raises:
        SettingsError: a name that cannot be a level of a topic, or no file of devices.
    """
    user, password = f"{city}/{device}", secrets.token_urlsafe(24)
    line = password_line(user, password)
    try:
        lines = devices.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        message = f"{devices} is not there: run 'make secrets' first"
        raise SettingsError(message) from None
    kept = [one for one in lines if one.partition(":")[0] != user]
    fresh = devices.with_name(".devices.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join([*kept, line]) + "\n")
    fresh.replace(devices)
    return password


if __name__ == "__main__":
    if len(sys.argv) != _ARGUMENTS:
        sys.exit("usage: python3 deploy/add_device.py CITY DEVICE")
    try:
        folder = Path(os.environ.get("BYPULS_SECRETS_FOLDER") or HERE / "secrets")
        made = add(folder / "broker_devices", *sys.argv[1:])
    except SettingsError as problem:
        sys.exit(f"add_device: {problem}")
    print(f"user      {sys.argv[1]}/{sys.argv[2]}\npassword  {made}")
