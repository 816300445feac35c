"""Makers' JavaScript: what it may do, and what becomes of one that does more."""

import contextlib
import time
from datetime import UTC, datetime

import pytest

from bypuls.errors import Refusal
from ingest.codecs import LONGEST_PAYLOAD, Codec, Sandbox


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def decode(sandbox, javascript, payload=b"\x01\x02", f_port=7, received_at=None):
    return Codec("test", javascript, sandbox).decode(payload, f_port, received_at)


def why_not(sandbox, javascript, payload=b"\x01\x02"):
    with pytest.raises(Refusal) as refused:
        decode(sandbox, javascript, payload)
    assert refused.value.code == "codec_failed"
    assert "\n" not in refused.value.detail
    return refused.value.detail


@pytest.mark.parametrize(
    "javascript",
    [
        "function decodeUplink(input) { return {data: {first: input.bytes[0], port: input.fPort}}; }",
        "const decodeUplink = (input) => ({data: {first: input.bytes[0], port: input.fPort}, warnings: ['old']});",
        "exports.decodeUplink = function (input) { return {data: {first: input.bytes[0], port: input.fPort}}; };",
        "function Decode(fPort, bytes, variables) { return {first: bytes[0], port: fPort}; }",
        "function Decoder(bytes, port) { return {first: bytes[0], port: port}; }",
    ],
)
def test_each_form_that_makers_publish_is_run(sandbox, javascript):
    assert decode(sandbox, javascript) == {"first": 1, "port": 7}


def test_the_time_of_receipt_is_a_date(sandbox):
    javascript = "function decodeUplink(input) { return {data: {year: input.recvTime.getUTCFullYear()}}; }"
    assert decode(sandbox, javascript, received_at=datetime(2024, 5, 6, tzinfo=UTC)) == {"year": 2024}


def test_an_error_that_the_codec_tells_is_told(sandbox):
    assert "unknown port" in why_not(sandbox, "function decodeUplink(i) { return {errors: ['unknown port']}; }")


@pytest.mark.parametrize(
    ("javascript", "said"),
    [
        ("function decodeUplink(i) { while (true) {} }", "interrupted"),
        ("function decodeUplink(i) { [].indexOf.call({length: 9e15}, 1); }", "interrupted"),
        ("function decodeUplink(i) { return {get data() { while (1) {} }}; }", "interrupted"),
        ("function decodeUplink(i) { /(a+)+$/.test('a'.repeat(40) + 'b'); }", "interrupted"),
        ("function decodeUplink(i) { for (var a = 3n; ; ) a = a * a; }", "longer than 50 ms"),
        ("function decodeUplink(i) { new Array(4294967295).sort(); }", "longer than 50 ms"),
        ("function decodeUplink(i) { throw {toString: function () { while (1) {} }}; }", "longer than 50 ms"),
        ("function decodeUplink(i) { new Uint8Array(1e9); }", "out of memory"),
        ("function decodeUplink(i) { for (var a = []; ; ) a.push(new Array(1000).fill('x')); }", "out of memory"),
        ("function decodeUplink(i) { for (var a = 'x'; ; ) a += a; }", "too long"),
        ("function decodeUplink(i) { return {data: {a: 'x'.repeat(1e6)}}; }", "too long"),
        ("function decodeUplink(i) { return decodeUplink(i) + 1; }", "call stack"),
        ("function decodeUplink(i) { throw new Error('first\\nsecond'); }", "first"),
        ("function decodeUplink(i) { var a = {}; a.a = a; return {data: a}; }", "circular"),
        ("function decodeUplink(i) { return 5; }", "no object with data"),
        ("function decodeUplink(i) { return {data: 5}; }", "no data"),
        ("function decodeUplink(i) { return new Proxy({}, {get() { throw 1; }}); }", "1"),
        ("function decodeUplink(i) {", "does not compile"),
        ("while (true) {}", "does not compile"),
        ("var decoder = 1;", "neither decodeUplink"),
    ],
)
def test_what_goes_wrong_is_one_clear_refusal(sandbox, javascript, said):
    assert said in why_not(sandbox, javascript)


def test_nothing_but_the_language_is_there(sandbox):
    javascript = """
    function decodeUplink(input) {
      var names = ["require", "process", "std", "os", "fetch", "XMLHttpRequest", "setTimeout", "scriptArgs", "print",
                   "load", "WebAssembly", "Worker"];
      return {data: {found: names.filter(function (name) { return typeof globalThis[name] !== "undefined"; })}};
    }"""
    assert decode(sandbox, javascript) == {"found": []}


