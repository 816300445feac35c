"""Protobuf and Sparkplug payloads: what is read, and what a hostile one can cost."""

import struct

import pytest

from bypuls.errors import Refusal
from ingest.protobuf import FIXED64, NotProtobuf, bytes_field, integer_field, read, varint
from ingest.sparkplug import number_of, parse, rebirth_request
from tests.quickest import cpu_seconds

MOST = 5000


def metric(*fields):
    return bytes_field(2, b"".join(fields))


def template(*members, definition=False):
    return bytes_field(18, b"".join(members) + (integer_field(5, 1) if definition else b""))


def test_a_rebirth_request_reads_as_what_the_specification_asks_for():
    payload = parse(rebirth_request(1767607200123), MOST)
    (asked,) = payload.metrics
    assert (payload.timestamp, payload.seq) == (1767607200123, None)
    assert (asked.name, asked.datatype, asked.value) == ("Node Control/Rebirth", 11, (14, 1))


@pytest.mark.parametrize(
    ("datatype", "field", "sent", "meant"),
    [
        (1, 10, 0xFF, -1),
        (2, 10, 0x8000, -32768),
        (3, 10, 4294967081, -215),
        (3, 10, 2**64 - 215, -215),  # sign-extended to 64 bits, as some libraries write it
        (4, 11, 2**64 - 1, -1),
        (7, 10, 4294967081, 4294967081),
        (8, 11, 2**63, float(2**63)),
    ],
)
def test_only_the_type_tells_negative_integers(datatype, field, sent, meant):
    (read_one,) = parse(metric(bytes_field(1, b"n"), integer_field(field, sent)), MOST).metrics
    assert number_of(read_one, datatype, "n") == meant


def test_an_integer_without_a_type_is_read_only_where_its_sign_is_clear():
    small, large = (parse(metric(integer_field(10, value)), MOST).metrics[0] for value in (7, 2**31))
    assert number_of(small, None, "n") == 7
    with pytest.raises(Refusal, match="birth_missing"):
        number_of(large, None, "n")


def test_members_of_a_template_are_metrics_and_definitions_are_not():
    double = varint(13 << 3 | FIXED64) + struct.pack("<d", 2.5)
    member = metric(bytes_field(1, b"Voltage"), integer_field(2, 9), double)
    instance = metric(bytes_field(1, b"Meter"), integer_field(3, 5), template(member))
    payload = parse(instance + metric(bytes_field(1, b"Type"), template(member, definition=True)), MOST)
    (found,) = payload.metrics
    assert (found.name, found.alias, found.timestamp, number_of(found, 10, "n")) == ("Meter/Voltage", None, 5, 2.5)


def test_unknown_fields_are_extensions():
    assert parse(bytes_field(99, b"x") + metric(bytes_field(40, b"y")), MOST).metrics[0].name == ""


@pytest.mark.parametrize(
    "data",
    [b"\x12\xff\xff\xff\xff\x0f", b"{}", b"\x00\x01", b"\x08", b"\xff" * 20, b"\x0d\x00", integer_field(2, 1), b"\x1b"],
)
def test_what_is_no_payload_is_refused(data):
    with pytest.raises(Refusal, match="bad_protobuf"):
        parse(data, MOST)


def nested(depth, width):
    member = metric(bytes_field(1, b"a"))
    for _ in range(depth):
        member = metric(bytes_field(1, b"t"), template(member * width))
    return member


@pytest.mark.parametrize(
    "data",
    [
        b"\x12\x00" * 500_000,
        b"\x98\x06\x01" * 300_000,
        nested(3, 60),
        nested(9, 1),
        metric(bytes_field(1, b"n" * 100_000)),
    ],
    ids=["empty metrics", "extensions", "a bush of templates", "deep templates", "a long name"],
)
def test_hostile_payloads_are_refused_in_bounded_time(data):
    def refused():
        with pytest.raises(Refusal):
            parse(data, MOST)

    assert cpu_seconds(refused) < 0.5  # a tenth of it on an idle machine


def test_a_bounded_number_of_fields_is_read():
    with pytest.raises(NotProtobuf, match="more than 3"):
        read(integer_field(1, 1) * 4, 3)
