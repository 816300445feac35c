"""Runs makers' JavaScript, in a process of its own that can do nothing else. Started by `ingest.codecs`.

It opens no file and no socket (there is nothing in the engine that could, and the operating system is asked to refuse
it), has 16 MiB per codec, and 50 ms of processor time per message: the engine stops what runs longer, and where it
sits in one of its own loops, the operating system ends the process. Reads requests on its standard input and answers
on its standard output, each a JSON text after its length in four bytes.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
from typing import IO, Any

MEMORY_BYTES = 16 * 1024 * 1024
STACK_BYTES = 256 * 1024
SECONDS = 0.05
SECONDS_TO_COMPILE = 0.25
# The engine looks at the clock between its own steps; this is for what it does in one step.
GRACE_SECONDS = 0.05
LONGEST_OUTPUT = 65_536
_MOST_CODECS = 128
_ENDED = ("InternalError", "null")  # interrupted, out of memory; without memory even for the message it is null
_ADDRESS_SPACE = 1024 * 1024 * 1024
_LENGTH = struct.Struct(">I")

# Takes hold of what it needs before the maker's file can change it. A text goes in and a text comes out: no object of
# the maker's ever reaches Python.
_BEFORE = """
var console = {log: function () {}, warn: function () {}, error: function () {}, info: function () {},
               debug: function () {}};
var module = {exports: {}}, exports = module.exports;
var __bypuls = (function () {
  "use strict";
  var parse = JSON.parse, stringify = JSON.stringify, Moment = Date, Failure = Error, String_ = String;
  var has = function (object, name) { return Object.prototype.hasOwnProperty.call(object, name); };
  var isArray = Array.isArray, longest = %d;
  return function (decode, uplink, text) {
    var input = parse(text), output;
    var when = input.recvTime === null ? new Moment() : new Moment(input.recvTime);
    if (decode) {
      output = decode({bytes: input.bytes, fPort: input.fPort, recvTime: when, variables: {}});
    } else {
      output = {data: uplink(input)};
    }
    if (output === null || typeof output !== "object" || isArray(output)) {
      throw new Failure("it returned no object with data");
    }
    if (isArray(output.errors) && output.errors.length > 0) {
      return stringify({errors: String_(output.errors[0])});
    }
    var data = has(output, "data") ? output.data : null;
    if (data === null || data === undefined || typeof data !== "object") {
      throw new Failure("it returned no data");
    }
    var answer = stringify({data: data});
    if (typeof answer !== "string" || answer.length > longest) {
      throw new Failure("what it returned is too long");
    }
    return answer;
  };
})();
"""
_AFTER = """
(function (run, found) {
  return function (text) { return run(found.decodeUplink, found.older, text); };
})(__bypuls, (function () {
  var given = module.exports || {};
  var decode = typeof decodeUplink === "function" ? decodeUplink : given.decodeUplink;
  var older = typeof Decode === "function" ? function (input) { return Decode(input.fPort, input.bytes, {}); }
    : typeof Decoder === "function" ? function (input) { return Decoder(input.bytes, input.fPort); } : undefined;
  if (typeof decode !== "function" && older === undefined) {
    throw new Error("it has neither decodeUplink nor Decode nor Decoder");
  }
  return {decodeUplink: typeof decode === "function" ? decode : undefined, older: older};
})())
"""


def main() -> None:
    """Serve until the standard input ends."""
    import quickjs

    _confine()
    codecs: dict[str, Any] = {}
    while True:
        request = _read(sys.stdin.buffer)
        if request is None:
            return
        _write(sys.stdout.buffer, _answer(quickjs, codecs, request))


def _answer(quickjs: Any, codecs: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    name = request["codec"]
    if "javascript" in request:
        if len(codecs) >= _MOST_CODECS:
            del codecs[next(iter(codecs))]
        try:
            codecs[name] = _compiled(quickjs, request["javascript"])
        except Exception as error:  # noqa: BLE001 - whatever a maker's file does is an answer, not an end
            return {"broken": f"it does not compile: {_first_line(error)}"}
    if name not in codecs:
        return {"unknown": name}
    context, run = codecs[name]
    try:
        return {"output": _limited(context, run, json.dumps(request["input"]))}
    except Exception as error:  # noqa: BLE001
        why = _first_line(error)
        if why.startswith(_ENDED):  # it may stand half done, or its memory be full for ever: the next frame has it anew
            del codecs[name]
        return {"failed": why}


def _compiled(quickjs: Any, javascript: str) -> tuple[Any, Any]:
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_BYTES)
    context.set_max_stack_size(STACK_BYTES)
    context.set_time_limit(SECONDS_TO_COMPILE)
    _alarm(SECONDS_TO_COMPILE + GRACE_SECONDS)
    try:
        context.eval(_BEFORE % LONGEST_OUTPUT)
        context.eval(javascript)
        return context, context.eval(_AFTER)
    finally:
        _alarm(0)


def _limited(context: Any, run: Any, text: str) -> str:
    context.set_time_limit(SECONDS)
    _alarm(SECONDS + GRACE_SECONDS)
    try:
        output = run(text)
    finally:
        _alarm(0)
    if not isinstance(output, str):
        message = "it returned no data"
        raise TypeError(message)
    return output


def _alarm(seconds: float) -> None:
    """The process ends when it has used this much processor time from now; 0: it need not hurry."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _confine() -> None:
    """Give up what decoding does not need. Best effort: the engine itself has no way to a file either."""
    try:
        import resource
    except ImportError:
        return
    limits = {"RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 3, "RLIMIT_AS": _ADDRESS_SPACE}
    for name, most in limits.items():
        if hasattr(resource, name):
            try:
                resource.setrlimit(getattr(resource, name), (most, most))
            except (OSError, ValueError):
                continue


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def _read(stream: IO[bytes]) -> dict[str, Any] | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    body: dict[str, Any] = json.loads(stream.read(_LENGTH.unpack(head)[0]))
    return body


def _write(stream: IO[bytes], answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()
