"""How a source's settings decide what a message means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bypuls.errors import CatalogueError
from bypuls.observation import Quality
from bypuls.properties import Properties
from ingest.decoding import Decoded, Decoder, Message, Reading, Refused, Source
from ingest.sources import ANY, LIVE
from ingest.validation import Catalogue, Reader, read

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
OWN = "bypuls/v1/demo/dev-1/observations"
BRIDGE = Source(name="bridge", topic_filter="bridge/#", city="demo", past=timedelta(days=1))


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def test_the_city_is_the_sources_or_the_topics(catalogue):
    assert read(Message(OWN, b'{"pm25": 1}', NOW), LIVE, catalogue).city == "demo"
    assert read(Message("bridge/x", b'{"pm25": 1}', NOW), BRIDGE, catalogue).city == "demo"
    got = read(Message("bridge/x", b'{"pm25": 1}', NOW), replace(BRIDGE, city=None), catalogue)
    assert [refused.code for refused in got.refusals] == ["topic_not_ours"]


def test_units_of_a_source_stand_in_for_missing_ones(catalogue):
    message = Message("bridge/x", b'{"device": "a", "pm25": 0.02, "no2": 1}', NOW)
    got = read(message, replace(BRIDGE, units={"pm25": "mg/m3"}), catalogue)
    assert [(entry.property, entry.value, entry.unit) for entry in got.accepted] == [("pm25", 20.0, "ug/m3")]
    (refused,) = got.refusals
    assert isinstance(refused, Refused)
    assert (refused.code, refused.reading.value) == ("unit_missing", 1.0)
    assert "units.no2" in refused.hint


def test_a_gateway_speaks_for_its_devices(catalogue):
    message = Message(OWN, b'[{"bn": "other/", "n": "pm25", "u": "ug/m3", "v": 1}]', NOW)
    assert [r.code for r in read(message, LIVE, catalogue).refusals] == ["device_mismatch"]
    got = read(message, replace(LIVE, trusts_payload_device=True), catalogue)
    assert [entry.device for entry in got.accepted] == ["other"]


def test_the_zone_of_a_source_is_used(catalogue):
    message = Message(OWN, b'{"time": "2026-01-05T10:30:00", "pm25": 1}', NOW)
    got = read(message, replace(LIVE, zone="Europe/Oslo"), catalogue)
    assert got.accepted[0].time == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_times_of_arrival_are_in_utc(catalogue):
    arrival = datetime.fromisoformat("2026-01-05T11:00:00+01:00")
    got = read(Message(OWN, b'{"pm25": 1}', arrival), LIVE, catalogue)
    assert (got.accepted[0].time, got.accepted[0].time.tzinfo) == (NOW, UTC)


def test_limits_of_a_source_are_kept(catalogue):
    small = replace(LIVE, max_payload_bytes=20, max_readings=1)
    assert [r.code for r in read(Message(OWN, b'{"pm25": 1}' + b" " * 20, NOW), small, catalogue).refusals] == [
        "too_large"
    ]
    assert [r.code for r in read(Message(OWN, b'{"pm25":1,"no2":1}', NOW), small, catalogue).refusals] == ["too_large"]
    for payload in (b'[{"n":"a","v":1},{"n":"b","v":1}]', b'{"readings":[{},{}]}'):
        wide = replace(small, max_payload_bytes=100)
        assert [r.code for r in read(Message(OWN, payload, NOW), wide, catalogue).refusals] == ["too_large"]


def test_diagnostics_are_told_apart(catalogue):
    got = read(Message(OWN, b'{"rssi": -70, "pm25": 1}', NOW), LIVE, catalogue)
    assert [entry.diagnostic for entry in got.accepted] == [True, False]


def test_a_sentinel_of_a_property_counts_where_it_would_be_plausible():
    document = {
        "properties": {
            "level": {
                "name": {"en": "Level", "nb": "Nivå"},
                "domain": "water",
                "unit": "m",
                "dimension": "length",
                "aggregation": "mean",
                "sentinels": [-1],
                "qc": {"gross_range": {"fail": [-10, 10], "suspect": [-5, 5], "source": "test"}},
            }
        }
    }
    catalogue = replace(Catalogue.load(), properties=Properties.of(document))
    payload = b'{"readings": [%s]}' % b",".join(
        b'{"quantity":"level","value":%d,"channel":"c%d"}' % (n, n + 1) for n in (-1, 1, 7, 11)
    )
    got = read(Message(OWN, payload, NOW), LIVE, catalogue)
    assert [(entry.value, entry.flag) for entry in got.accepted] == [
        (1.0, Quality.GOOD),
        (7.0, Quality.SUSPECT),
        (11.0, Quality.FAIL),
    ]
    assert [refused.code for refused in got.refusals] == ["sentinel"]


def test_a_fault_in_a_decoder_stops_nothing_and_is_named():
    def broken(_message, _source, _context):
        raise ZeroDivisionError("oops")

    catalogue = replace(Catalogue.load(), decoders={"own_json": Decoder("own_json", lambda _: True, broken)})
    got = read(Message(OWN, b"{}", NOW), replace(LIVE, formats=("own_json",)), catalogue)
    assert [(refused.code, refused.detail) for refused in got.refusals] == [
        ("decoder_failed", "ZeroDivisionError: 'oops'")
    ]


def test_a_source_with_an_unknown_format_is_refused_at_once(catalogue):
    with pytest.raises(CatalogueError, match="no decoder morse"):
        Reader(replace(LIVE, formats=("own_json", "morse")), catalogue)


def test_names_that_strangers_make_up_do_not_fill_the_memory():
    def many(_message, _source, _context):
        return Decoded([Reading("dev-1", "f", f"pm25.c{n}", "", 1.0, None, NOW) for n in range(12_000)])

    catalogue = replace(Catalogue.load(), decoders={"own_json": Decoder("own_json", lambda _: True, many)})
    reader = Reader(replace(LIVE, formats=("own_json",)), catalogue)
    assert len(reader.read(Message(OWN, b"{}", NOW)).accepted) == 12_000
    assert len(reader._rules.shared) <= 10_000


def test_a_dry_run_on_a_foreign_topic_takes_any_age(catalogue):
    message = Message("x", b'[{"bn":"d:","n":"temp","u":"Cel","v":1,"bt":1276020076}]', NOW)
    assert read(message, ANY, catalogue).accepted[0].time.year == 2010
