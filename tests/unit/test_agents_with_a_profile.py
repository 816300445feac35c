"""FIWARE's agents know short names by provisioning; here a profile does: the registry's or the source's only one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.decoding import Context, Message, Registered
from ingest.memory import Memory
from ingest.profiles import Profiles, profile_of
from ingest.sources import ANY
from ingest.validation import Catalogue, Reader

NOW = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)
PROFILE = """
id: short-names
title: Short names
maker: us
documentation: this test
topics: []
mappings:
  measures:
    parts:
      - values:
          t: {property: air_temperature, unit: Cel}
          h: {property: relative_humidity, unit: "%"}
          door: {property: motion_count, unit: "1", map: {open: 1, shut: 0}}
"""


@pytest.fixture(scope="module")
def catalogue():
    return replace(Catalogue.load(), profiles=Profiles({"short-names": profile_of(PROFILE, "test")}))


def read(catalogue, topic, payload, *, source=None, registered=None):
    taken = source or replace(ANY, formats=("iota_json", "ultralight"), city="demo")
    context = Context(Memory(), catalogue.profiles, lambda _: registered)
    return Reader(taken, catalogue, context).read(Message(topic, payload.encode(), NOW))


def told(read):
    return [(a.device, a.property, a.value, a.time.microsecond) for a in read.accepted], [r.code for r in read.refusals]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("/json/k/dev/attrs", '{"t": "21.5", "h": 44, "door": "open"}'), ("/ul/k/dev/attrs", "t|21.5|h|44|door|open")],
)
def test_the_registrys_profile_names_what_the_device_abbreviates(catalogue, topic, payload):
    got = read(catalogue, topic, payload, registered=Registered("short-names"))
    assert told(got) == (
        [("dev", "air_temperature", 21.5, 0), ("dev", "relative_humidity", 44.0, 0), ("dev", "motion_count", 1.0, 0)],
        [],
    )


def test_the_sources_only_profile_is_meant_for_every_device(catalogue):
    source = replace(ANY, formats=("ultralight",), profiles=("short-names",), city="demo")
    assert told(read(catalogue, "/ul/k/dev/attrs/t", "21.5", source=source))[0] == [("dev", "air_temperature", 21.5, 0)]


def test_groups_without_a_time_stay_apart_with_a_profile_too(catalogue):
    got = read(catalogue, "/ul/k/dev/attrs", "t|21#t|22", registered=Registered("short-names"))
    assert told(got)[0] == [("dev", "air_temperature", 21.0, 999999), ("dev", "air_temperature", 22.0, 0)]


def test_a_time_that_is_none_keeps_the_values(catalogue):
    got = read(catalogue, "/json/k/dev/attrs", '{"t": 5, "TimeInstant": "noon"}', registered=Registered("short-names"))
    assert told(got) == ([], ["time_unreadable"])
    assert got.refusals[0].reading.quantity == "air_temperature"


def test_without_a_profile_short_names_wait_in_quarantine(catalogue):
    assert told(read(catalogue, "/ul/k/dev/attrs", "t|21.5"))[1] == ["unknown_property"]


def test_the_registrys_zone_is_of_times_without_one(catalogue):
    got = read(
        catalogue,
        "/ul/k/dev/attrs",
        "2026-01-05T10:30:00|temperature|21.5",
        source=replace(ANY, formats=("ultralight",), city="demo", units={"air_temperature": "Cel"}),
        registered=Registered(None, "Europe/Oslo"),
    )
    assert [a.time for a in got.accepted] == [datetime(2026, 1, 5, 9, 30, tzinfo=UTC)]


DATASTREAMS = """
id: datastreams
title: A town's datastreams
maker: us
documentation: this test
topics: []
mappings:
  observations:
    parts:
      - when: {datastream: "17"}
        values: {result: {property: air_temperature, unit: Cel}}
      - when: {datastream: "18"}
        values: {result: {property: relative_humidity, unit: "%"}}
"""


def test_a_profile_says_what_the_datastreams_of_a_source_are(catalogue):
    known = replace(catalogue, profiles=Profiles({"datastreams": profile_of(DATASTREAMS, "test")}))
    source = replace(ANY, formats=("sensorthings",), profiles=("datastreams",), city="demo")
    hour = "2026-01-05T09:00:00Z/2026-01-05T10:00:00Z"
    got = read(known, "v1.1/Datastreams(17)/Observations", '{"result": "21.5"}', source=source)
    assert told(got) == ([("Datastreams(17)", "air_temperature", 21.5, 0)], [])
    got = read(
        known, "v1.1/Datastreams(18)/Observations", f'{{"result": 44, "phenomenonTime": "{hour}"}}', source=source
    )
    assert [(a.property, a.time.hour, a.reading.interval_seconds) for a in got.accepted] == [
        ("relative_humidity", 9, 3600.0)
    ]
