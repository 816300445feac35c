# ruff: noqa: T201 - a benchmark prints what it measured
"""What benchmarks find, kept as JSON: a file for each, with all its runs, the machine, how busy that was, the commit.

    result = Result("reading", "Reading a message", "What is measured, in a paragraph.", goals={"all": ("<=", 20)})
    for _ in range(runs()):
        result.add({"all": (measure(), "µs")})
    result.write()

Files go to docs/benchmarks, or where BYPULS_BENCH_RESULTS says: for trial runs, which are no results. Figures that are
compared with each other are taken in one run; their ratio is a figure of that run, in "times".
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from bypuls.account import server_account
from bypuls.postgres_binaries import binaries_for

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "benchmarks"

Goal = tuple[str, float]
"""(">=" or "<=", number)."""


class Result:
    """One benchmark's runs.

    Args:
        name: of its file.
        words: what is measured and how, in a paragraph.
        settings: what its size was: shown as they are.
        goals: of the median of a figure.
    """

    def __init__(
        self,
        name: str,
        title: str,
        words: str,
        *,
        settings: Mapping[str, object] | None = None,
        goals: Mapping[str, Goal] | None = None,
    ) -> None:
        self.name = name
        self._entry = {
            "name": name,
            "title": title,
            "words": " ".join(words.split()),
            "settings": dict(settings or {}),
            "goals": {figure: list(goal) for figure, goal in (goals or {}).items()},
            "at": f"{datetime.now(UTC):%Y-%m-%d}",
            "commit": commit(),
            "machine": machine(),
            "other_work": round(psutil.cpu_percent(1.0)),
        }
        self._runs: list[dict] = []
        self._load = os.getloadavg()[0]

    def add(self, figures: Mapping[str, tuple[float, str]]) -> None:
        """One run: figure -> (number, unit)."""
        kept = {figure: [float(f"{number:.6g}"), unit] for figure, (number, unit) in figures.items()}
        self._runs.append({"load": round(self._load, 1), "figures": kept})
        self._load = os.getloadavg()[0]
        print(f"\n{self.name}: " + ", ".join(f"{figure} {told(*each)}" for figure, each in kept.items()))

    def write(self) -> Path:
        """Into its file, in the place of an older one."""
        folder = Path(os.environ.get("BYPULS_BENCH_RESULTS") or FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.json"
        entry = self._entry | {"runs": self._runs}
        file.write_text(json.dumps(entry, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{self.name}: median of {len(self._runs)}: " + ", ".join(
            f"{figure} {told(*each)}" for figure, each in medians(entry).items()
        ))  # fmt: skip
        return file


def runs(default: int = 3) -> int:
    """How often a benchmark is run: BYPULS_BENCH_RUNS, or three times."""
    return int(os.environ.get("BYPULS_BENCH_RUNS", default))


def read(folder: Path = FOLDER) -> dict[str, dict]:
    """Every result that is kept, by name."""
    entries = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return {entry["name"]: entry for entry in entries}


def medians(entry: dict) -> dict[str, tuple[float, str]]:
    """Figure -> (median of its runs, unit)."""
    return {
        figure: (statistics.median(numbers_of(entry, figure)), unit)
        for run in entry["runs"][:1]
        for figure, (_, unit) in run["figures"].items()
    }


def numbers_of(entry: dict, figure: str) -> list[float]:
    """A figure of every run that has it."""
    return [run["figures"][figure][0] for run in entry["runs"] if figure in run["figures"]]


def told(number: float, unit: str) -> str:
    """Three digits, for a benchmark knows no more.

    >>> told(12345.6, "rows/s"), told(0.04567, "s"), told(2.0, "times")
    ('12,300 rows/s', '0.0457 s', '2 times')
    """
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f} {unit}" if abs(rounded) >= 100 else f"{rounded:g} {unit}"


def machine() -> str:
    """What it ran on."""
    memory = psutil.virtual_memory().total / (1 << 30)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"PostgreSQL {_postgres()}, Python {platform.python_version()}"
    )


def commit() -> str:
    """What was measured; "-dirty" where it is not quite what was committed."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _processor() -> str:
    said = Path("/proc/cpuinfo")
    lines = said.read_text().splitlines() if said.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@cache
def _postgres() -> str:
    program = binaries_for(server_account()) / "postgres"
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
