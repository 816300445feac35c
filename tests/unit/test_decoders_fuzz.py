"""Whatever bytes arrive: an answer in our own words, in bounded time, and never a fault of the platform."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.decoding import Message
from ingest.reasons import IGNORED, REASONS
from ingest.sources import ANY, EVENTS, HISTORY, LIVE
from ingest.validation import EARLIEST, Catalogue, Reader
from tests.quickest import cpu_seconds

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
CATALOGUE = Catalogue.load()
READERS = [Reader(source, CATALOGUE) for source in (LIVE, HISTORY, EVENTS, ANY)]
TOPICS = [
    "bypuls/v1/demo/dev-1/observations",
    "bypuls/v1/demo/dev-1/history",
    "bypuls/v1/demo/dev-1/events",
    "tele/x/SENSOR",
    "",
    "\ud800",
    "a/\0/b",
]

WORDS = ["kind", "swapped_meter", "moved", "property", "closing", "opening", "energy_total", "channel", "note",
         "ts", "time", "values", "readings", "quantity", "value", "unit", "channel", "device", "pm25", "temperature",
         "voltage_l1", "bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x_",
         "ug/m3", "Cel", "%RH", "W", "dev-1/pm25", "2026-01-05T09:59:00Z", "1e3", "-127", ""]  # fmt: skip
words = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), words, st.sampled_from([1767607200, 1767607200000, -127, 85])
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)),
    max_leaves=25,
)
flat = st.dictionaries(words, scalars, max_size=8)
packs = st.lists(flat, max_size=5)


def check(payload, topic, *, retained=False):
    message = Message(topic, payload, NOW, retained=retained)
    for reader in READERS:
        read = reader.read(message)
        for refused in read.refusals:
            assert refused.code in REASONS
            assert refused.code != "decoder_failed", refused.detail
            assert len(refused.detail) < 1000
            assert refused.field is None or refused.field.isprintable()
        for accepted in read.accepted:
            assert accepted.value - accepted.value == 0  # finite
            assert EARLIEST <= accepted.time <= NOW + timedelta(minutes=5)
            assert accepted.device.isprintable()
        assert read.ignored in {None, *IGNORED}
        for event in read.events:
            assert EARLIEST <= event.time <= NOW + timedelta(minutes=5)
            json.dumps(event.detail, allow_nan=False).encode()
        assert (read.ignored is None) == bool(read.accepted or read.events or read.refusals)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(TOPICS))
@example(b"[" * 100_000, TOPICS[0])
@example(b'{"a":' * 100_000, TOPICS[0])
@example(b'{"pm25": ' + b"9" * 100_000 + b"}", TOPICS[0])
@example(b'{"ts": ' + b"9" * 5000 + b', "pm25": 1}', TOPICS[0])
@example(b'[{"bt": 1e308, "n": "pm25", "v": 1, "t": 1e308}]', TOPICS[0])
@example(b'[{"bv": 1e308, "n": "pm25", "v": 1e308}]', TOPICS[0])
@example(b'[{"n": "pm25", "u": "ug/m3", "v": 1, "t": -1e300}]', TOPICS[0])
@example(b'{"\\ud800": 1}', TOPICS[0])
@example(b'{"readings": [{"quantity": "pm10", "value": 1e307, "unit": "g/m3"}]}', TOPICS[0])
def test_random_bytes(payload, topic):
    check(payload, topic)


@settings(max_examples=400, deadline=None)
@given(st.one_of(trees, flat, packs), st.sampled_from(TOPICS), st.booleans())
def test_documents_of_almost_the_right_form(document, topic, retained):
    check(json.dumps(document).encode("utf-8", "surrogatepass"), topic, retained=retained)


MESSAGES = [
    b'{"ts":1767607200000,"pm25":12.5,"pm10":20.1,"temperature":3.4,"humidity":71}',
    b'{"time":"2026-01-05T09:59:00Z","readings":[{"quantity":"pm25","value":12.5,"unit":"ug/m3","channel":"a"}]}',
    b'[{"bn":"dev-1/","bt":1767607200,"bu":"Cel","bver":10,"n":"temp","v":23.1},{"n":"pm10","u":"ug/m3","v":2,"t":-5}]',
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MESSAGES), st.integers(0, 200), st.integers(0, 8), st.binary(max_size=6))
def test_messages_with_a_few_bytes_changed(message, position, removed, added):
    check(message[:position] + added + message[position + removed :], TOPICS[0])


@pytest.mark.parametrize(
    "payload",
    [
        b"{" + b" " * 1_000_000 + b"}",
        b'{"pm25": "' + b"1" * 1_000_000 + b'"}',
        b'{"' + b"a" * 1_000_000 + b'": 1}',
        b"[" + b"1," * 500_000 + b"1]",
        b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}",
        b"x" * 10_000_000,
    ],
    ids=["blanks", "long text", "long name", "many numbers", "many keys", "10 MB"],
)
def test_large_messages_take_bounded_time(payload):
    # Three sources read it; the bound is loose for loaded machines, the usual time is a tenth of it.
    assert cpu_seconds(lambda: check(payload, TOPICS[0]), tries=2) < 3.0
