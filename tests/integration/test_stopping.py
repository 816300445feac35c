"""Told to stop, the processor ends: at once, or by giving up what it is at, which loses nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bypuls.storage.database import connect
from tests.integration.processing import Town, utc

pytestmark = pytest.mark.lane("plain")


@pytest.fixture
def processor(migrated_url, tmp_path):
    """A database, a start of its processor, and what that says."""
    running, said = [], tmp_path / "said"

    def start():
        environment = os.environ | {"BYPULS_DATABASE_URL": migrated_url, "BYPULS_PROCESS_STOP_SECONDS": "0.5"}
        with said.open("w") as stderr:
            running.append(
                subprocess.Popen([sys.executable, "-m", "bypuls", "process"], env=environment, stderr=stderr)
            )
        return running[-1]

    yield migrated_url, start, said
    for process in running:
        process.kill()
        process.wait()


def waits_for_a_lock(connection):
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return connection.execute(query).fetchone() is not None


def test_a_processor_in_the_middle_of_a_long_turn_gives_it_up_when_told_to_stop(processor):
    url, start, said = processor
    city = Town(url)
    stream = city.datastream(city.site("elgeseter"), "pm10")
    city.store(stream, [(utc(2024, 3, 1, 12), 20.0)])
    queued = city.one("SELECT count(*) FROM changed_bucket")
    with connect(url) as other, connect(url, autocommit=True) as watching:
        other.execute("LOCK TABLE rollup_5m IN ACCESS EXCLUSIVE MODE")
        process = start()
        while not waits_for_a_lock(watching):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert "Traceback" not in said.read_text()
        assert city.one("SELECT count(*) FROM changed_bucket") == queued
        assert city.all("SELECT * FROM heartbeat WHERE process = 'process'") == []
    city.connection.close()