def test_a_module_cannot_be_imported(sandbox):
    javascript = """
    var seen = "nothing";
    function decodeUplink(input) {
      import("os").then(function () { seen = "os"; }, function () { seen = "refused"; });
      return {data: {seen: seen}};
    }"""
    assert decode(sandbox, javascript)["seen"] != "os"
    assert decode(sandbox, javascript)["seen"] != "os"


@pytest.mark.parametrize(
    "before",
    [
        "JSON.stringify = function () { return '{}'; }; JSON.parse = null; String = null; Array.isArray = null;",
        "Object.prototype.hasOwnProperty = function () { return true; };",
        "var __bypuls = null;",
        "Object.defineProperty(Array.prototype, '0', {value: 9, writable: true, configurable: true});",
    ],
)
def test_tricks_with_prototypes_reach_nothing_of_ours(sandbox, before):
    javascript = before + " function decodeUplink(input) { return {data: {first: input.bytes.length}}; }"
    with contextlib.suppress(Refusal):
        assert decode(sandbox, javascript) == {"first": 2}
    assert decode(sandbox, "function decodeUplink(i) { return {data: {a: i.bytes[0]}}; }") == {"a": 1}


def test_one_codec_sees_nothing_of_another(sandbox):
    leaves = "var secret = 5; globalThis.left = 5; function decodeUplink(i) { return {data: {a: 1}}; }"
    looks = "function decodeUplink(i) { return {data: {a: typeof secret, b: typeof left}}; }"
    Codec("one", leaves, sandbox).decode(b"\0", 1)
    assert Codec("two", looks, sandbox).decode(b"\0", 1) == {"a": "undefined", "b": "undefined"}


def test_what_runs_too_long_ends_within_a_tenth_of_a_second_and_the_next_message_is_read(sandbox):
    begun = time.process_time()
    why_not(sandbox, "function decodeUplink(i) { for (var a = 3n; ; ) a = a * a; }")
    assert time.process_time() - begun < 0.1  # our own process waits, it does not work
    assert decode(sandbox, "function decodeUplink(i) { return {data: {a: 1}}; }") == {"a": 1}


def test_a_codec_that_ends_its_process_again_and_again_rests():
    now = [0.0]
    sandbox = Sandbox(clock=lambda: now[0])
    kills = Codec("kills", "function decodeUplink(i) { for (var a = 3n; ; ) a = a * a; }", sandbox)
    good = Codec("good", "function decodeUplink(i) { return {data: {a: 1}}; }", sandbox)
    try:
        said = []
        for _ in range(4):
            with pytest.raises(Refusal) as refused:
                kills.decode(b"\0", 1)
            said.append("rests" in refused.value.detail)
        assert said == [False, False, False, True]
        assert good.decode(b"\0", 1) == {"a": 1}
        now[0] = 61.0
        with pytest.raises(Refusal) as refused:
            kills.decode(b"\0", 1)
        assert "rests" not in refused.value.detail
    finally:
        sandbox.close()


def test_a_codec_is_compiled_once(sandbox):
    javascript = "var calls = 0; function decodeUplink(i) { calls += 1; return {data: {calls: calls}}; }"
    codec = Codec("counts", javascript, sandbox)
    assert [codec.decode(b"\0", 1)["calls"] for _ in range(3)] == [1, 2, 3]


def test_no_frame_is_longer_than_a_frame(sandbox):
    assert "no LoRaWAN frame" in why_not(
        sandbox, "function decodeUplink(i) { return {data: {}}; }", bytes(LONGEST_PAYLOAD + 1)
    )


def test_a_codec_that_filled_its_memory_begins_anew(sandbox):
    hoards = "var all = []; function decodeUplink(i) { for (var n = 0; n < 20000; n++) { all.push([n, [n]]); } "
    hoards += "return {data: {n: all.length}}; }"
    answers = []
    for _ in range(30):
        with contextlib.suppress(Refusal):
            answers.append(decode(sandbox, hoards)["n"])
    assert len(answers) > answers.count(20_000) > 1


def test_an_answer_that_is_no_object_is_a_refusal(sandbox):
    tricked = (
        "Object.prototype.toJSON = function () { return 'x'; }; function decodeUplink(i) { return {data: {a: 1}}; }"
    )
    assert "no object with data" in why_not(sandbox, tricked)
