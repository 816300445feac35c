"""How a source's settings decide what a message means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from bypuls.errors import CatalogueError
from bypuls.observation import Quality
from bypuls.properties import Properties
from bypuls.units import Conditions
from ingest.decoding import (
    Context,
    Decoded,
    Decoder,
    Frame,
    Message,
    Reading,
    Refused,
    Registered,
    SentEvent,
    Source,
)
from ingest.memory import Memory
from ingest.sources import ANY, LIVE
from ingest.validation import Catalogue, Reader, read
from tests.quickest import cpu_seconds

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


def test_a_hundred_thousand_texts_are_refused_in_short(catalogue):
    payload = b"{" + b",".join(b'"k%d":"x"' % n for n in range(100_000)) + b"}"
    message = Message("bypuls/v1/demo/d/observations", payload, NOW)
    assert [one.code for one in read(message, LIVE, catalogue).refusals] == ["too_large"]
    assert cpu_seconds(lambda: read(message, LIVE, catalogue)) < 0.4


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


def decoding(*readings, events=()):
    """A catalogue whose only format reads these."""
    decode = lambda *_: Decoded(list(readings), events=list(events))  # noqa: E731
    return replace(Catalogue.load(), decoders={"x": Decoder("x", lambda _: True, decode)})


def of(device, value=1.0, **more):
    return Reading(device, "f", "pm10", more.get("channel", ""), value, "ug/m3", more.get("time"))


PLANT = Source("plant", "plant/#", formats=("x",), city="demo", identity="plant/{device}/#")


@pytest.mark.parametrize(
    ("device", "gateway", "expected"),
    [
        ("box", False, "box"),
        ("BOX", False, "box"),
        ("box/lane 1", False, "box/lane 1"),
        ("", False, "box"),
        (None, False, "box"),
        ("box2", False, "device_mismatch"),
        ("box2", True, "box2"),
        ("", True, "box"),
        ("a\0b", True, "bad_name"),
        ("x" * 200, True, "bad_name"),
    ],
)
def test_whose_a_reading_is(device, gateway, expected):
    source = replace(PLANT, trusts_payload_device=gateway)
    got = read(Message("plant/box/data", b"x", NOW), source, decoding(of(device)))
    assert [entry.device for entry in got.accepted] + [refused.code for refused in got.refusals] == [expected]
    assert got.device == "box"


def test_an_event_is_the_devices_that_the_topic_names():
    events = [SentEvent("", "online", None), SentEvent("box2", "offline", None)]
    got = read(Message("plant/box", b"x", NOW), PLANT, decoding(events=events))
    assert [event.device for event in got.events] == ["box"]
    assert [refused.code for refused in got.refusals] == ["device_mismatch"]


def test_nobody_names_the_device():
    got = read(Message("t", b"x", NOW), Source("s", "#", formats=("x",), city="demo"), decoding(of("")))
    assert [refused.code for refused in got.refusals] == ["device_missing"]
    assert got.refusals[0].reading.value == 1.0
    assert got.device is None


def test_a_topic_that_does_not_fit_its_sources_rule_is_refused():
    got = read(Message("elsewhere/box", b"x", NOW), PLANT, decoding(of("box")))
    assert [refused.code for refused in got.refusals] == ["topic_not_ours"]


def test_city_and_device_of_an_identity():
    source = replace(PLANT, city=None, identity="plant/{city}/{device}")
    got = read(Message("plant/oslo/box", b"x", NOW), source, decoding(of("")))
    assert (got.city, got.device) == ("oslo", "box")


def test_of_two_values_for_one_time_the_second_is_refused_and_kept():
    readings = [of("box"), of("box", 2.0), of("box"), of("box", 2.0, channel="l1"), of("box", 2.0, time=NOW)]
    got = read(Message("plant/box", b"x", NOW), PLANT, decoding(*readings))
    assert [(entry.value, entry.channel) for entry in got.accepted] == [(1.0, ""), (1.0, ""), (2.0, "l1")]
    assert [(refused.code, refused.reading.value) for refused in got.refusals] == [("two_values", 2.0)] * 2


def test_a_repeated_frame_leaves_nothing_unless_it_is_read_again_on_purpose():
    def decode(*_):
        return Decoded([of("box")], frame=Frame("box", "s", 7))

    catalogue = replace(Catalogue.load(), decoders={"x": Decoder("x", lambda _: True, decode)})
    reader, message = Reader(PLANT, catalogue), Message("plant/box", b"x", NOW)
    assert len(reader.read(message).accepted) == 1
    again = reader.read(message)
    assert (again.accepted, again.refusals, again.ignored) == ([], [], "duplicate_frame")
    assert len(reader.read(structs.replace(message, replayed=True)).accepted) == 1


def test_a_frame_in_anothers_name_makes_none_of_its_own_a_repeated_one():
    def decode(message, *_):
        return Decoded([of("box")], frame=Frame("box", "s", int(message.payload)))

    catalogue = replace(Catalogue.load(), decoders={"x": Decoder("x", lambda _: True, decode)})
    reader = Reader(PLANT, catalogue)
    assert len(reader.read(Message("plant/box", b"7", NOW)).accepted) == 1
    assert [refused.code for refused in reader.read(Message("plant/thief", b"8", NOW)).refusals] == ["device_mismatch"]
    assert len(reader.read(Message("plant/box", b"8", NOW)).accepted) == 1


def test_units_and_conditions_of_the_registry_and_the_source():
    known = Registered(units={"no2": "ppb", "pm10/b": "mg/m3"}, conditions={"no2": Conditions(298.15, 101.325)})

    def value(reading, **more):
        context = Context(Memory(), Catalogue.load().profiles, {"box": known}.get)
        got = Reader(replace(PLANT, **more), decoding(reading), context).read(Message("plant/box", b"x", NOW))
        return [pytest.approx(entry.value, rel=1e-3) for entry in got.accepted] or got.refusals[0].code

    no2 = Reading("box", "f", "no2", "", 40.0, None, None)
    assert value(no2) == [75.2]
    assert value(no2, units={"no2": "ug/m3"}) == [40.0]
    assert value(no2, canonical_units=True) == [40.0]
    assert value(no2, conditions=Conditions(293.15, 101.325)) == [76.5]
    assert value(Reading("box", "f", "no2", "", 40.0, "ug/m3", None)) == [40.0]
    assert value(Reading("box", "f", "pm10", "b", 0.04, None, None)) == [40.0]
    assert value(Reading("box", "f", "pm10", "", 40.0, None, None)) == "unit_missing"
    assert value(Reading("box/2", "f", "no2", "", 40.0, None, None)) == "unit_missing"
    assert value(Reading("box", "f", "o3", "", 40.0, "ppb", None)) == "unit_dimension_mismatch"


def test_a_registry_that_changes_is_heard():
    known = {"box": Registered(units={"pm10": "ug/m3"})}
    context = Context(Memory(), Catalogue.load().profiles, known.get)
    reader = Reader(PLANT, decoding(Reading("box", "f", "pm10", "", 1.0, None, None)), context)
    message = Message("plant/box", b"x", NOW)
    assert reader.read(message).accepted[0].value == 1.0
    known["box"] = Registered(units={"pm10": "mg/m3"})
    assert reader.read(message).accepted[0].value == 1000.0


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"meta": {"imei": "861230"}}', "861230"),
        (b'{"meta": {"imei": 861230043218765}}', "861230043218765"),
        (b'{"meta": {"imei": null}}', "device_missing"),
        (b'{"imei": "861230"}', "device_missing"),
        (b"[1]", "device_missing"),
        (b"nothing", "invalid_json"),
    ],
)
def test_a_gateways_message_names_the_device_in_a_field(payload, expected):
    source = replace(PLANT, trusts_payload_device=True, device_field="meta.imei")
    got = read(Message("plant/hub", payload, NOW), source, decoding(of("somebody")))
    assert [entry.device for entry in got.accepted] + [refused.code for refused in got.refusals] == [expected]
