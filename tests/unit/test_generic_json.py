"""What keys mean in JSON of unknown makers, times as people write them, and what registry and source say of times."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bypuls.errors import Refusal
from ingest.decoders.bare_value import recognises as is_bare
from ingest.decoders.json import DECODER, recognises, topic_name
from ingest.decoding import Context, Message, Registered
from ingest.keys import Role, known_word, of_meter, read_key
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.sources import ANY
from ingest.written_times import read_any_time

NOW = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)


def readings(document, source=ANY, zone=None):
    message = Message("a/b", json.dumps(document).encode(), NOW)
    context = Context(Memory(), Profiles({}), lambda _: Registered(zone=zone))
    return DECODER.decode(message, source, context).readings


@pytest.mark.parametrize(
    ("key", "quantity", "channel", "unit"),
    [
        ("outTemp_C", "outTemp", "", "C"),
        ("temp_f", "temp", "", "[degF]"),
        ("temp_c", "temp_c", "", "Cel"),
        ("windSpeed_ms", "windSpeed", "", "m/s"),
        ("uptime_ms", "uptime", "", "ms"),
        ("pm25_ugm3", "pm25", "", "ugm3"),
        ("PM2.5 (µg/m³)", "PM2.5", "", "ug/m3"),
        ("wind speed (km/h)", "wind speed", "", "km/h"),
        ("temp1_C", "temp", "1", "C"),
        ("temperature_2", "temperature", "2", None),
        ("voltageL1", "voltage_l1", "", None),
        ("battery_mV", "battery_mV", "", "mV"),
        ("power_kW", "power", "", "kW"),
        ("power_mW", "power", "", "mW"),
        ("lat", "lat", "", "deg"),
    ],
)
def test_a_key_that_the_catalogue_knows(key, quantity, channel, unit):
    found = read_key(key)
    assert (found.role, found.known) == (Role.PLAIN, True)
    assert (found.quantity, found.channel, found.unit) == (quantity, channel, unit)


@pytest.mark.parametrize("key", ["power_mw", "voltage_a", "co21", "wobble_C", "temperature_setpoint", "pn0_7"])
def test_a_key_with_two_readings_or_none_stays_the_devices_own_word(key):
    found = read_key(key)
    assert (found.quantity, found.unit, found.known) == (key, None, False)


def test_letters_mean_electricity_only_where_a_meter_speaks():
    assert of_meter("U2") == "voltage_l2"
    assert of_meter("X") is None
    assert known_word("E") is None


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("17/09/2012T12:34:45CET", None, "2012-09-17T10:34:45+00:00"),
        ("17/12/2012T12:34:45CET", None, "2012-12-17T11:34:45+00:00"),
        ("2020/03/20T17:18:02z", None, "2020-03-20T17:18:02+00:00"),
        ("31.12.2026 23:59", "Europe/Oslo", "2026-12-31T22:59:00+00:00"),
        ("12/31/2026 11:59 PM UTC", None, "2026-12-31T23:59:00+00:00"),
        ("20260105145754", "UTC", "2026-01-05T14:57:54+00:00"),
        ("2026-01-05-14:57:54", "Europe/Oslo", "2026-01-05T13:57:54+00:00"),
        ("Thu, 01 Oct 2020 13:32:00 GMT", None, "2020-10-01T13:32:00+00:00"),
        ("05.01.2026 10:00:00 +0200", None, "2026-01-05T08:00:00+00:00"),
        ("2026-01-05T10:00:00.25Z", None, "2026-01-05T10:00:00.250000+00:00"),
    ],
)
def test_times_as_people_write_them(text, zone, expected):
    assert read_any_time(text, zone).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("05/01/2026 10:00Z", "time_unreadable"),
        ("32.01.2026 10:00Z", "time_unreadable"),
        ("20261301000000", "time_unreadable"),
        ("noon", "time_unreadable"),
        ("05.01.2026 10:00 EST", "time_unreadable"),
        ("2026-01-05-14:57:54", "time_without_zone"),
    ],
)
def test_a_time_that_may_mean_several_is_not_read(text, code):
    with pytest.raises(Refusal) as refused:
        read_any_time(text)
    assert refused.value.code == code


def test_the_day_is_first_where_a_profile_says_so():
    assert read_any_time("05/01/2026 10:00Z", day_first=True) == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_the_registrys_zone_comes_before_the_sources():
    document = {"device": "d1", "time": "2026-01-05 10:00:00", "temp_C": 1}
    (of_source,) = readings(document, replace(ANY, zone="UTC"))
    (of_registry,) = readings(document, replace(ANY, zone="UTC"), zone="Europe/Oslo")
    assert of_source.time == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert of_registry.time == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_unix_times_are_in_the_sources_precision():
    (reading,) = readings({"ts": 1767607200, "temp_C": 1}, replace(ANY, precision="ms"))
    assert reading.time.year == 1970


@pytest.mark.parametrize(
    ("topic", "payload", "json_reads", "bare_reads"),
    [
        ("a/b", b' {"x": 1}', True, False),
        ("a/b", b"\xef\xbb\xbf[{}]", True, False),
        ("a/b", b"21.5", False, True),
        ("a/b", b"online", False, True),
        ("a/b", b"two words", False, False),
        ("a/b", b"", False, False),
        ("bypuls/v1/demo/d/observations", b"{}", False, False),
        ("v3/x/devices/d/up", b'{"end_device_ids": {}}', False, False),
        ("application/1/device/x/event/up", b'{"deduplicationId": ""}', False, False),
        ("homeassistant/sensor/x/config", b"{}", False, False),
    ],
)
def test_what_is_another_formats_is_left_to_it(topic, payload, json_reads, bare_reads):
    message = Message(topic, payload, NOW)
    assert recognises(message) is json_reads
    assert is_bare(message) is bare_reads


def test_a_topics_last_level_that_names_no_thing_is_left_out():
    assert topic_name("/sensor/data") == "sensor"
    assert topic_name("data") == "data"
