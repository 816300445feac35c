"""Lanes: what a test needs beyond Python. A skipped lane is visible; BYPULS_REQUIRE makes its skip a failure.

A test belongs to a lane by its marker. `BYPULS_REQUIRE=timescaledb,mosquitto` names the lanes that must run.
"""

from __future__ import annotations

import os

import pytest

LANES = {
    "timescaledb": "timescaledb",
    "community": "community",
    "mosquitto": "broker",
    "shared": "shared",
    "chromium": "chromium",
}
"""Lane -> the marker of its tests."""

FIXTURES = {"mosquitto": "broker", "new_mosquitto": "broker", "shared": "shared"}
"""Fixtures that put a test into a lane without its marker being written."""


def required() -> frozenset[str]:
    """The lanes named by BYPULS_REQUIRE."""
    names = frozenset(filter(None, os.environ.get("BYPULS_REQUIRE", "").replace(" ", "").split(",")))
    unknown = names - LANES.keys()
    if unknown:
        message = f"BYPULS_REQUIRE: no such lane: {', '.join(sorted(unknown))} (there are {', '.join(LANES)})"
        raise pytest.UsageError(message)
    return names


def pytest_configure(config: pytest.Config) -> None:
    del config
    required()


def pytest_itemcollected(item: pytest.Item) -> None:
    for fixture, marker in FIXTURES.items():
        if fixture in getattr(item, "fixturenames", ()) and item.get_closest_marker(marker) is None:
            item.add_marker(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        for lane in sorted(required()):
            if item.get_closest_marker(LANES[lane]) is not None:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                report.outcome = "failed"
                report.longrepr = f"lane {lane} is required (BYPULS_REQUIRE) but {reason}"
    del call
    return report
