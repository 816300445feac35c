"""LoRaWAN envelopes' members, and decoded objects of which no profile knows the maker."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.errors import Refusal
from ingest.decoding import Frame
from ingest.envelopes import amount, best_signal, frame_of, gateway_time, position, readable_time
from ingest.plain_objects import read_object
from ingest.sources import ANY

ARRIVAL = datetime(2026, 3, 4, 6, 10, 3, tzinfo=UTC)
SERVER = ARRIVAL - timedelta(seconds=1)


def plain(document):
    decoded = read_object(document, "d", ARRIVAL, ANY)
    found = [
        (reading.field, reading.quantity, reading.channel, reading.value, reading.unit) for reading in decoded.readings
    ]
    return found, [refused.code for refused in decoded.refusals]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"temperature": 1}, [("temperature", "temperature", "", 1.0, None)]),
        ({"temperature": "21.5"}, [("temperature", "temperature", "", 21.5, None)]),
        ({"serial": "021728031819", "text": "open", "on": True, "none": None}, []),
        ({"version": "1.2.0", "date": "2026-03-04", "name": "4 rooms"}, []),
        ({"a": {"t": 1}, "b": {"t": 2}}, [("a.t", "t", "a", 1.0, None), ("b.t", "t", "b", 2.0, None)]),
        ({"data": {"temperature": 1}}, [("data.temperature", "temperature", "", 1.0, None)]),
        ({"t": {"value": 1, "unit": "Cel"}}, [("t", "t", "", 1.0, "Cel")]),
        ({"t": {"value": 1, "displayName": "T"}}, [("t", "t", "", 1.0, None)]),
        ({"room": {"t": {"value": 1, "unit": "Cel"}}}, [("room.t", "t", "room", 1.0, "Cel")]),
        ({"probe": {"3": 1.5}}, [("probe.3", "probe", "3", 1.5, None)]),
        ({"lat": 63.4, "lng": 10.4}, [("lat", "lat", "", 63.4, "deg"), ("lng", "lng", "", 10.4, "deg")]),
        ({"x": [1, 2]}, [("x[0]", "x", "0", 1.0, None), ("x[1]", "x", "1", 2.0, None)]),
        ([{"name": "co2", "value": 5, "unit": "ppm", "channel": 2}], [("[0]", "co2", "2", 5.0, "ppm")]),
        ({"list": [{"t": 1}, {"t": 2}]}, [("list[0].t", "t", "0", 1.0, None), ("list[1].t", "t", "1", 2.0, None)]),
    ],
)  # fmt: skip
def test_numbers_are_read_by_their_own_words(document, expected):
    assert plain(document) == (expected, [])


def test_a_number_under_no_name_is_refused_with_its_value():
    decoded = read_object({"\u0001": 5}, "d", None, ANY)
    assert [(refused.code, refused.reading.value) for refused in decoded.refusals] == [("bad_name", 5.0)]


@pytest.mark.parametrize(
    ("document", "code"),
    [({"a": 1, "list": [0] * 20_000}, "too_large"), (reduce(lambda inner, _: {"a": inner}, range(20), {}), "too_deep")],
)
def test_what_is_too_much_is_refused(document, code):
    with pytest.raises(Refusal) as refused:
        read_object(document, "d", None, ANY)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("sent", "believed"),
    [
        ("2026-03-04T06:10:01.9Z", True),
        ("2026-03-01T06:10:01Z", True),  # handed over late
        ("1980-01-06T00:00:11Z", False),
        ("2026-03-04T09:10:01Z", False),
        ("", False),
        (None, False),
        ({}, False),
        ("yesterday", False),
    ],
)
def test_a_gateways_time_is_believed_unless_its_clock_cannot_be(sent, believed):
    found = gateway_time((sent,), SERVER, ARRIVAL)
    assert found == readable_time(sent) if believed else found == SERVER


def test_the_first_believable_time_counts():
    assert gateway_time((None, "1980-01-06T00:00:11Z", "2026-03-04T06:10:01Z"), SERVER, ARRIVAL).second == 1
    assert gateway_time((), None, ARRIVAL) is None


@pytest.mark.parametrize(
    ("counter", "expected"),
    [(None, 0), (7, 7), (7.0, 7), (2**32, None), (-1, None), ("7", None), (True, None), (7.5, None)],
)
def test_an_omitted_counter_is_0_and_anything_else_is_no_frame(counter, expected):
    frame = frame_of("d", "s", counter, "E", ARRIVAL)
    assert frame == (None if expected is None else Frame("d", "s", expected, "E", ARRIVAL))
    assert frame_of("d", {"no": "text"}, 1, "E", None).session == ""


def test_the_best_gateway_tells_how_well_a_frame_was_heard():
    heard = [{"rssi": -110, "snr": -3}, {"channel_rssi": -90, "snr": 8.5}, {"rssi": "x"}, 5]
    assert best_signal(heard, ("rssi", "channel_rssi"), ("snr",)) == (-90.0, 8.5)
    assert best_signal(None, ("rssi",), ("snr",)) == (None, None)


def test_a_position_at_the_equator_leaves_a_member_out():
    found = position({"longitude": 10.5}, "p", "d", None)
    assert [(reading.field, reading.value, reading.unit) for reading in found] == [
        ("p.latitude", 0.0, "deg"),
        ("p.longitude", 10.5, "deg"),
    ]
    assert position({}, "p", "d", None) == []


@given(st.one_of(st.none(), st.booleans(), st.text(), st.floats(), st.integers(), st.lists(st.integers())))
def test_an_amount_is_a_number_within_its_bounds(value):
    found = amount(value, -5, 5)
    assert found is None or (-5 <= found <= 5 and not isinstance(value, bool))


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=20), inner, max_size=5)),
    max_leaves=30,
)


@given(documents)
def test_whatever_an_object_holds_it_is_read_or_refused(document):
    try:
        decoded = read_object(document, "d", None, ANY)
    except Refusal:
        return
    for reading in decoded.readings:
        assert reading.value - reading.value == 0
        assert reading.field.isprintable()
