"""Benchmarks as a file: read strictly, with a source for each; the shipped example can be set as it is."""

from datetime import date
from pathlib import Path

import pytest

from bypuls.errors import SettingsError
from bypuls.u4ssc.benchmarks import BenchmarkSetting, read_benchmarks
from bypuls.u4ssc.catalogue import load_catalogue

GOOD = """city: storvik
benchmarks:
- {code: "SC: SH: SI: 2C", start: 0.5, target: 0.1, source: Plan, valid_from: 2020-01-01}
"""
EXAMPLE = Path(__file__).parents[2] / "docs/examples/storvik-u4ssc-benchmarks.yaml"


def test_a_file_of_benchmarks():
    assert read_benchmarks(GOOD.encode(), "x") == (
        "storvik",
        [BenchmarkSetting("SC: SH: SI: 2C", "", date(2020, 1, 1), 0.5, 0.1, "Plan")],
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("source: Plan", "source: ' '"),
        (", source: Plan", ""),
        ("start: 0.5", "start: low"),
        ("target: 0.1", "target: 0.1, goal: 3"),
        ("city: storvik", "town: storvik"),
        ("2020-01-01", "2020"),
        ("benchmarks:", "benchmarks: ["),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(old, new):
    assert old in GOOD
    with pytest.raises(SettingsError, match=r"^benchmarks x: ") as caught:
        read_benchmarks(GOOD.replace(old, new).encode(), "x")
    assert "\n" not in str(caught.value)


def test_the_example_names_data_points_that_exist_and_says_that_targets_are_not_u4sscs():
    city, found = read_benchmarks(EXAMPLE.read_bytes(), EXAMPLE.name)
    assert city == "storvik"
    for one in found:
        load_catalogue().point(one.code, one.data_point)
        assert one.start != one.target
        assert "U4SSC" not in one.source
