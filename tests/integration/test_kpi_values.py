import itertools
from datetime import timedelta
from threading import Event, Thread

import pytest

from bypuls.settings import ProcessSettings, load
from bypuls.storage.database import connect
from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.rollup import Rollups
from processors.worker import drain, run
from tests.integration.processing import Town, at, hours, utc

DAY = utc(2026, 3, 2, 23)  # an air day and a civil day of Oslo's winter
LATER = utc(2026, 3, 10, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def pm10(town):
    return town.datastream(town.site("elgeseter"), "pm10")


def process(town, catalogue, now=LATER):
    return drain(town.connection, at(now), load(ProcessSettings), catalogue)


def test_a_day_mean_is_stored_with_its_evidence(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 12 + [20.0] * 8))
    town.store(pm10, hours(DAY + timedelta(hours=20), [500.0]), flag=4)
    process(town, catalogue)
    value = town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")
    assert value["value"] == pytest.approx((12 * 10 + 8 * 20) / 20)
    assert (value["status"], value["quality"], value["reason"], value["unit"]) == ("final", "ok", None, "ug/m3")
    assert value["coverage"] == pytest.approx(20 / 24)
    assert value["ends"] == DAY + timedelta(days=1)
    assert value["final_at"] == DAY + timedelta(days=1, hours=6)
    evidence = value["evidence"]
    assert evidence["inputs_hash"].startswith("sha256:")
    assert evidence["inputs"].startswith("/v1/kpis/air.pm10.mean/inputs?")
    assert {
        key: evidence[key] for key in ("sites", "datastreams", "hours", "left_out", "class", "origin", "window")
    } == {
        "sites": 1,
        "datastreams": 1,
        "hours": {"expected": 24, "valid": 20},
        "left_out": {"suspect": 0, "fail": 1},
        "class": ["reference"],
        "origin": ["measured"],
        "window": ["2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z"],
    }
    assert evidence["version"] == catalogue.definitions["air.pm10.mean"].version


def test_a_day_with_too_few_hours_is_stored_as_insufficient(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 17))
    process(town, catalogue)
    value = town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")
    assert (value["value"], value["quality"], value["reason"]) == (10.0, "insufficient", "low_coverage")
    city = town.value("air.pm10.mean", "P1D", DAY, kind="city")
    assert (city["value"], city["quality"]) == (10.0, "insufficient")


def test_an_hour_needs_three_quarters_of_its_values(town, catalogue):
    site = town.site("torvet")
    stream = town.datastream(site, "pm10", interval=None, expected_spacing="10 minutes")
    town.store(stream, [(DAY + 10 * step * MINUTE, 10.0) for step in (0, 1, 2, 3)])  # 4 of 6
    town.store(stream, [(DAY + (60 + 10 * step) * MINUTE, 10.0) for step in (0, 1, 2, 3, 4)])  # 5 of 6
    process(town, catalogue)
    few = town.value("air.pm10.mean", "PT1H", DAY, scope=site)
    enough = town.value("air.pm10.mean", "PT1H", DAY + timedelta(hours=1), scope=site)
    assert (few["value"], few["quality"], few["coverage"]) == (10.0, "insufficient", pytest.approx(4 / 6))
    assert (enough["quality"], enough["coverage"]) == ("ok", pytest.approx(5 / 6))


def test_a_value_is_provisional_then_final_then_revised_and_its_history_is_kept(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 20))
    process(town, catalogue, DAY + timedelta(hours=25))
    assert town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")["status"] == "provisional"
    process(town, catalogue, DAY + timedelta(hours=31))  # the schedule makes it final
    value = town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")
    assert (value["status"], value["value"]) == ("final", 10.0)
    assert town.value("air.pm10.mean", "P1D", DAY, kind="city")["status"] == "final"
    town.store(pm10, hours(DAY + timedelta(hours=20), [40.0] * 4))
    process(town, catalogue, DAY + timedelta(hours=40))
    value = town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")
    assert (value["status"], value["value"]) == ("revised", 15.0)
    said = town.all(
        """SELECT status, value FROM kpi_value_history
           WHERE kpi = 'air.pm10.mean' AND period = 'P1D' AND scope_kind = 'site' ORDER BY superseded_at"""
    )
    assert said == [("provisional", 10.0), ("final", 10.0)]


