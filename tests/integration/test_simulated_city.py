"""The simulated city through a real broker and a real ingest: what was sent is stored or in quarantine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bypuls.errors import BrokerError, SettingsError
from bypuls.settings import IngestSettings
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest.compose import build
from simulators.city import state as files
from simulators.city.run import Options, run
from simulators.city.town import city_document

pytestmark = [pytest.mark.broker, pytest.mark.lane("plain")]

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SPOILED = 11  # quarter hours in a wrong unit; the twelfth is not uploaded yet


class City:
    """A broker of its own with an ingest behind it, and the simulator's home."""

    def __init__(self, url, broker, home):
        self.url, self.broker, self.home = url, broker, home
        self.said: list[str] = []
        self._stop, self._thread = threading.Event(), None

    def listen(self):
        ingest = build(
            lambda: connect(self.url, "writer", autocommit=True),
            self.broker.url,
            IngestSettings(instance="simulated"),
            lambda: NOW + timedelta(days=2),
        )
        self._thread = threading.Thread(target=ingest.run, args=(self._stop,))
        self._thread.start()

    def close(self):
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)

    def run(self, now=NOW, stop=None, **options):
        given = Options(**({"days": 3, "live": False} | options))
        return run(self.broker.url, self.home, given, stop or threading.Event(), self.said.append, lambda: now)

    def one(self, query):
        with connect(self.url, autocommit=True) as connection:
            return connection.execute(query).fetchone()

    def settled(self, readings):
        """Wait until so many readings are stored; returns (stored, quarantined messages)."""
        waiting = threading.Event()
        for _ in range(1200):
            found = self.one("SELECT (SELECT count(*) FROM observation), (SELECT count(*) FROM quarantine)")
            if found[0] >= readings:
                break
            waiting.wait(0.1)
        waiting.wait(0.5)  # what should not come would come now
        return self.one("SELECT (SELECT count(*) FROM observation), (SELECT count(*) FROM quarantine)")


@pytest.fixture
def city(migrated_url, new_mosquitto, tmp_path):
    with connect(migrated_url, autocommit=True) as connection:
        add_city(connection, city_document(), "test")
    broker = new_mosquitto()
    broker.start()
    city = City(migrated_url, broker, tmp_path)
    yield city
    city.close()


def test_everything_sent_is_stored_or_in_quarantine_and_simulated(city):
    city.listen()
    receipt = city.run()
    stored, quarantined = city.settled(receipt.readings - receipt.refused - receipt.again)
    assert (receipt.refused, quarantined) == (SPOILED, SPOILED)
    assert receipt.again > 0
    assert stored == receipt.readings - receipt.refused - receipt.again > 30_000
    assert city.one("SELECT count(*), count(DISTINCT site), count(DISTINCT property) FROM datastream") == (150, 40, 22)
    assert city.one("SELECT array_agg(DISTINCT origin) FROM datastream") == (["simulated"],)
    assert city.one("SELECT array_agg(DISTINCT status), count(*) FROM device") == (["active"], 61)
    assert city.one("SELECT count(*) FROM datastream WHERE site IS NULL OR expected_spacing IS NULL") == (0,)
    assert city.one("SELECT array_agg(DISTINCT reason) FROM quarantine") == (["unknown_unit"],)
    assert "history 3 of 3 days" in city.said[-1]


def test_a_stuck_sensor_is_flagged_and_good_ones_are_not(city):
    city.listen()
    receipt = city.run()
    city.settled(receipt.readings - receipt.refused - receipt.again)
    query = """SELECT array_agg(DISTINCT d.external_id ORDER BY d.external_id) FROM observation o
               JOIN datastream s ON s.id = o.datastream JOIN device d ON d.id = s.device WHERE o.flag > 2"""
    flagged = city.one(query)[0]
    assert "lcs-ringveien-midt" in flagged
    assert set(flagged) <= {"lcs-ringveien-midt", "lcs-barnehagen"}  # stuck, spiking


def test_a_second_start_fills_the_gap_without_a_hole_or_a_double(city):
    city.listen()
    first = city.run(now=NOW, faults=False)
    again = city.run(now=NOW + timedelta(hours=30), faults=False)
    stored, quarantined = city.settled(first.readings + again.readings)
    assert (stored, quarantined) == (first.readings + again.readings, 0)  # no key twice
    query = """SELECT max(gap - spacing) FROM (
                   SELECT o.time - lag(o.time) OVER (PARTITION BY o.datastream ORDER BY o.time) AS gap,
                          s.expected_spacing AS spacing, s.property
                   FROM observation o JOIN datastream s ON s.id = o.datastream) g
               WHERE property <> 'vehicle_speed_mean'"""
    assert city.one(query) == (timedelta(0),)
    query = """SELECT count(*) FILTER (WHERE step < 0) FROM (
                   SELECT o.value - lag(o.value) OVER (PARTITION BY o.datastream ORDER BY o.time) AS step
                   FROM observation o JOIN datastream s ON s.id = o.datastream
                   WHERE s.property IN ('active_energy_import', 'heat_energy')) g"""
    assert city.one(query) == (0,)


