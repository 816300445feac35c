"""Fixtures of every test. Databases come per lane; servers are started when first asked for, once per run.

| fixture | gives |
|---|---|
| `database_url` | a new empty database, once on each lane (`plain`, `timescaledb`); dropped afterwards |
| `migrated_url` | the same at this version's schema |
| `lane` | the lane itself: `.name`, `.database(migrated=…)` for more than one database |
| `server_home` | an empty folder in which embedded servers can run, as root too |
| `mosquitto` | the run's broker (our generated configuration): `.url`, `.port`; use topics of your own |
| `new_mosquitto` | a function that makes brokers for one test: to stop, kill and start again |
| `unique` | a short word no other test has, for topics, client ids and slugs |
| `shared` | the folder of recorded data beside the checkout |

`@pytest.mark.lane("plain")` keeps a test to one lane; `lane("community")` is TimescaleDB's Community edition, where
BYPULS_TEST_DSN names a server that has it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bypuls.broker_server import Mosquitto, find_mosquitto
from bypuls.mosquitto_config import MosquittoOptions
from bypuls.server_folder import free_port
from tests.lanes import required, timescaledb
from tests.lanes.databases import NAMES, Lanes, reachable_folder

pytest_plugins = ["pytester"]

# The same examples in every run, however slow the machine: a run says the same twice. BYPULS_FUZZ looks for new ones.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize="BYPULS_FUZZ" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser):
    # Here, because a conftest further down is read too late for options.
    parser.addoption("--renew-pictures", action="store_true", help="store what the control room's pages look like now")


def pytest_configure(config):
    config.pluginmanager.register(required, "lanes-required")


def pytest_generate_tests(metafunc):
    if "lane" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("lane")
    names = marker.args if marker else NAMES
    marks = {name: [pytest.mark.integration, getattr(pytest.mark, name)] for name in ("timescaledb", "community")}
    cases = [pytest.param(name, id=name, marks=marks.get(name, [pytest.mark.integration])) for name in names]
    metafunc.parametrize("lane", cases, indirect=True)


def pytest_collection_modifyitems(config, items):
    """Whole recorded years take minutes: they are replayed when BYPULS_REPLAY=full asks for them, as CI does."""
    if os.environ.get("BYPULS_REPLAY") == "full":
        return
    left_out = [item for item in items if item.get_closest_marker("whole_years")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("whole_years")]


def pytest_collection_finish(session):
    """Unpack TimescaleDB before the first test: no test's time limit covers it."""
    wanted = any(item.get_closest_marker("timescaledb") for item in session.items)
    if wanted and not session.config.option.collectonly and not os.environ.get("BYPULS_TEST_DSN"):
        with contextlib.suppress(timescaledb.Unavailable):  # the lane's tests say why
            timescaledb.prepare()


@pytest.fixture(scope="session")
def lanes():
    with contextlib.ExitStack() as stack:
        yield Lanes(stack)


@pytest.fixture
def lane(request, lanes):
    return lanes.lane(request.param)


@pytest.fixture
def database_url(lane):
    with lane.database() as url:
        yield url


@pytest.fixture
def migrated_url(lane):
    with lane.database(migrated=True) as url:
        yield url


@pytest.fixture
def server_home():
    with reachable_folder() as folder:
        yield folder / "home"


@pytest.fixture(scope="session")
def mosquitto():
    program = _mosquitto_program()
    with (
        reachable_folder() as folder,
        Mosquitto(folder / "home", program=program, port=free_port(), options=MosquittoOptions()) as broker,
    ):
        yield broker


@pytest.fixture
def new_mosquitto():
    program = _mosquitto_program()
    with contextlib.ExitStack() as stack:

        def make(home=None, **options):
            home = home or stack.enter_context(reachable_folder()) / "home"
            broker = Mosquitto(home, program=program, port=free_port(), options=MosquittoOptions(**options))
            stack.callback(broker.stop)
            return broker

        yield make


@pytest.fixture
def unique():
    return f"t{secrets.token_hex(5)}"


@pytest.fixture(scope="session")
def shared():
    folder = Path(os.environ.get("BYPULS_SHARED") or SHARED)
    if not (folder / "data").is_dir():
        pytest.skip(f"lane shared: no recorded data at {folder}")
    return folder


def _mosquitto_program():
    program = find_mosquitto()
    if program is None:
        pytest.skip("lane mosquitto: Mosquitto is not installed (apt-get install mosquitto)")
    return program