def test_nothing_is_written_when_nothing_changes_and_every_change_gets_a_new_place_in_the_stream(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 20))
    process(town, catalogue)
    before = town.all("SELECT kpi, scope_kind, period, start, xact::text, seq FROM kpi_value ORDER BY seq")
    town.store(pm10, hours(DAY, [10.0]))  # marked again, same number
    process(town, catalogue)
    assert town.all("SELECT kpi, scope_kind, period, start, xact::text, seq FROM kpi_value ORDER BY seq") == before
    town.store(pm10, hours(DAY, [34.0]))
    process(town, catalogue)
    newest = town.one("SELECT max(seq) FROM kpi_value")
    assert newest > before[-1][-1]
    mean = "kpi = 'air.pm10.mean' AND scope_kind = 'site' AND period = 'P1D'"
    assert town.one(f"SELECT seq FROM kpi_value WHERE {mean}") > before[-1][-1]
    assert town.one(f"SELECT xact::text::bigint FROM kpi_value WHERE {mean}") > int(before[-1][-2])


def test_districts_and_the_city_are_made_of_their_sites(town, catalogue):
    town.area("sentrum")
    town.area("midtbyen", parent="sentrum")
    one, two = town.site("torvet", area="midtbyen"), town.site("elgeseter", area="sentrum")
    far = town.site("tiller")
    for site, level in ((one, 10.0), (two, 60.0), (far, 40.0)):
        town.store(town.datastream(site, "pm10"), hours(DAY, [level] * 24))
    process(town, catalogue)
    mean, days = "air.pm10.mean", "air.pm10.exceedance_days.eu2008"
    assert town.value(mean, "P1D", DAY, kind="district", scope="midtbyen")["value"] == 10.0
    assert town.value(mean, "P1D", DAY, kind="district", scope="sentrum")["value"] == 35.0
    city = town.value(mean, "P1D", DAY, kind="city")
    assert city["value"] == pytest.approx(110 / 3)
    assert city["evidence"]["hours"] == {"expected": 72, "valid": 72}
    assert (city["evidence"]["sites"], city["evidence"]["datastreams"]) == (3, 3)
    worst = town.value(days, "P1D", DAY, kind="city")
    assert (worst["value"], worst["detail"]["site"]) == (1.0, "elgeseter")
    assert town.value(days, "P1D", DAY, kind="district", scope="midtbyen")["value"] == 0.0


def test_a_citys_value_takes_the_stored_values_of_sites_that_did_not_change(town, catalogue):
    one, two = town.site("a"), town.site("b")
    first, second = town.datastream(one, "pm10"), town.datastream(two, "pm10")
    town.store(first, hours(DAY, [10.0] * 24))
    town.store(second, hours(DAY, [20.0] * 24))
    process(town, catalogue)
    town.store(second, hours(DAY, [20.0 + 24.0]))
    process(town, catalogue)
    assert town.value("air.pm10.mean", "P1D", DAY, kind="city")["value"] == pytest.approx((10 + 21) / 2)


def test_a_law_is_judged_by_measured_reference_instruments_only(town, catalogue):
    reference, sensor = town.site("reference"), town.site("sensor")
    simulated = town.site("simulated")
    town.store(town.datastream(reference, "pm10"), hours(DAY, [30.0] * 24))
    town.store(town.datastream(sensor, "pm10", **{"class": "indicative"}), hours(DAY, [80.0] * 24))
    town.store(town.datastream(simulated, "pm10", origin="simulated"), hours(DAY, [90.0] * 24))
    process(town, catalogue)
    kpi = "air.pm10.exceedance_days.eu2030"
    beside = town.value(kpi, "P1D", DAY, scope="sensor")
    assert (beside["value"], beside["band"], beside["evidence"]["indicative"]) == (1.0, None, True)
    shown = town.value(kpi, "P1D", DAY, scope="simulated")
    assert (shown["evidence"]["indicative"], shown["evidence"]["origin"]) == (True, ["simulated"])
    city = town.value(kpi, "P1D", DAY, kind="city")
    assert (city["value"], city["evidence"]["class"], city["evidence"]["sites"]) == (0.0, ["reference"], 1)
    assert "indicative" not in city["evidence"]
    assert "standard_status" not in city["evidence"]
    national = town.value("air.pm10.exceedance_days.national", "P1D", DAY, scope="reference")
    assert national["evidence"]["standard_status"] == "unverified"
    assert national["evidence"]["edition"] == "from_2022_07_01"


