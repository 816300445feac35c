"""The rows of the fault suite, kept as JSON: one per fault, the newest run of each, with the machine it ran on."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.chaos.run import Row

RESULTS = Path(__file__).with_name("results.json")


def add(file: Path, row: Row) -> None:
    """Put a row in the place of an older one of its name."""
    rows = json.loads(file.read_text()) if file.exists() else []
    entry = asdict(row) | {"at": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    rows = [each for each in rows if each["name"] != row.name]
    file.write_text(json.dumps([*rows, entry], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> str:
    """What it ran on."""
    memory = psutil.virtual_memory().total / (1 << 30)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )
