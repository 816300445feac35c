"""A pretended service, the poller, the outbox, a real broker, ingest, the database: nothing lost, nothing double."""

from __future__ import annotations

import contextlib
import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.city import City, DeviceEntry, SiteEntry
from bypuls.cli import app
from bypuls.clock import utc_now
from bypuls.errors import NotFound
from bypuls.settings import IngestSettings
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from ingest.bridges import progress
from ingest.bridges.configuration import BridgeFile, add_bridge
from ingest.bridges.definition import Definitions
from ingest.bridges.poller import Poller
from ingest.compose import build
from tests.pretended_service import pretended_service

pytestmark = pytest.mark.lane("plain")

DEFINITIONS = Definitions.load()
GOLDEN = Path(__file__).parents[1] / "golden" / "bridges"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = utc_now().replace(minute=30, second=0, microsecond=0) + HOUR


def local(time):
    return (time.astimezone(UTC) + HOUR).replace(tzinfo=None).isoformat(timespec="seconds") + "+01:00"


class Air:
    """What the pretended NILU knows: (station, component, hour) -> (value, checked)."""

    def __init__(self, web):
        self.values, self.web = {}, web
        web.answer = self._answer
        self.broken = None

    def measure(self, station, component, hour, value, *, checked=False):
        self.values[station, component, hour] = (value, checked)

    def _answer(self, request):
        if self.broken is not None:
            return self.broken
        _, _, _, start, end, station = request.path.split("/")
        start, end = (datetime.fromisoformat(f"{text}+01:00") for text in (start, end))
        series = {}
        for (where, component, hour), (value, checked) in sorted(self.values.items()):
            if where == station and start <= hour < end:
                row = {
                    "fromTime": local(hour),
                    "toTime": local(hour + HOUR),
                    "value": value,
                    "qualityControlled": checked,
                }
                series.setdefault(component, []).append(row)
        rows = [
            {"station": station, "component": component, "unit": "µg/m³", "timestep": 3600, "values": values}
            for component, values in series.items()
        ]
        return 200, {}, rows


