"""Test vectors of standards through the command's own way: all pass, and a wrong expectation is found."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.standards import Standards
from processors.vectors.case import COLUMNS, Case, Malformed, find_files, read_cases
from processors.vectors.rule import find_rules
from processors.vectors.verdict import judge, same, summary

GOLDEN = Path(__file__).parents[1] / "golden"
CLIMATE = '{"period": "%s", "tspan": [1, 2], "vspan": [1, 2], "points": [%s]}'
RULES, STANDARDS = find_rules(), Standards.load()
CASES = [case for file in find_files([GOLDEN / "vectors", GOLDEN / "standards"]) for case in read_cases(file)]


def lines_of(cases):
    return [line for verdict in judge(cases, RULES, STANDARDS) for line in verdict.lines]


def written(folder, *rows, header=COLUMNS):
    file = folder / "vectors.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return file


def row(**other):
    usual = {
        "case_id": "one",
        "standard": "eaqi_2025",
        "inputs": '{"pollutant": "PM2.5", "averaging": "1h", "value": 5}',
        "expected": '{"class": 1}',
        "tolerance": "0",
        "source": "derived",
    }
    return [(usual | other)[name] for name in COLUMNS]


def test_every_vector_passes():
    assert lines_of(CASES) == []
    assert summary(judge(CASES, RULES, STANDARDS)) == f"{len(CASES)} passed, 0 failed, 0 unsupported"


def test_every_standard_has_a_vector_and_every_vector_a_source():
    assert {case.standard for case in CASES} == set(RULES)
    assert [case.case_id for case in CASES if not case.source] == []


@pytest.mark.shared
def test_every_shared_vector_passes(shared):
    cases = [case for file in find_files([shared / "data/vectors"]) for case in read_cases(file)]
    assert lines_of(cases) == []
    assert len(cases) > 200


@pytest.mark.shared
def test_the_vectors_here_are_the_shared_ones(shared):
    for file in find_files([shared / "data/vectors"]):
        assert (GOLDEN / "vectors" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.shared
def test_every_standard_of_the_contract_is_supported(shared):
    table = (shared / "data/vectors/README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in table if line.startswith("| `")]
    assert {name.strip(" `") for _, name, *_ in rows} == set(RULES)
    for _, name, inputs, expected, *_ in rows:
        rule = RULES[name.strip(" `")]
        assert {key.strip() for key in inputs.split(",")} <= rule.inputs, rule.name
        answers = {key for case in CASES if case.standard == rule.name for key in case.expected}
        assert {key.strip() for key in expected.split(",")} - answers <= {"pti"}, rule.name


def wrong(expected, tolerance):
    """Something that is not the same."""
    match expected:
        case bool():
            return not expected
        case int() | float():
            return expected + max(abs(expected) * tolerance, tolerance) * 2.5 + 1e-6
        case str():
            return expected + "x"
        case None:
            return 0
        case list():
            return expected[:-1]
    pytest.fail(f"unexpected {expected!r}")


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_wrong_expectation_fails_in_each_of_its_keys(name):
    tried = 0
    for case in CASES:
        for key in case.expected if case.standard == name else ():
            other = replace(case, expected=dict(case.expected) | {key: wrong(case.expected[key], case.tolerance)})
            (line,) = lines_of([other])
            assert case.case_id in line
            assert f" {key}: got " in line
            tried += 1
    assert tried > 0


@pytest.mark.parametrize(
    ("got", "expected", "tolerance", "relative", "verdict"),
    [
        (1.05, 1.0, 0.05, False, True),
        (1.0501, 1.0, 0.05, False, False),
        (105.0, 100.0, 0.05, True, True),
        (105.1, 100.0, 0.05, True, False),
        (105.0, 100.0, 0.05, False, False),
        (0.1 + 0.2, 0.3, 0, False, True),  # the noise of floats
        (0.300001, 0.3, 0, False, False),
        (None, 0, 1, False, False),
        (0, None, 1, False, False),
        (None, None, 0, False, True),
        (True, 1, 0, False, False),
        (1, True, 0, False, False),
        ("A", "A", 0, False, True),
        ([1, 2], [1, 2], 0, False, True),
        ([1, 2], [1, 3], 5, False, False),
        ([1], [1, 2], 0, False, False),
    ],
)
def test_numbers_may_differ_by_the_tolerance_and_nothing_else(got, expected, tolerance, relative, verdict):
    assert same(got, expected, tolerance, relative=relative) is verdict


def test_only_the_freeway_has_relative_tolerances():
    assert [rule.name for rule in RULES.values() if rule.relative] == ["hcm7_basic_freeway"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inputs": "{bad"}, "inputs is no JSON"),
        ({"inputs": "[1]"}, "inputs must be a JSON object"),
        ({"inputs": '{"value": NaN}'}, "NaN"),
        ({"expected": "{}"}, "names nothing to compare"),
        ({"tolerance": ""}, "tolerance"),
        ({"tolerance": "-1"}, "tolerance"),
        ({"tolerance": "nan"}, "tolerance"),
    ],
)
def test_a_malformed_row_is_one_line_that_names_file_and_line(tmp_path, fields, said):
    file = written(tmp_path, row(), row(**fields))
    first, second = read_cases(file)
    assert isinstance(first, Case)
    assert isinstance(second, Malformed)
    assert second.place == f"{file}:3"
    assert said in second.why


def test_a_row_of_another_length_and_a_header_that_lacks_something_are_malformed(tmp_path):
    (short,) = read_cases(written(tmp_path, row()[:3]))
    assert "3 fields" in short.why
    (headless,) = read_cases(written(tmp_path, row(), header=["case_id", "inputs"]))
    assert "standard" in headless.why
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    assert [type(one) for one in read_cases(tmp_path / "empty.csv")] == [Malformed]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inputs": '{"pollutant": "PM2.5", "value": "5"}'}, "input value must be a number"),
        ({"inputs": '{"pollutant": "PM2.5", "valu": 5}'}, "unknown input valu"),
        ({"expected": '{"klass": 1}'}, "klass"),
        ({"standard": "us_nowcast_pm", "inputs": '{"hours": [1, 2], "order": "up"}'}, "order"),
        ({"standard": "us_aqi_2024", "inputs": '{"values": {"ozone": 1}}'}, "ozone"),
        ({"standard": "pti_tti_bi", "inputs": '{"travel_times": [1], "percentile": "mine"}'}, "percentile"),
        ({"standard": "period_hours", "inputs": '{"date": "2026-01-01", "zone": "Europe/Atlantis"}'}, "Atlantis"),
        ({"standard": "qartod_climatology", "inputs": CLIMATE % ("decade", '["2026-01-01", 1]')}, "'decade'"),
        (
            {"standard": "qartod_climatology", "inputs": CLIMATE % ("month", '["2026-01-01"]')},
            "points are [time, value]",
        ),
        ({"standard": "qartod_climatology", "inputs": CLIMATE % ("month", '["June", 1]')}, "'June' is no date"),
        ({"standard": "qartod_climatology", "inputs": CLIMATE % ("month", "[1e300, 1]")}, "1e+300 is no date"),
        ({"standard": "round_half_up", "inputs": '{"value": 1e300}', "expected": '{"rounded": 0}'}, "too large"),
    ],
)
def test_an_input_that_is_none_fails_the_case_alone(tmp_path, fields, said):
    verdicts = list(judge(read_cases(written(tmp_path, row(**fields), row())), RULES, STANDARDS))
    assert [verdict.outcome for verdict in verdicts] == ["failed", "passed"]
    assert said in verdicts[0].lines[0]


def run(*files):
    result = CliRunner().invoke(app, ["check", "vectors", *map(str, files)])
    return result.exit_code, result.stdout.splitlines()


def test_the_command_ends_with_the_count_and_0_without_a_mismatch(tmp_path):
    code, lines = run(written(tmp_path, row(), row(case_id="two", standard="eaqi_1999")))
    assert code == 0
    assert lines[-1] == "1 passed, 0 failed, 1 unsupported"
    assert "eaqi_1999" in lines[0]


def test_the_command_says_each_mismatch_and_ends_with_1(tmp_path):
    file = written(tmp_path, row(expected='{"class": 2, "name": "Bad"}', source="nobody"), row(inputs="{"))
    code, lines = run(file)
    assert code == 1
    assert lines[0] == f"{file}:2: one eaqi_2025 class: got 1, expected 2, tolerance 0 (nobody)"
    assert lines[1].startswith(f'{file}:2: one eaqi_2025 name: got "Good", expected "Bad"')
    assert lines[-1] == "0 passed, 2 failed, 0 unsupported"


def test_the_command_takes_several_files_and_folders(tmp_path):
    written(tmp_path, row())
    code, lines = run(tmp_path, GOLDEN / "vectors" / "noise.csv")
    assert code == 0
    count = sum(1 for _ in read_cases(GOLDEN / "vectors" / "noise.csv"))
    assert lines == [f"{count + 1} passed, 0 failed, 0 unsupported"]


def test_a_file_that_is_not_there_is_an_error_of_the_command_line(tmp_path):
    result = CliRunner().invoke(app, ["check", "vectors", str(tmp_path / "none.csv")])
    assert result.exit_code != 0
    assert "none.csv" in str(result.exception)


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path):
    spread = json.dumps({"pollutant": "PM2.5", "value": 5}, indent=1)
    file = written(tmp_path, row(inputs=spread), row(inputs="{"))
    assert [case.place for case in read_cases(file)] == [f"{file}:2", f"{file}:6"]
