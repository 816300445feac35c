"""Times what a newcomer waits for: clone, install, `make up`, a page with a living city. Needs git, make and Python.

    python3 tests/benchmarks/clone_to_page.py [REPOSITORY]

Cold: a new folder, a new environment, nothing from pip's cache, a new data folder. Prints a line per step and ends
with 1 when the whole takes longer than four minutes or the part after the install longer than one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

WHOLE_SECONDS, AFTER_INSTALL_SECONDS, PATIENCE_SECONDS = 240.0, 60.0, 600.0
TILES = {1: "air", 2: "traffic", 3: "energy", 4: "noise"}


def main() -> int:
    repository = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[2])
    folder = Path(tempfile.mkdtemp(prefix="bypuls-clone-", dir="/var/tmp"))
    folder.chmod(0o755)  # as root the servers run as another account
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BYPULS_")}
    environment |= {
        "PIP_NO_CACHE_DIR": "1",
        "PYTHONUNBUFFERED": "1",
        "BYPULS_HOME": str(folder / "home"),
        "BYPULS_API_PORT": str(port),
    }
    checkout, started = folder / "bypuls", time.monotonic()
    try:
        subprocess.run(["git", "clone", "--quiet", repository, str(checkout)], check=True)
        told("clone", started)
        subprocess.run(["make", "setup"], cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
        installed = told("install", started)
        log = (folder / "up.log").open("w")
        running = subprocess.Popen(
            ["make", "up", "ARGS=--no-browser"], cwd=checkout, env=environment, stdout=log, stderr=log
        )
        try:
            page = f"http://127.0.0.1:{port}"
            wait_for(running, lambda: answers(page))
            told("the page answers", installed)
            wait_for(running, lambda: tiles(page) == set(TILES.values()))
            living = told("four tiles have a value of now", installed)
            wait_for(running, lambda: "stored and computed" in (folder / "up.log").read_text())
            told("thirty days are computed", installed)
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)
        say(f"clone to living page {living - started:.0f} s, of which {living - installed:.0f} s after the install")
        return int(living - started > WHOLE_SECONDS or living - installed > AFTER_INSTALL_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def told(what: str, since: float) -> float:
    now = time.monotonic()
    say(f"{now - since:6.1f} s  {what}")
    return now


def wait_for(running: subprocess.Popen[bytes], done) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if running.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("'make up' did not get there")
        time.sleep(0.25)


def answers(page: str) -> bool:
    try:
        return bool(re.search("<html", fetch(page + "/")))
    except OSError:
        return False


def tiles(page: str) -> set[str]:
    """The tiles of City now that show a value."""
    found = set()
    for number, name in TILES.items():
        try:
            answer = json.loads(fetch(f"{page}/control-room/boards/city-now/panels/{number}?from=now-24h&to=now"))
        except OSError:
            continue
        columns = {field["name"]: field["values"] for field in answer["results"][0]["fields"]}
        if (columns.get("value") or [None])[0] is not None:
            found.add(name)
    return found


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own page
        return answer.read().decode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


if __name__ == "__main__":
    raise SystemExit(main())