class Bridges:
    """A city with a bridge on a database of its own."""

    def __init__(self, url, web, city):
        self.url, self.city, self.web, self.now = url, city, web, NOW
        self.air = Air(web)
        with connect(url, "owner", autocommit=True) as connection:
            add_city(
                connection,
                City(
                    city=city, name={"en": "Storvik"}, time_zone="Europe/Oslo",
                    sites=[SiteEntry(slug="torvet", name="Torvet", kind="traffic")],
                    devices=[DeviceEntry(id="torvet", site="torvet"), DeviceEntry(id="elgeseter", site="torvet")],
                ),
                "test",
            )  # fmt: skip
        self.set_up()

    def set_up(self, **changes):
        fields = {
            "name": f"{self.city}-air", "bridge": "nilu", "city": self.city, "base": self.web.base,
            "contact": "env@storvik.example", "since": (NOW - 3 * DAY).date(),
            "stations": {"Torvet": "torvet", "Elgeseter": "elgeseter"},
        }  # fmt: skip
        self.bridge = BridgeFile(**(fields | changes))
        with connect(self.url, "owner", autocommit=True) as connection:
            add_bridge(connection, self.bridge, "test")
            # They were set up on the database's clock; by ours that is long ago, whenever this runs.
            connection.execute("UPDATE bridge_station SET next_run = least(next_run, %s)", (self.now,))

    def round(self, *, everything=True, **options):
        poller = Poller(lambda: connect(self.url, "writer", autocommit=True), DEFINITIONS, lambda: self.now, **options)
        poller._pace = Unhurried()
        try:
            return poller.round(threading.Event(), everything=everything)
        finally:
            poller.close()

    def rows(self, query, *parameters):
        with connect(self.url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def station(self, station="Torvet"):
        columns = "complete_to, newest, next_run, last_error, failures, published, corrected"
        (row,) = self.rows(f"SELECT {columns} FROM bridge_station WHERE station = %s", station)
        return dict(zip(columns.split(", "), row, strict=True))

    def outbox(self):
        return self.rows("SELECT source, topic, convert_from(payload, 'UTF8') FROM outbox ORDER BY id")


class Unhurried(dict):
    """Nobody waits between requests in a test."""

    def __setitem__(self, key, value):
        pass


@pytest.fixture
def bridges(migrated_url, unique):
    with pretended_service() as web:
        yield Bridges(migrated_url, web, unique)


def hours(count):
    return [NOW.replace(minute=0) - n * HOUR for n in range(count, 0, -1)]


def test_what_is_new_goes_out_once(bridges):
    for n, hour in enumerate(hours(5)):
        bridges.air.measure("Torvet", "NO2", hour, 20.0 + n)
    done = bridges.round()
    assert (done.asked, done.failed, done.published.values) == (2, [], 5)
    assert bridges.station()["newest"] == hours(1)[0] + HOUR
    assert [(source, topic) for source, topic, _ in bridges.outbox()] == [
        ("live", f"bypuls/v1/{bridges.city}/torvet/observations")
    ]
    assert bridges.round().published.values == 0
    assert len(bridges.outbox()) == 1


def test_a_late_correction_goes_out_and_nothing_else(bridges):
    for hour in hours(5):
        bridges.air.measure("Torvet", "NO2", hour, 20.0)
    bridges.round()
    bridges.air.measure("Torvet", "NO2", hours(5)[2], 31.5, checked=True)
    done = bridges.round()
    assert (done.published.values, done.published.corrected) == (1, 1)
    assert '"v":31.5' in bridges.outbox()[-1][2]
    assert bridges.station()["corrected"] == 1


def test_a_whole_year_comes_in_bounded_questions_and_the_old_part_as_history(bridges):
    bridges.set_up(since=(NOW - 365 * DAY).date(), stations={"Torvet": "torvet"})
    start = NOW.replace(minute=0) - 364 * DAY
    for n in range(364 * 4):
        bridges.air.measure("Torvet", "PM10", start + n * 6 * HOUR, float(n))
    done = bridges.round()
    assert done.published.values == 364 * 4
    assert 12 <= len(bridges.web.requests) <= 13
    assert {source for source, _, _ in bridges.outbox()} == {"live", "history"}
    assert bridges.rows("SELECT count(*) FROM bridge_value")[0][0] <= 8 * 4
    assert bridges.station()["complete_to"] == bridges.now - DEFINITIONS["nilu"].look_back


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {}, b"oops"), "fails with status 500: oops"),
        ((200, {}, b"<html>"), "something else than JSON"),
        ((200, {}, {"message": "moved"}), "a list is meant"),
        (
            (200, {}, [{"station": "Torvet", "component": "NO2", "unit": "x", "values": [{"value": 1}]}]),
            "no 'fromTime'",
        ),
    ],
    ids=["5xx", "no json", "another document", "changed shape"],
)
def test_an_answer_that_cannot_be_read_moves_nothing_and_is_said_in_one_line(bridges, answer, said):
    bridges.air.measure("Torvet", "NO2", hours(2)[0], 20.0)
    bridges.round()
    before = bridges.station()
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 21.0)
    bridges.air.broken = answer
    done = bridges.round()
    assert [line for line in done.failed if said in line and "\n" not in line] == done.failed
    after = bridges.station()
    assert said in after["last_error"]
    assert (after["complete_to"], after["newest"]) == (before["complete_to"], before["newest"])
    assert bridges.now < after["next_run"] <= bridges.now + timedelta(minutes=2)
    bridges.air.broken = None
    assert bridges.round().published.values == 1
    assert bridges.station()["last_error"] is None


def test_a_service_that_wants_to_be_left_alone_is_not_asked_for_its_other_stations(bridges):
    bridges.air.broken = (429, {"Retry-After": "900"}, {"message": "slow down"})
    assert bridges.round().asked == 1
    assert len(bridges.web.requests) == 1
    for station in ("Torvet", "Elgeseter"):
        assert bridges.station(station)["next_run"] == bridges.now + timedelta(minutes=15)
    bridges.now += timedelta(minutes=14)
    assert bridges.round(everything=False).asked == 0


def test_stations_are_asked_when_they_are_due(bridges):
    bridges.round()
    asked = len(bridges.web.requests)
    assert bridges.round(everything=False).asked == 0
    bridges.now += HOUR
    assert bridges.round(everything=False).asked == 2
    assert len(bridges.web.requests) == asked + 2