def test_live_values_follow_history_until_the_end_that_was_asked_for(city):
    city.listen()
    begun = datetime.now(UTC)
    end = begun + timedelta(seconds=8)
    options = Options(days=0.2, faults=False, until=end)
    receipt = run(city.broker.url, city.home, options, threading.Event(), city.said.append)
    assert datetime.now(UTC) - end >= timedelta(seconds=-1)  # whole seconds
    stored, _ = city.settled(receipt.readings)
    assert stored == receipt.readings
    live = city.one(f"SELECT count(*) FROM observation WHERE time > '{begun.isoformat()}'")
    assert live[0] > 0
    assert files.load(files.state_file(city.home)).published == int(end.timestamp())


def test_a_run_that_is_stopped_goes_on_where_it_was(city):
    city.listen()
    stop = threading.Event()

    def say(text):
        if text.startswith("history 1 of"):
            stop.set()

    options = Options(days=3, live=False, faults=False)
    first = run(city.broker.url, city.home, options, stop, say, lambda: NOW)
    kept = files.load(files.state_file(city.home))
    assert kept.published == int(NOW.timestamp()) - 2 * 86_400
    rest = city.run(faults=False)
    stored, _ = city.settled(first.readings + rest.readings)
    assert stored == first.readings + rest.readings
    whole = city.one(
        "SELECT count(*) FROM observation o JOIN datastream s ON s.id = o.datastream WHERE property = 'pm10'"
    )
    hourly, quarterly = 5 * 72, 5 * 288
    assert whole[0] == pytest.approx(hourly + quarterly, abs=10)


def test_the_same_again_after_a_crash_before_the_state_was_written_changes_nothing(city):
    city.listen()
    first = city.run(days=1, faults=False)
    path = files.state_file(city.home)
    state = files.load(path)
    files.save(path, msgspec.structs.replace(state, published=state.published - 86_400))
    city.run(days=1, faults=False)
    stored, quarantined = city.settled(first.readings)
    assert (stored, quarantined) == (first.readings, 0)
    assert city.one("SELECT count(*) FROM observation_revision") == (0,)


def test_a_broker_that_restarts_in_the_middle_loses_nothing(city):
    city.listen()
    begun, receipts = threading.Event(), []

    def say(text):
        if text.startswith("history 1 of"):
            begun.set()

    def speak():
        options = Options(days=6, live=False, faults=False)
        receipts.append(run(city.broker.url, city.home, options, threading.Event(), say, lambda: NOW))

    speaker = threading.Thread(target=speak)
    speaker.start()
    assert begun.wait(120)
    city.broker.stop()
    published = files.load(files.state_file(city.home)).published
    assert published < NOW.timestamp(), "it was over before the broker stopped"
    city.broker.start()
    speaker.join(180)
    stored, quarantined = city.settled(receipts[0].readings)
    assert (stored, quarantined) == (receipts[0].readings, 0)


def test_history_waits_until_somebody_listens(city):
    with pytest.raises(BrokerError, match="nobody listens at the broker"):
        city.run(patience_seconds=1.0)
    assert not files.state_file(city.home).exists()
    later = threading.Timer(1.0, city.listen)
    later.start()
    receipt = city.run(days=0.5, faults=False)
    later.join()
    stored, _ = city.settled(receipt.readings)
    assert stored == receipt.readings
    assert "waiting for ingest to listen …" in city.said


def test_a_clock_that_was_set_back_is_told_and_nothing_is_said_twice(city):
    city.listen()
    city.run(days=0.1)
    again = city.run(now=NOW - timedelta(days=1))
    assert again.messages == 0
    assert "the town has spoken until 2026-11-22T06:00:00+00:00, which the clock has not reached" in city.said[-1]


def test_two_simulators_of_one_home_are_one_too_many(city):
    with (
        files.alone(files.state_file(city.home)),
        pytest.raises(SettingsError, match="another simulator uses"),
    ):
        city.run()


def test_no_broker_is_one_clear_line(city):
    city.broker.stop()
    with pytest.raises(BrokerError, match=r"does not answer .*: is it running, is BYPULS_BROKER_URL right\?"):
        run("mqtt://127.0.0.1:1", city.home, Options(), threading.Event(), city.said.append)
