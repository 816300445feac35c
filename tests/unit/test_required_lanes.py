import pytest

SUITE = """
import pytest

@pytest.mark.broker
def test_needs_a_broker():
    pytest.skip("Mosquitto is not installed")

def test_takes_the_recorded_data(shared):
    pass

def test_needs_nothing():
    pass

@pytest.mark.broker
@pytest.mark.xfail(reason="known")
def test_is_known_to_fail():
    assert False
"""

CONFTEST = """
import pytest
from tests.lanes import required

def pytest_configure(config):
    for marker in required.LANES.values():
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(required)

@pytest.fixture
def shared():
    pytest.skip("no recorded data")
"""


@pytest.fixture
def run(pytester, monkeypatch):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SUITE)

    def run_with(lanes):
        monkeypatch.setenv("BYPULS_REQUIRE", lanes)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider")

    return run_with


def test_a_skipped_lane_is_only_visible_by_default(run):
    run("").assert_outcomes(passed=1, skipped=2, xfailed=1)


def test_a_skipped_lane_fails_where_it_is_required(run):
    result = run("mosquitto")
    result.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*lane mosquitto is required*Mosquitto is not installed*"])


def test_a_fixture_that_skips_counts_too(run):
    result = run("shared, mosquitto")
    assert result.parseoutcomes() == {"passed": 1, "failed": 1, "errors": 1, "xfailed": 1}
    assert result.ret != 0


def test_a_lane_that_does_not_exist_is_an_error_not_a_wish(run):
    result = run("mosqito")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no such lane: mosqito*"])