def test_what_a_silent_station_delivers_later_is_still_asked_for(bridges):
    first = hours(1)[0]
    bridges.air.measure("Torvet", "NO2", first, 20.0)
    bridges.round()
    bridges.now += 20 * DAY
    bridges.round()
    bridges.air.measure("Torvet", "NO2", first + HOUR, 22.0)
    assert bridges.round().published.values == 1


def test_asking_again_since_a_day_publishes_it_all_again(bridges):
    bridges.air.measure("Torvet", "NO2", NOW - 2 * DAY, 20.0)
    bridges.round()
    bridges.now += 30 * DAY
    bridges.air.measure("Torvet", "NO2", NOW + 29 * DAY, 21.0)
    bridges.round()
    bridges.air.measure("Torvet", "NO2", NOW - 2 * DAY, 25.0, checked=True)
    assert bridges.round().published.values == 0
    assert bridges.round(since=NOW - 3 * DAY).published.values >= 1
    assert '"v":25.0' in "".join(payload for _, _, payload in bridges.outbox())


def test_while_nobody_publishes_nothing_piles_up(bridges):
    with connect(bridges.url, "writer", autocommit=True) as connection:
        connection.execute(
            "INSERT INTO outbox (source, topic, payload) SELECT 'x', 'y', '' FROM generate_series(1, 20000)"
        )
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 20.0)
    assert "is ingest running" in bridges.round().failed[0]
    assert bridges.web.requests == []


def test_another_process_that_asks_already_is_left_to_it(bridges):
    with connect(bridges.url, "writer", autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('bypuls bridge'), hashtext(%s))", (bridges.bridge.name,))
        assert bridges.round().asked == 0
    assert bridges.round().asked == 2


def test_a_crash_between_the_messages_and_the_note_of_them_leaves_neither(bridges, monkeypatch):
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 20.0)
    before = bridges.station()
    broken = progress._SQL | {"progress": "SELECT 1 / 0 WHERE %(bridge)s = %(bridge)s"}
    with monkeypatch.context() as patched:
        patched.setattr(progress, "_SQL", broken)
        assert "division by zero" in bridges.round().failed[-1]
    assert bridges.outbox() == []
    assert bridges.rows("SELECT count(*) FROM bridge_value") == [(0,)]
    assert bridges.station()["complete_to"] == before["complete_to"]
    assert bridges.round().published.values == 1


def test_a_station_that_becomes_another_device_begins_anew(bridges):
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 20.0)
    bridges.round()
    bridges.set_up(stations={"Torvet": "elgeseter"})
    assert bridges.round().published.values == 1
    assert bridges.outbox()[-1][1] == f"bypuls/v1/{bridges.city}/elgeseter/observations"
    assert bridges.rows("SELECT station FROM bridge_station") == [("Torvet",)]


def test_setting_up_leaves_an_audit_row_and_needs_the_city(bridges):
    assert bridges.rows("SELECT what, target, city FROM audit_log WHERE what LIKE 'bridge%%'") == [
        ("bridge.add", bridges.bridge.name, bridges.city)
    ]
    with pytest.raises(NotFound, match="no city 'atlantis'"):
        bridges.set_up(city="atlantis")
    with pytest.raises(NotFound, match="no bridge mine; there are"):
        bridges.round(names=["mine"])


def test_one_bridge_that_lacks_its_secret_stops_no_other(bridges):
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 20.0)
    bridges.set_up(name="a-weather", bridge="frost", stations={"SN1": "torvet"}, secret_variable="BYPULS_SECRET_NONE")
    done = bridges.round()
    assert ["BYPULS_SECRET_NONE, which is not set" in line for line in done.failed] == [True]
    assert done.published.values == 1


@pytest.mark.broker
def test_from_the_service_to_the_observation(bridges, mosquitto):
    for n, hour in enumerate(hours(3)):
        bridges.air.measure("Torvet", "NO2", hour, 20.0 + n)
        bridges.air.measure("Torvet", "PM2.5", hour, 5.0 + n)
    with ingesting(bridges, mosquitto):
        bridges.round()
        stored = "SELECT property, time, value FROM observation JOIN datastream ON id = datastream ORDER BY 1, 2"
        expected = [("no2", hour, 20.0 + n) for n, hour in enumerate(hours(3))]
        expected += [("pm25", hour, 5.0 + n) for n, hour in enumerate(hours(3))]
        soon(lambda: bridges.rows(stored) == expected)
        bridges.air.measure("Torvet", "NO2", hours(3)[1], 99.0, checked=True)
        bridges.round()
        soon(lambda: ("no2", hours(3)[1], 99.0) in bridges.rows(stored))
        assert bridges.rows("SELECT value FROM observation_revision") == [(21.0,)]
        assert bridges.rows("SELECT DISTINCT interval FROM datastream") == [(HOUR,)]
        soon(lambda: bridges.outbox() == [])
    assert bridges.rows("SELECT reason FROM quarantine") == []