def test_the_best_class_at_a_site_counts_and_duplicates_of_it_are_averaged(town, catalogue):
    site = town.site("elgeseter")
    for level, kind in ((10.0, "reference"), (14.0, "reference"), (90.0, "indicative")):
        town.store(town.datastream(site, "pm10", **{"class": kind}), hours(DAY, [level] * 24))
    process(town, catalogue)
    value = town.value("air.pm10.mean", "P1D", DAY, scope=site)
    assert (value["value"], value["evidence"]["datastreams"], value["evidence"]["class"]) == (12.0, 2, ["reference"])


def test_lanes_are_added_and_a_missing_lane_makes_the_hour_insufficient(town, catalogue):
    site = town.site("gate", kind="road")
    left = town.datastream(site, "vehicle_count", channel="1")
    right = town.datastream(site, "vehicle_count", channel="2")
    town.store(left, hours(DAY, [100.0, 100.0]))
    town.store(right, hours(DAY, [50.0]))
    process(town, catalogue)
    both = town.value("traffic.volume", "PT1H", DAY, scope=site)
    alone = town.value("traffic.volume", "PT1H", DAY + timedelta(hours=1), scope=site)
    assert (both["value"], both["quality"]) == (150.0, "ok")
    assert (alone["value"], alone["quality"], alone["coverage"]) == (100.0, "insufficient", 0.5)


def test_a_city_sum_without_one_of_its_counters_is_insufficient(town, catalogue):
    one, two = town.site("a", kind="road"), town.site("b", kind="road")
    first, second = town.datastream(one, "vehicle_count"), town.datastream(two, "vehicle_count")
    town.store(first, hours(DAY, [10.0, 10.0]))
    town.store(second, hours(DAY, [5.0]))
    process(town, catalogue)
    complete = town.value("traffic.volume", "PT1H", DAY, kind="city")
    partial = town.value("traffic.volume", "PT1H", DAY + timedelta(hours=1), kind="city")
    assert (complete["value"], complete["quality"]) == (15.0, "ok")
    assert (partial["value"], partial["quality"], partial["evidence"]["sites_expected"]) == (10.0, "insufficient", 2)


def test_two_cities_do_not_see_each_other(town, catalogue):
    other = Town(town.url, "bergen")
    try:
        town.store(town.datastream(town.site("same"), "pm10"), hours(DAY, [10.0] * 24))
        town.store(other.datastream(other.site("same"), "pm10"), hours(DAY, [50.0] * 24))
        process(town, catalogue)
        assert town.value("air.pm10.mean", "P1D", DAY, kind="city")["value"] == 10.0
        assert other.value("air.pm10.mean", "P1D", DAY, kind="city")["value"] == 50.0
    finally:
        other.connection.close()


def test_a_months_so_far_is_judged_by_the_hours_that_are_over(town, pm10, catalogue):
    month = utc(2026, 2, 28, 23)
    town.store(pm10, hours(month, [10.0] * 48))
    process(town, catalogue, month + timedelta(hours=49))
    value = town.value("air.pm10.mean", "P1M", month, scope="elgeseter")
    assert (value["quality"], value["status"]) == ("ok", "provisional")
    assert value["evidence"]["hours"] == {"expected": 744, "elapsed": 49, "valid": 48}
    process(town, catalogue, month + timedelta(days=40))  # nothing more came
    value = town.value("air.pm10.mean", "P1M", month, scope="elgeseter")
    assert (value["quality"], value["status"], value["reason"]) == ("insufficient", "final", "low_coverage")
    assert value["coverage"] == pytest.approx(48 / 744)


