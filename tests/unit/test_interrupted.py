"""Ctrl-C while a command is still loading what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

# Python hears no Ctrl-C where the shell had it ignored, as shells do for what they start in the background.
INTERRUPTED_HERE = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(90)
"""


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("typer", ["--help"]), ("psycopg", ["db", "plan"])],
    ids=["before the command is known", "in the command"],
)
def test_ctrl_c_during_slow_imports_is_one_line_and_130(tmp_path, module, arguments):
    (tmp_path / f"{module}.py").write_text(INTERRUPTED_HERE)
    done = subprocess.run(
        [sys.executable, "-m", "bypuls", *arguments],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=80,
    )  # fmt: skip
    assert (done.returncode, done.stderr.split("\n")) == (130, ["bypuls: interrupted", ""])


def test_the_installed_command_begins_where_interrupts_are_answered():
    (installed,) = entry_points(group="console_scripts", name="bypuls")
    assert installed.value == "bypuls.__main__:main"
