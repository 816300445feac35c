"""When an entity was observed: intervals, zones that nobody knows, values in typed wrappers."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.ngsi_times import ARRIVAL, When, contains, entity_time, plain, written_time

ARRIVED = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)
NINE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_a_zoned_interval_wins_over_a_time_without_zone():
    entity = {
        "dateObserved": "2026-01-05T09:00:00",
        "dateObservedFrom": {"type": "DateTime", "value": "2026-01-05T09:00:00Z"},
        "dateObservedTo": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-01-05T09:15:00Z"}},
    }
    assert entity_time(entity, (), None, ARRIVED, alone=True) == When(NINE, 900.0)


def test_a_zoned_time_wins_over_an_interval_without_zone():
    entity = {"dateObservedFrom": "2026-01-05T09:00:00", "dateObserved": "2026-01-05T09:00:00Z"}
    assert entity_time(entity, (), None, ARRIVED, alone=True) == When(NINE)


def test_a_model_may_name_its_own_time():
    entity = {"dateObserved": "2020-01-01T00:00:00Z", "dateLastValueReported": "2026-01-05T09:00:00Z"}
    assert entity_time(entity, ("dateLastValueReported",), None, ARRIVED, alone=True).time == NINE


def test_an_interval_whose_end_is_unreadable_is_an_instant():
    assert written_time("2026-01-05T09:00:00Z/later", None, ARRIVED, "t") == When(NINE)
    assert written_time("2026-01-05T09:00:00Z/2026-01-05T09:00:00Z", None, ARRIVED, "t") == When(NINE)


def test_a_time_without_zone_means_the_arrival_where_it_can_only_be_that():
    assert written_time("2026-01-05T11:00:00", None, ARRIVED, "t") is ARRIVAL
    assert written_time("2026-01-05T11:00:00", "Europe/Oslo", ARRIVED, "t").time == NINE + timedelta(hours=1)


@pytest.mark.parametrize(("text", "alone"), [("2026-01-05T11:00:00", False), ("2025-06-05T11:00:00", True)])
def test_otherwise_it_is_not_known(text, alone):
    when = written_time(text, None, ARRIVED, "t", alone=alone)
    assert when.time is None
    assert when.refused.code == "time_without_zone"


@pytest.mark.parametrize("value", [[], {}, True, "noon", "/", "2026-13-01T00:00:00Z", 1e300])
def test_what_is_no_time_is_told(value):
    assert written_time(value, None, ARRIVED, "t").refused.code in {"time_unreadable", "time_without_zone"}


def test_an_instant_within_the_interval_is_of_the_interval():
    interval = When(NINE, 900.0)
    assert contains(interval, When(NINE + timedelta(minutes=15)))
    assert not contains(interval, When(NINE + timedelta(minutes=16)))
    assert not contains(When(NINE), When(NINE))


def test_wrappers_within_wrappers_end_somewhere():
    assert plain({"value": {"@value": {"value": {"value": 1}}}}) == {"value": 1}
    assert plain({"type": "Relationship", "object": "urn:x"}) == "urn:x"
    assert plain({"L1": 1}) == {"L1": 1}
