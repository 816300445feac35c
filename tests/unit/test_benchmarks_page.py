"""docs/benchmarks.md is what docs/benchmarks holds, and its sizing is arithmetic on that."""

from __future__ import annotations

import pytest

from tests.benchmarks.report import DOCUMENT, document
from tests.benchmarks.results import Result, medians, read
from tests.benchmarks.sizing import WANTED, Measured, measured, section, size_of


def test_the_page_is_made_of_the_results():
    assert DOCUMENT.read_text(encoding="utf-8") == document(read()), "run 'python -m tests.benchmarks.report'"


def test_a_result_is_told_with_its_median_its_goal_and_how_busy_the_machine_was(tmp_path, monkeypatch):
    monkeypatch.setenv("BYPULS_BENCH_RESULTS", str(tmp_path))
    monkeypatch.setattr("psutil.cpu_percent", lambda _: 35.2)
    result = Result(
        "one", "One", "Some\nwords.", settings={"devices": 2000}, goals={"rate": (">=", 10_000), "age": ("<=", 2)}
    )
    for rate, age in ((9_000, 1.5), (12_000, 2.5), (11_000, 1.9)):
        result.add({"rate": (rate, "messages/s"), "age": (age, "s")})
    result.write()
    results = read(tmp_path)
    assert medians(results["one"]) == {"rate": (11_000, "messages/s"), "age": (1.9, "s")}
    page = document(results)
    assert "Some words.\n\n3 runs, " in page
    assert "devices 2,000. **The machine was busy**: 35 % of it" in page
    assert "| rate | 11,000 messages/s | 9,000 … 12,000 | ≥ 10,000 messages/s: met |" in page
    result.add({"rate": (100, "messages/s"), "age": (9, "s")})
    result.add({"rate": (100, "messages/s"), "age": (9, "s")})
    result.write()
    page = document(read(tmp_path))
    assert "| rate | 9,000 messages/s | 100 … 12,000 | ≥ 10,000 messages/s: **not met** |" in page
    assert "| age | 2.5 s | 1.5 … 9 | ≤ 2 s: **not met** |" in page


def test_sizes_are_worked_out_by_hand():
    known = Measured(
        message=100, datastream=400, value=500, values_a_site=10, observation=100, five_minutes=200, hour=300,
        kpi_value=1000, kpi_values_a_year=10_000, processes=500, observation_compressed=12, five_minutes_compressed=40,
    )  # fmt: skip
    size = size_of(1000, 10, known)
    # 100 messages/s of 100 µs at 70 % of a core, and one more.
    assert size.messages == 100
    assert size.cores == pytest.approx(0.01 / 0.7 + 1)
    # A second changes 300 datastreams (0.12 s) and 100 sites (0.5 s): less than a second, so the shortest turn.
    assert size.turn == 0.5
    # Every second all 30,000 datastreams and 1,000 sites: 12 s and 5 s.
    assert size_of(10_000, 1, known).turn == pytest.approx(17)
    # A turn of t changes 5,000 t datastreams (2 t seconds): it grows until all 300,000 and 10,000 sites are in it.
    assert size_of(100_000, 60, known).turn == pytest.approx(120 + 50)
    # 300 observations/s for two hours; 3,000 times 288 rollups.
    assert size.megabytes == pytest.approx(500 + 216 + 172.8)
    # 9.46e9 observations, 3,000 times 105,120 and 8,760 rollups, 100 times 10,000 values.
    assert size.gigabytes_a_year == pytest.approx(946.08 + 63.072 + 7.884 + 1)
    # The hours and the values stay rows.
    assert size.gigabytes_compressed == pytest.approx(113.5296 + 12.6144 + 7.884 + 1)


def test_there_is_no_sizing_while_a_result_is_missing():
    run = {"load": 0, "figures": {}}
    results = {
        name: {"runs": [run | {"figures": {figure: [1, ""] for figure in figures}}]} for name, figures in WANTED.items()
    }
    assert measured(results) is not None
    rows = section(results).splitlines()
    assert sum(row.startswith("| 1") for row in rows) == 16
    assert rows[-16].startswith("| 100 | 1 s | 100 | 1.0 | 0.5 s |")
    assert measured({name: entry for name, entry in results.items() if name != "turn"}) is None
    results["freshness"]["runs"][0]["figures"].pop("serve memory")
    assert measured(results) is None
