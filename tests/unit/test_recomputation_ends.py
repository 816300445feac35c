"""A recomputation that is killed leaves none of its processes behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from bypuls.server_folder import wait_until
from tests.processes import is_gone

MAIN = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from processors.recomputation import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60).result()
"""


def test_its_processes_end_with_it(tmp_path):
    file = tmp_path / "main.py"
    file.write_text(MAIN)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True, env=environment) as main:
        child = psutil.Process(int(main.stdout.readline()))
        assert child.is_running()
        main.send_signal(signal.SIGKILL)
        assert wait_until(lambda: is_gone(child), seconds=60)
