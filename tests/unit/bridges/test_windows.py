from datetime import UTC, datetime, timedelta

from ingest.bridges.definition import Definitions
from ingest.bridges.windows import Window, advanced, after_failure, next_run, windows

NOW = datetime(2026, 6, 15, 12, 7, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NILU = Definitions.load()["nilu"]


def test_a_long_past_is_asked_for_in_questions_of_a_bounded_span():
    found = list(windows(NOW - 3.5 * DAY, NOW, 2 * DAY))
    assert found == [Window(NOW - 3.5 * DAY, NOW - 1.5 * DAY), Window(NOW - 1.5 * DAY, NOW)]
    assert list(windows(NOW, NOW, DAY)) == []


def test_the_past_is_done_with_once_it_was_answered():
    asked_to = NOW - 100 * DAY
    assert advanced(NOW - 131 * DAY, asked_to, asked_to, NOW, NILU) == asked_to


def test_the_last_days_are_asked_for_again_because_values_still_change():
    assert advanced(NOW - 8 * DAY, NOW, NOW - HOUR, NOW, NILU) == NOW - NILU.look_back


def test_a_silent_station_is_waited_for_at_its_last_value():
    spoke = NOW - 20 * DAY
    assert advanced(spoke - DAY, NOW, spoke, NOW, NILU) == spoke


def test_but_not_for_ever():
    assert advanced(NOW - 400 * DAY, NOW, NOW - 399 * DAY, NOW, NILU) == NOW - NILU.silence


def test_a_station_that_never_spoke_is_not_asked_for_its_whole_past_again():
    assert advanced(NOW - 400 * DAY, NOW - 369 * DAY, None, NOW, NILU) == NOW - 369 * DAY


def test_what_is_complete_never_goes_back():
    assert advanced(NOW - DAY, NOW - 300 * DAY, None, NOW, NILU) == NOW - DAY


def test_stations_are_asked_in_the_same_interval_but_not_at_once():
    times = {next_run(f"bridge station-{n}", NOW, NILU) for n in range(50)}
    assert len(times) == 50
    assert all(NOW < time <= NOW + HOUR for time in times)
    assert max(times) - min(times) <= HOUR / 10
    assert {time.minute for time in times} <= set(range(20, 27))


def test_the_next_run_is_the_same_whenever_it_is_worked_out():
    first = next_run("a b", NOW, NILU)
    assert next_run("a b", first - timedelta(seconds=1), NILU) == first
    assert next_run("a b", first, NILU) == first + HOUR


def test_a_city_may_ask_more_often_where_the_service_allows_it():
    frost = Definitions.load()["frost"]
    assert next_run("a b", NOW, frost, timedelta(minutes=10)) < NOW + timedelta(minutes=10)


def test_pauses_double_and_are_bounded():
    pauses = [after_failure(failures, NOW, None) - NOW for failures in (1, 2, 3, 40)]
    assert pauses == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(hours=6)]


def test_a_service_that_wants_to_be_left_alone_is_for_a_day_at_most():
    assert after_failure(1, NOW, timedelta(minutes=10)) == NOW + timedelta(minutes=10)
    assert after_failure(1, NOW, timedelta(days=30)) == NOW + DAY
