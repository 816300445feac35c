# ruff: noqa: T201 - it prints what it measured
"""Every fault, one after the other: `pytest tests/chaos -o python_files='chaos_*.py' -o timeout=1800 -s`.

Rows go to BYPULS_CHAOS_RESULTS (tests/chaos/results.json); `python -m tests.chaos.report` makes docs/reliability.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bypuls.broker_server import find_mosquitto
from tests.chaos.faults import FAULTS
from tests.chaos.results import RESULTS, add
from tests.chaos.run import run


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_acknowledged_is_lost_or_stored_twice(fault):
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is not installed (apt-get install mosquitto)")
    row = run(fault)
    print(f"\n{row}")
    add(Path(os.environ.get("BYPULS_CHAOS_RESULTS") or RESULTS), row)
    if row.skipped:
        pytest.skip(row.skipped)
    assert row.loses or row.faultless, row.examples
    assert row.ended == []