def case(bridge, name):
    return json.loads((GOLDEN / bridge / name / "answer.json").read_text())


@pytest.mark.broker
def test_directions_lanes_and_intervals_arrive_as_what_they_are(bridges, mosquitto, monkeypatch):
    monkeypatch.setenv("BYPULS_SECRET_FROST", "0000")
    answers = {"/": case("trafikkdata", "per_direction"), "/observations/v0.jsonld": case("frost", "an_hour")}
    bridges.web.answer = lambda request: (200, {}, answers[request.path])
    bridges.set_up(name=f"{bridges.city}-air", enabled=False)
    bridges.set_up(name="roads", bridge="trafikkdata", stations={"44656V72812": "e6"})
    bridges.set_up(name="weather", bridge="frost", stations={"SN1": "voll"}, secret_variable="BYPULS_SECRET_FROST")
    with ingesting(bridges, mosquitto):
        assert bridges.round().failed == []
        stored = (
            """SELECT property, channel, interval, time, value FROM observation JOIN datastream ON id = datastream"""
        )
        soon(lambda: len(bridges.rows(stored)) == 8 + 5)
    found = {(name, channel): (interval, time, value) for name, channel, interval, time, value in bridges.rows(stored)}
    seven, nine = (datetime(2026, 1, 15, hour, tzinfo=UTC) for hour in (6, 9))
    assert found["vehicle_count", "oslo-s"] == (HOUR, seven, 400)
    assert found["heavy_vehicle_count", "aalesund"] == (HOUR, seven, 20)
    assert found["uptime_ratio", "aalesund"] == (HOUR, seven, pytest.approx(99.8))
    assert found["air_temperature", ""] == (None, nine, -7.4)
    assert found["precipitation", ""] == (HOUR, nine - HOUR, pytest.approx(0.6))
    assert bridges.rows("SELECT reason FROM quarantine") == []


@contextlib.contextmanager
def ingesting(bridges, mosquitto):
    settings, stop = IngestSettings(instance=bridges.city), threading.Event()
    ingest = build(lambda: connect(bridges.url, "writer", autocommit=True), mosquitto.url, settings, utc_now)
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    try:
        yield ingest
    finally:
        stop.set()
        thread.join(60)


def soon(condition, seconds=60):
    deadline = threading.Event()
    for _ in range(int(seconds * 20)):
        if condition():
            return
        deadline.wait(0.05)
    pytest.fail("it did not happen in time")


def test_a_person_sets_a_bridge_up_tries_it_and_sees_how_far_it_is(bridges, monkeypatch, tmp_path):
    monkeypatch.setenv("BYPULS_DATABASE_URL", bridges.url)
    bridges.air.measure("Torvet", "NO2", hours(1)[0], 20.0)
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"name: mine\nbridge: nilu\ncity: {bridges.city}\ncontact: env@storvik.example\n"
        f"since: {date(2026, 1, 1)}\nstations: {{Torvet: torvet}}\nbase: {bridges.web.base}\n"
    )
    run = CliRunner().invoke
    assert "bridge mine: nilu" in run(app, ["bridge", "add", str(file)]).output
    tried = run(app, ["bridge", "check", "mine"]).output
    assert "no2: 1, newest 20 µg/m³" in tried
    assert "nothing was published" in tried
    assert bridges.outbox() == []
    assert "1 values published" in run(app, ["bridge", "run", "mine", "--once"]).output
    listed = run(app, ["bridge", "list"]).output
    assert "(not tried live)" in listed
    assert "ok, 1 values published" in listed
    bridges.air.broken = (500, {}, b"oops")
    failed = run(app, ["bridge", "run", "mine", "--once"])
    assert failed.exit_code == 1
    assert "failed 1 times: 127.0.0.1 fails with status 500" in run(app, ["bridge", "list"]).output
