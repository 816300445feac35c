"""Times as devices write them."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.errors import Refusal
from ingest.decoding import Context, Registered, Source
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.timestamps import device_time, read_time, shifted

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        1767614400,
        1767614400.0,
        1767614400000,
        1767614400000000,
        1767614400000000000,
        "1767614400",
        "1767614400.0",
        " 1767614400000 ",
        "2026-01-05T12:00:00Z",
        "2026-01-05T12:00:00.000000000Z",
        "2026-01-05 12:00:00+00:00",
        "2026-01-05T13:00:00+01:00",
        "20260105T120000Z",
        "2026-W02-1T12:00:00Z",
    ],
)
def test_one_instant_in_many_spellings(value):
    assert read_time(value) == NOON


def test_parts_of_a_second_are_kept():
    assert read_time(1767614400123) == NOON.replace(microsecond=123_000)
    assert read_time("2026-01-05T12:00:00.123456789Z") == NOON.replace(microsecond=123_456)


@pytest.mark.parametrize("value", [None, True, [], {}, "", "noon", "12,5", float("nan"), float("inf"), 1e300, 10**400,
                                   "17/09/2012T12:34:45CET", "0001-01-01T00:00:00+14:00",
                                   "2026-02-30T00:00:00Z", "9" * 10_000, "\0"])  # fmt: skip
def test_what_is_no_time_is_refused(value):
    with pytest.raises(Refusal) as caught:
        read_time(value)
    assert caught.value.code == "time_unreadable"


@pytest.mark.parametrize("value", ["2026-01-05T12:00:00", "2026-01-05 12:00", "2026-01-05", "20260105T1200"])
def test_a_time_without_zone_is_refused_unless_the_source_has_one(value):
    with pytest.raises(Refusal) as caught:
        read_time(value)
    assert caught.value.code == "time_without_zone"
    assert read_time(value, "Europe/Oslo").utcoffset().total_seconds() == 0


def test_the_zone_of_the_source_is_applied():
    assert read_time("2026-07-05T14:00:00", "Europe/Oslo") == datetime(2026, 7, 5, 12, tzinfo=UTC)
    # 02:30 comes twice on 2026-10-25: the first is meant.
    assert read_time("2026-10-25T02:30:00", "Europe/Oslo") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [1e300, -1e12, float("nan"), float("inf")])
def test_a_shift_out_of_all_years_is_refused(seconds):
    with pytest.raises(Refusal):
        shifted(NOON, seconds)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.text("0123456789-:.TZ+ ", max_size=30)))
def test_nothing_but_a_refusal_is_ever_raised(value):
    with contextlib.suppress(Refusal):
        assert read_time(value, "Europe/Oslo").tzinfo is not None


def test_the_unit_of_unix_times_may_be_said():
    assert read_time(1767614400, precision="s") == read_time(1767614400_000, precision="ms") == NOON
    assert read_time("86400000", precision="ms") == datetime(1970, 1, 2, tzinfo=UTC)
    assert read_time("2026-01-05T12:00:00Z", precision="ms") == NOON


def test_a_naive_time_is_in_the_devices_zone_else_in_the_sources():
    registered = {"d": Registered(zone="Europe/Oslo"), "e": Registered()}
    context = Context(Memory(), Profiles({}), registered.get)
    source = Source("s", "#", zone="America/New_York")
    naive = "2026-01-05T13:00:00"
    assert device_time(naive, "d", source, context) == NOON
    assert device_time(naive, "e", source, context) == device_time(naive, "f", source, context)
    assert device_time(naive, "e", source, context) == NOON.replace(hour=18)
    assert device_time("2026-01-05T12:00:00Z", "d", source, context) == NOON
    with pytest.raises(Refusal, match="time_without_zone"):
        device_time(naive, "f", Source("s", "#"), context)