def test_silent_sensors_are_counted_when_an_hour_is_over(town, catalogue):
    site = town.site("elgeseter")
    speaking, silent = town.datastream(site, "pm10"), town.datastream(site, "pm25")
    now = utc(2026, 3, 3, 12, 5)
    town.store(speaking, hours(DAY, [1.0] * 13))
    town.store(silent, hours(DAY, [1.0] * 10))
    process(town, catalogue, now)
    value = town.value("sensors.silent", "PT1H", utc(2026, 3, 3, 11), scope=site)
    assert (value["value"], value["quality"], value["detail"]["asked"]) == (1.0, "ok", 2)
    assert value["detail"]["silent"][0]["property"] == "pm25"
    assert town.value("sensors.silent", "PT1H", utc(2026, 3, 3, 11), kind="city")["value"] == 1.0
    missing = town.value("air.pm25.mean", "PT1H", utc(2026, 3, 3, 11), scope=site)
    assert (missing["value"], missing["quality"], missing["reason"]) == (None, "undefined", "silent")


def test_a_replay_of_old_data_makes_no_silence_of_today(town, pm10, catalogue):
    town.store(pm10, hours(utc(2019, 5, 1), [10.0] * 24))
    process(town, catalogue)
    assert town.all("SELECT 1 FROM kpi_value WHERE start > '2021-01-01'") == []


def test_quarter_hours_give_a_peak_hour_factor(town, catalogue):
    site = town.site("gate", kind="road")
    stream = town.datastream(site, "vehicle_count", interval="15 minutes")
    quarters = [210.0, 260.0, 240.0, 190.0]  # the vectors' worked example: 900 / 1040 = 0.865
    start = DAY + timedelta(hours=8)
    town.store(stream, [(start + 15 * step * MINUTE, value) for step, value in enumerate(quarters)])
    town.store(stream, [(start + timedelta(hours=3, minutes=15 * step), 10.0) for step in range(4)])
    process(town, catalogue)
    value = town.value("traffic.peak_hour_factor", "P1D", DAY, scope=site)
    assert value["value"] == pytest.approx(0.865, abs=0.0006)
    assert (value["detail"]["hour"], value["detail"]["volume"]) == ("2026-03-03T07:00:00Z", 900.0)


def test_the_usual_spacing_is_learned_and_its_hours_are_judged_again(town, catalogue):
    site = town.site("sensor")
    stream = town.datastream(site, "pm10", interval=None, **{"class": "indicative"})
    town.store(stream, [(DAY + 5 * step * MINUTE, 10.0) for step in range(24) if step not in (13, 14, 15, 16, 17)])
    town.store(stream, [(DAY + timedelta(hours=2, minutes=5 * step), 10.0) for step in range(6)])
    process(town, catalogue)
    learned = town.one("SELECT expected_spacing, spacing_learned FROM datastream WHERE id = %s", (stream,))
    assert learned == (timedelta(minutes=5), True)
    assert town.all("SELECT DISTINCT expected FROM rollup_1h") == [(12,)]
    assert town.value("air.pm10.mean", "PT1H", DAY, scope=site)["quality"] == "ok"
    assert town.value("air.pm10.mean", "PT1H", DAY + timedelta(hours=1), scope=site)["quality"] == "insufficient"


def test_a_value_waits_until_its_hours_have_come_to_rest_but_no_longer_than_a_minute(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0]))
    Rollups(catalogue).batch(town.connection, 100, LATER)
    kpis = Kpis(catalogue)
    assert kpis.batch(town.connection, 1000, LATER + timedelta(seconds=1)) == 0
    # More hours of the day keep coming: the newest row is not due yet.
    town.connection.execute(
        """INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
           SELECT kpi, city, site, period, start, due_at + interval '20 seconds' FROM kpi_due WHERE period = 'P1D'"""
    )
    assert kpis.batch(town.connection, 1000, LATER + timedelta(seconds=20)) > 0
    assert {period for (period,) in town.all("SELECT DISTINCT period FROM kpi_due")} == {"P1D"}
    assert kpis.batch(town.connection, 1000, LATER + timedelta(seconds=63)) > 0
    assert town.one("SELECT count(*) FROM kpi_due") == 0


def test_what_comes_after_a_look_at_now_waits_for_the_next_one(town, pm10, catalogue):
    today = DAY + timedelta(days=40)
    now = today + timedelta(hours=3)
    town.store(pm10, hours(DAY, [10.0] * 2))
    town.store(pm10, hours(today, [20.0] * 3))
    rollups = Rollups(catalogue)
    assert rollups.batch(town.connection, 1000, now, recent=True) == 3
    town.store(pm10, hours(today + timedelta(hours=3), [30.0]))
    assert rollups.batch(town.connection, 1000, now, upto=rollups.newest) == 2
    assert town.one("SELECT count(*) FROM changed_bucket") == 1
    assert rollups.batch(town.connection, 1000, now, recent=True) == 1
    assert rollups.batch(town.connection, 1000, now, recent=True) == 0
    assert rollups.newest is None


def test_values_of_now_are_computed_first_and_the_rest_after_them(town, pm10, catalogue):
    today = DAY + timedelta(days=40)
    town.store(pm10, hours(DAY, [10.0] * 24))
    town.store(pm10, hours(today, [20.0] * 3))
    now = today + timedelta(hours=3)
    rollups, kpis = Rollups(catalogue), Kpis(catalogue)
    assert rollups.batch(town.connection, 1000, now, recent=True) == 3
    assert rollups.batch(town.connection, 1000, now, recent=True) == 0
    assert rollups.batch(town.connection, 1000, now) == 24
    assert kpis.batch(town.connection, 1000, now + timedelta(seconds=2), recent=True) > 0
    assert town.all("SELECT DISTINCT period, start FROM kpi_value WHERE kpi = 'air.pm10.mean' ORDER BY 1, 2") == [
        ("P1D", today),
        *[("PT1H", today + timedelta(hours=step)) for step in range(3)],
    ]
    assert kpis.batch(town.connection, 1000, now + timedelta(seconds=2), recent=True) == 0
    assert kpis.batch(town.connection, 1000, now + timedelta(seconds=60)) > 0
    assert town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")["value"] == 10
    assert town.one("SELECT count(*) FROM kpi_due") == 0


def test_values_due_while_a_batch_computes_are_computed_again(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 20))
    Rollups(catalogue).batch(town.connection, 100, LATER)

    class Interleaved(Kpis):
        def _write(self, *given):
            with connect(town.url, autocommit=True) as ingest:
                town.store(pm10, hours(DAY, [34.0]), connection=ingest)
                Rollups(catalogue).batch(ingest, 100, LATER)
            return super()._write(*given)

    Interleaved(catalogue).batch(town.connection, 1000, LATER, everything=True)
    process(town, catalogue)
    assert town.value("air.pm10.mean", "P1D", DAY, scope="elgeseter")["value"] == pytest.approx((19 * 10 + 34) / 20)


def test_definitions_are_carried_into_the_database_and_old_versions_stay(town, catalogue):
    town.connection.execute(
        "INSERT INTO kpi_definition (id, version, document) VALUES ('air.pm10.mean', 'sha256:old', '{}')"
    )
    process(town, catalogue)
    rows = town.all("SELECT version, current FROM kpi_definition WHERE id = 'air.pm10.mean' ORDER BY current")
    assert rows == [("sha256:old", False), (catalogue.definitions["air.pm10.mean"].version, True)]
    assert town.one("SELECT count(*) FROM kpi_definition WHERE current") == len(catalogue.definitions)


def test_the_worker_waits_for_a_database_that_went_away(town, pm10, catalogue):
    town.store(pm10, hours(DAY, [10.0] * 24))
    stop, attempts = Event(), itertools.count()

    def connecting():
        if next(attempts) == 0:
            return connect(
                town.url.replace("dbname=", "dbname=not_").replace(town.url.rsplit("/", 1)[-1], "no_such_database"),
                "writer",
            )
        return connect(town.url, "writer")

    settings = load(ProcessSettings).model_copy(update={"poll_seconds": 0.05})
    worker = Thread(target=run, args=(connecting, stop), kwargs={"settings": settings, "catalogue": catalogue})
    worker.start()
    try:
        for _ in range(600):
            if town.value("air.pm10.mean", "P1D", DAY, kind="city"):
                break
            # Every session of the worker is cut once it is at work.
            if next(attempts) == 3:
                town.connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bypuls writer'"
                )
            stop.wait(0.1)
    finally:
        stop.set()
        worker.join(timeout=60)
    assert town.value("air.pm10.mean", "P1D", DAY, kind="city")["value"] == 10.0
    assert not worker.is_alive()
